-- Ending a queue: in order, or at once.
-- After shutdown put raises QueueShutDown; what is in the queue can still be taken, and then
-- get raises it too, so that every loop over items() ends. With `true` what is left is dropped.
-- A special item as end mark works for one consumer; with several, each needs one, which is
-- easily miscounted.
-- asyncio: Queue.shutdown(immediate=) of Python 3.13.

local function consumer(queue, name)
  return async.spawn(function()
    for item in queue:items() do
      async.sleep(0.1)
      print("  " .. name .. " did " .. item)
      queue:task_done()
    end
    print("  " .. name .. " ends")
  end)
end

local function fill(queue)
  for i = 1, 4 do queue:put("item " .. i) end
end

print("in order: what is in the queue is done first")
local queue = async.Queue()
fill(queue)
local a, b = consumer(queue, "a"), consumer(queue, "b")
queue:shutdown()
print(pcall(queue.put, queue, "late"))
async.gather(a, b)

print("at once: what nobody has begun is dropped")
queue = async.Queue()
fill(queue)
a, b = consumer(queue, "a"), consumer(queue, "b")
async.sleep(0.05)
queue:shutdown(true)
queue:join()                                   -- what was dropped counts as done
async.gather(a, b)

print("get, without a loop")
queue = async.Queue()
queue:put("last")
queue:shutdown()
print(queue:get())
print(pcall(queue.get, queue))

print("a producer that waits for room is woken, and learns it too")
queue = async.Queue(1)
queue:put(1)
local producer = async.spawn(pcall, queue.put, queue, 2)
async.sleep(0.1)
queue:shutdown()
print(await(producer))

--[[ prints:
in order: what is in the queue is done first
false	QueueShutDown: Queue has been shut down
  a did item 1
  b did item 2
  a did item 3
  a ends
  b did item 4
  b ends
at once: what nobody has begun is dropped
  a did item 1
  a ends
  b did item 2
  b ends
get, without a loop
last
false	QueueShutDown: Queue has been shut down
a producer that waits for room is woken, and learns it too
false	QueueShutDown: Queue has been shut down
]]
