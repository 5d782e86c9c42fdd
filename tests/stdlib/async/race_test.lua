local function later(seconds, ...)
  local values = table.pack(...)
  return function()
    async.sleep(seconds)
    return table.unpack(values, 1, values.n)
  end
end

local function failing(seconds, err)
  return function()
    async.sleep(seconds)
    error(err, 0)
  end
end

-- Goes on for `seconds` after it was cancelled, and notes its end.
local function stubborn(log, seconds)
  return function()
    async.catch(async.sleep, 100)
    async.sleep(seconds)
    log[#log + 1] = "ended"
  end
end

test("race gives all results of the first to finish", function()
  local results
  equal(elapsed(function()
    results = table.pack(async.race { later(2, "slow"), later(1, "a", nil, "c", nil) })
  end), 1.0)
  equal(results, { "a", nil, "c", n = 4 })
  equal(async.race(later(2, "slow"), later(1, "fast")), "fast")
end)

test("race cancels the losers and waits until they have ended", function()
  local log = {}
  equal(elapsed(function() equal(async.race { later(1, "won"), stubborn(log, 2) }, "won") end), 3.0)
  equal(log, { "ended" })
end)

test("an error of the first to finish is raised, and the losers have ended", function()
  local log = {}
  equal(elapsed(function()
    raises("^boom$", async.race, { failing(1, "boom"), stubborn(log, 2), later(2, "x") })
  end), 3.0)
  equal(log, { "ended" })
end)

test("what is done already wins, the first in the order given", function()
  local a, b = async.Future(), async.Future()
  b:set_result("b")
  equal(async.race { a, b }, "b")
  check(a:cancelled())
  local c, d = async.Future(), async.Future()
  d:set_result("d")
  c:set_result("c")
  equal(async.race { c, d }, "c")
end)

test("a loser that is never started is never called", function()
  local called = false
  local done = async.Future()
  done:set_result(1)
  equal(async.race { done, function() called = true end }, 1)
  check(not called)
end)

test("race accepts Coroutines, tasks, futures, functions and one thing alone", function()
  local fetch = async(function(seconds, x) return async.sleep(seconds, x) end)
  equal(async.race { fetch(2, "a"), async.spawn(async.sleep, 1, "b"), async.Future(), later(3, "c") }, "b")
  equal(async.race { fetch(1, "alone") }, "alone")
  local same = fetch(1, "same")
  equal(async.race { same, same }, "same")
end)

test("cancelling the waiter cancels all, waits for them, and raises", function()
  local log = {}
  for _, fn in ipairs { async.race, async.any } do
    local task = async.spawn(fn, { stubborn(log, 2), stubborn(log, 1) })
    async.sleep(1)
    equal(elapsed(function()
      task:cancel("stop")
      equal(raises(async.CancelledError, await, task).message, "stop")
    end), 2.0)
  end
  equal(#log, 4)
end)

test("a cancellation while the losers end is raised when they have ended", function()
  local log = {}
  local task = async.spawn(async.race, { later(1, "won"), function()
    async.catch(async.sleep, 100)
    async.catch(async.sleep, 100)
    async.sleep(1)
    log[#log + 1] = "ended"
  end })
  async.sleep(2)
  equal(elapsed(function()
    task:cancel("late")
    equal(raises(async.CancelledError, await, task).message, "late")
  end), 1.0)
  equal(log, { "ended" })
end)

test("what a loser raises while it is being cancelled goes to the exception handler; its own end does not", function()
  local seen = reports()
  equal(async.race { later(1, "won"), function()
    async.catch(async.sleep, 9)
    error("in cleanup", 0)
  end }, "won")
  raises("^first$", async.race, { failing(1, "first"), failing(1, "second") })
  collectgarbage()
  async.sleep(0)
  equal(#seen, 1)
  equal(seen[1].exception, "in cleanup")
end)

test("a racer that somebody else cancels finishes by that", function()
  local task = async.spawn(async.sleep, 9)
  async.get_running_loop():call_later(1, task.cancel, task, "by another")
  equal(raises(async.CancelledError, async.race, { task, later(5, "x") }).message, "by another")
  equal(async.current_task():cancelling(), 0)
end)

test("race and any of nothing are a ValueError, and of what cannot be awaited a TypeError", function()
  for name, fn in pairs { race = async.race, any = async.any } do
    raises("ValueError: " .. name .. " needs at least one awaitable", fn, {})
    misuse(async.ValueError, fn)
    raises("TypeError: item 2 of " .. name .. "'s list is a number", fn, { later(1), 5 })
    raises("TypeError: argument 1 of " .. name .. " is nil, the result of a call that already ran", fn, nil, print)
    misuse(async.TypeError, fn, "x")
  end
end)

test("any gives the results of the first success, and the losers have ended", function()
  local log = {}
  local results
  equal(elapsed(function()
    results = table.pack(async.any { failing(1, "no"), later(2, "yes", "more"), stubborn(log, 1), later(9) })
  end), 3.0)
  equal(results, { "yes", "more", n = 2 })
  equal(log, { "ended" })
end)

test("any raises a group of every error in the order given when all fail", function()
  local group = raises(async.ExceptionGroup, async.any, {
    failing(2, "slow"), failing(1, async.ValueError("fast")), failing(3, nil), function()
      error(async.CancelledError("itself"))
    end })
  equal(group.exceptions[1], "slow")
  check(async.is(group.exceptions[2], async.ValueError))
  equal(tostring(group.exceptions[3]), "Error: nil")
  check(async.is(group.exceptions[4], async.CancelledError))
  equal(#group.exceptions, 4)
end)

test("errors before the first success of any are not reported", function()
  local seen = reports()
  equal(async.any { failing(1, "no"), failing(2, "no"), later(3, "yes") }, "yes")
  collectgarbage()
  async.sleep(0)
  equal(#seen, 0)
end)

test("race in a timeout: all are ended when the time is over", function()
  local log = {}
  raises(async.TimeoutError, async.timeout, 1, async.race, { stubborn(log, 1), stubborn(log, 2) })
  equal(#log, 2)
end)

test("a race that nothing can win ends by a DeadlockError", function()
  raises(async.DeadlockError, async.race, { async.Future(), function() await(async.Future()) end })
end)
