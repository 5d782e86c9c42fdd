-- to_thread: calls in other threads. Their threads have real clocks; time stands still here while one is under way.

-- It computes for ever. The thread sanitizer puts signals off until the C library is called, as memchr is here.
local spin = sanitized == "thread" and function() while true do ("x"):find("y", 1, true) end end
  or function() while true do end end

test("to_thread returns all results of the function", function()
  local results = table.pack(async.to_thread(function(...) return ... end, 1, nil, "x", nil))
  equal(results, { 1, nil, "x", nil, n = 4 })
end)

test("to_thread runs in another Lua state, with globals of its own", function()
  marker = "mine"
  equal(async.to_thread(function()
    local before = marker
    marker = "theirs"
    return before
  end), nil)
  equal(marker, "mine")
end)

test("to_thread copies named upvalues", function()
  local base = { 10 }
  equal(async.to_thread(function(x)
    base[1] = base[1] + x
    return base[1]
  end, 5), 15)
  equal(base[1], 10)
end)

test("other tasks run while a thread computes", function()
  local ran = false
  async.spawn(function() ran = true end)
  async.to_thread(function() for _ = 1, 1e5 do end end)
  check(ran)
end)

test("calls run in parallel with one another", function()
  -- Each waits until the other has begun: one after the other they would wait for ever.
  local directory = os.tmpname()
  os.remove(directory)
  local function meet(mine, other)
    io.open(mine, "w"):close()
    while true do
      local file = io.open(other)
      if file then
        file:close()
        return true
      end
      async.sleep(0.001)
    end
  end
  local a, b = directory .. ".a", directory .. ".b"
  local first = async.spawn(async.to_thread, meet, a, b)
  check(async.to_thread(meet, b, a))
  check(await(first))
  os.remove(a)
  os.remove(b)
end)

test("the function may wait, in a loop of its own", function()
  equal(async.to_thread(function()
    local task = async.spawn(function()
      async.sleep(0.001)
      return "waited"
    end)
    return await(task)
  end), "waited")
end)

test("the function may run a loop, each time", function()
  for _ = 1, 3 do
    equal(async.to_thread(function()
      return async.run(function()
        async.sleep(0)
        return "ran"
      end)
    end), "ran")
  end
end)

test("the function finds modules where the script does", function()
  local path = package.path
  package.path = "/nowhere/?.lua;" .. path
  local executor <close> = async.ThreadPoolExecutor(1)
  equal(await(executor:submit(function() return package.path end)), package.path)
  package.path = path
end)

test("the tasks that the function leaves are cancelled and waited for", function()
  equal(async.to_thread(function()
    left = "running"
    async.spawn(function()
      local guard <close> = setmetatable({}, { __close = function() left = "closed" end })
      async.sleep(1000)
    end)
    async.sleep(0)
  end), nil)
  equal(async.to_thread(function() return left end), "closed")
end)

test("a thread may call to_thread itself", function()
  equal(async.to_thread(function()
    return async.to_thread(function(x) return x + 1 end, 41)
  end), 42)
end)

test("an error comes back with its class, message, fields and remote traceback", function()
  local err = raises(async.ValueError, async.to_thread, function()
    local function inner() error(async.ValueError("too large", { limit = 7 })) end
    inner()
  end)
  equal(err.message, "too large")
  equal(err.limit, 7)
  check(err.traceback:find("in local 'inner'", 1, true), err.traceback)
end)

test("an error that is a string comes back as it is", function()
  local err = raises("to_thread_test.lua:%d+: plain", async.to_thread, function() error("plain") end)
  equal(type(err), "string")
end)

test("errors of other types come back as they are", function()
  for _, value in ipairs { 17, false, { code = 5 } } do
    local _, err = async.catch(async.to_thread, function() error(value) end)
    equal(err, value)
  end
  local ok, err = async.catch(async.to_thread, function() error(nil) end)
  check(not ok and err == nil)
end)

test("a deadlock in the thread is an error of the call", function()
  raises(async.DeadlockError, async.to_thread, function() await(async.Future()) end)
end)

test("a result that cannot be copied is a TypeError that names it", function()
  local err = raises(async.TypeError, async.to_thread, function() return 1, { file = io.stdout } end)
  check(tostring(err):find("result 2.file", 1, true), tostring(err))
end)

test("an argument that cannot be copied is a TypeError at the caller", function()
  local err = misuse(async.TypeError, async.to_thread, print, { file = io.stdout })
  check(tostring(err):find("argument 2.file", 1, true), tostring(err))
end)

test("what is no function is refused at the caller", function()
  check(misuse(async.TypeError, async.to_thread).message:find("got nil"))
  check(misuse(async.TypeError, async.to_thread, "print").message:find("got string"))
  local described = async(function() end)()
  check(misuse(async.TypeError, async.to_thread, described).message:find("pass the function that makes it"))
  await(described)
end)

test("in a callback of the loop to_thread is refused, and calls nothing", function()
  local problem
  async.get_running_loop():call_soon(function() problem = select(2, async.catch(async.to_thread, os.exit, 1)) end)
  async.sleep(0)
  check(async.is(problem, async.RuntimeError), tostring(problem))
end)

