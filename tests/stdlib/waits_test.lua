-- `---@async` in the stubs stands at the functions that may wait, and at no others. The examples of the modules' pages
-- and the calls below are run, and every public function is watched: one that suspends its task must have the mark, and
-- one that has the mark must be seen to suspend.
local docs = module_file("repl/docs")
local pages, example = support("pages"), support("example")

-- How many steps each task has begun.
local steps = setmetatable({}, { __mode = "k" })

local function count_steps()
  async.get_running_loop():add_instrument {
    before_step = function(step) steps[step] = (steps[step] or 0) + 1 end,
  }
end

local seen = {}
local current_task = async.current_task

-- The function, which notes under the name of the entry when a call of it has suspended its task.
local function watched(fn, name)
  local function finish(task, before, ...)
    if task and steps[task] ~= before then seen[name] = true end
    return ...
  end
  return function(...)
    local task = current_task()
    return finish(task, steps[task], fn(...))
  end
end

local done = {}

local function watch_table(place, prefix)
  if done[place] then return end
  done[place] = true
  for key, value in pairs(place) do
    local entry = type(value) == "function" and type(key) == "string" and docs.find(prefix .. key)
    if entry and entry.params then rawset(place, key, watched(value, entry.name)) end
  end
end

-- The tables with the methods of an instance.
local function watch_methods(instance, class)
  local place = instance
  while true do
    local meta = getmetatable(place)
    place = meta and rawget(meta, "__index")
    if type(place) == "function" then return watch_table(meta, class .. ":") end
    if type(place) ~= "table" then return end
    watch_table(place, class .. ":")
  end
end

local function watch_all()
  for _, module in ipairs { "async", "compat", "fs", "isolate", "patterns", "process", "signal", "test" } do
    for class, sample in pairs(dofile(pages.root .. "/tests/stdlib/" .. module .. "/samples.lua")) do
      if not async[class] or not tostring(async[class]):find("^<class") then
        sample(function(instance) watch_methods(instance, class) end)
      end
    end
  end
  watch_methods(io.stdout, "file")
  watch_table(async, "async.")
  watch_table(async.subprocess, "neap.process.subprocess.")
  for name, module in pairs(neap) do watch_table(module, "neap." .. name .. ".") end
  watch_table(neap.compat.socket, "Socket.")
  watch_table(neap.compat.socket.dns, "Dns.")
  watch_table(io, "io.")
  watch_table(os, "os.")
  for _, name in ipairs { "await", "dofile", "pcall", "xpcall" } do _G[name] = watched(_G[name], name) end
end

local function nap() async.sleep(0) end

-- Tasks that go on beside the call that is watched.
local function meanwhile(fn, ...)
  async.spawn(function(...)
    nap()
    fn(...)
  end, ...)
end

local function sleepy_generator()
  local Guard = { __close = nap }
  return async.generator(function()
    while true do
      local guard <close> = setmetatable({}, Guard)
      pcall(coroutine.yield, 1)
    end
  end)()
end

local sleepy_manager = setmetatable({}, { __enter = nap, __close = nap })

-- Calls fn(stream, its peer).
local function with_connection(fn)
  local peers = async.Channel(1)
  local server <close> = async.start_server(function(peer)
    peers:send(peer:detach())
  end, "127.0.0.1", 0)
  local stream <close> = async.open_connection("127.0.0.1", server:address().port)
  local peer <close> = peers:receive()
  fn(stream, peer)
  stream:abort()
  peer:abort()
end

local function swallow(stream)
  pcall(function() while stream:read(65536) do end end)
end

local function swallow_all(socket)
  while socket:receive(65536) do end
end

local function closing(object)
  return setmetatable({ object = object }, { __close = function() object:close() end })
end

