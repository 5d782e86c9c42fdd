local function forever() return await(async.Future()) end

local function deadlocks(fn, ...)
  local err = raises(async.DeadlockError, fn, ...)
  check(err.message:find(" at .*%.lua:%d+"), err.message)
  return err
end

test("a main task that waits for a future nobody sets gets a DeadlockError", function()
  equal(elapsed(function() deadlocks(await, async.Future()) end), 0.0)
  async.sleep(1)
end)

test("DeadlockError is an ordinary error: pcall catches it, and the task goes on", function()
  local ok, err = pcall(forever)
  check(not ok and err:is(async.DeadlockError) and err:is(async.Error))
  equal(elapsed(async.sleep, 1), 1.0)
  equal(async.current_task():cancelling(), 0)
end)

test("the message lists every task with its name and the line where it waits", function()
  local future = async.Future()
  local tasks = {}
  for _, name in ipairs { "alpha", "beta" } do
    tasks[#tasks + 1] = async.create_task(function() async.shield(future) end, { name = name })
  end
  local err = deadlocks(function() async.shield(future) end)
  for _, name in ipairs { "alpha", "beta", "main" } do
    check(err.message:find("'" .. name .. "' waits in await at .*deadlock_test.lua:%d+"), err.message)
  end
  for _, task in ipairs(tasks) do
    check(not task:done())
    task:cancel()
  end
  async.wait(tasks)
end)

test("a long list is cut", function()
  local future, tasks = async.Future(), {}
  for i = 1, 1000 do tasks[i] = async.spawn(async.shield, future) end
  local err = deadlocks(function() async.shield(future) end)
  check(err.message:find("and %d+ more"), err.message)
  check(#err.message < 20000)
  future:set_result()
  async.wait(tasks)
end)

test("two tasks that wait for each other are a deadlock for the main task", function()
  local a, b
  a = async.spawn(function() await(b) end)
  b = async.spawn(function() await(a) end)
  deadlocks(async.shield, a)
  a:cancel()
  async.wait { a, b }
  check(a:cancelled() and b:cancelled())
end)

test("the wait in a coroutine, a gather, a wait or a group is found", function()
  deadlocks(coroutine.wrap(forever))
  local future = async.Future()
  deadlocks(async.gather, future)
  check(future:cancelled())
  deadlocks(function()
    local pending = async.Future()
    async.wait { pending }
  end)
  deadlocks(function()
    for _ in async.as_completed { async.Future() } do end
  end)
  deadlocks(async.sleep, math.huge)
end)

test("a deadlock inside async.run is raised in its main", function()
  local inside
  raises(async.DeadlockError, async.run, function()
    inside = raises(async.DeadlockError, forever)
    error(inside)
  end)
  check(inside)
  async.sleep(1)
end)

test("a deadlock in a TaskGroup's block ends the group", function()
  local child
  local err = raises(async.ExceptionGroup, function()
    local tg <close> = async.TaskGroup()
    child = tg:spawn(forever)
  end)
  check(async.is(err.exceptions[1], async.DeadlockError))
  check(child:cancelled())
  err = raises(async.ExceptionGroup, function()
    local tg <close> = async.TaskGroup()
    child = tg:spawn(forever)
    forever()
  end)
  check(async.is(err.exceptions[1], async.DeadlockError))
  check(child:cancelled())
end)

test("a child that swallows its cancellation and waits for ever cannot hold its group for ever", function()
  local child
  raises(async.DeadlockError, function()
    local tg <close> = async.TaskGroup()
    child = tg:spawn(function()
      async.catch(forever)
      forever()
    end)
  end)
  child:cancel()
  async.wait { child }
end)

test("no deadlock while a sleep, a call_later or a timeout is pending", function()
  local future = async.Future()
  async.get_running_loop():call_later(1000, future.set_result, future, "late")
  equal(await(future), "late")
  local other = async.Future()
  async.spawn(function()
    async.sleep(1000)
    other:set_result("x")
  end)
  equal(await(other), "x")
  raises(async.TimeoutError, async.timeout, 1000, forever)
end)

test("no deadlock while a callback is ready or a chain of callbacks runs", function()
  local future, count, loop = async.Future(), 0, async.get_running_loop()
  local function again()
    count = count + 1
    if count < 1000 then loop:call_soon(again) else future:set_result(count) end
  end
  loop:call_soon(again)
  equal(await(future), 1000)
end)

test("no deadlock while a request of the file system is pending", function()
  local ok, fs = pcall(require, "neap.fs")
  if not ok then return end
  local task = async.spawn(fs.stat, ".")
  check(await(task))
end)

test("a cancelled timer no longer holds a deadlock back", function()
  local loop = async.get_running_loop()
  loop:call_later(1000, print):cancel()
  loop:call_later(math.huge, print)
  local scope = async.timeout(1000)
  async.with(scope, function() end)
  equal(elapsed(deadlocks, forever), 0.0)
end)

test("a deadlock is found again after it was caught", function()
  for _ = 1, 10 do deadlocks(forever) end
end)

test("a DeadlockError that arrives in a close handler leaves the others run", function()
  local order = {}
  raises(async.DeadlockError, function()
    local a <close> = setmetatable({}, { __close = function() order[#order + 1] = "a" end })
    local b <close> = setmetatable({}, { __close = function()
      order[#order + 1] = "b"
      forever()
    end })
    forever()
  end)
  equal(order, { "b", "a" })
end)

-- What the message says of the object that a task waits for, and of circles.

local function start(name, fn) return async.create_task(function() fn() return 1 end, { name = name }) end

local function stop(...)
  for _, task in ipairs { ... } do task:cancel() end
  async.wait { ... }
end

local function ends(text, suffix)
  if text:sub(-#suffix) ~= suffix then error(("expected the end %q, got %s"):format(suffix, text:sub(-500)), 2) end
end

-- The message without the places, which `deadlocks` has checked: "'main' waits in await for ...".
local function message_of(fn, ...)
  local message = deadlocks(fn, ...).message
  return (message:gsub(" at [^\n]-%.lua:%d+", ""))
end

test("the message names the future or task that is awaited", function()
  local inner = start("inner", function() await(async.Future()) end)
  equal(message_of(async.shield, inner), [[
every task waits, and nothing can wake one:
  'main' waits in await for task 'inner'
  'inner' waits in await for <Future pending>]])
  stop(inner)
end)

test("the message shows the object that is waited for, and who holds it", function()
  local lock, queue, event = async.Lock(), async.Queue(), async.Event()
  local getter = start("getter", function()
    lock:acquire()
    queue:get()
  end)
  local waiter = start("waiter", function() event:wait() end)
  equal(message_of(function() async.sleep(0) lock:acquire() end), [[
every task waits, and nothing can wake one:
  'main' waits in lock:acquire for <Lock locked by 'getter' waiting=1>
  'getter' waits in queue:get for <Queue size=0 getters=1 putters=0>
  'waiter' waits in event:wait for <Event unset waiting=1>]])
  stop(getter, waiter)
end)

test("the message says how many are missing of several", function()
  local done, pending = start("done", function() end), start("pending", function() await(async.Future()) end)
  check(message_of(async.gather, done, pending):find("\n  'main' waits in wait for several for <1 of 2 futures>\n", 1, true))
  stop(pending)
end)

test("locks taken in the opposite order are a circle", function()
  local a, b = async.Lock(), async.Lock()
  local worker = start("worker", function()
    b:acquire()
    async.sleep(0)
    a:acquire()
  end)
  local message = message_of(function()
    a:acquire()
    async.sleep(0)
    b:acquire()
  end)
  ends(message, "\n  in a circle: 'main' -> 'worker' -> 'main'")
  stop(worker)
end)

test("a task that acquires a lock twice is a circle of one", function()
  local lock = async.Lock()
  lock:acquire()
  local message = message_of(lock.acquire, lock)
  ends(message, "\n  in a circle: 'main' -> 'main'")
end)

test("a lock whose holder has ended is named so, and is no circle", function()
  local lock = async.Lock()
  await(async.spawn(lock.acquire, lock))
  local message = message_of(lock.acquire, lock)
  ends(message, "<Lock locked by task 2, which has ended, waiting=1>")
end)

test("tasks that await one another in a circle are named in their order, apart from those that wait for the circle", function()
  local tasks = {}
  for i = 1, 3 do tasks[i] = start("t" .. i, function() async.sleep(0) await(tasks[i % 3 + 1]) end) end
  local outside = start("outside", function() async.shield(tasks[2]) end)
  local message = message_of(async.shield, outside)
  ends(message, "\n  in a circle: 't2' -> 't3' -> 't1' -> 't2'")
  stop(outside, table.unpack(tasks))
end)

test("a long circle and many circles are cut", function()
  local tasks, count = {}, 1000
  for i = 1, count do tasks[i] = start("t" .. i, function() await(tasks[i % count + 1]) end) end
  local message = message_of(async.shield, tasks[1])
  ends(message, "'t10' -> 990 more -> 't1'")
  stop(table.unpack(tasks))
  local pairs_of = {}
  for i = 1, 20, 2 do
    pairs_of[i] = start("p" .. i, function() await(pairs_of[i + 1]) end)
    pairs_of[i + 1] = start("p" .. i + 1, function() await(pairs_of[i]) end)
  end
  local _, circles = message_of(async.shield, pairs_of[1]):gsub("in a circle:", "")
  equal(circles, 5)
  stop(table.unpack(pairs_of))
end)

test("a chain of 100,000 tasks is no circle, and found out quickly", function()
  local future = async.Future()
  local last = future
  for _ = 1, 100000 do last = async.spawn(await, last) end
  local message = message_of(async.shield, last)
  ends(message, "\n  ... and 99951 more")
  future:set_result()
  await(last)
end)

test("an object whose text cannot be made is named by its type", function()
  local queue = async.Queue()
  local meta = getmetatable(queue)
  local show = meta.__tostring
  meta.__tostring = function() error("no text") end
  local message = message_of(queue.get, queue)
  meta.__tostring = show
  ends(message, "\n  'main' waits in queue:get for Queue")
end)
