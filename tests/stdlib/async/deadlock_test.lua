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
