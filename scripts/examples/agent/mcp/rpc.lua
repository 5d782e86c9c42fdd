-- A JSON-RPC 2.0 connection: one message a line, requests both ways, any number of them under way.
-- It knows two things more of the Model Context Protocol: `notifications/cancelled` and
-- `notifications/progress`.
--
--   local connection = rpc.connect(reader, writer, handlers)
--   async.spawn(connection.run, connection)       -- reads and writes until the other side closes
--   connection:request("tools/list", {})          -- waits for the answer
--
-- Handlers, all optional:
--   request(method, params, progress)   answers a request; may wait; rpc.refuse answers an error
--   notification(method, params)        hears of all others; must not wait
--   problem(text, line)                 hears of what cannot be understood; must not wait
--   ended()                             why the other side is gone, or nil; may wait
local json = require "mcp.json"
local message_of = require "mcp.message_of"

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

-- In a handler of requests: the answer is this error.
function rpc.refuse(code, text, ...)
  error(rpc.Error(text:format(...), { code = code }))
end

local LONGEST = 16 << 20 -- bytes of a message
local PIECE = 1 << 16

local Connection = {}
Connection.__index = Connection

local function nothing() end

function rpc.connect(reader, writer, handlers)
  return setmetatable({
    reader = reader,
    writer = writer,
    on = setmetatable(handlers or {}, { __index = function() return nothing end }),
    -- Lines. A task of its own writes them, so that who cancels a request never waits for a server
    -- that reads slowly.
    outgoing = async.Queue(),
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

-- At the end of each request, however it ends. The other side is told when the answer is not wanted
-- any more: the one who asked was cancelled, perhaps by a timeout. (`initialize` must not be
-- cancelled, says the protocol.)
local function forget(self, id, method, err)
  if not self.waiting[id] then return end
  self.waiting[id] = nil
  if self.closed or method == "initialize" then return end
  self:notify("notifications/cancelled", { requestId = id, reason = message_of(err) })
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
  local leaving <close> = async.ExitStack()
  leaving:push(function(err) forget(self, id, method, err) end)
  return await(reply)
end

-- From now on nothing is answered: those who wait get a ClosedError, and so does who asks.
local function fail(self, why)
  if self.closed then return end
  self.closed = why
  self.outgoing:shutdown() -- what is in it is still written
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
  local id, err = message.id, message.error
  local request = self.waiting[id]
  if not request then
    -- An answer may cross the cancellation of its request on the way; then it is none of a problem.
    if math.type(id) == "integer" and id >= 1 and id <= self.last_id then return end
    return self.on.problem("an answer to a request that was never made", json.encode(message))
  end
  self.waiting[id] = nil
  if request.reply:done() then return end -- cancelled just now
  if err == nil then return request.reply:set_result(message.result) end
  if type(err) ~= "table" then err = { message = tostring(err) } end
  local text = ("%s (error %s)"):format(err.message or "no message", err.code or "without a code")
  request.reply:set_exception(rpc.Error(text, { code = err.code, data = err.data }))
end

-- A function by which who answers the request tells how far it is; it has to grow each time.
local function make_progress(self, params)
  local token = type(params._meta) == "table" and params._meta.progressToken
  local last = -math.huge
  return function(done, total, text)
    if not token or done <= last or self.closed then return end
    last = done
    local news = { progressToken = token, progress = done, total = total, message = text }
    self:notify("notifications/progress", news)
  end
end

-- The task of a request. One that is cancelled sends no answer.
local function answer(self, id, method, params)
  local ok, result = pcall(self.on.request, method, params, make_progress(self, params))
  self.serving[id] = nil
  if self.closed then return end
  if ok then return self:send { id = id, result = result or {} } end
  local code = async.is(result, rpc.Error) and result.code or rpc.INTERNAL_ERROR
  self:send { id = id, error = { code = code, message = message_of(result) } }
end

local function receive_notification(self, method, params)
  if method == "notifications/cancelled" then
    local id = params.requestId or false
    if self.serving[id] then self.serving[id]:cancel(params.reason) end
    self.serving[id] = nil
  elseif method == "notifications/progress" then
    local request = self.waiting[params.progressToken]
    if not request or not request.on_progress or type(params.progress) ~= "number" then return end
    request.on_progress(params.progress, tonumber(params.total), params.message)
  else
    self.on.notification(method, params)
  end
end

local function is_id(id) return type(id) == "string" or math.type(id) == "integer" end

local function receive(self, line)
  local message, err = json.decode(line)
  if err then return self.on.problem("no JSON: " .. err, line) end
  if type(message) ~= "table" or message.jsonrpc ~= "2.0" then
    return self.on.problem("no JSON-RPC message", line)
  end
  local id, method = message.id, message.method
  local params = type(message.params) == "table" and message.params or {}
  if type(method) == "string" and is_id(id) then
    self.serving[id] = self.group:spawn(answer, self, id, method, params)
  elseif type(method) == "string" and id == nil then
    receive_notification(self, method, params)
  elseif method == nil and is_id(id) then
    receive_reply(self, message)
  elseif method == nil and message.error ~= nil then
    self.on.problem("the other side could not read a message", line)
  else
    self.on.problem("no JSON-RPC message", line)
  end
end

-- An iterator over the lines. Messages may be longer than the lines of a stream (64 KiB on standard
-- input), so they are put together of pieces.
local function lines_of(reader)
  return coroutine.wrap(function()
    local parts, size = {}, 0 -- of a line whose end has not come yet
    for piece in reader:lines(PIECE) do
      local first = 1
      for last, after in piece:gmatch("()\n()") do
        parts[#parts + 1] = piece:sub(first, last - 1)
        coroutine.yield(table.concat(parts))
        parts, size, first = {}, 0, after
      end
      parts[#parts + 1] = piece:sub(first)
      size = size + #piece - first + 1
      if size > LONGEST then
        error(async.LimitOverrunError(("a message is longer than %d bytes"):format(LONGEST)))
      end
    end
    if size > 0 then coroutine.yield(table.concat(parts)) end
  end)
end

-- Reads to the end, and gives the reason why it is there.
local function read_all(self)
  return async.try(function()
    for line in lines_of(self.reader) do
      if line:find("%S") then receive(self, line) end
      async.sleep(0) -- many lines may come at once: what they have woken has its turn after each
    end
    return self.on.ended() or "has closed the connection"
  end, async.except({ async.OSError, async.LimitOverrunError, async.RuntimeError }, function(err)
    return "cannot be read from: " .. err.message
  end))
end

-- run(): **waits** until the other side has closed, and what was sent is written. Nothing of the
-- connection is left then: requests of the other side that are still served are cancelled.
function Connection:run()
  self.group = async.TaskGroup()
  local group <close> = self.group
  local leaving <close> = async.ExitStack()
  leaving:push(function(err) fail(self, "was given up: " .. message_of(err)) end)
  group:spawn(write_all, self)
  fail(self, read_all(self))
  for _, task in pairs(self.serving) do task:cancel() end
end

return rpc
