-- open_connection, open_unix_connection and getaddrinfo.
local function served(host, handler)
  return async.start_server(handler or function(reader) reader:read("a") end, host, 0)
end

-- A port on which nobody listens.
local function free_port()
  local server = served("127.0.0.1")
  local port = server:address().port
  server:close()
  return port
end

test("open_connection returns the stream twice, as reader and writer", function()
  local server <close> = served("127.0.0.1")
  local conn <close>, writer = async.open_connection("127.0.0.1", server:address().port)
  check(conn == writer)
  equal(conn:get_extra_info("peername"), server:address())
end)

test("a name is looked up, and the address that answers is used", function()
  local server <close> = served("127.0.0.1", function(_, writer) writer:write("hello") end)
  local conn <close> = async.open_connection("localhost", server:address().port)
  equal(conn:read("a"), "hello")
end)

test("IPv6", function()
  local ok, server = pcall(served, "::1", function(_, writer) writer:write("six") end)
  if not ok then return end -- this machine has none
  local closing <close> = server
  local conn <close> = async.open_connection("::1", server:address().port)
  equal(conn:read("a"), "six")
  equal(server:address().host, "::1")
  check(tostring(conn):find("^<Stream tcp %[::1%]:%d+ "), tostring(conn))
end)

test("a port on which nobody listens is a ConnectionError with the address", function()
  local port = free_port()
  local err = raises(async.ConnectionError, async.open_connection, "127.0.0.1", port)
  equal(err.code, "ECONNREFUSED")
  equal(err.syscall, "connect")
  equal(err.address, "127.0.0.1:" .. port)
  check(err:is(async.OSError))
  check(math.type(err.errno) == "integer")
end)

