-- Tasks that wait for each other in a circle: cancelling one of them ends them all.

local WAITS = {
  await = await,
  gather = async.gather,
  race = async.race,
  any = async.any,
  wait_for = function(task) async.wait_for(task, 100) end,
  timeout = function(task) async.timeout(100, async.gather, task) end,
  map = function(task) async.map({ task }, await) end,
  merge = function(task)
    local one = async.generator(function() await(task) end)
    for _ in async.merge(one()) do error("not reached") end
  end,
  group = function(task)
    local tg <close> = async.TaskGroup()
    tg:spawn(await, task)
  end,
  group_of_gather = function(task)
    local tg <close> = async.TaskGroup()
    tg:spawn(async.gather, task)
    await(task)
  end,
}

local NAMES = {}
for name in pairs(WAITS) do NAMES[#NAMES + 1] = name end
table.sort(NAMES)

-- As many tasks as names, each of which waits for the next one in the way of that name.
local function circle(names)
  local tasks = {}
  for i, name in ipairs(names) do
    tasks[i] = async.spawn(function() WAITS[name](tasks[i % #names + 1]) end)
  end
  async.sleep(1)
  return tasks
end

-- All of them have ended, and nothing of theirs is left.
local function ended(tasks, what)
  local _, pending = async.wait(tasks, { timeout = 10 })
  equal(#pending, 0, what)
  for _, task in ipairs(tasks) do check(task:cancelled(), what .. ": " .. tostring(task)) end
  equal(#async.all_tasks(), 1, what)
end

local function try(names, ...)
  local tasks = circle(names)
  for _, number in ipairs { ... } do tasks[number]:cancel() end
  ended(tasks, table.concat(names, " ") .. " cancelled at " .. table.concat({ ... }, ", "))
end

test("a task that waits for itself by several ends when it is cancelled", function()
  for _, name in ipairs { "gather", "race", "any", "timeout", "map", "merge", "group" } do
    try({ name }, 1)
  end
end)

test("a circle of two, by any two ways, ends when one or both are cancelled", function()
  for _, first in ipairs(NAMES) do
    for _, second in ipairs(NAMES) do
      try({ first, second }, 1)
      try({ first, second }, 2)
      try({ first, second }, 2, 1)
      try({ first, second }, 1, 1)
    end
  end
end)

test("a circle of three, by any three ways, ends when one is cancelled, or all", function()
  for i, first in ipairs(NAMES) do
    for _, second in ipairs(NAMES) do
      for k, third in ipairs(NAMES) do
        try({ first, second, third }, (i + k) % 3 + 1)
        try({ first, second, third }, 3, 2, 1)
      end
    end
  end
end)

test("two requests on their way round a circle do not follow each other for ever", function()
  for count = 2, 7 do
    local names = {}
    for i = 1, count do names[i] = "gather" end
    for i = 1, count do
      for k = 1, count do try(names, i, k) end
    end
  end
end)

test("a deadline in a circle ends it, and is a TimeoutError there", function()
  local first, second
  first = async.spawn(function() async.timeout(5, async.gather, second) end)
  second = async.spawn(function() async.race(first) end)
  async.wait({ first, second }, { timeout = 10 })
  check(async.is(first:exception(), async.TimeoutError))
  equal(first:cancelling(), 0)
  check(second:cancelled())
end)

test("a task that waits for one of a circle and for others ends after the others", function()
  local others_ended = false
  local first, second, other
  other = async.spawn(function()
    async.catch(async.sleep, math.huge)
    async.sleep(3)
    others_ended = true
  end)
  first = async.spawn(function() async.gather(second, other) end)
  second = async.spawn(function() async.gather(first) end)
  async.sleep(1)
  second:cancel()
  check(not async.catch(await, first))
  check(others_ended)
  async.wait { second }
end)

test("who is cancelled by two in no circle is waited for by both", function()
  -- top waits for left and right; left at once, right by one more task, for `shared`.
  local inner = async.spawn(function()
    async.catch(async.sleep, math.huge)
    async.sleep(3)
  end)
  local shared = async.spawn(function() async.gather(inner) end)
  local left = async.spawn(function() async.gather(shared) end)
  local between = async.spawn(function() async.gather(shared) end)
  local right = async.spawn(function() async.gather(between) end)
  local top = async.spawn(function() async.gather(left, right) end)
  async.sleep(1)
  top:cancel()
  check(not async.catch(await, between))
  check(shared:done() and inner:done())
  async.wait { left, right, top }
end)

test("a child that awaits the group's task ends when a sibling fails", function()
  for _, wait in ipairs { await, async.gather } do
    local parent
    parent = async.spawn(function()
      local tg <close> = async.TaskGroup()
      tg:spawn(function() wait(parent) end)
      tg:spawn(function()
        async.sleep(1)
        error("failed", 0)
      end)
    end)
    async.wait({ parent }, { timeout = 10 })
    equal(parent:exception().exceptions, { "failed" })
    equal(parent:cancelling(), 0)
  end
end)

test("tg:cancel() ends a child that awaits the group's task, and not that task", function()
  for _, wait in ipairs { await, async.gather } do
    local parent
    parent = async.spawn(function()
      async.with(async.TaskGroup(), function(tg)
        tg:spawn(function() wait(parent) end)
        async.sleep(1)
        tg:cancel()
      end)
      return "went on"
    end)
    equal(await(parent), "went on")
  end
end)

test("a race that was won keeps its result when one of the others waits for it", function()
  local winner, second
  winner = async.spawn(function()
    return async.race(function() return async.sleep(1, "won") end, second)
  end)
  second = async.spawn(function() async.gather(winner) end)
  equal(await(winner), "won")
  check(second:cancelled())
end)

test("a chain of 100,000 gathers, cancelled twice, takes linear time", function()
  local steps = 0
  local count = 100000
  local last = async.spawn(function()
    async.catch(async.sleep, math.huge)
    async.sleep(5)
  end)
  local task = last
  for _ = 1, count do
    local next_one = task
    task = async.spawn(function() async.gather(next_one) end)
  end
  async.sleep(1)
  local counter = { before_step = function() steps = steps + 1 end }
  async.get_running_loop():add_instrument(counter)
  task:cancel()
  async.sleep(1)
  task:cancel()
  check(not async.catch(await, task))
  async.get_running_loop():remove_instrument(counter)
  check(last:cancelled())
  check(steps < 4 * count, steps)
end)

-- Random graphs: tasks that wait for random ones of each other. Nothing in them swallows a request.

local function some(tasks)
  local list = {}
  for i = 1, math.random(3) do list[i] = tasks[math.random(#tasks)] end
  return list
end

local SEVERAL = { async.gather, async.race, async.any, async.wait }
local ONE = { await, async.shield, WAITS.wait_for, WAITS.timeout, WAITS.map, WAITS.merge }

-- A function that waits for some of the tasks, known when it is called.
local function random_wait(tasks, depth)
  local kind = math.random(depth < 3 and 4 or 2)
  if kind == 1 then
    local wait = SEVERAL[math.random(#SEVERAL)]
    return function() wait(some(tasks)) end
  elseif kind == 2 then
    local wait = ONE[math.random(#ONE)]
    return function() wait(tasks[math.random(#tasks)]) end
  end
  local children, body = {}, random_wait(tasks, depth + 1)
  for i = 1, math.random(3) do children[i] = random_wait(tasks, depth + 1) end
  return function()
    local tg <close> = async.TaskGroup()
    for _, child in ipairs(children) do tg:spawn(child) end
    if kind == 4 then body() end
  end
end

-- Cancels some, all of which must end, and then the others.
local function random_graph()
  local tasks, asked = {}, {}
  for i = 1, math.random(9) do
    local wait, slow = random_wait(tasks, 0), math.random(3) == 1
    tasks[i] = async.spawn(function()
      local cleanup <close> = setmetatable({}, { __close = function()
        if slow and async.current_task():cancelling() > 0 then async.sleep(1) end
      end })
      wait()
    end)
  end
  async.sleep(math.random(0, 2))
  for i = 1, math.random(3) do
    asked[i] = tasks[math.random(#tasks)]
    asked[i]:cancel()
    if math.random(2) == 1 then async.sleep(math.random(0, 2)) end
  end
  local _, pending = async.wait(asked, { timeout = 20 })
  equal(#pending, 0)
  for _, task in ipairs(tasks) do task:cancel() end
  _, pending = async.wait(tasks, { timeout = 20 })
  equal(#pending, 0)
  equal(#async.all_tasks(), 1)
end

test("in a random graph of waits all that are cancelled end", function()
  async.get_running_loop():set_exception_handler(function() end)
  for seed = 1, 300 do
    math.randomseed(seed)
    local ok, problem = pcall(random_graph)
    check(ok, ("seed %d: %s"):format(seed, problem))
  end
end)
