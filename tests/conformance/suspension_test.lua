local orders = dofile(debug.getinfo(1, "S").source:match("^@(.*/)") .. "orders.lua")

test("S1a: the timer of a wait that was cancelled does not end the next wait", function()
  local queue = async.Queue()
  local task = async.spawn(function()
    async.catch(async.sleep, 5)
    return queue:get()
  end)
  async.sleep(1)
  task:cancel()
  async.sleep(10)
  check(not task:done())
  queue:put("item")
  equal(await(task), "item")
end)

test("S1b: nor does a future, a lock or an item that comes for the earlier wait", function()
  local future, lock, queue = async.Future(), async.Lock(), async.Queue()
  lock:acquire()
  local waits = {
    function() async.shield(future) end,
    function() lock:acquire() end,
    function() queue:get() end,
  }
  local tasks = {}
  for i, wait in ipairs(waits) do
    tasks[i] = async.spawn(function()
      async.catch(wait)
      return elapsed(async.sleep, 5)
    end)
  end
  async.sleep(0)
  for _, task in ipairs(tasks) do task:cancel() end
  async.sleep(1)
  future:set_result("late")
  lock:release()
  queue:put("late")
  equal(async.gather(table.unpack(tasks)), { 5.0, 5.0, 5.0, n = 3 })
end)

test("S1c: a timer and a cancellation in one turn end one wait each", function()
  orders.in_every_order(30, function()
    local first, second
    local task = async.spawn(function()
      first = async.catch(async.sleep, 1)
      local start = async.get_running_loop():time()
      second = async.catch(async.sleep, 10)
      return async.get_running_loop():time() - start
    end)
    async.spawn(function()
      async.sleep(1)
      task:cancel()
    end)
    local took = await(task)
    check(first ~= second, "one of the waits is cancelled")
    equal(took, second and 10.0 or 0.0)
  end)
end)

