-- A JSON-RPC 2.0 connection: one message a line, requests both ways, any number of them under way.
-- It knows two things more of the Model Context Protocol: `notifications/cancelled` and
-- `notifications/progress`.
--
--   local connection = rpc.connect(reader, writer, handlers)
--   async.spawn(connection.run, connection)              -- reads and writes until the other side closes
--   connection:request("tools/list", {})                 -- waits for the answer
--
-- Handlers, all optional:
--   request(method, params, progress)   answers a request; may wait; an rpc.Error it raises is the answer
--   notification(method, params)        hears of all others; must not wait
--   problem(text, line)                 hears of what cannot be understood
--   ended()                             may wait; says why the other side is gone, for the errors of those who wait; or nil
local json = require "mcp.json"

local rpc = {
  PARSE_ERROR = -32700,
  INVALID_REQUEST = -32600,
  METHOD_NOT_FOUND = -32601,
  INVALID_PARAMS = -32602,
  INTERNAL_ERROR = -32603,
}

-- What the other side answered in place of a result: `code`, and perhaps `data`.
rpc.Error = async.class("RpcError", async.Error)
-- There is nobody any more who could answer.
rpc.ClosedError = async.class("ClosedError", async.Error)

local Connection = {}
Connection.__index = Connection

local function nothing() end

function rpc.connect(reader, writer, handlers)
  return setmetatable({
    reader = reader,
    writer = writer,
    on = setmetatable(handlers or {}, { __index = function() return nothing end }),
    outgoing = async.Queue(), -- lines; a task of its own writes them, so that who cancels never waits for the other side
    waiting = {}, -- our requests by id: { reply = Future, on_progress = function }
    serving = {}, -- the tasks of their requests by id
    last_id = 0,
    closed = nil, -- when nothing is answered any more: why
  }, Connection)
end

-- --- Sending -------------------------------------------------------------------------------------

function Connection:send(message)
  if self.closed then error(rpc.ClosedError(self.closed), 0) end
  message.jsonrpc = "2.0"
  self.outgoing:put_nowait(json.encode(message))
end

function Connection:notify(method, params)
  self:send { method = method, params = params }
end

-- Runs at the end of each request, however it ends. The other side is told when the answer is not
-- wanted any more: the one who asked was cancelled, perhaps by a timeout. (Of `initialize` the
-- protocol does not allow that.)
local function forget(self, id, method, err)
  if not self.waiting[id] then return end
  self.waiting[id] = nil
  if self.closed or method == "initialize" then return end
  self:notify("notifications/cancelled", { requestId = id, reason = tostring(err) })
end

-- request(method, params, on_progress?): **waits** for the answer and returns it. rpc.Error when it
-- is an error, rpc.ClosedError when none can come. `on_progress(progress, total, message)` must not
-- wait.
function Connection:request(method, params, on_progress)
  self.last_id = self.last_id + 1
  local id, reply = self.last_id, async.Future()
  if on_progress then params._meta = { progressToken = id } end
  self:send { id = id, method = method, params = params }
  self.waiting[id] = { reply = reply, on_progress = on_progress }
  local _ <close> = setmetatable({}, { __close = function(_, err) forget(self, id, method, err) end })
  return await(reply)
end

-- From now on nothing is answered: those who wait get a ClosedError, and so does who asks.
local function fail(self, why)
  if self.closed then return end
  self.closed = why
  self.outgoing:shutdown()
  local waiting = self.waiting
  self.waiting = {}
  for _, request in pairs(waiting) do
    if not request.reply:done() then request.reply:set_exception(rpc.ClosedError(why)) end
  end
end

-- No more messages: the other side meets the end of what it reads behind those that were sent.
function Connection:close()
  fail(self, "was closed")
end

local function write_all(self)
  async.try(function()
    for line in self.outgoing:items() do self.writer:write(line, "\n") end
    self.writer:close()
  end, async.except({ async.OSError, async.RuntimeError }, function(err)
    fail(self, self.on.ended() or "cannot be written to: " .. err.message)
  end))
