local orders = dofile(debug.getinfo(1, "S").source:match("^@(.*/)") .. "orders.lua")

local function forever() async.sleep(math.huge) end

local function on_close(fn) return setmetatable({}, { __close = fn }) end

local function now() return async.get_running_loop():time() end

-- A task that runs fn and is cancelled a second later.
local function cancelled_task(fn)
  local task = async.spawn(fn)
  async.sleep(1)
  task:cancel()
  return task
end

test("C1a: one CancelledError for each request, at the current wait; afterwards waits work", function()
  local task = cancelled_task(function()
    raises(async.CancelledError, forever)
    equal(elapsed(async.sleep, 3), 3.0)
    return "cleaned up"
  end)
  equal(await(task), "cleaned up")
end)

test("C1b: a request made while the task does not wait comes at its next wait", function()
  orders.in_every_order(20, function()
    local requested = false
    local task = async.spawn(function()
      for _ = 1, 10 do
        local before = requested
        async.sleep(0)
        check(not before, "a wait went on with a request pending")
      end
    end)
    async.spawn(function()
      for _ = 1, 3 do async.sleep(0) end
      requested = task:cancel()
    end)
    async.wait { task }
    if not task:cancelled() then task:result() end
    equal(task:cancelled(), requested)
  end)
end)

