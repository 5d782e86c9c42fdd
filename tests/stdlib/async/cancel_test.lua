local function forever() async.sleep(math.huge) end

local function guard(fn) return setmetatable({}, { __close = fn }) end

test("cancel raises CancelledError at the current wait, with the message", function()
  local err
  local task = async.spawn(function()
    local ok
    ok, err = async.catch(forever)
    error(err, 0)
  end)
  async.sleep(1)
  equal(task:cancel("enough"), true)
  check(not task:cancelled())
  equal(raises(async.CancelledError, await, task).message, "enough")
  equal(err.message, "enough")
  check(task:cancelled() and task:done())
end)

test("a task cancelled before its first step never runs its body and ends cancelled", function()
  local ran = false
  local task = async.spawn(function() ran = true end)
  task:cancel("early")
  equal(raises(async.CancelledError, await, task).message, "early")
  check(not ran and task:cancelled())
end)

test("a Coroutine's task cancelled before its first step cannot be awaited again", function()
  local coroutine = async(function() end)()
  local task = async.create_task(coroutine)
  task:cancel()
  raises(async.CancelledError, await, task)
  raises(async.RuntimeError, await, coroutine)
end)

test("cancelling a finished task does nothing and returns false", function()
  local task = async.spawn(math.abs, -1)
  await(task)
  equal(task:cancel(), false)
  equal({ task:result(), task:cancelled(), task:cancelling() }, { 1, false, 0 })
end)

test("cancelling the current task takes effect at its next wait", function()
  local went_on = false
  local task = async.spawn(function()
    equal(async.current_task():cancel("me"), true)
    went_on = true
    async.sleep(0)
    error("not reached")
  end)
  equal(raises(async.CancelledError, await, task).message, "me")
  check(went_on)
end)

test("a body that returns with a request undelivered ends cancelled", function()
  local task = async.spawn(function()
    async.current_task():cancel("late")
    return "r"
  end)
  equal(raises(async.CancelledError, await, task).message, "late")
  check(task:cancelled())
end)

test("a body that fails with a request undelivered fails", function()
  local task = async.spawn(function()
    async.current_task():cancel()
    error("x", 0)
  end)
  equal({ pcall(await, task) }, { false, "x" })
  check(not task:cancelled())
end)

test("one CancelledError for each request; afterwards waits work, so cleanup can wait", function()
  local task = async.spawn(function()
    local ok = async.catch(forever)
    check(not ok)
    equal(elapsed(async.sleep, 3), 3.0)
    return "cleaned"
  end)
  async.sleep(1)
  task:cancel()
  equal(await(task), "cleaned")
  check(not task:cancelled())
  equal(task:cancelling(), 1)
end)

test("two requests before the task runs again are one CancelledError, the last message counts", function()
  local caught = 0
  local task = async.spawn(function()
    for _ = 1, 2 do
      local ok, err = async.catch(async.sleep, 1)
      if not ok then
        caught = caught + 1
        equal(err.message, "second")
      end
    end
    equal(async.current_task():cancelling(), 2)
  end)
  async.sleep(0)
  task:cancel("first")
  task:cancel("second")
  await(task)
  equal(caught, 1)
end)

test("a request during the cleanup ends the cleanup's wait", function()
  local order = {}
  local task = async.spawn(function()
    local ok, err = async.catch(forever)
    order[1] = err.message
    ok, err = async.catch(forever)
    order[2] = err.message
    ok, err = async.catch(forever)
    order[3] = err.message
  end)
  for i = 1, 3 do
    async.sleep(1)
    task:cancel("request " .. i)
  end
  await(task)
  equal(order, { "request 1", "request 2", "request 3" })
end)

