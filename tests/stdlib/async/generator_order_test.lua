-- Generators, map, merge, race and ExitStack under every order of tasks, and cancelled at every wait: what was opened
-- is closed, once, before the call that used it is over.
local main = { clock = "real" } -- async.run belongs to the main task, which the test is

local opened, closed

-- Yields 1 to n, waiting before each and in its cleanup.
local numbers = async.generator(function(n)
  opened = opened + 1
  local closing <close> = setmetatable({}, { __close = function()
    local again <close> = setmetatable({}, { __close = function() closed = closed + 1 end })
    async.sleep(0.5)
  end })
  for i = 1, n do
    async.sleep(1)
    coroutine.yield(i)
  end
end)

local managed = async.contextmanager(function()
  opened = opened + 1
  local closing <close> = setmetatable({}, { __close = function() closed = closed + 1 end })
  async.sleep(1)
  coroutine.yield()
  async.sleep(1)
end)

local scenarios = {}

function scenarios.loop()
  local sum = 0
  for x in numbers(4) do
    async.sleep(1)
    sum = sum + x
    if x == 3 then break end
  end
  return sum
end

function scenarios.merge()
  local count = 0
  for _ in async.merge(numbers(3), numbers(4), async.iter(numbers(2)):map(tostring)) do
    async.sleep(0.25)
    count = count + 1
  end
  return count
end

function scenarios.left_merge()
  for _ in async.merge(numbers(9), numbers(9)) do break end
  return "left"
end

function scenarios.map()
  local results = async.map(numbers(6), function(x) return async.sleep(1.5, x) end, { limit = 2 })
  return table.concat(results, " ")
end

function scenarios.failing_map()
  local ok, err = pcall(async.map, numbers(9), function(x)
    async.sleep(0.75)
    if x == 4 then error("fourth", 0) end
  end, { limit = 3 })
  return tostring(ok) .. tostring(err)
end

function scenarios.race()
  return async.race {
    function()
      for x in numbers(9) do
        if x == 2 then return "second" end
      end
    end,
    function()
      for _ in numbers(9) do async.sleep(5) end
    end,
  }
end

function scenarios.stack()
  async.with(async.ExitStack(), function(stack)
    for _ = 1, 3 do stack:enter(managed()) end
    async.sleep(1)
  end)
  return "left"
end

function scenarios.abandoned()
  numbers(3):next()
  numbers(3):next()
  return "left"
end

local expected = {
  loop = 6,
  merge = 9,
  left_merge = "left",
  map = "1 2 3 4 5 6",
  failing_map = "falsefourth",
  race = "second",
  stack = "left",
  abandoned = "left",
}

-- Runs the scenario in a task; its result, or "cancelled". Everything is closed when the task is done.
local function run(scenario, options)
  opened, closed = 0, 0
  return async.run(function()
    local task = async.spawn(scenario)
    async.wait { task }
    equal({ closed, #async.all_tasks() }, { opened, 1 })
    if task:cancelled() then return "cancelled" end
    return task:result()
  end, options)
end

for name, scenario in pairs(scenarios) do
  test(name .. ": in 50 orders the result is the same, and everything is closed", main, function()
    for seed = 1, 50 do equal(run(scenario, { seed = seed, clock = "virtual" }), expected[name], "seed " .. seed) end
  end)

  test(name .. ": cancelled at any wait, everything is closed", main, function()
    local cancelled = 0
    for k = 1, 60 do
      local ok, result = async.catch(run, scenario, { cancel_at = k, clock = "virtual" })
      if not ok then error(("cancelled at %d: %s"):format(k, tostring(result)), 0) end
      if result ~= expected[name] then cancelled = cancelled + 1 end
    end
    check(cancelled > 1, cancelled)
  end)
end
