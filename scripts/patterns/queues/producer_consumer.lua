-- Producer and consumer: one makes items, the other works on them, each at its own pace.
-- The queue joins the two without either knowing the other. task_done says that an item has
-- been dealt with, join waits until all have; shutdown ends the loop of the consumer. When one
-- side only calls the other in turn, a generator is simpler.
-- asyncio: asyncio.Queue, task_done, join, shutdown.

local loop = async.get_running_loop()
local begun = loop:time()
local function note(...) print(("%.1f s"):format(loop:time() - begun), ...) end

local queue = async.Queue()

local function produce()
  for _, name in ipairs { "apple", "pear", "plum" } do
    async.sleep(0.1)
    queue:put(name)
    note("put " .. name)
  end
end

local function consume()
  for name in queue:items() do                 -- until the queue is shut down and empty
    async.sleep(0.3)
    note("  peeled " .. name)
    queue:task_done()
  end
  note("  no more")
end

local consumer = async.spawn(consume)
produce()
note("all are put, " .. queue:qsize() .. " wait")
queue:join()                                   -- every item has been dealt with
note("all are peeled")
queue:shutdown()
await(consumer)

--[[ prints:
0.1 s	put apple
0.2 s	put pear
0.3 s	put plum
0.3 s	all are put, 2 wait
0.4 s	  peeled apple
0.7 s	  peeled pear
1.0 s	  peeled plum
1.0 s	all are peeled
1.0 s	  no more
]]
