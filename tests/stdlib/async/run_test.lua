local function forever() async.sleep(math.huge) end
local function guard(fn) return setmetatable({}, { __close = fn }) end

test("run gives all the results of a function or a Coroutine", function()
  equal(table.pack(async.run(function() return 1, nil, 3 end)), { 1, nil, 3, n = 3 })
  equal({ async.run(async(function(x)
    async.sleep(1)
    return x, "b"
  end)("a")) }, { "a", "b" })
  equal(select("#", async.run(function() end)), 0)
  equal(async.run(setmetatable({}, { __await = function() return "w" end })), "w")
end)

test("run raises the error of main, of any type", function()
  for _, err in ipairs { "text", 42, false, {}, async.ValueError("v") } do
    local ok, got = pcall(async.run, function() error(err, 0) end)
    check(not ok and rawequal(got, err))
  end
  equal(table.pack(pcall(async.run, error)), { false, nil, n = 2 })
  raises(async.CancelledError, async.run, function() error(async.CancelledError("c")) end)
end)

test("run runs main in a new task, and the main task is not listed meanwhile", function()
  local outer, inner, listed = async.current_task(), nil, nil
  async.run(function()
    inner = async.current_task()
    async.sleep(1)
    listed = async.all_tasks()
  end)
  check(inner ~= outer)
  equal(listed, { inner })
  equal(async.all_tasks(), { outer })
  equal(async.current_task(), outer)
end)

test("run cancels the tasks that main left, and waits for their cleanup", function()
  local cleaned, kept = 0, async.spawn(async.sleep, 100)
  equal(elapsed(async.run, function()
    for i = 1, 3 do
      async.spawn(function()
        local g <close> = guard(function()
          async.sleep(i)
          cleaned = cleaned + 1
        end)
        forever()
      end)
    end
    async.sleep(0)
  end), 3.0)
  equal(cleaned, 3)
  check(not kept:done())
  kept:cancel()
  async.wait { kept }
end)

