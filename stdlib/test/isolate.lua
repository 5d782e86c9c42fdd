-- isolate(fn, options): runs fn as a test is run, and tells everything that came of it. Whatever it has left behind
-- has ended when isolate returns, so that the next run begins as if it were the first.
--
-- Runs may be nested (explore): the innermost is the one that a deadlock, Ctrl-C and the time limit are about.
local core, use = ...

local native = use("async/native")
local create_task = use("async/task").create_task
local cancel_since = use("async/run").cancel_since

local GRACE = 1       -- seconds that a cancelled test has for its cleanup, before it is cancelled again
local MOST_CANCELS = 3
local TURNS = 4       -- turns of the loop in which what is about to end may do so

local runs = {}       -- those under way, outermost first
local give_up         -- called with the run when it does not end

-- The tasks that began with the run and go on, but its own.
local function left_tasks(run)
  local left = {}
  for _, task in ipairs(native.all_tasks()) do
    if native.task_id(task) >= run.first and task ~= run.task then left[#left + 1] = task end
  end
  return left
end

-- Time limit ----------------------------------------------------------------------------------------------------

local function describe_tasks(run)
  local list = {}
  for i, task in ipairs(left_tasks(run)) do list[i] = tostring(task) end
  return list
end

local function watch_time(seconds, fn)
  core.arm(seconds, runs[1].name, fn)
end

-- Called from the loop when the limit of the outermost run is over.
local function expire()
  local outer, inner = runs[1], runs[#runs]
  if outer == nil then return end
  if outer.expired == nil then
    outer.expired = { stuck = core.stuck(), stack = inner.task:get_stack(), tasks = describe_tasks(outer) }
    outer.cancels = 0
  end
  outer.cancels = outer.cancels + 1
  if outer.cancels > MOST_CANCELS then return give_up(outer) end
  watch_time(GRACE, expire)
  inner.task:cancel()
  if outer.ending then native.cancel_all(left_tasks(outer)) end
end

-- What is left behind -------------------------------------------------------------------------------------------

-- Those that are about to end, because they were cancelled or have nothing more to wait for, are no leak.
local function lasting_tasks(run)
  local left = left_tasks(run)
  for _ = 1, TURNS do
    if #left == 0 then break end
    native.sleep(0)
    left = left_tasks(run)
  end
  return left
end

local function timers()
  local known = {}
  for _, timer in ipairs(core.pending_timers()) do known[timer[1]] = timer end
  return known
end

-- A handle's description may change while it is open, the place where it was opened does not.
local function handle_key(handle) return handle.kind .. "@" .. (handle.place or "?") end

-- How many handles of each key are open.
local function handles()
  local counts = {}
  for _, handle in ipairs(native.open_handles()) do
    local key = handle_key(handle)
    counts[key] = (counts[key] or 0) + 1
  end
  return counts
end

-- The handles that are open beside those counted before: of each key the ones opened last.
local function new_handles(before)
  local seen, new = {}, {}
  for _, handle in ipairs(native.open_handles()) do
    local key = handle_key(handle)
    seen[key] = (seen[key] or 0) + 1
    if seen[key] > (before[key] or 0) then new[#new + 1] = handle end
  end
  return new
end

local function describe_function(fn)
  if type(fn) ~= "function" then return tostring(fn) end
  local info = debug.getinfo(fn, "S")
  return info.what == "C" and "a C function" or ("the function at %s:%d"):format(info.short_src, info.linedefined)
end

-- A list of texts.
local function find_leaks(run)
  local leaks = {}
  for _, task in ipairs(lasting_tasks(run)) do
    leaks[#leaks + 1] = ("task %s, made at %s"):format(tostring(task), core.place(task) or "?")
  end
  for handle, timer in pairs(timers()) do
    if not run.timers[handle] then
      leaks[#leaks + 1] = ("call_later callback, %s%s, due in %.3g s"):format(describe_function(timer[2]),
        timer[4] and ", set at " .. timer[4] or "", timer[3])
    end
  end
  for _, handle in ipairs(new_handles(run.handles)) do
    leaks[#leaks + 1] = ("open %s, opened at %s"):format(handle.description, handle.place or "?")
  end
  table.sort(leaks)
  return leaks
end

local function cancel_timers(run)
  for handle in pairs(timers()) do
    if not run.timers[handle] then handle:cancel() end
  end
end

-- Running -------------------------------------------------------------------------------------------------------

-- Waits for the task; cancelled meanwhile, it passes the cancellation on and waits on.
local function wait_for(run)
  while not run.task:done() do
    local watch <close> = native.watch({ run.task })
    local ok = native.catch(watch.wait, watch, 3)
    if not ok and not run.task:done() then
      run.interrupted = true
      run.task:cancel()
    end
  end
end

-- The exception handler of the innermost run; a test may set another, which then has the errors.
local function install_handler()
  local run = runs[#runs]
  native.set_exception_handler(run and function(context) run.reports[#run.reports + 1] = context end or nil)
end

local function apply_settings(run, options)
  run.was_virtual, run.was_debug = core.is_virtual(), native.loop_methods.get_debug()
  if options.clock and not run.was_virtual then native.set_virtual_clock(true) end
  native.set_seed(options.seed)
  native.cancel_at(options.cancel_at)
  if options.seed then math.randomseed(options.seed) end
end

local function restore_settings(run)
  run.suspensions = native.suspensions()
  native.set_seed(nil)
  native.cancel_at(nil)
end

-- The last thing that a run does, with its task done: nothing of it goes on.
local function clean_up(run, keep)
  run.ending = true
  if not keep then
    local ok, err = native.catch(cancel_since, run.first)
    if not ok then
      run.reports[#run.reports + 1] = { message = "While the tasks that it left were cancelled", exception = err }
    end
    cancel_timers(run)
  end
  native.report_unretrieved(run.failures)
  native.loop_methods.set_debug(nil, run.was_debug)
  if not run.was_virtual and core.is_virtual() then native.set_virtual_clock(false) end
end

-- What runs in the task.
local function body(run, fn)
  local ok, err = native.trap(fn)
  if ok then return end
  run.error = { value = err, trace = core.trail(err) }
  native.caught()
end

-- How the task has ended: what it closes at its end may fail too.
local function look_at_end(run)
  run.cancelled = run.task:cancelled()
  local err = not run.cancelled and run.task:exception()
  if err and not run.error then run.error = { value = err } end
end

-- Before anything that was left is ended.
local function look_for_leaks(run)
  if not run.check_leaks or run.expired then return end
  local ok, result = native.catch(find_leaks, run)
  if ok then run.leaks = result end -- else Ctrl-C
end

local function begin(fn, options)
  local since = options.since or {}
  local run = {
    name = options.name,
    event = options.event,
    check_leaks = options.leaks ~= false,
    leaks = {},
    reports = {},
    timers = since.timers or timers(),
    handles = since.handles or handles(),
    failures = native.failures(),
  }
  runs[#runs + 1] = run
  install_handler()
  apply_settings(run, options)
  run.task = create_task(function() body(run, fn) end)
  run.task:set_name(options.task_name or "test")
  run.first = since.first or native.task_id(run.task)
  return run
end

local Ending = {
  __close = function(run)
    runs[#runs] = nil
    install_handler()
    native.hidden_tasks[run.waiter] = run.was_hidden
  end,
}

-- isolate(fn, options): the run that came of it. Options:
--   name, task_name   for messages
--   event             what to tell the session when the run does not end at all
--   timeout           seconds of real time; of the outermost run alone
--   clock, seed, cancel_at
--   leaks = false     nothing is said of what it left
--   keep              that goes on
--   since             a run that was kept: this one is about what that one left, too
-- The run:
--   error        {value=, trace=} when fn raised it
--   cancelled    its task was cancelled, and fn returned nevertheless or did not begin
--   expired      {stuck=, stack=, tasks=} when its time was over
--   interrupted  Ctrl-C
--   leaks        a list of texts
--   reports      contexts of errors that nobody received
--   suspensions  how many there were of tasks but the first, when a seed or cancel_at was given
--   seconds      of real time
local function isolate(fn, options)
  local start = core.now()
  local waiter = native.current_task()
  local run <close> = setmetatable(begin(fn, options), Ending)
  run.waiter, run.was_hidden = waiter, native.hidden_tasks[waiter]
  native.hidden_tasks[waiter] = true
  if #runs == 1 and options.timeout and options.timeout > 0 then watch_time(options.timeout, expire) end
  native.push_root(run.task)
  wait_for(run)
  native.pop_root(run.task)
  restore_settings(run)
  look_at_end(run)
  look_for_leaks(run)
  clean_up(run, options.keep)
  if #runs == 1 then
    local stuck = core.stuck()
    if stuck and not run.expired then run.expired = { stuck = stuck, tasks = {} } end
    core.disarm()
  end
  run.interrupted = run.interrupted or core.interrupted()
  run.seconds = core.now() - start
  return run
end

return {
  isolate = isolate,
  on_give_up = function(fn) give_up = fn end,
  outermost = function() return runs[1] end,
}
