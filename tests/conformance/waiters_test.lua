local orders = dofile(debug.getinfo(1, "S").source:match("^@(.*/)") .. "orders.lua")

-- What can be waited for, one at a time: take() waits for it, grant() gives it to one task, attempt() takes it only if
-- that needs no wait, taken() is true when nobody could have it now.
local grants = {
  Lock = function()
    local lock = async.Lock()
    lock:acquire()
    return {
      take = function() lock:acquire() end,
      grant = function() lock:release() end,
      attempt = function() return async.move_on_after(0, lock.acquire, lock) end,
      taken = function() return lock:locked() end,
      waiting = function() return tostring(lock) end,
    }
  end,
  Semaphore = function()
    local semaphore = async.Semaphore(0)
    return {
      take = function() semaphore:acquire() end,
      grant = function() semaphore:release() end,
      attempt = function() return async.move_on_after(0, semaphore.acquire, semaphore) end,
      taken = function() return semaphore:locked() end,
      waiting = function() return tostring(semaphore) end,
    }
  end,
  ["Queue.get"] = function()
    local queue = async.Queue()
    return {
      take = function() queue:get() end,
      grant = function() queue:put("item") end,
      attempt = function() return (pcall(queue.get_nowait, queue)) end,
      taken = function() return not pcall(queue.get_nowait, queue) end,
      waiting = function() return tostring(queue):match("getters.*") end,
    }
  end,
  ["Queue.put"] = function()
    local queue = async.Queue(1)
    queue:put("item")
    return {
      take = function() queue:put("item") end,
      grant = function() queue:get() end,
      attempt = function() return (pcall(queue.put_nowait, queue, "item")) end,
      taken = function() return not pcall(queue.put_nowait, queue, "item") end,
      waiting = function() return tostring(queue):match("putters.*") end,
    }
  end,
  ["Channel.receive"] = function()
    local channel = async.Channel(10)
    return {
      take = function() channel:receive() end,
      grant = function() channel:send("value") end,
      attempt = function() return channel:try_receive() ~= nil end,
      taken = function() return channel:try_receive() == nil end,
      waiting = function() return tostring(channel):match("receivers=%d+") end,
    }
  end,
  ["Channel.send"] = function()
    local channel = async.Channel(1)
    channel:send("value")
    return {
      take = function() channel:send("value") end,
      grant = function() channel:receive() end,
      attempt = function() return channel:try_send("value") end,
      taken = function() return not channel:try_send("value") end,
      waiting = function() return tostring(channel):match("senders=%d+") end,
    }
  end,
  Condition = function()
    local condition = async.Condition()
    return {
      take = function()
        local held <close> = condition:acquire()
        condition:wait()
      end,
      grant = function()
        local held <close> = condition:acquire()
        condition:notify()
      end,
      waiting = function() return tostring(condition) end,
    }
  end,
}

-- Those that can be taken at once where nobody waits.
local takeable = { "Lock", "Semaphore", "Queue.get", "Queue.put", "Channel.receive", "Channel.send" }

local function each_grant(fn)
  for name, make in pairs(grants) do
    local ok, err = async.catch(fn, make, name)
    if not ok then error(name .. ": " .. tostring(err), 0) end
  end
end