test("C1c: cleanup that waits is ended by a second request alone", function()
  local ends, start = {}, nil
  local task = async.spawn(function()
    local first <close> = on_close(function() ends[#ends + 1] = { async.catch(async.sleep, 5), now() - start } end)
    forever()
  end)
  async.sleep(1)
  start = now()
  task:cancel()
  async.sleep(2)
  equal(#ends, 0)
  task:cancel()
  raises(async.CancelledError, await, task)
  equal(ends[1], { false, 2.0 })
end)

test("C1d: nor does an inner timeout or task group in the cleanup bring the request back", function()
  local inner = {
    function() raises(async.TimeoutError, async.timeout, 2, forever) end,
    function() raises(async.ExceptionGroup, async.with, async.TaskGroup(), function(tg)
      tg:spawn(error, "boom", 0)
      forever()
    end) end,
  }
  for _, fn in ipairs(inner) do
    local cleaned = false
    raises(async.TimeoutError, async.timeout, 1, function()
      local cleanup <close> = on_close(function()
        fn()
        async.sleep(3)
        cleaned = true
      end)
      forever()
    end)
    check(cleaned, "the cleanup was ended")
  end
end)

test("C1e: a request that comes within a scope is from outside, though it was made before the scope began", function()
  local slow = function()
    local cleanup <close> = on_close(function() async.sleep(3) end)
    forever()
  end
  local within = {
    function() async.timeout(1, slow) end, -- expires during the cleanup
    function() async.timeout(0, slow) end,
    function() async.with(async.TaskGroup(), function(tg)
      tg:spawn(function() error("boom", 0) end) -- cancels the group during the cleanup
      slow()
    end) end,
  }
  for i, fn in ipairs(within) do
    local task = async.spawn(function()
      async.current_task():cancel()
      local ok, err = async.catch(fn)
      check(not ok)
      if i == 3 then
        check(async.is(err, async.ExceptionGroup), tostring(err)) -- an error goes before, and the request comes again
        forever()
      end
      error(err, 0)
    end)
    raises(async.CancelledError, await, task)
  end
end)

test("C2a: cancelling counts the requests, uncancel takes one back and gives the rest", function()
  local task = async.spawn(function()
    async.catch(forever)
    local task = async.current_task()
    local counts = { task:cancelling(), task:uncancel(), task:uncancel(), task:uncancel() }
    async.sleep(1)
    return counts
  end)
  async.sleep(1)
  task:cancel()
  task:cancel()
  equal(await(task), { 2, 1, 0, 0 })
end)

test("C2b: uncancel to zero takes back a request that was not delivered yet", function()
  local task = async.spawn(function()
    local task = async.current_task()
    task:cancel()
    task:uncancel()
    return async.sleep(1, "went on")
  end)
  equal(await(task), "went on")
end)

test("C3: a result that is there when the time is over wins over the timeout", function()
  orders.in_every_order(30, function()
    local future = async.Future()
    async.get_running_loop():call_later(1, future.set_result, future, "there")
    equal(async.timeout(1, await, future), "there")
    local queue = async.Queue()
    async.get_running_loop():call_later(1, queue.put_nowait, queue, "there")
    equal(async.timeout(1, queue.get, queue), "there")
  end)
end)

test("C4: an outer cancel wins over a timeout of the same turn, whichever came first", function()
  for _, cancel_first in ipairs { true, false } do
    local task
    local function cancel_at(when) async.get_running_loop():call_at(when, function() task:cancel("outer") end) end
    local when = now() + 1
    if cancel_first then cancel_at(when) end
    task = async.spawn(function() async.timeout_at(when, forever) end)
    async.sleep(0)
    if not cancel_first then cancel_at(when) end
    equal(raises(async.CancelledError, await, task).message, "outer")
    check(task:cancelled() and task:cancelling() == 1)
  end
end)

test("C5a: a timeout turns its own cancellation into a TimeoutError, and the request is gone", function()
  local scope = async.timeout(1)
  raises(async.TimeoutError, async.with, scope, forever)
  check(scope:expired())
  equal({ async.current_task():cancelling(), elapsed(async.sleep, 1) }, { 0, 1.0 })
end)

test("C5b: a CancelledError from outside passes, also while the expired work cleans up", function()
  for _, at in ipairs { 1, 3 } do
    local task = async.spawn(function()
      async.timeout(2, function()
        local cleanup <close> = on_close(function() async.sleep(5) end)
        forever()
      end)
    end)
    async.sleep(at)
    task:cancel("outside")
    equal(raises(async.CancelledError, await, task).message, "outside")
  end
end)

test("C5c: a CancelledError that the work raised by itself passes a timeout that has not expired", function()
  local err = async.CancelledError("own")
  check(rawequal(raises(async.CancelledError, async.timeout, 9, error, err), err))
end)

test("C6a: inner and outer scope that expire together each convert their own", function()
  orders.in_every_order(10, function()
    local inner, outer = async.timeout(1), async.timeout(1)
    local inside
    raises(async.TimeoutError, async.with, outer, function()
      inside = raises(async.TimeoutError, async.with, inner, forever)
      async.sleep(5)
      error("the outer one is forgotten")
    end)
    check(inside and inner:expired() and outer:expired())
    equal(async.current_task():cancelling(), 0)
  end)
end)

test("C6b: an inner scope that expires while the work cleans up for the outer one leaves that its own", function()
  local reached = 0
  raises(async.TimeoutError, async.timeout, 1, function()
    raises(async.TimeoutError, async.timeout, 2, function()
      local cleanup <close> = on_close(function() async.sleep(5) end)
      forever()
    end)
    reached = 1
    async.sleep(1)
    reached = 2
  end)
  equal(reached, 1)
end)

test("C7: timeout(0) and a deadline in the past let the body run to its first wait", function()
  local scopes = {
    function() return async.timeout(0) end,
    function() return async.timeout(-1) end,
    function() return async.timeout_at(now() - 5) end,
    function() return async.timeout_at(0) end,
  }
  for _, scope in ipairs(scopes) do
    local reached = 0
    raises(async.TimeoutError, async.with, scope(), function()
      reached = 1
      async.sleep(1)
      reached = 2
    end)
    equal(reached, 1)
  end
  equal(async.timeout(0, function() return "no wait" end), "no wait")
end)

test("C8: reschedule after expiry is a RuntimeError", function()
  local scope = async.timeout(1)
  raises(async.TimeoutError, async.with, scope, function()
    async.catch(forever)
    raises(async.RuntimeError, scope.reschedule, scope, now() + 5)
    async.sleep(0)
    error(async.CancelledError())
  end)
  raises(async.RuntimeError, scope.reschedule, scope, now() + 5)
end)

test("C9a: infinity and nil never expire", function()
  for _, seconds in ipairs { math.huge, false } do
    equal(async.timeout(seconds or nil, async.sleep, 1e6, "slept"), "slept")
    equal(async.timeout(seconds or nil):when(), math.huge)
  end
  equal(async.wait_for(async.spawn(async.sleep, 1e6, "slept"), nil), "slept")
end)

test("C9b: NaN is a ValueError, what is no number a TypeError, negative is like 0", function()
  local nan = 0 / 0
  for _, fn in ipairs { async.sleep, async.timeout, async.timeout_at } do
    raises(async.ValueError, fn, nan)
    raises(async.TypeError, fn, "soon")
    raises(async.TypeError, fn, {})
  end
  raises(async.ValueError, async.wait_for, print, nan)
  equal(elapsed(async.sleep, -1), 0.0)
  equal(elapsed(async.sleep, -math.huge), 0.0)
end)

test("C10a: wait_for waits until the cancelled work has ended", function()
  local ended
  local task = async.spawn(function()
    local cleanup <close> = on_close(function()
      async.sleep(3)
      ended = true
    end)
    forever()
  end)
  equal(elapsed(raises, async.TimeoutError, async.wait_for, task, 1), 4.0)
  check(ended and task:cancelled())
end)

test("C10b: when that work returns a value just then, the value is the answer", function()
  local task = async.spawn(function()
    async.catch(forever)
    return async.sleep(1, "after all")
  end)
  equal(async.wait_for(task, 1), "after all")
end)

test("C11a: CancelledError passes through pcall and xpcall", function()
  for _, protected in ipairs { pcall, function(fn) return xpcall(fn, debug.traceback) end } do
    local passed = true
    local task = cancelled_task(function()
      protected(forever)
      passed = false
    end)
    raises(async.CancelledError, await, task)
    check(passed and task:cancelled())
  end
end)

test("C11b: and through coroutine.resume and coroutine.wrap, whose coroutine is dead then", function()
  local co = coroutine.create(forever)
  local wrapped = coroutine.wrap(forever)
  for _, resume in ipairs { function() return coroutine.resume(co) end, wrapped } do
    local passed = true
    local task = cancelled_task(function()
      resume()
      passed = false
    end)
    raises(async.CancelledError, await, task)
    check(passed and task:cancelled())
  end
  equal(coroutine.status(co), "dead")
end)

test("C11c: and through all of them at once, nested, and an instance of a derived class as well", function()
  local Derived = async.class("Derived", async.CancelledError)
  for _, raise in ipairs { forever, function() error(Derived()) end } do
    local task = cancelled_task(function()
      pcall(function()
        coroutine.wrap(function()
          local outer <close> = on_close(function() end)
          xpcall(function()
            coroutine.resume(coroutine.create(function()
              local inner <close> = on_close(function() async.sleep(1) end)
              pcall(raise)
            end))
          end, print)
        end)()
      end)
      return "caught"
    end)
    raises(async.CancelledError, await, task)
  end
end)

test("C11d: async.catch catches it, and so does except(CancelledError), but not except(fn)", function()
  local task = cancelled_task(function()
    local ok, err = async.catch(forever)
    check(not ok and err:is(async.CancelledError))
    return async.try(function() error(err, 0) end, async.except(async.CancelledError, function() return "excepted" end))
  end)
  equal(await(task), "excepted")
  task = cancelled_task(function() async.try(forever, async.except(function() return "caught" end)) end)
  raises(async.CancelledError, await, task)
end)

test("C12: <close> handlers run in reverse order with the CancelledError, and may wait", function()
  local seen = {}
  local function handler(name)
    return on_close(function(_, err)
      equal(elapsed(async.sleep, 1), 1.0)
      seen[#seen + 1] = name .. " " .. tostring(async.is(err, async.CancelledError))
    end)
  end
  local task = cancelled_task(function()
    local a <close> = handler("a")
    pcall(function()
      local b <close> = handler("b")
      local c <close> = handler("c")
      forever()
    end)
  end)
  raises(async.CancelledError, await, task)
  equal(seen, { "c true", "b true", "a true" })
end)

test("C13: an error raised by a handler replaces the cancellation, for the outer handlers as well", function()
  local outer
  local task = cancelled_task(function()
    local a <close> = on_close(function(_, err) outer = err end)
    local b <close> = on_close(function() error("cleanup failed", 0) end)
    forever()
  end)
  raises("cleanup failed", await, task)
  equal({ outer, task:cancelled(), task:exception() }, { "cleanup failed", false, "cleanup failed" })
end)

test("C14: a task that swallows its cancellation and returns keeps its result", function()
  local task = cancelled_task(function()
    async.catch(forever)
    return "result", 2
  end)
  equal({ await(task) }, { "result", 2 })
  equal({ task:cancelled(), task:exception() == nil }, { false, true })
end)

test("C15: wherever a piece of work is cancelled, its handlers run once each and no scope stays behind", function()
  local runs = orders.cancelled_everywhere(3, function()
    local opened, closed = 0, 0
    local function handler()
      opened = opened + 1
      return on_close(function()
        closed = closed + 1
        async.sleep(1)
      end)
    end
    local task = async.spawn(function()
      local a <close> = handler()
      pcall(async.timeout, 2, function()
        local b <close> = handler()
        async.sleep(1)
        local tg <close> = async.TaskGroup()
        tg:spawn(function()
          local c <close> = handler()
          async.sleep(3)
        end)
        async.gather(async(async.sleep)(1), async(async.sleep)(5))
      end)
      return async.current_task():cancelling()
    end)
    async.wait { task }
    equal(closed, opened)
    check(task:cancelled() or task:result() == 0)
  end)
  check(runs > 20)
end)

-- Cancels one of three tasks, each of which waits for the next one.
local function cancel_one_of_a_circle(...)
  local waits = { ... }
  for first = 1, 3 do
    orders.in_every_order(5, function()
      local tasks = {}
      for i, wait in ipairs(waits) do
        tasks[i] = async.spawn(function() wait(tasks[i % 3 + 1]) end)
      end
      async.sleep(1)
      tasks[first]:cancel()
      equal(#async.wait(tasks, { timeout = 10 }), 3)
      for _, task in ipairs(tasks) do check(task:cancelled(), task) end
    end)
  end
end

test("C16a: a circle of tasks that await each other ends when one is cancelled", function()
  cancel_one_of_a_circle(await, await, await)
end)

test("C16b: so does one of tasks that wait for several", function()
  local function grouped(task)
    local tg <close> = async.TaskGroup()
    tg:spawn(await, task)
  end
  cancel_one_of_a_circle(async.gather, async.gather, async.gather)
  cancel_one_of_a_circle(await, async.gather, async.race)
  cancel_one_of_a_circle(grouped, async.any, grouped)
end)
