-- A client of the Model Context Protocol (revision 2025-11-25) whose server is a process of its
-- own: messages go through its standard input and output, and what it writes to its standard error
-- is passed on.
--
--   local client <close> = mcp.start { name = "notes", command = { "neap", "notes_server.lua" }, log = print }
--   for _, tool in ipairs(client:list_tools()) do print(tool.name) end
--   print(client:call_tool("add", { a = 2, b = 3 }))
local rpc = require "mcp.rpc"

local mcp = {}

local LATEST = "2025-11-25"
local SUPPORTED = { [LATEST] = true, ["2025-06-18"] = true, ["2025-03-26"] = true, ["2024-11-05"] = true }
local LONGEST = 16 << 20 -- bytes of a message
local PAGES = 100 -- of a list: a server that gives more is broken

-- What is wrong with the server; the message names it.
mcp.Error = async.class("McpError", async.Error)

local Client = {}
Client.__index = Client

-- --- The life of the process ---------------------------------------------------------------------

local function describe(status)
  if status < 0 then return ("was killed by signal %d"):format(-status) end
  return ("has ended with status %d"):format(status)
end

-- Why nothing comes any more: the process has ended, or is about to. nil when it goes on.
local function ended(self)
  local over, status = async.move_on_after(1, self.process.wait, self.process)
  return over and describe(status) or nil
end

local function pass_on_stderr(self)
  async.try(function()
    for line in self.process.stderr:lines() do self.log(("[%s] %s"):format(self.name, line)) end
  end, async.except({ async.OSError, async.LimitOverrunError }, function(err)
    self.log(("[%s] its messages cannot be read any more: %s"):format(self.name, err.message))
    while self.process.stderr:read(65536) do end -- so that it is not held up
  end))
end

local function connect(self)
  return rpc.connect(self.process.stdout, self.process.stdin, {
    request = function(method)
      if method == "ping" then return {} end
      error(rpc.Error("this client has no method '" .. method .. "'", { code = rpc.METHOD_NOT_FOUND }))
    end,
    problem = function(text, line) self.log(("[%s] %s: %s"):format(self.name, text, line:sub(1, 200))) end,
    ended = function() return ended(self) end,
  })
end

-- start{ name=, command=, log=, timeout=10, grace=2 }: starts the server and **waits** for the
-- handshake, `timeout` seconds at most. `command` is a list of the program and its arguments.
-- `log(text)` must not wait. Raises mcp.Error.
function mcp.start(options)
  local self = setmetatable({
    name = options.name,
    log = options.log or function() end,
    timeout = options.timeout or 10,
    grace = options.grace or 2, -- seconds, at the end, before each harder measure
  }, Client)
  local PIPE = async.subprocess.PIPE
  local arguments = table.move(options.command, 1, #options.command, 1, {})
  arguments[#arguments + 1] = {
    stdin = PIPE, stdout = PIPE, stderr = PIPE, limit = LONGEST,
    process_group = true, -- Ctrl-C on the terminal is for us, and not for the server
  }
  local ok, process = pcall(async.create_subprocess_exec, table.unpack(arguments))
  if not ok then error(mcp.Error(("the server '%s' cannot be started: %s"):format(self.name, process.message))) end
  self.process = process
  self.connection = connect(self)
  self.tasks = { async.spawn(self.connection.run, self.connection), async.spawn(pass_on_stderr, self) }
  local unfinished <close> = setmetatable({}, { __close = function(_, err) if err then self:close() end end })
  self:shake_hands()
  return self
end

-- Ends in the order that the protocol has: the server meets the end of its input; if it does not
-- end by that, SIGTERM, and SIGKILL. Cancelled meanwhile, it is killed at once. A second call does
-- nothing.
function Client:close()
  local process <close> = self.process
  local _ <close> = setmetatable({}, { __close = function()
    for _, task in ipairs(self.tasks) do task:cancel() end -- a child of the server's may hold the pipes
    async.wait(self.tasks)
  end })
  self.connection:close()
  if not async.move_on_after(self.grace, process.wait, process) then
    self.log(("[%s] does not end by itself, and is stopped"):format(self.name))
    process:stop(self.grace)
  end
  async.wait(self.tasks, { timeout = 0.2 }) -- its last words
end

Client.__close = Client.close

function Client:__tostring()
  return ("<mcp.Client '%s' pid %d%s>"):format(self.name, self.process.pid, self.connection.closed and " closed" or "")
end

-- --- What it can be asked ------------------------------------------------------------------------

-- **Waits** for the answer. An error of the connection gets the name of the server.
local function request(self, method, params, on_progress)
  return async.try(function() return self.connection:request(method, params, on_progress) end,
    async.except(rpc.ClosedError, function(err)
      error(mcp.Error(("the server '%s' %s"):format(self.name, err.message), { cause = err }))
    end),
    async.except(rpc.Error, function(err)
      error(mcp.Error(("the server '%s' answers: %s"):format(self.name, err.message), { code = err.code, cause = err }))
    end))
end

local function request_in_time(self, ...)
  local done, result = async.move_on_after(self.timeout, request, self, ...)
  if done then return result end
  error(mcp.Error(("the server '%s' has not answered '%s' within %g seconds"):format(self.name, ..., self.timeout)))
end

function Client:shake_hands()
  local result = request_in_time(self, "initialize", {
    protocolVersion = LATEST,
    capabilities = {},
    clientInfo = { name = "neap-agent", version = "1.0" },
  })
  if type(result) ~= "table" or not SUPPORTED[result.protocolVersion] then
    local version = type(result) == "table" and result.protocolVersion
    error(mcp.Error(("the server '%s' speaks another revision of the protocol: %s"):format(self.name, version)))
  end
  self.version, self.capabilities, self.info = result.protocolVersion, result.capabilities or {}, result.serverInfo
  self.connection:notify("notifications/initialized")
end

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
    table.move(page.tools, 1, #page.tools, #tools + 1, tools)
    cursor = page.nextCursor
    if not cursor then return tools end
  end
  error(mcp.Error(("the server '%s' has a list of tools without end"):format(self.name)))
end

-- call_tool(name, arguments, on_progress?): **waits** for the result: its text, and true when the
-- tool says that it has failed. mcp.Error when the server refuses the call or is gone. Cancelled,
-- it tells the server.
function Client:call_tool(name, arguments, on_progress)
  local result = request(self, "tools/call", { name = name, arguments = arguments }, on_progress) or {}
  local parts = {}
  for _, part in ipairs(result.content or {}) do
    parts[#parts + 1] = part.type == "text" and part.text or ("(%s)"):format(part.type)
  end
  return table.concat(parts, "\n"), result.isError == true
end

return mcp
