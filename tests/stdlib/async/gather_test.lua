local function later(seconds, ...)
  async.sleep(seconds)
  return ...
end

local function failing(seconds, err)
  return function()
    async.sleep(seconds)
    error(err, 0)
  end
end

test("gather runs everything at once and gives the first results in the order of the arguments", function()
  local fetch = async(later)
  local results
  equal(elapsed(function()
    results = async.gather(fetch(3, "a", "dropped"), function() return later(1, "b") end, async.spawn(later, 2, "c"))
  end), 3.0)
  equal(results, { "a", "b", "c", n = 3 })
end)

test("gather takes a list with n, and keeps nil results in their places", function()
  local results = async.gather { print, function() return 2 end, print, n = 2 }
  equal(results, { nil, 2, n = 2 })
  equal(async.gather(function() end, function() return false end), { nil, false, n = 2 })
end)

test("gather of nothing returns an empty list at once", function()
  equal(async.gather(), { n = 0 })
  equal(async.gather {}, { n = 0 })
  equal(async.gather { return_exceptions = true }, { n = 0 })
end)

test("gather of what is done already returns its results", function()
  local future = async.Future()
  future:set_result(1)
  local task = async.spawn(math.abs, -2)
  await(task)
  equal(async.gather(future, task, future), { 1, 2, 1, n = 3 })
end)

test("the same task, future or Coroutine given twice runs once", function()
  local runs = 0
  local count = async(function()
    runs = runs + 1
    async.sleep(1)
    return runs
  end)
  local coroutine = count()
  equal(async.gather(coroutine, coroutine), { 1, 1, n = 2 })
  local task = async.spawn(count())
  equal(async.gather(task, task, task), { 2, 2, 2, n = 3 })
end)

test("the same function given twice is two calls", function()
  local runs = 0
  local function count()
    runs = runs + 1
    return runs
  end
  equal(async.gather(count, count), { 1, 2, n = 2 })
end)

test("gather accepts values with __await, once each", function()
  local calls = 0
  local value = setmetatable({}, {
    __await = function()
      calls = calls + 1
      async.sleep(1)
      return calls
    end,
  })
  equal(async.gather(value, value), { 1, 1, n = 2 })
  equal(async.gather { value }, { 2, n = 1 })
end)

test("gathers nest", function()
  local function pair(a, b)
    return function()
      return async.gather(function() return later(1, a) end, function() return later(2, b) end)
    end
  end
  equal(async.gather(pair(1, 2), pair(3, 4)), { { 1, 2, n = 2 }, { 3, 4, n = 2 }, n = 2 })
end)

test("gather names the likely slip, and starts nothing then", function()
  local started = false
  local function start() started = true end
  raises("TypeError: argument 2 of gather is nil, the result of a call that already ran; pass a function or a task",
    async.gather, start, async.sleep(1), start)
  raises("TypeError: argument 1 of gather is a number", async.gather, 5, start)
  raises(async.TypeError, async.gather, "x")
  raises(async.TypeError, async.gather, nil)
  raises(async.TypeError, async.gather, { start, 5 })
  raises(async.TypeError, async.gather, {}, start)
  raises(async.TypeError, async.gather, io.stdout)
  async.sleep(1)
  check(not started)
end)

