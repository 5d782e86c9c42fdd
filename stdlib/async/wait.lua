-- wait, as_completed and shield.
local core, use = ...

local task = use("task")
local ensure_futures, ensure_future, check_options = task.ensure_futures, task.ensure_future, task.check_options
local list_length = task.list_length
local TimeoutError, TypeError, ValueError = core.errors.TimeoutError, core.errors.TypeError, core.errors.ValueError

local modes = { FIRST_COMPLETED = 0, FIRST_EXCEPTION = 1, ALL_COMPLETED = 3 }

-- The futures of the list, each once.
local function check_list(list, what)
  if type(list) ~= "table" or getmetatable(list) ~= nil then
    error(TypeError(("argument 1 of %s must be a list, got %s; write {x} for a single x")
      :format(what, core.type_name(list))), 3)
  end
  local futures, seen = {}, {}
  for _, future in ipairs(ensure_futures(list, list_length(list, what, 3), "item %d of " .. what .. "'s list")) do
    if not seen[future] then futures[#futures + 1] = future end
    seen[future] = true
  end
  return futures
end

-- Calls fn(...) and returns true, or false when the deadline came first; any other error passes.
local function within(scope, fn, ...)
  local function bounded(...)
    local inner <close> = scope
    return fn(...)
  end
  local ok, err = core.trap(bounded, ...)
  if ok then return true end
  if scope:expired() and core.is(err, TimeoutError) then return false end
  error(err, 0)
end

local wait_options = { timeout = true, return_when = true }

-- wait(list, {timeout=, return_when=}): two lists, done and pending, each in the order given.
local function wait(list, options)
  options = check_options(options, wait_options, "wait")
  local mode = modes[options.return_when or "ALL_COMPLETED"]
  if mode == nil then
    error(ValueError(("return_when must be async.FIRST_COMPLETED, FIRST_EXCEPTION or ALL_COMPLETED, got %s")
      :format(tostring(options.return_when))), 2)
  end
  local futures = check_list(list, "wait")
  if #futures == 0 then error(ValueError("argument 1 of wait is an empty list: there is nothing to wait for"), 2) end
  local watch <close> = core.watch(futures)
  within(core.timeout(options.timeout), watch.wait, watch, mode)
  local done, pending = {}, {}
  for _, future in ipairs(futures) do
    local side = future:done() and done or pending
    side[#side + 1] = future
  end
  return done, pending
end

-- as_completed(list, {timeout=}): for task in as_completed(list) do local result = await(task) end
local function as_completed(list, options)
  options = check_options(options, { timeout = true }, "as_completed")
  local futures = check_list(list, "as_completed")
  local watch = core.watch(futures)
  local deadline = use("timeout").deadline(options.timeout)
  local function step()
    local next_done
    local in_time = within(core.timeout_at(deadline), function() next_done = watch:next() end)
    if in_time then return next_done end
    local left = 0
    for _, future in ipairs(futures) do left = left + (future:done() and 0 or 1) end
    error(TimeoutError(("%d of %d have not completed in time"):format(left, #futures)))
  end
  return step, nil, nil, watch
end

-- shield(x): waits for x; cancelling the waiter does not cancel x.
local function shield(x)
  return core.shielded_wait(ensure_future(x, "argument 1 of shield"))
end

return { wait = wait, as_completed = as_completed, shield = shield }
