-- start_server, start_unix_server: a task for each connection.
--
--   serving ──> closed      (no new connections; those that are there go on until they end, or are cancelled)
local core, use = ...

local async, native = use("async/init"), use("async/native")
local options = use("options")
local getaddrinfo = use("resolve").getaddrinfo

local BACKLOG = 511
local BATCH = 64   -- connections accepted before others have their turn
local PAUSE = 0.1  -- seconds without accepting when no descriptor is left
local GRACE = 5    -- seconds for connections to end when the block of a server is left

local Server = { __name = "Server" }
Server.__index = Server

local function report(message, err)
  async.get_running_loop():call_exception_handler { message = message, exception = err }
end

-- Runs the handler and ends the connection: what it has written is still sent.
local function serve(server, stream)
  local ok, err = async.catch(server.handler, stream, stream)
  if not core.is_detached(stream) then
    if ok then
      local closing <close> = stream
    else
      stream:close()
    end
  end
  if not ok then error(err, 0) end
end

-- Whether the error says no more than that close_clients has closed the handler's connection.
local function is_hung_up(server, task)
  return server.hung_up[task] and async.is(task:exception(), async.RuntimeError)
end

local function connection_ended(server, task)
  local stream = server.clients[task]
  server.clients[task] = nil
  -- Without memory `serve` may not have begun.
  if (task:cancelled() or task:exception() ~= nil) and not core.is_detached(stream) then stream:close() end
  server.active = server.active - 1
  if not task:cancelled() and task:exception() ~= nil and not is_hung_up(server, task) then
    report("Exception in the handler of a connection", task:exception())
  end
  server.hung_up[task] = nil
  if server.paused_full then
    server.paused_full = false
    for _, listener in ipairs(server.listeners) do
      if server.retries[listener] == nil then listener:resume() end
    end
  end
  if server.active == 0 then server.idle:set() end
end

-- What may fail for want of memory comes before the connection is counted.
local function start(server, stream)
  core.set_limits(stream, server.options.limit, server.options.high_water)
  local task = async.spawn(serve, server, stream)
  server.made = server.made + 1
  task:set_name(("%s connection %d"):format(server.name, server.made))
  server.clients[task] = stream
  task:add_done_callback(function() connection_ended(server, task) end)
  server.active = server.active + 1
  server.idle:clear()
end

-- A server that has no descriptor left for a connection lets it wait, and looks again after a pause.
local function pause(server, listener, err)
  -- First what may fail for want of memory: a listener that nobody resumes would be deaf.
  server.retries[listener] = async.get_running_loop():call_later(PAUSE, function()
    server.retries[listener] = nil
    if not server.paused_full then listener:resume() end
  end)
  listener:pause()
  report(("%s cannot accept a connection, and tries again in %.1f s"):format(server.name, PAUSE), err)
end

local function accept(server, listener)
  for _ = 1, BATCH do
    if server.closed then return end
    if server.active >= server.most then
      server.paused_full = true
      for _, each in ipairs(server.listeners) do each:pause() end
      return
    end
    local ok, stream = async.catch(listener.accept, listener)
    if not ok then return pause(server, listener, stream) end
    if stream == nil then return end
    local started, problem = async.catch(start, server, stream)
    if not started then
      stream:abort()
      report(("%s has no room for a connection, and has closed it"):format(server.name), problem)
    end
  end
end

-- Methods.

-- close(): no new connections; those that are there go on.
function Server:close()
  if self.closed then return end
  local before = native.essential(true) -- or some listeners would stay open
  self.closed = true
  for _, listener in ipairs(self.listeners) do listener:close() end
  for _, retry in pairs(self.retries) do retry:cancel() end
  self.ended:set()
  native.essential(before)
end

-- close_clients(): closes every connection; what that raises in their handlers is not reported.
function Server:close_clients()
  for task, stream in pairs(self.clients) do
    self.hung_up[task] = true
    stream:close()
  end
end

-- wait_closed(): waits until the server is closed and every handler has ended.
function Server:wait_closed()
  self.ended:wait()
  self.idle:wait()
end

