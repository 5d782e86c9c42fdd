local function forever() async.sleep(math.huge) end

local function failing(seconds, err)
  return function()
    async.sleep(seconds)
    error(err, 0)
  end
end

-- The errors of a group as texts, for comparing.
local function texts(group)
  local list = {}
  for i, err in ipairs(group.exceptions) do list[i] = tostring(err) end
  return list
end

test("leaving the block waits for all children", function()
  local ended = {}
  equal(elapsed(function()
    local tg <close> = async.TaskGroup()
    for i = 1, 3 do
      tg:spawn(function(x)
        async.sleep(x)
        ended[#ended + 1] = x
      end, i)
    end
  end), 3.0)
  equal(ended, { 1, 2, 3 })
end)

test("async.with passes the group and returns what the body returned, when the children have ended", function()
  local ended = false
  equal({ async.with(async.TaskGroup(), function(tg)
    tg:spawn(function()
      async.sleep(2)
      ended = true
    end)
    return "a", nil, "c"
  end) }, { "a", nil, "c" })
  check(ended)
end)

test("spawn and create_task give tasks whose results can be awaited inside and afterwards", function()
  local a, b, c
  async.with(async.TaskGroup(), function(tg)
    a = tg:spawn(function(...) return ... end, 1, nil, 3)
    b = tg:create_task(async(function(x) return x end)("b"), { name = "named" })
    c = tg:create_task(function() return "c" end, { eager = true })
    check(c:done())
    equal({ await(a) }, { 1, nil, 3 })
  end)
  equal({ a:result(), b:result(), c:result() }, { 1, "b", "c" }, nil)
  equal(b:get_name(), "named")
end)

test("spawn takes a Coroutine and a callable table, with its arguments", function()
  local got = {}
  local callable = setmetatable({}, { __call = function(_, ...) got.callable = { ... } end })
  do
    local tg <close> = async.TaskGroup()
    tg:spawn(callable, 1, 2)
    tg:spawn(async(function(...) got.coroutine = { ... } end)(3, 4))
    tg:spawn(async(function(...) return ... end)())
  end
  equal(got, { callable = { 1, 2 }, coroutine = { 3, 4 } })
end)

test("a group without children ends at once", function()
  equal(elapsed(function()
    local tg <close> = async.TaskGroup()
  end), 0.0)
  equal(async.with(async.TaskGroup(), function() return "r" end), "r")
end)

test("a child's error cancels its siblings and the body, and comes as one group", function()
  local sibling, past = nil, false
  local err = raises(async.ExceptionGroup, async.with, async.TaskGroup(), function(tg)
    sibling = tg:spawn(forever)
    tg:spawn(failing(1, "child"))
    forever()
    past = true
  end)
  check(sibling:cancelled() and not past)
  equal(texts(err), { "child" })
  equal(async.current_task():cancelling(), 0)
  equal(elapsed(async.sleep, 1), 1.0)
end)

test("the same with <close>", function()
  local err = raises(async.ExceptionGroup, function()
    local tg <close> = async.TaskGroup()
    tg:spawn(failing(1, "child"))
    forever()
  end)
  equal(texts(err), { "child" })
  equal(async.current_task():cancelling(), 0)
end)

test("an error after the body has ended cancels the siblings", function()
  local sibling
  local err = raises(async.ExceptionGroup, function()
    local tg <close> = async.TaskGroup()
    sibling = tg:spawn(forever)
    tg:spawn(failing(1, "x"))
  end)
  check(sibling:cancelled())
  equal(texts(err), { "x" })
end)

test("children that fail in the same turn are both in the group, in the order in which they failed", function()
  local err = raises(async.ExceptionGroup, function()
    local tg <close> = async.TaskGroup()
    tg:spawn(failing(1, "first"))
    tg:spawn(failing(1, "second"))
    tg:spawn(failing(2, "never"))
  end)
  equal(texts(err), { "first", "second" })
end)

test("siblings are cancelled in the order of their creation", function()
  local order = {}
  raises(async.ExceptionGroup, function()
    local tg <close> = async.TaskGroup()
    for i = 1, 20 do
      tg:spawn(function()
        local guard <close> = setmetatable({}, { __close = function() order[#order + 1] = i end })
        forever()
      end)
    end
    tg:spawn(failing(1, "x"))
  end)
  for i = 1, 20 do equal(order[i], i) end
end)

test("errors in the cleanup of cancelled siblings join the group", function()
  local err = raises(async.ExceptionGroup, function()
    local tg <close> = async.TaskGroup()
    tg:spawn(function()
      local guard <close> = setmetatable({}, { __close = function()
        async.sleep(2)
        error("cleanup", 0)
      end })
      forever()
    end)
    tg:spawn(failing(1, "first"))
  end)
  equal(texts(err), { "first", "cleanup" })
end)

test("the body's own error comes first, and cancels the children", function()
  local child
  local err = raises(async.ExceptionGroup, function()
    local tg <close> = async.TaskGroup()
    child = tg:spawn(forever)
    tg:spawn(function()
      async.catch(forever)
      error("child", 0)
    end)
    async.sleep(1)
    error("body", 0)
  end)
  check(child:cancelled())
  equal(texts(err), { "body", "child" })
end)

test("a body's error alone still comes as a group", function()
  local err = raises(async.ExceptionGroup, async.with, async.TaskGroup(), function() error(async.ValueError("v")) end)
  equal(#err.exceptions, 1)
  check(err.exceptions[1]:is(async.ValueError))
end)

test("errors of every type are in the group, also nil and false", function()
  local err = raises(async.ExceptionGroup, function()
    local tg <close> = async.TaskGroup()
    for _, e in ipairs { "text", 42, false, print } do tg:spawn(error, e, 0) end
    tg:spawn(error)
  end)
  equal(#err.exceptions, 5)
  equal({ table.unpack(err.exceptions, 1, 4) }, { "text", 42, false, print })
  check(async.is(err.exceptions[5], async.Error))
end)

test("a child that was cancelled alone is no error", function()
  local ended = false
  do
    local tg <close> = async.TaskGroup()
    local child = tg:spawn(forever)
    tg:spawn(function()
      async.sleep(2)
      ended = true
    end)
    async.sleep(1)
    child:cancel()
  end
  check(ended)
end)

test("a CancelledError that a child raises by itself is no error", function()
  async.with(async.TaskGroup(), function(tg)
    tg:spawn(function() error(async.CancelledError("gives up")) end)
    async.sleep(1)
  end)
end)

test("a child may create siblings while the group is open, also while it is being left", function()
  local ran = {}
  do
    local tg <close> = async.TaskGroup()
    tg:spawn(function()
      async.sleep(1)
      tg:spawn(function()
        async.sleep(1)
        ran[#ran + 1] = "grandchild"
        tg:spawn(function() ran[#ran + 1] = "third" end)
      end)
    end)
  end
  equal(ran, { "grandchild", "third" })
end)

test("a child created after the group has ended is refused, and its function is never called", function()
  local called, group = false, nil
  local function never() called = true end
  do
    local tg <close> = async.TaskGroup()
    group = tg
  end
  raises("RuntimeError: the TaskGroup is finished", group.spawn, group, never)
  raises(async.RuntimeError, group.create_task, group, never)
  async.sleep(1)
  check(not called)
end)

test("a child created while the group shuts down is refused", function()
  local called, refused = false, nil
  raises(async.ExceptionGroup, function()
    local tg <close> = async.TaskGroup()
    tg:spawn(function()
      async.catch(forever)
      refused = raises(async.RuntimeError, tg.spawn, tg, function() called = true end)
    end)
    tg:spawn(failing(1, "x"))
  end)
  check(refused and not called)
end)

test("a refused Coroutine can still be used elsewhere", function()
  local tg = async.TaskGroup()
  async.with(tg, function() end)
  local coroutine = async(function() return 1 end)()
  raises(async.RuntimeError, tg.create_task, tg, coroutine)
  equal(await(coroutine), 1)
end)

test("cancellation from outside passes once the children have ended", function()
  local child, cleaned
  local task = async.spawn(function()
    local tg <close> = async.TaskGroup()
    child = tg:spawn(function()
      local guard <close> = setmetatable({}, { __close = function()
        async.sleep(2)
        cleaned = true
      end })
      forever()
    end)
    forever()
  end)
  async.sleep(1)
  equal(elapsed(function()
    task:cancel("outside")
    equal(raises(async.CancelledError, await, task).message, "outside")
  end), 2.0)
  check(child:cancelled() and cleaned)
end)

test("cancellation from outside while the group is being left cancels the children and passes", function()
  local child
  local task = async.spawn(function()
    local tg <close> = async.TaskGroup()
    child = tg:spawn(forever)
  end)
  async.sleep(1)
  task:cancel()
  raises(async.CancelledError, await, task)
  check(child:cancelled())
end)

test("cancellation from outside in the turn in which the last child ends passes, and nothing is reported", function()
  local reported, parent = reports(), nil
  parent = async.spawn(function()
    local tg <close> = async.TaskGroup()
    tg:spawn(async.sleep, 1)
    async.spawn(function()
      async.sleep(1)
      parent:cancel("outside")
    end)
  end)
  equal(raises(async.CancelledError, await, parent).message, "outside")
  equal(reported, {})
end)

test("errors beat cancellation: the parent gets the group, and its cancel at its next wait", function()
  local got, after
  local task = async.spawn(function()
    got = raises(async.ExceptionGroup, function()
      local tg <close> = async.TaskGroup()
      tg:spawn(function()
        async.catch(forever)
        error("in cleanup", 0)
      end)
      forever()
    end)
    after = raises(async.CancelledError, async.sleep, 1)
    equal(async.current_task():cancelling(), 1)
    error(after)
  end)
  async.sleep(1)
  task:cancel()
  raises(async.CancelledError, await, task)
  equal(texts(got), { "in cleanup" })
end)

test("a cancel from outside in the turn in which a child fails is not lost", function()
  for _, cancel_first in ipairs { true, false } do
    local got, after
    local task = async.spawn(function()
      got = raises(async.ExceptionGroup, async.with, async.TaskGroup(), function(tg)
        tg:spawn(failing(1, "x"))
        forever()
      end)
      after = raises(async.CancelledError, async.sleep, 1)
      error(after)
    end)
    local loop = async.get_running_loop()
    if not cancel_first then async.sleep(0) end
    loop:call_at(loop:time() + 1, task.cancel, task)
    local ok = async.catch(await, task)
    check(not ok and task:cancelled())
    if got then equal(texts(got), { "x" }) end
  end
end)

test("nested groups do not lose an outer cancel when an inner child fails", function()
  local inner_error, outer_error
  local task = async.spawn(function()
    outer_error = raises(async.ExceptionGroup, function()
      local outer <close> = async.TaskGroup()
      outer:spawn(forever)
      inner_error = raises(async.ExceptionGroup, function()
        local inner <close> = async.TaskGroup()
        inner:spawn(function()
          async.catch(forever)
          error("inner", 0)
        end)
        forever()
      end)
      error(inner_error)
    end)
    async.sleep(1)
  end)
  async.sleep(1)
  task:cancel()
  raises(async.CancelledError, await, task)
  equal(texts(inner_error), { "inner" })
  equal(outer_error.exceptions, { inner_error })
end)

test("an inner group aborted by its own child does not end the outer one", function()
  local went_on = false
  do
    local outer <close> = async.TaskGroup()
    outer:spawn(async.sleep, 5)
    local ok, err = pcall(async.with, async.TaskGroup(), function(inner)
      inner:spawn(failing(1, "inner"))
      forever()
    end)
    check(not ok and async.is(err, async.ExceptionGroup))
    async.sleep(1)
    went_on = true
  end
  check(went_on)
  equal(async.current_task():cancelling(), 0)
end)

test("inner and outer group aborted together: both raise, and nothing is left pending", function()
  local inner_error
  local outer_error = raises(async.ExceptionGroup, async.with, async.TaskGroup(), function(outer)
    outer:spawn(failing(1, "outer child"))
    inner_error = raises(async.ExceptionGroup, async.with, async.TaskGroup(), function(inner)
      inner:spawn(failing(1, "inner child"))
      forever()
    end)
    async.sleep(1)
    error("never reached")
  end)
  equal(texts(inner_error), { "inner child" })
  equal(texts(outer_error), { "outer child" })
  equal(async.current_task():cancelling(), 0)
  async.sleep(1)
end)

test("a timeout around a group: the children end, then TimeoutError", function()
  local child
  raises(async.TimeoutError, async.timeout, 1, async.with, async.TaskGroup(), function(tg)
    child = tg:spawn(forever)
    forever()
  end)
  check(child:cancelled())
  equal(async.current_task():cancelling(), 0)
end)

test("a timeout around a group whose child fails in its cleanup: the errors win", function()
  raises(async.ExceptionGroup, async.timeout, 1, async.with, async.TaskGroup(), function(tg)
    tg:spawn(function()
      async.catch(forever)
      error("cleanup", 0)
    end)
  end)
  equal(async.current_task():cancelling(), 0)
  equal(elapsed(async.sleep, 1), 1.0)
end)

test("a timeout inside a group's body that is aborted does not convert the group's cancellation", function()
  local err = raises(async.ExceptionGroup, async.with, async.TaskGroup(), function(tg)
    tg:spawn(failing(1, "x"))
    async.timeout(5, forever)
  end)
  equal(texts(err), { "x" })
end)

test("cancel() ends all children without an error; with async.with it ends the body as well", function()
  local child, past = nil, false
  equal(elapsed(function()
    async.with(async.TaskGroup(), function(tg)
      child = tg:spawn(forever)
      tg:spawn(function()
        async.sleep(1)
        tg:cancel()
      end)
      forever()
      past = true
    end)
  end), 1.0)
  check(child:cancelled() and not past)
  equal(async.current_task():cancelling(), 0)
  equal(elapsed(async.sleep, 1), 1.0)
end)

test("cancel() in the body itself ends it at its next wait", function()
  local went_on, past = false, false
  local result = table.pack(async.with(async.TaskGroup(), function(tg)
    tg:spawn(forever)
    tg:cancel()
    went_on = true
    async.sleep(1)
    past = true
    return "r"
  end))
  check(went_on and not past)
  equal(result.n, 0)
  equal(async.current_task():cancelling(), 0)
  async.sleep(1)
end)

test("cancel() in a body that waits no more keeps its result", function()
  equal(async.with(async.TaskGroup(), function(tg)
    tg:spawn(forever)
    tg:cancel()
    return "r"
  end), "r")
  equal(async.current_task():cancelling(), 0)
  async.sleep(1)
end)

test("with <close>, cancel() ends the children and the body goes on", function()
  local child, went_on
  do
    local tg <close> = async.TaskGroup()
    child = tg:spawn(forever)
    async.sleep(1)
    tg:cancel()
    async.sleep(1)
    went_on = true
    check(child:cancelled())
    raises(async.RuntimeError, tg.spawn, tg, print)
  end
  check(went_on)
end)

test("cancel() twice, or after the end, does nothing", function()
  local tg = async.TaskGroup()
  async.with(tg, function()
    tg:spawn(forever)
    tg:cancel()
    tg:cancel()
  end)
  tg:cancel()
  async.sleep(1)
end)

test("errors in the cleanup after cancel() are raised", function()
  local err = raises(async.ExceptionGroup, async.with, async.TaskGroup(), function(tg)
    tg:spawn(function()
      async.catch(forever)
      error("cleanup", 0)
    end)
    async.sleep(1)
    tg:cancel()
  end)
  equal(texts(err), { "cleanup" })
end)

test("a child that ends the group from its first, eager step is ended too", function()
  local ended
  async.with(async.TaskGroup(), function(tg)
    local child = tg:create_task(function()
      tg:cancel()
      forever()
    end, { eager = true })
    async.catch(forever)
    ended = child
  end)
  check(ended:cancelled())
end)

test("an eager child that fails at once aborts the group a turn later", function()
  local went_on = false
  local err = raises(async.ExceptionGroup, async.with, async.TaskGroup(), function(tg)
    tg:create_task(error, { eager = true })
    tg:create_task(function() error("e", 0) end, { eager = true })
    went_on = true
    forever()
  end)
  check(went_on)
  equal(#err.exceptions, 2)
end)

test("the parent swallows the group's cancellation and goes on: the group still raises at the end", function()
  local err = raises(async.ExceptionGroup, async.with, async.TaskGroup(), function(tg)
    tg:spawn(failing(1, "x"))
    local ok = async.catch(forever)
    check(not ok)
    async.sleep(1)
  end)
  equal(texts(err), { "x" })
  equal(async.current_task():cancelling(), 0)
end)

test("a parent that awaits a child which fails gets the group, with the error once", function()
  local err = raises(async.ExceptionGroup, async.with, async.TaskGroup(), function(tg)
    await(tg:spawn(failing(1, "x")))
  end)
  local list = texts(err)
  equal(list[1], "x")
  check(#list <= 2)
end)

test("a group needs a task, and tells its state", function()
  local seen = reports()
  async.get_running_loop():call_soon(async.TaskGroup)
  async.sleep(0)
  check(async.is(seen[1].exception, async.RuntimeError))
  local tg = async.TaskGroup()
  check(tostring(tg):find("open"))
  async.with(tg, function() end)
  check(tostring(tg):find("left"))
end)

test("a group that is left by goto, break and return waits as well", function()
  local ended = 0
  local function child()
    async.sleep(1)
    ended = ended + 1
  end
  for _ = 1, 3 do
    local tg <close> = async.TaskGroup()
    tg:spawn(child)
    if ended == 1 then break end
  end
  local function leave()
    local tg <close> = async.TaskGroup()
    tg:spawn(child)
    return "r"
  end
  equal(leave(), "r")
  equal(ended, 3)
end)

test("a group inside a generator ends when the generator is closed", function()
  local child
  local generator = coroutine.create(function()
    local tg <close> = async.TaskGroup()
    child = tg:spawn(forever)
    coroutine.yield(1)
  end)
  equal({ coroutine.resume(generator) }, { true, 1 })
  async.sleep(1)
  equal(coroutine.close(generator), true)
  check(child:cancelled())
end)

test("100,000 children end, and are cancelled, in no quadratic time", function()
  for _, cancel in ipairs { false, true } do
    local count = 0
    async.with(async.TaskGroup(), function(tg)
      for _ = 1, 30000 do
        tg:spawn(function()
          async.sleep(1)
          count = count + 1
        end)
      end
      if cancel then
        async.sleep(0)
        tg:cancel()
      end
    end)
    equal(count, cancel and 0 or 30000)
  end
end)

test("a chain of children that await one another is cancelled in no quadratic time", function()
  async.with(async.TaskGroup(), function(tg)
    local previous = tg:spawn(forever)
    for _ = 1, 30000 do previous = tg:spawn(await, previous) end
    async.sleep(1)
    tg:cancel()
  end)
end)

test("memory is flat after many groups", function()
  local function round(n)
    for _ = 1, n do
      pcall(async.with, async.TaskGroup(), function(tg)
        tg:spawn(async.sleep, 0)
        tg:spawn(error, "x")
        async.sleep(1)
      end)
    end
    collectgarbage()
    collectgarbage()
    return collectgarbage("count")
  end
  round(2000)
  local before = round(2000)
  check(round(2000) - before < 50)
end)
