local orders = dofile(debug.getinfo(1, "S").source:match("^@(.*/)") .. "orders.lua")

local function forever() async.sleep(math.huge) end

-- The model.

test("A1a: a call that waits does so across pcall, metamethods, generic for, close handlers and coroutines", function()
  local function wait(...)
    async.sleep(1)
    return ...
  end
  local ways = {
    function() return select(2, pcall(wait, "x")) end,
    function() return select(2, xpcall(wait, print, "x")) end,
    function() return setmetatable({}, { __index = function(_, key) return wait(key) end }).x end,
    function() return setmetatable({}, { __add = function() return wait("x") end }) + 1 end,
    function() for value in function() return wait("x") end do return value end end,
    function()
      local seen
      do
        local closing <close> = setmetatable({}, { __close = function() seen = wait("x") end })
      end
      return seen
    end,
    function() return coroutine.wrap(function() coroutine.yield(wait("x")) end)() end,
  }
  for _, way in ipairs(ways) do
    equal(elapsed(function() equal(way(), "x") end), 1.0)
  end
end)

test("A1b: where Lua cannot yield, the wait is an error that names the function", function()
  local err = raises(async.RuntimeError, table.sort, { 2, 1 }, function() async.sleep(1) end)
  check(err.message:find("table.sort", 1, true), err.message)
  err = raises(async.RuntimeError, string.gsub, "x", "x", function() async.sleep(1) end)
  check(err.message:find("string.gsub", 1, true), err.message)
end)