test("cancelling counts requests, and uncancel takes one back", function()
  local task = async.spawn(function()
    async.catch(forever)
    async.catch(forever)
    local me = async.current_task()
    equal(me:cancelling(), 2)
    equal(me:uncancel(), 1)
    equal(me:uncancel(), 0)
    equal(me:uncancel(), 0)
    equal(me:cancelling(), 0)
    async.sleep(1)
  end)
  async.sleep(1)
  task:cancel()
  async.sleep(1)
  task:cancel()
  await(task)
  check(not task:cancelled())
end)

test("uncancel down to zero takes back a request that was not delivered yet", function()
  local task = async.spawn(function()
    local me = async.current_task()
    me:cancel()
    equal(me:uncancel(), 0)
    async.sleep(1)
    return "r"
  end)
  equal(await(task), "r")
end)

test("uncancel that leaves a request keeps it pending", function()
  local task = async.spawn(function()
    local me = async.current_task()
    me:cancel()
    me:cancel()
    equal(me:uncancel(), 1)
    async.sleep(1)
  end)
  raises(async.CancelledError, await, task)
end)

test("100,000 requests are counted without wrapping round", function()
  local task = async.spawn(function() async.catch(forever) end)
  async.sleep(0)
  for _ = 1, 100000 do task:cancel() end
  check(task:cancelling() >= 50000)
  await(task)
  local scoped = async.spawn(function()
    for _ = 1, 70000 do async.current_task():cancel() end
    async.catch(async.sleep, 1)
    async.timeout(1, forever)
  end)
  raises(async.TimeoutError, await, scoped)
end)

