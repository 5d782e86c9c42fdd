-- What gather does differently for futures for which nobody else waits.

-- Notes, in the order of waking, the number of each function that waits for something.
local function order_of(...)
  local order, tasks = {}, {}
  for i, wait in ipairs { ... } do
    tasks[i] = async.spawn(function()
      wait()
      order[#order + 1] = i
    end)
    async.sleep(0)
  end
  return order, function()
    for _, task in ipairs(tasks) do await(task) end
    return order
  end
end

test("those who wait for one future go on in the order in which they began, whether they gather it or not", function()
  for first = 0, 1 do
    local future = async.Future()
    local function gathers() async.gather(future) end
    local function awaits() await(future) end
    local _, ended
    if first == 0 then
      _, ended = order_of(gathers, awaits, gathers)
    else
      _, ended = order_of(awaits, gathers, gathers)
    end
    future:set_result()
    equal(ended(), { 1, 2, 3 })
  end
end)

test("two gathers of the same tasks get the same results", function()
  local tasks = {}
  for i = 1, 20 do tasks[i] = async.spawn(async.sleep, 1, i) end
  local one, other = async.spawn(async.gather, tasks), async.spawn(async.gather, tasks)
  local results = await(one)
  equal(await(other), results)
  equal(results[20], 20)
end)

test("a list in which one future near the end is awaited already is gathered all the same", function()
  local futures = {}
  for i = 1, 20 do futures[i] = async.Future() end
  local awaiting = async.spawn(function() return await(futures[19]) end)
  async.sleep(0)
  local gathered = async.spawn(async.gather, futures)
  async.sleep(0)
  for i = 20, 1, -1 do futures[i]:set_result(i, "dropped") end
  local results = await(gathered)
  for i = 1, 20 do equal(results[i], i) end
  equal(await(awaiting), 19)
end)

test("a future that a gather has left behind can be gathered again", function()
  local future, failing = async.Future(), async.Future()
  local first = async.spawn(async.gather, { future, failing })
  async.sleep(0)
  failing:set_exception("bad")
  equal(select(2, async.catch(await, first)), "bad")
  local second = async.spawn(async.gather, { future })
  async.sleep(0)
  future:set_result("good")
  equal(await(second), { "good", n = 1 })
end)

test("of those that failed before a gather began the first in the list is raised", function()
  local failed = {}
  for i = 1, 20 do
    failed[i] = async.Future()
    if i == 1 or i == 20 then failed[i]:set_result() else failed[i]:set_exception("error " .. i) end
  end
  equal(select(2, async.catch(async.gather, failed)), "error 2")
  for i = 3, 19 do failed[i]:exception() end
end)

test("a cancelled gather leaves its futures cancelled and uncounted", function()
  for _ = 1, 3 do
    local future = async.Future()
    local gathering = async.spawn(async.gather, { future, async.Future() })
    async.sleep(0)
    gathering:cancel()
    async.catch(await, gathering)
    collectgarbage()
    equal(future:cancelled(), true)
  end
end)

test("a result that is a future is a result", function()
  local inner = async.Future()
  local results = async.gather(function() return inner end, function() return 2 end)
  equal(rawequal(results[1], inner), true)
  equal(results[2], 2)
  equal(inner:done(), false)
end)
