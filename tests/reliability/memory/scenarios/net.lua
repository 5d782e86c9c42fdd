-- Connections, servers, datagrams, names.
local net = { modules = { "net" }, clock = "real" }

local function echo(reader, writer)
  for line in reader:lines("L") do writer:write(line) end
end

-- The other side may have had no memory for the answer: it has closed the connection then.
local function must(value)
  return value or error("not enough memory on the other side", 0)
end

local function with_limit(fn)
  local ok, err = async.catch(async.timeout, 3, fn)
  if not ok then
    if async.is(err, async.TimeoutError) then err = "not enough memory, it seems: timed out" end
    error(err, 0)
  end
end

local function lost(err)
  if async.is(err, async.ConnectionError) or async.is(err, async.IncompleteReadError) then
    err = "not enough memory on the other side"
  end
  error(err, 0)
end

-- A server that cannot accept for want of memory tries again and again.
local function connected(fn)
  local ok, err = async.catch(async.timeout, 0.7, fn)
  if not ok and async.is(err, async.TimeoutError) then err = "not enough memory, it seems: timed out" end
  if not ok then lost(err) end
end

scenario("a TCP server and its client", net, function()
  connected(function()
    local server <close> = async.start_server(echo, "127.0.0.1", 0)
    local address = server:address()
    local conn <close> = async.open_connection(address.host, address.port)
    conn:write("one\n", "two\n")
    must(conn:readline() == "one\n")
    must(conn:readline() == "two\n")
    conn:write_eof()
    assert(conn:read("a") == "" and tostring(conn) and tostring(server))
  end)
end)

scenario("reads of every kind", net, function()
  connected(function()
    local big = ("x"):rep(200000)
    local server <close> = async.start_server(function(stream)
      stream:write("line\n12 rest of it|", big)
      stream:close()
    end, "127.0.0.1", 0)
    local address = server:address()
    local conn <close> = async.open_connection(address.host, address.port)
    must(conn:readline() == "line\n")
    must(conn:read("n") == 12)
    must(conn:readuntil("|") == " rest of it|")
    must(conn:readexactly(100000) == big:sub(1, 100000))
    must(#conn:read("a") == 100000)
    assert(conn:at_eof())
  end)
end)

scenario("writes that must wait", net, function()
  connected(function()
    local got = async.Future()
    local server <close> = async.start_server(function(stream)
      local total = 0
      for data in stream:lines(65536) do total = total + #data end
      if not got:done() then got:set_result(total) end
    end, "127.0.0.1", 0)
    local address = server:address()
    do
      local conn <close> = async.open_connection(address.host, address.port)
      for i = 1, 8 do conn:write(("y"):rep(100000), i) end
      conn:writelines({ "a", "b" })
      conn:drain()
    end
    with_limit(function() must(await(got) == 800010) end)
  end)
end)

scenario("a Unix server and its client", net, function()
  connected(function()
    local path = os.tmpname()
    os.remove(path)
    local removing <close> = setmetatable({}, { __close = function() os.remove(path) end })
    local server <close> = async.start_unix_server(echo, path)
    local conn <close> = async.open_unix_connection(path)
    conn:write("hello\n")
    must(conn:readline() == "hello\n")
    server:shutdown(0.01)
  end)
end)

scenario("datagrams", net, function()
  with_limit(function()
    local a <close> = async.open_udp({ host = "127.0.0.1" })
    local b <close> = async.open_udp({ host = "127.0.0.1" })
    a:connect("127.0.0.1", b:address().port)
    a:send("one")
    a:send("two")
    must((b:receive()) == "one")
    local data, host, port = b:receive()
    must(data == "two" and host == "127.0.0.1" and port == a:address().port)
  end)
end)

scenario("names", net, function()
  local list = async.getaddrinfo("localhost", { port = 80 })
  assert(#list > 0)
  local numeric = async.getaddrinfo("127.0.0.1")
  assert(numeric[1])
  local server <close> = async.start_server(echo, "localhost", 0)
  local conn <close> = async.open_connection("localhost", server:address().port)
  assert(conn:get_extra_info("peername"))
end)

scenario("a connection that is refused", net, function()
  local server <close> = async.start_server(echo, "127.0.0.1", 0)
  local port = server:address().port
  server:close()
  server:wait_closed()
  local ok, err = pcall(async.open_connection, "127.0.0.1", port)
  assert(not ok)
  if not async.is(err, async.OSError) then error(err, 0) end
end)

scenario("a handler that fails, and a server that is closed", net, function()
  connected(function()
    async.get_running_loop():set_exception_handler(function() end)
    local server <close> = async.start_server(function() error("broken") end, "127.0.0.1", 0)
    local conn <close> = async.open_connection("127.0.0.1", server:address().port)
    assert(conn:read("a") == "")
    server:close()
    server:close_clients()
    server:wait_closed()
  end)
end)

scenario("LuaSocket's interface", { modules = { "compat" }, clock = "real" }, function()
  connected(function()
    local socket = neap.compat.socket
    local server <close> = async.start_server(echo, "127.0.0.1", 0)
    local sock, problem = socket.connect("127.0.0.1", server:address().port)
    if not sock then error("not enough memory? " .. tostring(problem), 0) end
    local closing <close> = setmetatable({}, { __close = function() sock:close() end })
    must(sock:send("hello\n"))
    sock:settimeout(2)
    must(sock:receive() == "hello")
    local udp = assert(socket.udp4())
    udp:setsockname("127.0.0.1", 0)
    local _, port = udp:getsockname()
    must(udp:sendto("x", "127.0.0.1", port))
    udp:settimeout(2)
    must(udp:receive() == "x")
    udp:close()
    assert(socket.dns.toip("localhost") and socket.gettime())
  end)
end)
