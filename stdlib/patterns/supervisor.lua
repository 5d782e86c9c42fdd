-- supervisor: tasks that are started again when they end, by Erlang's strategies.
--
-- The children are tasks of their own. A manager, the only task of a TaskGroup, learns how they
-- end, from a queue, and decides; so whatever ends the group ends the manager, which ends the
-- children, in reverse order, and its error is the group's. A child:
--
--   running ──ends by itself──> ended ──> waiting ──> running       (it is to be started again)
--      │                          └─────> finished                  (it is not)
--      └──told to end──> stopping ──> stopped, waiting
--
-- `child.exit` is what the manager has still to deal with, in `ended` only.
local _, use = ...

local native = use("async/native")
local async = use("async/init")
local arguments, backoff, call = use("arguments"), use("backoff"), use("call")
local is, catch, trap = native.is, native.catch, native.trap
local kinds, duration = arguments.kinds, arguments.duration
local RuntimeError, ValueError = async.RuntimeError, async.ValueError

local SupervisorError = async.class("SupervisorError", async.Error)

local Supervisor = { __name = "Supervisor" }
Supervisor.__index = Supervisor

local function now()
  return async.get_running_loop():time()
end

local function position_of(sup, child)
  for i, other in ipairs(sup.list) do
    if other == child then return i end
  end
end

local function remove(sup, child)
  local position = position_of(sup, child)
  if position then table.remove(sup.list, position) end
end

local lively = { running = true, stopping = true, waiting = true, ended = true }

-- Wakes those in wait() when there is nothing left to wait for. One that has given up is at rest
-- when its manager has ended, for its owner is to be cancelled before.
local function look_for_rest(sup)
  if sup.failure then return end
  for _, child in ipairs(sup.list) do
    if lively[child.state] then return sup.at_rest:clear() end
  end
  sup.at_rest:set()
end

-- Of a child's end.

-- An error that no SupervisorError will carry.
local function report(sup, child, err, what)
  local message = ("%s '%s' of %s"):format(what, child.name, tostring(sup))
  native.report { message = message, exception = err }
end

-- A child has ended by itself: the hook is told, or else whoever reads error reports.
local function tell(sup, child, exit)
  local hook = sup.options.on_exit
  if hook then return hook(child.name, exit.err) end
  if exit.failed then report(sup, child, exit.err, "Exception in child") end
end

-- Notes that its task has ended.
local function child_done(sup, child, task)
  child.task = nil
  child.gone:set_result()
  local ok, err = catch(task.result, task)
  local failed = not ok and not task:cancelled()
  if child.state == "stopping" then
    child.state, child.next = child.next, nil
    if child.restart == "temporary" then remove(sup, child) end
    look_for_rest(sup)
    native.essential(false)
    if failed then report(sup, child, err, "Exception while ending child") end
    return
  end
  child.state = "ended"
  child.exit = { child = child, failed = failed, ok = ok, err = err }
  sup.exits:put_nowait(child.exit)
  native.essential(false)
  tell(sup, child, child.exit)
end

-- The done callback of its task. Whoever waits for the child would wait for ever if it failed.
local ChildDone = {
  __essential = true,
  __call = function(callback, task) child_done(callback.sup, callback.child, task) end,
}

local function start(sup, child)
  local before = native.essential(true) -- or there would be a task that nobody knows
  child.gone = async.Future()
  local task = async.create_task(function() call(child.run) end,
    { name = child.name, context = child.context:copy() })
  task:add_done_callback(setmetatable({ sup = sup, child = child }, ChildDone))
  child.task = task
  child.state, child.due, child.exit = "running", nil, nil
  sup.at_rest:clear()
  native.essential(before)
end

-- Waits until the child's task has ended, and tells it again now and then.
local function wait_until_gone(sup, child)
  local gone = child.gone
  while not gone:done() do
    if async.move_on_after(child.shutdown, native.shielded_wait, gone) then return end
    report(sup, child, async.TimeoutError(("it still runs %s after it was told to end")
      :format(duration(child.shutdown))), "Waiting for child")
    if child.task then child.task:cancel() end
  end
end

-- Ends a child, after which it is in the state `after`. Waits.
local function stop(sup, child, after)
  child.exit, child.due = nil, nil
  if child.task then
    if child.state ~= "stopping" then
      child.state = "stopping"
      child.task:cancel()
    end
    if child.next ~= "stopped" then child.next = after end
    return wait_until_gone(sup, child)
  end
  child.state = after
  if child.restart == "temporary" then remove(sup, child) end
  look_for_rest(sup)
end

-- Ends all of them, the last one first, whatever comes meanwhile. Returns a cancellation that came.
local function stop_all(sup)
  local cancelled
  for i = #sup.list, 1, -1 do
    local child = sup.list[i]
    while child and child.state ~= "stopped" and position_of(sup, child) do
      local ok, err = trap(stop, sup, child, "stopped")
      if ok then break end
      if not is(err, async.CancelledError) then error(err, 0) end
      cancelled = err
      if child.task then child.task:cancel() end
    end
  end
  return cancelled