test("A2a: a call of an async function runs nothing; await runs it in the current task", function()
  local ran
  local fetch = async(function(url)
    ran = async.current_task()
    return url, 2
  end)
  local coroutine_ = fetch("u")
  async.sleep(1)
  equal(ran, nil)
  local tasks = #async.all_tasks()
  equal({ await(coroutine_) }, { "u", 2 })
  equal({ ran, #async.all_tasks() }, { async.current_task(), tasks })
end)

test("A2b: a Coroutine is used once", function()
  local coroutine_ = async(math.abs)(-1)
  await(coroutine_)
  raises(async.RuntimeError, await, coroutine_)
  raises(async.RuntimeError, function() await(async.create_task(coroutine_)) end)
end)

test("A3a: await calls __await, and returns every other value with all its arguments", function()
  local thing = setmetatable({}, { __await = function(self, ...) return self, async.sleep(1, ...) end })
  equal({ await(thing, 1, 2) }, { thing, 1, 2 })
  equal(table.pack(await(nil, 1, nil)), { nil, 1, nil, n = 3 })
  equal(await("text"), "text")
  equal(select("#", await()), 0)
end)

test("A3b: await of a function is a TypeError that says what to do", function()
  local err = raises(async.TypeError, await, print)
  check(err.message:find("call it, or wrap it in async()", 1, true), err.message)
end)

test("A4: where an awaitable is accepted a function is too; given twice, it is two calls", function()
  local calls = 0
  local function call(...)
    equal(select("#", ...), 0)
    calls = calls + 1
    return calls
  end
  equal(async.gather(call, call), { 1, 2, n = 2 })
  equal(#async.wait { call, call }, 2)
  for task in async.as_completed { call, call } do await(task) end
  equal({ async.wait_for(call, 1), async.shield(call), await(async.create_task(call)) }, { 7, 8, 9 })
  async.with(async.TaskGroup(), function(tg) tg:create_task(call) end)
  equal(calls, 10)
end)

test("A5: what is no awaitable is a TypeError that names the likely slip, and nothing is started", function()
  local started = false
  local function start() started = true end
  local err = raises(async.TypeError, async.gather, async.sleep(0), start)
  check(err.message:find("argument 1 of gather is nil, the result of a call that already ran", 1, true), err.message)
  for _, fn in ipairs { async.wait, async.as_completed, async.gather } do raises(async.TypeError, fn, { start, 5 }) end
  for _, fn in ipairs { async.shield, async.create_task, async.spawn } do raises(async.TypeError, fn, "x") end
  raises(async.TypeError, async.wait_for, nil, 1)
  async.sleep(1)
  check(not started)
end)

test("A6: a body runs in the calling coroutine: yields pass through try, with, timeout and catch", function()
  local manager = setmetatable({}, { __exit = function() end })
  local wrappers = {
    try = function(body) async.try(body, async.finally(function() end)) end,
    with = function(body) async.with(manager, body) end,
    timeout = function(body) async.timeout(9, body) end,
    move_on_after = function(body) async.move_on_after(9, body) end,
    catch = function(body) async.catch(body) end,
    wait_for = function(body) async.wait_for(body, 9) end,
    pcall = function(body) pcall(body) end,
  }
  for name, wrapper in pairs(wrappers) do
    local seen = {}
    for value in coroutine.wrap(function()
      local outside = coroutine.running()
      wrapper(function()
        equal(coroutine.running(), outside)
        async.sleep(1)
        coroutine.yield(1)
        coroutine.yield(2)
      end)
    end) do seen[#seen + 1] = value end
    equal(seen, { 1, 2 }, name)
  end
end)

test("A7a: a callback runs in a copy of the context in which it was set", function()
  local var, seen = async.ContextVar("var"), {}
  local loop, future = async.get_running_loop(), async.Future()
  local function note()
    seen[#seen + 1] = var:get()
    var:set("changed")
  end
  var:set("then")
  loop:call_soon(note)
  loop:call_later(1, note)
  future:add_done_callback(note)
  var:set("now")
  future:set_result()
  async.sleep(2)
  equal({ seen, var:get() }, { { "then", "then", "then" }, "now" })
end)

test("A7b: a callback cannot wait: a RuntimeError that says to spawn a task, for the exception handler", function()
  local reported = reports()
  local loop, future = async.get_running_loop(), async.Future()
  loop:call_soon(async.sleep, 1)
  future:add_done_callback(function() await(async.Future()) end)
  future:set_result()
  async.sleep(1)
  equal(#reported, 2)
  for _, context in ipairs(reported) do
    check(context.exception:is(async.RuntimeError) and context.exception.message:find("spawn a task", 1, true))
  end
end)

-- Running.

test("A8a: async.run returns the results of main, or raises its error, and runs it in a new task", function()
  local task
  equal({ async.run(function()
    task = async.current_task()
    return async.sleep(1, "a", "b")
  end) }, { "a", "b" })
  check(task ~= async.current_task())
  raises("boom", async.run, async(error)("boom", 0))
  raises(async.TypeError, async.run, 5)
end)

test("A8b: it belongs to the main task, and to one call at a time", function()
  local message = "async.run() cannot be called from a running task; await it instead"
  equal(raises(async.RuntimeError, async.run, function() async.run(print) end).message, message)
  equal(raises(async.RuntimeError, await, async.spawn(async.run, print)).message, message)
end)

test("A8c: at the end of main it cancels the tasks made meanwhile and waits for them; others go on", function()
  local before, left = async.spawn(async.sleep, 100, "went on"), nil
  equal(elapsed(async.run, function()
    left = async.spawn(function()
      local cleanup <close> = setmetatable({}, { __close = function() async.sleep(3) end })
      forever()
    end)
    async.sleep(1)
  end), 4.0)
  check(left:cancelled() and not before:done())
  equal(await(before), "went on")
end)

test("A8d: the main task that waits in it is not listed", function()
  async.run(function() equal(async.all_tasks(), { async.current_task() }) end)
end)

test("A9: when nothing can wake the main task it gets a DeadlockError that lists every task and its line", function()
  local future = async.Future()
  local stuck = async.create_task(function() async.shield(future) end, { name = "stuck" })
  local err = raises(async.DeadlockError, function() async.shield(future) end)
  for _, name in ipairs { "main", "stuck" } do
    check(err.message:find("'" .. name .. "' waits in await at .*contract_test.lua:%d+"), err.message)
  end
  check(not stuck:done())
  equal(elapsed(async.sleep, 1), 1.0)
  stuck:cancel()
  async.wait { stuck }
end)

test("A10a: tasks and call_soon callbacks run first in, first out, in one queue", function()
  local seen, loop = {}, async.get_running_loop()
  local function note(x) seen[#seen + 1] = x end
  for i = 1, 5, 2 do
    async.spawn(note, i)
    loop:call_soon(note, i + 1)
  end
  async.sleep(0)
  equal(seen, { 1, 2, 3, 4, 5, 6 })
end)

test("A10b: a loop of sleep(0) starves no timer, and due timers starve no task", { clock = "real" }, function()
  local fired = false
  async.get_running_loop():call_later(0.001, function() fired = true end)
  while not fired do async.sleep(0) end
  local stop, ticks, steps = false, 0, 0
  local function tick()
    ticks = ticks + 1
    if not stop then async.get_running_loop():call_later(0, tick) end
  end
  tick()
  while ticks < 10 do
    steps = steps + 1
    async.sleep(0)
  end
  stop = true
  check(steps > 0 and steps < 1000000)
  async.sleep(0.001)
end)

test("A10c: timers never fire early, and equal deadlines fire in the order in which they were set", function()
  local loop, seen = async.get_running_loop(), {}
  local when = loop:time() + 1
  for _, i in ipairs { 3, 1, 2 } do
    loop:call_at(when, function()
      check(loop:time() >= when)
      seen[#seen + 1] = i
    end)
  end
  async.sleep(1.5)
  equal(seen, { 3, 1, 2 })
end)

-- Tasks and futures.

test("A11a: a task or future may have several results, which await and result give", function()
  local task, future = async.spawn(function() return 1, nil, 3, nil end), async.Future()
  future:set_result("a", nil)
  for _, get in ipairs { await, task.result } do
    equal(table.pack(get(task)), { 1, nil, 3, nil, n = 4 })
    equal(table.pack(get(future)), { "a", nil, n = 2 })
  end
end)

test("A11b: result() of a pending one is an InvalidStateError; else it raises its error or CancelledError", function()
  local task = async.spawn(error, "boom", 0)
  raises(async.InvalidStateError, task.result, task)
  raises(async.InvalidStateError, task.exception, task)
  async.wait { task }
  raises("boom", task.result, task)
  local cancelled = async.Future()
  cancelled:cancel("why")
  equal(raises(async.CancelledError, cancelled.result, cancelled).message, "why")
  raises(async.CancelledError, cancelled.exception, cancelled)
end)

test("A11c: a Task cannot be set, and a Future only once", function()
  local task, future = async.spawn(forever), async.Future()
  raises(async.RuntimeError, task.set_result, task, 1)
  raises(async.RuntimeError, task.set_exception, task, "x")
  future:set_result(1)
  raises(async.InvalidStateError, future.set_result, future, 2)
  raises(async.InvalidStateError, future.set_exception, future, "x")
  task:cancel()
  async.wait { task }
end)

test("A12: the loop keeps every unfinished task alive", function()
  local finished = 0
  for i = 1, 10 do
    async.spawn(function()
      async.sleep(i)
      await(async.spawn(async.sleep, 1))
      finished = finished + 1
    end)
  end
  for _ = 1, 12 do
    async.sleep(1)
    collectgarbage()
  end
  equal(finished, 10)
end)

test("A13: a failed task whose error nobody looked at is reported when it is collected, any other is not", function()
  local reported = reports()
  local seen = async.spawn(error, "seen", 0)
  async.create_task(function() error("lost", 0) end, { name = "loser" })
  async.spawn(forever):cancel()
  async.sleep(0)
  equal({ seen:exception(), #reported }, { "seen", 0 })
  seen = nil
  collectgarbage()
  collectgarbage()
  async.sleep(0)
  equal({ #reported, reported[1].exception }, { 1, "lost" })
  equal({ reported[1].message, reported[1].task:get_name() }, { "Task exception was never retrieved", "loser" })
end)

test("A14: done callbacks run in order, later, from the loop; an error in one is reported and stops nothing", function()
  local reported, seen, future = reports(), {}, async.Future()
  for i = 1, 3 do
    future:add_done_callback(function(f)
      equal({ rawequal(f, future), async.current_task() }, { true })
      seen[#seen + 1] = i
      if i == 2 then error("in a callback", 0) end
    end)
  end
  future:set_result()
  equal(seen, {})
  async.sleep(0)
  equal({ seen, #reported, reported[1].exception }, { { 1, 2, 3 }, 1, "in a callback" })
end)

test("A15a: gather gives one list with the first result of each, in the order of the arguments", function()
  orders.in_every_order(5, function()
    equal(async.gather(function() return async.sleep(2, "a", "extra") end, function() end,
      function() return async.sleep(1, "c") end), { "a", nil, "c", n = 3 })
  end)
end)

test("A15b: its first error propagates at once, and the others go on", function()
  local slow = async.spawn(async.sleep, 5, "slow")
  equal(elapsed(raises, "boom", async.gather, slow, function()
    async.sleep(1)
    error("boom", 0)
  end), 1.0)
  equal({ slow:done(), await(slow) }, { false, "slow" })
end)

test("A16: wait gives done and pending in the order given, raises no child's error and cancels nothing", function()
  local failing, slow, fast = async.spawn(error, "boom"), async.spawn(async.sleep, 5), async.spawn(async.sleep, 1)
  local done, pending = async.wait({ slow, fast, failing }, { timeout = 2 })
  equal({ done, pending }, { { fast, failing }, { slow } })
  done, pending = async.wait({ slow, failing }, { return_when = async.FIRST_EXCEPTION })
  equal({ done, pending }, { { failing }, { slow } })
  check(not slow:done())
  await(slow)
  check(failing:exception())
end)

test("A17: as_completed hands out the tasks that were given, in order of completion", function()
  local tasks, seen = {}, {}
  for i, seconds in ipairs { 3, 1, 2 } do tasks[i] = async.spawn(async.sleep, seconds) end
  for task in async.as_completed(tasks) do seen[#seen + 1] = task end
  equal(seen, { tasks[2], tasks[3], tasks[1] })
end)

test("A18a: wait_for gives a function the further arguments", function()
  local queue = async.Queue()
  queue:put("item")
  equal(async.wait_for(queue.get, 2, queue), "item")
  raises(async.TimeoutError, async.wait_for, queue.get, 2, queue)
  queue:put("next")
  equal(queue:get_nowait(), "next")
end)

test("A18b: with 0 seconds or less it checks once", function()
  local future = async.Future()
  for _, seconds in ipairs { 0, -1 } do
    local pending = async.Future()
    equal(elapsed(raises, async.TimeoutError, async.wait_for, pending, seconds), 0.0)
    check(pending:cancelled())
  end
  future:set_result("there")
  equal(async.wait_for(future, 0), "there")
end)

local function after(seconds, value, err)
  return function()
    async.sleep(seconds)
    if err then error(err, 0) end
    return value, "more"
  end
end

test("A31a: race gives the results of the first to finish, or raises its error", function()
  equal({ async.race { after(2, "slow"), after(1, "fast") } }, { "fast", "more" })
  raises("down", async.race, after(2, "slow"), after(1, nil, "down"))
end)

test("A31b: any gives those of the first that succeeds, or raises an ExceptionGroup of all errors", function()
  equal({ async.any { after(1, nil, "down"), after(2, "slow") } }, { "slow", "more" })
  local err = raises(async.ExceptionGroup, async.any, after(2, nil, "a"), after(1, nil, "b"))
  equal(#err.exceptions, 2)
end)

test("A31c: the others have ended before the call does, also when it is cancelled", function()
  local runs = orders.cancelled_everywhere(3, function()
    local running = 0
    local function work()
      running = running + 1
      local cleanup <close> = setmetatable({}, {
        __close = function()
          async.catch(async.sleep, 1)
          running = running - 1
        end,
      })
      async.sleep(9)
    end
    for _, call in ipairs { async.race, async.any } do
      local left
      local task = async.spawn(function()
        local note <close> = setmetatable({}, { __close = function() left = running end })
        call { work, after(3, "x"), work }
      end)
      async.wait { task }
      equal(left, 0)
    end
  end)
  check(runs > 10)
end)

test("A32: map keeps the order and its limit, and its first error ends the others", function()
  local running, most = 0, 0
  local results = async.map({ 3, 1, 2, 1 }, function(seconds, index)
    running = running + 1
    most = math.max(most, running)
    async.sleep(seconds)
    running = running - 1
    return index
  end, { limit = 2 })
  equal({ results, most }, { { 1, 2, 3, 4, n = 4 }, 2 })
  equal(elapsed(raises, "down", async.map, { 9, 1 }, function(seconds)
    async.sleep(seconds)
    error("down", 0)
  end), 1.0)
  equal(#async.all_tasks(), 1)
end)

-- Structured concurrency and cancellation.

test("A19a: a group's siblings are cancelled in the order of creation", function()
  local seen = {}
  raises(async.ExceptionGroup, async.with, async.TaskGroup(), function(tg)
    for i = 1, 5 do
      tg:spawn(function()
        local note <close> = setmetatable({}, { __close = function() seen[#seen + 1] = i end })
        forever()
      end)
    end
    async.sleep(1)
    tg:spawn(error, "boom")
  end)
  equal(seen, { 1, 2, 3, 4, 5 })
end)

test("A19b: children that fail in the same turn are all in the group", function()
  local err = raises(async.ExceptionGroup, async.with, async.TaskGroup(), function(tg)
    for i = 1, 3 do tg:spawn(error, "child " .. i, 0) end
  end)
  equal(err.exceptions, { "child 1", "child 2", "child 3" })
end)

test("A20: cancelling a task that awaits a task or future cancels what it awaits", function()
  local inner, future = async.spawn(forever), async.Future()
  local outers = { async.spawn(await, inner), async.spawn(await, future) }
  async.sleep(0)
  for _, outer in ipairs(outers) do
    outer:cancel("all")
    equal(raises(async.CancelledError, await, outer).message, "all")
  end
  check(inner:cancelled() and future:cancelled())
end)

test("A21: the script's main task can be cancelled as any other", function()
  local main = async.current_task()
  async.spawn(main.cancel, main, "main")
  local passed = false
  equal(raises(async.CancelledError, function()
    pcall(async.sleep, 5)
    passed = true
  end).message, "main")
  equal({ passed, main:uncancel() }, { false, 0 })
  equal(raises(async.CancelledError, async.run, function()
    async.current_task():cancel("root")
    async.sleep(1)
  end).message, "root")
end)

test("A22: move_on_after gives true and the results, or false when the time is over; other errors pass", function()
  equal({ async.move_on_after(2, async.sleep, 1, "a", "b") }, { true, "a", "b" })
  equal(table.pack(async.move_on_after(1, async.sleep, 2)), { false, n = 1 })
  raises("boom", async.move_on_after, 1, error, "boom", 0)
  raises(async.TimeoutError, async.move_on_after, 9, async.timeout, 1, forever)
end)

-- Errors.

test("A23a: CancelledError is a sibling of Error; every other class is derived from it", function()
  check(not async.CancelledError():is(async.Error))
  for _, name in ipairs { "TimeoutError", "InvalidStateError", "RuntimeError", "ValueError", "TypeError", "OSError",
    "ConnectionError", "PermissionError", "IncompleteReadError", "LimitOverrunError", "QueueEmpty", "QueueFull",
    "QueueShutDown", "BrokenBarrierError", "DeadlockError", "CalledProcessError" } do
    check(async[name]("m"):is(async.Error), name)
  end
  check(async.ExceptionGroup("g", { "x" }):is(async.Error))
  check(async.ConnectionError("m"):is(async.OSError) and async.PermissionError("m"):is(async.OSError))
  check(not async.OSError("m"):is(async.ConnectionError))
end)

test("A23b: Class(message, fields) sets every field, cause among them, and errors take new ones", function()
  local cause = async.TypeError("why")
  local e = async.ValueError("boom", { limit = 3, cause = cause })
  e.note = "added"
  equal({ e.message, e.limit, e.cause, e.note, tostring(e) }, { "boom", 3, cause, "added", "ValueError: boom" })
end)

test("A23c: async.class derives a class; async.is takes any value", function()
  local RetryError = async.class("RetryError", async.TimeoutError)
  local e = RetryError("again")
  equal({ tostring(e), e:is(async.TimeoutError), e:is(async.ValueError) }, { "RetryError: again", true, false })
  for _, value in ipairs { "text", 1, {}, print } do equal(async.is(value, async.Error), false) end
  equal(async.is(nil, async.Error), false)
end)

test("A24a: try: the first clause that matches wins, and its answer is the answer", function()
  local function attempt(err)
    return async.try(function()
      if err then error(err, 0) end
      return "body", 2
    end, async.except({ async.TypeError, async.ValueError }, function(e) return "listed", e end),
      async.except(async.Error, function() return "base" end), async.except(function(e) return "any", e end))
  end
  equal({ attempt() }, { "body", 2 })
  equal((attempt(async.ValueError("v"))), "listed")
  equal((attempt(async.RuntimeError("r"))), "base")
  equal({ attempt("text") }, { "any", "text" })
end)

test("A24b: finally runs last in any case; an error in it or in a handler replaces what was there", function()
  local seen = {}
  local function note(x) return function() seen[#seen + 1] = x end end
  async.try(error, async.except(note("except")), async.finally(note("finally")))
  raises("boom", async.try, function() error("boom", 0) end, async.finally(note("finally alone")))
  equal(seen, { "except", "finally", "finally alone" })
  raises("new", async.try, function() error("old", 0) end, async.except(function() error("new", 0) end))
  raises("last", async.try, function() error("old", 0) end, async.finally(function() error("last", 0) end))
end)

test("A24c: except_group gives each clause its part; the rest goes on", function()
  local parts = {}
  local function part(e) parts[#parts + 1] = #e.exceptions end
  local rest = raises(async.ExceptionGroup, async.try, function()
    error(async.ExceptionGroup("g", { async.ValueError("a"), async.ExceptionGroup("inner", { async.TypeError("b"),
      async.RuntimeError("left") }), async.ValueError("c") }))
  end, async.except_group(async.ValueError, part), async.except_group(async.TypeError, part))
  equal(parts, { 2, 1 })
  equal(rest.exceptions[1].exceptions[1].message, "left")
  check(not rest:subgroup(async.ValueError) and not rest:subgroup(async.TypeError))
end)

-- Synchronisation and queues.

test("A25: acquire gives the primitive, which <close> and async.with release", function()
  for _, primitive in ipairs { async.Lock(), async.Condition(), async.Semaphore(1), async.BoundedSemaphore(1) } do
    do
      local held <close> = primitive:acquire()
      equal({ held == primitive, primitive:locked() }, { true, true })
    end
    check(not primitive:locked())
    raises("boom", async.with, primitive, function()
      check(primitive:locked())
      error("boom", 0)
    end)
    check(not primitive:locked())
  end
end)

test("A26: a release too many is an error: of a Lock RuntimeError, of a BoundedSemaphore ValueError", function()
  local lock, bounded, plain = async.Lock(), async.BoundedSemaphore(1), async.Semaphore(1)
  raises(async.RuntimeError, lock.release, lock)
  raises(async.ValueError, bounded.release, bounded)
  plain:release()
end)

test("A27: Barrier.wait gives the index of arrival; who is cancelled leaves it, and the others wait on", function()
  orders.in_every_order(10, function()
    local barrier, seen = async.Barrier(3), {}
    local function meet()
      local index = barrier:wait()
      seen[#seen + 1] = index
    end
    local leaver = async.spawn(meet)
    async.sleep(1)
    local tasks = { async.spawn(meet), async.spawn(meet) }
    leaver:cancel()
    async.sleep(1)
    equal({ barrier.n_waiting, barrier.broken, barrier.parties }, { 2, false, 3 })
    equal(barrier:wait(), 2)
    async.wait(tasks)
    table.sort(seen)
    equal(seen, { 0, 1 })
  end)
end)

test("A28a: nil is an item like any other", function()
  for _, queue in ipairs { async.Queue(1), async.LifoQueue(1) } do
    local getter = async.spawn(queue.get, queue)
    async.sleep(0)
    queue:put(nil)
    equal(await(getter), nil)
    queue:put(nil)
    equal({ queue:qsize(), queue:full(), queue.maxsize }, { 1, true, 1 })
  end
end)

test("A28b: the loop over items() ends at shutdown, after the items that are left", function()
  local queue, seen = async.Queue(), {}
  local reader = async.spawn(function()
    for item in queue:items() do seen[#seen + 1] = item end
  end)
  async.sleep(0)
  for i = 1, 3 do queue:put(i) end
  queue:shutdown()
  await(reader)
  equal(seen, { 1, 2, 3 })
end)

test("A28c: a PriorityQueue compares lists item by item, and equal ones leave in the order of arrival", function()
  local queue, seen = async.PriorityQueue(), {}
  for _, item in ipairs { { 2, "b" }, { 1, 5, "long" }, { 1, 5 }, { 2, "a" } } do queue:put(item) end
  while not queue:empty() do seen[#seen + 1] = table.concat(queue:get(), " ") end
  equal(seen, { "1 5", "1 5 long", "2 a", "2 b" })
  local equals, order = async.PriorityQueue(0, { key = function() return 0 end }), {}
  for i = 1, 9 do equals:put(i) end
  while not equals:empty() do order[#order + 1] = equals:get() end
  equal(order, { 1, 2, 3, 4, 5, 6, 7, 8, 9 })
end)

test("A29: a ContextVar never set is its default or nil; a task starts with a copy of its maker's", function()
  local var, with_default = async.ContextVar("var"), async.ContextVar("with", "default")
  equal({ var:get() == nil, with_default:get() }, { true, "default" })
  local token = var:set("maker")
  local task = async.spawn(function()
    local before = var:get()
    var:set("child")
    return before, await(async.spawn(var.get, var))
  end)
  var:set("later")
  equal({ await(task) }, { "maker", "child" })
  equal(var:get(), "later")
  var:reset(token)
  equal(var:get(), nil)
  raises(async.RuntimeError, var.reset, var, token)
end)

-- Context managers.

test("A30: async.with gives what fn returned, and nothing after a swallowed error", function()
  local manager = setmetatable({}, {
    __enter = function() return "resource" end,
    __exit = function(_, err) return err == "swallow" end,
  })
  equal({ async.with(manager, function(x) return x, 2 end) }, { "resource", 2 })
  equal(select("#", async.with(manager, function() error("swallow", 0) end)), 0)
  raises("pass", async.with, manager, function() error("pass", 0) end)
  local closed
  local closing = setmetatable({}, { __close = function(_, err) closed = err or "closed" end })
  check(rawequal(async.with(closing, function(x) return x end), closing))
  equal(closed, "closed")
end)

test("A33: a contextmanager gets the body's error at its yield, and swallows it by returning", function()
  local seen = {}
  local managed = async.contextmanager(function(name)
    async.sleep(1)
    local ok, err = pcall(coroutine.yield, name)
    seen[#seen + 1] = ok or err
    async.sleep(1)
  end)
  equal({ async.with(managed("a"), function(x) return x, "body" end) }, { "a", "body" })
  equal(select("#", async.with(managed("b"), function() error("boom", 0) end)), 0)
  equal(seen, { true, "boom" })
  local task = async.spawn(async.with, managed("c"), forever)
  async.sleep(2)
  task:cancel()
  raises(async.CancelledError, await, task)
end)

test("A34: a generator is called as g, nil, nil, g, which for and the library take", function()
  local count = async.generator(function(n)
    for i = 1, n do coroutine.yield(i) end
  end)
  local results = table.pack(count(1))
  check(results.n == 4 and results[1] == results[4] and results[2] == nil and results[3] == nil)
  equal(async.iter(count(3)):collect(), { 1, 2, 3 })
  local sum = 0
  for x in async.merge(count(3), count(2)) do sum = sum + x end
  equal(sum, 9)
end)

test("A35: select makes exactly one of its cases happen; with a default it does not wait", function()
  orders.in_every_order(20, function()
    local a, b = async.Channel(1), async.Channel(1)
    a:send("a")
    b:send("b")
    equal(select("#", async.select { a:on_receive(), b:on_receive() }), 3)
    equal(#a + #b, 1)
    async.select { a:on_receive(), b:on_receive() }
    equal(#a + #b, 0)
    equal(elapsed(async.select, { a:on_receive(), default = true }), 0.0)
    equal(elapsed(async.select, { a:on_receive(), async.on_timeout(2) }), 2.0)
  end)
end)