end

-- --- Receiving -----------------------------------------------------------------------------------

local function receive_reply(self, message)
  local request = self.waiting[message.id]
  if not request then
    -- An answer to a request that was cancelled may cross the cancellation on its way.
    local ours = math.type(message.id) == "integer" and message.id >= 1 and message.id <= self.last_id
    if not ours then self.on.problem("an answer to a request that was never made", json.encode(message)) end
    return
  end
  self.waiting[message.id] = nil
  if request.reply:done() then return end -- cancelled just now
  local err = message.error
  if err == nil then
    request.reply:set_result(message.result)
  else
    if type(err) ~= "table" then err = { message = tostring(err) } end
    local text = ("%s (error %s)"):format(err.message or "no message", err.code or "without a code")
    request.reply:set_exception(rpc.Error(text, { code = err.code, data = err.data }))
  end
end

local function answer(self, message)
  local id = message.id
  local last = 0
  local token = type(message.params._meta) == "table" and message.params._meta.progressToken
  local function progress(done, total, text)
    if not token or done <= last or self.closed then return end -- it has to grow
    last = done
    self:notify("notifications/progress", { progressToken = token, progress = done, total = total, message = text })
  end
  local ok, result = pcall(self.on.request, message.method, message.params, progress)
  self.serving[id] = nil
  if self.closed then return end
  if ok then return self:send { id = id, result = result or {} } end
  local known = async.is(result, rpc.Error)
  local text = async.is(result, async.Error) and result.message or tostring(result)
  self:send { id = id, error = { code = known and result.code or rpc.INTERNAL_ERROR, message = text } }
end

local function receive_notification(self, message)
  local params = message.params
  if message.method == "notifications/cancelled" then
    local task = self.serving[params.requestId]
    if task then task:cancel(params.reason) end
    self.serving[params.requestId or false] = nil
  elseif message.method == "notifications/progress" then
    local request = self.waiting[params.progressToken]
    if request and request.on_progress then request.on_progress(params.progress, params.total, params.message) end
  else
    self.on.notification(message.method, params)
  end
end

local function is_id(id) return type(id) == "string" or math.type(id) == "integer" end

local function receive(self, line)
  local message, err = json.decode(line)
  if err then return self.on.problem("no JSON: " .. err, line) end
  if type(message) ~= "table" or message.jsonrpc ~= "2.0" then return self.on.problem("no JSON-RPC message", line) end
  if type(message.params) ~= "table" then message.params = {} end
  local id, method = message.id, message.method
  if type(method) == "string" and is_id(id) then
    self.serving[id] = self.group:spawn(answer, self, message)
  elseif type(method) == "string" and id == nil then
    receive_notification(self, message)
  elseif method == nil and is_id(id) then
    receive_reply(self, message)
  elseif method == nil and message.error then
    self.on.problem("the other side could not read a message: " .. json.encode(message.error), line)
  else
    self.on.problem("no JSON-RPC message", line)
  end
end

local function read_all(self)
  return async.try(function()
    for line in self.reader:lines() do
      if line:find("%S") then receive(self, line) end
      async.sleep(0) -- many lines may come at once: what they have woken has its turn after each
    end
    return self.on.ended() or "has closed the connection"
  end, async.except({ async.OSError, async.LimitOverrunError, async.RuntimeError }, function(err)
    return "cannot be read from: " .. err.message
  end))
end

-- run(): **waits** until the other side has closed, or `close` was called and everything is
-- written; then nothing of the connection is left.
function Connection:run()
  self.group = async.TaskGroup()
  local group <close> = self.group
  local _ <close> = setmetatable({}, { __close = function(_, err) fail(self, tostring(err or self.closed)) end })
  group:spawn(write_all, self)
  fail(self, read_all(self))
  for _, task in pairs(self.serving) do task:cancel() end
end

return rpc
