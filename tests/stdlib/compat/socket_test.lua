-- neap.compat.socket: what LuaSocket could not do. That it does what LuaSocket does is in differential_test.lua.
local socket = neap.compat.socket
local real = { clock = "real" }

-- A server of neap's and its port.
local function serve(handler)
  local server = async.start_server(handler, "127.0.0.1", 0)
  return server, server:address().port
end

local function echo(reader, writer)
  for line in reader:lines("L") do writer:write(line) end
end

local function client_of(port)
  return assert(socket.connect("127.0.0.1", port))
end

-- A client that is connected, and its server's stream, until the function returns.
local function with_pair(fn)
  local streams = async.Queue()
  local done = async.Event()
  local server <close>, port = serve(function(stream)
    streams:put(stream)
    done:wait()
  end)
  local client <close> = client_of(port)
  local leaving <close> = setmetatable({}, { __close = function() done:set() end })
  return fn(client, streams:get())
end

test("a wait suspends its task only", function()
  with_pair(function(client, stream)
    local line
    local reader = async.spawn(function() line = client:receive() end)
    async.sleep(1)
    equal(line, nil)
    stream:write("hello\n")
    await(reader)
    equal(line, "hello")
  end)
end)

test("a hundred clients talk to one server at once", function()
  local active, most = 0, 0
  local everybody = async.Barrier(100)
  local server <close>, port = serve(function(reader, writer)
    active = active + 1
    most = math.max(most, active)
    local line = reader:readline()
    everybody:wait() -- nobody is answered before all have asked
    writer:write(line)
    active = active - 1
  end)
  local calls = {}
  for i = 1, 100 do
    calls[i] = function()
      local client <close> = client_of(port)
      client:send(i .. "\n")
      return client:receive()
    end
  end
  local answers = async.gather(calls)
  for i = 1, 100 do equal(answers[i], tostring(i)) end
  equal(most, 100)
end)

test("two tasks use one object, one in each direction", function()
  local server <close>, port = serve(echo)
  local client <close> = client_of(port)
  local count = 2000
  local line = ("x"):rep(1000)
  local sender = async.spawn(function()
    for i = 1, count do assert(client:send(i .. line .. "\n")) end
  end)
  for i = 1, count do equal(client:receive(), i .. line) end
  await(sender)
end)

test("the time limit is that of the loop's clock", function()
  with_pair(function(client)
    client:settimeout(3600)
    local result
    equal(elapsed(function() result = table.pack(client:receive()) end), 3600)
    equal(result, { nil, "timeout", "", n = 3 })
  end)
end)

test("what came before the time limit is given back, and nothing twice", function()
  with_pair(function(client, stream)
    stream:write("half")
    client:settimeout(1)
    equal(table.pack(client:receive("*l", ">")), { nil, "timeout", ">half", n = 3 })
    stream:write(" a line\n")
    equal((client:receive()), " a line")
  end)
end)

