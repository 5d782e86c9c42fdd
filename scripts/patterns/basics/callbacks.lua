-- Callbacks: functions that the loop calls soon, after a while, or at a time.
-- A callback cannot wait; it does something short, or spawns a task. Use one for a timer that may
-- be taken back (a watchdog), and to come from code with callbacks. What waits anyway should be a
-- task: `async.sleep` in a loop reads better than a callback that sets itself anew.
-- asyncio: loop.call_soon, call_later, call_at; Handle.cancel.

local loop = async.get_running_loop()
local begun = loop:time()
local function note(...) print(("%.1f s"):format(loop:time() - begun), ...) end

loop:call_soon(note, "soon: in the next turn of the loop")
note("this task goes on first")

loop:call_later(0.2, note, "later")
loop:call_at(begun + 0.1, note, "at a time of the loop's clock")
local handle = loop:call_later(0.3, note, "never")
async.sleep(0.2)
handle:cancel()
note("taken back", handle:cancelled())
async.sleep(0.2)

-- A watchdog: barks when nobody has fed it for 0.2 seconds.
local watchdog
local function feed()
  if watchdog then watchdog:cancel() end
  watchdog = loop:call_later(0.2, note, "nothing for 0.2 s")
end
begun = loop:time()
for _ = 1, 3 do
  feed()
  async.sleep(0.1)
end
async.sleep(0.3)

-- A callback cannot wait: it spawns a task.
begun = loop:time()
loop:call_soon(function()
  note("in a callback, task:", async.current_task())
  note(select(2, pcall(async.sleep, 1)))
  async.spawn(function()
    async.sleep(0.1)
    note("in the task that it spawned")
  end)
end)
async.sleep(0.2)

--[[ prints:
0.0 s	this task goes on first
0.0 s	soon: in the next turn of the loop
0.1 s	at a time of the loop's clock
0.2 s	later
0.2 s	taken back	true
0.4 s	nothing for 0.2 s
0.0 s	in a callback, task:	nil
0.0 s	RuntimeError: sleep: a callback of the loop cannot wait; spawn a task from it (async.spawn)
0.1 s	in the task that it spawned
]]
