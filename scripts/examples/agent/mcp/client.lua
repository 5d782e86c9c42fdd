-- A client of the Model Context Protocol (revision 2025-11-25) whose server is a process of its
-- own: messages go through its standard input and output, and what it writes to its standard error
-- is passed on.
--
--   local client <close> = mcp.start { name = "notes", command = { "neap", "notes_server.lua" } }
--   for _, tool in ipairs(client:list_tools()) do print(tool.name) end
--   print(client:call_tool("add", { a = 2, b = 3 }))
local rpc = require "mcp.rpc"

local mcp = {}

local LATEST = "2025-11-25"
local SUPPORTED = {
  [LATEST] = true, ["2025-06-18"] = true, ["2025-03-26"] = true, ["2024-11-05"] = true,
}
local LONGEST = 1 << 20 -- bytes of a line on the server's standard error
local PAGES = 100 -- of a list: a server that gives more is broken
local LAST_WORDS = 0.2 -- seconds for what an ended server has still written to its standard error

-- What is wrong with the server; the message names it. `code` is that of an error it has answered.
mcp.Error = async.class("McpError", async.Error)

local Client = {}
Client.__index = Client

local function fail(self, text, ...)
  error(mcp.Error(("the server '%s' "):format(self.name) .. text:format(...)))
end

local function report(self, text, ...)
  self.log(("[%s] "):format(self.name) .. text:format(...))
end

-- --- The life of the process ---------------------------------------------------------------------

local function describe(status)
  if status < 0 then return ("was killed by signal %d"):format(-status) end
  return ("has ended with status %d"):format(status)
end

-- Why nothing comes any more: the process has ended, or is about to. nil when it goes on.
local function ended(self)
  local over, status = async.move_on_after(1, self.process.wait, self.process)
  if not over then return nil end
  if self.ready and not self.closing then report(self, "%s", describe(status)) end
  return describe(status)
end

local function pass_on_stderr(self)
  local stderr = self.process.stderr
  async.try(function()
    for line in stderr:lines() do report(self, "%s", line) end
  end, async.except({ async.OSError, async.LimitOverrunError }, function(err)
    report(self, "its messages cannot be shown any more: %s", err.message)
    while stderr:read(65536) do end -- so that it is not held up
  end))
end

local function connect(self)
  return rpc.connect(self.process.stdout, self.process.stdin, {
    request = function(method)
      if method == "ping" then return {} end
      rpc.refuse(rpc.METHOD_NOT_FOUND, "this client has no method '%s'", method)
    end,
    problem = function(text, line) report(self, "%s: %s", text, line:sub(1, 200)) end,
    ended = function() return ended(self) end,
  })
end