test("a cancelled waiter goes on at once, and the result is dropped", function()
  local task = async.spawn(async.to_thread, function() async.sleep(1000) end)
  async.sleep(0)
  task:cancel()
  raises(async.CancelledError, await, task)
end)

test("a task that waits for a thread is shown to wait in to_thread", function()
  local task = async.spawn(async.to_thread, async.sleep, 1000)
  async.sleep(0)
  check(tostring(task):find("waiting in to_thread at .*to_thread_test.lua:%d+>$"), tostring(task))
  task:cancel()
  async.catch(await, task)
end)

test("the trace of a thread within a thread names both calls", function()
  local err = raises(async.ValueError, async.to_thread, function()
    async.to_thread(function() error(async.ValueError("inner")) end)
  end)
  check(err.message == "inner")
  local _, problem = async.catch(function() await(async.spawn(async.to_thread, async.to_thread, error, "x")) end)
  equal(problem, "x")
end)

test("a call whose waiter is cancelled is interrupted where it waits", function()
  local name = os.tmpname()
  local task = async.spawn(async.to_thread, function(path)
    local guard <close> = setmetatable({}, { __close = function() os.remove(path) end })
    io.open(path, "a"):write("begun"):close()
    async.sleep(1000)
  end, name)
  async.to_thread(function(path)
    while io.open(path):read("a") ~= "begun" do async.sleep(0.001) end
  end, name)
  task:cancel()
  raises(async.CancelledError, await, task)
  async.to_thread(function(path)
    while io.open(path) do async.sleep(0.001) end
  end, name)
end)

test("a call whose waiter is cancelled is interrupted where it computes, also within pcall", { clock = "real" }, function()
  local executor <close> = async.ThreadPoolExecutor(1)
  for _ = 1, 3 do
    local future = executor:submit(function()
      while true do pcall(spin) end
    end)
    async.sleep(0.01)
    check(future:cancel())
    equal(await(executor:submit(function() return "free again" end)), "free again")
  end
end)

test("an interrupted call runs its cleanup, which may wait", function()
  local executor <close> = async.ThreadPoolExecutor(1)
  local future = executor:submit(function()
    local guard <close> = setmetatable({}, { __close = function()
      async.sleep(0.01)
      cleaned = true
    end })
    async.sleep(1000)
  end)
  await(executor:submit(function() end):cancel() and nil)
  async.to_thread(async.sleep, 0.01)
  future:cancel()
  check(await(executor:submit(function() return cleaned end)))
end)

test("wait_for ends a call that computes for ever", { clock = "real" }, function()
  raises(async.TimeoutError, async.wait_for, function() async.to_thread(spin) end, 0.01)
end)

test("cancelling at any moment leaves the threads in order", { clock = "real" }, function()
  math.randomseed(5)
  local executor <close> = async.ThreadPoolExecutor(3)
  local kept = {}
  for i = 1, 600 do
    local future = executor:submit(function(n)
      if n % 3 == 0 then
        for _ = 1, n * 20 do end
      elseif n % 3 == 1 then
        async.sleep(n / 1e6)
      end
      return n
    end, i)
    if math.random(2) == 1 then
      async.spawn(function()
        async.sleep(math.random(0, 20) / 1e4)
        future:cancel()
      end)
    else
      kept[#kept + 1] = { future, i }
    end
    if i % 20 == 0 then async.sleep(0.0005) end
  end
  for _, each in ipairs(kept) do equal(await(each[1]), each[2]) end
end)

test("memory is flat over many calls", { clock = "real" }, function()
  local function call(n)
    for i = 1, n do async.to_thread(function(x) return { x } end, { i, ("x"):rep(100) }) end
    collectgarbage()
    return collectgarbage("count")
  end
  call(100)
  local before = call(1000)
  check(call(5000) - before < 20, "kilobytes more")
end)

test("a function of async.contextmanager crosses, what it gives does not", function()
  local opened = async.contextmanager(function(name)
    coroutine.yield(name .. " is open")
  end)
  equal(async.to_thread(function() return async.with(opened("x"), function(value) return value end) end), "x is open")
  local back, again = async.to_thread(function(f) return f, f end, opened)
  check(back == again)
  equal(async.with(back("y"), function(value) return value end), "y is open")
  local err = misuse(async.TypeError, async.to_thread, print, opened("z"))
  check(err.message:find("argument 2 is a ContextManager, which cannot be copied", 1, true), err.message)
end)

test("a library function crosses by any name that a script gives it", function()
  package.loaded.thread_test_names = { nap = async.sleep, say = print, cut = string.rep, group = { rest = async.sleep } }
  local names = package.loaded.thread_test_names
  nap_of_mine = names.nap
  local same = async.to_thread(function(nap, say, cut, rest, mine)
    return nap == async.sleep and say == print and cut == string.rep and rest == async.sleep and mine == async.sleep
  end, names.nap, names.say, names.cut, names.group.rest, nap_of_mine)
  check(same)
  local sleep <const> = async.sleep
  check(async.to_thread(function() return sleep == async.sleep end))
  package.loaded.thread_test_names, nap_of_mine = nil, nil
end)
