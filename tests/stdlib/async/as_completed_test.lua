local function later(seconds, ...)
  async.sleep(seconds)
  return ...
end

test("as_completed hands tasks out in the order in which they complete", function()
  local fetch, got = async(later), {}
  equal(elapsed(function()
    for task in async.as_completed { fetch(3, "c"), fetch(1, "a"), fetch(2, "b") } do got[#got + 1] = await(task) end
  end), 3.0)
  equal(got, { "a", "b", "c" })
end)

test("a task passed in is the task handed out, done and with all its results", function()
  local a, b = async.spawn(later, 2, "a", 1), async.spawn(later, 1, "b", 2)
  local got = {}
  for task in async.as_completed { a, b } do
    check(task:done())
    got[#got + 1] = task
  end
  equal(got, { b, a })
  equal({ await(a) }, { "a", 1 })
end)

test("tasks that are done already come first, in the order given", function()
  local slow = async.spawn(later, 1)
  local a, b = async.spawn(print), async.Future()
  a:cancel()
  async.sleep(0)
  b:set_result("b")
  local got = {}
  for task in async.as_completed { slow, a, b } do got[#got + 1] = task end
  equal(got, { a, b, slow })
end)

test("a task given twice is handed out once", function()
  local a, b, got = async.spawn(later, 1), async.spawn(later, 2), {}
  for task in async.as_completed { a, b, a } do got[#got + 1] = task end
  equal(got, { a, b })
end)

test("as_completed of nothing ends at once", function()
  for _ in async.as_completed {} do error("there is nothing") end
end)

test("failed and cancelled tasks are handed out; await raises", function()
  local failed = async.spawn(function() error("x", 0) end)
  local cancelled = async.spawn(later, 1)
  cancelled:cancel()
  local count = 0
  for task in async.as_completed { failed, cancelled } do
    count = count + 1
    local ok = async.catch(await, task)
    check(not ok)
  end
  equal(count, 2)
end)

test("a timeout raises TimeoutError in the loop, after what came in time", function()
  local fetch, got = async(later), {}
  local slow = async.spawn(later, 9)
  local err = raises(async.TimeoutError, function()
    for task in async.as_completed({ slow, fetch(1, "a") }, { timeout = 2 }) do got[#got + 1] = await(task) end
  end)
  equal(got, { "a" })
  check(err.message:find("1 of 2"), err.message)
  check(not slow:done())
  slow:cancel()
  async.wait { slow }
end)

test("the timeout counts from the call, also while the body waits", function()
  local fetch = async(later)
  local seen = 0
  raises(async.TimeoutError, function()
    for _ in async.as_completed({ fetch(1), fetch(5) }, { timeout = 3 }) do
      seen = seen + 1
      async.sleep(2.5)
    end
  end)
  equal(seen, 1)
  async.sleep(5)
end)

test("what completed in time is handed out although the body was slow", function()
  local fetch, seen = async(later), 0
  for _ in async.as_completed({ fetch(1), fetch(2) }, { timeout = 3 }) do
    seen = seen + 1
    async.sleep(9)
  end
  equal(seen, 2)
end)

test("breaking out of as_completed leaves the rest running", function()
  local slow = async.spawn(later, 5, "slow")
  for _ in async.as_completed { slow, async(later)(1) } do break end
  check(not slow:done())
  equal(await(slow), "slow")
end)

test("cancelling the waiter of as_completed leaves the children alone", function()
  local child = async.spawn(later, 3, "r")
  local task = async.spawn(function()
    for _ in async.as_completed { child } do end
  end)
  async.sleep(1)
  task:cancel()
  raises(async.CancelledError, await, task)
  equal(await(child), "r")
end)

test("as_completed refuses wrong arguments", function()
  raises(async.TypeError, async.as_completed)
  raises(async.TypeError, async.as_completed, { 5 })
  raises(async.TypeError, async.as_completed, {}, { return_when = "x" })
  raises(async.ValueError, async.as_completed, {}, { timeout = 0 / 0 })
end)

test("as_completed of 10,000 tasks hands out each once", function()
  local list, seen, count = {}, {}, 0
  for i = 1, 10000 do list[i] = async.spawn(later, (i * 7919) % 100, i) end
  local last = -1
  for task in async.as_completed(list) do
    local i = await(task)
    check(not seen[i])
    seen[i], count = true, count + 1
    check((i * 7919) % 100 >= last)
    last = (i * 7919) % 100
  end
  equal(count, 10000)
end)
