local function forever() async.sleep(math.huge) end

test("timeout(s, fn, ...) gives what fn returns when it is in time", function()
  equal({ async.timeout(2, function(...)
    async.sleep(1)
    return ...
  end, "a", nil, "c") }, { "a", nil, "c" })
end)

test("timeout(s, fn) raises TimeoutError at the deadline, not earlier", function()
  equal(elapsed(function() raises(async.TimeoutError, async.timeout, 2.5, forever) end), 2.5)
end)

test("a TimeoutError is caught by pcall, and the task is not being cancelled afterwards", function()
  local ok, err = pcall(async.timeout, 1, forever)
  check(not ok and err:is(async.TimeoutError))
  equal(async.current_task():cancelling(), 0)
  equal(elapsed(async.sleep, 1), 1.0)
end)

test("a scope with <close> turns its cancellation into TimeoutError at the end of the block", function()
  local inside
  raises(async.TimeoutError, function()
    local scope <close> = async.timeout(1)
    local ok, err = async.catch(async.sleep, 9)
    inside = err
    error(err, 0)
  end)
  check(async.is(inside, async.CancelledError))
end)

test("a scope works with async.with, and says whether it expired", function()
  local scope = async.timeout(1)
  raises(async.TimeoutError, async.with, scope, forever)
  check(scope:expired())
  local other = async.timeout(2)
  equal(async.with(other, function(s)
    equal(s, other)
    async.sleep(1)
    return "r"
  end), "r")
  check(not other:expired())
end)

