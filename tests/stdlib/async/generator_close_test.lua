-- How generators end before they are finished.
local function note_on_close(log, name, seconds)
  return setmetatable({}, { __close = function(_, err)
    if seconds then async.sleep(seconds) end
    log[#log + 1] = name
    log.err = err
  end })
end

-- Yields 1, 2, 3...; closing it takes a second, and adds its name to the log.
local numbers = async.generator(function(log, name)
  local closing <close> = note_on_close(log, name or "closed", 1)
  local i = 0
  while true do
    i = i + 1
    coroutine.yield(i)
  end
end)

test("break closes the generator before the next statement, and its cleanup may wait", function()
  local log = {}
  equal(elapsed(function()
    for x in numbers(log) do
      if x == 3 then break end
    end
    log[#log + 1] = "next statement"
  end), 1.0)
  equal({ log[1], log[2] }, { "closed", "next statement" })
  check(async.is(log.err, async.CancelledError))
end)

test("return, goto and an error in the body close it too", function()
  local log = {}
  local function returning()
    for x in numbers(log, "return") do return x end
  end
  equal(returning(), 1)
  for _ in numbers(log, "goto") do goto out end
  ::out::
  raises("^body$", function()
    for _ in numbers(log, "error") do error("body", 0) end
  end)
  log.err = nil
  equal(log, { "return", "goto", "error" })
end)

test("a cancellation of the task in the body closes it", function()
  local log = {}
  local task = async.spawn(function()
    for _ in numbers(log) do async.sleep(9) end
  end)
  async.sleep(1)
  equal(elapsed(function()
    task:cancel()
    raises(async.CancelledError, await, task)
  end), 1.0)
  equal(log[1], "closed")
end)

test("a cancellation while the generator waits is raised inside it, and ends it", function()
  local log = {}
  local g = async.generator(function()
    local closing <close> = note_on_close(log, "closed", 1)
    async.sleep(9)
  end)()
  local task = async.spawn(g.next, g)
  async.sleep(1)
  task:cancel("stop")
  equal(raises(async.CancelledError, await, task).message, "stop")
  equal({ log[1], log.err.message }, { "closed", "stop" })
  equal(g:next(), nil)
end)

test("each and a <close> variable close it", function()
  local log = {}
  local kept = numbers(log, "each")
  for x in kept:each() do
    if x == 2 then break end
  end
  do
    local g <close> = numbers(log, "variable")
    g:next()
  end
  equal({ log[1], log[2] }, { "each", "variable" })
end)

test("close ends one that is suspended, unstarted or finished, once", function()
  local log = {}
  local g = numbers(log)
  equal(select("#", g:close()), 0)
  equal(g:next(), nil)
  equal(#log, 0)
  g = numbers(log)
  g:next()
  g:close()
  g:close()
  equal(#log, 1)
  equal(g:next(), nil)
  equal(g:send("x"), nil)
end)

test("nothing inside catches the close", function()
  local went_on = {}
  for name, protect in pairs {
    pcall = pcall,
    catch = async.catch,
    try = function(fn) async.try(fn, async.except(async.CancelledError, print), async.except(print)) end,
    xpcall = function(fn) xpcall(fn, print) end,
    coroutine = function(fn) async.with(setmetatable({}, { __exit = function() return true end }), fn) end,
  } do
    local g = async.generator(function()
      protect(function() coroutine.yield(1) end)
      went_on[#went_on + 1] = name
    end)()
    g:next()
    g:close()
  end
  equal(went_on, {})
end)

test("<close> variables run in their order, and finally clauses and __exit with them", function()
  local log = {}
  local g = async.generator(function()
    local a <close> = note_on_close(log, "a", 1)
    async.try(function()
      async.with(setmetatable({}, { __exit = function() log[#log + 1] = "exit" end }), function()
        local b <close> = note_on_close(log, "b")
        coroutine.yield(1)
      end)
    end, async.finally(function() log[#log + 1] = "finally" end))
  end)()
  g:next()
  g:close()
  equal({ table.unpack(log) }, { "b", "exit", "finally", "a" })
end)

test("an error in the cleanup is raised by close, and replaces that of the body", function()
  local failing = async.generator(function()
    local closing <close> = setmetatable({}, { __close = function() error("cleanup", 0) end })
    coroutine.yield(1)
  end)
  local g = failing()
  g:next()
  raises("^cleanup$", g.close, g)
  equal(g:next(), nil)
  raises("^cleanup$", function()
    for _ in failing() do error("body", 0) end
  end)
end)

test("a generator that yields while it is being closed is a RuntimeError, and ended", function()
  local log = {}
  local g = async.generator(function()
    local outer <close> = note_on_close(log, "outer")
    local stubborn <close> = setmetatable({}, { __close = function() coroutine.yield(2) end })
    coroutine.yield(1)
  end)()
  g:next()
  misuse(async.RuntimeError, g.close, g)
  equal(log[1], "outer")
  equal(g:next(), nil)
  check(tostring(g):find("finished"))
end)

test("a task cancelled while it closes a generator: the cleanup gets it, the rest of it runs", function()
  local log = {}
  local g = async.generator(function()
    local last <close> = note_on_close(log, "last", 1)
    local first <close> = note_on_close(log, "first", 5)
    coroutine.yield(1)
  end)()
  g:next()
  local task = async.spawn(g.close, g)
  async.sleep(2)
  equal(elapsed(function()
    task:cancel("now")
    equal(raises(async.CancelledError, await, task).message, "now")
  end), 1.0)
  equal({ table.unpack(log) }, { "last" })
  equal(g:next(), nil)
end)

test("a generator that is being closed cannot be used by another task", function()
  local log = {}
  local g = numbers(log)
  g:next()
  local task = async.spawn(g.close, g)
  async.sleep(0.5)
  misuse(async.RuntimeError, g.next, g)
  misuse(async.RuntimeError, g.close, g)
  await(task)
  equal(g:next(), nil)
end)

test("closing a generator closes the ones it iterates over, innermost first", function()
  local log = {}
  local outer = async.generator(function()
    local closing <close> = note_on_close(log, "outer")
    for x in numbers(log, "inner") do coroutine.yield(x) end
  end)
  for x in outer() do
    if x == 2 then break end
  end
  equal({ log[1], log[2] }, { "inner", "outer" })
end)

test("a chain of 10,000 generators that hold one another closes without running out of stack", function()
  local closed = 0
  local link = async.generator(function(previous)
    local closing <close> = setmetatable({}, { __close = function()
      if previous then previous:close() end
      closed = closed + 1
    end })
    coroutine.yield(true)
  end)
  local last
  for _ = 1, 10000 do
    last = link(last)
    last:next()
  end
  last:close()
  equal(closed, 10000)
end)

-- Generators that a task leaves behind.

test("an abandoned generator is closed when the task that made it ends, before it is done", function()
  local log = {}
  local task = async.spawn(function()
    local g = numbers(log)
    g:next()
    return "result"
  end)
  equal(elapsed(function() equal(await(task), "result") end), 1.0)
  equal(log[1], "closed")
end)

test("several are closed most recently adopted first", function()
  local log = {}
  await(async.spawn(function()
    local a, b, c = numbers(log, "a"), numbers(log, "b"), numbers(log, "c")
    c:next()
    a:next()
    b:next()
  end))
  equal({ table.unpack(log) }, { "c", "b", "a" })
end)

test("a generator moves to the task that resumes it", function()
  local log, kept = {}, nil
  await(async.spawn(function()
    kept = numbers(log)
    kept:next()
    await(async.spawn(function()
      equal(kept:next(), 2)
      log[#log + 1] = "inner ends"
    end))
    log[#log + 1] = "outer ends"
  end))
  equal({ table.unpack(log) }, { "inner ends", "closed", "outer ends" })
  equal(kept:next(), nil)
end)

test("the task that resumed it last goes on with it after its maker has ended", function()
  local log, g = {}, nil
  local maker = async.spawn(function()
    g = numbers(log)
    g:next()
    async.sleep(1)
  end)
  async.sleep(0)
  equal(g:next(), 2)
  await(maker)
  equal({ g:next(), #log }, { 3, 0 })
  g:close()
end)

test("a generator that was never resumed is just dropped", function()
  local log = {}
  await(async.spawn(function() numbers(log) end))
  equal(#log, 0)
end)

test("a task that fails or is cancelled closes what it leaves behind", function()
  local log = {}
  local failing = async.spawn(function()
    numbers(log, "failed"):next()
    error("task", 0)
  end)
  raises("^task$", await, failing)
  local cancelled = async.spawn(function()
    numbers(log, "cancelled"):next()
    async.sleep(9)
  end)
  async.sleep(0)
  cancelled:cancel()
  raises(async.CancelledError, await, cancelled)
  equal({ log[1], log[2] }, { "failed", "cancelled" })
end)

test("an error while a task closes what it left behind is the task's; it keeps earlier ones, the rest is closed", function()
  local log = {}
  local failing = async.generator(function(name)
    local closing <close> = setmetatable({}, { __close = function() error(async.ValueError(name)) end })
    coroutine.yield(1)
  end)
  local err = raises(async.ValueError, await, async.spawn(function()
    numbers(log, "made first"):next()
    failing("second"):next()
    failing("last"):next()
  end))
  equal({ err.message, err.cause.message }, { "second", "last" })
  equal(log[1], "made first")
end)

test("cleanup at the end of a task may leave generators behind, which are closed as well", function()
  local log = {}
  await(async.spawn(function()
    async.generator(function()
      local closing <close> = setmetatable({}, { __close = function() numbers(log, "made by cleanup"):next() end })
      coroutine.yield(1)
    end)():next()
  end))
  equal(log[1], "made by cleanup")
end)

test("a cancellation while a task closes what it left behind stops none of the others", function()
  local log = {}
  local task = async.spawn(function()
    numbers(log, "second"):next()
    numbers(log, "first"):next()
  end)
  async.sleep(0.5)
  task:cancel()
  raises(async.CancelledError, await, task)
  equal({ table.unpack(log) }, { "second" })
end)

test("20,000 abandoned generators are closed in little time", function()
  local closed = 0
  local one = async.generator(function()
    local closing <close> = setmetatable({}, { __close = function() closed = closed + 1 end })
    coroutine.yield(1)
  end)
  await(async.spawn(function()
    for _ = 1, 20000 do one():next() end
  end))
  equal(closed, 20000)
end)