-- A call of each function that no example shows waiting.
local calls = {
  function() async.copy_context():run(nap) end,
  function() await(async.spawn(nap)) end,
  function() async.shield(async.spawn(nap)) end,
  function() async.wait_for(nap, 9) end,
  function() async.timeout_at(async.get_running_loop():time() + 9, nap) end,
  function()
    local condition = async.Condition()
    condition:acquire()
    meanwhile(condition.release, condition)
    condition:acquire()
    condition:release()
  end,
  function()
    local barrier = async.Barrier(2)
    meanwhile(barrier.wait, barrier)
    watched(barrier.wait, "Barrier:wait")(barrier)
  end,
  function()
    local queue = async.Queue()
    queue:put(1)
    meanwhile(queue.task_done, queue)
    queue:join()
  end,
  function()
    local generator = sleepy_generator()
    generator:next()
    generator:next()
    generator:send(1)
    generator:throw("error")
    generator:close()
  end,
  function()
    local iterator = async.iter((sleepy_generator()))
    iterator:next()
    iterator:next()
    iterator:close()
  end,
  function() local manager <close> = async.enter(sleepy_manager) end,
  function()
    local stack = async.ExitStack()
    stack:enter(sleepy_manager)
    stack:close()
  end,
  function()
    local channel = async.Channel()
    meanwhile(channel.send, channel, 1)
    channel:receive()
  end,
  function()
    with_connection(function(stream, peer)
      meanwhile(function() peer:write("abcdef\n") end)
      stream:readexactly(3)
      meanwhile(function() peer:write("ghi\n") end)
      stream:readuntil("\n")
      stream:readuntil("\n")
    end)
  end,
  function()
    local much = ("x"):rep(2 ^ 23)
    with_connection(function(stream, peer)
      meanwhile(swallow, peer)
      stream:write(much)
    end)
    with_connection(function(stream, peer)
      meanwhile(swallow, peer)
      stream:writelines { much }
    end)
    with_connection(function(stream, peer)
      local writer = async.spawn(stream.write, stream, much)
      async.sleep(0)
      writer:cancel()
      meanwhile(swallow, peer)
      stream:drain()
    end)
  end,
  function()
    local folder <close> = neap.fs.tempdir()
    local server = async.start_unix_server(function() nap() end, folder.path .. "/socket")
    local stream = async.open_unix_connection(folder.path .. "/socket")
    stream:read()
    stream:close()
    meanwhile(server.close, server)
    server:serve_forever()
    server:wait_closed()
  end,
  function()
    local server = async.start_server(function() nap() end, "127.0.0.1", 0)
    local stream <close> = async.open_connection("127.0.0.1", server:address().port)
    stream:read()
    meanwhile(server.close, server)
    server:wait_closed()
  end,
  function()
    local one <close> = async.open_udp { host = "localhost", family = "inet" }
    local other <close> = async.open_udp { host = "127.0.0.1" }
    other:connect("localhost", one:address().port)
    meanwhile(other.send, other, "a")
    one:receive()
    one:send("a", "localhost", other:address().port)
  end,
  function()
    local channel = async.thread_channel(1)
    meanwhile(channel.receive, channel)
    channel:send(1)
    channel:send(2)
    channel:receive()
    meanwhile(channel.send, channel, 1)
    channel:receive()
  end,
  function()
    local worker <close> = async.Worker(function(parent)
      async.sleep(0.1)
      for message in parent do parent:send(message) end
    end)
    for i = 1, 65 do worker:send(i) end
    for _ = 1, 65 do worker:receive() end
    worker:close()
    worker:join()
  end,
  function()
    async.to_thread(function() end)
    local executor = async.ThreadPoolExecutor(1)
    executor:map(function() end, { 1, 2 })
    executor:submit(nap)
    executor:shutdown()
  end,
  function()
    local process <close> = async.create_subprocess_exec("sleep", "60")
    process:stop()
  end,
  function() neap.process.subprocess.run { "true" } end,
  function()
    local folder <close> = neap.fs.tempdir()
    local path = folder.path .. "/file"
    neap.fs.write(path, "return 1")
    neap.fs.chown(path)
    neap.fs.link(path, path .. "2")
    neap.fs.symlink(path, path .. "3")
    neap.fs.readlink(path .. "3")
    local file = neap.fs.open(path, "a")
    file:setvbuf("no")
    file:write("x")
    file:close()
    neap.fs.write(path .. ".lua", "async.sleep(0)")
    dofile(path .. ".lua")
    local inner = neap.fs.tempdir()
    watched(inner.close, "TempDir:close")(inner)
    local watch <close> = neap.fs.watch(folder.path)
    meanwhile(neap.fs.remove, path)
    watch:next()
  end,
  function()
    local box <close> = neap.isolate.start { confine = false }
    box:set("x", 1)
    box:get("x")
    box:run("function f() end")
    box:call("f")
    local folder <close> = neap.fs.tempdir()
    neap.fs.write(folder.path .. "/file.lua", "return 1")
    box:run_file(folder.path .. "/file.lua")
    box:terminate()
    neap.isolate.start({ confine = false }):close()
  end,
  function()
    neap.patterns.circuit_breaker():call(nap)
    neap.patterns.retry_policy():call(nap)
    neap.patterns.interval(1):next()
    local supervisor <close> = neap.patterns.supervisor()
    for i = 1, 2 do supervisor:start_child { name = "child " .. i, run = function() async.sleep(9) end } end
    nap()
    supervisor:terminate_child("child 1")
    supervisor:stop()
  end,
  function() neap.test.raises("no", function() nap() error("no") end) end,
  function() neap.test.expect(function() nap() error("no") end):to_raise("no") end,
  function() xpcall(nap, print) end,
  function()
    local command = io.popen("sleep 0.01; echo a; exec >&-; sleep 0.01")
    command:read()
    command:close()
    local cat = io.popen("sleep 0.01; cat >/dev/null", "w")
    cat:write(("x"):rep(2 ^ 20))
    cat:close()
    os.execute("true")
    io.input(io.popen("sleep 0.01; echo a"))
    io.read()
    io.input(io.stdin)
    io.output(io.popen("sleep 0.01; cat >/dev/null", "w"))
    io.write(("x"):rep(2 ^ 20))
    io.output():close()
    io.output(io.stdout)
  end,
  function()
    local clock = neap.test.clock()
    watched(clock.advance, "Clock:advance")(clock, 1)
  end,
  function()
    local loop = async.new_event_loop()
    async.spawn(async.sleep, 60)
    loop:close()
  end,
  function()
    local socket = neap.compat.socket
    local server <close> = closing(assert(socket.bind("localhost", 0)))
    local _, port = server.object:getsockname()
    local client <close> = closing(assert(socket.connect("localhost", port)))
    local peer <close> = closing(server.object:accept())
    socket.connect4("localhost", port):close()
    socket.connect6("localhost", port)
    meanwhile(client.object.send, client.object, "a\n")
    socket.select({ peer.object }, nil)
    meanwhile(swallow_all, peer.object)
    client.object:send(("x"):rep(2 ^ 23))
    socket.sleep(0.001)
    socket.dns.getaddrinfo("localhost")
    socket.dns.getnameinfo("127.0.0.1")
    socket.dns.toip("localhost")
    socket.dns.tohostname("127.0.0.1")
  end,
  function()
    local socket = neap.compat.socket
    local server <close> = closing(socket.tcp())
    server.object:bind("localhost", 0)
    server.object:listen()
    local other <close> = closing(socket.tcp())
    other.object:setsockname("localhost", 0)
    local _, port = server.object:getsockname()
    meanwhile(other.object.setpeername, other.object, "localhost", port)
    server.object:accept():close()
  end,
  function()
    local socket = neap.compat.socket
    local one <close> = closing(socket.udp())
    local two <close> = closing(socket.udp())
    one.object:setsockname("localhost", 0)
    local _, port = one.object:getsockname()
    meanwhile(two.object.sendto, two.object, "a", "localhost", port)
    one.object:receive()
    two.object:setpeername("localhost", port)
    meanwhile(two.object.send, two.object, "a")
    one.object:receivefrom()
  end,
}