test("CancelledError passes through pcall, xpcall, wrap and resume, and ends the task", function()
  local reached, handled = {}, false
  local ways = {
    function() pcall(forever) end,
    function() xpcall(forever, function(e)
      handled = true
      return e
    end) end,
    function() coroutine.wrap(forever)() end,
    function() coroutine.resume(coroutine.create(forever)) end,
    function() pcall(pcall, pcall, forever) end,
    function() pcall(coroutine.wrap(function() xpcall(coroutine.wrap(forever), print) end)) end,
  }
  for i, way in ipairs(ways) do
    local task = async.spawn(function()
      way()
      reached[#reached + 1] = i
    end)
    async.sleep(0)
    task:cancel("through")
    equal(raises(async.CancelledError, await, task).message, "through")
  end
  equal(reached, {})
  check(not handled)
end)

test("async.catch catches CancelledError and everything else", function()
  local task = async.spawn(function()
    local ok, err = async.catch(forever)
    check(not ok and async.is(err, async.CancelledError))
    equal({ async.catch(error, "x", 0) }, { false, "x" })
    equal(table.pack(async.catch(error)), { false, nil, n = 2 })
    return async.catch(function(...) return ... end, 1, nil, 3)
  end)
  async.sleep(0)
  task:cancel()
  equal({ await(task) }, { true, 1, nil, 3 })
end)

test("close handlers run in reverse order, get the CancelledError, and may wait", function()
  local order = {}
  local task = async.spawn(function()
    local a <close> = guard(function(_, err)
      async.sleep(1)
      order[#order + 1] = "a:" .. err.message
    end)
    pcall(function()
      local b <close> = guard(function(_, err)
        await(async.spawn(async.sleep, 1))
        order[#order + 1] = "b:" .. err.message
      end)
      coroutine.wrap(function()
        local c <close> = guard(function(_, err)
          async.sleep(1)
          order[#order + 1] = "c:" .. err.message
        end)
        forever()
      end)()
    end)
  end)
  async.sleep(1)
  equal(elapsed(function()
    task:cancel("m")
    raises(async.CancelledError, await, task)
  end), 3.0)
  equal(order, { "c:m", "b:m", "a:m" })
end)

test("an error in a close handler replaces the cancellation, as Lua does", function()
  local task = async.spawn(function()
    local a <close> = guard(function() error("in close", 0) end)
    forever()
  end)
  async.sleep(0)
  task:cancel()
  equal({ pcall(await, task) }, { false, "in close" })
  check(not task:cancelled())
end)

test("an error in an inner close handler is seen by the outer ones, and pcall catches it then", function()
  local seen, result
  local task = async.spawn(function()
    result = { pcall(function()
      local a <close> = guard(function(_, err) seen = err end)
      local b <close> = guard(function() error("b", 0) end)
      forever()
    end) }
    return "went on"
  end)
  async.sleep(0)
  task:cancel()
  equal(await(task), "went on")
  equal(seen, "b")
  equal(result, { false, "b" })
end)

test("a cancel while a close handler waits ends that wait; the other handlers run", function()
  local order = {}
  local task = async.spawn(function()
    local a <close> = guard(function() order[#order + 1] = "a" end)
    local b <close> = guard(function()
      order[#order + 1] = "b begins"
      async.sleep(10)
      order[#order + 1] = "b ends"
    end)
    forever()
  end)
  async.sleep(1)
  task:cancel("one")
  async.sleep(1)
  task:cancel("two")
  equal(raises(async.CancelledError, await, task).message, "two")
  equal(order, { "b begins", "a" })
end)

test("a task that swallows its cancellation and returns keeps its result", function()
  local task = async.spawn(function()
    async.catch(forever)
    return "kept"
  end)
  async.sleep(0)
  task:cancel()
  equal(await(task), "kept")
  check(not task:cancelled())
end)

test("a result that is there when the cancel comes is delivered; the cancel comes at the next wait", function()
  local got
  local inner = async.spawn(async.sleep, 1, "result")
  local task = async.spawn(function()
    got = await(inner)
    async.sleep(1)
    error("not reached")
  end)
  inner:add_done_callback(function() task:cancel("late") end)
  equal(raises(async.CancelledError, await, task).message, "late")
  equal(got, "result")
end)

test("a timer that fires in the turn of the cancel is either the end of the sleep or the cancellation", function()
  local slept = false
  local task
  async.get_running_loop():call_later(1, function() task:cancel() end)
  task = async.spawn(function()
    async.sleep(1)
    slept = true
    async.sleep(1)
    error("not reached")
  end)
  raises(async.CancelledError, await, task)
  check(task:cancelled())
end)

test("a task cancelled out of a sleep is not woken by the old timer", function()
  local future = async.Future()
  local task = async.spawn(function()
    async.catch(async.sleep, 5)
    local start = async.get_running_loop():time()
    local value = await(future)
    return value, async.get_running_loop():time() - start
  end)
  async.sleep(1)
  task:cancel()
  async.get_running_loop():call_later(20, future.set_result, future, "v")
  equal({ await(task) }, { "v", 20.0 })
end)

test("a task cancelled out of an await is not woken by the old future", function()
  local old = async.Future()
  local task = async.spawn(function()
    async.catch(async.shield, old)
    return elapsed(async.sleep, 10)
  end)
  async.sleep(0)
  task:cancel()
  async.get_running_loop():call_later(1, old.set_result, old)
  equal(await(task), 10.0)
end)

test("cancelling a task that awaits a task cancels that one, and so on down", function()
  local inner = async.spawn(forever)
  local middle = async.spawn(await, inner)
  local outer = async.spawn(await, middle)
  async.sleep(0)
  outer:cancel("down")
  equal(raises(async.CancelledError, await, outer).message, "down")
  check(inner:cancelled() and middle:cancelled())
  equal({ inner:cancelling(), middle:cancelling(), outer:cancelling() }, { 1, 1, 1 })
end)

test("when the awaited task swallows the cancellation its result arrives", function()
  local inner = async.spawn(function()
    async.catch(forever)
    async.sleep(1)
    return "saved"
  end)
  local outer = async.spawn(function() return await(inner) end)
  async.sleep(0)
  outer:cancel()
  equal(await(outer), "saved")
  check(not outer:cancelled())
end)

test("a task waits for its awaited task's cleanup before it ends cancelled", function()
  local inner = async.spawn(function()
    local g <close> = guard(function() async.sleep(3) end)
    forever()
  end)
  local outer = async.spawn(await, inner)
  async.sleep(0)
  equal(elapsed(function()
    outer:cancel()
    raises(async.CancelledError, await, outer)
  end), 3.0)
end)

test("a chain of 100,000 awaiting tasks is cancelled from its head", function()
  local last = async.spawn(forever)
  local head = last
  for _ = 1, 100000 do head = async.spawn(await, head) end
  async.sleep(0)
  while tostring(last):find("not started") do async.sleep(0) end
  async.sleep(1)
  head:cancel()
  raises(async.CancelledError, await, head)
  check(last:cancelled())
end)

test("a task that is awaited by several is cancelled for all of them", function()
  local inner = async.spawn(forever)
  local a, b = async.spawn(await, inner), async.spawn(await, inner)
  async.sleep(0)
  a:cancel()
  raises(async.CancelledError, await, a)
  raises(async.CancelledError, await, b)
  equal({ a:cancelling(), b:cancelling() }, { 1, 0 })
end)

test("cancel during sleep(0) and while ready", function()
  local task = async.spawn(function()
    for _ = 1, 100 do async.sleep(0) end
  end)
  async.sleep(0)
  task:cancel()
  raises(async.CancelledError, await, task)
end)

test("a subclass of CancelledError passes through pcall as well", function()
  local Stop = async.class("Stop", async.CancelledError)
  local passed = false
  local task = async.spawn(function()
    pcall(error, Stop("s"))
    passed = true
  end)
  raises(Stop, await, task)
  check(task:cancelled() and not passed)
end)

test("a CancelledError that a script raises in the main task passes its pcall", function()
  local ok, err = async.catch(function()
    pcall(error, async.CancelledError("mine"))
    return "not reached"
  end)
  check(not ok)
  equal(err.message, "mine")
end)

test("a generator ended by a cancellation is dead, and its consumer cancelled", function()
  local generator = coroutine.create(function()
    coroutine.yield(1)
    forever()
  end)
  local task = async.spawn(function()
    coroutine.resume(generator)
    coroutine.resume(generator)
  end)
  async.sleep(0)
  equal(coroutine.status(generator), "normal")
  task:cancel()
  raises(async.CancelledError, await, task)
  equal(coroutine.status(generator), "dead")
end)

test("100,000 sleeping tasks are cancelled in no quadratic time, and leave no timer behind", function()
  local tasks = {}
  for i = 1, 100000 do tasks[i] = async.spawn(async.sleep, 1000 + i % 7) end
  async.sleep(1)
  for i = 1, #tasks do tasks[i]:cancel() end
  async.wait(tasks)
end)

test("memory is flat after many cancelled sleeps", function()
  local function round(n)
    for _ = 1, n do
      local task = async.spawn(async.sleep, 1000)
      async.sleep(0)
      task:cancel("with a message")
      async.catch(await, task)
    end
    collectgarbage()
    collectgarbage()
    return collectgarbage("count")
  end
  round(500)
  local before = round(5000)
  check(round(5000) - before < 50)
end)

test("cancellations work with collections at every step", function()
  local before = collectgarbage("generational")
  for i = 1, 50 do
    local task = async.spawn(function()
      local g <close> = guard(function()
        collectgarbage()
        async.sleep(1)
        collectgarbage()
      end)
      collectgarbage(i % 2 == 0 and "step" or "collect")
      coroutine.wrap(forever)()
    end)
    async.sleep(0)
    collectgarbage()
    task:cancel("m" .. i)
    collectgarbage()
    equal(raises(async.CancelledError, await, task).message, "m" .. i)
  end
  collectgarbage(before)
end)

test("the methods of a task refuse other values", function()
  local task = async.current_task()
  for _, method in ipairs { "cancelling", "uncancel", "get_name", "set_name" } do
    raises(async.TypeError, task[method], 5)
    raises(async.TypeError, task[method], async.Future())
  end
end)
