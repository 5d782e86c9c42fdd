-- Looking at the loop: an instrument is told when tasks are made, run, wait and end. Here: how many
-- steps each task took, how long it lived, and which steps kept the others waiting.
-- Use it for metrics and for finding out who keeps the loop busy. Without an instrument the loop
-- spends nothing on it. What it calls cannot wait.
-- asyncio has none; Trio's Instrument is the model.
local loop = async.get_running_loop()

local steps, slow, made = {}, {}, {}
local alive, most_alive, most_timers = 0, 0, 0
local step_began

local instrument = {
  task_created = function(task)
    made[task] = loop:time()
    alive = alive + 1
    most_alive = math.max(most_alive, alive)
  end,

  -- A step is of a task, or of a callback: a Handle, which has no name.
  before_step = function() step_began = os.clock() end,
  after_step = function(step)
    local name = step.get_name and step:get_name() or "callbacks"
    steps[name] = (steps[name] or 0) + 1
    if os.clock() - step_began > 0.05 then slow[#slow + 1] = name end
  end,

  task_done = function(task)
    if not made[task] then return end -- older than the instrument
    local name = task:get_name()
    alive = alive - 1
    print(("%s: %d steps in %.1f s, %s"):format(name, steps[name], loop:time() - made[task],
      task:cancelled() and "cancelled" or "ended"))
    made[task] = nil
  end,

  -- Before the loop waits: how many tasks and timers there are.
  before_poll = function(info) most_timers = math.max(most_timers, info.scheduled) end,
}
loop:add_instrument(instrument)

local function poller(rounds)
  for _ = 1, rounds do async.sleep(0.1) end
end
local function cruncher()
  async.sleep(0.05)
  local till = os.clock() + 0.1
  while os.clock() < till do end -- keeps everybody waiting
end
do
  local group <close> = async.TaskGroup()
  group:create_task(function() poller(3) end, { name = "poller" })
  group:create_task(function() poller(1) end, { name = "short" })
  group:create_task(cruncher, { name = "cruncher" })
  local forgotten = group:create_task(function() poller(100) end, { name = "endless" })
  async.sleep(0.45)
  forgotten:cancel()
end

loop:remove_instrument(instrument)
print("most at once:", most_alive, "most timers:", most_timers)
print("slow steps:", table.concat(slow, ", "))

--[[ prints:
cruncher: 2 steps in 0.1 s, ended
short: 2 steps in 0.1 s, ended
poller: 4 steps in 0.3 s, ended
endless: 6 steps in 0.5 s, cancelled
most at once:	4	most timers:	5
slow steps:	cruncher
]]
