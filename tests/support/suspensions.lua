-- A cancellation at every suspension. support "suspensions" in a test file, whose tests of this kind are under the real
-- clock: async.run sets the virtual one itself.
local suspensions = {}

-- Runs the scenario in a task of its own; its ending: {ok=, cancelled=, value=}. Nothing may be left behind.
local function run(scenario, options)
  return async.run(function()
    local task = async.spawn(scenario)
    async.wait { task }
    local left = async.all_tasks()
    if #left > 1 then error("left behind: " .. tostring(left[2]), 0) end
    local handles = async.open_handles { timers = true }
    if #handles > 0 then error("left open: " .. handles[1].description, 0) end
    local ok, value = async.catch(task.result, task)
    return { ok = ok, cancelled = task:cancelled(), value = value }
  end, options)
end

-- each(scenario, verify): runs it as it is; then in 30 orders; then once for each suspension of one of its tasks,
-- which is cancelled there. Each time verify(ending, k) is called, k being nil unless something was cancelled.
-- Without it, a run that is cancelled may end by that, and any other must succeed.
function suspensions.each(scenario, verify)
  verify = verify or function(ending)
    if not ending.ok and not ending.cancelled then error(ending.value, 0) end
  end
  local steps = 0
  local counter = { before_step = function() steps = steps + 1 end }
  local loop = async.get_running_loop()
  loop:add_instrument(counter)
  local ending = run(scenario, { clock = "virtual" })
  loop:remove_instrument(counter)
  if not ending.ok then error(ending.value, 0) end
  verify(ending)
  for seed = 1, 30 do verify(run(scenario, { seed = seed, clock = "virtual" })) end
  local cancelled = 0
  for k = 1, steps do
    local ok, result = async.catch(run, scenario, { cancel_at = k, clock = "virtual" })
    if ok then ok, result = async.catch(function() verify(result, k) return result end) end
    if not ok then
      error(("cancelled at suspension %d: %s\n%s"):format(k, tostring(result),
        type(result) == "table" and result.traceback or ""), 0)
    end
    if result.cancelled then cancelled = cancelled + 1 end
  end
  check(cancelled > 0, "nothing was cancelled")
  return cancelled
end

return suspensions
