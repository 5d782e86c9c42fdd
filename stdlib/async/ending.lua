-- Ending tasks that nobody needs any more.
local core = ...

local is = core.is
local DeadlockError = core.errors.DeadlockError
local ALL = 3

-- Cancels the futures of the list and waits until all have ended. What interrupts the wait is raised then: a
-- cancellation of the waiter, which the futures are told of again.
local function end_all(futures)
  local left = {}
  for _, future in ipairs(futures) do
    if not future:done() then left[#left + 1] = future end
  end
  if #left == 0 then return end
  local watch <close> = core.watch(left)
  local interrupted, problem, stuck = false, nil, false
  while true do
    core.cancel_all(left)
    local ok, err = core.trap(watch.wait, watch, ALL)
    if ok then break end
    if is(err, DeadlockError) then
      if stuck then error(err, 0) end -- telling them does not help
      stuck = true
    end
    interrupted, problem = true, err
  end
  if interrupted then error(problem, 0) end
end

return { end_all = end_all }
