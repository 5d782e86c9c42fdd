-- Very many tasks: one for each thing that waits, a hundred thousand of them here. A task that
-- waits costs about 1.4 KB and no processor time, so no pool is needed to have few of them. What is
-- scarce is behind them: sockets, the memory of what each holds, the service that they ask; bound
-- that. `neap many_tasks.lua 1000000` makes a million, which take 9 seconds and 1.7 GB (mostly the
-- tasks' coroutines and closures); 100,000 take one second.
-- asyncio: the same; a task takes about as much there.
local count = tonumber((...)) or 100000
print(count .. " tasks")

-- All of them wait for one event.
local start, finished = async.Event(), 0
collectgarbage()
local kilobytes = collectgarbage("count")
do
  local group <close> = async.TaskGroup()
  for _ = 1, count do
    group:spawn(function()
      start:wait()
      finished = finished + 1
    end)
  end
  async.sleep(0) -- each runs to its wait
  kilobytes = collectgarbage("count") - kilobytes
  print("waiting:", #async.all_tasks() - 1)
  print("less than 3 KB each:", kilobytes / count < 3)
  start:set()
end
print("finished:", finished)

-- The same with few tasks at a time, for items that need something scarce or are not all known yet:
-- here at most 1000 exist at once, however many items there are.
local function items()
  local i = 0
  return function()
    i = i + 1
    return i <= count and i or nil
  end
end

local sum, alive, most = 0, 0, 0
async.map(items(), function(i)
  alive = alive + 1
  most = math.max(most, alive)
  async.sleep(0)
  sum = sum + i
  alive = alive - 1
end, { limit = 1000 })
print("sum:", sum, "most at once:", most)

--[[ prints:
100000 tasks
waiting:	100000
less than 3 KB each:	true
finished:	100000
sum:	5000050000	most at once:	1000
]]
