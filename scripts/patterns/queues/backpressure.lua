-- A bounded queue: who is too fast waits, and memory stays bounded.
-- put waits while maxsize items are in the queue. Use a bound wherever a producer may be faster
-- than its consumer for long: reading a file against sending it. When waiting is no way (a
-- sensor, a user), decide what is dropped: put_nowait and QueueFull, shown in the second half.
-- asyncio: asyncio.Queue(maxsize), put_nowait, QueueFull.

local loop = async.get_running_loop()
local begun = loop:time()
local function note(...) print(("%.1f s"):format(loop:time() - begun), ...) end

local queue = async.Queue(2)
do
  local group <close> = async.TaskGroup()
  group:spawn(function()
    for item in queue:items() do
      async.sleep(0.2)                         -- the slow side
      note("  sent " .. item)
    end
  end)
  for i = 1, 5 do
    queue:put(i)                               -- waits when two are in the queue
    note(("read %d, %d in the queue"):format(i, queue:qsize()))
  end
  queue:shutdown()
end

-- Dropping: measurements come whether anybody is ready or not.
local function measure(name, put)
  local measured = async.Queue(2)
  for i = 1, 5 do put(measured, i) end
  measured:shutdown()
  print(name, table.concat(async.iter(measured:items()):collect(), " "))
end

measure("drop the newest", function(q, item)
  if not q:full() then q:put_nowait(item) end
end)

-- For a maxsize of 2 or more: a single item may be promised to a task that waits for it already.
measure("drop the oldest", function(q, item)
  if q:full() then q:get_nowait() end
  q:put_nowait(item)
end)

-- Or wait for a while only.
local full = async.Queue(1)
full:put("first")
print(pcall(async.wait_for, full.put, 0.5, full, "second"))
print(pcall(full.put_nowait, full, "third"))

--[[ prints:
0.0 s	read 1, 1 in the queue
0.0 s	read 2, 2 in the queue
0.0 s	read 3, 2 in the queue
0.2 s	  sent 1
0.2 s	read 4, 2 in the queue
0.4 s	  sent 2
0.4 s	read 5, 2 in the queue
0.6 s	  sent 3
0.8 s	  sent 4
1.0 s	  sent 5
drop the newest	1 2
drop the oldest	4 5
false	TimeoutError: timed out after 0.5 seconds
false	QueueFull: Queue holds 1 items, its maxsize
]]