local function start_process(self, command)
  local PIPE = async.subprocess.PIPE
  local arguments = table.move(command, 1, #command, 1, {})
  arguments[#arguments + 1] = {
    stdin = PIPE, stdout = PIPE, stderr = PIPE, limit = LONGEST,
    process_group = true, -- Ctrl-C on the terminal is for us, and not for the server
  }
  local ok, process = pcall(async.create_subprocess_exec, table.unpack(arguments))
  if not ok then fail(self, "cannot be started: %s", process.message) end
  return process
end

-- start{ name=, command=, log=, timeout=10, grace=2 }: starts the server and **waits** for the
-- handshake, `timeout` seconds at most. `command` is a list of the program and its arguments;
-- `log(text)` hears what is worth telling the user, and must not wait. Raises mcp.Error.
function mcp.start(options)
  local self = setmetatable({
    name = options.name,
    log = options.log or function() end,
    timeout = options.timeout or 10, -- of all requests but calls of tools
    grace = options.grace or 2, -- seconds, at the end, before each harder measure
    ready = false, -- after the handshake
    closing = false,
  }, Client)
  self.process = start_process(self, options.command)
  self.connection = connect(self)
  self.tasks = {
    async.spawn(self.connection.run, self.connection),
    async.spawn(pass_on_stderr, self),
  }
  local unfinished <close> = async.ExitStack()
  unfinished:callback(self.close, self)
  self:shake_hands()
  unfinished:pop_all() -- now it is for who has called us to close it
  return self
end

-- Ends in the order that the protocol has: the server meets the end of its input; if it does not
-- end by that, SIGTERM, and SIGKILL. Cancelled meanwhile, it is killed at once. A second call does
-- nothing.
function Client:close()
  self.closing = true
  local last <close> = async.ExitStack()
  last:push(self.process)
  last:callback(function()
    for _, task in ipairs(self.tasks) do task:cancel() end -- a child of its may hold the pipes
    async.wait(self.tasks)
  end)
  self.connection:close()
  if not async.move_on_after(self.grace, self.process.wait, self.process) then
    report(self, "does not end by itself, and is stopped")
    self.process:stop(self.grace)
  end
  async.wait(self.tasks, { timeout = LAST_WORDS })
end

Client.__close = Client.close

function Client:__tostring()
  local state = self.connection.closed or self.ready and "ready" or "starting"
  return ("<mcp.Client '%s' pid %d %s>"):format(self.name, self.process.pid, state)
end

-- --- What it can be asked ------------------------------------------------------------------------

-- **Waits** for the answer. What goes wrong gets the name of the server.
local function request(self, method, params, on_progress)
  local ok, result = pcall(self.connection.request, self.connection, method, params, on_progress)
  if ok and type(result) == "table" then return result end
  if ok then fail(self, "answers '%s' with something that is no object", method) end
  if async.is(result, rpc.ClosedError) then fail(self, "%s", result.message) end
  if not async.is(result, rpc.Error) then error(result, 0) end
  local text = ("the server '%s' answers: %s"):format(self.name, result.message)
  error(mcp.Error(text, { code = result.code, cause = result }))
end

local function request_in_time(self, method, params)
  local in_time, result = async.move_on_after(self.timeout, request, self, method, params)
  if in_time then return result end
  fail(self, "has not answered '%s' within %g seconds", method, self.timeout)
end

function Client:shake_hands()
  local result = request_in_time(self, "initialize", {
    protocolVersion = LATEST,
    capabilities = {},
    clientInfo = { name = "neap-agent", version = "1.0" },
  })
  if not SUPPORTED[result.protocolVersion] then
    fail(self, "speaks another revision of the protocol: %s", result.protocolVersion)
  end
  self.capabilities = type(result.capabilities) == "table" and result.capabilities or {}
  self.connection:notify("notifications/initialized")
  self.ready = true
end

-- **Waits** until the server has shown that it is alive.
function Client:ping()
  request_in_time(self, "ping", {})
end

-- A list of all its tools, as the protocol describes them: `name`, `description`, `inputSchema`. It
-- comes in pages.
function Client:list_tools()
  local tools, cursor = {}, nil
  if not self.capabilities.tools then return tools end
  for _ = 1, PAGES do
    local page = request_in_time(self, "tools/list", { cursor = cursor })
    for _, tool in ipairs(type(page.tools) == "table" and page.tools or {}) do
      if type(tool) ~= "table" or type(tool.name) ~= "string" then
        fail(self, "has a tool without a name")
      end
      tools[#tools + 1] = tool
    end
    cursor = page.nextCursor
    if not cursor then return tools end
  end
  fail(self, "has a list of tools without end")
end

local function text_of(part)
  if type(part) ~= "table" then return tostring(part) end
  return type(part.text) == "string" and part.text or ("(%s)"):format(part.type)
end

-- call_tool(name, arguments, on_progress?): **waits** for the result: its text, and true when the
-- tool says that it has failed. mcp.Error when the server refuses the call or is gone. Cancelled,
-- it tells the server.
function Client:call_tool(name, arguments, on_progress)
  local params = { name = name, arguments = arguments }
  local result = request(self, "tools/call", params, on_progress)
  local parts = {}
  for i, part in ipairs(type(result.content) == "table" and result.content or {}) do
    parts[i] = text_of(part)
  end
  return table.concat(parts, "\n"), result.isError == true
end

return mcp
