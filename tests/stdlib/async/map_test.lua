local function square(x)
  async.sleep(x)
  return x * x
end

local numbers = async.generator(function(n, log)
  local closing <close> = setmetatable({}, { __close = function()
    async.sleep(1)
    if log then log[#log + 1] = "closed" end
  end })
  for i = 1, n do
    if log then log[#log + 1] = i end
    coroutine.yield(i)
  end
end)

test("map runs everything at once without a limit, results in order with n", function()
  local results
  equal(elapsed(function() results = async.map({ 3, 1, 2 }, square) end), 3.0)
  equal(results, { 9, 1, 4, n = 3 })
end)

test("map runs no more than limit at once", function()
  local running, most = 0, 0
  equal(elapsed(function()
    async.map({ 1, 1, 1, 1, 1, 1, 1 }, function()
      running = running + 1
      most = math.max(most, running)
      async.sleep(1)
      running = running - 1
    end, { limit = 3 })
  end), 3.0)
  equal(most, 3)
end)

test("without a limit a thousand items start within a few turns, whatever else is ready", function()
  for _, items in ipairs { function()
    local list = {}
    for i = 1, 1000 do list[i] = i end
    return list
  end, function() return (numbers(1000)) end } do
    local turns, started = 0, 0
    async.spawn(function()
      while started < 1000 and turns < 2000 do
        async.sleep(0)
        turns = turns + 1
      end
    end)
    async.map(items(), function()
      started = started + 1
      async.sleep(1)
    end)
    check(turns < 30, turns)
  end
end)

test("a slot that is free takes the next item at once", function()
  equal(elapsed(function() async.map({ 5, 1, 1, 1, 1, 1 }, square, { limit = 2 }) end), 5.0)
end)

test("fn gets the item and its index, in the caller's order of start", function()
  local seen = {}
  local results = async.map({ "a", "b", "c" }, function(...)
    seen[#seen + 1] = table.pack(...)
    return ..., "dropped"
  end, { limit = 2 })
  equal(seen, { { "a", 1, n = 2 }, { "b", 2, n = 2 }, { "c", 3, n = 2 } })
  equal(results, { "a", "b", "c", n = 3 })
end)

test("map of nothing is empty at once; n counts nils in the list and among the results", function()
  equal(async.map({}, error), { n = 0 })
  equal(async.map(numbers(0), error), { n = 0 })
  equal(async.map({ nil, 2, nil, n = 3 }, function(x) return x end), { nil, 2, n = 3 })
  equal(async.map({ 1, 2 }, function() end), { n = 2 })
end)

test("fn may be an async function or a callable value", function()
  equal(async.map({ 1, 2 }, async(function(x) return async.sleep(1, x + 1) end)), { 2, 3, n = 2 })
  equal(async.map({ 1 }, setmetatable({}, { __call = function(_, x) return -x end })), { -1, n = 1 })
end)

test("a generator, an iterator function and a queue's items can be mapped", function()
  equal(async.map(numbers(3), square), { 1, 4, 9, n = 3 })
  equal(async.map(coroutine.wrap(function()
    for i = 1, 3 do
      async.sleep(1)
      coroutine.yield(i)
    end
  end), square, { limit = 2 }), { 1, 4, 9, n = 3 })
  local queue = async.Queue()
  for i = 1, 3 do queue:put(i) end
  queue:shutdown()
  equal(async.map(queue:items(), square, { limit = 1 }), { 1, 4, 9, n = 3 })
end)

test("a generator is asked for an item when there is a slot for it", function()
  local log = {}
  local task = async.spawn(async.map, numbers(9, log), function() async.sleep(10) end, { limit = 2 })
  async.sleep(5)
  equal(log, { 1, 2 })
  async.sleep(10)
  equal(log, { 1, 2, 3, 4 })
  task:cancel()
  raises(async.CancelledError, await, task)
end)

test("the first error cancels the rest, waits for them, and is raised itself", function()
  local ended = 0
  equal(elapsed(function()
    raises("^boom$", async.map, { 1, 2, 3 }, function(x)
      if x == 2 then
        async.sleep(1)
        error("boom", 0)
      end
      async.catch(async.sleep, 9)
      async.sleep(2)
      ended = ended + 1
    end)
  end), 3.0)
  equal(ended, 2)
end)

test("after an error no more items are taken, also by one that ignores its cancellation", function()
  local started = {}
  raises("^boom$", async.map, { 1, 2, 3, 4, 5 }, function(x)
    started[#started + 1] = x
    if x == 1 then
      async.sleep(1)
      error("boom", 0)
    end
    async.catch(async.sleep, 9)
  end, { limit = 2 })
  equal(started, { 1, 2 })
end)

test("an error closes the generator, and its cleanup is waited for", function()
  local log = {}
  equal(elapsed(function()
    raises("^boom$", async.map, numbers(9, log), function(x)
      async.sleep(1)
      if x == 2 then error("boom", 0) end
      async.sleep(1)
    end, { limit = 2 })
  end), 2.0)
  equal(log[#log], "closed")
end)

test("an error of the generator is raised, and cancels what runs", function()
  local cancelled = 0
  local source = async.generator(function()
    coroutine.yield(1)
    async.sleep(1)
    error("source", 0)
  end)
  raises("^source$", async.map, source(), function()
    local _, err = async.catch(async.sleep, 9)
    if async.is(err, async.CancelledError) then cancelled = cancelled + 1 end
  end)
  equal(cancelled, 1)
end)

test("further errors, of what was being cancelled, go to the exception handler", function()
  local seen = reports()
  raises("^first$", async.map, { 1, 2 }, function(x)
    if x == 1 then
      async.sleep(1)
      error("first", 0)
    end
    async.catch(async.sleep, 9)
    error("second", 0)
  end)
  equal({ #seen, seen[1].exception }, { 1, "second" })
end)

test("cancelling the waiter cancels all, waits for them, closes the generator, and raises", function()
  local ended, log = 0, {}
  local task = async.spawn(async.map, numbers(9, log), function()
    async.catch(async.sleep, 9)
    async.sleep(2)
    ended = ended + 1
  end, { limit = 3 })
  async.sleep(1)
  task:cancel("stop")
  equal(raises(async.CancelledError, await, task).message, "stop")
  equal({ ended, log[#log] }, { 3, "closed" })
end)

test("cancelling the waiter while the generator waits ends both", function()
  local log = {}
  local waiting = async.generator(function()
    local closing <close> = setmetatable({}, { __close = function() log[#log + 1] = "closed" end })
    async.sleep(99)
  end)
  local task = async.spawn(async.map, waiting(), print)
  async.sleep(1)
  task:cancel()
  raises(async.CancelledError, await, task)
  equal(log, { "closed" })
end)

test("a cancellation that comes out of fn is raised, and is none of the waiter", function()
  local future = async.Future()
  async.get_running_loop():call_later(1, future.cancel, future, "by another")
  equal(raises(async.CancelledError, async.map, { 1, 2 }, function(x)
    if x == 1 then await(future) end
    async.sleep(9)
  end).message, "by another")
  equal(async.current_task():cancelling(), 0)
end)

test("map refuses another limit, function, list or option", function()
  for _, limit in ipairs { 1.5, 2.0, "3", true, math.huge } do
    raises("TypeError: the option 'limit' of map must be an integer, got", async.map, {}, print, { limit = limit })
  end
  for _, limit in ipairs { 0, -1, math.mininteger } do
    local expected = "ValueError: the option 'limit' of map must be at least 1, got %-?%d+; nil is no limit"
    raises(expected, async.map, {}, print, { limit = limit })
  end
  misuse(async.ValueError, async.map, {}, print, { limit = 0 })
  misuse(async.TypeError, async.map, {}, print, { limit = "x" })
  misuse(async.TypeError, async.map, {}, print, { limits = 1 })
  misuse(async.TypeError, async.map, {}, nil)
  misuse(async.TypeError, async.map, {}, 5)
  misuse(async.TypeError, async.map, nil, print)
  misuse(async.TypeError, async.map, 5, print)
  misuse(async.TypeError, async.map, async.Future(), print)
end)

test("200,000 items with a limit need memory for the results only", function()
  local function run(items)
    local results = async.map(items, function(x)
      async.sleep(0)
      return x
    end, { limit = 100 })
    equal({ results.n, results[1], results[200000] }, { 200000, 1, 200000 })
  end
  local highest = 0
  local i = 0
  run(function()
    i = i + 1
    if i > 200000 then return nil end
    if i % 20000 == 0 then
      collectgarbage()
      highest = math.max(highest, collectgarbage("count"))
    end
    return i
  end)
  check(highest < 12000, highest)
end)

test("maps nest", function()
  local results = async.map({ 1, 2 }, function(x)
    return async.map({ 10, 20 }, function(y) return async.sleep(1, x * y) end, { limit = 1 })
  end)
  equal(results, { { 10, 20, n = 2 }, { 20, 40, n = 2 }, n = 2 })
end)