test("W1a: who waits is served in the order of coming, whatever order the tasks run in", function()
  each_grant(function(make)
    orders.in_every_order(10, function()
      local grant, came, served = make(), {}, {}
      local tasks = {}
      for i = 1, 6 do
        tasks[i] = async.spawn(function()
          came[#came + 1] = i
          grant.take()
          served[#served + 1] = i
        end)
      end
      for _ = 1, 6 do
        async.sleep(1)
        grant.grant()
      end
      async.wait(tasks)
      equal(served, came)
    end)
  end)
end)

test("W1b: a newcomer does not overtake a waiter that has been granted and has not run yet", function()
  for _, name in ipairs(takeable) do
    orders.in_every_order(20, function()
      local grant, served = grants[name](), {}
      local waiter = async.spawn(function()
        grant.take()
        served[#served + 1] = "waiter"
      end)
      async.sleep(1)
      grant.grant()
      local newcomer = async.spawn(function()
        grant.take()
        served[#served + 1] = "newcomer"
      end)
      async.sleep(1)
      equal(served, { "waiter" }, name)
      grant.grant()
      async.gather(waiter, newcomer)
    end)
  end
end)

test("W1c: nor does the task that made the grant, when it waits at once", function()
  for _, name in ipairs(takeable) do
    local grant, served = grants[name](), {}
    local waiter = async.spawn(function()
      grant.take()
      served[#served + 1] = "waiter"
      grant.grant()
    end)
    async.sleep(0)
    grant.grant()
    grant.take()
    served[#served + 1] = "granter"
    await(waiter)
    equal(served, { "waiter", "granter" }, name)
  end
end)

test("W1d: forms that do not wait do not steal a reserved grant", function()
  for _, name in ipairs(takeable) do
    local grant = grants[name]()
    local waiter = async.spawn(grant.take)
    async.sleep(0)
    grant.grant()
    check(grant.taken(), name)
    await(waiter)
    equal(grant.attempt(), false, name)
  end
end)

test("W1e: a task that comes to a Barrier while a round leaves it belongs to the next round", function()
  orders.in_every_order(20, function()
    local barrier, left = async.Barrier(2), {}
    local function meet(times)
      for _ = 1, times do barrier:wait() end
      left[#left + 1] = times
    end
    local once = async.spawn(meet, 1)
    async.sleep(1)
    local twice = async.spawn(meet, 2) -- the last of its round: comes again before the other one has left
    async.sleep(1)
    equal(left, { 1 })
    equal(barrier.n_waiting, 1)
    equal(barrier:wait(), 1)
    async.gather(once, twice)
  end)
end)

-- Two tasks wait; in one turn the first is granted what it waits for and cancelled, in this order or the other.
local function grant_meets_cancel(make, cancel_first)
  local grant = make()
  local got = {}
  local function wait_for_it(i)
    grant.take()
    got[#got + 1] = i
    async.sleep(1)
    return i
  end
  local first = async.spawn(wait_for_it, 1)
  async.sleep(1)
  local second = async.spawn(wait_for_it, 2)
  async.sleep(1)
  local steps = { function() first:cancel() end, grant.grant }
  steps[cancel_first and 1 or 2]()
  steps[cancel_first and 2 or 1]()
  async.sleep(10)
  check(first:cancelled(), "the request reaches its task")
  if got[1] == 1 then -- it completed; what it took is given on by hand
    equal(got, { 1 })
    check(not second:done())
    grant.grant()
    await(second)
  else
    equal(got, { 2 }, "the grant reached the next task")
    equal(await(second), 2)
  end
end

local function grants_meet_cancels(name)
  for _, cancel_first in ipairs { true, false } do
    orders.in_every_order(20, function() grant_meets_cancel(grants[name], cancel_first) end)
  end
end

test("W2a: a Lock's waiter that is granted and cancelled in one turn passes its grant on or completes", function()
  grants_meet_cancels("Lock")
end)

test("W2b: so does a Semaphore's", function() grants_meet_cancels("Semaphore") end)

test("W2c: so does a Queue's getter", function() grants_meet_cancels("Queue.get") end)

test("W2d: so does a Queue's putter", function() grants_meet_cancels("Queue.put") end)

test("W2e: so does a Condition's waiter", function() grants_meet_cancels("Condition") end)

test("W2f: so do a Channel's receiver and sender", function()
  grants_meet_cancels("Channel.receive")
  grants_meet_cancels("Channel.send")
end)

test("W2g: where nobody else waits, the grant is there for who comes next", function()
  for _, name in ipairs(takeable) do
    for _, cancel_first in ipairs { true, false } do
      local grant, got = grants[name](), false
      local task = async.spawn(function()
        grant.take()
        got = true
        async.sleep(1)
      end)
      async.sleep(0)
      if cancel_first then task:cancel() end
      grant.grant()
      task:cancel()
      async.wait { task }
      check(task:cancelled(), name)
      equal(grant.attempt(), not got, name)
    end
  end
end)

test("W2h: a Barrier: a waiter cancelled in the turn in which the last comes has met it or has left it", function()
  for _, cancel_first in ipairs { true, false } do
    orders.in_every_order(20, function()
      local barrier = async.Barrier(2)
      local first = async.spawn(function()
        barrier:wait()
        async.sleep(1)
      end)
      async.sleep(1)
      if cancel_first then first:cancel() end
      local last = async.spawn(barrier.wait, barrier)
      if not cancel_first then
        async.spawn(first.cancel, first)
      end
      async.sleep(2)
      if not last:done() then barrier:wait() end
      check(await(last) <= 1)
      check(first:cancelled() and not barrier.broken)
      equal(barrier.n_waiting, 0)
    end)
  end
end)

test("W2i: whatever suspension is answered by a cancellation, a lock and its permits are whole afterwards", function()
  local runs = orders.cancelled_everywhere(5, function()
    local lock, semaphore, inside = async.Lock(), async.BoundedSemaphore(2), 0
    local tasks = {}
    for i = 1, 4 do
      tasks[i] = async.spawn(function()
        local permit <close> = semaphore:acquire()
        local held <close> = lock:acquire()
        inside = inside + 1
        check(inside == 1, "two are inside")
        local out <close> = setmetatable({}, { __close = function() inside = inside - 1 end })
        async.sleep(i % 2)
      end)
    end
    async.wait(tasks)
    local cancelled = 0
    for _, task in ipairs(tasks) do
      if task:cancelled() then cancelled = cancelled + 1 else task:result() end
    end
    check(cancelled <= 1)
    check(not lock:locked())
    semaphore:acquire()
    semaphore:acquire()
    check(semaphore:locked())
  end)
  check(runs > 20)
end)

test("W3a: a cancelled waiter is gone at once", function()
  each_grant(function(make)
    local grant = make()
    local before = grant.waiting()
    local tasks = {}
    for i = 1, 3 do tasks[i] = async.spawn(grant.take) end
    async.sleep(0)
    check(grant.waiting() ~= before)
    for _, task in ipairs(tasks) do task:cancel() end
    if grant.attempt then -- a Condition's waiters must have the lock again first
      equal(grant.waiting(), before)
    end
    async.wait(tasks)
    equal(grant.waiting(), before)
  end)
end)

test("W3b: 100,000 waiters cancelled from either end take no quadratic time, and leave nothing behind", function()
  local lock, tasks = async.Lock(), {}
  lock:acquire()
  local function round(count, from_the_end)
    for i = 1, count do tasks[i] = async.spawn(lock.acquire, lock) end
    async.sleep(0)
    for i = 1, count do tasks[from_the_end and count + 1 - i or i]:cancel() end
    async.sleep(0)
    for i = 1, count do
      check(tasks[i]:cancelled())
      tasks[i] = nil
    end
    collectgarbage()
    collectgarbage()
  end
  round(50000, false)
  local before = collectgarbage("count")
  round(50000, true)
  check(collectgarbage("count") < before + 100, "memory grew")
  check(tostring(lock):find("waiting=0"), tostring(lock))
end)

test("W4a: Condition.wait has the lock again whenever it ends, also by a cancellation", function()
  local runs = orders.cancelled_everywhere(5, function()
    local condition, holder = async.Condition(), nil
    local function enter()
      check(holder == nil and condition:locked(), "the lock is not this task's alone")
      holder = async.current_task()
    end
    local function leave()
      check(holder == async.current_task())
      holder = nil
    end
    local tasks = {}
    for i = 1, 4 do
      tasks[i] = async.spawn(function()
        local held <close> = condition:acquire()
        enter()
        local inside <close> = setmetatable({}, { __close = leave })
        if i == 4 then
          async.sleep(1)
          return condition:notify_all()
        end
        leave()
        local back <close> = setmetatable({}, { __close = enter })
        condition:wait()
      end)
    end
    async.sleep(10)
    do
      local held <close> = condition:acquire()
      condition:notify_all()
    end
    async.wait(tasks)
    check(not condition:locked() and holder == nil)
    for _, task in ipairs(tasks) do check(task:cancelled() or not task:exception()) end
  end)
  check(runs > 20)
end)

test("W4b: a notify that meets a cancelled waiter goes to the next one", function()
  orders.in_every_order(20, function()
    local condition, woken = async.Condition(), 0
    local tasks = {}
    local function wait()
      local held <close> = condition:acquire()
      condition:wait()
      woken = woken + 1
    end
    for i = 1, 3 do
      tasks[i] = async.spawn(wait)
      async.sleep(1)
    end
    local held = condition:acquire()
    condition:notify()
    tasks[1]:cancel()
    async.sleep(1)
    held:release()
    async.sleep(1)
    equal({ woken, tasks[1]:cancelled(), tasks[2]:done(), tasks[3]:done() }, { 1, true, true, false })
    tasks[3]:cancel()
    async.wait(tasks)
  end)
end)

test("W5a: an item that meets the cancellation of its getter stays in the queue, in its place", function()
  orders.in_every_order(20, function()
    local queue = async.Queue()
    local getter = async.spawn(queue.get, queue)
    async.sleep(1)
    for i = 1, 3 do queue:put(i) end
    getter:cancel()
    raises(async.CancelledError, await, getter)
    equal({ queue:qsize(), queue:get(), queue:get(), queue:get() }, { 3, 1, 2, 3 })
  end)
end)

test("W5b: wherever a put or a get is cancelled, no item is lost and none is there twice", function()
  local runs = orders.cancelled_everywhere(10, function()
    local queue, put, got, tasks = async.Queue(1), {}, {}, {}
    for i = 1, 4 do
      tasks[#tasks + 1] = async.spawn(function()
        put[i] = "trying"
        local ok = async.catch(queue.put, queue, i)
        put[i] = ok
      end)
    end
    for i = 1, 3 do
      tasks[#tasks + 1] = async.spawn(function()
        async.sleep(i % 2)
        local item = queue:get()
        got[item] = (got[item] or 0) + 1
      end)
    end
    async.sleep(10)
    while not queue:empty() do
      local item = queue:get()
      got[item] = (got[item] or 0) + 1
      async.sleep(1)
    end
    for _, task in ipairs(tasks) do task:cancel() end
    async.wait(tasks)
    for i = 1, 4 do
      equal(got[i], put[i] and 1 or nil, "item " .. i)
    end
  end)
  check(runs > 50)
end)

test("W5c: nor is a value of a Channel, sent and received by select or without it", function()
  local runs = orders.cancelled_everywhere(10, function()
    local channel, sent, got, tasks = async.Channel(), {}, {}, {}
    local function receive(value, ok)
      if ok then got[value] = (got[value] or 0) + 1 end
    end
    local function send(i)
      if i % 2 == 0 then return channel:send(i) end
      async.select { channel:on_send(i) }
    end
    for i = 1, 4 do
      tasks[#tasks + 1] = async.spawn(function() sent[i] = async.catch(send, i) end)
    end
    tasks[#tasks + 1] = async.spawn(function() receive(channel:receive()) end)
    tasks[#tasks + 1] = async.spawn(function() async.select { channel:on_receive(receive), async.on_timeout(5) } end)
    async.sleep(10)
    local function none() return "none" end
    while async.select { channel:on_receive(receive), default = none } ~= "none" do async.sleep(1) end
    channel:close()
    async.wait(tasks)
    for i = 1, 4 do equal(got[i], sent[i] and 1 or nil, "value " .. i) end
  end)
  check(runs > 50)
end)

test("W6a: shutdown wakes every task that waits for a queue", function()
  orders.in_every_order(10, function()
    local empty, full, tasks = async.Queue(), async.Queue(1), {}
    full:put(1)
    for i = 1, 3 do
      tasks[i] = async.spawn(empty.get, empty)
      tasks[i + 3] = async.spawn(full.put, full, i)
    end
    async.sleep(1)
    empty:shutdown()
    full:shutdown()
    for _, task in ipairs(tasks) do raises(async.QueueShutDown, await, task) end
    equal(full:get(), 1)
    raises(async.QueueShutDown, full.get, full)
  end)
end)

test("W6b: an immediate shutdown drops what is left, and ends join as well", function()
  local queue = async.Queue()
  for i = 1, 3 do queue:put(i) end
  local joiner = async.spawn(queue.join, queue)
  async.sleep(0)
  queue:shutdown(true)
  await(joiner)
  raises(async.QueueShutDown, queue.get, queue)
end)

test("W6c: reset and abort wake every task that waits at a Barrier", function()
  for _, name in ipairs { "reset", "abort" } do
    orders.in_every_order(10, function()
      local barrier = async.Barrier(4)
      local tasks = {}
      for i = 1, 3 do tasks[i] = async.spawn(barrier.wait, barrier) end
      async.sleep(1)
      barrier[name](barrier)
      for _, task in ipairs(tasks) do raises(async.BrokenBarrierError, await, task) end
      equal(barrier.broken, name == "abort")
    end)
  end
end)

test("W6d: close wakes every task that waits for a Channel, in a select too", function()
  orders.in_every_order(10, function()
    local channel, results = async.Channel(), {}
    local tasks = {
      async.spawn(channel.receive, channel),
      async.spawn(channel.receive, channel),
      async.spawn(async.select, { channel:on_receive(function(...) return ... end) }),
    }
    async.sleep(1)
    channel:close()
    for i, task in ipairs(tasks) do results[i] = { await(task) } end
    equal(results, { { nil, false }, { nil, false }, { nil, false } })
    local full = async.Channel()
    tasks = { async.spawn(full.send, full, 1), async.spawn(async.select, { full:on_send(2) }) }
    async.sleep(1)
    full:close()
    for _, task in ipairs(tasks) do raises(async.QueueShutDown, await, task) end
  end)
end)
