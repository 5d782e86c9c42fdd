local orders = dofile(debug.getinfo(1, "S").source:match("^@(.*/)") .. "orders.lua")

local function forever() async.sleep(math.huge) end

-- What a child or a body does that fails after so many seconds.
local function fails(message, seconds)
  return function()
    async.sleep(seconds or 0)
    error(message, 0)
  end
end

local function messages(group)
  check(async.is(group, async.ExceptionGroup), tostring(group))
  local list = {}
  for i, err in ipairs(group.exceptions) do list[i] = tostring(err) end
  return list
end

test("G1a: when children fail while their parent is cancelled, errors win, and the cancel is pending still", function()
  orders.in_every_order(20, function()
    local list, second
    local task = async.spawn(function()
      list = messages(raises(async.ExceptionGroup, async.with, async.TaskGroup(), function(tg)
        tg:spawn(function()
          async.catch(forever)
          error("child", 0)
        end)
        forever()
      end))
      second = raises(async.CancelledError, async.sleep, 0)
      async.sleep(1)
    end)
    async.sleep(1)
    task:cancel("outer")
    await(task)
    equal({ list, second.message, task:cancelling() }, { { "child" }, "outer", 1 })
  end)
end)

test("G1b: so it is when the parent is cancelled by a timeout or a group around it", function()
  local function inner()
    equal(messages(raises(async.ExceptionGroup, async.with, async.TaskGroup(), function(tg)
      tg:spawn(function()
        async.catch(forever)
        error("child", 0)
      end)
      forever()
    end)), { "child" })
    async.sleep(5)
    error("the request was lost")
  end
  equal(elapsed(raises, async.TimeoutError, async.timeout, 1, inner), 1.0)
  equal(messages(raises(async.ExceptionGroup, async.with, async.TaskGroup(), function(tg)
    tg:spawn(fails("outer", 1))
    inner()
  end)), { "outer" })
end)

test("G2: an outer cancel in the turn in which an inner child fails is not lost, in nested groups either", function()
  orders.in_every_order(30, function()
    local went_on = false
    local task = async.spawn(function()
      local ok, err = async.catch(async.with, async.TaskGroup(), function(outer)
        outer:spawn(forever)
        async.with(async.TaskGroup(), function(inner)
          inner:spawn(fails("inner", 1))
          forever()
        end)
      end)
      check(not ok)
      local cancelled = async.is(err, async.CancelledError)
      if not cancelled then cancelled = not async.catch(async.sleep, 5) end
      went_on = not cancelled
    end)
    async.spawn(function()
      async.sleep(1)
      task:cancel()
    end)
    await(task)
    check(not went_on, "the outer cancel was lost")
  end)
end)

test("G3: a single error still comes as a group", function()
  local function errors(body) return messages(raises(async.ExceptionGroup, async.with, async.TaskGroup(), body)) end
  equal(errors(function(tg) tg:spawn(fails("child")) end), { "child" })
  equal(errors(function() error("body", 0) end), { "body" })
end)

test("G4a: the body's error comes first, then the children's in the order in which they ended", function()
  local err = raises(async.ExceptionGroup, async.with, async.TaskGroup(), function(tg)
    for _, seconds in ipairs { 3, 1, 2 } do
      tg:spawn(function()
        async.catch(forever)
        async.sleep(seconds)
        error("after " .. seconds, 0)
      end)
    end
    async.sleep(1)
    error("body", 0)
  end)
  equal(messages(err), { "body", "after 1", "after 2", "after 3" })
end)

test("G4b: the errors are all that are no cancellation, in every order", function()
  orders.in_every_order(20, function()
    local err = raises(async.ExceptionGroup, async.with, async.TaskGroup(), function(tg)
      tg:spawn(fails("a", 1))
      tg:spawn(forever)
      tg:spawn(function()
        async.catch(forever)
        error("cleanup", 0)
      end)
      forever()
    end)
    equal(messages(err), { "a", "cleanup" })
    equal(async.current_task():cancelling(), 0)
  end)
end)

test("G5a: tg:cancel() ends the children without an error; with async.with the body too", function()
  orders.in_every_order(10, function()
    local ended, child = true, nil
    async.with(async.TaskGroup(), function(tg)
      child = tg:spawn(forever)
      tg:spawn(function()
        async.sleep(1)
        tg:cancel()
      end)
      forever()
      ended = false
    end)
    check(ended and child:cancelled())
    equal({ async.current_task():cancelling(), elapsed(async.sleep, 1) }, { 0, 1.0 })
  end)
end)

test("G5b: with <close> the body goes on", function()
  local child
  do
    local tg <close> = async.TaskGroup()
    child = tg:spawn(forever)
    tg:cancel()
    equal(elapsed(async.sleep, 2), 2.0)
  end
  check(child:cancelled())
end)

