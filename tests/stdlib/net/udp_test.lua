-- open_udp, over real sockets.
local function open(options)
  options = options or {}
  options.host = options.host or "127.0.0.1"
  return async.open_udp(options)
end

local function two()
  local a, b = open(), open()
  return a, b, setmetatable({}, { __close = function()
    a:close()
    b:close()
  end })
end

test("a datagram arrives with the address of its sender", function()
  local a, b, both <close> = two()
  equal(a:send("hello", "127.0.0.1", b:address().port), a)
  equal(table.pack(b:receive()), { "hello", "127.0.0.1", a:address().port, n = 3 })
  check(both)
end)

test("datagrams stay apart, also empty ones and those with zeros", function()
  local a, b, both <close> = two()
  a:connect("127.0.0.1", b:address().port)
  for _, data in ipairs { "one", "", "\0\0", ("x"):rep(9000) } do a:send(data) end
  for _, data in ipairs { "one", "", "\0\0", ("x"):rep(9000) } do equal((b:receive()), data) end
  check(both)
end)

test("receive waits until a datagram comes", function()
  local a, b, both <close> = two()
  local receiver = async.spawn(function() return (b:receive()) end)
  async.sleep(1)
  check(not receiver:done())
  a:send("x", "127.0.0.1", b:address().port)
  equal(await(receiver), "x")
  check(both)
end)

test("a name is looked up", function()
  local a, b, both <close> = two()
  a:send("x", "localhost", b:address().port)
  equal((b:receive()), "x")
  b:connect("localhost", a:address().port):send("y")
  equal((a:receive()), "y")
  check(both)
end)

test("a connected socket receives from its peer only", function()
  local a, b, both <close> = two()
  local other <close> = open()
  local port = b:address().port
  b:connect("127.0.0.1", a:address().port)
  equal(b:peer(), a:address())
  equal(a:peer(), nil)
  other:send("other", "127.0.0.1", port)
  a:send("peer", "127.0.0.1", port)
  equal((b:receive()), "peer")
  check(both)
end)

test("a peer that does not receive is a ConnectionError", function()
  local a, b, both <close> = two()
  local port = b:address().port
  b:close()
  a:connect("127.0.0.1", port)
  a:send("x")
  local err = raises(async.ConnectionError, a.receive, a)
  equal(err.code, "ECONNREFUSED")
  equal(err.address, "127.0.0.1:" .. port)
  check(both)
end)

test("a cancelled or timed-out receive has taken nothing", function()
  local a, b, both <close> = two()
  local receiver = async.spawn(b.receive, b)
  async.sleep(0.1)
  receiver:cancel()
  raises(async.CancelledError, await, receiver)
  raises(async.TimeoutError, async.timeout, 1, b.receive, b)
  a:send("x", "127.0.0.1", b:address().port)
  equal((b:receive()), "x")
  check(both)
end)

test("a receive that is cancelled when a datagram is there loses none", function()
  local a, b, both <close> = two()
  local got = {}
  for i = 1, 50 do
    local receiver = async.spawn(function() got[#got + 1] = b:receive() end)
    async.sleep(0)
    a:send(tostring(i), "127.0.0.1", b:address().port)
    for _ = 1, i % 4 do async.sleep(0) end
    receiver:cancel()
    async.wait { receiver }
  end
  while #got < 50 do got[#got + 1] = async.timeout(1, b.receive, b) end
  for i = 1, 50 do equal(got[i], tostring(i)) end
  check(both)
end)

test("a second receiver is a RuntimeError", function()
  local a, b, both <close> = two()
  local first = async.spawn(function() return (b:receive()) end)
  async.sleep(0)
  raises(async.RuntimeError, b.receive, b)
  a:send("x", "127.0.0.1", b:address().port)
  equal(await(first), "x")
  check(both)
end)

test("closing the socket wakes its receiver", function()
  local socket = open()
  local receiver = async.spawn(socket.receive, socket)
  async.sleep(0)
  socket:close()
  raises(async.RuntimeError, await, receiver)
  raises(async.RuntimeError, socket.receive, socket)
  raises(async.RuntimeError, socket.send, socket, "x", "127.0.0.1", 9)
  socket:close()
  check(socket:is_closing())
  equal(socket:address(), nil)
  check(tostring(socket):find("^<UdpSocket 127%.0%.0%.1:%d+ closed>$"), tostring(socket))
end)

test("its state is shown", function()
  local a, b, both <close> = two()
  equal(tostring(a), ("<UdpSocket 127.0.0.1:%d open>"):format(a:address().port))
  a:connect("127.0.0.1", b:address().port)
  equal(tostring(a), ("<UdpSocket 127.0.0.1:%d connected to 127.0.0.1:%d>"):format(a:address().port, b:address().port))
  equal(async.open_handles()[1].kind, "udp")
  check(both)
end)

test("IPv6", function()
  local ok, a = pcall(open, { host = "::1" })
  if not ok then return end -- this machine has none
  local closing <close> = a
  a:send("six", "::1", a:address().port)
  equal(table.pack(a:receive()), { "six", "::1", a:address().port, n = 3 })
end)

test("what the system refuses is an OSError with the address", function()
  local a, b, both <close> = two()
  local err = raises(async.OSError, open, { port = a:address().port })
  equal(err.code, "EADDRINUSE")
  equal(err.address, "127.0.0.1:" .. a:address().port)
  equal(raises(async.OSError, open, { host = "192.0.2.1" }).code, "EADDRNOTAVAIL")
  equal(raises(async.OSError, a.send, a, ("x"):rep(70000), "127.0.0.1", b:address().port).code, "EMSGSIZE")
  check(both)
end)

test("reuse_port lets several sockets have a port", function()
  local a <close> = open { reuse_port = true }
  local b <close> = open { reuse_port = true, port = a:address().port }
  equal(a:address(), b:address())
end)

test("broadcasting has to be asked for", function()
  local quiet <close> = async.open_udp()
  equal(raises(async.OSError, quiet.send, quiet, "x", "255.255.255.255", 9).code, "EACCES")
  local loud <close> = async.open_udp { broadcast = true }
  local ok, err = pcall(loud.send, loud, "x", "255.255.255.255", 9)
  check(ok or err.code ~= "EACCES", tostring(err))
end)

test("wrong arguments are refused where the caller is", function()
  local socket <close> = open()
  misuse(async.TypeError, async.open_udp, "127.0.0.1")
  misuse(async.TypeError, async.open_udp, { hots = "x" })
  misuse(async.TypeError, async.open_udp, { host = 5 })
  misuse(async.ValueError, async.open_udp, { port = -1 })
  misuse(async.TypeError, async.open_udp, { port = 1.5 })
  misuse(async.ValueError, async.open_udp, { family = "unix" })
  misuse(async.TypeError, socket.send, socket)
  misuse(async.TypeError, socket.send, socket, 5, "127.0.0.1", 9)
  misuse(async.RuntimeError, socket.send, socket, "x")
  misuse(async.TypeError, socket.send, socket, "x", "127.0.0.1")
  misuse(async.ValueError, socket.send, socket, "x", "127.0.0.1", 65536)
  misuse(async.TypeError, socket.connect, socket, "127.0.0.1")
end)
