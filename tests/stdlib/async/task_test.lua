test("spawn starts a function later, with its arguments", function()
  local got
  local task = async.spawn(function(...) got = table.pack(...) end, 1, nil, "c", nil)
  equal(got, nil)
  await(task)
  equal(got, { 1, nil, "c", nil, n = 4 })
end)

test("spawn takes a Coroutine, and keeps all its arguments", function()
  local count = async(function(...) return select("#", ...), ... end)
  equal({ await(async.spawn(count())) }, { 0 })
  equal({ await(async.spawn(count("a", nil, nil, nil, "e", nil))) }, { 6, "a", nil, nil, nil, "e" })
end)

test("spawn takes a callable table", function()
  local callable = setmetatable({}, { __call = function(self, x) return self, x end })
  equal({ await(async.spawn(callable, 5)) }, { callable, 5 })
end)

test("spawn and create_task refuse what cannot be called, with a hint for what has been started", function()
  raises("TypeError.*got no value", async.spawn)
  raises("TypeError.*got nil", async.spawn, nil)
  raises("TypeError.*got string", async.spawn, "print")
  raises("TypeError.*got Future; await it instead", async.spawn, async.Future())
  raises(async.TypeError, async.create_task, 42)
  raises("TypeError.*no option 'nmae'", async.create_task, print, { nmae = "x" })
  raises(async.TypeError, async.create_task, print, "name")
end)

test("the same Coroutine cannot become two tasks", function()
  local coroutine = async(function() return 1 end)()
  local task = async.create_task(coroutine)
  raises(async.RuntimeError, async.create_task, coroutine)
  raises(async.RuntimeError, await, coroutine)
  equal(await(task), 1)
end)

test("a task gives all its results, also none, nil, 200 and 10,000", function()
  local many = {}
  for i = 1, 10000 do many[i] = i end
  local function round(...)
    local task = async.spawn(function(...) return ... end, ...)
    local first = table.pack(await(task))
    equal(first, table.pack(task:result()))
    return first
  end
  equal(round(), { n = 0 })
  equal(round(nil), { n = 1 })
  equal(round(nil, nil, 3, nil), { nil, nil, 3, nil, n = 4 })
  equal(round(table.unpack(many, 1, 200)).n, 200)
  equal(round(table.unpack(many)), table.pack(table.unpack(many)))
end)