end

-- The manager.

local function is_to_be_restarted(exit)
  local restart = exit.child.restart
  return restart == "permanent" or (restart == "transient" and exit.failed)
end

local function error_of(exit)
  if exit.err ~= nil then return exit.err end
  return RuntimeError(("the child '%s' %s"):format(exit.child.name,
    exit.ok and "returned" or "failed by nil"))
end

-- Notes the failure. Returns how many there have been of this child in the time, and raises
-- SupervisorError when there have been too many of all.
local function note_failure(sup, exit)
  local failures, options = sup.failures, sup.options
  table.insert(failures, { time = now(), child = exit.child, err = error_of(exit) })
  while failures[1].time < now() - options.within do table.remove(failures, 1) end
  local errors = {}
  for _, failure in ipairs(failures) do
    if failure.child == exit.child then errors[#errors + 1] = failure.err end
  end
  if #failures <= options.max_restarts then return #errors end
  local cause = errors[#errors]
  local total = #failures == #errors and "" or (" (%d of all children)"):format(#failures)
  local message = ("the child '%s' ended %d time%s%s within %s, more than max_restarts = %d: %s")
    :format(exit.child.name, #errors, #errors == 1 and "" or "s", total, duration(options.within),
      options.max_restarts, tostring(cause))
  error(SupervisorError(message, { child = exit.child.name, errors = errors, cause = cause }))
end

-- Those that are started again with the child, in the order of the list: by the strategy.
local affected = {
  one_for_one = function(_, child) return { child } end,
  one_for_all = function(sup) return { table.unpack(sup.list) } end,
  rest_for_one = function(sup, child)
    return { table.unpack(sup.list, position_of(sup, child)) }
  end,
}

local function delay_of(sup, child, count, err)
  local policy = sup.options.backoff
  if type(policy) == "number" then return policy end
  child.delay = backoff.delay(policy, count, count > 1 and child.delay or nil, err)
  return child.delay
end

local function restart(sup, exit)
  local child = exit.child
  local count = note_failure(sup, exit)
  child.restarts = child.restarts + 1
  child.last_error = { error_of(exit) }
  local others = affected[sup.options.strategy](sup, child)
  for i = #others, 1, -1 do
    if others[i].state ~= "stopped" then stop(sup, others[i], "waiting") end
  end
  local due = now() + delay_of(sup, child, count, error_of(exit))
  for _, other in ipairs(others) do
    if other.state == "waiting" then other.due = due end
  end
end

local function handle(sup, exit)
  local child = exit.child
  if child.exit ~= exit then return end -- it was started or stopped meanwhile
  if is_to_be_restarted(exit) then return restart(sup, exit) end
  child.exit, child.state = nil, "finished"
  if child.restart == "temporary" then remove(sup, child) end
  look_for_rest(sup)
end

-- Starts those whose time has come. Returns the seconds until the next, nil for none.
local function start_due(sup)
  local soonest
  for _, child in ipairs(sup.list) do
    if child.due and child.due <= now() then start(sup, child) end
    if child.due then soonest = math.min(soonest or math.huge, child.due) end
  end
  return soonest and soonest - now()
end

local function supervise(sup)
  while true do
    local seconds = start_due(sup)
    if seconds then
      local ok, exit = async.move_on_after(seconds, sup.exits.get, sup.exits)
      if ok then handle(sup, exit) end
    else
      handle(sup, sup.exits:get())
    end
  end
end

local function manage(sup)
  local _, err = trap(supervise, sup)
  sup.state = "stopping"
  if not is(err, async.CancelledError) then sup.failure = err end
  local cancelled = stop_all(sup)
  error(sup.failure or cancelled or err, 0)
end

-- The object.

local function check_takes_more(sup)
  if sup.state == "open" then return end
  error(RuntimeError(("the supervisor is %s: it starts no child"):format(sup.state)), 3)
end

local function child_of(sup, name, what)
  if type(name) ~= "string" then
    error(async.TypeError(("argument 1 of %s must be the name of a child, got %s")
      :format(what, arguments.shown(name))), 3)
  end
  local names = {}
  for i, child in ipairs(sup.list) do
    if child.name == name then return child end
    names[i] = child.name
  end
  error(ValueError(("argument 1 of %s must be the name of a child (%s), got the string %q")
    :format(what, #names == 0 and "there is none" or table.concat(names, ", "), name)), 3)
end

local child_spec = {
  name = { kinds.text },
  run = { kinds.callable },
  restart = { kinds.one_of("permanent", "transient", "temporary"), "permanent" },
  shutdown = { kinds.seconds { above = 0, forever = true }, 5 },
}

local function add_child(sup, spec, level)
  local child = arguments.options(spec, child_spec, "a child", level + 1)
  if child.name == nil or child.run == nil then
    error(async.TypeError(("a child needs the option '%s'"):format(child.run and "name" or "run")),
      level + 1)
  end
  for _, other in ipairs(sup.list) do
    if other.name == child.name then
      error(ValueError(("there is a child '%s' already, and it is %s"):format(child.name,
        other.state)), level + 1)
    end
  end
  child.restarts, child.context = 0, async.copy_context()
  table.insert(sup.list, child)
  start(sup, child)
end

-- start_child{name=, run=, restart="permanent", shutdown=5}
function Supervisor:start_child(spec)
  check_takes_more(self)
  add_child(self, spec, 2)
end

-- terminate_child(name): ends it and waits for that. It stays in the list, unless it is temporary.
function Supervisor:terminate_child(name)
  local child = child_of(self, name, "terminate_child")
  if child.task and child.task == native.current_task() then
    error(RuntimeError(("the child '%s' cannot terminate itself: let it return"):format(name)), 2)
  end
  stop(self, child, "stopped")
end

-- restart_child(name): starts one that does not run, at once.
function Supervisor:restart_child(name)
  check_takes_more(self)
  local child = child_of(self, name, "restart_child")
  if child.task then
    error(RuntimeError(("the child '%s' is %s; terminate it first"):format(name, child.state)), 2)
  end
  start(self, child)
end

-- delete_child(name): takes one that does not run out of the list.
function Supervisor:delete_child(name)
  local child = child_of(self, name, "delete_child")
  if child.task then
    error(RuntimeError(("the child '%s' is %s; terminate it first"):format(name, child.state)), 2)
  end
  remove(self, child)
  look_for_rest(self)
end

-- children(): a list of tables, in the order of their start.
function Supervisor:children()
  local list = {}
  for i, child in ipairs(self.list) do
    list[i] = { name = child.name, state = child.state, restart = child.restart, task = child.task,
      restarts = child.restarts, error = child.last_error and child.last_error[1] }
  end
  return list
end

-- wait(): waits until no child runs or is to be started again. SupervisorError when it has given
-- up.
function Supervisor:wait()
  self.at_rest:wait()
  if self.failure then error(self.failure, 0) end
end

-- stop(): ends all children, and waits for that. It takes no more.
function Supervisor:stop()
  self.group:cancel()
  native.shielded_wait(self.ended)
end

use("async/checked").checked(Supervisor, Supervisor)

local function only_failure(sup, err)
  return is(err, async.ExceptionGroup) and #err.exceptions == 1
    and rawequal(err.exceptions[1], sup.failure)
end

-- Leaves the block. The group's error is its manager's alone, or is the body's as well.
local function leave(sup, err)
  local group = sup.group
  if err == nil then group:cancel() end
  local ok, result = trap(getmetatable(group).__exit, group, err)
  if ok then return result end
  if sup.failure and only_failure(sup, result) then result = sup.failure end
  error(result, 0)
end

function Supervisor:__enter()
  return self
end

Supervisor.__exit = leave
Supervisor.__close = leave

function Supervisor:__tostring()
  local running = 0
  for _, child in ipairs(self.list) do
    if child.state == "running" then running = running + 1 end
  end
  local name = self.options.name and (" '%s'"):format(self.options.name) or ""
  return ("<Supervisor%s %s %s children=%d running=%d>"):format(name, self.options.strategy,
    self.state, #self.list, running)
end

local function backoff_options(value)
  local ok, result = catch(arguments.options, value, backoff.spec, "backoff", 1)
  if not ok then return getmetatable(result), "what retry takes (" .. result.message .. ")" end
  return true, result
end

local spec = {
  strategy = { kinds.one_of("one_for_one", "one_for_all", "rest_for_one"), "one_for_one" },
  max_restarts = { kinds.count { from = 0, forever = true }, 3 },
  within = { kinds.seconds { above = 0, forever = true }, 5 },
  backoff = { kinds.by_type({ table = backoff_options }, kinds.seconds { from = 0 }), 0 },
  on_exit = { kinds.callable },
  name = { kinds.text },
}

-- supervisor{strategy="one_for_one", max_restarts=3, within=5, backoff=0, on_exit=, name=}
local function supervisor(options)
  local read = arguments.options(options, spec, "supervisor", 2)
  if native.current_task() == nil then
    error(RuntimeError("a supervisor needs a task: a callback of the loop has none; spawn one from"
      .. " it"), 2)
  end
  local sup = setmetatable({ options = read, state = "open", list = {}, failures = {},
    exits = async.Queue(), at_rest = async.Event(), ended = async.Future(),
    group = async.TaskGroup() }, Supervisor)
  sup.at_rest:set()
  local manager = sup.group:create_task(function() manage(sup) end,
    { name = "supervisor", eager = true }) -- so that it is there to end what is started next
  manager:add_done_callback(function()
    sup.state = "stopped"
    sup.ended:set_result()
    sup.at_rest:set()
  end)
  return sup
end

return { supervisor = supervisor, SupervisorError = SupervisorError }