-- shutdown(grace): closes, waits so many seconds for the handlers to end, then cancels them and waits for that. What a
-- client that reads nothing has not taken by then is given up.
function Server:shutdown(grace)
  self:close()
  if async.move_on_after(grace or GRACE, self.idle.wait, self.idle) then return end
  local tasks, streams = {}, {}
  for task, stream in pairs(self.clients) do
    tasks[#tasks + 1] = task
    streams[#streams + 1] = stream
  end
  for _, task in ipairs(tasks) do task:cancel() end
  if #tasks > 0 then async.wait(tasks) end
  for _, stream in ipairs(streams) do
    if not core.is_detached(stream) then stream:abort() end
  end
end

-- serve_forever(): waits until the server is closed; a cancellation shuts it down.
function Server:serve_forever()
  local server <close> = self
  self.ended:wait()
end

-- address(): {host=, port=} or {path=} of the first listener; nil once closed.
function Server:address()
  return self.listeners[1]:address()
end

-- sockets(): the addresses of all listeners.
function Server:sockets()
  local list = {}
  for i, listener in ipairs(self.listeners) do list[i] = listener:address() end
  return list
end

function Server:is_serving()
  return not self.closed
end

-- At the end of a block connections have their grace; when it is left by an error, none.
Server.__close = function(server, err)
  local before = native.essential(true) -- the rest may fail for want of memory
  server:close()
  native.essential(before)
  server:shutdown(err == nil and (server.options.grace or GRACE) or 0)
end

function Server:__tostring()
  return ("<Server %s %s connections=%d>"):format(self.name, self.closed and "closed" or "serving", self.active)
end

use("async/checked").checked(Server, Server)

-- Making one.

local known = {
  backlog = "count",
  reuse_port = "boolean",
  limit = "count",
  high_water = "count",
  max_connections = "count",
  grace = "number",
  ssl = "boolean",
}

local function check(handler, given, what)
  if type(handler) ~= "function" then
    error(async.TypeError(("argument 1 (handler) of %s must be a function, got %s"):format(what, type(handler))), 3)
  end
  given = options.check(given, known, what)
  if given.ssl then error(async.ValueError(what .. ": TLS is not in this version; use a proxy such as stunnel"), 3) end
  return given
end

local function new_server(handler, given)
  local server = setmetatable({
    handler = handler,
    options = given,
    most = given.max_connections or math.huge,
    listeners = {},
    cells = {}, -- what the callbacks of the listeners know
    clients = {},
    hung_up = {}, -- the tasks whose connections close_clients has closed
    retries = {}, -- by listener: the timer that resumes it
    active = 0,
    made = 0,
    closed = false,
    paused_full = false,
    idle = async.Event(),
    ended = async.Event(),
  }, Server)
  server.idle:set()
  return server
end

-- Adds a listener; `make` gets its callback. A server of which one listener cannot be made has none.
local function add_listener(server, make)
  local cell = { listener = false, server = false }
  local ok, result = async.catch(make, function()
    if cell.server then accept(cell.server, cell.listener) end
  end)
  if not ok then
    server:close()
    error(result, 0)
  end
  local before = native.essential(true) -- or there would be a listener that nobody closes
  server.listeners[#server.listeners + 1] = result
  server.cells[#server.cells + 1] = cell
  native.essential(before)
end

-- The server is there. Until now nothing but its maker has held its listeners: they are closed with it when it has no
-- memory to close them itself.
local function serve_connections(server)
  for i, cell in ipairs(server.cells) do cell.server, cell.listener = server, server.listeners[i] end
  return server
end

-- What leaves the making of a server before that is there.
local Unfinished = { __close = function(unfinished, err) if err ~= nil then unfinished.server:close() end end }

local function name_of(address)
  if address.path then return "server " .. address.path end
  return (address.host:find(":", 1, true) and "server [%s]:%d" or "server %s:%d"):format(address.host, address.port)
end

-- start_server(handler, host, port, options): waits for the look-up of the host; a Server that accepts connections.
-- Without a host on all of the machine's addresses.
local function start_server(handler, host, port, given)
  given = check(handler, given, "start_server")
  if host ~= nil then options.check_host(host, "start_server", "argument 2 (host)") end
  options.check_port(port, "start_server", "argument 3 (port)")
  local server, seen = new_server(handler, given), {}
  local unfinished <close> = setmetatable({ server = server }, Unfinished)
  local addresses = host and core.is_numeric(host) and { { host = host, port = port } }
    or getaddrinfo(host ~= "" and host or nil, { port = port, passive = true })
  for _, address in ipairs(addresses) do
    if not seen[address.host] then
      seen[address.host] = true
      add_listener(server, function(callback)
        return core.listen_tcp(address.host, port, given.backlog or BACKLOG, given.reuse_port, callback)
      end)
      if port == 0 then port = server:address().port end
    end
  end
  server.name = name_of(server:address())
  return serve_connections(server)
end

-- start_unix_server(handler, path, options)
local function start_unix_server(handler, path, given)
  given = check(handler, given, "start_unix_server")
  options.check_path(path, "start_unix_server", 2)
  local server = new_server(handler, given)
  local unfinished <close> = setmetatable({ server = server }, Unfinished)
  add_listener(server, function(callback) return core.listen_pipe(path, given.backlog or BACKLOG, callback) end)
  server.name = name_of(server:address())
  return serve_connections(server)
end

return { start_server = start_server, start_unix_server = start_unix_server }
