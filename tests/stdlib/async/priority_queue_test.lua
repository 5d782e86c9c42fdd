local function drain(queue)
  local list = {}
  while not queue:empty() do list[#list + 1] = queue:get() end
  return list
end

test("the least item comes first: numbers, strings, and lists item by item", function()
  local queue = async.PriorityQueue()
  for _, item in ipairs { 5, 1, 4.5, -2, 3 } do queue:put(item) end
  equal(drain(queue), { -2, 1, 3, 4.5, 5 })
  for _, item in ipairs { "b", "a", "c" } do queue:put(item) end
  equal(drain(queue), { "a", "b", "c" })
  for _, item in ipairs { { 2, "a" }, { 1, "b" }, { 1, "a", 9 }, { 1, "a" }, { 1, { 0 } } } do
    if type(item[2]) == "string" then queue:put(item) end
  end
  equal(drain(queue), { { 1, "a" }, { 1, "a", 9 }, { 1, "b" }, { 2, "a" } })
end)

test("equal items leave in the order in which they came", function()
  local queue = async.PriorityQueue(0, { key = function(item) return item[1] end })
  for i = 1, 50 do queue:put { i % 3, i } end
  local last = { -1, 0 }
  for _, item in ipairs(drain(queue)) do
    check(item[1] > last[1] or item[1] == last[1] and item[2] > last[2])
    last = item
  end
end)

test("key and less choose the order; key is asked once for each item", function()
  local asked = 0
  local queue = async.PriorityQueue(0, {
    key = function(item)
      asked = asked + 1
      return #item
    end,
    less = function(a, b) return a > b end,
  })
  for _, item in ipairs { "aa", "b", "cccc", "ddd" } do queue:put(item) end
  equal(drain(queue), { "cccc", "ddd", "aa", "b" })
  equal(asked, 4)
end)

test("objects with __lt are compared by it", function()
  local meta = { __lt = function(a, b) return a.n < b.n end }
  local queue = async.PriorityQueue()
  for _, n in ipairs { 3, 1, 2 } do queue:put(setmetatable({ n = n }, meta)) end
  equal({ queue:get().n, queue:get().n, queue:get().n }, { 1, 2, 3 })
end)

test("nil is an item that a key can order", function()
  local queue = async.PriorityQueue(0, { key = function(item) return item or 0 end })
  queue:put(1)
  queue:put(nil)
  queue:put(-1)
  equal({ queue:get(), queue:get(), queue:get() }, { -1, nil, 1 })
  equal(queue:qsize(), 0)
end)

test("wrong options are TypeErrors at the caller", function()
  misuse(async.TypeError, async.PriorityQueue, 0, 5)
  misuse(async.TypeError, async.PriorityQueue, 0, { keys = print })
  misuse(async.TypeError, async.PriorityQueue, 0, { key = 1 })
  misuse(async.TypeError, async.PriorityQueue, 0, { less = "x" })
  misuse(async.TypeError, async.PriorityQueue, { key = print })
end)

test("an item that cannot be compared is refused, and changes nothing", function()
  local queue = async.PriorityQueue()
  queue:put(1)
  local err = raises(async.TypeError, queue.put, queue, "x")
  equal(err.message, "a PriorityQueue cannot compare string with number; give it the option key or less")
  raises(async.TypeError, queue.put_nowait, queue, {})
  equal(queue:qsize(), 1)
  equal(queue:get(), 1)
  queue:task_done()
  queue:join()
  raises(async.ValueError, queue.task_done, queue)
end)

test("what stands in lists is refused like any item, and nil and booleans too", function()
  local queue = async.PriorityQueue()
  queue:put { 1, "a" }
  raises(async.TypeError, queue.put, queue, { 1, 2 })
  raises(async.TypeError, queue.put, queue, 1)
  raises(async.TypeError, queue.put, queue, nil)
  equal(queue:get(), { 1, "a" })
  queue:put { 1, true }
  raises(async.TypeError, queue.put, queue, { 1, false })
  queue:put { 0, false }
  equal({ queue:get(), queue:get() }, { { 0, false }, { 1, true } })
end)

test("an item whose metatable has an order is compared by it, and one without is Lua's error", function()
  local queue = async.PriorityQueue()
  local Version = { __lt = function(a, b) return a.number < b.number end }
  queue:put(setmetatable({ number = 2 }, Version))
  queue:put(setmetatable({ number = 1 }, Version))
  equal(queue:get().number, 1)
  raises("attempt to compare", queue.put, queue, setmetatable({}, {}))
end)

test("a putter that waits with an item that cannot be compared gets the error, the getter its item", function()
  local queue = async.PriorityQueue(2)
  queue:put(1)
  queue:put(2)
  local bad = async.spawn(queue.put, queue, "x")
  local good = async.spawn(queue.put, queue, 3)
  async.sleep(0)
  equal(queue:get(), 1)
  raises(async.TypeError, await, bad)
  await(good)
  equal(drain(queue), { 2, 3 })
end)

test("a getter that was promised an item gets the least when it runs, and a newcomer takes none of the promised", function()
  local queue = async.PriorityQueue()
  local getter = async.spawn(queue.get, queue)
  async.sleep(0)
  queue:put(5)
  raises(async.QueueEmpty, queue.get_nowait, queue)
  queue:put(1)
  equal(queue:get_nowait(), 1)
  equal(await(getter), 5)
end)

for seed = 1, 3 do
  test("at random, what comes out is the least, seed " .. seed, function()
    local queue, model, puts = async.PriorityQueue(), {}, 0
    local function before(a, b) return a[1] < b[1] or a[1] == b[1] and a[2] < b[2] end
    local function take()
      local best = 1
      for i = 2, #model do
        if before(model[i], model[best]) then best = i end
      end
      return table.remove(model, best)
    end
    churn(seed, 20, 350, function()
      async.sleep(math.random(0, 3) * 0.25)
      if math.random() < 0.5 then
        puts = puts + 1
        local item = { math.random(5), puts }
        model[#model + 1] = item
        queue:put(item)
      else
        local got, item = true, nil
        if math.random() < 0.5 then
          got, item = async.move_on_after(math.random(0, 2) * 0.25, queue.get, queue)
        else
          item = queue:get()
        end
        if got then check(rawequal(item, take())) end
      end
    end)
    equal(queue:qsize(), #model)
    while #model > 0 do check(rawequal(queue:get_nowait(), take())) end
    check(queue:empty() and puts > 1000)
  end)
end

test("an error in less leaves the queue whole: get and get_nowait raise it, and the items are all there", function()
  local broken = false
  local queue = async.PriorityQueue(0, { less = function(a, b)
    if broken then error("broken") end
    return a < b
  end })
  for _, item in ipairs { 5, 3, 4, 1, 2 } do queue:put(item) end
  broken = true
  raises("broken", queue.get, queue)
  raises("broken", queue.get_nowait, queue)
  raises("broken", queue.put, queue, 0)
  broken = false
  for i = 1, 5 do equal(queue:get_nowait(), i) end
  check(queue:empty())
end)

test("a getter that meets an error in less as it runs gets the error, and another the item", function()
  local broken = false
  local queue = async.PriorityQueue(0, { less = function(a, b)
    if broken then
      broken = false
      error("broken")
    end
    return a < b
  end })
  local getters = {}
  for i = 1, 4 do getters[i] = async.spawn(queue.get, queue) end
  async.sleep(0)
  for i = 3, 1, -1 do queue:put_nowait(i) end
  broken = true
  raises("broken", await, getters[1])
  equal({ await(getters[2]), await(getters[3]), await(getters[4]) }, { 1, 2, 3 })
  check(queue:empty())
end)

test("an immediate shutdown compares nothing, and leaves the least to the getter that was promised it", function()
  local broken = false
  local queue = async.PriorityQueue(0, { less = function(a, b)
    if broken then error("broken") end
    return a < b
  end })
  local getter = async.spawn(queue.get, queue)
  async.sleep(0)
  for _, item in ipairs { 5, 3, 4, 1, 2 } do queue:put(item) end
  broken = true
  queue:shutdown(true)
  equal({ queue:qsize(), await(getter) }, { 1, 1 })
end)

test("key and less can neither use the queue nor wait", function()
  local queue
  queue = async.PriorityQueue(0, { less = function(a, b)
    queue:get_nowait()
    return a < b
  end })
  queue:put(1)
  raises("RuntimeError: a PriorityQueue was used by the function that compares its items", queue.put, queue, 2)
  check(queue:empty())
  local sleepy = async.PriorityQueue(0, { key = function(item)
    async.sleep(1)
    return item
  end })
  raises("RuntimeError: sleep: cannot wait inside", sleepy.put, sleepy, 1)
  equal(sleepy:qsize(), 0)
end)

test("a comparison that cancels the putter whose item it compares: the item is in, once", function()
  local putter
  local queue = async.PriorityQueue(2, { less = function(a, b)
    if putter then putter:cancel() end
    return a < b
  end })
  queue:put(2)
  queue:put(3)
  putter = async.spawn(queue.put, queue, 1)
  async.sleep(0)
  equal(queue:get(), 2)
  raises(async.CancelledError, await, putter)
  putter = nil
  equal({ queue:get(), queue:get(), queue:qsize() }, { 1, 3, 0 })
end)

test("a put that fails in the comparison of another use, after it made room, loses nothing", function()
  local meddle, refuse = nil, false
  local queue = async.PriorityQueue(0, {
    less = function(a, b)
      if refuse then error("refused") end
      if meddle then
        meddle = meddle()
      end
      return a < b
    end,
  })
  for i = 1, 8 do queue:put_nowait(i) end -- the room of a new queue is used up
  meddle = function()
    refuse = true
    raises("refused", queue.put_nowait, queue, 9)
    refuse = false
  end
  raises("used by the function that compares its items", queue.get_nowait, queue)
  equal(queue:qsize(), 8)
  for i = 1, 8 do equal(queue:get_nowait(), i) end
end)
