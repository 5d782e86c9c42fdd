test("wait releases the lock, and has it again after notify", function()
  local condition = async.Condition()
  local order = {}
  local task = async.spawn(function()
    local held <close> = condition:acquire()
    equal(condition:wait(), true)
    check(condition:locked())
    order[#order + 1] = "woken"
  end)
  async.sleep(0)
  equal({ condition:locked(), tostring(condition) }, { false, "<Condition unlocked waiting=1>" })
  async.with(condition, function(held)
    equal(held, condition)
    condition:notify()
    async.sleep(1)
    order[#order + 1] = "notified"
  end)
  await(task)
  equal(order, { "notified", "woken" })
  equal(tostring(condition), "<Condition unlocked waiting=0>")
end)

local function waiters(condition, n)
  local woken, tasks = {}, {}
  for i = 1, n do
    tasks[i] = async.spawn(function()
      local held <close> = condition:acquire()
      condition:wait()
      woken[#woken + 1] = i
    end)
  end
  async.sleep(0)
  return woken, tasks
end

test("notify wakes n tasks in the order in which they wait, notify_all every one", function()
  local condition = async.Condition()
  local woken, tasks = waiters(condition, 6)
  for _, n in ipairs { 0, 1, 2 } do
    async.with(condition, function() condition:notify(n) end)
    async.sleep(1)
  end
  equal(woken, { 1, 2, 3 })
  async.with(condition, function() condition:notify_all() end)
  async.gather(tasks)
  equal(woken, { 1, 2, 3, 4, 5, 6 })
  async.with(condition, function()
    condition:notify(99)
    condition:notify_all()
  end)
end)

test("a task that waits after notify is not woken by it", function()
  local condition = async.Condition()
  condition:acquire()
  condition:notify()
  equal(async.move_on_after(1, condition.wait, condition), false)
  check(condition:locked())
end)

test("several conditions share a lock", function()
  local lock = async.Lock()
  local full, empty = async.Condition(lock), async.Condition(lock)
  local a, tasks_a = waiters(full, 1)
  local b, tasks_b = waiters(empty, 1)
  async.with(lock, function() empty:notify() end)
  await(tasks_b[1])
  equal({ a, b }, { {}, { 1 } })
  async.with(lock, function() full:notify() end)
  await(tasks_a[1])
end)

test("wait_for waits until the predicate is true, and gives what it gave", function()
  local condition, value = async.Condition(), nil
  local calls = 0
  local task = async.spawn(function()
    local held <close> = condition:acquire()
    return condition:wait_for(function()
      check(condition:locked())
      calls = calls + 1
      return value
    end)
  end)
  async.sleep(0)
  for _, new in ipairs { false, "there" } do
    async.with(condition, function()
      value = new
      condition:notify()
    end)
    async.sleep(0)
  end
  equal({ await(task), calls }, { "there", 3 })
  async.with(condition, function() equal(condition:wait_for(function() return 7 end), 7) end)
  raises("^predicate$", async.with, condition, function() condition:wait_for(function() error("predicate", 0) end) end)
  check(not condition:locked())
end)

test("without the lock wait, wait_for, notify, notify_all and release are RuntimeErrors", function()
  local condition = async.Condition()
  misuse(async.RuntimeError, condition.wait, condition)
  misuse(async.RuntimeError, condition.notify, condition)
  misuse(async.RuntimeError, condition.notify_all, condition)
  misuse(async.RuntimeError, condition.release, condition)
  misuse(async.RuntimeError, condition.wait_for, condition, function() return false end)
end)

test("wrong arguments are errors at the caller", function()
  for _, value in ipairs { 1, "x", {}, true, async.Semaphore() } do misuse(async.TypeError, async.Condition, value) end
  local condition = async.Condition()
  condition:acquire()
  for _, value in ipairs { -1, 1.5, "x", {} } do misuse(async.ValueError, condition.notify, condition, value) end
  for _, value in ipairs { 1, "x", {} } do misuse(async.TypeError, condition.wait_for, condition, value) end
  misuse(async.TypeError, condition.wait_for, condition)
end)

test("a wait that is cancelled has the lock again before it raises", function()
  local condition = async.Condition()
  local locked
  local task = async.spawn(function()
    local held <close> = condition:acquire()
    local _, err = async.catch(condition.wait, condition)
    locked = condition:locked()
    error(err, 0)
  end)
  async.sleep(0)
  condition:acquire()
  task:cancel("first")
  async.sleep(1)
  check(not task:done())
  task:cancel("second")
  async.sleep(1)
  check(not task:done())
  condition:release()
  raises(async.CancelledError, await, task)
  check(locked)
  equal(tostring(condition), "<Condition unlocked waiting=0>")
end)

test("a notify consumed by a task that is cancelled goes to the next one", function()
  for _, late in ipairs { false, true } do
    local condition = async.Condition()
    local woken, tasks = waiters(condition, 2)
    condition:acquire()
    condition:notify()
    if late then async.sleep(1) end
    tasks[1]:cancel()
    condition:release()
    raises(async.CancelledError, await, tasks[1])
    await(tasks[2])
    equal(woken, { 2 })
    check(not condition:locked())
  end
end)

test("a notify that meets a cancellation while the lock is free: the wait ends by the cancellation", function()
  local condition = async.Condition()
  local ended = false
  local task = async.spawn(function()
    local held <close> = condition:acquire()
    condition:wait()
    ended = true
    async.sleep(1)
  end)
  async.sleep(0)
  async.with(condition, function() condition:notify() end)
  task:cancel()
  raises(async.CancelledError, await, task)
  check(not ended and not condition:locked())
end)

test("a timeout around wait has the lock again", function()
  local condition = async.Condition()
  condition:acquire()
  equal(elapsed(raises, async.TimeoutError, async.timeout, 1, condition.wait, condition), 1.0)
  check(condition:locked())
  equal(async.move_on_after(1, condition.wait_for, condition, function() return false end), false)
  check(condition:locked())
end)

test("where a task cannot wait, wait raises and the lock was never given away", function()
  local condition = async.Condition()
  condition:acquire()
  local other = async.spawn(function()
    condition:acquire()
    return "other"
  end)
  async.sleep(0)
  raises(async.RuntimeError, table.sort, { 2, 1 }, function() condition:wait() end)
  local err
  async.get_running_loop():call_soon(function() err = select(2, pcall(condition.wait, condition)) end)
  async.sleep(1)
  check(async.is(err, async.RuntimeError))
  check(condition:locked() and not other:done())
  condition:release()
  equal(await(other), "other")
end)

test("a cancelled request that is pending when wait is called is raised with the lock held", function()
  local condition = async.Condition()
  local task = async.spawn(function()
    local held <close> = condition:acquire()
    async.current_task():cancel()
    local _, err = async.catch(condition.wait, condition)
    check(condition:locked())
    error(err, 0)
  end)
  raises(async.CancelledError, await, task)
  check(not condition:locked())
end)

test("<close> releases after an error", function()
  local condition = async.Condition()
  raises("^boom$", function()
    local held <close> = condition:acquire()
    error("boom", 0)
  end)
  check(not condition:locked())
end)

for seed = 1, 3 do
  test("at random, no notify is lost, seed " .. seed, function()
    math.randomseed(seed)
    for _ = 1, 100 do
      local condition, tokens, taken, given = async.Condition(), 0, 0, 0
      local consumers, producers = {}, {}
      local function consume()
        async.sleep(math.random(0, 3))
        local held <close> = condition:acquire()
        if math.random() < 0.3 then
          if not async.move_on_after(math.random(0, 5), condition.wait_for, condition, function() return tokens > 0 end) then
            check(condition:locked())
            return
          end
        else
          condition:wait_for(function() return tokens > 0 end)
        end
        if tokens == 0 then return end
        tokens, taken = tokens - 1, taken + 1
        if math.random() < 0.3 then async.sleep(math.random(0, 1)) end
      end
      local function produce()
        async.sleep(math.random(0, 5))
        local held <close> = condition:acquire()
        if math.random() < 0.5 then async.sleep(math.random(0, 1)) end
        tokens, given = tokens + 1, given + 1
        condition:notify()
        if math.random() < 0.5 then async.sleep(math.random(0, 1)) end
      end
      for i = 1, 20 do consumers[i] = async.spawn(consume) end
      for i = 1, 15 do producers[i] = async.spawn(produce) end
      for _ = 1, 20 do
        async.sleep(math.random(0, 2) * 0.5)
        consumers[math.random(20)]:cancel()
      end
      async.wait(producers)
      async.sleep(100)
      local waiting = 0
      for _, task in ipairs(consumers) do
        if not task:done() then waiting = waiting + 1 end
      end
      check(tokens == 0 or waiting == 0, "a wake-up was lost")
      equal({ given, taken, condition:locked() }, { 15, 15 - tokens, false })
      for _, task in ipairs(consumers) do task:cancel() end
      async.wait(consumers)
      for _, task in ipairs(consumers) do check(task:cancelled() or not task:exception(), "a consumer failed") end
      equal(tostring(condition), "<Condition unlocked waiting=0>")
    end
  end)
end
