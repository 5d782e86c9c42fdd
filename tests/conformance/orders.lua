-- Runs a piece of a test many times: in other orders of the ready tasks, and with a cancellation at each suspension.
local orders = {}

-- Runs fn() as the root of a run; an error of it says in which run it happened.
local function run(fn, options, what)
  local ok, err = async.catch(async.run, fn, options)
  if ok then return end
  local traceback = async.is(err, async.Error) and err.traceback
  error(("%s: %s%s"):format(what, tostring(err), traceback and "\n" .. traceback or ""), 0)
end

-- in_every_order(count, fn): fn() first in, first out, then under `count` seeds.
function orders.in_every_order(count, fn)
  run(fn, nil, "in order")
  for seed = 1, count do run(fn, { seed = seed }, "seed " .. seed) end
end

-- How often tasks are suspended in fn(), those in the root included: not fewer than cancel_at counts.
local function count_suspensions(fn, seed)
  local loop, count = async.get_running_loop(), 0
  local counter = {
    after_step = function(step)
      if tostring(step):find("^<Task") and not step:done() then count = count + 1 end
    end,
  }
  loop:add_instrument(counter)
  run(fn, { seed = seed, cancel_at = math.maxinteger }, "uncancelled")
  loop:remove_instrument(counter)
  return count
end

-- cancelled_everywhere(seeds, fn): for so many seeds, fn() once for each suspension in it, which is answered by a
-- cancel request to the task that is suspended. Returns the number of runs.
function orders.cancelled_everywhere(seeds, fn)
  local runs = 0
  for seed = 1, seeds do
    for k = 1, count_suspensions(fn, seed) do
      run(fn, { seed = seed, cancel_at = k }, ("seed %d, cancelled at suspension %d"):format(seed, k))
      runs = runs + 1
    end
  end
  return runs
end

return orders
