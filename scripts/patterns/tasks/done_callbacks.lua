-- Done callbacks: something to do when a task has ended, however it ended.
-- The function gets the task and is called from the loop, in the order of adding; it cannot
-- wait. Use one for bookkeeping (a counter, a set of running tasks, a log line). To use the
-- result, await the task: an error then reaches the right place, while one in a callback is
-- only reported.
-- asyncio: Task.add_done_callback, remove_done_callback.

local running = 0

local function ended(task)
  running = running - 1
  local state
  if task:cancelled() then
    state = "cancelled"
  elseif task:exception() then                 -- asking for the error counts as seeing it
    state = "failed: " .. tostring(task:exception())
  else
    state = "gave " .. task:result()
  end
  print(task:get_name(), state, running .. " running")
end

local function start(name, fn)
  running = running + 1
  local task = async.create_task(fn, { name = name })
  task:add_done_callback(ended)
  return task
end

start("good", function() return async.sleep(0.1, "a result") end)
start("bad", function() async.sleep(0.2) error(async.ValueError("no luck")) end)
local long = start("long", function() async.sleep(60) end)
async.sleep(0.3)
long:cancel()
async.wait { long }

-- Added to a task that is done, a callback is still called, soon.
long:add_done_callback(function() print("late, but called") end)
print("not yet")
async.sleep(0)

-- It can be taken back: the answer is how many were removed.
local task = async.spawn(async.sleep, 0.1)
task:add_done_callback(ended)
print(task:remove_done_callback(ended))
await(task)

--[[ prints:
good	gave a result	2 running
bad	failed: ValueError: no luck	1 running
long	cancelled	0 running
not yet
late, but called
1
]]
