-- TaskGroup: tasks that end before the block that started them does.
--
--   open ──> leaving ──> left
--
-- `aborting` is true once the children have been told to end: because one failed, because the body failed or
-- was cancelled, or by cancel(). The body runs in the parent task; when a child fails while it runs, the group
-- cancels the parent, and takes exactly that request back on leaving (see take_scope_request_back).
local core, use = ...

local create_task = use("task").create_task
local refuse = use("checked").refuse
local is = core.is
local errors = core.errors
local CancelledError, ExceptionGroup, RuntimeError = errors.CancelledError, errors.ExceptionGroup, errors.RuntimeError

local TaskGroup = { __name = "TaskGroup" }
TaskGroup.__index = TaskGroup

-- Tells the children to end, but for the task `except`; because of the error `reason`, if there is one.
local function abort(group, except, reason)
  group.aborting = true
  local children = {}
  for task, number in pairs(group.unfinished) do
    if task ~= except then children[#children + 1] = { task, number } end
  end
  table.sort(children, function(a, b) return a[2] < b[2] end)
  for i, child in ipairs(children) do children[i] = child[1] end
  group.told = children
  core.cancel_all(children, group.parent, "told", is(reason, CancelledError))
end

local function cancel_parent(group)
  if group.parent_cancelled or group.state ~= "open" or group.parent:done() then return end
  group.parent_cancelled = true
  core.cancel_by_scope(group.parent)
end

local function add_error(group, err)
  if err == nil then err = core.errors.Error("nil") end -- a list cannot hold it
  group.errors[#group.errors + 1] = err
  if group.aborting then return end
  abort(group)
  cancel_parent(group)
end

local function cancel_each(group)
  for task in pairs(group.unfinished) do task:cancel() end
end

local function note_error(group, task)
  local ok, err = core.catch(task.result, task)
  if ok or task:cancelled() then return end
  local added, problem = core.trap(add_error, group, err)
  if added then return end
  -- There is no memory to do it in order.
  group.aborting, group.problem = true, problem
  core.trap(cancel_each, group)
  cancel_parent(group)
end

local function child_done(group, task)
  group.unfinished[task] = nil
  group.count = group.count - 1
  note_error(group, task)
  local waited = group.all_done
  if group.count == 0 and waited and not waited:done() then waited:set_result() end -- done: the parent was cancelled
end

-- The done callback of the group's children. `__awaiter` tells who waits for a task by it: see callgraph.lua.
local ChildDone = {
  __essential = true,
  __call = function(callback, task) child_done(callback.group, task) end,
  __awaiter = function(callback) return callback.group.parent end,
}

local function check_open(group)
  if group.state == "left" or group.aborting or (group.state == "leaving" and group.count == 0) then
    error(RuntimeError(("the TaskGroup is %s: it takes no more tasks"):format(
      group.state == "left" and "finished" or "shutting down")), 3)
  end
end

local function adopt(group, task)
  local before = core.essential(true) -- or there would be a task that the group does not know
  group.made = group.made + 1
  group.unfinished[task] = group.made
  task:add_done_callback(group.on_done)
  group.count = group.count + 1
  core.essential(before)
  if group.aborting then task:cancel() end -- an eager one may have ended the group
  return task
end

-- create_task(x, {name=, eager=}): a child of a Coroutine or a function. RuntimeError once the group is
-- ending; the function is never called then.
function TaskGroup:create_task(x, options)
  if getmetatable(self) ~= TaskGroup then refuse(self, TaskGroup) end
  check_open(self)
  return adopt(self, create_task(x, options))
end

-- spawn(fn, ...): the same with arguments.
function TaskGroup:spawn(fn, ...)
  if getmetatable(self) ~= TaskGroup then refuse(self, TaskGroup) end
  check_open(self)
  return adopt(self, core.spawn(fn, ...))
end

-- cancel(): ends all children without an error; with async.with it ends the body as well.
function TaskGroup:cancel()
  if getmetatable(self) ~= TaskGroup then refuse(self, TaskGroup) end
  if self.state == "left" or self.aborting then return end
  abort(self)
  if self.in_with then cancel_parent(self) end
end

-- Tells the children to end; once they have been told, those of them that wait for the parent in their turn.
local function tell(group, reason)
  if not group.aborting then
    abort(group, nil, reason)
  elseif group.told then
    core.cancel_all(group.told, group.parent, "told_alone", is(reason, CancelledError))
  end
end

local function stop_telling(group)
  if group.told then core.ended(group.told, group.parent) end
end

-- Waits until no child is left. A cancellation that comes meanwhile aborts the group; the last is returned. So does
-- a DeadlockError, which becomes an error of the group; a second one says that aborting did not help.
local function wait_for_children(group)
  local cancellation, stuck
  while group.count > 0 do
    core.essential(true)
    group.all_done = core.Future()
    local ok, err = core.trap(core.await, group.all_done)
    if not ok then
      if is(err, CancelledError) then
        cancellation = err
      elseif stuck then
        stop_telling(group)
        error(err, 0)
      else
        stuck = true
        table.insert(group.errors, err)
      end
      tell(group, err)
    end
    group.all_done = false
  end
  return cancellation
end

-- Leaves the group. `err` is what the body raised. Returns true when that was the group's own cancellation.
local function leave(group, err)
  if group.state ~= "open" then return false end
  local before = core.essential(true) -- the block must not be left before the children have ended
  group.state = "leaving"
  local own = false
  if group.parent_cancelled then own = core.end_scope(group.parent, group.outside, group.scopes) end
  local cancelled = err ~= nil and is(err, CancelledError)
  local outer = cancelled and not own and err or nil
  if err ~= nil then tell(group, err) end
  outer = wait_for_children(group) or outer
  stop_telling(group)
  group.state = "left"
  core.essential(before)
  if group.problem then error(group.problem, 0) end
  local list = group.errors
  if err ~= nil and not cancelled then table.insert(list, 1, err) end
  if #list > 0 then
    -- Errors beat the cancellation, which comes again at the parent's next wait.
    if outer then core.rearm(group.parent, group.outside, group.scopes) end
    error(ExceptionGroup(("%d error%s in a TaskGroup"):format(#list, #list == 1 and "" or "s"), list))
  end
  if outer then error(outer, 0) end
  return cancelled
end

function TaskGroup:__enter()
  self.in_with = true
  return self
end

TaskGroup.__exit = leave
TaskGroup.__close = leave

function TaskGroup:__tostring()
  local state = self.state == "open" and self.aborting and "shutting down" or self.state
  return ("<TaskGroup %s tasks=%d errors=%d>"):format(state, self.count, #self.errors)
end

local function new_task_group()
  local parent = core.current_task()
  if parent == nil then
    error(RuntimeError("a TaskGroup needs a task: a callback of the loop has none; spawn one from it"), 2)
  end
  local outside, scopes = core.requests(parent)
  local group = setmetatable({
    parent = parent,
    outside = outside, -- the requests to end that the parent had before
    scopes = scopes,
    state = "open",
    aborting = false,
    parent_cancelled = false,
    unfinished = {},
    told = false, -- the children that were told to end
    errors = {},
    made = 0,
    count = 0,
    all_done = false, -- the Future that the parent waits for on leaving
    problem = false,  -- there was no memory for the errors of children
  }, TaskGroup)
  group.on_done = setmetatable({ group = group }, ChildDone)
  return group
end

return { TaskGroup = new_task_group, abort = abort }
