local function forever() async.sleep(math.huge) end
local function guard(fn) return setmetatable({}, { __close = fn }) end

test("a generator may wait between its yields, and its consumer sees nothing of it", function()
  local generator = coroutine.wrap(function(...)
    equal({ ... }, { "start" })
    for i = 1, 3 do
      async.sleep(1)
      equal(coroutine.yield(i, "more"), "again")
    end
    async.sleep(1)
    return "end"
  end)
  equal(elapsed(function()
    equal({ generator("start") }, { 1, "more" })
    equal({ generator("again") }, { 2, "more" })
    equal({ generator("again") }, { 3, "more" })
    equal(generator("again"), "end")
  end), 4.0)
  raises("cannot resume dead coroutine", generator)
end)

test("a generator that waits works in a generic for, with others running meanwhile", function()
  local ticks, stop = 0, false
  local ticker = async.spawn(function()
    while not stop do
      async.sleep(1)
      ticks = ticks + 1
    end
  end)
  local seen = {}
  for i in coroutine.wrap(function()
    for i = 1, 3 do
      async.sleep(2)
      coroutine.yield(i)
    end
  end) do seen[#seen + 1] = i end
  equal(seen, { 1, 2, 3 })
  check(ticks >= 5)
  stop = true
  await(ticker)
end)

test("generators three deep wait and yield at every level", function()
  local function level(n)
    return coroutine.wrap(function()
      if n == 0 then
        for i = 1, 3 do
          async.sleep(1)
          coroutine.yield(i)
        end
        return
      end
      for x in level(n - 1) do
        async.sleep(1)
        coroutine.yield(x * 10)
        await(async.spawn(async.sleep, 1))
      end
    end)
  end
  local seen = {}
  equal(elapsed(function()
    for x in level(3) do seen[#seen + 1] = x end
  end), 3.0 * 7)
  equal(seen, { 1000, 2000, 3000 })
end)

test("resume passes arguments and results through, nils and many values among them", function()
  local many = {}
  for i = 1, 10000 do many[i] = i end
  local co = coroutine.create(function(...)
    local got = table.pack(...)
    async.sleep(1)
    got = table.pack(coroutine.yield(table.unpack(got, 1, got.n)))
    async.sleep(1)
    return table.unpack(got, 1, got.n)
  end)
  equal(table.pack(coroutine.resume(co, nil, 2, nil)), { true, nil, 2, nil, n = 4 })
  local result = table.pack(coroutine.resume(co, table.unpack(many)))
  equal({ result.n, result[1], result[10001] }, { 10001, true, 10000 })
  equal({ coroutine.resume(co) }, { false, "cannot resume dead coroutine" })
end)

test("errors come out of resume as false, and out of wrap with where it was called, as in stock Lua", function()
  local co = coroutine.create(function()
    async.sleep(1)
    error("e", 0)
  end)
  equal({ coroutine.resume(co) }, { false, "e" })
  equal(coroutine.status(co), "dead")
  for _, err in ipairs { 42, false, {}, async.ValueError("v") } do
    local ok, got = coroutine.resume(coroutine.create(function() error(err, 0) end))
    check(not ok and rawequal(got, err))
    local wrap_ok, wrapped = pcall(coroutine.wrap(function()
      async.sleep(0)
      error(err, 0)
    end))
    check(not wrap_ok and rawequal(wrapped, err))
  end
  equal(table.pack(coroutine.resume(coroutine.create(error))), { false, nil, n = 2 })
  local ok, text = pcall(function()
    local g = coroutine.wrap(function() error("w", 0) end)
    local x = g()
    return x
  end)
  check(not ok and text:match("coroutine_test.lua:%d+: w$"), text)
end)

test("a generator resumed by two tasks in turn waits on behalf of the one that resumes it", function()
  local seen = {}
  local generator = coroutine.wrap(function()
    for i = 1, 4 do
      async.sleep(1)
      seen[i] = async.current_task()
      coroutine.yield(i)
    end
  end)
  local a = async.spawn(function()
    local first = generator()
    async.sleep(5)
    return first, generator()
  end)
  local b = async.spawn(function()
    async.sleep(2)
    return generator()
  end)
  equal({ await(a) }, { 1, 3 })
  equal(await(b), 2)
  equal(seen, { a, b, a })
end)

test("resuming a coroutine that is waiting in another task is refused", function()
  local co = coroutine.create(function() return async.sleep(2, "slept") end)
  local task = async.spawn(coroutine.resume, co)
  async.sleep(1)
  equal({ coroutine.resume(co) }, { false, "cannot resume a coroutine that is waiting" })
  raises("cannot close a coroutine that is waiting", coroutine.close, co)
  equal(coroutine.status(co), "normal")
  equal({ await(task) }, { true, "slept" })
  equal(coroutine.status(co), "dead")
end)

test("a wrapped generator that is waiting in another task is refused as well", function()
  local generator = coroutine.wrap(function() return async.sleep(2, "slept") end)
  local task = async.spawn(generator)
  async.sleep(1)
  raises("cannot resume a coroutine that is waiting", generator)
  equal(await(task), "slept")
end)

test("a waiting coroutine's own children are waiting too", function()
  local inner = coroutine.create(forever)
  local outer = coroutine.create(function() coroutine.resume(inner) end)
  local task = async.spawn(coroutine.resume, outer)
  async.sleep(0)
  equal({ coroutine.status(inner), coroutine.status(outer) }, { "normal", "normal" })
  equal(select(2, coroutine.resume(inner)), "cannot resume a coroutine that is waiting")
  task:cancel()
  raises(async.CancelledError, await, task)
  equal({ coroutine.status(inner), coroutine.status(outer) }, { "dead", "dead" })
end)

test("status tells every state as stock Lua does", function()
  local co, inner
  co = coroutine.create(function()
    equal(coroutine.status(co), "running")
    inner = coroutine.create(function()
      equal({ coroutine.status(co), coroutine.status(inner) }, { "normal", "running" })
      async.sleep(1)
      equal({ coroutine.status(co), coroutine.status(inner) }, { "normal", "running" })
    end)
    equal(coroutine.status(inner), "suspended")
    assert(coroutine.resume(inner))
    equal(coroutine.status(inner), "dead")
    coroutine.yield()
  end)
  equal(coroutine.status(co), "suspended")
  assert(coroutine.resume(co))
  equal(coroutine.status(co), "suspended")
  assert(coroutine.resume(co))
  equal(coroutine.status(co), "dead")
  raises("coroutine expected", coroutine.status, 5)
  raises("coroutine expected", coroutine.resume, print)
end)

test("a task's coroutine looks like a main thread: running says so, and it cannot be yielded, resumed or closed", function()
  local thread, is_main = coroutine.running()
  equal({ type(thread), is_main, coroutine.isyieldable() }, { "thread", true, false })
  local task = async.spawn(function() return coroutine.running(), coroutine.isyieldable() end)
  local other, yieldable = await(task)
  check(other ~= thread)
  equal(yieldable, false)
  equal(coroutine.status(thread), "running")
  raises("cannot", coroutine.close, thread)
  equal(coroutine.resume(thread), false)
  local sleeper
  task = async.spawn(function()
    sleeper = coroutine.running()
    async.sleep(1)
  end)
  async.sleep(0)
  equal(coroutine.status(sleeper), "normal")
  equal(coroutine.resume(sleeper), false)
  raises("cannot close", coroutine.close, sleeper)
  await(task)
end)

test("inside a coroutine running and isyieldable are stock Lua's, before and after a wait", function()
  local co
  co = coroutine.create(function()
    for _ = 1, 2 do
      equal({ coroutine.running() }, { co, false })
      equal(coroutine.isyieldable(), true)
      table.sort({ 2, 1 }, function(a, b)
        equal(coroutine.isyieldable(), false)
        return a < b
      end)
      async.sleep(1)
    end
    return "ok"
  end)
  equal({ coroutine.resume(co) }, { true, "ok" })
end)

test("yield at the top of a task is an error that names the way out", function()
  local err = raises(async.RuntimeError, coroutine.yield, 1)
  check(err.message:find("async.sleep%(0%)"), err.message)
  raises(async.RuntimeError, await, async.spawn(coroutine.yield))
  raises(async.RuntimeError, await, async(coroutine.yield)())
  equal(elapsed(async.sleep, 1), 1.0)
end)

test("yield across a C function is stock Lua's error", function()
  local co = coroutine.create(function() table.sort({ 2, 1 }, function() coroutine.yield() end) end)
  local ok, err = coroutine.resume(co)
  check(not ok and err:find("attempt to yield across a C%-call boundary"), err)
end)

test("a generator yields through pcall, xpcall, metamethods and close handlers", function()
  local generator = coroutine.wrap(function()
    pcall(coroutine.yield, "pcall")
    xpcall(function() coroutine.yield("xpcall") end, print)
    local t = setmetatable({}, { __index = function(_, k) return coroutine.yield(k) end })
    equal(t.field, "given")
    do
      local g <close> = guard(function() coroutine.yield("close") end)
    end
    for _ in coroutine.wrap(function() coroutine.yield(1) end) do coroutine.yield("for") end
  end)
  equal({ generator(), generator(), generator(), generator("given"), generator() },
    { "pcall", "xpcall", "field", "close", "for" })
end)

test("an abandoned generator is collected, also one that has waited", function()
  local collected = 0
  for i = 1, 100 do
    local mark = setmetatable({}, { __gc = function() collected = collected + 1 end })
    local generator = coroutine.wrap(function()
      local held = mark
      async.sleep(i % 2)
      coroutine.yield(held)
    end)
    generator()
  end
  collectgarbage()
  collectgarbage()
  check(collected >= 99, "collected " .. collected)
end)

test("a coroutine that waits in a task which is dropped goes on", function()
  local done = false
  do
    local generator = coroutine.wrap(function()
      async.sleep(1)
      done = true
    end)
    async.spawn(generator)
  end
  collectgarbage()
  async.sleep(2)
  check(done)
end)

test("close of a suspended coroutine runs its close variables, in order, which may wait", function()
  local order = {}
  local co = coroutine.create(function()
    local a <close> = guard(function(_, err)
      async.sleep(1)
      order[#order + 1] = "a"
    end)
    local b <close> = guard(function()
      await(async.spawn(async.sleep, 1))
      order[#order + 1] = "b"
    end)
    coroutine.yield()
    order[#order + 1] = "not reached"
  end)
  coroutine.resume(co)
  equal(elapsed(function() equal({ coroutine.close(co) }, { true }) end), 2.0)
  equal(order, { "b", "a" })
  equal(coroutine.status(co), "dead")
  equal({ coroutine.close(co) }, { true })
end)

test("close of a coroutine that has not started, and of one that has ended", function()
  equal({ coroutine.close(coroutine.create(print)) }, { true })
  local co = coroutine.create(function() end)
  coroutine.resume(co)
  equal({ coroutine.close(co) }, { true })
  local failed = coroutine.create(error)
  coroutine.resume(failed, "x")
  coroutine.close(failed)
  equal(coroutine.status(failed), "dead")
end)

test("close of the running or a normal coroutine is an error", function()
  local co
  co = coroutine.create(function()
    raises("cannot close a running coroutine", coroutine.close, co)
    coroutine.wrap(function() raises("cannot close a normal coroutine", coroutine.close, co) end)()
  end)
  assert(coroutine.resume(co))
  raises("^cannot close a running coroutine$", coroutine.close, coroutine.running())
  local main = coroutine.running()
  coroutine.wrap(function() raises("^cannot close a normal coroutine$", coroutine.close, main) end)()
  raises("coroutine_test.lua:%d+: cannot close a running", function() coroutine.close((coroutine.running())) end)
  raises("", coroutine.close, 5)
end)

test("an error in a close variable is close's answer", function()
  for _, err in ipairs { "text", 42, {}, async.ValueError("v") } do
    local co = coroutine.create(function()
      local a <close> = guard(function()
        async.sleep(1)
        error(err, 0)
      end)
      coroutine.yield()
    end)
    coroutine.resume(co)
    local ok, got = coroutine.close(co)
    check(not ok and rawequal(got, err))
    equal(coroutine.status(co), "dead")
  end
end)

test("pcall, try and catch inside a coroutine do not keep it from being closed", function()
  for _, call in ipairs { pcall, async.catch, function(fn) return xpcall(fn, print) end,
    function(fn) return async.try(fn, async.except(print)) end } do
    local closed, past = false, false
    local co = coroutine.create(function()
      call(function()
        local g <close> = guard(function() closed = true end)
        coroutine.yield()
      end)
      past = true
    end)
    coroutine.resume(co)
    equal({ coroutine.close(co) }, { true })
    equal({ closed, past }, { true, false })
  end
end)

test("finally runs when a generator is closed", function()
  local ran = false
  local co = coroutine.create(function()
    async.try(function() coroutine.yield() end, async.finally(function()
      async.sleep(1)
      ran = true
    end))
  end)
  coroutine.resume(co)
  equal(coroutine.close(co), true)
  check(ran)
end)

test("a coroutine that yields while it is being closed: RuntimeError, and it is dead", function()
  local co = coroutine.create(function()
    local g <close> = guard(function() coroutine.yield("no") end)
    coroutine.yield()
  end)
  coroutine.resume(co)
  raises("RuntimeError.*yielded while it was being closed", coroutine.close, co)
  equal(coroutine.status(co), "dead")
end)

test("a task cancelled while it closes a coroutine gets the cancellation", function()
  local order = {}
  local task = async.spawn(function()
    local co = coroutine.create(function()
      local a <close> = guard(function() order[#order + 1] = "a" end)
      local b <close> = guard(forever)
      coroutine.yield()
    end)
    coroutine.resume(co)
    coroutine.close(co)
    order[#order + 1] = "not reached"
  end)
  async.sleep(0)
  task:cancel("c")
  equal(raises(async.CancelledError, await, task).message, "c")
  equal(order, { "a" })
end)

test("a chain of 10,000 coroutines, each closed by the one before, is closed without a crash", function()
  local closed = 0
  local previous
  for _ = 1, 10000 do
    local rest = previous
    previous = coroutine.create(function()
      local g <close> = guard(function()
        closed = closed + 1
        if rest then coroutine.close(rest) end
      end)
      coroutine.yield()
    end)
    coroutine.resume(previous)
  end
  equal(coroutine.close(previous), true)
  equal(closed, 10000)
end)

test("coroutines nested without end are a stack overflow that pcall catches, and the last one is no wreck", function()
  local last, depth = nil, 0
  local function nest()
    depth = depth + 1
    last = coroutine.create(nest)
    return assert(coroutine.resume(last))
  end
  local ok, err = pcall(nest)
  check(not ok and tostring(err):find("stack overflow"), tostring(err))
  check(depth > 50)
  collectgarbage()
  coroutine.status(last)
  depth = 0
  pcall(coroutine.resume, last)
  coroutine.close(last)
  equal(coroutine.status(last), "dead")
  local function wrapped()
    last = coroutine.wrap(wrapped)
    return last()
  end
  ok, err = pcall(wrapped)
  check(not ok and tostring(err):find("stack overflow"), tostring(err))
  pcall(last)
  pcall(last)
  equal(elapsed(async.sleep, 1), 1.0)
end)

test("a coroutine that could not be started for want of C stack is dead", function()
  local function at_depth(n, fn)
    if n == 0 then return fn() end
    string.gsub("a", ".", function() at_depth(n - 1, fn) end)
  end
  local co, wrapped
  xpcall(at_depth, function()
    co, wrapped = coroutine.create(print), coroutine.wrap(print)
    equal({ coroutine.resume(co, 1) }, { false, "C stack overflow" })
    pcall(wrapped, 1)
  end, 1000)
  equal(coroutine.status(co), "dead")
  equal({ coroutine.resume(co, 1, 2, 3) }, { false, "cannot resume dead coroutine" })
  raises("cannot resume dead coroutine", wrapped, 1, 2, 3)
end)

test("sixty nested generators wait as one", function()
  local function nest(n)
    if n == 0 then return async.sleep(1, "bottom") end
    return coroutine.wrap(nest)(n - 1)
  end
  equal(elapsed(function() equal(nest(60), "bottom") end), 1.0)
end)

test("10,000 nested awaits inside a generator", function()
  local dive
  dive = async(function(n)
    if n == 0 then
      async.sleep(1)
      coroutine.yield("up")
      return "bottom"
    end
    return (await(dive(n - 1)))
  end)
  local generator = coroutine.wrap(function() return await(dive(10000)) end)
  equal({ generator(), generator() }, { "up", "bottom" })
end)

test("a coroutine with a close variable that waits, broken out of in a for", function()
  local closed = 0
  for _ = 1, 3 do
    local co = coroutine.create(function()
      local g <close> = guard(function()
        async.sleep(1)
        closed = closed + 1
      end)
      for i = 1, 10 do coroutine.yield(i) end
    end)
    local closer = guard(function() coroutine.close(co) end)
    for i in function() return select(2, coroutine.resume(co)) end, nil, nil, closer do
      if i == 2 then break end
    end
  end
  equal(closed, 3)
end)

test("coroutines work with collections at every step, generational and incremental", function()
  for _, mode in ipairs { "generational", "incremental" } do
    local before = collectgarbage(mode)
    local sum = 0
    for i = 1, 20 do
      local generator = coroutine.wrap(function()
        for j = 1, 5 do
          collectgarbage()
          async.sleep(j % 2)
          collectgarbage("step")
          coroutine.yield(i * j)
        end
      end)
      for x in generator do
        collectgarbage()
        sum = sum + x
      end
    end
    equal(sum, 210 * 15)
    collectgarbage(before)
  end
end)

test("memory is flat after many generators, finished, failed, closed and abandoned", function()
  local function round(n)
    for _ = 1, n do
      for _ in coroutine.wrap(function()
        async.sleep(0)
        coroutine.yield(1)
      end) do end
      coroutine.resume(coroutine.create(error), "x")
      local co = coroutine.create(coroutine.yield)
      coroutine.resume(co)
      coroutine.close(co)
      coroutine.wrap(coroutine.yield)()
    end
    collectgarbage()
    collectgarbage()
    return collectgarbage("count")
  end
  round(1000)
  local before = round(2000)
  check(round(2000) - before < 50)
end)

-- The lines of a traceback after its head, without places.
local function shown(...)
  local text = debug.traceback(...)
  local lines = {}
  for line in text:gmatch("\n\t([^\n]*)") do lines[#lines + 1] = line:gsub("^.*: in ", "") end
  return lines, text
end

test("the traceback of a coroutine that failed is that of its error", function()
  local function fail(n)
    if n == 0 then error("x") end
    fail(n - 1)
  end
  for _, value in ipairs { "x", async.ValueError("x"), { 1 } } do
    local co = coroutine.create(function()
      local closed <close> = setmetatable({}, { __close = function() end })
      error(value)
    end)
    coroutine.resume(co)
    local lines = shown(co)
    check(#lines >= 1 and lines[#lines]:find("^function <.*coroutine_test.lua:%d+>$"), lines[#lines])
  end
  local co = coroutine.create(function() fail(2) local _ end)
  coroutine.resume(co)
  local lines, text = shown(co)
  equal(lines[1], "function 'error'")
  equal(lines[2], "upvalue 'fail'")
  equal(#lines, 5)
  check(text:find("^stack traceback:\n\t%[C%]: in function 'error'\n"), text)
  check(debug.traceback(co, "message"):find("^message\nstack traceback:\n\t%[C%]"))
  equal(shown(co, nil, 2), { lines[3], lines[4], lines[5] })
  equal(debug.traceback(co, nil, 50), "stack traceback:")
  local ok, err = coroutine.close(co)
  check(not ok and err:find("coroutine_test.lua:%d+: x$"), err)
end)

test("tracebacks do not show what stands below coroutines", function()
  local co = coroutine.create(function() coroutine.yield() end)
  coroutine.resume(co)
  equal(#shown(co), 2)
  check(not coroutine.wrap(function() return debug.traceback() end)():find("[C]: in ?", 1, true))
end)

test("debug.traceback gives back what is no message, and takes levels", function()
  local value = {}
  equal(debug.traceback(value), value)
  check(debug.traceback(12):find("^12\nstack traceback:"))
  check(debug.traceback(nil):find("^stack traceback:\n"))
  raises("number expected", debug.traceback, "m", "level")
  local function inner() return debug.traceback("m", 2), 1 end
  local function outer() return (inner()) end
  check(not outer():find("inner", 1, true) and debug.traceback("m", 1):find("coroutine_test.lua", 1, true))
end)