test("the work inside is cancelled, and its cleanup may wait before the TimeoutError is raised", function()
  local order = {}
  local took = elapsed(function()
    raises(async.TimeoutError, async.timeout, 1, function()
      local guard <close> = setmetatable({}, {
        __close = function(_, err)
          check(async.is(err, async.CancelledError))
          async.sleep(3)
          order[#order + 1] = "cleaned"
        end,
      })
      forever()
    end)
  end)
  equal(took, 4.0)
  equal(order, { "cleaned" })
end)

test("a body that swallows the cancellation and returns keeps its result", function()
  equal(async.timeout(1, function()
    async.catch(async.sleep, 9)
    return "kept"
  end), "kept")
  equal(async.current_task():cancelling(), 0)
  async.sleep(1)
end)

test("an error raised by the body at its cancellation replaces the TimeoutError", function()
  raises("^mine$", async.timeout, 1, function()
    async.catch(async.sleep, 9)
    error("mine", 0)
  end)
  equal(async.current_task():cancelling(), 0)
  async.sleep(1)
end)

test("a result that is there already wins over the timeout", function()
  local future = async.Future()
  async.get_running_loop():call_later(1, future.set_result, future, "there")
  equal(async.timeout(1, await, future), "there")
  equal(async.current_task():cancelling(), 0)
  equal(elapsed(async.sleep, 1), 1.0)
end)

test("a task's own sleep until the deadline wins when it was set first, and loses when it was set later", function()
  local task = async.spawn(function()
    local deadline = async.get_running_loop():time() + 1
    local scope = async.timeout_at(deadline)
    return pcall(async.with, scope, function() async.sleep(1) end)
  end)
  local ok, err = await(task)
  check(not ok and async.is(err, async.TimeoutError))
end)

test("timeout(0), a negative one and a deadline in the past let the body run to its first wait", function()
  for _, make in ipairs {
    function() return async.timeout(0) end,
    function() return async.timeout(-5) end,
    function() return async.timeout(-math.huge) end,
    function() return async.timeout_at(0) end,
    function() return async.timeout_at(-1) end,
  } do
    local ran, past = false, false
    raises(async.TimeoutError, async.with, make(), function()
      ran = true
      async.sleep(1)
      past = true
    end)
    check(ran and not past)
    equal(async.with(make(), function() return "no wait" end), "no wait")
    async.sleep(0)
    equal(async.current_task():cancelling(), 0)
  end
end)

test("timeout(0) ends a wait for a pending future and passes one that is done", function()
  local future = async.Future()
  raises(async.TimeoutError, async.timeout, 0, async.shield, future)
  future:set_result("d")
  equal(async.timeout(0, await, future), "d")
end)

test("infinity and nil never expire", function()
  for _, seconds in ipairs { math.huge, 1e300, false } do
    local scope = async.timeout(seconds or nil)
    equal(scope:when(), math.huge)
    async.with(scope, function() async.sleep(1e6) end)
    check(not scope:expired())
  end
  async.with(async.timeout_at(math.huge), function() async.sleep(1e6) end)
end)

test("what is no number of seconds is refused", function()
  for _, make in ipairs { async.timeout, async.timeout_at, async.move_on_after } do
    raises(async.ValueError, make, 0 / 0, print)
    raises(async.TypeError, make, {}, print)
    raises(async.TypeError, make, "soon", print)
  end
  raises(async.TypeError, async.timeout, 1, 5)
  raises(async.TypeError, async.timeout_at, 1, "f")
  raises(async.TypeError, async.move_on_after, 1)
end)

test("when, reschedule to later, to earlier, to never and to the past", function()
  local loop = async.get_running_loop()
  local start = loop:time()
  local scope = async.timeout(1)
  equal(scope:when(), start + 1)
  async.with(scope, function()
    scope:reschedule(start + 3)
    equal(scope:when(), start + 3)
    async.sleep(2)
    scope:reschedule(nil)
    equal(scope:when(), math.huge)
    async.sleep(100)
  end)
  local earlier = async.timeout(100)
  equal(elapsed(function()
    raises(async.TimeoutError, async.with, earlier, function()
      earlier:reschedule(loop:time() + 1)
      forever()
    end)
  end), 1.0)
  local past = async.timeout(100)
  equal(elapsed(function()
    raises(async.TimeoutError, async.with, past, function()
      past:reschedule(0)
      forever()
    end)
  end), 0.0)
end)

test("another task may reschedule a scope", function()
  local scope = async.timeout(1)
  async.get_running_loop():call_later(0.5, function() scope:reschedule(async.get_running_loop():time() + 5) end)
  equal(elapsed(function() raises(async.TimeoutError, async.with, scope, forever) end), 5.5)
end)

test("reschedule after expiry and after the block is a RuntimeError", function()
  local scope = async.timeout(1)
  raises(async.TimeoutError, async.with, scope, function()
    async.catch(async.sleep, 9)
    raises(async.RuntimeError, scope.reschedule, scope, nil)
    check(scope:expired())
    async.current_task()
    error(async.CancelledError())
  end)
  raises(async.RuntimeError, scope.reschedule, scope, nil)
  local ended = async.timeout(1)
  async.with(ended, function() end)
  raises(async.RuntimeError, ended.reschedule, ended, 5)
  raises(async.ValueError, ended.reschedule, ended, 0 / 0)
end)

test("the inner scope expires first: it alone raises", function()
  local order = {}
  async.timeout(10, function()
    local ok, err = pcall(async.timeout, 1, forever)
    check(not ok and async.is(err, async.TimeoutError))
    async.sleep(1)
    order[1] = "went on"
  end)
  equal(order, { "went on" })
end)

test("the outer scope expires first: the inner one passes the cancellation on", function()
  local inner_error
  local inner = async.timeout(10)
  local took = elapsed(function()
    raises(async.TimeoutError, async.timeout, 1, function()
      local ok
      ok, inner_error = async.catch(async.with, inner, forever)
      error(inner_error, 0)
    end)
  end)
  equal(took, 1.0)
  check(async.is(inner_error, async.CancelledError))
  check(not inner:expired())
end)

test("inner and outer scope expiring together: each converts its own", function()
  local inner_ok, inner_error
  local outer = async.timeout(1)
  raises(async.TimeoutError, async.with, outer, function()
    inner_ok, inner_error = pcall(async.timeout, 1, forever)
    async.sleep(1)
    error("never reached")
  end)
  check(not inner_ok and async.is(inner_error, async.TimeoutError))
  check(outer:expired())
  equal(async.current_task():cancelling(), 0)
  equal(elapsed(async.sleep, 1), 1.0)
end)

test("a hundred nested scopes expiring together unwind one by one", function()
  local converted = 0
  local function nest(depth)
    if depth == 0 then return forever() end
    local ok, err = pcall(async.timeout, 1, nest, depth - 1)
    check(not ok and async.is(err, async.TimeoutError), tostring(err))
    converted = converted + 1
    async.sleep(1)
  end
  nest(100)
  equal(converted, 100)
  equal(async.current_task():cancelling(), 0)
end)

test("an outer cancel wins over a timeout in the same turn, whichever came first", function()
  for _, cancel_first in ipairs { true, false } do
    local task = async.spawn(function() async.timeout(1, forever) end)
    local loop = async.get_running_loop()
    if cancel_first then
      async.sleep(0)
      -- The timer was armed later than this one fires.
      loop:call_at(loop:time() + 1, task.cancel, task)
    else
      loop:call_later(1, task.cancel, task)
    end
    raises(async.CancelledError, await, task)
    check(task:cancelled())
  end
end)

test("a cancellation from outside passes a scope that has not expired", function()
  local scope
  local task = async.spawn(function()
    scope = async.timeout(10)
    async.with(scope, forever)
  end)
  async.sleep(1)
  task:cancel("outside")
  equal(raises(async.CancelledError, await, task).message, "outside")
  check(not scope:expired())
end)

test("a cancel from outside while the scope's cleanup waits ends the cleanup and passes", function()
  local cleaned = false
  local task = async.spawn(function()
    async.timeout(1, function()
      local guard <close> = setmetatable({}, { __close = function()
        async.sleep(10)
        cleaned = true
      end })
      forever()
    end)
  end)
  async.sleep(5)
  task:cancel()
  raises(async.CancelledError, await, task)
  check(not cleaned)
end)

test("a scope entered by a task that is being cancelled still converts its own", function()
  local result
  local task = async.spawn(function()
    async.catch(async.sleep, 9)
    result = { pcall(async.timeout, 1, forever) }
    equal(async.current_task():cancelling(), 1)
  end)
  async.sleep(0)
  task:cancel()
  await(task)
  check(not result[1] and async.is(result[2], async.TimeoutError))
end)

test("a timeout around await of a task cancels the task and waits for its end", function()
  local ended = false
  local task = async.spawn(function()
    async.catch(forever)
    async.sleep(2)
    ended = true
    error(async.CancelledError())
  end)
  equal(elapsed(function() raises(async.TimeoutError, async.timeout, 1, await, task) end), 3.0)
  check(ended and task:cancelled())
end)

test("a timeout works inside a generator, a metamethod and a nested coroutine", function()
  local generator = coroutine.wrap(function()
    for i = 1, 3 do
      local ok = pcall(async.timeout, 1, forever)
      coroutine.yield(ok, i)
    end
  end)
  for i = 1, 3 do equal({ generator() }, { false, i }) end
end)

test("a scope that is left in time leaves no timer behind", function()
  for _ = 1, 1000 do
    local scope <close> = async.timeout(1e6)
  end
  async.timeout(1e6, function() end)
  pcall(async.timeout, 1e6, error)
end)

test("closing a scope twice, or never entering it by close, does no harm", function()
  local scope = async.timeout(1)
  async.with(scope, function() end)
  getmetatable(scope).__close(scope)
  getmetatable(scope).__close(scope, async.CancelledError())
end)

test("a timeout needs a task", function()
  local seen = reports()
  async.get_running_loop():call_soon(function() async.timeout(1) end)
  async.sleep(0)
  equal(#seen, 1)
  check(async.is(seen[1].exception, async.RuntimeError))
end)

test("tostring of a scope tells its state", function()
  local scope = async.timeout(1)
  check(tostring(scope):find("active"))
  raises(async.TimeoutError, async.with, scope, forever)
  check(tostring(scope):find("expired"))
  local ended = async.timeout(nil)
  async.with(ended, function() end)
  check(tostring(ended):find("exited"))
end)

test("move_on_after gives true and the results, or false", function()
  equal(table.pack(async.move_on_after(2, function(...)
    async.sleep(1)
    return ...
  end, "a", nil)), { true, "a", nil, n = 3 })
  equal(table.pack(async.move_on_after(1, forever)), { false, n = 1 })
  raises("^x$", async.move_on_after, 1, error, "x", 0)
end)

test("move_on_after passes the TimeoutError of an inner and of an outer scope", function()
  raises(async.TimeoutError, async.move_on_after, 5, async.timeout, 1, forever)
  raises(async.TimeoutError, async.timeout, 1, async.move_on_after, 5, forever)
  raises(async.TimeoutError, async.move_on_after, 5, function() error(async.TimeoutError("mine")) end)
end)

test("memory is flat after many timeouts, in time and expired", function()
  local function round(n)
    for _ = 1, n do
      async.timeout(100, async.sleep, 0)
      async.move_on_after(0, forever)
    end
    collectgarbage()
    collectgarbage()
    return collectgarbage("count")
  end
  round(100)
  local before = round(5000)
  check(round(5000) - before < 50)
end)
