-- exit: 1
-- Waiting in a callback: what call_later, add_done_callback and signal handlers call is run by the
-- loop itself, between tasks. There is nothing that could be suspended, so a wait there is a
-- RuntimeError.
-- The way out: spawn a task there. Or need no callback: a task that sleeps and then acts reads
-- better.
-- asyncio: callbacks are plain functions there, in which await is a syntax error.
local loop = async.get_running_loop()

local function report()
  async.sleep(0.1)
  print("reported")
end

-- The mistake. The error goes to the exception handler, and the callback ends there.
loop:call_soon(function()
  print("in the callback")
  report()
  print("never printed")
end)
async.sleep(0.2)

-- Right: the callback starts a task, and returns.
loop:call_later(0.1, async.spawn, report)
async.sleep(0.3)

-- Right: no callback at all.
await(async.spawn(function()
  async.sleep(0.1)
  report()
end))

-- What does not wait may be called from callbacks: set, release, put_nowait, cancel, set_result.
local queue, ready = async.Queue(), async.Event()
loop:call_soon(function()
  queue:put_nowait("from a callback")
  ready:set()
end)
ready:wait()
print(queue:get())

--[[ prints:
in the callback
reported
reported
from a callback
stderr:
neap: Exception in callback
RuntimeError: sleep: a callback of the loop cannot wait; spawn a task from it (async.spawn)
  11 | async.sleep(0.1)
stack traceback:
	...waiting_in_a_callback.lua:11: in upvalue 'report'
	...waiting_in_a_callback.lua:18: in function <...waiting_in_a_callback.lua:16>
]]
