local function line() return debug.getinfo(2, "l").currentline end

-- The traceback of the task that fails with fn, as the exception handler gets it.
local function trace_of(fn, ...)
  local seen = reports()
  do
    async.spawn(fn, ...)
  end
  async.sleep(1000)
  collectgarbage()
  async.sleep(0)
  equal(#seen, 1)
  return seen[1].traceback
end

local function count(text, what) return select(2, text:gsub(what, "")) end

test("the traceback names the line that raised", function()
  local raised
  local trace = trace_of(function()
    raised = line() + 1
    error("x")
  end)
  check(trace:find("trail_test.lua:" .. raised .. ":", 1, true), trace)
end)

test("an error that crosses tasks keeps its own line, and the awaits come after it", function()
  local raised, awaited
  local function fails()
    async.sleep(1)
    raised = line() + 1
    error("x")
  end
  local trace = trace_of(function()
    local inner = async.create_task(fails, { name = "inner" })
    awaited = line() + 1
    await(inner)
    return 1
  end)
  local first = trace:find("trail_test.lua:" .. raised .. ":", 1, true)
  local second = trace:find("trail_test.lua:" .. awaited .. ":", 1, true)
  check(first and second and first < second, trace)
  check(trace:find("task 'inner', created at .*trail_test.lua:%d+, awaited by"), trace)
end)

test("the same for an error object, and for one raised again after pcall", function()
  local raised
  local problem
  local function fails()
    raised = line() + 1
    error(async.ValueError("v"))
  end
  local trace = trace_of(function()
    local ok, err = pcall(await, async.spawn(fails))
    problem = err
    error(err)
  end)
  check(trace:find("trail_test.lua:" .. raised .. ":", 1, true), trace)
  check(problem.traceback:find("trail_test.lua:" .. raised .. ":", 1, true), problem.traceback)
end)

test("an error that crosses coroutines keeps its own line", function()
  local raised
  local trace = trace_of(function()
    local generator = coroutine.wrap(function()
      async.sleep(1)
      raised = line() + 1
      error("x")
    end)
    generator()
    return 1
  end)
  check(trace:find("trail_test.lua:" .. raised .. ":", 1, true), trace)
end)

test("an error that passes gather, a timeout, with and try keeps its own line", function()
  local raised
  local function fails()
    async.sleep(1)
    raised = line() + 1
    error("x")
  end
  local manager = setmetatable({}, { __exit = function() end })
  for _, way in ipairs {
    function() async.gather(fails) end,
    function() async.timeout(9, fails) end,
    function() async.wait_for(fails, 9) end,
    function() async.shield(fails) end,
    function() async.with(manager, fails) end,
    function() async.try(fails, async.except(async.ValueError, print), async.finally(function() end)) end,
    function() async.move_on_after(9, fails) end,
    function() await(async(fails)()) end,
  } do
    local trace = trace_of(way)
    check(trace:find("trail_test.lua:" .. raised .. ":", 1, true), trace)
  end
end)

test("an error caught for good leaves no trace in a later one with the same value", function()
  for _, catch in ipairs {
    pcall,
    function(fn, ...) return xpcall(fn, function(e) return e end, ...) end,
    async.catch,
    function(fn, ...) return coroutine.resume(coroutine.create(fn), ...) end,
    function(fn, ...)
      local arguments = table.pack(...)
      async.try(function() fn(table.unpack(arguments)) end, async.except(function() end))
    end,
    function(fn, x) async.with(setmetatable({}, { __exit = function() return true end }), function() fn(x) end) end,
  } do
    local later
    local trace = trace_of(function()
      for _ = 1, 3 do catch(await, async.create_task(function() error("same", 0) end, { name = "early" })) end
      later = line() + 1
      error("same", 0)
    end)
    equal(count(trace, "early"), 0, trace)
    check(trace:find("trail_test.lua:" .. later .. ":", 1, true), trace)
  end
end)

test("an error raised again and again does not grow", function()
  local problem = async.ValueError("one object")
  local lengths = {}
  for i = 1, 200 do
    pcall(await, async.spawn(function() error(problem) end))
    pcall(await, async.spawn(function() error("text", 0) end))
    lengths[i] = #trace_of(function() error("text", 0) end)
  end
  equal(lengths[200], lengths[2])
end)

test("the trace of an error that passes a long chain of tasks is cut", function()
  local previous = async.spawn(error, "deep")
  for _ = 1, 3000 do
    local inner = previous
    previous = async.spawn(function()
      await(inner)
      return 1
    end)
  end
  local trace = trace_of(function()
    await(previous)
    return 1
  end)
  check(#trace < 40000, #trace)
  check(trace:find("left out", 1, true))
end)

test("a failed task's trace stays with it when it is awaited twice", function()
  local failed = async.create_task(function() error("x") end, { name = "failed" })
  async.wait { failed }
  local first = trace_of(function()
    await(failed)
    return 1
  end)
  local second = trace_of(function()
    await(failed)
    return 1
  end)
  equal(count(first, "task 'failed'"), 1)
  equal(count(second, "task 'failed'"), 1)
end)
