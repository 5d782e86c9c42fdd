-- Generators; how they end is in generator_close_test.lua.
local function upto(n)
  for i = 1, n do coroutine.yield(i) end
end
local count = async.generator(upto)

local echo = async.generator(function()
  local got = "ready"
  while true do got = coroutine.yield(got) end
end)

test("a generator gives what its function yields, and then nil", function()
  local g = count(2)
  equal({ g:next(), g:next(), g:next(), g:next() }, { 1, 2 })
  equal(select("#", g:next()), 1)
end)

test("calling a generator function gives g, nil, nil, g and runs nothing", function()
  local ran = false
  local results = table.pack(async.generator(function() ran = true end)())
  equal(results.n, 4)
  check(results[1] == results[4] and results[2] == nil and results[3] == nil)
  check(not ran)
end)

test("for iterates over a generator, over each(), and over several values", function()
  local sum = 0
  for x in count(4) do sum = sum + x end
  local g = count(3)
  for x in g:each() do sum = sum + x end
  equal(sum, 16)
  local pairs_of = async.generator(function() for i = 1, 2 do coroutine.yield(i, i * i) end end)
  local seen = {}
  for a, b in pairs_of() do seen[#seen + 1] = a .. ":" .. b end
  equal(seen, { "1:1", "2:4" })
end)

test("the function gets all arguments, nils too, and what it returns is ignored", function()
  local got
  local g = async.generator(function(...)
    got = table.pack(...)
    return "ignored"
  end)(1, nil, "x", nil)
  equal(g:next(), nil)
  equal(got, { 1, nil, "x", n = 4 })
end)

test("a generator waits between its yields, in the task that resumes it", function()
  local tasks = {}
  local slow = async.generator(function()
    for i = 1, 3 do
      async.sleep(1)
      tasks[i] = async.current_task()
      coroutine.yield(i)
    end
  end)
  local g = slow()
  equal(elapsed(g.next, g), 1.0)
  local taken = async.Event()
  local other = async.spawn(function()
    equal(g:next(), 2)
    taken:wait()
  end)
  async.sleep(1.5)
  equal(g:next(), 3)
  taken:set()
  await(other)
  check(tasks[1] == async.current_task() and tasks[2] == other and tasks[3] == tasks[1])
end)

test("other tasks run while a generator waits", function()
  local ticks = 0
  local ticker = async.spawn(function()
    while true do
      async.sleep(1)
      ticks = ticks + 1
    end
  end)
  for _ in async.generator(function() async.sleep(3.5) end)() do end
  equal(ticks, 3)
  ticker:cancel()
  async.wait { ticker }
end)

test("send gives its values to the yield, and returns the next value", function()
  local g = echo()
  equal(g:next(), "ready")
  equal(g:send("a"), "a")
  equal(g:send(false), false)
  equal(g:next(), nil)
  local many = async.generator(function() coroutine.yield(table.pack(coroutine.yield())) end)()
  many:next()
  equal(many:send(1, nil, 3, nil), { 1, nil, 3, n = 4 })
end)

test("send to one that has not started is a TypeError unless the value is nil", function()
  local g = echo()
  misuse(async.TypeError, g.send, g, 1)
  equal(g:send(nil), "ready")
  local h = echo()
  equal(h:send(), "ready")
end)

test("throw raises the error at the yield, with its value and trace", function()
  local caught
  local g = async.generator(function()
    local ok, err = pcall(coroutine.yield, 1)
    caught = err
    coroutine.yield("went on")
  end)()
  g:next()
  local err = async.ValueError("thrown")
  equal(g:throw(err), "went on")
  check(caught == err and err.traceback)
end)

test("throw that nothing catches ends the generator and comes back", function()
  for _, err in ipairs { "text", 42, {}, false, async.ValueError("v") } do
    local g = echo()
    g:next()
    local ok, raised = pcall(g.throw, g, err)
    check(not ok and rawequal(raised, err))
    equal(g:next(), nil)
  end
end)

test("throw into a generator that has not started ends it; into a finished one it raises", function()
  local ran = false
  local g = async.generator(function() ran = true end)()
  raises("^early$", g.throw, g, "early")
  check(not ran)
  equal(g:next(), nil)
  raises("^late$", g.throw, g, "late")
  misuse(async.TypeError, g.throw, g, nil)
end)

test("throw may be a CancelledError, which pcall inside lets pass", function()
  local went_on = false
  local g = async.generator(function()
    pcall(coroutine.yield, 1)
    went_on = true
  end)()
  g:next()
  raises(async.CancelledError, g.throw, g, async.CancelledError("c"))
  check(not went_on)
end)

test("what a throw leads to may wait", function()
  local g = async.generator(function()
    pcall(coroutine.yield, 1)
    coroutine.yield(async.sleep(2, "slept"))
  end)()
  g:next()
  equal(elapsed(function() equal(g:throw("x"), "slept") end), 2.0)
end)

test("an error in the function is raised by next, and ends the generator", function()
  for _, err in ipairs { "text", 42, {}, false, async.ValueError("v") } do
    local g = async.generator(function()
      coroutine.yield(1)
      async.sleep(1)
      error(err, 0)
    end)()
    equal(g:next(), 1)
    local ok, raised = async.catch(g.next, g)
    check(not ok and rawequal(raised, err))
    equal(g:next(), nil)
  end
end)

test("a generator that resumes itself gets a RuntimeError", function()
  local g
  g = async.generator(function()
    for _, method in ipairs { "next", "send", "close" } do
      coroutine.yield((raises("RuntimeError: the generator is running already", g[method], g)))
    end
    raises(async.RuntimeError, g.throw, g, "x")
  end)()
  for _ in g do end
end)

test("a generator in which a task waits cannot be used by another", function()
  local g = async.generator(function()
    async.sleep(5)
    coroutine.yield("first")
  end)()
  local task = async.spawn(g.next, g)
  async.sleep(1)
  for _, method in ipairs { "next", "send", "close" } do misuse(async.RuntimeError, g[method], g) end
  misuse(async.RuntimeError, g.throw, g, "x")
  equal(tostring(g):match("(%S+)>$"), "waiting")
  equal(await(task), "first")
  equal(g:next(), nil)
end)

test("generators nest, and waits and yields of each find their way", function()
  local outer = async.generator(function()
    for x in count(3) do
      async.sleep(1)
      for y in count(x) do coroutine.yield(x * 10 + y) end
    end
  end)
  local seen = {}
  equal(elapsed(function() for x in outer() do seen[#seen + 1] = x end end), 3.0)
  equal(seen, { 11, 21, 22, 31, 32, 33 })
end)

test("recursive generators walk a tree", function()
  local walk
  walk = async.generator(function(node)
    if node == nil then return end
    for x in walk(node[1]) do coroutine.yield(x) end
    async.sleep(0)
    coroutine.yield(node.value)
    for x in walk(node[2]) do coroutine.yield(x) end
  end)
  local seen = {}
  local tree = { { value = 1 }, { { value = 3 }, { value = 5 }, value = 4 }, value = 2 }
  for x in walk(tree) do seen[#seen + 1] = x end
  equal(seen, { 1, 2, 3, 4, 5 })
end)

test("a plain coroutine inside a generator keeps its own yields", function()
  local g = async.generator(function()
    local inner = coroutine.wrap(function()
      coroutine.yield("inner")
      async.sleep(1)
    end)
    coroutine.yield(inner() .. "->outer")
    inner()
    coroutine.yield("end")
  end)()
  equal({ g:next(), g:next(), g:next() }, { "inner->outer", "end" })
end)

test("an async function's Coroutine can be awaited inside", function()
  local fetch = async(function(x) return async.sleep(1, x * 2) end)
  local seen = {}
  local fetched = async.generator(function() for i = 1, 2 do coroutine.yield(await(fetch(i))) end end)
  for x in fetched() do seen[#seen + 1] = x end
  equal(seen, { 2, 4 })
end)

test("a callback of the loop may resume a generator that does not wait", function()
  local g, got = count(2), nil
  async.get_running_loop():call_soon(function() got = g:next() end)
  async.sleep(0)
  equal({ got, g:next(), g:next() }, { 1, 2 })
end)

test("tostring shows the place of the function and the state", function()
  local states = {}
  local g
  g = async.generator(function()
    states[2] = tostring(g)
    coroutine.yield()
  end)()
  states[1] = tostring(g)
  g:next()
  states[3] = tostring(g)
  g:next()
  states[4] = tostring(g)
  for i, state in ipairs { "not started", "running", "suspended", "finished" } do
    check(states[i]:match("^<Generator .*generator_test.lua:%d+ " .. state .. ">$"), states[i])
  end
end)

test("generator takes a function, and the methods a generator", function()
  misuse(async.TypeError, async.generator, 5)
  misuse(async.TypeError, async.generator)
  misuse(async.TypeError, count().next, {})
  misuse(async.TypeError, count().close, nil)
  misuse(async.TypeError, count().send, async.Future())
end)

test("an uncaught error's trace names the line in the generator", function()
  local g = async.generator(function() error(async.ValueError("here")) end)()
  local err = raises(async.ValueError, g.next, g)
  check(err.traceback:find("generator_test.lua"))
end)

test("100,000 generators, finished or dropped unstarted, leave no memory behind", function()
  local function round()
    for i = 1, 25000 do
      local g = count(1)
      for _ in g do end
      count(1):close()
    end
    collectgarbage()
    collectgarbage()
    return collectgarbage("count")
  end
  round()
  local before = round()
  check(round() - before < 50)
end)

test("a generator nested too deep for Lua says so, and the outer ones stay whole", function()
  local deep
  deep = async.generator(function(n)
    for x in deep(n + 1) do coroutine.yield(x) end
  end)
  local g = deep(1)
  local err = raises("overflow", g.next, g)
  check(err)
  equal(g:next(), nil)
end)
