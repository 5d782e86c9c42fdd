-- Waiters that were cancelled leave nothing behind, and leave in constant time.

local kCount = 50000

-- Name; makes a primitive; what waits for it, a function or the name of a method, and what that is given besides.
local kinds = {
  { "Lock", function() return async.Lock():acquire() end, "acquire" },
  { "Event", function() return async.Event() end, "wait" },
  { "Semaphore", function() return async.Semaphore(0) end, "acquire" },
  { "BoundedSemaphore", function() return async.BoundedSemaphore(1):acquire() end, "acquire" },
  { "Barrier", function() return async.Barrier(kCount + 1) end, "wait" },
  { "Condition", async.Condition, function(condition)
    local held <close> = condition:acquire()
    condition:wait()
  end },
  { "Channel", async.Channel, "receive" },
}
for _, name in ipairs { "Queue", "LifoQueue", "PriorityQueue" } do
  kinds[#kinds + 1] = { name .. " (get)", function() return async[name]() end, "get" }
  kinds[#kinds + 1] = { name .. " (put)", function()
    local queue = async[name](1)
    queue:put(0)
    return queue
  end, "put", 1 }
end

-- Lets so many tasks wait and cancels them, from the first on or from the last; the processor's time and the
-- instructions of Lua that the cancelling took.
local function round(object, wait, item, count, backward)
  local tasks = {}
  local idle = tostring(object)
  for i = 1, count do tasks[i] = async.spawn(wait, object, item) end
  async.sleep(0)
  check(tostring(object):find(tostring(count), 1, true), tostring(object))
  local instructions, start = 0, os.clock()
  debug.sethook(function() instructions = instructions + 100 end, "", 100)
  for i = 1, count do tasks[backward and count + 1 - i or i]:cancel() end
  debug.sethook()
  local took = os.clock() - start
  equal(tostring(object), idle)
  async.wait(tasks)
  check(tasks[1]:cancelled() and tasks[count]:cancelled())
  return took, instructions
end

local function memory()
  collectgarbage()
  collectgarbage()
  return collectgarbage("count")
end

for _, kind in ipairs(kinds) do
  local name, make, wait, item = table.unpack(kind)
  test(name .. ": 100,000 cancelled waiters leave in constant time and nothing behind", function()
    local object = make()
    local fn = type(wait) == "string" and object[wait] or wait
    local few, few_instructions = round(object, fn, item, kCount // 10)
    local forward, forward_instructions = round(object, fn, item, kCount)
    local before = memory()
    local backward, backward_instructions = round(object, fn, item, kCount, true)
    check(memory() - before < 200, ("%.0f KB more"):format(memory() - before))
    check(few_instructions > kCount // 10, "the instructions were not counted")
    check(math.max(forward_instructions, backward_instructions) < 15 * few_instructions)
    -- Ten times as many take ten times as long. Looking for each in the queue would take a hundred times as long.
    check(math.max(forward, backward) < 30 * few + 0.3,
      ("%.3f s for a tenth, %.3f s forward, %.3f s backward"):format(few, forward, backward))
  end)
end
