-- Storms: random operations on a primitive by several tasks, checked against a model. support "storm" in a test file.
--
-- A scenario is a function(world) that makes the primitive and its model and returns a table of functions:
--
--   step()        one operation of a worker; a cancellation may end it anywhere, and the worker goes on with the next
--   quiet()       checks what must hold while every worker waits for something; called often
--   nudge()       does what sets workers free that wait for each other, in a step of its own
--   finish()      all workers have ended: checks what is left; returns how many operations had what they wanted
--
-- The model learns of things in this order: what a step of a task does, and then, when the step is over, whom it woke
-- (from an instrument). So a step makes one call of the primitive that may succeed at once, and not after one that
-- wakes others: world:pause() parts them.
local chosen = ...

local storm = {}

-- Fairness: a Line numbers the tasks in the order in which they call, and knows in which order they were woken.

local Line = {}
Line.__index = Line

-- How many are in the call now.
function Line:waiting()
  return self.open
end

-- The tickets of the calls that succeeded, in the order in which they were let through.
function Line:order()
  local list = {}
  for _, ticket in pairs(self.served) do list[#list + 1] = ticket end
  table.sort(list, function(a, b) return a.woken < b.woken end)
  return list
end

-- Of the calls that succeeded, nobody was let through before one who had called earlier.
function Line:check_order()
  local last = 0
  for _, ticket in ipairs(self:order()) do
    if ticket.number < last then
      error(("%s: the caller number %d was let through after number %d"):format(self.name, ticket.number, last), 2)
    end
    last = ticket.number
  end
end

local World = {}
World.__index = World

function World:line(name)
  return setmetatable({ name = name, calls = 0, open = 0, served = {} }, Line)
end

local function finish_call(world, line, ticket, task, ok, ...)
  world.tickets[task] = nil
  line.open = line.open - 1
  if ok and ticket.passed then
    if not ticket.woken then
      world.time = world.time + 1
      ticket.woken = world.time
    end
    line.served[#line.served + 1] = ticket
  end
  if not ok then error((...), 0) end
  return ...
end

local function note(ticket, ...)
  ticket.passed = true
  return ...
end

-- world:call(line, ticket, fn, ...): calls fn(...), which may wait, now and then with a timeout. True and its results,
-- or false after the timeout; errors pass. `ticket` is a table that gets the fields number, woken (when it was let
-- through) and waited; its method on_woken is called when the task is woken, whatever for.
function World:call(line, ticket, fn, ...)
  local task = async.current_task()
  line.calls, line.open = line.calls + 1, line.open + 1
  ticket.number = line.calls
  self.tickets[task] = ticket
  local function body(...) return note(ticket, fn(...)) end
  if math.random() < self.timeouts then
    return finish_call(self, line, ticket, task, async.catch(async.move_on_after, math.random(0, 4) * 0.25, body, ...))
  end
  return finish_call(self, line, ticket, task, async.catch(function(...) return true, body(...) end, ...))
end

-- Lets others run, at once or after a time.
function World:pause()
  async.sleep(math.random() < 0.6 and 0 or math.random(1, 4) * 0.25)
end

-- Now and then cancels a worker.
function World:cancel_somebody()
  if math.random() < self.cancels then self.workers[math.random(#self.workers)]:cancel("by the storm") end
end

-- Runs fn(...), whatever comes; a cancellation that ends it is over then.
local function survive(world, task, fn, ...)
  local ok, err = async.catch(fn, ...)
  if not ok and not async.is(err, async.CancelledError) then error(err, 0) end
  while task:cancelling() > 0 do
    world.cancelled = world.cancelled + 1
    task:uncancel()
  end
  return ok
end

local function work(world, scenario, number, operations)
  local task = async.current_task()
  world.workers[#world.workers + 1] = task -- from now on: one that has not begun would never do so
  for _ = 1, operations do
    if world.failed then return end
    survive(world, task, function()
      world:pause()
      world:cancel_somebody()
      scenario.step()
    end)
    world.steps = world.steps + 1
    if operations < 100 then world.history[world.steps] = number end
  end
  world.unfinished = world.unfinished - 1
end

-- Looks in between any two times at which the others do something (multiples of 0.25), and helps at such a time when
-- nothing happens any more.
local function watch(world, scenario)
  local stuck, seen = 0, 0
  while world.unfinished > 0 do
    async.sleep(1 / 64)
    for _, worker in ipairs(world.tasks) do
      if worker:done() then await(worker) end -- raises its error
    end
    scenario.quiet()
    stuck = world.steps == seen and stuck + 1 or 0
    seen = world.steps
    if stuck > 500 then error("nothing happens any more:\n" .. async.format_tasks()) end
    async.sleep(0.25 - 1 / 64)
    if stuck > 5 then scenario.nudge() end
  end
end

local function spawn_workers(world, scenario, options)
  for i = 1, options.workers do
    world.tasks[i] = async.spawn(work, world, scenario, i, options.operations // options.workers)
  end
end

-- run(make, options): {seed=, workers=, operations=, cancels=, timeouts=}: how many workers do how many operations in
-- all; the two last are probabilities. Returns the world: `steps`, `cancelled`.
function storm.run(make, options)
  math.randomseed(options.seed)
  local world = setmetatable({
    tasks = {},
    workers = {}, -- those of them that may be cancelled
    tickets = {},
    time = 0,
    steps = 0,
    history = {}, -- the numbers of the tasks that did an operation, while they are few
    operations = options.operations,
    cancelled = 0,
    unfinished = options.workers,
    cancels = options.cancels or 0.2,
    timeouts = options.timeouts or 0.2,
  }, World)
  local instrument = {
    task_scheduled = function(task)
      local ticket = world.tickets[task]
      if ticket == nil or ticket.woken then return end
      world.time = world.time + 1
      ticket.woken, ticket.waited = world.time, true
      if ticket.on_woken then ticket:on_woken() end
    end,
  }
  local loop = async.get_running_loop()
  loop:add_instrument(instrument)
  local scenario = make(world)
  local ok, err = async.catch(function()
    spawn_workers(world, scenario, options)
    watch(world, scenario)
  end)
  loop:remove_instrument(instrument)
  if not ok then
    world.failed = true
    for _, worker in ipairs(world.tasks) do worker:cancel() end
    async.wait(world.tasks)
    error(err, 0)
  end
  local successes = scenario.finish()
  if options.operations >= 500 then
    check(successes > world.steps / 6 and world.cancelled > world.steps / 50, "too little happened")
  end
  return world
end

-- A failure names what repeats it.
local function repeatable(variable, value, err)
  error(("with %s=%d; to repeat it alone: %s=%d neap_tests \"*%s\"\n%s\n%s")
    :format(variable, value, variable, value, chosen, tostring(err), type(err) == "table" and err.traceback or ""), 0)
end

local function run_with(options, make, variable, value)
  local world
  local ok, err = async.catch(async.run, function() world = storm.run(make, options.storm) end, options.run)
  return ok and world or repeatable(variable, value, err)
end

local function only(variable)
  local value = os.getenv(variable)
  return value and assert(math.tointeger(tonumber(value)), variable .. " must be an integer")
end

local function run_seeded(make, seed)
  return run_with({
    storm = { seed = seed, workers = 6, operations = 60 },
    run = { seed = seed, clock = "virtual" },
  }, make, "NEAP_TEST_SEED", seed)
end

-- orders(make, count): a small storm under so many seeded orders.
function storm.orders(make, count)
  local cancelled = 0
  local one = only "NEAP_TEST_SEED"
  for seed = one or 1, one or count do
    local world = run_seeded(make, seed)
    cancelled = cancelled + world.cancelled
    if seed % 20 == 0 then equal(run_seeded(make, seed).history, world.history, "a seed must repeat its run") end
  end
  check(one or cancelled > count, "too few cancellations: " .. cancelled)
end

local function run_cancelled(make, k, seed)
  return run_with({
    storm = { seed = 7, workers = 6, operations = 60, cancels = 0, timeouts = 0.1 },
    run = { cancel_at = k, seed = seed, clock = "virtual" },
  }, make, "NEAP_TEST_CANCEL_AT", k)
end

-- suspensions(make): a small storm without other cancellations, again and again, with a cancellation injected at the
-- first suspension, at the second, and so on until there is none to inject it at; and each time in another order.
function storm.suspensions(make)
  local one, reached = only "NEAP_TEST_CANCEL_AT", 0
  for k = one or 1, one or 100000 do
    run_cancelled(make, k, k)
    if run_cancelled(make, k, nil).cancelled == 0 then break end
    reached = k
  end
  check(one or reached >= 60, "only so many suspensions: " .. reached)
end

-- tests(name, make, options): the three tests of a scenario. `storms`: so many large storms, each with another seed,
-- share the `operations`.
function storm.tests(name, make, options)
  options = options or {}
  local storms, operations = options.storms or 1, options.operations or 100000
  test(("%s: %d random operations with cancellations and timeouts"):format(name, operations), function()
    local one = only "NEAP_TEST_SEED"
    for seed = one or 1, one or storms do
      local ok, err = async.catch(storm.run, make, {
        seed = seed,
        workers = options.workers or 20,
        operations = operations // storms,
      })
      if not ok then repeatable("NEAP_TEST_SEED", seed, err) end
    end
  end)

  -- async.run belongs to the main task, and sets the clock itself.
  test(name .. ": 200 seeded orders", { clock = "real" }, function() storm.orders(make, 200) end)

  test(name .. ": a cancellation at every suspension", { clock = "real" }, function() storm.suspensions(make) end)
end

return storm
