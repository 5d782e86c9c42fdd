-- Ending tasks that nobody needs any more.
local core = ...

local is = core.is
local CancelledError, DeadlockError = core.errors.CancelledError, core.errors.DeadlockError
local ALL = 3

local Ending = {
  __close = function(left)
    if left.owner then core.ended(left, left.owner) end
  end,
}

-- Cancels the futures of the list and waits until all have ended, but for those that wait for the waiter in their
-- turn (see runtime/task/cancel.cpp). What interrupts the wait is raised then: a cancellation of the waiter, which the
-- futures are told of again. `reason` is the error because of which they end, if there is one.
local function end_all(futures, reason)
  local before = core.essential(true) -- or somebody would not be told, or the wait would fail again and again
  local left <close> = setmetatable({ owner = core.current_task() }, Ending)
  for _, future in ipairs(futures) do
    if not future:done() then left[#left + 1] = future end
  end
  local asked, interrupted, problem, stuck = is(reason, CancelledError), false, nil, false
  while true do
    if #left > 0 then core.cancel_all(left, left.owner, "left", asked) end
    if #left == 0 then break end
    local watch <close> = core.watch(left)
    local ok, err = core.trap(watch.wait, watch, ALL)
    if ok then break end
    asked = not is(err, DeadlockError) -- a wait that could not be, for want of memory, is no new request either
    if not asked then
      if stuck then error(err, 0) end -- telling them does not help
      stuck = true
    end
    interrupted, problem = true, err
    core.essential(true)
  end
  core.essential(before)
  if interrupted then error(problem, 0) end
end

return { end_all = end_all }
