local every = async.generator(function(seconds, n, log, name)
  local closing <close> = setmetatable({}, { __close = function()
    async.sleep(1)
    if log then log[#log + 1] = name end
  end })
  for i = 1, n do
    async.sleep(seconds)
    coroutine.yield((name or "") .. i)
  end
end)

local function collect(...)
  local list = {}
  for x in async.merge(...) do list[#list + 1] = x end
  return list
end

test("merge gives what all of them yield, as it arrives", function()
  equal(collect(every(2, 3, nil, "a"), every(3, 2, nil, "b")), { "a1", "b1", "a2", "b2", "a3" })
end)

test("merge takes generator calls as they are, one or many, and what a list can be", function()
  equal(collect(every(1, 2)), { "1", "2" })
  equal(collect(every(1, 1, nil, "a"), every(2, 1, nil, "b"), every(3, 1, nil, "c")), { "a1", "b1", "c1" })
  local g = every(1, 2)
  equal(collect(g), { "1", "2" })
  equal(collect({ 1, 2 }, { 3 }), { 1, 2, 3 })
  equal(collect(), {})
  equal(collect({ 1 }, async.iter({ 2 }):map(tostring)), { 1, "2" })
end)

test("merge takes plain generators, queue items, callable values and merges", function()
  local queue = async.Queue()
  queue:put("q")
  queue:shutdown()
  local plain = coroutine.wrap(function()
    async.sleep(1)
    coroutine.yield("plain")
  end)
  local n = 0
  local callable = setmetatable({}, { __call = function()
    n = n + 1
    async.sleep(2)
    return n == 1 and "call" or nil
  end })
  equal(collect(plain, queue:items(), callable, async.merge(every(3, 1))), { "q", "plain", "call", "1" })
end)

test("several values of an item stay together, nils among them", function()
  local pairs_of = async.generator(function()
    coroutine.yield(1, nil, 3, nil)
    coroutine.yield("x")
  end)
  local g <close> = async.merge(pairs_of())
  equal(table.pack(g:next()), { 1, nil, 3, n = 4 })
  equal(table.pack(g:next()), { "x", n = 1 })
end)

test("items that are tables come through unchanged", function()
  local item = setmetatable({ n = 2 }, {})
  local g <close> = async.merge({ item })
  check(rawequal(g:next(), item))
end)

test("merge starts nothing before it is asked", function()
  local started = false
  local g = async.merge(function() started = true end)
  async.sleep(1)
  check(not started)
  g:close()
  check(not started)
end)

test("no source is ahead of the loop by more than two items", function()
  local given = 0
  local fast = async.generator(function()
    while true do
      given = given + 1
      coroutine.yield(given)
    end
  end)
  for x in async.merge(fast()) do
    async.sleep(1)
    check(given - x <= 2)
    if x == 20 then break end
  end
end)

test("break closes all sources, and waits for their cleanup", function()
  local log = {}
  equal(elapsed(function()
    for _ in async.merge(every(1, 9, log, "a"), every(3, 9, log, "b")) do break end
  end), 2.0)
  table.sort(log)
  equal(log, { "a", "b" })
end)

test("an error of one closes the others and is raised", function()
  local log = {}
  local failing = async.generator(function()
    async.sleep(2.5)
    error(async.ValueError("boom"))
  end)
  local seen = {}
  equal(elapsed(function()
    raises("ValueError: boom", function()
      for x in async.merge(every(1, 9, log, "a"), failing(), every(9, 9, log, "b")) do seen[#seen + 1] = x end
    end)
  end), 3.5)
  table.sort(log)
  equal({ seen, log }, { { "a1", "a2" }, { "a", "b" } })
end)

test("what arrived before an error is given out before it", function()
  local failing = async.generator(function()
    coroutine.yield(1)
    error("boom", 0)
  end)
  local seen = {}
  raises("^boom$", function() for x in async.merge(failing()) do seen[#seen + 1] = x end end)
  equal(seen, { 1 })
end)

test("an error in the cleanup of a source is raised by close, and further ones reported", function()
  local seen = reports()
  local bad = async.generator(function(message)
    local closing <close> = setmetatable({}, { __close = function() error(message, 0) end })
    while true do coroutine.yield(1) end
  end)
  local g = async.merge(bad("first"), bad("second"))
  g:next()
  raises("^first$", g.close, g)
  g = nil
  for _ = 1, 2 do -- one that Lua was in the middle of runs no finalizers of what it has found
    collectgarbage()
    async.sleep(0)
  end
  equal({ #seen, seen[1].exception }, { 1, "second" })
end)

test("cancelling the task that waits in a merge closes the sources and raises", function()
  local log = {}
  local task = async.spawn(collect, every(1, 9, log, "a"), every(5, 9, log, "b"))
  async.sleep(2.5)
  equal(elapsed(function()
    task:cancel("stop")
    equal(raises(async.CancelledError, await, task).message, "stop")
  end), 1.0)
  table.sort(log)
  equal(log, { "a", "b" })
end)

test("a cancellation while a merge closes its sources waits for them all the same", function()
  local log = {}
  local stubborn = async.generator(function()
    local closing <close> = setmetatable({}, { __close = function()
      async.catch(async.sleep, 9)
      async.sleep(2)
      log[#log + 1] = "closed"
    end })
    while true do coroutine.yield(1) end
  end)
  local g = async.merge(stubborn())
  local task = async.spawn(function()
    g:next()
    g:close()
  end)
  async.sleep(1)
  task:cancel("again")
  equal(raises(async.CancelledError, await, task).message, "again")
  equal(log, { "closed" })
end)

test("an abandoned merge is closed when its task ends", function()
  local log = {}
  await(async.spawn(function() async.merge(every(1, 9, log, "a")):next() end))
  equal(log, { "a" })
end)

test("merge names the argument it cannot take", function()
  local expected = "TypeError: argument 2 of merge is nil; pass a generator, an iterator function or a list"
  raises(expected, async.merge, {}, nil, {})
  misuse(async.TypeError, async.merge, 5)
  misuse(async.TypeError, async.merge, async.Future())
end)