test("an operation that goes on in pieces ends at the limit from its beginning", function()
  with_pair(function(client, stream)
    client:settimeout(5)
    local sender = async.spawn(function()
      for _ = 1, 20 do
        async.sleep(1)
        stream:write("x")
      end
    end)
    local result
    equal(elapsed(function() result = table.pack(client:receive(100)) end), 5)
    equal(result[2], "timeout")
    check(#result[3] >= 4)
    sender:cancel()
  end)
end)

test("a cancelled receive has taken nothing", function()
  with_pair(function(client, stream)
    stream:write("half")
    local reader = async.spawn(client.receive, client)
    async.sleep(1)
    reader:cancel()
    async.wait { reader }
    check(reader:cancelled())
    stream:write(" a line\n")
    equal((client:receive()), "half a line")
  end)
end)

test("a cancellation passes through protect and newtry", function()
  with_pair(function(client)
    local reached
    local task = async.spawn(socket.protect(function()
      local try = socket.newtry(function() reached = "finalizer" end)
      try(client:receive())
      reached = "the end"
    end))
    async.sleep(1)
    task:cancel()
    async.wait { task }
    check(task:cancelled())
    equal(reached, nil)
  end)
end)

test("a cancelled connect leaves no connection under way", function()
  -- Nobody answers there (RFC 5737); without a route it fails at once, which is as good.
  local task = async.spawn(socket.connect, "192.0.2.1", 80)
  async.sleep(0)
  task:cancel()
  async.wait { task }
end)

test("async.timeout ends a wait", function()
  with_pair(function(client)
    raises(async.TimeoutError, async.timeout, 2, client.receive, client)
  end)
end)

test("closing an object ends the waits of other tasks", function()
  with_pair(function(client)
    local reader = async.spawn(client.receive, client)
    async.sleep(1)
    client:close()
    equal(table.pack(await(reader)), { nil, "closed", "", n = 3 })
  end)
  local server = assert(socket.bind("127.0.0.1", 0))
  local accepting = async.spawn(server.accept, server)
  async.sleep(1)
  server:close()
  equal(table.pack(await(accepting)), { nil, "closed", n = 2 })
end)

test("a loop that polls lets the others run", function()
  local server <close>, port = serve(echo)
  local client <close> = client_of(port)
  client:settimeout(0)
  client:send("hello\n")
  local line, err, tries = nil, nil, 0
  repeat
    line, err = client:receive()
    tries = tries + 1
  until line or err ~= "timeout" or tries == 10000
  equal(line, "hello")
  check(#socket.select({ client }, nil, 0) == 0)
end)

test("a task whose data is always there lets the others run", function()
  with_pair(function(client, stream)
    stream:write(("line\n"):rep(5000))
    local others = 0
    local ticker = async.spawn(function()
      while true do
        async.sleep(0)
        others = others + 1
      end
    end)
    for _ = 1, 5000 do client:receive() end
    check(others > 10, others)
    ticker:cancel()
    async.wait { ticker }
  end)
end)

test("select waits for several objects, and suspends its task only", function()
  with_pair(function(one, one_stream)
    with_pair(function(two, two_stream)
      async.spawn(function()
        async.sleep(10)
        two_stream:write("x")
      end)
      local readable
      local seconds = elapsed(function() readable = socket.select({ one, two }, nil, 3600) end)
      check(seconds >= 10 and seconds < 3600, seconds)
      equal(#readable, 1)
      check(readable[1] == two)
      equal(readable[two], 1.0)
      equal(select(3, socket.select({ one }, {}, 60)), "timeout")
      one_stream:write("y")
      equal((one:receive(1)), "y")
    end)
  end)
end)

test("a cancelled select leaves its objects usable", function()
  with_pair(function(client, stream)
    local task = async.spawn(socket.select, { client }, nil)
    async.sleep(1)
    task:cancel()
    async.wait { task }
    check(task:cancelled())
    stream:write("z")
    equal((client:receive(1)), "z")
  end)
end)

test("select knows objects of others by their descriptor", function()
  with_pair(function(client, stream)
    local wrapped = { getfd = function() return client:getfd() end, dirty = function() return client:dirty() end }
    stream:write("q")
    equal(socket.select({ wrapped }, nil, 5)[1], wrapped)
    equal(#socket.select({ { getfd = function() return -1 end } }, nil, 0), 0)
  end)
end)

test("a server of the module accepts while others wait", function()
  local server <close> = assert(socket.bind("127.0.0.1", 0))
  local _, port = server:getsockname()
  local serving = async.spawn(function()
    for _ = 1, 3 do
      local client = server:accept()
      async.spawn(function()
        local closing <close> = client
        client:send("hello " .. client:receive() .. "\n")
      end)
    end
  end)
  local function call(name)
    local conn <close> = async.open_connection("127.0.0.1", tonumber(port))
    conn:write(name .. "\n")
    return conn:readline()
  end
  equal(async.gather(function() return call("a") end, function() return call("b") end, function() return call("c") end),
    { "hello a\n", "hello b\n", "hello c\n", n = 3 })
  await(serving)
end)

test("a megabyte goes through send and receive in both sizes", function()
  with_pair(function(client, stream)
    local data = ("0123456789abcdef"):rep(65536)
    local sender = async.spawn(function() return client:send(data) end)
    equal(stream:readexactly(#data), data)
    equal(await(sender), #data + 0.0)
    async.spawn(function()
      stream:write(data)
      stream:write_eof()
    end)
    equal(client:receive(1000), data:sub(1, 1000))
    equal(client:receive("*a"), data:sub(1001))
  end)
end)

test("send gives back how far it came", function()
  with_pair(function(client, stream)
    client:settimeout(1)
    local data = ("x"):rep(2 ^ 24)
    local sent, err, last = client:send(data)
    equal(sent, nil)
    equal(err, "timeout")
    check(last > 0 and last < #data)
    client:settimeout(nil)
    local sender = async.spawn(client.send, client, data, math.tointeger(last) + 1)
    equal(#stream:readexactly(#data), #data)
    equal(await(sender), #data + 0.0)
  end)
end)

test("names are looked up while others run", real, function()
  local ticks = 0
  local ticker = async.spawn(function()
    while true do
      async.sleep(0)
      ticks = ticks + 1
    end
  end)
  equal((socket.dns.toip("localhost")), "127.0.0.1")
  check(ticks > 0)
  ticker:cancel()
  async.wait { ticker }
end)

test("sleep suspends its task only, and takes no time when negative", function()
  equal(elapsed(socket.sleep, 30), 30)
  equal(elapsed(socket.sleep, -1), 0)
end)

test("closing an object ends a connect of another task", real, function()
  local server <close>, port = serve(echo)
  local client = socket.tcp()
  local connecting = async.spawn(function() return client:connect("127.0.0.1", port) end)
  async.sleep(0)
  client:close()
  local connected, err = await(connecting)
  check(connected == 1.0 or err == "closed", err)
end)

test("an object shows its class, and closes at the end of a block", function()
  local sock = socket.tcp4()
  do
    local closing <close> = sock
    check(tostring(sock):find("^tcp{master}: "), tostring(sock))
  end
  equal(sock:getfd(), -1.0)
end)

test("wrong arguments are errors of the caller", function()
  local sock <close> = socket.tcp4()
  local function place(fn)
    local err = raises("", fn)
    check(tostring(err):find("socket_test%.lua:%d+: "), tostring(err))
  end
  place(function() local _ = sock:settimeout({}) end)
  place(function() local _ = sock:settimeout(1, "x") end)
  place(function() local _ = sock:setoption("nosuch", true) end)
  place(function() local _ = sock:connect() end)
  place(function() local _ = sock:receive() end)
  place(function() local _ = socket.select(1) end)
  place(function() local _ = socket.sleep("x") end)
  place(function() local _ = socket.connect("127.0.0.1", 1, nil, nil, "x") end)
end)

test("asking for it makes it what require gives", function()
  check(require "socket" == socket)
  check(require "socket.core" == socket)
  check(require "neap.compat.socket" == socket)
end)

test("require stands in for LuaSocket only when it is not installed", function()
  local searchers = package.searchers
  package.loaded["socket"] = nil
  package.path, package.cpath = "", ""
  check(require "socket" == socket)
  package.loaded["socket"] = nil
  package.preload["socket"] = function() return "the installed one" end
  equal((require "socket"), "the installed one")
  check(package.searchers == searchers)
end)

test("require of a field that a module does not have names both", function()
  raises("neap has no module 'compat%.nosuch'", require, "neap.compat.nosuch")
  raises("neap has no module 'nosuch%.socket'", require, "neap.nosuch.socket")
end)

test("datagrams are received while others run", function()
  local one <close> = socket.udp4()
  local two <close> = socket.udp4()
  one:setsockname("127.0.0.1", 0)
  local _, port = one:getsockname()
  local receiving = async.spawn(one.receivefrom, one)
  async.sleep(1)
  two:sendto("hello", "localhost", port)
  local data, host = await(receiving)
  equal({ data, host }, { "hello", "127.0.0.1" })
  one:settimeout(60)
  equal(elapsed(one.receive, one), 60)
end)
