-- Seeded order and injected cancellation: the options `seed` and `cancel_at` of async.run.

local function run(options, main)
  local result
  local ran = async.run(function()
    result = main()
    return true
  end, options)
  check(ran)
  return result
end

-- The order in which `count` tasks run after a sleep.
local function order(seed, count)
  return run({ seed = seed }, function()
    local list, tasks = {}, {}
    for i = 1, count do
      tasks[i] = async.spawn(function()
        async.sleep(0)
        list[#list + 1] = i
      end)
    end
    async.wait(tasks)
    return list
  end)
end

local function in_order(count)
  local list = {}
  for i = 1, count do list[i] = i end
  return list
end

local main = { clock = "real" } -- async.run belongs to the main task, which the test is

test("the same seed gives the same order, and another seed another", main, function()
  local first = order(1, 20)
  equal(order(1, 20), first)
  local others = 0
  for seed = 2, 10 do
    if table.concat(order(seed, 20), " ") ~= table.concat(first, " ") then others = others + 1 end
  end
  check(others >= 8)
end)

test("every order of three tasks comes up", main, function()
  local seen, count = {}, 0
  for seed = 1, 100 do
    local key = table.concat(order(seed, 3), " ")
    if not seen[key] then seen[key], count = true, count + 1 end
  end
  equal(count, 6)
end)

test("each task runs once, however many are ready", main, function()
  local list = order(7, 1000)
  table.sort(list)
  equal(list, in_order(1000))
end)

test("the seed ends with its run", main, function()
  order(1, 5)
  equal(order(nil, 20), in_order(20))
end)

test("callbacks keep their order under a seed", main, function()
  for seed = 1, 20 do
    local list = run({ seed = seed }, function()
      local seen = {}
      for i = 1, 10 do
        async.get_running_loop():call_soon(function() seen[#seen + 1] = i end)
        async.spawn(async.sleep, 0)
      end
      while #seen < 10 do async.sleep(0) end
      return seen
    end)
    equal(list, in_order(10))
  end
end)

test("a result that is there before the timeout wins under every seed", main, function()
  for seed = 1, 50 do
    local ok = run({ seed = seed, clock = "virtual" }, function()
      local future = async.Future()
      async.get_running_loop():call_later(1, function() future:set_result("there") end)
      for _ = 1, 5 do async.spawn(async.sleep, 1) end
      return async.move_on_after(1.000001, await, future)
    end)
    check(ok, "seed " .. seed)
  end
end)

test("cancel_at answers the k-th suspension of a task by a cancel request", main, function()
  local outcomes = {}
  for k = 1, 4 do
    outcomes[k] = run({ cancel_at = k, clock = "virtual" }, function()
      local reached = 0
      local task = async.spawn(function()
        for i = 1, 3 do
          async.sleep(i)
          reached = i
        end
      end)
      async.wait { task }
      return { reached, task:cancelled() }
    end)
  end
  equal(outcomes, { { 0, true }, { 1, true }, { 2, true }, { 3, false } })
end)

test("the root of the run is never the one that is cancelled, and sleep(0) counts", main, function()
  equal(run({ cancel_at = 2 }, function()
    async.sleep(0)
    async.sleep(0)
    local task = async.spawn(function()
      async.sleep(0)
      async.sleep(0)
    end)
    async.wait { task }
    return task:cancelled()
  end), true)
end)

test("an eager task's first suspension counts", main, function()
  equal(run({ cancel_at = 1 }, function()
    local task = async.create_task(function() async.sleep(1) end, { eager = true })
    async.wait { task }
    return task:cancelled()
  end), true)
end)

test("the message of the cancellation says where it was injected", main, function()
  local message = run({ cancel_at = 1 }, function()
    local task = async.spawn(async.sleep, 1)
    local _, err = async.catch(await, task)
    return err.message
  end)
  equal(message, "injected at suspension 1")
end)

test("wrong seeds and numbers are TypeErrors", main, function()
  for _, options in ipairs { { seed = "x" }, { seed = 1.5 }, { cancel_at = 0 }, { cancel_at = -1 }, { cancel_at = true } } do
    misuse(async.TypeError, async.run, print, options)
  end
end)

-- Which steps of 100 tasks run before a timer that is due at once fires.
local function steps_before_timer(work)
  async.sleep(1) -- a turn begins
  local steps, fired = 0, nil
  async.get_running_loop():call_later(0, function() fired = steps end)
  local tasks = {}
  for i = 1, 100 do
    tasks[i] = async.spawn(function()
      for _ = 1, 5 do
        work()
        steps = steps + 1
        async.sleep(0)
      end
    end)
  end
  async.wait(tasks)
  return fired
end

test("on the virtual clock the speed of the machine does not decide when a timer fires", function()
  local quick = steps_before_timer(function() end)
  check(quick > 100 and quick < 500)
  equal(steps_before_timer(function()
    local stop = os.clock() + 0.0002
    while os.clock() < stop do end
  end), quick)
end)
