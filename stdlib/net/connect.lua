-- open_connection, open_unix_connection.
local core, use = ...

local async = use("async/init")
local options = use("options")
local interleaved = use("resolve").interleaved

local STAGGER = 0.25 -- seconds until the next address is tried beside those that have not answered (RFC 8305)

local RETRY = 0.01 -- seconds until a Unix server is asked again that has no room for a connection

local function text_of(host, port)
  return (host:find(":", 1, true) and "[%s]:%d" or "%s:%d"):format(host, port)
end

local function connect_to(address, given)
  local host = address.scope_id and ("%s%%%d"):format(address.host, address.scope_id) or address.host
  local from = given.local_addr or {}
  return core.tcp_connect(text_of(address.host, address.port), host, address.port, from.host, from.port)
end

-- What an attempt came to, kept until it is known who has won.
local Attempts = {
  __close = function(attempts)
    for _, task in ipairs(attempts.tasks) do task:cancel() end
    if #attempts.tasks > 0 then async.wait(attempts.tasks) end
    for _, stream in ipairs(attempts.streams) do
      if stream ~= attempts.winner then stream:abort() end
    end
  end,
}

-- Happy eyeballs: the addresses are tried in order, each some time after the one before or as soon as that has failed;
-- the first that is connected wins, and the others are given up.
local function connect_to_any(addresses, given)
  local attempts <close> = setmetatable({ tasks = {}, streams = {} }, Attempts)
  local errors, finished = {}, async.Event()
  for i, address in ipairs(addresses) do
    attempts.tasks[i] = async.spawn(function()
      local ok, result = pcall(connect_to, address, given)
      local list = ok and attempts.streams or errors
      list[#list + 1] = result
      finished:set()
    end)
    local failed = #errors
    finished:clear()
    while #attempts.streams == 0 and #errors == failed do
      local told = async.move_on_after(i < #addresses and STAGGER or nil, finished.wait, finished)
      if not told then break end
      finished:clear()
    end
    if #attempts.streams > 0 then break end
  end
  while #attempts.streams == 0 and #errors < #addresses do
    finished:wait()
    finished:clear()
  end
  attempts.winner = attempts.streams[1]
  if attempts.winner == nil then
    local err = errors[1]
    err.errors = errors
    error(err, 0)
  end
  return attempts.winner
end

local function connect(host, port, given)
  local addresses = interleaved(host, port)
  if #addresses == 1 then return connect_to(addresses[1], given) end
  return connect_to_any(addresses, given)
end

local known_of_unix = { timeout = "number", limit = "count", high_water = "count", ssl = "boolean" }
local known = { local_addr = "table" }
for name, kind in pairs(known_of_unix) do known[name] = kind end

local function check(given, names, what)
  given = options.check(given, names, what)
  if given.ssl then error(async.ValueError(what .. ": TLS is not in this version; use a proxy such as stunnel"), 3) end
  if given.local_addr and type(given.local_addr.host) ~= "string" then
    error(async.TypeError(("the option 'local_addr' of %s must be {host = \"...\", port = ...}"):format(what)), 3)
  end
  return given
end

local function finish(stream, given)
  core.set_limits(stream, given.limit, given.high_water)
  return stream, stream
end

-- open_connection(host, port, {timeout=, local_addr=, limit=, high_water=}): waits; the Stream, twice.
local function open_connection(host, port, given)
  options.check_host(host, "open_connection")
  options.check_port(port, "open_connection")
  given = check(given, known, "open_connection")
  if given.timeout == nil then return finish(connect(host, port, given), given) end
  return finish(async.timeout(given.timeout, connect, host, port, given), given)
end

-- A Unix server whose queue is full refuses at once, where one of TCP lets wait.
local function connect_to_path(path)
  while true do
    local ok, result = pcall(core.pipe_connect, path)
    if ok then return result end
    if result.code ~= "EAGAIN" then error(result, 0) end
    async.sleep(RETRY)
  end
end

-- open_unix_connection(path, {timeout=, limit=, high_water=}): waits; the Stream, twice.
local function open_unix_connection(path, given)
  options.check_path(path, "open_unix_connection", 1)
  given = check(given, known_of_unix, "open_unix_connection")
  return finish(async.timeout(given.timeout, connect_to_path, path), given)
end

return { open_connection = open_connection, open_unix_connection = open_unix_connection }
