test("acquire takes a free lock at once, returns it, and locked tells", function()
  local lock = async.Lock()
  equal({ lock:locked(), tostring(lock) }, { false, "<Lock unlocked waiting=0>" })
  equal(elapsed(function() equal(lock:acquire(), lock) end), 0.0)
  check(lock:locked())
  local waiter = async.spawn(lock.acquire, lock)
  async.sleep(0)
  equal(tostring(lock), "<Lock locked by 'main' waiting=1>")
  lock:release()
  equal(await(waiter), lock)
  lock:release()
  check(not lock:locked())
end)

test("tasks get the lock in the order in which they came", function()
  local lock, order = async.Lock(), {}
  async.gather(table.unpack((function()
    local list = {}
    for i = 1, 10 do
      list[i] = function()
        local held <close> = lock:acquire()
        order[#order + 1] = i
        async.sleep(1)
      end
    end
    return list
  end)()))
  equal(order, { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 })
  check(not lock:locked())
end)

test("a newcomer does not overtake a task that has been handed the lock", function()
  local lock, order = async.Lock(), {}
  lock:acquire()
  local function take(name)
    lock:acquire()
    order[#order + 1] = name
    lock:release()
  end
  local waiter = async.spawn(take, "waiter")
  async.sleep(0)
  lock:release()
  check(lock:locked())
  take("newcomer")
  equal(order, { "waiter", "newcomer" })
  await(waiter)
end)

test("releasing what is not held is a RuntimeError at the caller", function()
  local lock = async.Lock()
  misuse(async.RuntimeError, lock.release, lock)
  lock:acquire()
  lock:release()
  misuse(async.RuntimeError, lock.release, lock)
  raises("RuntimeError: the Lock is not acquired", function()
    local held <close> = lock:acquire()
    lock:release()
  end)
end)

test("any task may release it", function()
  local lock = async.Lock()
  lock:acquire()
  await(async.spawn(lock.release, lock))
  check(not lock:locked())
end)

test("<close> and async.with release it, also after an error", function()
  local lock = async.Lock()
  do
    local held <close> = lock:acquire()
    check(held:locked())
  end
  check(not lock:locked())
  raises("^boom$", function()
    local held <close> = lock:acquire()
    error("boom", 0)
  end)
  check(not lock:locked())
  equal(async.with(lock, function(held) return held == lock and lock:locked() end), true)
  check(not lock:locked())
  raises("^boom$", async.with, lock, function() error("boom", 0) end)
  check(not lock:locked())
end)

test("a cancelled waiter is gone at once, and the next one gets the lock", function()
  local lock = async.Lock()
  lock:acquire()
  local first, second = async.spawn(lock.acquire, lock), async.spawn(lock.acquire, lock)
  async.sleep(0)
  first:cancel()
  equal(tostring(lock), "<Lock locked by 'main' waiting=1>")
  lock:release()
  equal(await(second), lock)
  raises(async.CancelledError, await, first)
end)

test("all granted in turn and all cancelled: the lock is free in the end", function()
  local lock, tasks = async.Lock(), {}
  lock:acquire()
  for i = 1, 20 do tasks[i] = async.spawn(lock.acquire, lock) end
  async.sleep(0)
  lock:release()
  for i = 1, 20 do tasks[i]:cancel() end
  for i = 1, 20 do raises(async.CancelledError, await, tasks[i]) end
  check(not lock:locked())
end)

test("a timeout around acquire leaves the lock alone", function()
  local lock = async.Lock()
  lock:acquire()
  equal(elapsed(raises, async.TimeoutError, async.timeout, 1, lock.acquire, lock), 1.0)
  raises(async.TimeoutError, async.wait_for, lock.acquire, 1, lock)
  equal(async.move_on_after(1, lock.acquire, lock), false)
  equal(tostring(lock), "<Lock locked by 'main' waiting=0>")
  lock:release()
  equal(async.wait_for(lock.acquire, 1, lock), lock)
end)

test("a callback can take a free lock, and cannot wait for another", function()
  local lock, err = async.Lock(), nil
  local loop = async.get_running_loop()
  loop:call_soon(function() lock:acquire() end)
  loop:call_soon(function() err = select(2, pcall(lock.acquire, lock)) end)
  async.sleep(0)
  check(async.is(err, async.RuntimeError))
  equal(tostring(lock), "<Lock locked waiting=0>")
end)

test("a task that takes the lock twice waits for itself, and is told so", function()
  local lock = async.Lock()
  lock:acquire()
  raises(async.DeadlockError, lock.acquire, lock)
  equal(tostring(lock), "<Lock locked by 'main' waiting=0>")
end)

for seed = 1, 3 do
  test("at random, one holder at a time and in order, seed " .. seed, function()
    local lock, holder, line, taken = async.Lock(), nil, {}, 0
    churn(seed, 20, 350, function(worker)
      async.sleep(math.random(0, 3) * 0.25)
      local ticket = lock:locked() and {} or nil
      line[#line + 1] = ticket
      local ok, got = async.catch(function()
        if math.random() < 0.3 then return (async.move_on_after(math.random(0, 4) * 0.25, lock.acquire, lock)) end
        return lock:acquire()
      end)
      if not (ok and got) then
        for i, other in ipairs(line) do
          if other == ticket then table.remove(line, i) end
        end
        if not ok then error(got, 0) end
        return
      end
      local held <close> = lock
      if ticket then equal(table.remove(line, 1), ticket) end
      equal(holder, nil)
      holder = worker
      taken = taken + 1
      local out <close> = setmetatable({}, { __close = function() holder = nil end })
      if math.random() < 0.5 then async.sleep(math.random(0, 1) * 0.25) end
    end)
    check(taken > 500, taken)
    equal({ holder, #line, tostring(lock) }, { nil, 0, "<Lock unlocked waiting=0>" })
  end)
end