local function run_calls()
  for i, call in ipairs(calls) do
    local ok, err = async.catch(call)
    if not ok then error(("call %d: %s\n%s"):format(i, tostring(err), tostring(err.traceback)), 0) end
  end
end

-- Not those of threads: they take real time, which the limit under the virtual clock does not know. Nor those of
-- signals: one that this process sends itself after an example was cut off would end it.
local function run_examples()
  for _, path in ipairs(pages.list()) do
    local is_wanted = path:find("^stdlib/") and not path:find("/thread/") and not path:find("/signal/")
    for _, block in ipairs(is_wanted and pages.read(path).blocks or {}) do
      -- Errors are of no interest here; that the examples work is tested elsewhere.
      if block.language == "lua" and not block.file and not block.text:find("redis", 1, true) then
        async.catch(async.timeout, 60, example.run, block, path)
      end
    end
  end
end

-- Every function of the stubs, by name.
local function all_functions()
  local found = {}
  local function add(space)
    for _, item in ipairs(space and docs.members(space) or {}) do
      if item.entry.params and not item.entry.alias then found[item.entry.name] = item.entry end
    end
  end
  for _, list in ipairs { docs.index().modules, docs.index().classes } do
    for _, space in pairs(list) do add(space) end
  end
  add(docs.index().globals)
  return found
end

local function end_other_tasks()
  local others = {}
  for _, task in ipairs(async.all_tasks()) do
    if task ~= current_task() then
      task:cancel()
      others[#others + 1] = task
    end
  end
  if #others > 0 then async.wait(others) end
end

-- What cannot be called here, with the reason.
local not_called = {
  ["Udp:send"] = "waits while the system takes nothing, which cannot be brought about",
  ["neap.repl.start"] = "is a prompt for a person",
  ["neap.test.explore"] = "works in a test of neap test only",
}

test("the functions that may wait, and no others, have the mark @async", function()
  watch_all()
  count_steps()
  run_calls()
  run_examples()
  local problems = {}
  for name, entry in pairs(all_functions()) do
    if seen[name] and not entry.async then problems[#problems + 1] = name .. " waits, but is not marked" end
    if entry.async and not seen[name] and not not_called[name] then
      problems[#problems + 1] = name .. " is marked, but was not seen to wait"
    end
  end
  table.sort(problems)
  end_other_tasks()
  if #problems > 0 then error(table.concat(problems, "\n"), 0) end
end)
