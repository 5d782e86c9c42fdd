-- No item is lost or comes twice, each comes when it is its turn, and nobody waits for what is there.
local storm, items = support "storm", support "items"

-- Which of two items leaves first; `woken` numbers them as they came in.
local better = {
  Queue = function(a, b) return a.woken < b.woken end,
  LifoQueue = function(a, b) return a.woken > b.woken end,
  PriorityQueue = function(a, b)
    if a.priority ~= b.priority then return a.priority < b.priority end
    return a.woken < b.woken
  end,
}

local make = {
  Queue = async.Queue,
  LifoQueue = async.LifoQueue,
  PriorityQueue = function(maxsize)
    return async.PriorityQueue(maxsize, { key = function(item) return item.priority end })
  end,
}

local FAILED = {} -- raised by comparisons

-- A PriorityQueue some of whose comparisons fail: what could not be put is not in it, what could not be got still is.
local function make_unsure(maxsize, chance)
  return async.PriorityQueue(maxsize, {
    key = function(item) return item.priority end,
    less = function(a, b)
      if math.random() < chance.of_failure then error(FAILED, 0) end
      return a < b
    end,
  })
end

local function scenario(name, shuts_down, unsure)
  return function(world)
    local maxsize = math.random(0, 4)
    local chance = { of_failure = unsure and 0.15 or 0 }
    local queue = unsure and make_unsure(maxsize, chance) or make[name](maxsize)
    local inside = items(better[name])
    local put_line, get_line, join_line = world:line("put"), world:line("get"), world:line("join")
    local puts, gets, done, shut = 0, 0, 0, nil
    local shut_at = shuts_down and math.random(world.operations * 3 // 4, world.operations)
    local promised, cancelled = 0, 0 -- since an immediate shutdown

    local function entered(item) inside:add(item) end

    -- A call that a full, empty or shut down queue may refuse.
    local function call(line, ticket, refusal, fn, ...)
      local was_shut = shut
      local ok, passed, value = async.catch(world.call, world, line, ticket, fn, ...)
      if ok then
        check(not (passed and was_shut and line == put_line), "put into a queue that is shut down")
        return passed, value
      end
      if async.is(passed, async.QueueShutDown) then
        check(shut, "nobody has shut down the queue")
        return false
      end
      if passed == FAILED then return false end
      if refusal and async.is(passed, refusal) then return false end
      return false, nil, passed
    end

    local function put()
      local item = { priority = math.random(3), on_woken = entered }
      local nowait = math.random() < 0.2
      local fn = nowait and queue.put_nowait or queue.put
      local passed, _, err = call(put_line, item, nowait and async.QueueFull, fn, queue, item)
      if passed then
        inside:confirm(item)
        puts = puts + 1
      else
        inside:withdraw(item)
        if err then error(err, 0) end
      end
    end

    local function task_done()
      done = done + 1
      queue:task_done()
    end

    local function get()
      local nowait = math.random() < 0.2
      local fn = nowait and queue.get_nowait or queue.get
      local passed, item, err = call(get_line, {}, nowait and async.QueueEmpty, fn, queue)
      if not passed and shut then cancelled = cancelled + 1 end
      if err then error(err, 0) end
      if not passed then return end
      gets, promised = gets + 1, promised - 1
      inside:take(item)
      local out <close> = setmetatable({}, { __close = task_done })
      world:cancel_somebody()
      if math.random() < 0.2 then world:pause() end
    end

    local function join()
      local before = puts
      if world:call(join_line, {}, queue.join, queue) and not shut then
        check(done >= before, "joined before all was done")
      end
    end

    local function put_now()
      local item = { priority = math.random(3) }
      queue:put_nowait(item)
      puts, world.time = puts + 1, world.time + 1
      item.woken = world.time
      inside:confirm(item)
    end

    local function without_failures(fn)
      local before = chance.of_failure
      local out <close> = setmetatable({}, { __close = function() chance.of_failure = before end })
      chance.of_failure = 0
      fn()
    end

    -- Some for getters, and some more.
    local function put_several()
      for _ = 1, math.random(0, 4) do
        if not queue:full() then put_now() end
      end
    end

    local function shutdown()
      put_several()
      shut = math.random() < 0.5 and "immediate" or "in time"
      world:cancel_somebody()
      queue:shutdown(shut == "immediate")
      world:cancel_somebody()
      if shut == "in time" then return end
      promised = queue:qsize()
      inside.unordered = name == "PriorityQueue" -- the getters that have been promised an item get any of them
    end

    return {
      step = function()
        if shut_at and not shut and world.steps >= shut_at then return shutdown() end
        local what = math.random()
        if what < 0.03 then return join() end
        if what < 0.06 and not shut and #inside < 20 then return without_failures(put_several) end
        if what < 0.52 and not (maxsize == 0 and #inside > 20) then return put() end
        get()
      end,
      quiet = function()
        if not shut then
          check(#inside == 0 or get_line:waiting() == 0, "there are items, and tasks wait for one")
          check(maxsize > 0 and #inside >= maxsize or put_line:waiting() == 0, "there is room, and tasks wait for it")
          check(puts > done or join_line:waiting() == 0, "all is done, and tasks wait for that")
        else
          equal(get_line:waiting() + put_line:waiting(), 0)
        end
        equal(queue:qsize(), shut == "immediate" and 0 or #inside)
        equal(tostring(queue), ("<%s size=%d%s getters=%d putters=%d%s>"):format(name, queue:qsize(),
          maxsize > 0 and "/" .. maxsize or "", get_line:waiting(), put_line:waiting(), shut and " shut down" or ""))
      end,
      nudge = function()
        without_failures(function()
          if get_line:waiting() > 0 then
            put_now()
          elseif not queue:empty() then
            inside:take(queue:get_nowait())
            gets = gets + 1
            task_done()
          end
        end)
      end,
      finish = function()
        chance.of_failure = 0
        put_line:check_order()
        get_line:check_order()
        equal(queue:qsize(), shut == "immediate" and 0 or #inside)
        while not queue:empty() do
          inside:take(queue:get_nowait())
          gets = gets + 1
          task_done()
        end
        if shut == "immediate" then
          check(promised <= cancelled, "an item that was promised is lost")
        else
          equal({ gets, #inside }, { puts, 0 })
        end
        queue:join()
        misuse(async.ValueError, queue.task_done, queue)
        return gets
      end,
    }
  end
end

for _, name in ipairs { "Queue", "LifoQueue", "PriorityQueue" } do
  storm.tests(name, scenario(name), { storms = 10 })
  storm.tests(name .. " with a shutdown", scenario(name, true), { storms = 50, workers = 10, operations = 25000 })
end

storm.tests("PriorityQueue whose comparisons fail", scenario("PriorityQueue", false, true),
  { storms = 10, operations = 25000 })