test("the first error propagates at once, and the others go on running", function()
  local ended = false
  local slow = async.spawn(function()
    async.sleep(3)
    ended = true
  end)
  local took = elapsed(function()
    raises("^first$", async.gather, failing(2, "second"), failing(1, "first"), slow)
  end)
  equal(took, 1.0)
  check(not ended)
  local seen = reports()
  async.sleep(3)
  check(ended)
  collectgarbage()
  async.sleep(0)
  equal(#seen, 1)
  equal(seen[1].exception, "second")
end)

test("of several errors in the same turn the first to come is raised, not the first in the list", function()
  local seen = reports()
  local a, b = async.Future(), async.Future()
  async.get_running_loop():call_later(1, function()
    b:set_exception("b")
    a:set_exception("a")
  end)
  raises("^b$", async.gather, a, b)
  a:exception()
  equal(#seen, 0)
end)

test("an error of any type comes through gather unchanged", function()
  for _, err in ipairs { "text", 42, false, {}, print, async.ValueError("v") } do
    local ok, got = pcall(async.gather, function() error(err, 0) end)
    check(not ok and rawequal(got, err))
  end
  equal(table.pack(pcall(async.gather, error)), { false, nil, n = 2 })
end)

test("a child that was cancelled raises CancelledError in the waiter, whose task is not being cancelled", function()
  local task = async.spawn(later, 5)
  async.get_running_loop():call_later(1, task.cancel, task, "child only")
  equal(raises(async.CancelledError, async.gather, task).message, "child only")
  equal(async.current_task():cancelling(), 0)
end)

test("return_exceptions puts each error in its place and waits for all", function()
  local problem = async.ValueError("v")
  local cancelled = async.spawn(later, 9)
  async.get_running_loop():call_later(1, cancelled.cancel, cancelled)
  local results
  equal(elapsed(function()
    results = async.gather {
      failing(1, problem), function() return later(3, "fine") end, failing(2, "text"), cancelled, error,
      failing(0, false), failing(0, 42),
      return_exceptions = true,
    }
  end), 3.0)
  equal(results.n, 7)
  equal(results[1], problem)
  equal(results[2], "fine")
  check(async.is(results[3], async.Error))
  equal({ results[3].message, results[3].value }, { "text", "text" })
  check(async.is(results[4], async.CancelledError))
  check(async.is(results[5], async.Error))
  equal(results[5].value, nil)
  check(async.is(results[6], async.Error))
  equal(results[6].value, false)
  equal(results[7].value, 42)
end)

test("errors returned by return_exceptions are not reported", function()
  local seen = reports()
  async.gather { failing(0, "x"), return_exceptions = true }
  collectgarbage()
  async.sleep(0)
  equal(#seen, 0)
end)

test("cancelling the waiter cancels every child and raises when all of them have ended", function()
  local ended = {}
  local function stubborn(seconds, name)
    return function()
      async.catch(async.sleep, 100)
      async.sleep(seconds)
      ended[#ended + 1] = name
    end
  end
  local task = async.spawn(async.gather, stubborn(2, "slow"), stubborn(1, "fast"))
  async.sleep(1)
  local took = elapsed(function()
    task:cancel("stop")
    equal(raises(async.CancelledError, await, task).message, "stop")
  end)
  equal(took, 2.0)
  equal(ended, { "fast", "slow" })
  check(task:cancelled())
end)

test("cancelling the waiter with return_exceptions still raises", function()
  local task = async.spawn(function()
    return async.gather { function() async.sleep(9) end, return_exceptions = true }
  end)
  async.sleep(1)
  task:cancel()
  raises(async.CancelledError, await, task)
end)

test("cancelling the waiter leaves finished children alone", function()
  local done = async.spawn(later, 1, "d")
  local pending = async.Future()
  local task = async.spawn(async.gather, done, pending)
  async.sleep(2)
  task:cancel()
  raises(async.CancelledError, await, task)
  equal(done:result(), "d")
  check(pending:cancelled())
end)

test("a gather cancelled twice still waits for the children", function()
  local ended = false
  local task = async.spawn(async.gather, function()
    async.catch(async.sleep, 100)
    async.catch(async.sleep, 100)
    async.sleep(1)
    ended = true
  end)
  async.sleep(0)
  task:cancel()
  async.sleep(1)
  task:cancel()
  raises(async.CancelledError, await, task)
  check(ended)
end)

test("a cancellation of the waiter in the turn in which the last child ends is not lost", function()
  local future, results = async.Future(), nil
  local task = async.spawn(function()
    results = async.gather(future)
    async.sleep(1)
  end)
  async.sleep(0)
  future:set_result("x")
  task:cancel()
  raises(async.CancelledError, await, task)
  equal(results, { "x", n = 1 })
end)

test("a gather inside a gather is cancelled with it", function()
  local inner
  local task = async.spawn(async.gather, function()
    return async.gather(function()
      inner = async.current_task()
      async.sleep(9)
    end)
  end)
  async.sleep(1)
  task:cancel()
  raises(async.CancelledError, await, task)
  check(inner:cancelled())
end)

test("the children's errors while a cancelled gather ends do not hide the cancellation", function()
  local seen = reports()
  local task = async.spawn(async.gather, function()
    async.catch(async.sleep, 9)
    error("in cleanup", 0)
  end)
  async.sleep(0)
  task:cancel()
  raises(async.CancelledError, await, task)
  task = nil
  collectgarbage()
  async.sleep(0)
  for _, context in ipairs(seen) do equal(context.exception, "in cleanup") end
end)

test("gather of 10,000 children keeps their order, and its memory is given back", function()
  local function round()
    local list = {}
    for i = 1, 10000 do list[i] = async(later)(i % 7, i) end
    local results = async.gather(list)
    for i = 1, 10000 do equal(results[i], i) end
    list, results = nil, nil
    collectgarbage()
    collectgarbage()
    return collectgarbage("count")
  end
  round()
  local before = round()
  check(round() - before < 100)
end)

test("gather of a chain of 50,000 tasks, cancelled, takes no quadratic time", function()
  local list = { async.spawn(async.sleep, 9) }
  for i = 2, 50000 do list[i] = async.spawn(await, list[i - 1]) end
  local task = async.spawn(async.gather, list)
  async.sleep(1)
  task:cancel()
  raises(async.CancelledError, await, task)
  for i = 1, #list, 777 do check(list[i]:cancelled()) end
end)