test("tasks run first in, first out, together with call_soon callbacks", function()
  local order, loop = {}, async.get_running_loop()
  local function note(x) order[#order + 1] = x end
  async.spawn(note, 1)
  loop:call_soon(note, 2)
  async.spawn(note, 3)
  loop:call_soon(note, 4)
  async.sleep(0)
  equal(order, { 1, 2, 3, 4 })
end)

test("a task has a name of its own, a number, or what it was given", function()
  local a, b = async.spawn(print), async.spawn(print)
  check(a:get_name():match("^Task%-%d+$"))
  check(a:get_name() ~= b:get_name())
  a:set_name("first")
  equal(a:get_name(), "first")
  local c = async.create_task(print, { name = "c" })
  equal(c:get_name(), "c")
  c:set_name(42)
  equal(c:get_name(), "42")
  for _, task in ipairs { a, b, c } do task:cancel() end
  async.wait { a, b, c }
end)

test("tostring of a task tells its name, its state and where it waits", function()
  local task = async.create_task(function() async.sleep(1) end, { name = "napper" })
  equal(tostring(task), "<Task name='napper' not started>")
  async.sleep(0)
  check(tostring(task):match("^<Task name='napper' waiting in sleep at .*task_test.lua:%d+>$"), tostring(task))
  await(task)
  equal(tostring(task), "<Task name='napper' finished>")
  check(tostring(async.current_task()):find("running"))
  local failed = async.create_task(error, { name = "f" })
  pcall(await, failed)
  equal(tostring(failed), "<Task name='f' failed>")
  local cancelled = async.create_task(print, { name = "c" })
  cancelled:cancel()
  raises(async.CancelledError, await, cancelled)
  equal(tostring(cancelled), "<Task name='c' cancelled>")
end)

test("set_result and set_exception on a task are errors", function()
  local task = async.spawn(async.sleep, 1)
  raises(async.RuntimeError, task.set_result, task, 1)
  raises(async.RuntimeError, task.set_exception, task, "x")
  await(task)
  raises(async.RuntimeError, task.set_result, task, 1)
end)

test("result and exception of a pending task are InvalidStateErrors", function()
  local task = async.spawn(async.sleep, 1)
  raises(async.InvalidStateError, task.result, task)
  raises(async.InvalidStateError, task.exception, task)
  await(task)
  equal(task:exception(), nil)
end)

test("current_task is the task that runs, also inside coroutines and awaited Coroutines", function()
  local main, seen = async.current_task(), {}
  local task = async.spawn(function()
    seen[1] = async.current_task()
    seen[2] = coroutine.wrap(function()
      async.sleep(1)
      return async.current_task()
    end)()
    seen[3] = await(async(async.current_task)())
  end)
  await(task)
  equal(seen, { task, task, task })
  equal(async.current_task(), main)
end)

test("current_task in a callback is nil", function()
  local called, task = false, nil
  async.get_running_loop():call_soon(function()
    called, task = true, async.current_task()
  end)
  async.sleep(0)
  check(called)
  equal(task, nil)
end)

test("all_tasks lists the tasks that are not done, oldest first", function()
  local main = async.current_task()
  equal(async.all_tasks(), { main })
  local a = async.spawn(async.sleep, 2)
  local b = async.spawn(async.sleep, 1)
  local c = async.spawn(async.sleep, 3)
  equal(async.all_tasks(), { main, a, b, c })
  await(b)
  equal(async.all_tasks(), { main, a, c })
  await(c)
  equal(async.all_tasks(), { main })
end)

test("dropping the last reference to a running task loses nothing", function()
  local done = 0
  for _ = 1, 100 do
    async.spawn(function()
      async.sleep(1)
      collectgarbage("step")
      await(async.spawn(async.sleep, 1))
      done = done + 1
    end)
  end
  collectgarbage()
  collectgarbage()
  async.sleep(3)
  equal(done, 100)
end)

test("an error of any type crosses tasks unchanged", function()
  local file = io.tmpfile()
  for _, err in ipairs { "text", 42, 0.5, false, true, {}, print, file, async.ValueError("v") } do
    local function fail() error(err, 0) end
    local outer = async.spawn(function() return await(async.spawn(fail)) end)
    local ok, got = pcall(await, outer)
    equal(ok, false)
    check(rawequal(got, err))
    check(rawequal(outer:exception(), err))
    equal({ pcall(outer.result, outer) }, { false, err })
  end
  file:close()
end)

test("the error nil crosses tasks unchanged", function()
  local task = async.spawn(error)
  equal(table.pack(pcall(await, task)), { false, nil, n = 2 })
  equal(table.pack(pcall(task.result, task)), { false, nil, n = 2 })
  check(task:done() and not task:cancelled())
  equal(task:exception(), nil)
end)

test("a task that raises a CancelledError of its own ends cancelled", function()
  local task = async.spawn(function() error(async.CancelledError("enough")) end)
  equal(raises(async.CancelledError, await, task).message, "enough")
  check(task:cancelled())
end)

test("a failed task nobody looked at is reported when it is collected", function()
  local seen = reports()
  async.create_task(function() error("lost") end, { name = "loser" })
  async.sleep(0)
  collectgarbage()
  async.sleep(0)
  equal(#seen, 1)
  equal(seen[1].message, "Task exception was never retrieved")
  check(tostring(seen[1].exception):find("lost"))
  equal(seen[1].task:get_name(), "loser")
end)

test("a failed task is reported once, and not when its error was retrieved meanwhile", function()
  local seen = reports()
  local task = async.spawn(error, "kept")
  async.sleep(0)
  collectgarbage()
  async.sleep(0)
  equal(#seen, 0)
  equal(task:exception(), "kept")
  task = nil
  collectgarbage()
  async.sleep(0)
  equal(#seen, 0)
end)

test("a cancelled task is never reported", function()
  local seen = reports()
  async.spawn(async.sleep, 1):cancel()
  async.sleep(0)
  collectgarbage()
  async.sleep(0)
  equal(#seen, 0)
end)

test("a task's error that waits for an awaiter which was cancelled is reported", function()
  local seen = reports()
  local inner = async.spawn(function()
    async.sleep(1)
    error("nobody hears")
  end)
  local outer = async.spawn(async.shield, inner)
  async.sleep(0)
  outer:cancel()
  inner = nil
  async.sleep(2)
  outer = nil
  collectgarbage()
  async.sleep(0)
  equal(#seen, 1)
end)

test("an eager task runs at once until it waits for the first time", function()
  local order = {}
  local task = async.create_task(function()
    order[#order + 1] = "first step"
    async.sleep(0)
    order[#order + 1] = "second step"
    return "r"
  end, { eager = true })
  order[#order + 1] = "creator"
  equal(await(task), "r")
  equal(order, { "first step", "creator", "second step" })
end)

test("an eager task that never waits is done when create_task returns", function()
  local task = async.create_task(function() return 1, 2 end, { eager = true })
  check(task:done())
  equal({ await(task) }, { 1, 2 })
  local failed = async.create_task(error, { eager = true, name = "e" })
  check(failed:done())
  pcall(failed.result, failed)
end)

test("an eager task is the current one during its first step, and its creator is again after it", function()
  local main, inside, nested = async.current_task(), nil, nil
  local task = async.create_task(function()
    inside = async.current_task()
    nested = async.create_task(async.current_task, { eager = true })
    check(async.current_task() == inside)
    async.sleep(0)
    check(async.current_task() == inside)
  end, { eager = true })
  equal(inside, task)
  equal(nested:result(), nested)
  equal(async.current_task(), main)
  await(task)
end)

test("an eager task may cancel its creator, itself and wait for neither", function()
  local creator = async.spawn(function()
    async.create_task(function()
      raises(async.RuntimeError, await, async.current_task())
      for _, task in ipairs(async.all_tasks()) do
        if task:get_name() == "creator" then task:cancel() end
      end
    end, { eager = true })
    async.sleep(1)
  end)
  creator:set_name("creator")
  raises(async.CancelledError, await, creator)
  local itself = async.create_task(function()
    async.current_task():cancel()
    async.sleep(1)
  end, { eager = true })
  check(itself:cancelled())
end)

test("an eager task made inside a coroutine or a comparator starts there and waits in the loop", function()
  local tasks, list = {}, { 3, 1, 2 }
  table.sort(list, function(a, b)
    tasks[#tasks + 1] = async.create_task(function()
      async.sleep(1)
      return "done"
    end, { eager = true })
    return a < b
  end)
  equal(list, { 1, 2, 3 })
  coroutine.wrap(function()
    tasks[#tasks + 1] = async.create_task(async(async.sleep)(1, "done"), { eager = true })
  end)()
  for _, task in ipairs(tasks) do equal(await(task), "done") end
end)

test("eager tasks nested without end fail with an error, and no crash", function()
  local deepest = 0
  local function nest(depth)
    deepest = math.max(deepest, depth)
    local inner = async.create_task(function() return nest(depth + 1) end, { eager = true })
    return await(inner)
  end
  local ok, err = pcall(nest, 1)
  check(not ok)
  check(tostring(err):find("stack overflow"), tostring(err))
  check(deepest > 20)
end)

test("a chain of 100,000 tasks each awaiting the next ends", function()
  local previous = async.spawn(function()
    async.sleep(1)
    return "end"
  end)
  for _ = 1, 100000 do previous = async.spawn(await, previous) end
  equal(await(previous), "end")
end)

test("an error comes through a chain of 10,000 tasks", function()
  local problem = async.ValueError("deep")
  local previous = async.spawn(error, problem)
  for _ = 1, 10000 do previous = async.spawn(await, previous) end
  equal(raises(async.ValueError, await, previous), problem)
end)

test("a task that awaits itself gets an error at once", function()
  local task
  task = async.spawn(function() return await(task) end)
  raises("RuntimeError: a task cannot await itself", await, task)
  raises(async.RuntimeError, await, async.current_task())
  raises(async.RuntimeError, async.shield, async.current_task())
  raises(async.RuntimeError, async.wait_for, async.current_task(), 1)
end)

test("two tasks awaiting each other both end when either is cancelled", function()
  for pick = 1, 2 do
    local tasks = {}
    tasks[1] = async.spawn(function() await(tasks[2]) end)
    tasks[2] = async.spawn(function() await(tasks[1]) end)
    async.sleep(1)
    tasks[pick]:cancel()
    async.sleep(0)
    async.wait(tasks)
    check(tasks[1]:cancelled() and tasks[2]:cancelled())
  end
end)

test("a ring of 1,000 tasks ends when one is cancelled", function()
  local tasks = {}
  for i = 1, 1000 do
    tasks[i] = async.spawn(function() await(tasks[i % 1000 + 1]) end)
  end
  async.sleep(0)
  tasks[500]:cancel()
  async.wait(tasks)
  for i = 1, 1000 do check(tasks[i]:cancelled()) end
end)

test("many tasks may await one", function()
  local one = async.spawn(async.sleep, 1, "x")
  local tasks = {}
  for i = 1, 100 do tasks[i] = async.spawn(await, one) end
  for i = 1, 100 do equal(await(tasks[i]), "x") end
end)

test("a coroutine that a task leaves behind does not disturb the next task on the same stack", function()
  for _ = 1, 3 do
    local tasks = {}
    for i = 1, 50 do
      tasks[i] = async.spawn(function()
        local inner = coroutine.wrap(function()
          coroutine.yield(1)
          async.sleep(1)
        end)
        inner()
        return i
      end)
    end
    for i = 1, 50 do equal(await(tasks[i]), i) end
    collectgarbage()
  end
end)

test("tasks work with collections of either kind at every step", function()
  for _, mode in ipairs { "generational", "incremental" } do
    local before = collectgarbage(mode)
    local tasks = {}
    for i = 1, 50 do
      tasks[i] = async.spawn(function()
        for _ = 1, 5 do
          collectgarbage(i % 2 == 0 and "step" or "collect")
          async.sleep(i % 3)
        end
        local ok, err = pcall(await, async.spawn(error, { i }))
        collectgarbage()
        return not ok and err[1]
      end)
    end
    for i = 1, 50 do equal(await(tasks[i]), i) end
    collectgarbage(before)
  end
end)

test("memory is flat after many spawned and awaited tasks", function()
  local function round(n)
    for i = 1, n do equal(await(async.spawn(math.abs, -i)), i) end
    collectgarbage()
    collectgarbage()
    return collectgarbage("count")
  end
  local before = round(1000)
  local after = round(50000)
  check(after - before < 50, ("grew by %.0f KiB"):format(after - before))
end)

test("memory is flat after many failed tasks", function()
  local function round(n)
    for _ = 1, n do pcall(await, async.spawn(error, "x")) end
    collectgarbage()
    collectgarbage()
    return collectgarbage("count")
  end
  round(10000) -- the table of failures grows to what one cycle of the collector leaves in it
  local before = round(10000)
  local after = round(10000)
  check(after - before < 50, ("grew by %.0f KiB"):format(after - before))
end)
