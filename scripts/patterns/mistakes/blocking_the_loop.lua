-- clock: real
-- Code that computes for long without a wait holds up every task. In debug mode (neap --debug) neap
-- names the steps that took longer than loop.slow_callback_duration, 0.1 s unless it is set, and
-- the lines between which the task did not wait.
-- The way out: a thread for what computes (async.to_thread), neap's own calls for what waits, and
-- async.sleep(0) now and then in a long loop.
-- asyncio: Executing <Task ...> took 0.450 seconds.
local function compute(seconds)
  local loop = async.get_running_loop() -- in a thread: its own
  local till = loop:time() + seconds
  repeat local _ = math.sqrt(2) until loop:time() >= till
end

-- Does a task that wants to run every 10 ms get its turn while fn runs?
local function others_run_during(fn)
  local ticks = 0
  local ticker = async.spawn(function()
    while true do
      async.sleep(0.01)
      ticks = ticks + 1
    end
  end)
  async.sleep(0)
  fn()
  ticker:cancel()
  return ticks > 0
end

async.run(function()
  async.get_running_loop().slow_callback_duration = 0.3

  -- The mistake: nothing else runs meanwhile.
  print("in one go:", others_run_during(function() compute(0.45) end))

  -- Right for what computes: another processor does it.
  print("in a thread:", others_run_during(function() async.to_thread(compute, 0.2) end))

  -- Right for a long loop of small pieces: others run between them.
  print("in pieces:", others_run_during(function()
    for _ = 1, 20 do
      compute(0.01)
      async.sleep(0)
    end
  end))
end, { debug = true })

--[[ prints:
in one go:	false
in a thread:	true
in pieces:	true
stderr:
neap: warning: task 'Task-2' ran for ... seconds without waiting, from ...blocking_the_loop.lua:23 to ...blocking_the_loop.lua:23
]]