test("G6: a child made after the group began to shut down is refused, and its function is never called", function()
  local called = false
  local function child() called = true end
  local tg = async.TaskGroup()
  local refused
  raises(async.ExceptionGroup, async.with, tg, function()
    tg:spawn(function()
      local late <close> = setmetatable({}, {
        __close = function() refused = raises(async.RuntimeError, tg.spawn, tg, child) end,
      })
      forever()
    end)
    tg:spawn(fails("a", 1))
  end)
  check(refused)
  raises(async.RuntimeError, tg.spawn, tg, child)
  raises(async.RuntimeError, tg.create_task, tg, child)
  async.sleep(1)
  check(not called)
end)

test("G7: a child may make siblings while the group is open, also when the body has ended", function()
  orders.in_every_order(10, function()
    local depth = 0
    do
      local tg <close> = async.TaskGroup()
      local function descend()
        async.sleep(1)
        depth = depth + 1
        if depth < 5 then tg:spawn(descend) end
      end
      tg:spawn(descend)
    end
    equal(depth, 5)
  end)
end)

test("G8a: gather of the same awaitable twice runs it once", function()
  local count = 0
  local coroutine_, task = async(function()
    count = count + 1
    return count
  end)(), async.spawn(math.abs, -7)
  equal(async.gather(coroutine_, task, coroutine_, task), { 1, 7, 1, 7, n = 4 })
end)

test("G8b: gather of nothing returns at once", function()
  local ran = false
  local other = async.spawn(function() ran = true end)
  equal({ async.gather(), async.gather {} }, { { n = 0 }, { n = 0 } })
  check(not ran)
  await(other)
end)

test("G8c: gather takes what is finished already, and gathers nest", function()
  local future, task = async.Future(), async.spawn(math.abs, -1)
  future:set_result("f")
  await(task)
  equal(async.gather(task, future, function() return async.gather(task, future) end),
    { 1, "f", { 1, "f", n = 2 }, n = 3 })
end)

test("G9: cancelling the gather cancels all that is unfinished, and raises when it has ended", function()
  orders.in_every_order(10, function()
    local cleaned = 0
    local function work()
      local cleanup <close> = setmetatable({}, {
        __close = function()
          async.sleep(2)
          cleaned = cleaned + 1
        end,
      })
      forever()
    end
    local finished = async.spawn(math.abs, -1)
    local task = async.spawn(async.gather, work, finished, work, function() async.gather(work) end)
    async.sleep(1)
    task:cancel()
    equal(elapsed(raises, async.CancelledError, await, task), 2.0)
    equal({ cleaned, finished:cancelled() }, { 3, false })
  end)
end)

test("G10: with return_exceptions the slot of a cancelled child holds its CancelledError", function()
  local child = async.spawn(forever)
  async.get_running_loop():call_later(1, child.cancel, child, "alone")
  local failing = fails(async.ValueError("v"))
  local results = async.gather { child, failing, fails("text"), math.random, return_exceptions = true }
  check(results[1]:is(async.CancelledError) and results[1].message == "alone")
  check(results[2]:is(async.ValueError))
  check(results[3]:is(async.Error))
  equal(results[3].value, "text")
  equal(results.n, 4)
end)

test("G11: when the wait for a shielded task is cancelled, the task goes on", function()
  orders.in_every_order(10, function()
    local inner = async.spawn(async.sleep, 5, "saved")
    local outer = async.spawn(async.shield, inner)
    async.sleep(1)
    outer:cancel()
    raises(async.CancelledError, await, outer)
    equal(await(inner), "saved")
    raises(async.TimeoutError, async.wait_for, function() async.shield(async.spawn(async.sleep, 3)) end, 1)
  end)
end)

test("G12: an error of the shielded task that nobody receives any more goes to the exception handler", function()
  local reported = reports()
  local outer = async.spawn(function() async.shield(async.spawn(fails("lost", 2))) end)
  async.sleep(1)
  outer:cancel()
  raises(async.CancelledError, await, outer)
  async.sleep(2)
  collectgarbage()
  collectgarbage()
  async.sleep(0)
  equal({ #reported, reported[1] and reported[1].exception }, { 1, "lost" })
end)

test("G13: wherever a group is cancelled, it ends with all of its children, and one answer", function()
  local runs = orders.cancelled_everywhere(5, function()
    local running = 0
    local function child(seconds, err)
      running = running + 1
      local out <close> = setmetatable({}, { __close = function() running = running - 1 end })
      async.sleep(seconds)
      if err then error(err, 0) end
    end
    local left
    local parent = async.spawn(function()
      local note <close> = setmetatable({}, { __close = function() left = running end })
      local outer <close> = async.TaskGroup()
      outer:spawn(child, 3)
      local inner <close> = async.TaskGroup()
      inner:spawn(child, 1)
      inner:spawn(child, 2, "inner")
      async.sleep(1)
    end)
    async.wait { parent }
    equal({ left, running }, { 0, 0 })
    check(parent:cancelled() or async.is(parent:exception(), async.ExceptionGroup) or not parent:exception())
  end)
  check(runs > 10)
end)
