-- Priorities without starving: urgent work first, but the rest gets its turn.
-- A PriorityQueue always gives the most urgent; under steady load the least urgent would wait for
-- ever. Two remedies: age (what waits becomes more urgent, here by a deadline as the key), and a
-- share for each class. Take the first for single jobs, the second for classes of customers.
-- asyncio: PriorityQueue with (deadline, job); the rest by hand as here.

local loop = async.get_running_loop()

local function names(list) return table.concat(list, " ") end

-- One worker; an urgent job comes as soon as one is done, so there is always one waiting.
local function run(queue, item)
  local order = {}
  for i = 1, 3 do queue:put(item("low" .. i, 9)) end
  for i = 1, 6 do
    queue:put(item("high" .. i, 1))
    local job = queue:get()
    async.sleep(0.1)
    order[#order + 1] = job.name
  end
  return order
end

local strict = async.PriorityQueue(0, { key = function(job) return job.priority end })
print("strict   ", names(run(strict, function(name, priority)
  return { name = name, priority = priority }
end)))

-- By deadline: a job of priority 9 should begin 0.25 seconds after it came, an urgent one at once.
-- Later urgent jobs have later deadlines, so that the old ones get their turn.
local patience = { [1] = 0, [9] = 0.25 }
local fair = async.PriorityQueue(0, { key = function(job) return job.due end })
print("deadlines", names(run(fair, function(name, priority)
  return { name = name, due = loop:time() + patience[priority] }
end)))

-- By shares: of each 3 jobs, 2 are of the first class as long as it has any.
local function next_by_share(first, second, turn)
  local preferred, other = first, second
  if turn % 3 == 0 then preferred, other = second, first end
  return (preferred:empty() and other or preferred):get()
end

local paying, free = async.Queue(), async.Queue()
for i = 1, 5 do paying:put("paying" .. i) end
for i = 1, 4 do free:put("free" .. i) end
local order = {}
for turn = 1, 9 do order[turn] = next_by_share(paying, free, turn) end
print("shares   ", names(order))

--[[ prints:
strict   	high1 high2 high3 high4 high5 high6
deadlines	high1 high2 high3 low1 low2 low3
shares   	paying1 paying2 free1 paying3 paying4 free2 paying5 free3 free4
]]
