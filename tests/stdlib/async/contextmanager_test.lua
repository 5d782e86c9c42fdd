local log
local managed = async.contextmanager(function(name, seconds)
  log[#log + 1] = "enter " .. name
  local leaving <close> = setmetatable({}, { __close = function(_, err)
    async.sleep(seconds or 0)
    log[#log + 1] = ("leave %s: %s"):format(name, err)
  end })
  coroutine.yield(name:upper())
end)

local function fresh(...)
  log = {}
  return managed(...)
end

-- contextmanager.

test("entering runs to the yield and gives the resource; leaving runs the rest", function()
  equal({ async.with(fresh("a"), function(resource)
    log[#log + 1] = resource
    return "r1", "r2"
  end) }, { "r1", "r2" })
  equal(log, { "enter a", "A", "leave a: nil" })
end)

test("calling the function runs nothing", function()
  fresh("a")
  equal(log, {})
end)

test("the body's error is raised at the yield, and goes on unchanged", function()
  for _, err in ipairs { "text", 42, {}, false, async.ValueError("v") } do
    local ok, raised = pcall(async.with, fresh("a"), function() error(err, 0) end)
    check(not ok and rawequal(raised, err))
    equal(log[2], "leave a: " .. tostring(err))
  end
end)

test("returning normally after catching the error swallows it", function()
  local quiet = async.contextmanager(function(class)
    async.try(function() coroutine.yield() end, async.except(class, function() end))
  end)
  equal(select("#", async.with(quiet(async.ValueError), function() error(async.ValueError("v")) end)), 0)
  raises(async.TypeError, async.with, quiet(async.ValueError), function() error(async.TypeError("t")) end)
end)

test("another error raised there replaces the body's", function()
  local translating = async.contextmanager(function()
    local ok, err = pcall(coroutine.yield)
    if not ok then error(async.RuntimeError("translated", { cause = err })) end
  end)
  local err = raises("RuntimeError: translated", async.with, translating(), function() error("body", 0) end)
  equal(err.cause, "body")
end)

test("enter, body and leave may wait, in one task", function()
  local tasks = {}
  local waiting = async.contextmanager(function()
    async.sleep(1)
    tasks[1] = async.current_task()
    coroutine.yield()
    async.sleep(1)
    tasks[2] = async.current_task()
  end)
  equal(elapsed(function() async.with(waiting(), function() async.sleep(1) end) end), 3.0)
  check(tasks[1] == async.current_task() and tasks[2] == tasks[1])
end)

test("a cancellation of the body reaches the yield, cleanup waits, and it passes on", function()
  local task = async.spawn(async.with, fresh("a", 2), function() async.sleep(math.huge) end)
  async.sleep(1)
  equal(elapsed(function()
    task:cancel("c")
    equal(raises(async.CancelledError, await, task).message, "c")
  end), 2.0)
  equal(log[2], "leave a: CancelledError: c")
end)

test("a cancellation in the cleanup ends it, and is raised", function()
  local task = async.spawn(async.with, fresh("a", 9), function() end)
  async.sleep(1)
  task:cancel("late")
  equal(raises(async.CancelledError, await, task).message, "late")
  equal(log, { "enter a" })
end)

test("a function that does not yield is a RuntimeError, and the body never runs", function()
  local none = async.contextmanager(function() end)
  raises("RuntimeError: .* did not yield", async.with, none(), function() error("body") end)
  local failing = async.contextmanager(function() error("setup", 0) end)
  raises("^setup$", async.with, failing(), function() error("body") end)
end)

test("a function that yields again is closed, and a RuntimeError", function()
  local closed = 0
  local twice = async.contextmanager(function()
    local closing <close> = setmetatable({}, { __close = function() closed = closed + 1 end })
    pcall(coroutine.yield, 1)
    coroutine.yield(2)
  end)
  raises("RuntimeError: .* did not stop", async.with, twice(), function() end)
  raises("RuntimeError: .* did not stop", async.with, twice(), function() error("body", 0) end)
  equal(closed, 2)
end)

test("a manager is entered once", function()
  local manager = fresh("a")
  async.with(manager, function() end)
  raises("RuntimeError: a context manager can be entered once", async.with, manager, function() end)
end)

test("a manager that was entered and never left is left when its task ends", function()
  await(async.spawn(function()
    local cm, resource = async.enter(fresh("a", 1))
    equal(resource, "A")
  end))
  equal(log[2], "leave a: CancelledError: the coroutine is being closed")
end)

test("managers nest, and are left in reverse order", function()
  log = {}
  async.with(managed("a"), function() async.with(managed("b"), function() end) end)
  equal(log, { "enter a", "enter b", "leave b: nil", "leave a: nil" })
end)

test("with in a generator that is closed leaves the manager", function()
  local g = async.generator(function()
    async.with(fresh("a", 1), function() coroutine.yield(1) end)
  end)()
  g:next()
  g:close()
  equal(log[2], "leave a: CancelledError: the coroutine is being closed")
end)

test("contextmanager takes a function; a manager shows its state", function()
  misuse(async.TypeError, async.contextmanager, 5)
  misuse(async.TypeError, async.contextmanager)
  local manager = fresh("a")
  equal(tostring(manager), "<ContextManager not entered>")
  async.with(manager, function() equal(tostring(manager), "<ContextManager entered>") end)
  equal(tostring(manager), "<ContextManager left>")
end)

-- enter.

test("enter gives a value for <close> and the resource, and is left at the end of the block", function()
  do
    local cm <close>, resource = async.enter(fresh("a"))
    equal(resource, "A")
    check(tostring(cm):find("entered"))
    equal(#log, 1)
  end
  equal(log[2], "leave a: nil")
end)

test("an error of the block reaches the manager and goes on, also one that with would swallow", function()
  local got
  local quiet = setmetatable({}, { __exit = function(_, err)
    got = err
    return true
  end })
  raises("^body$", function()
    local cm <close> = async.enter(quiet)
    error("body", 0)
  end)
  equal(got, "body")
end)

test("enter calls __enter, passes all it returns, and leaves by __exit or __close", function()
  local left = {}
  local function manager(name)
    return setmetatable({}, {
      __enter = function() return async.sleep(1, "r1", nil, "r3") end,
      [name] = function(_, err) left[#left + 1] = name .. tostring(err) end,
    })
  end
  for _, name in ipairs { "__exit", "__close" } do
    local results = table.pack(async.enter(manager(name)))
    equal({ results.n, results[2], results[4] }, { 4, "r1", "r3" })
    local cm <close> = results[1]
  end
  equal(left, { "__exitnil", "__closenil" })
  local plain = setmetatable({}, { __close = function() end })
  local cm <close>, resource = async.enter(plain)
  equal(resource, plain)
end)

test("enter works with locks, timeouts and task groups", function()
  local lock = async.Lock()
  do
    local cm <close> = async.enter(lock)
    check(lock:locked())
  end
  check(not lock:locked())
  raises(async.TimeoutError, function()
    local cm <close> = async.enter(async.timeout(1))
    async.sleep(2)
  end)
  equal(elapsed(function()
    local cm <close>, group = async.enter(async.TaskGroup())
    group:spawn(async.sleep, 1)
  end), 1.0)
end)

test("enter refuses what is no context manager", function()
  misuse(async.TypeError, async.enter)
  misuse(async.TypeError, async.enter, {})
  misuse(async.TypeError, async.enter, print)
end)

-- closing.

test("closing calls close, or the function given, once at the end of the block", function()
  local closed = {}
  local thing = { close = function(self) closed[#closed + 1] = self end }
  do local c <close> = async.closing(thing) end
  async.with(async.closing(thing), function(x) equal(x, thing) end)
  equal(#closed, 2)
  check(closed[1] == thing)
  async.with(async.closing("x", function(x)
    async.sleep(1)
    closed[#closed + 1] = x
  end), function(x) equal(x, "x") end)
  equal(closed[3], "x")
end)

test("closing closes after an error and a cancellation, which go on", function()
  local closed = 0
  local function close()
    async.sleep(1)
    closed = closed + 1
  end
  raises("^body$", function()
    local c <close> = async.closing({}, close)
    error("body", 0)
  end)
  local task = async.spawn(async.with, async.closing({}, close), function() async.sleep(9) end)
  async.sleep(0)
  task:cancel()
  raises(async.CancelledError, await, task)
  equal(closed, 2)
end)

test("closing a file and a generator", function()
  local file = io.tmpfile()
  async.with(async.closing(file), function(f) equal(f, file) end)
  equal(io.type(file), "closed file")
  local g = async.generator(function() coroutine.yield(1) end)()
  async.with(async.closing(g), function() g:next() end)
  equal(g:next(), nil)
end)

test("closing refuses what cannot be closed", function()
  misuse(async.TypeError, async.closing)
  misuse(async.TypeError, async.closing, {})
  misuse(async.TypeError, async.closing, 5)
  misuse(async.TypeError, async.closing, {}, 5)
end)
