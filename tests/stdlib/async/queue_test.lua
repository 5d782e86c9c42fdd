-- What all three queues do, then the order of the plain one. See lifo_queue_test.lua and priority_queue_test.lua.

local function waiting(fn, ...)
  local task = async.spawn(fn, ...)
  async.sleep(0)
  return task
end

for _, name in ipairs { "Queue", "LifoQueue", "PriorityQueue" } do
  local make = async[name]

  test(name .. ": sizes", function()
    local queue = make(2)
    equal({ queue.maxsize, queue:qsize(), queue:empty(), queue:full() }, { 2, 0, true, false })
    queue:put(1)
    equal({ queue:qsize(), queue:empty(), queue:full() }, { 1, false, false })
    queue:put_nowait(2)
    equal({ queue:qsize(), queue:empty(), queue:full() }, { 2, false, true })
    equal(tostring(queue), ("<%s size=2/2 getters=0 putters=0>"):format(name))
    for _, maxsize in ipairs { 0, -5 } do
      local endless = make(maxsize)
      equal(endless.maxsize, 0)
      for i = 1, 100 do endless:put(i) end
      equal({ endless:full(), endless:qsize() }, { false, 100 })
      equal(tostring(endless), ("<%s size=100 getters=0 putters=0>"):format(name))
    end
  end)

  test(name .. ": a maxsize that is no integer is a TypeError at the caller", function()
    for _, value in ipairs { "1", true, {}, 1.5, 0 / 0, math.huge } do misuse(async.TypeError, make, value) end
  end)

  test(name .. ": get waits for an item, put for room", function()
    local queue = make(1)
    local getter = waiting(queue.get, queue)
    equal(tostring(queue), ("<%s size=0/1 getters=1 putters=0>"):format(name))
    queue:put(7)
    equal(await(getter), 7)
    queue:put(8)
    local putter = waiting(queue.put, queue, 9)
    equal(tostring(queue), ("<%s size=1/1 getters=0 putters=1>"):format(name))
    equal(queue:get(), 8)
    await(putter)
    equal(queue:get(), 9)
  end)

  test(name .. ": the nowait forms raise QueueEmpty and QueueFull at the caller", function()
    local queue = make(1)
    misuse(async.QueueEmpty, queue.get_nowait, queue)
    queue:put_nowait(1)
    misuse(async.QueueFull, queue.put_nowait, queue, 2)
    equal(queue:get_nowait(), 1)
  end)

  test(name .. ": newcomers take no item that a getter was promised, and no room that a putter filled", function()
    local queue = make(1)
    local getter = waiting(queue.get, queue)
    queue:put_nowait(1)
    misuse(async.QueueEmpty, queue.get_nowait, queue)
    local late = waiting(queue.get, queue)
    equal(await(getter), 1)
    check(not late:done())
    queue:put(2)
    equal(await(late), 2)
    queue:put(3)
    local putter = waiting(queue.put, queue, 4)
    equal(queue:get_nowait(), 3)
    misuse(async.QueueFull, queue.put_nowait, queue, 5)
    await(putter)
    equal(queue:get_nowait(), 4)
  end)

  test(name .. ": getters are served in the order in which they came", function()
    local queue, order, tasks = make(), {}, {}
    for i = 1, 10 do
      tasks[i] = async.spawn(function()
        queue:get()
        order[#order + 1] = i
      end)
    end
    async.sleep(0)
    for i = 1, 10 do queue:put(i) end
    async.gather(tasks)
    equal(order, { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 })
  end)

  test(name .. ": join waits until task_done was called for every item", function()
    local queue = make()
    queue:join()
    misuse(async.ValueError, queue.task_done, queue)
    for i = 1, 3 do queue:put(i) end
    local joined = waiting(queue.join, queue)
    for _ = 1, 3 do
      check(not joined:done())
      queue:get()
      async.sleep(0)
      check(not joined:done())
      queue:task_done()
      async.sleep(0)
    end
    check(joined:done())
    misuse(async.ValueError, queue.task_done, queue)
    queue:put(1)
    equal(async.move_on_after(1, queue.join, queue), false)
  end)

  test(name .. ": shutdown lets getters have the rest, and refuses putters", function()
    local queue = make(2)
    queue:put(1)
    queue:put(1)
    local putter = waiting(queue.put, queue, 1)
    queue:shutdown()
    queue:shutdown()
    raises(async.QueueShutDown, await, putter)
    misuse(async.QueueShutDown, queue.put, queue, 1)
    misuse(async.QueueShutDown, queue.put_nowait, queue, 1)
    equal(tostring(queue), ("<%s size=2/2 getters=0 putters=0 shut down>"):format(name))
    equal({ queue:get(), queue:get_nowait() }, { 1, 1 })
    misuse(async.QueueShutDown, queue.get, queue)
    misuse(async.QueueShutDown, queue.get_nowait, queue)
    equal(async.move_on_after(1, queue.join, queue), false)
    queue:task_done()
    queue:task_done()
    queue:join()
  end)

  test(name .. ": shutdown wakes every getter", function()
    for _, immediate in ipairs { false, true } do
      local queue = make()
      local a, b = waiting(queue.get, queue), waiting(queue.get, queue)
      queue:shutdown(immediate)
      raises("QueueShutDown: " .. name .. " has been shut down", await, a)
      raises(async.QueueShutDown, await, b)
    end
  end)

  test(name .. ": an immediate shutdown drops what is left, and ends join", function()
    local queue = make(2)
    queue:put(1)
    queue:put(2)
    queue:get()
    local putter, joined = waiting(queue.put, queue, 3), nil
    queue:get()
    await(putter)
    queue:put(4)
    joined = waiting(queue.join, queue)
    putter = waiting(queue.put, queue, 5)
    queue:shutdown(true)
    equal(queue:qsize(), 0)
    raises(async.QueueShutDown, await, putter)
    raises(async.QueueShutDown, queue.get, queue)
    async.sleep(0)
    check(not joined:done())
    queue:task_done()
    queue:task_done()
    await(joined)
    raises(async.ValueError, queue.task_done, queue)
  end)

  test(name .. ": a getter that was promised an item has it after an immediate shutdown, unless cancelled", function()
    for _, cancel in ipairs { false, true } do
      local queue = make()
      local getter = waiting(queue.get, queue)
      queue:put("item")
      queue:put("item")
      queue:shutdown(true)
      if cancel then
        getter:cancel()
        raises(async.CancelledError, await, getter)
      else
        equal(await(getter), "item")
        queue:task_done()
      end
      queue:join()
      raises(async.QueueShutDown, queue.get_nowait, queue)
    end
  end)

  test(name .. ": a cancelled put has put nothing; one that was woken has put its item, once", function()
    local queue = make(1)
    queue:put(1)
    local first, second = waiting(queue.put, queue, 2), waiting(queue.put, queue, 3)
    first:cancel()
    equal(queue:get(), 1)
    second:cancel()
    raises(async.CancelledError, await, first)
    raises(async.CancelledError, await, second)
    equal({ queue:qsize(), queue:get() }, { 1, 3 })
    queue:task_done()
    queue:task_done()
    raises(async.ValueError, queue.task_done, queue)
  end)

  test(name .. ": timeouts around get, put and join", function()
    local queue = make(1)
    equal(elapsed(raises, async.TimeoutError, async.timeout, 1, queue.get, queue), 1.0)
    raises(async.TimeoutError, async.wait_for, queue.get, 1, queue)
    queue:put(1)
    raises(async.TimeoutError, async.timeout, 1, queue.put, queue, 2)
    raises(async.TimeoutError, async.timeout, 1, queue.join, queue)
    equal(tostring(queue), ("<%s size=1/1 getters=0 putters=0>"):format(name))
    equal(async.wait_for(queue.get, 1, queue), 1)
  end)

  test(name .. ": callbacks put and get what needs no wait, and cannot wait", function()
    local queue, errs = make(1), {}
    local loop = async.get_running_loop()
    loop:call_soon(function() errs[1] = select(2, pcall(queue.get, queue)) end)
    loop:call_soon(function() queue:put(1) end)
    loop:call_soon(function() errs[2] = select(2, pcall(queue.put, queue, 2)) end)
    loop:call_soon(function() errs[3] = select(2, pcall(queue.join, queue)) end)
    async.sleep(0)
    for i = 1, 3 do check(async.is(errs[i], async.RuntimeError)) end
    equal(tostring(queue), ("<%s size=1/1 getters=0 putters=0>"):format(name))
    loop:call_soon(function() errs[4] = queue:get() end)
    async.sleep(0)
    equal(errs[4], 1)
  end)

  test(name .. ": items ends when the queue is shut down and empty", function()
    local queue, got = make(), {}
    local task = waiting(function()
      for item in queue:items() do got[#got + 1] = item end
    end)
    for i = 1, 3 do
      queue:put(i)
      async.sleep(0)
    end
    queue:shutdown()
    await(task)
    equal(got, { 1, 2, 3 })
    for _ in queue:items() do error("no item is left") end
  end)

  test(name .. ": items is cancelled like get", function()
    local queue = make()
    local task = waiting(function()
      for _ in queue:items() do end
    end)
    task:cancel()
    raises(async.CancelledError, await, task)
    equal(tostring(queue), ("<%s size=0 getters=0 putters=0>"):format(name))
  end)

  test(name .. ": getters woken in turn and cancelled in turn lose no item", function()
    local queue, tasks, left = make(), {}, {}
    for i = 1, 20 do tasks[i] = waiting(queue.get, queue) end
    for i = 1, 10 do queue:put(i) end
    for i = 1, 20 do tasks[i]:cancel() end
    for i = 1, 20 do raises(async.CancelledError, await, tasks[i]) end
    while not queue:empty() do left[#left + 1] = queue:get_nowait() end
    table.sort(left)
    equal(left, { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 })
  end)

  for seed = 1, 3 do
    test(name .. ": at random, no item is lost or doubled, seed " .. seed, function()
      local queue = make(math.random(1, 4))
      local puts, inside, got_count, line = 0, {}, 0, {}
      local last = 0
      local function take(item)
        check(inside[item] ~= false, "an item came twice, or one that was not put")
        inside[item] = false
        got_count = got_count + 1
        if name == "Queue" then
          check(item > last, "out of order")
          last = item
        end
      end
      local function put()
        puts = puts + 1
        local item, done = puts, true
        inside[item] = "perhaps"
        local ok, err = async.catch(function()
          local what = math.random()
          if what < 0.3 then
            done = async.move_on_after(math.random(0, 4) * 0.25, queue.put, queue, item)
          elseif what < 0.5 then
            done = pcall(queue.put_nowait, queue, item)
          else
            queue:put(item)
          end
        end)
        if not ok or not done then
          check(inside[item] == "perhaps", "an item was taken that was not put")
          inside[item] = false
          if not ok then error(err, 0) end
        elseif inside[item] then
          inside[item] = "surely"
        end
      end
      local function get()
        local ticket, waits = {}, queue:qsize() == 0
        if waits then line[#line + 1] = ticket end
        local ok, got, item = async.catch(function()
          local what = math.random()
          if what < 0.3 then return async.move_on_after(math.random(0, 4) * 0.25, queue.get, queue) end
          if what < 0.5 then return pcall(queue.get_nowait, queue) end
          return true, queue:get()
        end)
        if waits then
          for i, other in ipairs(line) do
            if other == ticket then
              check(not (ok and got) or i == 1, "a getter was overtaken")
              table.remove(line, i)
              break
            end
          end
        end
        if not ok then error(got, 0) end
        if got then
          take(item)
          queue:task_done()
        end
      end
      churn(seed, 20, 350, function()
        async.sleep(math.random(0, 3) * 0.25)
        if math.random() < 0.5 then put() else get() end
      end)
      while not queue:empty() do
        take(queue:get_nowait())
        queue:task_done()
      end
      for item, state in pairs(inside) do check(state == false, ("item %d is lost"):format(item)) end
      check(got_count > 500, got_count)
      equal(#line, 0)
      queue:join()
      misuse(async.ValueError, queue.task_done, queue)
    end)
  end
end

test("Queue: first in, first out, nil and false too", function()
  local queue = async.Queue()
  queue:put(nil)
  queue:put(false)
  queue:put()
  queue:put("x")
  equal(queue:qsize(), 4)
  equal(table.pack(queue:get(), queue:get(), queue:get(), queue:get()), { nil, false, nil, "x", n = 4 })
  local getter = waiting(queue.get, queue)
  queue:put(nil)
  equal(table.pack(await(getter)), { nil, n = 1 })
end)

test("Queue: an item that is nil would end items, and is an error there", function()
  local queue = async.Queue()
  queue:put(nil)
  raises(async.RuntimeError, function()
    for _ in queue:items() do end
  end)
end)

test("Queue: items that come back from several cancelled getters are in their places", function()
  local queue, tasks = async.Queue(), {}
  for i = 1, 5 do tasks[i] = waiting(queue.get, queue) end
  for i = 1, 7 do queue:put(i) end
  for i = 1, 5 do
    if i ~= 3 then tasks[i]:cancel() end
  end
  equal(await(tasks[3]), 1)
  async.sleep(0)
  for i = 2, 7 do equal(queue:get_nowait(), i) end
end)

test("Queue: putters put in the order in which they came", function()
  local queue, got = async.Queue(1), {}
  local putters = {}
  for i = 1, 10 do putters[i] = waiting(queue.put, queue, i) end
  for i = 1, 10 do got[i] = queue:get() end
  async.gather(putters)
  equal(got, { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 })
end)

test("Queue: 100,000 items through one of 10 places, and nothing stays in memory", function()
  local queue = async.Queue(10)
  local sum = 0
  local function run(n)
    local producer = async.spawn(function()
      for i = 1, n do queue:put(i) end
    end)
    for _ = 1, n do sum = sum + queue:get() end
    await(producer)
    producer = nil
    collectgarbage()
    return collectgarbage("count")
  end
  local before = run(1000)
  check(run(99000) - before < 20)
  equal(sum, 99000 * 99001 // 2 + 1000 * 1001 // 2)
end)

test("Queue: after an immediate shutdown a getter that was promised an item has the first", function()
  local queue = async.Queue()
  local getter = async.spawn(queue.get, queue)
  async.sleep(0)
  for i = 1, 5 do queue:put_nowait(i) end
  queue:shutdown(true)
  equal({ queue:qsize(), await(getter) }, { 1, 1 })
end)

test("Queue: many items in a ring that grows while it wraps around", function()
  local queue, put, got = async.Queue(), 0, 0
  for round = 1, 200 do
    for _ = 1, round do
      put = put + 1
      queue:put_nowait(put)
    end
    for _ = 1, round - 1 do
      got = got + 1
      equal(queue:get_nowait(), got)
    end
  end
  equal(queue:qsize(), 200)
  while not queue:empty() do
    got = got + 1
    equal(queue:get_nowait(), got)
  end
  equal(got, put)
end)