test("S2: an error in a callback of the loop is reported, and callbacks, timers and tasks go on", function()
  local reported, seen = reports(), {}
  local loop = async.get_running_loop()
  loop:call_soon(error, "boom", 0)
  loop:call_soon(function() seen[#seen + 1] = "callback" end)
  loop:call_later(1, error, "later", 0)
  loop:call_later(1, function() seen[#seen + 1] = "timer" end)
  async.sleep(2)
  equal(seen, { "callback", "timer" })
  equal({ reported[1].exception, reported[2].exception, #reported }, { "boom", "later", 2 })
end)

test("S3: a task cancelled before its first step never runs its body, and ends cancelled", function()
  local ran = false
  for _, start in ipairs { async.spawn, async.create_task } do
    local task = start(function() ran = true end)
    equal(task:cancel(), true)
    raises(async.CancelledError, await, task)
    check(task:cancelled() and not ran)
  end
end)

test("S4: cancelling a finished task does nothing and returns false", function()
  local task = async.spawn(string.upper, "a")
  await(task)
  equal(task:cancel(), false)
  equal({ task:result(), task:cancelled(), task:cancelling() }, { "A", false, 0 })
end)

test("S5a: a task that cancels itself goes on to its next wait", function()
  local went_on = false
  local task = async.spawn(function()
    async.current_task():cancel()
    went_on = true
    async.sleep(0)
    went_on = "too far"
  end)
  raises(async.CancelledError, await, task)
  equal(went_on, true)
end)

test("S5b: a body that returns with a request undelivered ends cancelled", function()
  local task = async.spawn(function()
    async.current_task():cancel("late")
    return "result"
  end)
  equal(raises(async.CancelledError, await, task).message, "late")
  check(task:cancelled())
end)

test("S6: coroutine.yield at the top of a task is an error that names sleep(0)", function()
  local task = async.spawn(function() coroutine.yield(1) end)
  local err = raises(async.RuntimeError, await, task)
  check(err.message:find("async.sleep(0)", 1, true), err.message)
  raises(async.RuntimeError, await, async.spawn(function() await(async(coroutine.yield)()) end))
end)

test("S7a: a coroutine waits on behalf of the task that resumes it", function()
  local generator = coroutine.wrap(function()
    while true do
      async.sleep(1)
      coroutine.yield(async.current_task():get_name())
    end
  end)
  local names = {}
  for _, name in ipairs { "a", "b", "a" } do
    local task = async.create_task(generator, { name = name })
    equal(elapsed(function() names[#names + 1] = await(task) end), 1.0)
  end
  equal(names, { "a", "b", "a" })
end)

test("S7b: a request to the resuming task reaches the wait in the coroutine, its maker is left alone", function()
  local generator = coroutine.wrap(function()
    coroutine.yield("made")
    async.sleep(9)
  end)
  local maker = async.spawn(function()
    generator()
    return async.sleep(5, "maker's own")
  end)
  async.sleep(1)
  local resumer = async.spawn(generator)
  async.sleep(1)
  resumer:cancel()
  raises(async.CancelledError, await, resumer)
  equal(await(maker), "maker's own")
end)

test("S7c: the context is that of the resuming task", function()
  local var = async.ContextVar("var")
  local generator = coroutine.wrap(function()
    while true do
      coroutine.yield(var:get())
      async.sleep(1)
    end
  end)
  local seen = {}
  for _, value in ipairs { "first", "second", "third" } do
    await(async.spawn(function()
      var:set(value)
      seen[#seen + 1] = generator()
    end))
  end
  equal(seen, { "first", "second", "third" })
end)

test("S8: resuming a coroutine that waits inside another task is refused, and disturbs nothing", function()
  local co = coroutine.create(function()
    async.sleep(1)
    return "done"
  end)
  local task = async.spawn(coroutine.resume, co)
  async.sleep(0)
  local ok, message = coroutine.resume(co)
  equal(ok, false)
  check(tostring(message):find("cannot resume a coroutine that is waiting", 1, true), tostring(message))
  equal({ await(task) }, { true, "done" })
end)

test("S9: a task that awaits itself gets an error at once, and goes on", function()
  local task
  task = async.spawn(function()
    raises(async.RuntimeError, await, task)
    return async.sleep(1, "went on")
  end)
  equal(await(task), "went on")
end)

test("S10: of two tasks that await each other, cancelling either ends both", function()
  for which = 1, 2 do
    orders.in_every_order(10, function()
      local tasks = {}
      tasks[1] = async.spawn(function() await(tasks[2]) end)
      tasks[2] = async.spawn(function() await(tasks[1]) end)
      async.sleep(1)
      tasks[which]:cancel()
      async.wait(tasks)
      check(tasks[1]:cancelled() and tasks[2]:cancelled())
    end)
  end
end)

-- True when another task runs during `rounds` rounds of fn.
local function lets_others_run(rounds, fn)
  local ran = false
  local other = async.spawn(function() ran = true end)
  for _ = 1, rounds do fn() end
  local during = ran
  await(other)
  return during
end

test("S11a: an await that is satisfied returns at once most times", function()
  local done = async.Future()
  done:set_result()
  check(not lets_others_run(10, function() await(done) end))
end)

test("S11b: every 64th time in a row it lets others run", function()
  local future, task = async.Future(), async.spawn(math.abs, -1)
  future:set_result()
  await(task)
  local event, queue, lock = async.Event(), async.Queue(), async.Lock()
  local semaphore, channel = async.Semaphore(1), async.Channel(1)
  event:set()
  local satisfied = {
    future = function() await(future) end,
    task = function() await(task) end,
    gather = function() async.gather(future) end,
    wait = function() async.wait { future } end,
    event = function() event:wait() end,
    queue = function()
      queue:put(1)
      queue:get()
    end,
    lock = function()
      lock:acquire()
      lock:release()
    end,
    semaphore = function()
      semaphore:acquire()
      semaphore:release()
    end,
    channel = function()
      channel:send(1)
      channel:receive()
    end,
    select = function() async.select { channel:on_send(1), channel:on_receive() } end,
  }
  for name, fn in pairs(satisfied) do check(lets_others_run(64, fn), name) end
end)

test("S12a: 100,000 nested awaits of Coroutines", function()
  local nest
  nest = async(function(depth)
    if depth == 0 then return "bottom" end
    return await(nest(depth - 1))
  end)
  equal(await(nest(100000)), "bottom")
end)

test("S12b: a chain of 100,000 tasks, each awaiting the next", function()
  local task = async.spawn(async.sleep, 1, "end")
  for _ = 1, 100000 do task = async.spawn(await, task) end
  equal(await(task), "end")
end)

test("S12c: 100,000 done callbacks that each add one more", function()
  local future, count = async.Future(), 0
  local function again()
    count = count + 1
    if count < 100000 then future:add_done_callback(again) end
  end
  future:add_done_callback(again)
  future:set_result()
  while count < 100000 do async.sleep(0) end
end)
