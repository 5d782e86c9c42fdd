-- Event: a flag that any number of tasks wait for.
-- Use it for "the server is ready", "stop", "the configuration is there": something that is
-- true from some moment on. It carries no value (a Future does), and does not count (a
-- Semaphore does). To wait for a state that comes and goes, under a lock, take a Condition.
-- asyncio: asyncio.Event.

local loop = async.get_running_loop()
local begun = loop:time()
local function note(...) print(("%.1f s"):format(loop:time() - begun), ...) end

-- Ready: who comes early waits, who comes late goes on at once.
local ready = async.Event()

local function client(name, arrives)
  async.sleep(arrives)
  ready:wait()
  note(name .. " connects")
end

do
  local group <close> = async.TaskGroup()
  group:spawn(client, "early", 0)
  group:spawn(client, "also early", 0.1)
  group:spawn(client, "late", 0.3)
  async.sleep(0.2)
  note("the server is ready")
  ready:set()
end

-- Stop: work in steps, which ends in order, and without waiting out the pause.
begun = loop:time()
local stop = async.Event()
local worker = async.spawn(function()
  local steps = 0
  while not stop:is_set() do
    steps = steps + 1
    note("step " .. steps)
    async.move_on_after(0.2, stop.wait, stop)  -- a pause that the event cuts short
  end
  note("stopped after " .. steps .. " steps")
end)
async.sleep(0.5)
stop:set()
await(worker)

-- A gate: cleared, it makes who comes wait; those whom set has woken go on all the same.
begun = loop:time()
local gate = async.Event()
local cars = async.spawn(function()
  for i = 1, 3 do
    gate:wait()
    note("car " .. i)
    async.sleep(0.2)
  end
end)
gate:set()
async.sleep(0.3)
gate:clear()
async.sleep(0.3)
gate:set()
await(cars)

--[[ prints:
0.2 s	the server is ready
0.2 s	early connects
0.2 s	also early connects
0.3 s	late connects
0.0 s	step 1
0.2 s	step 2
0.4 s	step 3
0.5 s	stopped after 3 steps
0.0 s	car 1
0.2 s	car 2
0.6 s	car 3
]]