test("when no address of a name answers, the error has all of theirs", function()
  local err = raises(async.OSError, async.open_connection, "localhost", free_port())
  if err.errors == nil then return end -- the name has one address only
  check(#err.errors >= 2)
  check(err.errors[1] == err)
end)

test("a name that does not exist is an OSError with the name", function()
  local err = raises(async.OSError, async.open_connection, "no such host", 80)
  equal(err.code, "EAI_NONAME")
  equal(err.syscall, "getaddrinfo")
  equal(err.address, "no such host")
end)

test("local_addr is the address from which it connects", function()
  local server <close> = served("127.0.0.1")
  local port = free_port()
  local options = { local_addr = { host = "127.0.0.2", port = port } }
  local conn <close> = async.open_connection("127.0.0.1", server:address().port, options)
  equal(conn:get_extra_info("sockname"), { host = "127.0.0.2", port = port })
end)

test("a local_addr that is not this machine's is an OSError", function()
  local options = { local_addr = { host = "192.0.2.1" } }
  local err = raises(async.OSError, async.open_connection, "127.0.0.1", free_port(), options)
  equal(err.code, "EADDRNOTAVAIL")
end)

-- A server at which no further connection is answered: one is served, and the queue behind it is full.
local function silent_server()
  local conns = {}
  local server = async.start_server(function(stream) stream:read("a") end, "127.0.0.1", 0,
    { backlog = 1, max_connections = 1 })
  repeat
    local ok, conn = async.move_on_after(0.1, async.open_connection, "127.0.0.1", server:address().port)
    conns[#conns + 1] = conn
  until not ok
  return server, setmetatable(conns, { __close = function()
    for _, conn in ipairs(conns) do conn:abort() end
    server:shutdown(0)
  end })
end

test("the timeout of open_connection is a TimeoutError, and the attempt is over", { clock = "real" }, function()
  if not neap.fs.exists("/proc/self/fd") then return end
  local server, conns <close> = silent_server()
  local port, open, handles = server:address().port, #neap.fs.list("/proc/self/fd"), #async.open_handles()
  local err = raises(async.TimeoutError, async.open_connection, "127.0.0.1", port, { timeout = 0.05 })
  check(not err:is(async.OSError), tostring(err))
  while #neap.fs.list("/proc/self/fd") > open do async.sleep(0.001) end
  equal(#async.open_handles(), handles)
  check(conns)
end)

test("a connection that is cancelled while nobody answers leaves nothing open", { clock = "real" }, function()
  if not neap.fs.exists("/proc/self/fd") then return end
  local server, conns <close> = silent_server()
  local port, open = server:address().port, #neap.fs.list("/proc/self/fd")
  local task = async.spawn(async.open_connection, "127.0.0.1", port)
  while #neap.fs.list("/proc/self/fd") == open do async.sleep(0.001) end
  task:cancel()
  raises(async.CancelledError, await, task)
  while #neap.fs.list("/proc/self/fd") > open do async.sleep(0.001) end
  check(conns)
end)

test("open_unix_connection connects to a path", function()
  local path = os.tmpname()
  os.remove(path)
  local server <close> = async.start_unix_server(function(reader, writer) writer:write(reader:readline()) end, path)
  local conn <close>, writer = async.open_unix_connection(path)
  check(conn == writer)
  conn:write("x\n")
  equal(conn:readline(), "x\n")
  equal(conn:get_extra_info("peername"), { path = path })
end)

test("a path without a socket is an OSError with the path", function()
  local err = raises(async.OSError, async.open_unix_connection, "/nowhere/socket")
  equal(err.code, "ENOENT")
  equal(err.syscall, "connect")
  equal(err.address, "/nowhere/socket")
end)

test("a path that no Unix socket can have is a ValueError", function()
  misuse(async.ValueError, async.open_unix_connection, "/" .. ("x"):rep(200))
  misuse(async.ValueError, async.open_unix_connection, "/tmp/a\0b")
  misuse(async.ValueError, async.open_unix_connection, "")
  misuse(async.ValueError, async.start_unix_server, print, "/" .. ("x"):rep(200))
  misuse(async.ValueError, async.start_unix_server, print, "/tmp/a\0b")
  misuse(async.ValueError, async.start_unix_server, print, "")
end)

test("wrong arguments are refused where the caller is", function()
  misuse(async.TypeError, async.open_connection)
  misuse(async.TypeError, async.open_connection, 1, 2)
  misuse(async.TypeError, async.open_connection, "127.0.0.1", "80")
  misuse(async.TypeError, async.open_connection, "127.0.0.1", 1.5)
  misuse(async.ValueError, async.open_connection, "127.0.0.1", -1)
  misuse(async.ValueError, async.open_connection, "127.0.0.1", 65536)
  misuse(async.TypeError, async.open_connection, "127.0.0.1", 80, 5)
  misuse(async.TypeError, async.open_connection, "127.0.0.1", 80, { timeuot = 5 })
  misuse(async.TypeError, async.open_connection, "127.0.0.1", 80, { timeout = "5" })
  misuse(async.TypeError, async.open_connection, "127.0.0.1", 80, { local_addr = {} })
  misuse(async.ValueError, async.open_connection, "127.0.0.1", 80, { limit = 0 })
  misuse(async.ValueError, async.open_connection, "127.0.0.1", 80, { ssl = true })
  misuse(async.TypeError, async.open_unix_connection)
  misuse(async.TypeError, async.open_unix_connection, "x", { local_addr = { host = "127.0.0.1" } })
end)

test("connecting cannot be done where nothing can wait", function()
  local seen
  async.get_running_loop():call_soon(function() _, seen = pcall(async.open_connection, "127.0.0.1", 80) end)
  async.sleep(0.1)
  check(async.is(seen, async.RuntimeError), tostring(seen))
end)

test("getaddrinfo gives numeric addresses without a look-up", function()
  local list = async.getaddrinfo("127.0.0.1", { port = 80 })
  equal(list, { { host = "127.0.0.1", port = 80, family = "inet", type = "stream" } })
  equal(async.getaddrinfo("::1", { type = "dgram" })[1], { host = "::1", port = 0, family = "inet6", type = "dgram" })
end)

test("getaddrinfo of nil gives the loopback addresses, or with passive all", function()
  for _, address in ipairs(async.getaddrinfo(nil)) do check(address.host == "127.0.0.1" or address.host == "::1") end
  for _, address in ipairs(async.getaddrinfo(nil, { passive = true })) do
    check(address.host == "0.0.0.0" or address.host == "::")
  end
end)

test("getaddrinfo of a family gives no other", function()
  for _, address in ipairs(async.getaddrinfo("localhost", { family = "inet" })) do equal(address.family, "inet") end
  raises(async.OSError, async.getaddrinfo, "::1", { family = "inet" })
end)

test("getaddrinfo refuses wrong arguments", function()
  misuse(async.TypeError, async.getaddrinfo, 1)
  misuse(async.ValueError, async.getaddrinfo, "x", { family = "inet4" })
  misuse(async.ValueError, async.getaddrinfo, "x", { type = "raw" })
  misuse(async.TypeError, async.getaddrinfo, "x", { port = "http" })
  misuse(async.ValueError, async.getaddrinfo, "x", { port = 70000 })
end)
