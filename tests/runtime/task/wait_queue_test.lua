-- Through the classes that are made of it.

local function classes()
  local lock, semaphore, event, queue, full = async.Lock(), async.Semaphore(0), async.Event(), async.Queue(), async.Queue(1)
  local condition, barrier = async.Condition(), async.Barrier(1000000)
  lock:acquire()
  full:put(0)
  return {
    { lock, lock.acquire }, { semaphore, semaphore.acquire }, { event, event.wait }, { queue, queue.get },
    { full, full.put, "item" },
    { condition, function() local held <close> = condition:acquire(); condition:wait() end },
  }, barrier
end

test("100,000 waiters are cancelled in linear time, from both ends, and leave nothing behind", function()
  local lock = async.Lock()
  lock:acquire()
  local function round(n, from, to, step)
    local tasks = {}
    for i = 1, n do tasks[i] = async.spawn(lock.acquire, lock) end
    async.sleep(0)
    equal(tostring(lock), ("<Lock locked by 'main' waiting=%d>"):format(n))
    for i = from, to, step do tasks[i]:cancel() end
    equal(tostring(lock), "<Lock locked by 'main' waiting=0>")
    async.wait(tasks)
    check(tasks[1]:cancelled() and tasks[n]:cancelled())
    tasks = nil
    collectgarbage()
    collectgarbage()
    return collectgarbage("count")
  end
  round(50000, 1, 50000, 1)
  local before = round(1000, 1, 1000, 1)
  check(round(50000, 50000, 1, -1) - before < 500)
  lock:release()
  check(not lock:locked())
end)

test("every kind of waiter leaves its queue in the moment in which it is cancelled", function()
  for _, class in ipairs(classes()) do
    local object, wait, item = class[1], class[2], class[3]
    local tasks = {}
    for i = 1, 100 do tasks[i] = async.spawn(wait, object, item) end
    async.sleep(0)
    check(tostring(object):find("=100", 1, true), tostring(object))
    for i = 1, 100 do tasks[i * 37 % 101]:cancel() end
    check(not tostring(object):find("=100", 1, true), tostring(object))
    async.wait(tasks)
    check(tostring(object):find("waiting=0", 1, true) or tostring(object):find("getters=0 putters=0", 1, true))
  end
end)

test("a wait that was cancelled is not ended by what comes for it later", function()
  for _, class in ipairs(classes()) do
    local object, wait, item = class[1], class[2], class[3]
    local slept
    local task = async.spawn(function()
      raises(async.CancelledError, wait, object, item)
      async.current_task():uncancel()
      slept = elapsed(async.sleep, 5)
    end)
    async.sleep(1)
    task:cancel()
    async.sleep(1)
    if object.release and object:locked() then object:release() end
    if object.set then object:set() end
    if object.maxsize == 0 then object:put(1) end
    if object.maxsize == 1 then object:get() end
    await(task)
    equal(slept, 5.0)
  end
end)

test("waiters in coroutines of a task are woken there, with what they waited for", function()
  local queue = async.Queue()
  local task = async.spawn(function()
    local get = coroutine.wrap(function()
      while true do coroutine.yield(queue:get()) end
    end)
    return { get(), get(), get() }
  end)
  for i = 1, 3 do
    async.sleep(1)
    queue:put(i)
  end
  equal(await(task), { 1, 2, 3 })
end)

test("a task that waits for a primitive is shown with it", function()
  local list, barrier = classes()
  local objects, tasks = { barrier }, { async.spawn(barrier.wait, barrier) }
  for i, class in ipairs(list) do
    objects[i + 1], tasks[i + 1] = class[1], async.spawn(class[2], class[1], class[3])
  end
  async.sleep(0)
  for i, task in ipairs(tasks) do
    local shown = ("<Task name='%s' waiting on %s at "):format(task:get_name(), tostring(objects[i]))
    equal(tostring(task):sub(1, #shown), shown)
  end
  for _, task in ipairs(tasks) do task:cancel() end
  async.wait(tasks)
end)

test("a task that wakes itself in turns with another: 10,000 handovers", function()
  local a, b, turns = async.Semaphore(1), async.Semaphore(0), 0
  local other = async.spawn(function()
    for _ = 1, 10000 do
      b:acquire()
      turns = turns + 1
      a:release()
    end
  end)
  for _ = 1, 10000 do
    a:acquire()
    b:release()
  end
  await(other)
  equal(turns, 10000)
end)

test("an abandoned queue with tasks that wait is alive as long as they are", function()
  local task
  do
    local event = async.Event()
    task = async.spawn(event.wait, event)
  end
  async.sleep(0)
  collectgarbage()
  collectgarbage()
  task:cancel()
  raises(async.CancelledError, await, task)
end)
