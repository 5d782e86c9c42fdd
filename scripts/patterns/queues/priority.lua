-- PriorityQueue: the least item first.
-- Lists are compared item by item, as Python's tuples are; equal ones leave in the order in
-- which they came. With `key` and `less` the items may be anything. Use it for work that is
-- urgent to different degrees. Nothing in it ages by itself: see priorities.lua for work that
-- would wait for ever.
-- asyncio: asyncio.PriorityQueue.

-- Lists: { priority, item }.
local queue = async.PriorityQueue()
queue:put { 5, "clean up" }
queue:put { 1, "answer the door" }
queue:put { 3, "cook" }
queue:put { 3, "answer the mail" }             -- equal at first: then by the second item
queue:shutdown()
for item in queue:items() do print(item[1], item[2]) end

-- Objects, by a key: what is equal leaves in the order of arrival.
local jobs = async.PriorityQueue(0, { key = function(job) return job.due end })
jobs:put { name = "report", due = 17 }
jobs:put { name = "call", due = 9 }
jobs:put { name = "mail", due = 9 }
jobs:shutdown()
for job in jobs:items() do print(job.due, job.name) end

-- The other way round: `less(a, b)` says which comes first.
local largest = async.PriorityQueue(0, { less = function(a, b) return a > b end })
for _, n in ipairs { 3, 1, 4, 1, 5 } do largest:put(n) end
print(largest:get(), largest:get(), largest:get())

-- Consumers see the order among what is there; whoever waits gets what comes, at once.
local tasks = async.PriorityQueue()
local consumer = async.spawn(function()
  for task in tasks:items() do
    print("began", task[2])
    async.sleep(0.2)
  end
end)
async.sleep(0)
tasks:put { 9, "unimportant, but the first" }
async.sleep(0.1)
tasks:put { 5, "middling" }
tasks:put { 1, "urgent" }
tasks:shutdown()
await(consumer)

-- What cannot be compared is refused when it is put, and the queue stays as it was.
local mixed = async.PriorityQueue()
mixed:put(1)
print(select(2, pcall(mixed.put, mixed, "two")))
print(mixed:qsize())

--[[ prints:
1	answer the door
3	answer the mail
3	cook
5	clean up
9	call
9	mail
17	report
5	4	3
began	unimportant, but the first
began	urgent
began	middling
TypeError: a PriorityQueue cannot compare string with number; give it the option key or less
1
]]
