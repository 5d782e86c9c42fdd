-- A grant that reaches a waiter in the turn in which it is cancelled: it is passed on, never lost.

for name, make in pairs { Queue = async.Queue, LifoQueue = async.LifoQueue, PriorityQueue = async.PriorityQueue } do
  test(name .. ": an item given to a getter that is cancelled in the same turn goes to the next getter", function()
    local queue = make()
    local first, second = async.spawn(queue.get, queue), async.spawn(queue.get, queue)
    async.sleep(0)
    queue:put("item")
    first:cancel()
    raises(async.CancelledError, await, first)
    equal(await(second), "item")
    check(queue:empty())
  end)

  test(name .. ": with no other getter the item is in the queue again", function()
    local queue = make()
    local getter = async.spawn(queue.get, queue)
    async.sleep(0)
    queue:put("item")
    getter:cancel()
    raises(async.CancelledError, await, getter)
    equal(queue:qsize(), 1)
    equal(queue:get_nowait(), "item")
    queue:put("a")
    equal(queue:get(), "a")
  end)
end

test("Queue: an item that comes back is the first again", function()
  local queue = async.Queue()
  local getter = async.spawn(queue.get, queue)
  async.sleep(0)
  for i = 1, 3 do queue:put(i) end
  getter:cancel()
  raises(async.CancelledError, await, getter)
  equal({ queue:get(), queue:get(), queue:get() }, { 1, 2, 3 })
end)

test("Lock: handed to a task that is cancelled in the same turn, it goes to the next", function()
  local lock = async.Lock()
  lock:acquire()
  local first, second = async.spawn(lock.acquire, lock), async.spawn(lock.acquire, lock)
  async.sleep(0)
  lock:release()
  first:cancel()
  raises(async.CancelledError, await, first)
  equal(await(second), lock)
  check(lock:locked())
end)

test("Semaphore: a permit handed to a task that is cancelled in the same turn is free again", function()
  local semaphore = async.Semaphore(0)
  local task = async.spawn(semaphore.acquire, semaphore)
  async.sleep(0)
  semaphore:release()
  task:cancel()
  raises(async.CancelledError, await, task)
  check(not semaphore:locked())
end)

-- Random producers and consumers, each put and get in a task of its own that may be cancelled at once.
local function stress(make)
  local queue, made, put, got = make(), 0, {}, {}
  local function attempt(fn, ...)
    local task = async.spawn(fn, ...)
    if math.random(3) == 1 then
      async.sleep(0)
      task:cancel()
    end
    local ok, result = async.catch(await, task)
    if math.random(3) == 1 then async.sleep(math.random() / 100) end
    return ok, result
  end
  local function produce()
    for _ = 1, 20 do
      made = made + 1
      local item = { made }
      if attempt(queue.put, queue, item) then put[item[1]] = true end
    end
  end
  local function consume()
    while true do
      local ok, item = attempt(queue.get, queue)
      if ok then
        got[item[1]] = (got[item[1]] or 0) + 1
      elseif async.is(item, async.QueueShutDown) then
        return
      end
    end
  end
  async.with(async.TaskGroup(), function(group)
    for _ = 1, 5 do group:spawn(consume) end
    async.with(async.TaskGroup(), function(producers)
      for _ = 1, 8 do producers:spawn(produce) end
    end)
    queue:shutdown()
  end)
  for item in pairs(put) do check(got[item] == 1, "lost item " .. item) end
  for item, times in pairs(got) do check(times == 1, "item given out twice " .. item) end
end

test("queues: under random cancellation no item is lost or given out twice", function()
  for seed = 1, 10 do
    math.randomseed(seed)
    local maxsize = seed % 4
    stress(function() return async.Queue(maxsize) end)
    stress(function() return async.LifoQueue(maxsize) end)
    stress(function() return async.PriorityQueue(maxsize, { key = function(item) return item[1] end }) end)
  end
end)
