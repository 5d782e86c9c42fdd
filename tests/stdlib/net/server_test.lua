-- start_server and start_unix_server.
local function connect(server, options)
  return async.open_connection(server:address().host, server:address().port, options)
end

local function echo(reader, writer)
  for data in reader:lines(4096) do writer:write(data) end
end

test("each connection has a task of its own", function()
  local server <close> = async.start_server(echo, "127.0.0.1", 0)
  local conns = {}
  for i = 1, 20 do conns[i] = connect(server) end
  for i = 20, 1, -1 do
    conns[i]:write(i, "\n")
    equal(conns[i]:readline(), i .. "\n")
  end
  check(tostring(server):find("connections=20>", 1, true), tostring(server))
  for i = 1, 20 do conns[i]:close() end
end)

test("the handler gets the same stream twice", function()
  local same
  local server <close> = async.start_server(function(reader, writer) same = reader == writer end, "127.0.0.1", 0)
  local conn <close> = connect(server)
  equal(conn:read("a"), "")
  check(same)
end)

test("what a handler has written is sent when it returns", function()
  local big = ("x"):rep(1 << 22)
  local server <close> = async.start_server(function(_, writer) writer:write(big) end, "127.0.0.1", 0)
  local conn <close> = connect(server)
  equal(#conn:read("a"), #big)
end)

test("a detached connection stays open when the handler returns", function()
  local kept
  local server <close> = async.start_server(function(stream) kept = stream:detach() end, "127.0.0.1", 0)
  local conn <close> = connect(server)
  async.sleep(0.1)
  kept:write("still here"):close()
  equal(conn:read("a"), "still here")
end)

test("an error in a handler is reported, and closes this connection only", function()
  local list = reports()
  local server <close> = async.start_server(function(reader, writer)
    local line = reader:readline()
    if line == "bad\n" then error("broken") end
    writer:write(line)
  end, "127.0.0.1", 0)
  local good <close> = connect(server)
  do
    local conn <close> = connect(server)
    conn:write("bad\n")
    equal(conn:read("a"), "")
  end
  good:write("good\n")
  equal(good:read("a"), "good\n")
  equal(#list, 1)
  check(tostring(list[1].exception):find("broken"), tostring(list[1].exception))
  check(list[1].message:find("connection"), list[1].message)
end)

test("port 0 picks a port, which address tells", function()
  local server <close> = async.start_server(echo, "127.0.0.1", 0)
  equal(server:address().host, "127.0.0.1")
  check(server:address().port > 0)
  equal(server:sockets(), { server:address() })
  check(server:is_serving())
  equal(tostring(server), ("<Server server 127.0.0.1:%d serving connections=0>"):format(server:address().port))
end)

test("a name is listened on at all its addresses, at the same port", function()
  local server <close> = async.start_server(echo, "localhost", 0)
  for _, address in ipairs(server:sockets()) do
    equal(address.port, server:address().port)
    local conn <close> = async.open_connection(address.host, address.port)
    conn:write("x")
    equal(conn:read(1), "x")
  end
end)

test("without a host it listens on all addresses", function()
  local server <close> = async.start_server(echo, nil, 0)
  local conn <close> = async.open_connection("127.0.0.1", server:address().port)
  conn:write("x")
  equal(conn:read(1), "x")
end)

test("a port in use is an OSError with the address", function()
  local server <close> = async.start_server(echo, "127.0.0.1", 0)
  local port = server:address().port
  local err = raises(async.OSError, async.start_server, echo, "127.0.0.1", port)
  equal(err.code, "EADDRINUSE")
  equal(err.address, "127.0.0.1:" .. port)
  check(err.syscall == "bind" or err.syscall == "listen", err.syscall)
end)

test("a port can be used again as soon as its server is closed", function()
  local server = async.start_server(echo, "127.0.0.1", 0)
  local port = server:address().port
  local conn <close> = connect(server)
  conn:write("x")
  conn:read(1)
  server:close()
  local again <close> = async.start_server(echo, "127.0.0.1", port)
  equal(again:address().port, port)
  conn:close()
  server:wait_closed()
end)

test("an address that is not this machine's is an OSError", function()
  equal(raises(async.OSError, async.start_server, echo, "192.0.2.1", 0).code, "EADDRNOTAVAIL")
end)

test("two servers listen on one port with reuse_port", function()
  local first <close> = async.start_server(echo, "127.0.0.1", 0, { reuse_port = true })
  local second <close> = async.start_server(echo, "127.0.0.1", first:address().port, { reuse_port = true })
  equal(second:address(), first:address())
end)

test("at most max_connections are served at a time, and the others wait", function()
  local active, most = 0, 0
  local server <close> = async.start_server(function(reader, writer)
    active = active + 1
    most = math.max(most, active)
    async.sleep(1)
    writer:write(reader:readline())
    active = active - 1
  end, "127.0.0.1", 0, { max_connections = 3 })
  local conns = {}
  for i = 1, 10 do
    conns[i] = connect(server)
    conns[i]:write(i, "\n")
  end
  for i = 1, 10 do
    equal(conns[i]:read("a"), i .. "\n")
    conns[i]:close()
  end
  equal(most, 3)
end)

test("close accepts no more, and the connections that are there go on", function()
  local server = async.start_server(echo, "127.0.0.1", 0)
  local address = server:address()
  local conn = connect(server)
  conn:write("a")
  equal(conn:read(1), "a")
  server:close()
  server:close()
  check(not server:is_serving())
  equal(server:address(), nil)
  equal(server:sockets(), {})
  equal(raises(async.ConnectionError, async.open_connection, address.host, address.port).code, "ECONNREFUSED")
  conn:write("b")
  equal(conn:read(1), "b")
  local closed = async.spawn(server.wait_closed, server)
  async.sleep(0.1)
  check(not closed:done())
  conn:close()
  await(closed)
  check(tostring(server):find("closed connections=0>", 1, true), tostring(server))
end)

test("a handler that ends while shutdown begins to cancel is no problem", function()
  local server = async.start_server(function(reader) reader:read(1) end, "127.0.0.1", 0)
  local conn <close> = connect(server)
  async.sleep(0.1)
  server:close_clients()
  server:shutdown(0)
  server:shutdown(0)
  equal(conn:read("a"), "")
end)

test("close_clients closes every connection, and what that raises in handlers is not reported", function()
  local list = reports()
  local server <close> = async.start_server(echo, "127.0.0.1", 0)
  local conns = {}
  for i = 1, 3 do
    conns[i] = connect(server)
    conns[i]:write("x")
    conns[i]:read(1)
  end
  server:close_clients()
  for i = 1, 3 do
    equal(conns[i]:read("a"), "")
    conns[i]:close()
  end
  equal(list, {})
end)

test("shutdown gives handlers their grace, then cancels those that have not ended", function()
  local ended = {}
  local server = async.start_server(function(reader, writer)
    local seconds = reader:read("n")
    local ok = async.catch(async.sleep, seconds)
    ended[#ended + 1] = { seconds, ok }
    writer:write(ok and "done" or "cancelled")
  end, "127.0.0.1", 0)
  local short, long = connect(server), connect(server)
  short:write("1\n")
  long:write("100\n")
  async.sleep(0.1)
  equal(elapsed(server.shutdown, server, 2), 2)
  equal(ended, { { 1, true }, { 100, false } })
  equal(short:read("a"), "done")
  equal(long:read("a"), "cancelled")
  short:close()
  long:close()
end)

test("the end of the block shuts the server down with its grace", function()
  local took = elapsed(function()
    local server <close> = async.start_server(function() async.sleep(100) end, "127.0.0.1", 0, { grace = 3 })
    connect(server):detach()
    async.sleep(1)
  end)
  equal(took, 4)
  collectgarbage()
end)

test("an error that leaves the block cancels the handlers at once", function()
  local took = elapsed(function()
    raises("no", function()
      local server <close> = async.start_server(function() async.sleep(100) end, "127.0.0.1", 0)
      connect(server)
      async.sleep(1)
      error("no")
    end)
  end)
  equal(took, 1)
  collectgarbage()
end)

test("serve_forever ends when the server is closed, and a cancellation shuts it down", function()
  local server = async.start_server(echo, "127.0.0.1", 0)
  local serving = async.spawn(server.serve_forever, server)
  async.sleep(1)
  check(not serving:done())
  server:close()
  await(serving)
  server = async.start_server(echo, "127.0.0.1", 0)
  serving = async.spawn(server.serve_forever, server)
  async.sleep(1)
  serving:cancel()
  raises(async.CancelledError, await, serving)
  check(not server:is_serving())
end)

test("a Unix server's path is there while it serves", function()
  local path = os.tmpname()
  os.remove(path)
  local server = async.start_unix_server(echo, path)
  equal(server:address(), { path = path })
  equal(neap.fs.stat(path).type, "socket")
  equal(raises(async.OSError, async.start_unix_server, echo, path).code, "EADDRINUSE")
  server:close()
  raises(async.OSError, neap.fs.stat, path)
end)

test("a Unix socket that nobody listens on is replaced, any other file is not", function()
  local path = os.tmpname()
  equal(raises(async.OSError, async.start_unix_server, echo, path).code, "EADDRINUSE")
  os.remove(path)
  local python = ("python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind(\"%s\")'"):format(path)
  if not os.execute(python) then return end
  local server <close> = async.start_unix_server(echo, path)
  local conn <close> = async.open_unix_connection(path)
  conn:write("x")
  equal(conn:read(1), "x")
end)

test("wrong arguments are refused where the caller is", function()
  misuse(async.TypeError, async.start_server)
  misuse(async.TypeError, async.start_server, "echo", "127.0.0.1", 0)
  misuse(async.TypeError, async.start_server, echo, 127, 0)
  misuse(async.TypeError, async.start_server, echo, "127.0.0.1")
  misuse(async.ValueError, async.start_server, echo, "127.0.0.1", 65536)
  misuse(async.TypeError, async.start_server, echo, "127.0.0.1", 0, { max = 1 })
  misuse(async.ValueError, async.start_server, echo, "127.0.0.1", 0, { max_connections = 0 })
  misuse(async.ValueError, async.start_server, echo, "127.0.0.1", 0, { ssl = true })
  misuse(async.TypeError, async.start_unix_server, echo, 1)
end)

test("an open server is listed by open_handles", function()
  local server = async.start_server(echo, "127.0.0.1", 0)
  local handle = async.open_handles()[1]
  equal(handle.kind, "server")
  equal(handle.description, "server on 127.0.0.1:" .. server:address().port)
  check(handle.place:find("server_test.lua"), handle.place)
  server:close()
  equal(async.open_handles(), {})
end)

test("shutdown gives up what a client that reads nothing has not taken", { clock = "real" }, function()
  local stream
  local server = async.start_server(function(reader)
    stream = reader
    reader:write(("x"):rep(1 << 24))
  end, "127.0.0.1", 0)
  local conn <close> = connect(server)
  while stream == nil do async.sleep(0.001) end
  server:shutdown(0)
  stream:wait_closed() -- would last for ever
  check(tostring(stream):find("closed", 1, true))
end)
