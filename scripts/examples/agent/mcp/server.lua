-- A server of the Model Context Protocol (revision 2025-11-25) on its standard input and output.
-- See notes_server.lua.
local json = require "mcp.json"
local message_of = require "mcp.message_of"
local rpc = require "mcp.rpc"

local server = {}

local LATEST = "2025-11-25"
local SUPPORTED = { [LATEST] = true, ["2025-06-18"] = true }
local PAGE = 3 -- tools in one answer to tools/list

local refuse = rpc.refuse

-- What is wrong with the arguments, or nil. This much of JSON Schema the tools here need.
local function mistake(schema, arguments)
  for _, name in ipairs(schema.required or {}) do
    if arguments[name] == nil then return ("the argument '%s' is missing"):format(name) end
  end
  for name, value in pairs(arguments) do
    local wanted = (schema.properties or {})[name]
    if not wanted then return ("there is no argument '%s'"):format(name) end
    if type(value) ~= wanted.type then return ("'%s' has to be a %s"):format(name, wanted.type) end
  end
end

local Server = {}
Server.__index = Server

function Server:initialize(params)
  self.initialized = true
  return {
    protocolVersion = SUPPORTED[params.protocolVersion] and params.protocolVersion or LATEST,
    capabilities = { tools = { listChanged = false } },
    serverInfo = { name = self.name, version = self.version },
  }
end

-- The cursor is the number of the first tool of the page.
function Server:list_tools(params)
  local first = params.cursor == nil and 1 or math.tointeger(tonumber(params.cursor))
  if not self.tools[first] then
    refuse(rpc.INVALID_PARAMS, "there is no page '%s'", params.cursor)
  end
  local page, after = {}, first + PAGE
  for i = first, math.min(after - 1, #self.tools) do
    local tool = self.tools[i]
    page[#page + 1] = {
      name = tool.name, description = tool.description, inputSchema = tool.inputSchema,
    }
  end
  return { tools = page, nextCursor = self.tools[after] and tostring(after) or nil }
end

local function find(tools, name)
  for _, tool in ipairs(tools) do
    if tool.name == name then return tool end
  end
  refuse(rpc.INVALID_PARAMS, "there is no tool '%s'", name)
end

-- What goes wrong in a tool, or with its arguments, is a result: the model reads it, and may do
-- better. What is wrong with the request is an error.
function Server:call_tool(params, progress)
  local tool = find(self.tools, params.name)
  local arguments = type(params.arguments) == "table" and params.arguments or {}
  local ok, text = false, mistake(tool.inputSchema, arguments)
  if not text then ok, text = pcall(tool.run, arguments, progress) end
  return { content = { { type = "text", text = message_of(text) } }, isError = not ok }
end

local methods = {
  ping = function() return {} end,
  initialize = Server.initialize,
  ["tools/list"] = Server.list_tools,
  ["tools/call"] = Server.call_tool,
}

function Server:answer(method, params, progress)
  if not methods[method] then
    refuse(rpc.METHOD_NOT_FOUND, "there is no method '%s'", method)
  end
  if not self.initialized and method ~= "initialize" and method ~= "ping" then
    refuse(rpc.INVALID_REQUEST, "'%s' before 'initialize'", method)
  end
  return methods[method](self, params, progress)
end

-- serve{ name=, version=, tools= }: **waits** until the client closes our standard input; calls
-- that are under way then are cancelled. A tool has `name`, `description`, `inputSchema` and
-- `run(arguments, progress)`, which may wait and gives a text; `progress(done, total, text)` tells
-- the client how far it is. Calls run at the same time, and are cancelled when the client says so.
function server.serve(options)
  local self = setmetatable({
    name = options.name, version = options.version, tools = options.tools, initialized = false,
  }, Server)
  local connection
  connection = rpc.connect(async.stdin, async.stdout, {
    request = function(...) return self:answer(...) end,
    problem = function(text, line)
      io.stderr:write(("%s: %s\n"):format(text, line:sub(1, 200)))
      connection:send { id = json.null, error = { code = rpc.PARSE_ERROR, message = text } }
    end,
  })
  connection:run()
end

return server
