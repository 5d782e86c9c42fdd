-- map: a function of each item, so many at a time.
--
-- There are workers, each a task that takes one item after the other: as many as there is work for, up to the limit. So
-- memory is bounded by the limit, whatever gives the items. One worker at a time asks the source.
local core, use = ...

local TaskGroup, abort = use("taskgroup").TaskGroup, use("taskgroup").abort
local Lock = use("lock").Lock
local check_options, list_length = use("task").check_options, use("task").list_length
local source = use("source")
local chain = use("chain").chain
local is, trap = core.is, core.trap
local errors = core.errors
local ExceptionGroup, TypeError, ValueError = errors.ExceptionGroup, errors.TypeError, errors.ValueError

-- How the next item is taken: true, item, index; or false at the end.

local function take_from_list(state)
  if state.taken >= state.count then return false end
  state.taken = state.taken + 1
  return true, state.list[state.taken], state.taken
end

local function take_from_source(state)
  local turn <close> = state.turn:acquire()
  if state.ended then return false end
  local from = state.source
  local item = from.step(from.state, from.control)
  from.control = item
  if item == nil then
    state.ended = true
    return false
  end
  state.taken = state.taken + 1
  return true, item, state.taken
end

local work

-- How many workers without work there should be: as many as work, so that their number doubles in every turn; one when
-- some wait for their turn at the source already.
local function enough(state)
  if state.turn and state.turn:locked() then return 1 end
  local busy = state.workers - state.idle
  return math.max(1, math.min(busy, state.count - state.taken))
end

local function grow(state)
  if state.group.aborting then return end
  local wanted = math.min(enough(state), state.limit - state.workers + state.idle)
  while state.idle < wanted do
    state.workers = state.workers + 1
    state.idle = state.idle + 1
    state.group:spawn(work, state)
  end
end

local function work_off(state)
  while not state.group.aborting do
    local more, item, index = state.take(state)
    if not more then return end
    state.idle = state.idle - 1
    grow(state)
    state.results[index] = (source.call(state.fn, item, index))
    state.idle = state.idle + 1
  end
end

-- The first error ends the group here, where it happens: the end of the worker may wait for the cleanup of a generator.
-- A cancellation that nobody asked for (what fn awaits was cancelled) is such an error too.
function work(state)
  local ok, err = trap(work_off, state)
  if ok then return end
  if not state.group.aborting then
    state.failed, state.err = true, err
    abort(state.group, core.current_task())
  end
  error(err, 0)
end

local function run(state)
  local group <close> = TaskGroup()
  state.group = group
  grow(state)
end

local function close(closing)
  local ending <close> = closing
end

-- Raises the first error of a worker; what others raised while they were being cancelled goes to the exception handler.
-- `err` is the TaskGroup's: the errors of its workers, or what interrupted the waiter.
local function raise(state, err)
  if is(err, ExceptionGroup) then
    for _, each in ipairs(err.exceptions) do
      if not state.failed then error(each, 0) end
      if not rawequal(each, state.err) then
        core.report { message = "Exception in async.map after its first error", exception = each }
      end
    end
  elseif err ~= nil then
    error(err, 0)
  end
  error(state.err, 0)
end

local function check_limit(limit)
  if limit == nil then return math.huge end
  if math.type(limit) ~= "integer" then
    error(TypeError(("the option 'limit' of map must be an integer, got %s"):format(
      type(limit) == "number" and tostring(limit) or core.type_name(limit))), 3)
  end
  if limit < 1 then
    error(ValueError(("the option 'limit' of map must be at least 1, got %d; nil is no limit"):format(limit)), 3)
  end
  return limit
end

-- map(list, fn, {limit=}): a list of the first result of fn(item, index) for each, and their number `n`. The list may
-- also be a generator or an iterator function, which is asked for an item when there is a worker for it.
local function map(list, fn, options)
  local from = source.check_source(source.source_of(list), list, "argument 1 of map")
  source.check_function(fn, "argument 2 of map")
  options = check_options(options, { limit = true }, "map")
  local state = { fn = fn, limit = check_limit(options.limit), results = {}, taken = 0, workers = 0, idle = 0 }
  if type(list) == "table" and getmetatable(list) == nil then
    state.list, state.count, state.take = list, list_length(list, "map", 2), take_from_list
  else
    state.source, state.turn, state.count, state.take = from, Lock(), math.huge, take_from_source
  end
  local ok, err = trap(run, state)
  if from.closing then
    local closed, problem = trap(close, from.closing)
    if not closed then ok, err = false, chain(problem, ok and state.err or err) end
  end
  if not ok or state.failed then raise(state, err) end
  state.results.n = state.taken
  return state.results
end

return { map = map }
