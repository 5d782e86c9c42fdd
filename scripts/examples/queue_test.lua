-- A pool of workers behind a bounded queue, and its tests. Run them with either of
--
--   neap test scripts/examples
--   neap scripts/examples/queue_test.lua --shuffle
local t = require "neap.test"
local test, describe, expect = t.test, t.describe, t.expect

-- Pool.new(workers, capacity, work): jobs given to `submit` are done by work(job), by so many workers at once. `submit`
-- waits while `capacity` jobs are in the queue. Leaving the pool's block waits for the jobs that were submitted.
local Pool = {}
Pool.__index = Pool

function Pool.new(workers, capacity, work)
  local pool = setmetatable({ queue = async.Queue(capacity), group = async.TaskGroup(), results = {} }, Pool)
  for _ = 1, workers do
    pool.group:spawn(function()
      for job in pool.queue:items() do pool.results[job] = work(job) end
    end)
  end
  return pool
end

function Pool:submit(job)
  self.queue:put(job)
end

function Pool:__close(err)
  self.queue:shutdown(err ~= nil) -- the workers end when the queue is empty; after an error at once
  local group <close> = self.group
end

describe("a pool of workers", function()
  local running, most

  -- A job that takes a second, and counts how many run beside it.
  local function slow_square(n)
    running = running + 1
    most = math.max(most, running)
    async.sleep(1)
    running = running - 1
    return n * n
  end

  t.before_each(function() running, most = 0, 0 end)

  test("does every job", { clock = "virtual" }, function()
    local pool = Pool.new(2, 2, slow_square)
    do
      local open <close> = pool
      for n = 1, 4 do pool:submit(n) end
    end
    expect(pool.results):to_equal({ 1, 4, 9, 16 })
  end)

  test("does as many at once as it has workers", function()
    local clock = t.clock()
    do
      local pool <close> = Pool.new(3, 10, slow_square)
      for n = 1, 9 do pool:submit(n) end
    end
    expect(most):to_be(3)
    expect(clock:time()):to_be(3)
  end)

  test("makes who submits wait while the queue is full", function()
    local clock = t.clock()
    local pool <close> = Pool.new(1, 1, slow_square)
    pool:submit(1) -- is taken by the worker
    async.sleep(0)
    pool:submit(2) -- waits in the queue
    expect(clock:time()):to_be(0)
    pool:submit(3) -- only when there is room again
    expect(clock:time()):to_be(1)
  end)

  test("ends with the error of a job", { clock = "virtual" }, function()
    local err = t.raises(async.ExceptionGroup, function()
      local pool <close> = Pool.new(2, 2, function() error(async.ValueError("bad job")) end)
      pool:submit(1)
    end)
    expect(err.exceptions[1]):to_be_a(async.ValueError)
  end)

  test("gives the same results in every order of its tasks", function()
    t.explore(function()
      local pool = Pool.new(3, 2, function(n)
        async.sleep(n % 2)
        return -n
      end)
      do
        local open <close> = pool
        for n = 1, 5 do pool:submit(n) end
      end
      expect(pool.results):to_equal({ -1, -2, -3, -4, -5 })
    end, { seeds = 100, cancel = false })
  end)

  test("leaves nothing behind when a worker is cancelled", function()
    t.explore(function()
      local pool <close> = Pool.new(2, 10, function() async.sleep(1) end)
      for n = 1, 4 do pool:submit(n) end
    end, { seeds = 0 })
  end)
end)
