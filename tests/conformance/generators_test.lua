local orders = dofile(debug.getinfo(1, "S").source:match("^@(.*/)") .. "orders.lua")

-- A generator function that counts, and notes "closed" in `seen` when its cleanup, which takes a second, is over.
local function counting(seen)
  return async.generator(function()
    local note <close> = setmetatable({}, {
      __close = function()
        async.sleep(1)
        seen[#seen + 1] = "closed"
      end,
    })
    local i = 0
    while true do
      i = i + 1
      async.sleep(1)
      coroutine.yield(i)
    end
  end)
end

test("E1a: break and goto close the generator before the next statement; its cleanup may wait", function()
  local seen = {}
  local count = counting(seen)
  for i in count() do
    seen[#seen + 1] = i
    if i == 2 then break end
  end
  seen[#seen + 1] = "next"
  for i in count() do
    if i == 1 then goto out end
  end
  ::out::
  seen[#seen + 1] = "out"
  equal(seen, { 1, 2, "closed", "next", "closed", "out" })
end)

test("E1b: so do return and an error in the loop", function()
  local seen = {}
  local count = counting(seen)
  local function returns()
    for i in count() do return i end
  end
  equal(returns(), 1)
  equal(seen, { "closed" })
  raises("boom", function()
    for _ in count() do error("boom", 0) end
  end)
  equal(seen, { "closed", "closed" })
end)

test("E1c: and a cancellation of the task, in the loop's body or in the generator", function()
  orders.in_every_order(10, function()
    for _, at in ipairs { 0.5, 1.5 } do
      local seen = {}
      local task = async.spawn(function()
        for _ in counting(seen)() do async.sleep(1) end
      end)
      async.sleep(at)
      task:cancel()
      raises(async.CancelledError, await, task)
      equal(seen, { "closed" })
    end
  end)
end)

test("E1d: a generator in a variable is closed by <close>, each and close", function()
  local seen = {}
  local count = counting(seen)
  do
    local g <close> = count()
    g:next()
  end
  local kept = count()
  for _ in kept:each() do break end
  local closed = count()
  closed:next()
  closed:close()
  equal(seen, { "closed", "closed", "closed" })
  equal(kept:next(), nil)
end)

test("E2a: an abandoned generator is closed when the task that resumed it ends, before it is done", function()
  local seen = {}
  local task = async.spawn(function()
    local g = counting(seen)()
    g:next()
    seen[#seen + 1] = "body over"
  end)
  await(task)
  equal(seen, { "body over", "closed" })
end)

test("E2b: it moves with who resumes it, and waits for that task's end", function()
  local seen, g = {}, nil
  local maker = async.spawn(function()
    g = counting(seen)()
    g:next()
    async.sleep(5)
  end)
  async.sleep(2)
  local resumer = async.spawn(function()
    g:next()
    async.sleep(9)
  end)
  await(maker)
  equal(seen, {})
  await(resumer)
  equal(seen, { "closed" })
end)

test("E2c: never by the garbage collector", function()
  local seen = {}
  local task = async.spawn(function()
    local g = counting(seen)()
    g:next()
    g = nil
    for _ = 1, 3 do
      collectgarbage()
      async.sleep(1)
    end
    return #seen
  end)
  equal({ await(task), #seen }, { 0, 1 })
end)

test("E2d: one that was never resumed ends with the task that made it, without running", function()
  local ran = false
  local g = await(async.spawn(function()
    return (async.generator(function()
      ran = true
      coroutine.yield(1)
    end)())
  end))
  equal({ g:next(), ran }, { nil, false })
end)

test("E3: a generator that yields while it is being closed is a RuntimeError", function()
  local g = async.generator(function()
    local bad <close> = setmetatable({}, { __close = function() coroutine.yield("again") end })
    coroutine.yield(1)
  end)()
  g:next()
  raises(async.RuntimeError, g.close, g)
  equal(g:next(), nil)
end)

test("E4: two tasks in one generator at once are a RuntimeError, and the first goes on", function()
  local seen = {}
  local g <close> = counting(seen)()
  local first = async.spawn(g.next, g)
  async.sleep(0)
  for _, method in ipairs { g.next, g.send, g.close } do raises(async.RuntimeError, method, g) end
  equal(await(first), 1)
end)

test("E5: wherever the consumer of a generator is cancelled, the generator is closed once", function()
  local runs = orders.cancelled_everywhere(5, function()
    local opened, closed = 0, 0
    local numbers = async.generator(function()
      opened = opened + 1
      local note <close> = setmetatable({}, {
        __close = function()
          closed = closed + 1
          async.sleep(1)
        end,
      })
      for i = 1, 3 do
        async.sleep(1)
        coroutine.yield(i)
      end
    end)
    local task = async.spawn(function()
      local kept = numbers()
      kept:next()
      for i in numbers() do
        async.sleep(1)
        if i == 2 then break end
      end
    end)
    async.wait { task }
    equal(closed, opened)
  end)
  check(runs > 10)
end)

test("E6a: an ExitStack closes in reverse order, and goes on after an error", function()
  local seen = {}
  local function note(name, err)
    return function()
      async.sleep(1)
      seen[#seen + 1] = name
      if err then error(err, 0) end
    end
  end
  raises("boom", function()
    local stack <close> = async.ExitStack()
    stack:callback(note("first"))
    stack:enter(async.closing({}, note("second", "boom")))
    stack:enter(setmetatable({}, { __close = note("third") }))
  end)
  equal(seen, { "third", "second", "first" })
end)

test("E6b: its last error wins and keeps the earlier ones as cause", function()
  local err = raises(async.ValueError, function()
    local stack <close> = async.ExitStack()
    stack:callback(error, async.ValueError("last"))
    stack:callback(error, async.TypeError("second"))
    error(async.RuntimeError("body"))
  end)
  equal({ err.message, err.cause.message, err.cause.cause.message }, { "last", "second", "body" })
end)

test("E6c: wherever its task is cancelled, it closes everything once", function()
  local runs = orders.cancelled_everywhere(5, function()
    local opened, closed = 0, 0
    local task = async.spawn(function()
      local stack <close> = async.ExitStack()
      for _ = 1, 3 do
        async.sleep(1)
        opened = opened + 1
        stack:callback(function()
          closed = closed + 1
          async.sleep(1)
        end)
      end
    end)
    async.wait { task }
    equal(closed, opened)
  end)
  check(runs >= 30)
end)

test("E7: an error value of any type crosses tasks unchanged", function()
  local file <close> = io.tmpfile()
  for _, value in ipairs { "text", 5, 0.5, true, false, {}, print, file, coroutine.create(print), async.Future() } do
    local task = async.spawn(error, value)
    local ok, err = pcall(await, task)
    check(not ok and rawequal(err, value))
    ok, err = pcall(async.gather, task)
    check(not ok and rawequal(err, value))
  end
  equal({ pcall(await, async.spawn(error, nil)) }, { false, nil })
end)

test("E8: the traceback names the line that raised, not a line that raised it again", function()
  local line
  local function raise()
    line = debug.getinfo(1, "l").currentline + 1
    error(async.ValueError("boom"))
  end
  local err = raises(async.ValueError, function()
    local ok, e = pcall(await, async.spawn(function()
      local ok, e = pcall(raise)
      check(not ok)
      error(e, 0)
    end))
    check(not ok)
    error(e, 0)
  end)
  local first = err.traceback:match("^.-generators_test.lua:(%d+)")
  equal(tonumber(first), line)
end)
