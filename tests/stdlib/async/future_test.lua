test("a new future is pending", function()
  local future = async.Future()
  check(not future:done())
  check(not future:cancelled())
  raises(async.InvalidStateError, future.result, future)
  raises(async.InvalidStateError, future.exception, future)
  equal(tostring(future), "<Future pending>")
end)

test("a finished future gives its results as often as it is asked", function()
  local future = async.Future()
  future:set_result(1, nil, "c", nil)
  check(future:done())
  equal(table.pack(future:result()), { 1, nil, "c", nil, n = 4 })
  equal(table.pack(await(future)), { 1, nil, "c", nil, n = 4 })
  equal(future:exception(), nil)
end)

test("a future can be set to no value, nil, false, 200 and 10,000 values", function()
  local function round(...)
    local future = async.Future()
    future:set_result(...)
    return select("#", await(future)), select("#", future:result())
  end
  equal({ round() }, { 0, 0 })
  equal({ round(nil) }, { 1, 1 })
  equal({ round(false) }, { 1, 1 })
  local many = {}
  for i = 1, 10000 do many[i] = i end
  equal({ round(table.unpack(many, 1, 200)) }, { 200, 200 })
  equal({ round(table.unpack(many)) }, { 10000, 10000 })
end)

test("a future is completed once", function()
  local finished, failed, cancelled = async.Future(), async.Future(), async.Future()
  finished:set_result(1)
  failed:set_exception("no")
  cancelled:cancel()
  for _, future in ipairs { finished, failed, cancelled } do
    raises(async.InvalidStateError, future.set_result, future, 2)
    raises(async.InvalidStateError, future.set_exception, future, "x")
    equal(future:cancel(), false)
  end
  equal(failed:exception(), "no")
end)

test("set_exception keeps an error of any type but nil", function()
  for _, err in ipairs { "text", 42, false, {}, print, async.ValueError("v") } do
    local future = async.Future()
    future:set_exception(err)
    equal({ pcall(future.result, future) }, { false, err })
    equal({ pcall(await, future) }, { false, err })
    check(rawequal(future:exception(), err))
  end
  local future = async.Future()
  raises(async.TypeError, future.set_exception, future)
  check(not future:done())
end)

test("set_exception with a CancelledError cancels the future", function()
  local future = async.Future()
  future:set_exception(async.CancelledError("stop"))
  check(future:cancelled())
  equal(raises(async.CancelledError, await, future).message, "stop")
end)

test("cancel keeps its message, and the same error object is raised each time", function()
  local future = async.Future()
  equal(future:cancel("not needed"), true)
  equal(future:cancel("again"), false)
  check(future:cancelled() and future:done())
  local err = raises(async.CancelledError, future.result, future)
  equal(err.message, "not needed")
  equal(raises(async.CancelledError, await, future), err)
  equal(raises(async.CancelledError, future.exception, future), err)
end)

test("the message of a cancellation must be a string", function()
  misuse(async.TypeError, async.Future().cancel, async.Future(), {})
  equal(async.Future():cancel(nil), true)
end)

