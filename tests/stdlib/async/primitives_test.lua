-- What the primitives have in common: they yield now and then although they need not wait, tell who holds them, and
-- take no argument of another class. See grants_test.lua for grants that meet a cancellation.

-- Each gives a function that never has to wait.
local satisfied = {
  ["Lock:acquire"] = function()
    local lock = async.Lock()
    return function() lock:acquire():release() end
  end,
  ["Semaphore:acquire"] = function()
    local semaphore = async.Semaphore()
    return function() semaphore:acquire():release() end
  end,
  ["Event:wait"] = function()
    local event = async.Event()
    event:set()
    return function() event:wait() end
  end,
  ["Queue:put"] = function()
    local queue = async.Queue()
    return function()
      queue:put(1)
      queue:get_nowait()
    end
  end,
  ["Queue:get"] = function()
    local queue = async.Queue()
    return function()
      queue:put_nowait(1)
      queue:get()
    end
  end,
  ["Queue:join"] = function()
    local queue = async.Queue()
    return function() queue:join() end
  end,
  ["Condition:acquire"] = function()
    local condition = async.Condition()
    return function() condition:acquire():release() end
  end,
}

for name, make in pairs(satisfied) do
  test(name .. " in a loop that never waits lets others run, and timers fire", function()
    local step, calls, fired, others = make(), 0, false, 0
    async.get_running_loop():call_later(0, function() fired = true end)
    local other = async.spawn(function()
      for _ = 1, 10 do
        others = others + 1
        async.sleep(0)
      end
    end)
    while not other:done() or not fired do
      step()
      calls = calls + 1
      if calls > 100000 then error("starved") end
    end
    equal(others, 10)
  end)

  test(name .. " does not yield when it is called a few times", function()
    local step, ran = make(), false
    async.spawn(function() ran = true end)
    for _ = 1, 30 do step() end
    check(not ran)
    async.sleep(0)
    check(ran)
  end)

  test(name .. " in a loop that never waits ends by a cancellation", function()
    local step, calls = make(), 0
    local task = async.spawn(function()
      while true do
        step()
        calls = calls + 1
        if calls == 10 then async.current_task():cancel() end
        if calls > 1000 then error("never cancelled") end
      end
    end)
    raises(async.CancelledError, await, task)
    local from_outside = async.spawn(function()
      while true do step() end
    end)
    async.sleep(0)
    from_outside:cancel()
    raises(async.CancelledError, await, from_outside)
  end)

  test(name .. " where a coroutine cannot be suspended goes on without yielding", function()
    local step, calls = make(), 0
    table.sort({ 1, 2, 3, 4, 5, 6, 7, 8 }, function(a, b)
      for _ = 1, 100 do
        step()
        calls = calls + 1
      end
      return a < b
    end)
    check(calls > 200)
  end)
end

-- Runs body(object) in a task, and cancels it at the k-th time it lets others run, for every k there is. Afterwards
-- check_left(object, done) looks at what is left; `done` is how many of its operations had returned.
local function cancelled_anywhere(make, operation, check_left)
  local cancelled = 0
  for k = 1, 5 do
    local object, done, turns = make(), 0, 0
    local task = async.spawn(function()
      for i = 1, 200 do
        operation(object, i)
        done = done + 1
      end
    end)
    while not task:done() do
      async.sleep(0)
      turns = turns + 1
      if turns == k then task:cancel() end
    end
    if task:cancelled() then cancelled = cancelled + 1 end
    check_left(object, done)
  end
  check(cancelled >= 2, cancelled)
end

test("a put that is cancelled as it lets others run has put nothing", function()
  cancelled_anywhere(async.Queue, function(queue, i) queue:put(i) end, function(queue, done)
    equal(queue:qsize(), done)
    for i = 1, done do equal(queue:get_nowait(), i) end
  end)
end)

test("a get that is cancelled as it lets others run has taken nothing", function()
  cancelled_anywhere(function()
    local queue = async.Queue()
    for i = 1, 200 do queue:put_nowait(i) end
    return queue
  end, function(queue, i) equal(queue:get(), i) end, function(queue, done)
    equal(queue:qsize(), 200 - done)
  end)
end)

test("an acquire that is cancelled as it lets others run has acquired nothing", function()
  cancelled_anywhere(function() return async.Semaphore(200) end, function(semaphore) semaphore:acquire() end,
    function(semaphore, done)
      equal(tostring(semaphore), ("<Semaphore value=%d waiting=0>"):format(200 - done))
    end)
end)

test("a lock tells who holds it: the task by its name, one that has ended by its number, no callback", function()
  local lock = async.Lock()
  local task = async.create_task(function()
    lock:acquire()
    async.sleep(1)
  end, { name = "fetch-1" })
  async.sleep(0)
  equal(tostring(lock), "<Lock locked by 'fetch-1' waiting=0>")
  local condition = async.Condition(lock)
  equal(tostring(condition), "<Condition locked by 'fetch-1' waiting=0>")
  await(task)
  check(tostring(lock):find("^<Lock locked by task %d+, which has ended, waiting=0>$"), tostring(lock))
  lock:release()
  equal(tostring(lock), "<Lock unlocked waiting=0>")
  async.get_running_loop():call_soon(lock.acquire, lock)
  async.sleep(0)
  equal(tostring(lock), "<Lock locked waiting=0>")
end)

test("a lock that is handed over is the next task's", function()
  local lock = async.Lock()
  lock:acquire()
  local waiter = async.create_task(function() lock:acquire() end, { name = "heir" })
  async.sleep(0)
  lock:release()
  equal(tostring(lock), "<Lock locked by 'heir' waiting=0>")
  await(waiter)
end)

test("methods refuse an object of another class, at the caller", function()
  local objects = { async.Lock(), async.Semaphore(), async.Event(), async.Queue(), async.Future(), {}, { {} }, 5, "x" }
  for i, object in ipairs { async.Lock(), async.Semaphore(), async.Event(), async.Queue() } do
    local class = getmetatable(object)
    for name, method in pairs(class.__index) do
      if type(method) == "function" and name ~= "items" then
        for j, other in ipairs(objects) do
          if i ~= j then misuse(async.TypeError, method, other) end
        end
        misuse(async.TypeError, method)
      end
    end
  end
  local err = misuse(async.TypeError, async.Queue().get, async.Lock())
  equal(tostring(err), "TypeError: argument 1 must be a Queue, got Lock")
end)

test("a queue gives back the room that a burst took", function()
  local function kilobytes()
    collectgarbage()
    collectgarbage()
    return collectgarbage("count")
  end
  for _, make in ipairs { async.Queue, async.LifoQueue, async.PriorityQueue } do
    local queue = make()
    queue:put(0)
    local before = kilobytes()
    for i = 1, 100000 do queue:put_nowait(i) end
    check(kilobytes() - before > 1000)
    for _ = 1, 100000 do queue:get_nowait() end
    check(kilobytes() - before < 100)
    equal(queue:qsize(), 1)
  end
end)

test("a queue keeps none of the items that it has given out", function()
  for _, make in ipairs { async.Queue, async.LifoQueue, function() return async.PriorityQueue(0, { key = tostring }) end } do
    local queue, alive = make(), setmetatable({}, { __mode = "k" })
    for _ = 1, 20 do
      local item = {}
      alive[item] = true
      queue:put_nowait(item)
    end
    for _ = 1, 10 do queue:get_nowait() end
    queue:shutdown(true)
    collectgarbage()
    equal(next(alive), nil)
    equal(queue:qsize(), 0)
  end
end)
