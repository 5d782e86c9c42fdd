-- What a script sees of LuaSocket: run by the stock interpreter with LuaSocket itself and by neap with its own, for
-- differential_test.lua, which compares what is printed.
local socket = require "socket"

-- A value as it is compared: addresses of objects and temporary ports are left out.
local function text(value)
  if type(value) == "table" and getmetatable(value) == nil then
    local parts = {}
    for key, each in pairs(value) do parts[#parts + 1] = ("%s=%s"):format(text(key), text(each)) end
    table.sort(parts)
    return "{" .. table.concat(parts, ",") .. "}"
  end
  if type(value) == "string" then return (("%q"):format(value):gsub("\\\n", "\\n")) end
  return (tostring(value):gsub("0x%x+", "ADDRESS"))
end

local function show(name, ...)
  local parts = table.pack(...)
  for i = 1, parts.n do parts[i] = text(parts[i]) end
  print(name .. ": " .. table.concat(parts, " "))
end

-- Errors by what is wrong: LuaSocket's C functions count the object as an argument, and often have no name.
local function fails(name, fn, ...)
  local ok, err = pcall(fn, ...)
  show(name, ok, type(err) == "string" and (err:match("%b()$") or err:gsub("^%S+:%d+: ", "")) or type(err))
end

local function pair()
  local server = socket.bind("127.0.0.1", 0)
  local _, port = server:getsockname()
  local client = socket.connect("127.0.0.1", port)
  local accepted = server:accept()
  client:settimeout(1)
  accepted:settimeout(1)
  return client, accepted, server, port
end

-- A port on which nobody listens.
local function free_port()
  local server = socket.bind("127.0.0.1", 0)
  local _, port = server:getsockname()
  server:close()
  return port
end

do -- the module
  local names = {}
  for name, value in pairs(socket) do names[#names + 1] = name .. " " .. type(value) end
  table.sort(names)
  show("names", table.concat(names, ", "))
  show("constants", socket._VERSION, socket._DATAGRAMSIZE, socket._SETSIZE, socket._SOCKETINVALID, socket.BLOCKSIZE)
  show("skip", socket.skip(2, 1, 2, 3, 4))
  show("skip all", socket.skip(5, 1, 2))
  show("sleep", select("#", socket.sleep(0.001)), select("#", socket.sleep(-1)))
  fails("sleep of a string", socket.sleep, "x")
  fails("skip of nothing", socket.skip)
  show("gettime", math.type(socket.gettime()), math.abs(socket.gettime() - os.time()) < 2)
end

do -- a master
  local sock = socket.tcp()
  show("no descriptor yet", sock:getfd(), sock:getfamily(), sock:getpeername())
  show("no name", sock:getsockname())
  show("no option", sock:setoption("tcp-nodelay", true))
  show("no option either", sock:getoption("keepalive"))
  show("not dirty", sock:dirty())
  fails("receive", sock.receive, sock)
  fails("send", sock.send, sock, "x")
  fails("accept", sock.accept, sock)
  fails("shutdown", sock.shutdown, sock)
  fails("getstats", sock.getstats, sock)
  show("listen unbound", sock:listen())
  show("bind", sock:bind("127.0.0.1", 0))
  local host, port, family = sock:getsockname()
  show("name", host, type(port), family)
  show("listen", sock:listen(5))
  show("server", sock)
  fails("a server receives", sock.receive, sock)
  show("accept in time", sock:settimeout(0.01), sock:accept())
  show("close twice", sock:close(), sock:close())
  show("closed", sock:getsockname())
  show("accept closed", sock:accept())
  show("families", socket.tcp4():getfamily(), socket.tcp6():getfamily(), socket.tcp4():getfd() > 0)
end

do -- time limits
  local sock = socket.tcp()
  show("none", sock:gettimeout())
  show("block", sock:settimeout(1), sock:gettimeout())
  show("total", sock:settimeout(2, "t"), sock:gettimeout())
  show("string", sock:settimeout("0.5"), sock:gettimeout())
  show("off", sock:settimeout(nil), sock:settimeout(-3, "t"), sock:gettimeout())
  fails("mode", sock.settimeout, sock, 1, "x")
  fails("table", sock.settimeout, sock, {})
  local client, accepted = pair()
  for _, mode in ipairs { "b", "t" } do
    client:settimeout(-1)
    client:settimeout(-1, "t")
    client:settimeout(0.02, mode)
    local start = socket.gettime()
    show("over " .. mode, client:receive(), socket.gettime() - start >= 0.019, socket.gettime() - start < 1)
  end
  client:settimeout(5, "b")
  client:settimeout(0.02, "t")
  show("the shorter one", client:receive())
  accepted:close()
end

do -- connecting
  local client, accepted, server, port = pair()
  show("classes", client, accepted)
  local host, peer_port, family = client:getpeername()
  show("peer", host, math.type(peer_port), peer_port == tonumber(port), family)
  show("connected already", client:connect("127.0.0.1", port))
  show("refused", socket.connect("127.0.0.1", free_port()))
  show("unknown host", socket.connect("no such host", 1))
  show("unknown service", socket.connect("127.0.0.1", "nosuchservice"))
  show("bind to an unknown host", socket.bind("no such host", 1))
  show("in use", socket.bind("127.0.0.1", port))
  show("any address", (socket.bind("*", 0):getsockname()))
  show("wrong family", socket.tcp4():connect("::1", 1))
  show("wrong family too", socket.tcp6():connect("127.0.0.1", port))
  show("from an address", (socket.connect("127.0.0.1", port, "127.0.0.1", 0, "inet"):getsockname()))
  show("from nowhere", socket.connect("127.0.0.1", port, "192.0.2.1", 0))
  show("by name", socket.connect4("localhost", port):getpeername() == "127.0.0.1")
  fails("family", socket.connect, "localhost", port, nil, nil, "foo")
  fails("no host", client.connect, client)
  local sock = socket.tcp4()
  show("at once", sock:settimeout(0), sock:connect("127.0.0.1", port))
  show("a client then", sock)
  show("writable", #select(2, socket.select(nil, { sock }, 1)))
  show("the second time", sock:connect("127.0.0.1", port))
  sock = socket.tcp4()
  sock:settimeout(0)
  local unused = free_port()
  show("refused later", sock:connect("127.0.0.1", unused))
  socket.select(nil, { sock }, 1)
  show("refused now", sock:connect("127.0.0.1", unused))
  show("refused object", sock)
end

do -- receiving
  local client, accepted = pair()
  show("send", accepted:send("hello\r\nwo\rrld\npartial"))
  show("line", client:receive())
  show("line behind a prefix", client:receive("*l", ">"))
  show("poll", client:settimeout(0), client:receive("*l", "pre"))
  show("what was left is gone", client:receive(5))
  accepted:send("abc\ndefgh\n")
  show("long pattern", client:settimeout(0.02), client:receive("*line"))
  show("all that there is", client:receive("*all"))
  for _, pattern in ipairs { "l", "a", "x", "*x", "", -1 } do
    fails("pattern " .. pattern, client.receive, client, pattern)
  end
  accepted:send("12345")
  show("count", client:receive(2.7), client:receive("2"), client:receive(1))
  accepted:send("abc\r\nd\re")
  show("count behind a prefix", client:receive(3, "ab"))
  show("count that the prefix has", client:receive(2, "ab"), client:receive(1, "ab"))
  show("line in parts", client:receive("*l"))
  show("a part keeps no return", client:receive("*l"))
  show("nothing", client:receive(0))
  accepted:send("x\ny")
  client:receive()
  show("dirty", client:dirty(), accepted:dirty())
  local received, sent, age = client:getstats()
  show("stats", received, sent, math.type(age))
  show("setstats", client:setstats(1, 2, 3), (client:getstats()))
end

do -- the end
  local client, accepted = pair()
  accepted:send("rest")
  accepted:close()
  show("all", client:receive("*a"))
  show("all again", client:receive("*a"))
  show("line", client:receive())
  show("line behind a prefix", client:receive("*l", "z"))
  show("count", client:receive(3, "z"))
  show("count partly", client:close(), client:receive(3))
  show("send", client:send("x"))
  show("settimeout", client:settimeout(1))
  client, accepted = pair()
  accepted:send("ab\r")
  accepted:shutdown("send")
  show("line without end", client:receive())
  client:send("still")
  show("the other way", accepted:receive(5))
  show("shutdown", client:shutdown(), client:shutdown("both"), accepted:shutdown("receive"))
  fails("shutdown how", client.shutdown, client, "foo")
end

do -- sending
  local client, accepted = pair()
  show("range", client:send("abcdef", 2, 4))
  for _, range in ipairs { { -2 }, { 10 }, { 0 }, { 1, 0 }, { -10, 2 }, { 3, -1 }, { 2, -5 }, { 5, 9 } } do
    show("range " .. table.concat(range, ","), client:send("abcdef", range[1], range[2]))
  end
  show("empty", client:send(""))
  show("number", client:send(12))
  fails("table", client.send, client, {})
  show("arrived", accepted:settimeout(0.05), accepted:receive("*a"))
  client:settimeout(0)
  local sent, err, last = client:send(("x"):rep(2 ^ 25))
  show("too much", sent, err, math.type(last), last > 0 and last < 2 ^ 25)
  show("not writable", select("#", socket.select(nil, { client }, 0)))
  accepted:close()
  client:settimeout(1)
  local _, problem = client:send(("x"):rep(2 ^ 25))
  show("to nobody", problem)
end

do -- select
  local client, accepted, server, port = pair()
  show("nothing", socket.select({}, {}, 0))
  show("nil", socket.select(nil, nil, 0.01))
  show("in time", select(3, socket.select({ client }, nil, 0.01)))
  accepted:send("x\ny")
  local readable, writable, err = socket.select({ client, accepted }, { client, accepted }, 1)
  show("some", #readable, #writable, err, readable[1] == client, readable[client], writable[accepted])
  client:receive()
  readable = socket.select({ client }, nil, 0)
  show("dirty", #readable, readable[1] == client)
  show("server before", #socket.select({ server }, nil, 0.01))
  local other = socket.connect("127.0.0.1", port)
  show("server after", #socket.select({ server }, nil, 1))
  show("sink", #select(2, socket.select(nil, { socket.sink("keep-open", other) }, 1)))
  other:close()
  show("closed is left out", #socket.select({ other, client }, nil, 0))
  fails("list", socket.select, 1, nil, 0)
  fails("seconds", socket.select, {}, nil, "x")
end

do -- options
  local client = pair()
  for _, name in ipairs { "keepalive", "reuseaddr", "tcp-nodelay" } do
    show(name, client:getoption(name), client:setoption(name, true), client:getoption(name))
  end
  show("linger", client:setoption("linger", { on = true, timeout = 3 }), client:getoption("linger"))
  show("buffer", client:setoption("send-buffer-size", 10000), client:getoption("send-buffer-size"))
  show("error", client:getoption("error"))
  fails("linger on", client.setoption, client, "linger", {})
  fails("linger timeout", client.setoption, client, "linger", { on = true })
  fails("unknown", client.setoption, client, "foo", true)
  fails("unknown to read", client.getoption, client, "foo")
  fails("read only", client.setoption, client, "error", 1)
  fails("of udp", client.setoption, client, "broadcast", true)
  fails("boolean", client.setoption, client, "keepalive", 1)
  fails("no name", client.setoption, client)
end

do -- exceptions
  show("try", socket.try(1, 2, 3))
  local ok, err = pcall(socket.try, nil, "boom")
  show("what try raises", ok, type(err), err[1])
  show("protect", socket.protect(function() socket.try(nil, "e1") end)())
  show("results", socket.protect(function(...) return ... end)(1, nil, 3))
  fails("another error", socket.protect(function() error("e2", 0) end))
  fails("a table", socket.protect(function() error({}) end))
  local finalized = 0
  local try = socket.newtry(function() finalized = finalized + 1 end)
  show("finalizer", finalized, socket.protect(function() try(false, "q") end)())
  show("finalized", finalized)
  fails("finalizer that fails", socket.protect(function() socket.newtry(function() error("f", 0) end)(nil, "q") end))
  show("nested", socket.protect(function()
    return "inner", socket.protect(function() socket.try(nil, "e3") end)()
  end)())
end

do -- sources and sinks
  local client, accepted = pair()
  local sink = socket.sink("keep-open", accepted)
  show("sink", sink("abcdef"), sink(nil))
  local source = socket.source("by-length", client, 4)
  show("by length", source(), source())
  show("close when done", socket.sink("close-when-done", accepted)(nil))
  source = socket.source("until-closed", client)
  show("until closed", source(), source())
  client, accepted = pair()
  accepted:close()
  show("default", socket.source(client)())
  show("choose", socket.choose { a = function(x) return x end, default = function() return "d" end }("a", 5))
  fails("unknown key", socket.sink, "foo", client)
end

do -- names
  show("toip", socket.dns.toip("localhost"))
  show("toip of a number", socket.dns.toip("127.0.0.1"))
  show("tohostname", socket.dns.tohostname("127.0.0.1"))
  show("no name", socket.dns.tohostname("no such host"))
  show("unknown", socket.dns.toip("no such host"))
  show("getaddrinfo", socket.dns.getaddrinfo("127.0.0.1"))
  show("getaddrinfo unknown", socket.dns.getaddrinfo("no such host"))
  show("getnameinfo", socket.dns.getnameinfo("127.0.0.1", 80))
  show("without service", socket.dns.getnameinfo("127.0.0.1"))
  show("gethostname", type(socket.dns.gethostname()))
  fails("nothing", socket.dns.getnameinfo)
end

do -- UDP
  local one, two = socket.udp(), socket.udp4()
  show("no descriptor yet", one:getfd(), one:getsockname())
  show("bind", one:setsockname("127.0.0.1", 0), two:setsockname("*", 0))
  local host, port, family = one:getsockname()
  show("name", host, type(port), family)
  show("sendto", two:sendto("hello", "127.0.0.1", port), one:receive(3))
  two:sendto("again", "127.0.0.1", port)
  local data, from, from_port = one:receivefrom()
  show("receivefrom", data, from, math.type(from_port))
  fails("no peer to send to", one.send, one, "x")
  fails("no peer", one.getpeername, one)
  show("setpeername", two:setpeername("127.0.0.1", port), (two:getpeername()))
  show("send", two:send("abc"), one:receive())
  show("empty", two:send(""), one:receive())
  fails("connected", two.sendto, two, "x", "127.0.0.1", 1)
  show("in time", one:settimeout(0.01), one:receive())
  show("in time from", one:receivefrom())
  show("no peer any more", two:setpeername("*"), two)
  show("refused", two:setpeername("127.0.0.1", free_port()), two:send("x"), two:settimeout(0.5), two:receive())
  show("option", two:setoption("broadcast", true), two:getoption("broadcast"))
  fails("of tcp", two.setoption, two, "tcp-nodelay", true)
  show("close", one:close(), one:getsockname())
end
