-- loop:add_instrument and remove_instrument: functions that are told what the scheduler does.
local loop = async.get_running_loop()

-- with(instrument, fn): fn() with the instrument installed.
local function with(instrument, fn)
  loop:add_instrument(instrument)
  fn()
  loop:remove_instrument(instrument)
end

-- An instrument that writes every event to the list it returns: "before_step a".
local function recorder(...)
  local list, instrument = {}, {}
  for _, event in ipairs { ... } do
    instrument[event] = function(x)
      local name = x.get_name and x:get_name() or x.cancelled and "callback" or ""
      list[#list + 1] = (event .. " " .. name):gsub(" $", "")
    end
  end
  return instrument, list
end

local function named(name, fn, ...)
  local args = table.pack(...)
  return async.create_task(function() return fn(table.unpack(args, 1, args.n)) end, { name = name })
end

test("the life of a task is told in order", function()
  local instrument, list = recorder("task_created", "task_scheduled", "before_step", "after_step", "task_done")
  local me = async.current_task():get_name()
  with(instrument, function() await(named("a", async.sleep, 1)) end)
  equal(list, {
    "task_created a", "task_scheduled a", -- what happens in a step is told when it is over
    "before_step a", "after_step a",
    "task_scheduled a",
    "before_step a", "after_step a", "task_done a", "task_scheduled " .. me,
    "before_step " .. me,
  })
end)

test("callbacks are steps too, and are told with their Handle", function()
  local instrument, list = recorder("before_step", "after_step")
  with(instrument, function()
    loop:call_soon(function() end)
    async.sleep(0)
  end)
  local me = async.current_task():get_name()
  equal(list, { "before_step callback", "after_step callback", "before_step " .. me })
end)

test("a task is told by the object that the script knows", function()
  local seen = {}
  local task
  with({ task_created = function(t) seen[1] = t end, task_done = function(t) seen[2] = t end }, function()
    task = async.spawn(function() return 7 end)
    await(task)
  end)
  check(rawequal(seen[1], task) and rawequal(seen[2], task))
end)

test("before_poll and after_poll get the numbers of what is ready, of timers, and of tasks", function()
  local before, after
  local sleepers = { async.spawn(async.sleep, 2), async.spawn(async.sleep, 3) }
  async.sleep(0)
  with({ before_poll = function(info) before = info end, after_poll = function(info) after = info end }, function()
    async.sleep(1)
  end)
  equal(before, { ready = 0, scheduled = 3, tasks = 3 })
  equal(after, { ready = 1, scheduled = 2, tasks = 3 })
  async.wait(sleepers)
end)

test("several instruments are told in the order in which they were added", function()
  local list = {}
  local first = { before_step = function() list[#list + 1] = 1 end }
  local second = { before_step = function() list[#list + 1] = 2 end }
  with(first, function()
    with(second, function() async.sleep(0) end)
    async.sleep(0)
  end)
  equal(list, { 1, 2, 1 })
end)

test("an instrument that was removed is not told any more", function()
  local steps = 0
  local instrument = { before_step = function() steps = steps + 1 end }
  with(instrument, function() async.sleep(0) end)
  equal(steps, 1)
  async.sleep(0)
  equal(steps, 1)
  with(instrument, function() async.sleep(0) end)
  equal(steps, 2)
end)

test("an instrument may remove itself", function()
  local steps = 0
  local instrument = {}
  function instrument.before_step()
    steps = steps + 1
    loop:remove_instrument(instrument)
  end
  loop:add_instrument(instrument)
  async.sleep(0)
  async.sleep(0)
  equal(steps, 1)
end)

test("an instrument may remove another, which is not told of the event any more", function()
  local told = false
  local second = { before_step = function() told = true end }
  local first = {}
  function first.before_step()
    loop:remove_instrument(second)
    loop:remove_instrument(first)
  end
  loop:add_instrument(first)
  loop:add_instrument(second)
  async.sleep(0)
  check(not told)
end)

test("an instrument may add another, which is told of the next event", function()
  local list = {}
  local second = { before_step = function() list[#list + 1] = "second" end }
  local first = {}
  function first.before_step()
    list[#list + 1] = "first"
    loop:remove_instrument(first)
    loop:add_instrument(second)
  end
  loop:add_instrument(first)
  async.sleep(0)
  equal(list, { "first" })
  async.sleep(0)
  equal(list, { "first", "second" })
  loop:remove_instrument(second)
end)

test("an error in an instrument is reported, that instrument is removed, and the others go on", function()
  local list, steps = reports(), 0
  local failing = { before_step = function() error("boom") end, after_step = function() steps = steps + 100 end }
  local other = { before_step = function() steps = steps + 1 end }
  loop:add_instrument(failing)
  with(other, function()
    async.sleep(0)
    async.sleep(0)
  end)
  equal(steps, 2)
  equal(#list, 1)
  equal(list[1].message, "Exception in the instrument's before_step; the instrument has been removed")
  check(list[1].exception:find("instrument_test.lua:%d+: boom$"), list[1].exception)
  raises(async.ValueError, loop.remove_instrument, loop, failing)
end)

test("an instrument cannot wait", function()
  local list = reports()
  loop:add_instrument { before_step = function() async.sleep(0) end }
  async.sleep(0)
  equal(#list, 1)
  check(list[1].exception:is(async.RuntimeError))
  check(list[1].exception.message:find("cannot wait; spawn a task", 1, true), list[1].exception.message)
end)

test("in an instrument there is no current task, and it may start one", function()
  local current, spawned = "unset", nil
  local instrument = {}
  function instrument.before_step()
    current = async.current_task()
    loop:remove_instrument(instrument)
    spawned = async.spawn(async.sleep, 1)
  end
  loop:add_instrument(instrument)
  async.sleep(0)
  equal(current, nil)
  await(spawned)
end)

test("a callback that is cancelled before its step does not run", function()
  local ran = {}
  for _, debug_mode in ipairs { false, true } do
    loop:set_debug(debug_mode)
    local instrument = { before_step = function(step) if step.cancelled and not step.get_name then step:cancel() end end }
    with(instrument, function()
      loop:call_soon(function() ran[#ran + 1] = "cancelled" end)
      async.sleep(0)
    end)
    for i = 1, 3 do loop:call_soon(function() ran[#ran + 1] = i end) end
    async.sleep(0)
  end
  loop:set_debug(false)
  equal(ran, { 1, 2, 3, 1, 2, 3 })
end)

test("a task that is cancelled before its first step does not run", function()
  local ran, task = false, nil
  with({ before_step = function(step) if step == task then step:cancel() end end }, function()
    task = async.spawn(function() ran = true end)
    async.wait { task }
  end)
  check(task:cancelled() and not ran)
end)

test("a task cancelled before a later step ends at its next wait, and what it was given stays given", function()
  local got, task
  local queue = async.Queue()
  task = async.spawn(function()
    got = queue:get()
    async.sleep(1)
  end)
  async.sleep(0)
  with({ before_step = function(step) if step == task then step:cancel() end end }, function()
    queue:put("item")
    async.wait { task }
  end)
  check(task:cancelled())
  check(got == "item" or queue:get_nowait() == "item")
end)

test("an eager task is created, scheduled and done within its maker's step", function()
  local instrument, list = recorder("task_created", "task_done", "before_step")
  with(instrument, function()
    async.create_task(function() end, { name = "eager", eager = true })
    async.sleep(0)
  end)
  equal(list, { "task_created eager", "task_done eager", "before_step " .. async.current_task():get_name() })
end)

test("100,000 tasks are each told once", function()
  local created, done = 0, 0
  with({ task_created = function() created = created + 1 end, task_done = function() done = done + 1 end }, function()
    local tasks = {}
    for i = 1, 100000 do tasks[i] = async.spawn(async.sleep, 0) end
    async.gather(tasks)
  end)
  equal({ created, done }, { 100000, 100000 })
end)

test("changing the table after adding changes nothing", function()
  local steps = 0
  local instrument = { before_step = function() steps = steps + 1 end }
  loop:add_instrument(instrument)
  instrument.before_step = error
  async.sleep(0)
  loop:remove_instrument(instrument)
  equal(steps, 1)
end)

test("wrong instruments are refused", function()
  local instrument = { before_step = print }
  misuse(async.TypeError, loop.add_instrument, loop, nil)
  misuse(async.TypeError, loop.add_instrument, loop, {})
  misuse(async.TypeError, loop.add_instrument, loop, print)
  misuse(async.TypeError, loop.add_instrument, loop, { before_stop = print })
  misuse(async.TypeError, loop.add_instrument, loop, { before_step = 1 })
  misuse(async.ValueError, loop.remove_instrument, loop, instrument)
  misuse(async.ValueError, loop.remove_instrument, loop, nil)
  loop:add_instrument(instrument)
  misuse(async.ValueError, loop.add_instrument, loop, instrument)
  loop:remove_instrument(instrument)
end)

test("a removed instrument keeps no task alive that it would have been told of", function()
  local loop, alive = async.get_running_loop(), setmetatable({}, { __mode = "k" })
  local instrument = { task_created = function() end, task_done = function() end }
  loop:add_instrument(instrument)
  alive[async.spawn(function() end)] = true
  loop:remove_instrument(instrument)
  async.sleep(0)
  async.sleep(0)
  collectgarbage()
  collectgarbage()
  equal(next(alive), nil)
end)
