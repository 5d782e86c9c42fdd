-- wait_for: one awaitable, and how long to wait for it.
-- Use it for a task, a coroutine or one method call. When the time is over the work is cancelled,
-- and has ended (with its cleanup) before TimeoutError is raised.
-- asyncio: wait_for(x, timeout). A method with its arguments is passed as such: a call has waited
-- already.
local loop = async.get_running_loop()
local begun = loop:time()

local fetch = async(function(name, seconds)
  local _ <close> = setmetatable({}, {
    __close = function() print(("%.1f s: %s ended"):format(loop:time() - begun, name)) end,
  })
  return async.sleep(seconds, "data of " .. name)
end)

print(async.wait_for(fetch("quick", 0.1), 0.3))
print(pcall(async.wait_for, fetch("slow", 60), 0.3))

-- A task that is given is cancelled too. To leave it alone: shield.
local task = async.spawn(async.sleep, 60)
print(pcall(async.wait_for, task, 0.1))
print(task:cancelled())

local kept = async.spawn(async.sleep, 0.3, "it went on")
print(pcall(async.wait_for, function() return async.shield(kept) end, 0.1))
print(await(kept))

-- Python's wait_for(queue.get(), 1) is the method, the time, and then what the method gets.
local queue = async.Queue()
print(pcall(async.wait_for, queue.get, 0.3, queue))

-- The queue loses nothing by it: an item that comes later is there for the next one.
queue:put("late")
print(async.wait_for(queue.get, 0.3, queue))

-- No seconds is no limit; 0 lets it run to its first wait.
print(async.wait_for(fetch("patient", 0.5), nil))
print(pcall(async.wait_for, fetch("hasty", 0.1), 0))

--[[ prints:
0.1 s: quick ended
data of quick
0.4 s: slow ended
false	TimeoutError: timed out after 0.3 seconds
false	TimeoutError: timed out after 0.1 seconds
true
false	TimeoutError: timed out after 0.1 seconds
it went on
false	TimeoutError: timed out after 0.3 seconds
late
1.6 s: patient ended
data of patient
1.6 s: hasty ended
false	TimeoutError: timed out after 0.0 seconds
]]
