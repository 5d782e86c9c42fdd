-- A million tasks, a hundred at a time, in the memory of a hundred.

local kTasks, kLimit = sanitized and 20000 or 1000000, 100

-- Calls spawn(i) for each task; the memory must not grow after the first tenth. Returns when all have been spawned.
local function flat(spawn)
  local tenth, most = kTasks // 10, nil
  for i = 1, kTasks do
    spawn(i)
    if i % tenth == 0 then
      collectgarbage()
      local now = collectgarbage("count")
      most = most or now + 100
      check(now < most, ("%.0f KB after %d tasks, %.0f KB after %d"):format(now, i, most - 100, tenth))
    end
  end
end

local function counter()
  local count = { running = 0, most = 0, ended = 0 }
  function count.work()
    count.running = count.running + 1
    if count.running > count.most then count.most = count.running end
    async.sleep(1)
    count.running, count.ended = count.running - 1, count.ended + 1
  end
  return count
end

test("a million tasks, held back by a Semaphore", function()
  local count, permits = counter(), async.Semaphore(kLimit)
  local function work()
    count.work()
    permits:release()
  end
  flat(function()
    permits:acquire()
    async.spawn(work)
  end)
  for _ = 1, kLimit do permits:acquire() end
  equal({ count.ended, count.most, count.running }, { kTasks, kLimit, 0 })
end)

test("a million tasks of one TaskGroup, held back by a Semaphore", function()
  local count, permits = counter(), async.Semaphore(kLimit)
  local function work()
    count.work()
    permits:release()
  end
  do
    local group <close> = async.TaskGroup()
    flat(function()
      permits:acquire()
      group:spawn(work)
    end)
  end
  equal({ count.ended, count.most, count.running }, { kTasks, kLimit, 0 })
end)

test("a million calls of async.map, held back by its limit", function()
  local count = counter()
  local source = coroutine.wrap(function() flat(coroutine.yield) end)
  local results = async.map(source, count.work, { limit = kLimit })
  equal({ results.n, count.ended, count.most, count.running }, { kTasks, kTasks, kLimit, 0 })
end)
