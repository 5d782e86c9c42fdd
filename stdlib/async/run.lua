-- run and new_event_loop.
local core, use = ...

local create_task = use("task").create_task
local check_options = use("task").check_options
local DeadlockError, RuntimeError = core.errors.DeadlockError, core.errors.RuntimeError
local TypeError = core.errors.TypeError

local main_task -- who runs a loop now
local active = false
local allowed = setmetatable({}, { __mode = "k" }) -- tasks that count as a main task: entries of a prompt

core.hidden_tasks = {}

-- Lets the task do what a script's main task may.
local function allow(task)
  allowed[task] = true
end

-- Only the script's main task may run a loop to its end, and one at a time.
local function enter(what)
  local task = core.current_task()
  if task == nil or not (core.is_main_task(task) or allowed[task]) or active then
    error(RuntimeError(what .. " cannot be called from a running task; await it instead"), 3)
  end
  main_task = task
end

-- Waits until the tasks have ended. A DeadlockError is meant for the oldest that waits, for its cleanup waits for
-- ever; when telling them does not help, it is raised here.
local function wait_for_end(tasks)
  for _ = 1, 1000 do
    local watch <close> = core.watch(tasks)
    local ok, err = core.trap(watch.wait, watch, 3)
    if ok then return end
    local told = false
    if core.is(err, DeadlockError) then
      for _, task in ipairs(tasks) do told = told or core.interrupt(task, err) end
    end
    if not told then error(err, 0) end
  end
  error(DeadlockError("the tasks that were left do not end"))
end

-- Everything that began after the task `first` ends now: cancelled, and waited for; then what was made meanwhile.
local function cancel_since(first)
  while true do
    local left = {}
    for _, task in ipairs(core.all_tasks()) do
      if core.task_id(task) >= first then left[#left + 1] = task end
    end
    if #left == 0 then return end
    core.cancel_all(left)
    wait_for_end(left)
  end
end

local Running = {
  __close = function(running)
    active = false
    core.hidden_tasks[main_task] = nil
    core.pop_root(running.task)
  end,
}

-- Waits for `task` as the root; its results, or its error.
local function run_root(task)
  active = true
  core.hidden_tasks[main_task] = true
  core.push_root(task)
  local running <close> = setmetatable({ task = task }, Running)
  return core.await(task)
end

local Ending = {
  __close = function(ending)
    if ending.first then cancel_since(ending.first) end
    core.report_unretrieved(ending.failures)
  end,
}

local Settings = {
  __close = function(before)
    if before.debug ~= nil then core.loop_methods.set_debug(nil, before.debug) end
    if before.clock then core.set_virtual_clock(false) end
    if before.seed then core.set_seed(nil) end
    if before.cancel_at then core.cancel_at(nil) end
  end,
}

-- Makes the settings of a run; they last until the value is closed.
local function apply(options)
  if options.clock ~= nil and options.clock ~= "virtual" then
    error(core.errors.ValueError(("the option 'clock' of run may be \"virtual\", got %s"):format(tostring(options.clock))), 3)
  end
  for _, name in ipairs { "seed", "cancel_at" } do
    local value = options[name]
    if value ~= nil and (math.type(value) ~= "integer" or (name == "cancel_at" and value < 1)) then
      error(TypeError(("the option '%s' of run must be %s, got %s"):format(name,
        name == "seed" and "an integer" or "a positive integer, the number of a suspension", tostring(value))), 3)
    end
  end
  -- Nothing is changed before every option was looked at.
  local before = { clock = options.clock and core.set_virtual_clock(true) }
  if options.seed ~= nil then
    core.set_seed(options.seed)
    before.seed = true
  end
  if options.cancel_at ~= nil then
    core.cancel_at(options.cancel_at)
    before.cancel_at = true
  end
  if options.debug ~= nil then
    before.debug = core.loop_methods.get_debug()
    core.loop_methods.set_debug(nil, options.debug)
  end
  return setmetatable(before, Settings)
end

local function check_main(x, what)
  local kind = core.kind(x)
  if kind == "function" or kind == "coroutine" or kind == "await" then return end
  error(TypeError(("%s takes a Coroutine or a function, got %s"):format(what, core.type_name(x))), 3)
end

-- run(main, {debug=, clock=, seed=, cancel_at=}): runs main to its end in a new task, cancels what tasks were made
-- meanwhile and waits for them; returns its results or raises its error.
local function run(main, options)
  enter("async.run()")
  check_main(main, "async.run")
  options = check_options(options, { debug = true, clock = true, seed = true, cancel_at = true }, "run")
  local settings <close> = apply(options)
  local ending <close> = setmetatable({ failures = core.failures() }, Ending)
  local task = create_task(main)
  ending.first = core.task_id(task)
  return run_root(task)
end

-- new_event_loop(): for the low-level pattern, loop:run_until_complete(main()). Tasks outlive it until the
-- loop is closed.
local EventLoop = setmetatable({ __name = "EventLoop" }, { __index = core.loop_methods })
EventLoop.__index = EventLoop
EventLoop.__newindex = use("loop").set_field

function EventLoop:run_until_complete(x)
  if self.closed then error(RuntimeError("the event loop is closed; make another with async.new_event_loop()"), 2) end
  enter("run_until_complete()")
  local task = x
  if core.kind(x) ~= "future" then
    check_main(x, "run_until_complete")
    task = create_task(x)
  end
  if core.is_task(task) then return run_root(task) end
  return run_root(create_task(function() return core.await(task) end))
end

function EventLoop:close()
  if self.closed then return end
  if active then error(RuntimeError("cannot close an event loop that runs; close it after run_until_complete"), 2) end
  self.closed = true
  cancel_since(self.first)
end

EventLoop.__close = EventLoop.close

function EventLoop:is_closed()
  return self.closed
end

use("checked").checked(EventLoop, EventLoop)

local function new_event_loop()
  local mark = 0
  for _, task in ipairs(core.all_tasks()) do mark = math.max(mark, core.task_id(task)) end
  return setmetatable({ closed = false, first = mark + 1 }, EventLoop)
end

return { hidden_tasks = core.hidden_tasks, allow = allow, run = run, new_event_loop = new_event_loop, cancel_since = cancel_since }