test("all who await a future are woken, in the order in which they began to wait", function()
  local future, order = async.Future(), {}
  for i = 1, 100 do
    async.spawn(function()
      order[i] = future:done()
      await(future)
      order[#order + 1] = i
    end)
  end
  async.sleep(0)
  equal(#order, 100)
  future:set_result()
  equal(#order, 100)
  async.sleep(0)
  for i = 1, 100 do equal(order[100 + i], i) end
end)

test("a waiter cancelled out of a future leaves the future and the other waiters alone", function()
  local future = async.Future()
  local function waiter() return await(async.shield(future)) end
  local a, b, c = async.spawn(waiter), async.spawn(waiter), async.spawn(waiter)
  async.sleep(0)
  b:cancel()
  async.sleep(0)
  check(b:cancelled() and not future:done())
  future:set_result("x")
  equal({ await(a), await(c) }, { "x", "x" })
end)

test("cancelling a task cancels the future that it awaits", function()
  local future = async.Future()
  local task = async.spawn(await, future)
  async.sleep(0)
  task:cancel("why")
  check(future:cancelled())
  equal(raises(async.CancelledError, await, task).message, "why")
end)

test("100,000 cancelled waiters of one future leave nothing behind", function()
  local future, tasks = async.Future(), {}
  for i = 1, 100000 do
    tasks[i] = async.spawn(async.shield, future)
  end
  async.sleep(0)
  for i = 1, #tasks do tasks[i]:cancel() end
  async.wait(tasks)
  for i = 1, #tasks, 999 do check(tasks[i]:cancelled()) end
  check(not future:done())
  future:set_result()
end)

test("done callbacks run in order, later, and get the future", function()
  local future, order = async.Future(), {}
  for i = 1, 3 do
    future:add_done_callback(function(f)
      check(f == future)
      equal(f:result(), "r")
      order[#order + 1] = i
    end)
  end
  future:set_result("r")
  equal(order, {})
  async.sleep(0)
  equal(order, { 1, 2, 3 })
end)

test("a callback added to a done future runs soon, not at once", function()
  local future, ran = async.Future(), 0
  future:set_result()
  future:add_done_callback(function() ran = ran + 1 end)
  equal(ran, 0)
  async.sleep(0)
  equal(ran, 1)
end)

test("callbacks and waiters of a future share one queue", function()
  local future, order = async.Future(), {}
  local function note(what)
    return function() order[#order + 1] = what end
  end
  future:add_done_callback(note("callback 1"))
  local task = async.spawn(function()
    await(future)
    order[#order + 1] = "task"
  end)
  async.sleep(0)
  future:add_done_callback(note("callback 2"))
  future:set_result()
  await(task)
  async.sleep(0)
  equal(order, { "callback 1", "task", "callback 2" })
end)

test("an error in a done callback is reported and stops nothing else", function()
  local seen, future, ran = reports(), async.Future(), {}
  local problem = async.ValueError("in callback")
  future:add_done_callback(function() ran[1] = true end)
  future:add_done_callback(function() error(problem) end)
  future:add_done_callback(function() ran[2] = true end)
  future:set_result()
  async.sleep(0)
  equal(ran, { true, true })
  equal(#seen, 1)
  equal(seen[1].exception, problem)
  check(seen[1].message:find("callback"))
end)

test("a done callback that waits is told to spawn a task", function()
  local seen, future, passed = reports(), async.Future(), false
  future:add_done_callback(function()
    async.sleep(1)
    passed = true
  end)
  future:set_result()
  async.sleep(2)
  check(not passed)
  equal(#seen, 1)
  check(async.is(seen[1].exception, async.RuntimeError))
  check(seen[1].exception.message:find("spawn a task"))
end)

test("add_done_callback refuses what cannot be called", function()
  raises(async.TypeError, async.Future().add_done_callback, async.Future(), 5)
  raises(async.TypeError, async.Future().add_done_callback, async.Future())
  local ran = false
  local future = async.Future()
  future:add_done_callback(setmetatable({}, { __call = function() ran = true end }))
  future:cancel()
  async.sleep(0)
  check(ran)
end)

test("remove_done_callback removes every registration of the function and counts them", function()
  local future, ran = async.Future(), {}
  local function a() ran[#ran + 1] = "a" end
  local function b() ran[#ran + 1] = "b" end
  for _, fn in ipairs { a, b, a, b, a } do future:add_done_callback(fn) end
  equal(future:remove_done_callback(a), 3)
  equal(future:remove_done_callback(a), 0)
  equal(future:remove_done_callback(print), 0)
  future:add_done_callback(a)
  future:set_result()
  async.sleep(0)
  equal(ran, { "b", "b", "a" })
  equal(future:remove_done_callback(b), 0)
end)

test("100,000 done callbacks that each add one more all run", function()
  local future, count = async.Future(), 0
  local function again(f)
    count = count + 1
    if count < 100000 then f:add_done_callback(again) end
  end
  future:add_done_callback(again)
  future:set_result()
  while count < 100000 do async.sleep(0) end
  equal(count, 100000)
end)

test("100,000 done callbacks of one future run in order", function()
  local future, last, sorted = async.Future(), 0, true
  for i = 1, 100000 do
    future:add_done_callback(function()
      sorted = sorted and last == i - 1
      last = i
    end)
  end
  future:set_result()
  while last < 100000 do async.sleep(0) end
  check(sorted)
end)

test("a future with waiters and callbacks can be dropped at any moment", function()
  for i = 1, 1000 do
    local future = async.Future()
    future:add_done_callback(function() end)
    if i % 100 == 0 then collectgarbage() end
  end
  collectgarbage()
end)

test("a done callback is kept with its arguments until it has run", function()
  local ran = 0
  do
    local future = async.Future()
    future:add_done_callback(function(f)
      collectgarbage()
      ran = ran + f:result()
    end)
    future:set_result(7)
  end
  collectgarbage()
  async.sleep(0)
  equal(ran, 7)
end)

test("a failed future that nobody looks at is reported when it is collected", function()
  local seen = reports()
  do
    local future = async.Future()
    future:set_exception(async.ValueError("lost"))
  end
  collectgarbage()
  async.sleep(0)
  equal(#seen, 1)
  equal(seen[1].message, "Future exception was never retrieved")
  equal(seen[1].exception.message, "lost")
  check(seen[1].future)
end)

test("a failed future whose error was looked at is not reported", function()
  local seen = reports()
  do
    local a, b, c = async.Future(), async.Future(), async.Future()
    for _, future in ipairs { a, b, c } do future:set_exception("seen") end
    a:exception()
    pcall(b.result, b)
    pcall(await, c)
  end
  collectgarbage()
  async.sleep(0)
  equal(#seen, 0)
end)

test("a future made by the loop is a future", function()
  local future = async.get_running_loop():create_future()
  future:set_result(1)
  equal(await(future), 1)
end)

test("the methods of a future refuse other values", function()
  local future = async.Future()
  for _, method in ipairs { "done", "result", "exception", "cancel", "cancelled", "set_result", "add_done_callback" } do
    raises("TypeError: argument 1 must be a Future or Task, got number", future[method], 5)
    raises(async.TypeError, future[method], io.stdout)
    raises(async.TypeError, future[method])
  end
end)

test("await of a done future lets others run every 64th time in a row", function()
  local future, stop = async.Future(), false
  future:set_result()
  async.spawn(function() stop = true end)
  local rounds = 0
  while not stop and rounds < 1000 do
    await(future)
    rounds = rounds + 1
  end
  check(rounds <= 64, "others waited for " .. rounds)
end)

test("await of a failed future lets others run now and then", function()
  local future, stop = async.Future(), false
  future:set_exception("x")
  async.spawn(function() stop = true end)
  local rounds = 0
  while not stop and rounds < 1000 do
    pcall(await, future)
    rounds = rounds + 1
  end
  check(rounds <= 64, "others waited for " .. rounds)
end)

test("a future cannot be completed from its own waiter's past", function()
  -- A waiter cancelled in the turn in which the future is set gets the result, and the cancellation after it.
  local future, got = async.Future(), nil
  local task = async.spawn(function()
    got = await(future)
    async.sleep(1)
  end)
  async.sleep(0)
  future:set_result("there")
  task:cancel()
  raises(async.CancelledError, await, task)
  equal(got, "there")
end)

test("memory is flat after a million futures", function()
  local function round(n)
    for _ = 1, n do
      local future = async.Future()
      future:set_result(1)
      await(future)
    end
    collectgarbage()
    collectgarbage()
    return collectgarbage("count")
  end
  local before = round(1000)
  local after = round(100000)
  check(after - before < 50, ("grew by %.0f KiB"):format(after - before))
end)