test("tasks made by the cleanup of others are waited for by it, and then cancelled as well", function()
  local order = {}
  async.run(function()
    async.spawn(function()
      local g <close> = guard(function()
        await(async.spawn(async.sleep, 2))
        order[#order + 1] = "helper ended"
        async.spawn(function()
          local ok, err = async.catch(forever)
          order[#order + 1] = err:is(async.CancelledError) and "leftover cancelled"
        end)
        async.sleep(0)
      end)
      forever()
    end)
    async.sleep(0)
  end)
  equal(order, { "helper ended", "leftover cancelled" })
end)

test("run cancels what main left although main failed", function()
  local left
  raises("^x$", async.run, function()
    left = async.spawn(forever)
    async.sleep(0)
    error("x", 0)
  end)
  check(left:cancelled())
end)

test("run reports the tasks that failed unseen, and only those made during it", function()
  local before = async.spawn(error, "before")
  async.sleep(0)
  local seen = reports()
  local kept
  async.run(function()
    async.spawn(error, "dropped", 0)
    kept = async.spawn(error, "kept", 0)
    pcall(await, async.spawn(error, "seen"))
    async.sleep(0)
  end)
  local errors = {}
  for i, context in ipairs(seen) do errors[i] = context.exception end
  equal(errors, { "dropped", "kept" })
  equal(before:exception(), "before")
  equal(kept:exception(), "kept")
end)

test("an error that was collected just before the end is still reported", function()
  local seen = reports()
  async.run(function()
    async.spawn(error, "dropped", 0)
    async.sleep(0)
    collectgarbage()
  end)
  equal(#seen, 1)
  equal(seen[1].exception, "dropped")
end)

test("errors in the cleanup of left tasks are reported", function()
  local seen = reports()
  async.run(function()
    async.spawn(function()
      local g <close> = guard(function() error("in cleanup", 0) end)
      forever()
    end)
    async.sleep(0)
  end)
  equal(#seen, 1)
  equal(seen[1].exception, "in cleanup")
end)

test("run inside a task, in main's own task and nested is a RuntimeError, and its main is not run", function()
  local ran = false
  local function never() ran = true end
  local function refused()
    raises("RuntimeError: async.run%(%) cannot be called from a running task; await it instead", async.run, never)
  end
  await(async.spawn(refused))
  async.run(refused)
  async.run(function() await(async.spawn(refused)) end)
  check(not ran)
end)

test("run inside a callback is a RuntimeError", function()
  local seen = reports()
  async.get_running_loop():call_soon(async.run, print)
  async.sleep(0)
  equal(#seen, 1)
  check(async.is(seen[1].exception, async.RuntimeError))
end)

test("a Coroutine that run refused can still be awaited", function()
  async.run(function()
    local coroutine = async(function() return "r" end)()
    raises(async.RuntimeError, async.run, coroutine)
    equal(await(coroutine), "r")
  end)
end)

test("one run after the other works, also after a failure", function()
  for i = 1, 3 do
    equal(async.run(function()
      async.sleep(1)
      return i
    end), i)
    pcall(async.run, error)
  end
end)

test("run refuses wrong arguments", function()
  raises("TypeError: async.run takes a Coroutine or a function, got nil", async.run)
  raises(async.TypeError, async.run, 5)
  local task = async.spawn(print)
  task:cancel()
  raises(async.TypeError, async.run, task)
  raises(async.TypeError, async.run, print, "debug")
  raises(async.TypeError, async.run, print, { debgu = true })
  raises(async.ValueError, async.run, print, { clock = "wall" })
  async.sleep(0)
end)

test("run restores debug mode, also after an error", function()
  local loop = async.get_running_loop()
  local inside
  for _, fails in ipairs { false, true } do
    loop:set_debug(false)
    pcall(async.run, function()
      inside = loop:get_debug()
      if fails then error("x") end
    end, { debug = true })
    equal({ inside, loop:get_debug() }, { true, false })
    loop:set_debug(true)
    pcall(async.run, function() inside = loop:get_debug() end, { debug = false })
    equal({ inside, loop:get_debug() }, { false, true })
    async.run(function() inside = loop:get_debug() end)
    equal(inside, true)
    loop:set_debug(false)
  end
end)

test("run restores debug mode when its end is interrupted", function()
  local loop, main = async.get_running_loop(), async.current_task()
  local ok, err = async.catch(async.run, function()
    async.spawn(function()
      async.catch(forever)
      async.sleep(1)
      main:cancel()
      async.sleep(5)
    end)
    async.sleep(0)
  end, { debug = true })
  check(not ok and async.is(err, async.CancelledError))
  check(not loop:get_debug())
  main:uncancel()
  async.sleep(10)
end)

test("cancelling the task that waits in run cancels main", function()
  local main, inner = async.current_task(), nil
  async.get_running_loop():call_later(1, function() main:cancel("stop") end)
  local err = raises(async.CancelledError, async.run, function()
    inner = async.current_task()
    forever()
  end)
  equal(err.message, "stop")
  check(inner:cancelled())
  main:uncancel()
end)

test("a run with a wrong option leaves the clock as it is", { clock = "real" }, function()
  raises(async.TypeError, async.run, print, { clock = "virtual", seed = "x" })
  local busy = elapsed(function() for _ = 1, 1e6 do end end)
  check(busy > 0, "time stands still: the clock is virtual")
end)

test("a virtual clock within a virtual clock goes on with its time, and stays virtual behind the run", function()
  local loop = async.get_running_loop()
  local before = loop:time()
  async.run(function()
    equal(loop:time(), before)
    async.sleep(3600)
  end, { clock = "virtual" })
  equal(loop:time(), before + 3600)
  async.sleep(3600)
  equal(loop:time(), before + 7200)
end)

test("a virtual clock for one run jumps over its sleeps", { clock = "real" }, function()
  local took
  async.run(function() took = elapsed(async.sleep, 3600) end, { clock = "virtual" })
  check(took >= 3600 and took < 3601)
  check(elapsed(async.sleep, 0.001) < 1000)
end)

test("new_event_loop runs what it is given, again and again, until it is closed", function()
  local loop = async.new_event_loop()
  equal(loop:run_until_complete(async(function()
    async.sleep(1)
    return "a"
  end)()), "a")
  local left = loop:create_task(async(async.sleep)(5, "left"))
  equal({ loop:run_until_complete(function() return 1, 2 end) }, { 1, 2 })
  check(not left:done())
  equal(loop:run_until_complete(left), "left")
  local future = loop:create_future()
  loop:call_later(1, future.set_result, future, "f")
  equal(loop:run_until_complete(future), "f")
  check(not loop:is_closed())
  loop:close()
  loop:close()
  check(loop:is_closed())
  raises(async.RuntimeError, loop.run_until_complete, loop, print)
end)

test("closing an event loop ends the tasks made since it was made", function()
  local before = async.spawn(async.sleep, 1)
  local cleaned, left = false, nil
  do
    local loop <close> = async.new_event_loop()
    left = loop:create_task(function()
      local g <close> = guard(function()
        async.sleep(1)
        cleaned = true
      end)
      forever()
    end)
    loop:run_until_complete(function() async.sleep(0) end)
  end
  check(left:cancelled() and cleaned)
  await(before)
end)

test("run_until_complete raises errors, refuses nesting and wrong arguments", function()
  local loop <close> = async.new_event_loop()
  raises("^x$", loop.run_until_complete, loop, function() error("x", 0) end)
  raises(async.TypeError, loop.run_until_complete, loop)
  raises(async.TypeError, loop.run_until_complete, loop, 5)
  loop:run_until_complete(function()
    raises(async.RuntimeError, loop.run_until_complete, loop, print)
    raises(async.RuntimeError, async.run, print)
    raises(async.RuntimeError, loop.close, loop)
  end)
end)

test("left tasks whose cleanup waits for ever are told of the deadlock, oldest first, and main returns", function()
  local order = {}
  local function left(name)
    return function()
      async.catch(forever)
      local ok, err = async.catch(await, async.Future())
      order[#order + 1] = name .. (err:is(async.DeadlockError) and " told" or "")
    end
  end
  equal(async.run(function()
    async.spawn(left("a"))
    async.spawn(left("b"))
    async.sleep(0)
    return "r"
  end), "r")
  equal(order, { "a told", "b told" })
end)

test("a left task that swallows everything does not hold run for ever, and the settings are restored", function()
  local loop, stop = async.get_running_loop(), false
  raises(async.DeadlockError, async.run, function()
    async.spawn(function()
      while not stop do async.catch(await, async.Future()) end
    end)
    async.sleep(0)
  end, { debug = true })
  check(not loop:get_debug())
  stop = true
  for _, task in ipairs(async.all_tasks()) do
    if task ~= async.current_task() then task:cancel() end
  end
  async.sleep(0)
end)

test("a chain of 30,000 tasks left behind is ended in no quadratic time", function()
  async.run(function()
    local last = async.spawn(forever)
    for _ = 1, 30000 do last = async.spawn(await, last) end
    async.sleep(1)
  end)
end)
