-- Tasks and what they wait for.
local function double(x)
  async.sleep(0.01)
  return 2 * x
end

scenario("spawn and await", function()
  local task = async.spawn(double, 21)
  assert(await(task) == 42)
  local failing = async.create_task(function() error(async.ValueError("bad")) end, { name = "failing" })
  local ok, err = pcall(await, failing)
  assert(not ok)
  if not tostring(err):find("bad") then error(err, 0) end
  assert(select("#", await(async.spawn(function() return 1, nil, 3 end))) == 3)
end)

scenario("gather", function()
  local results = async.gather(async.spawn(double, 1), async.spawn(double, 2), async.spawn(double, 3))
  assert(results[3] == 6)
  local ok, err = pcall(async.gather, async.spawn(double, 1), async.spawn(error, "broken"))
  assert(not ok)
  if not tostring(err):find("broken") then error(err, 0) end
end)

scenario("a group of tasks", function()
  local sum = 0
  do
    local group <close> = async.TaskGroup()
    for i = 1, 3 do group:spawn(function()
        local twice = double(i)
        sum = sum + twice
      end) end
  end
  assert(sum == 12)
end)

scenario("a group of tasks that fails", function()
  local ok, err = pcall(function()
    local group <close> = async.TaskGroup()
    group:spawn(function() error(async.ValueError("first")) end)
    group:spawn(function()
      local after <close> = setmetatable({}, { __close = function() async.sleep(0.01) end })
      async.sleep(100)
    end)
    async.sleep(100)
  end)
  assert(not ok)
  if not async.is(err, async.ExceptionGroup) then error(err, 0) end
end)

scenario("timeouts", function()
  local ok, err = pcall(async.timeout, 0.01, async.sleep, 10)
  assert(not ok)
  if not async.is(err, async.TimeoutError) then error(err, 0) end
  async.move_on_after(0.01, async.sleep, 10)
  ok, err = pcall(async.wait_for, async.spawn(async.sleep, 10), 0.01)
  assert(not ok)
  if not async.is(err, async.TimeoutError) then error(err, 0) end
  do
    local scope <close> = async.timeout(5)
    async.sleep(0.01)
    assert(not scope:expired())
    scope:reschedule(async.get_running_loop():time() + 1)
    assert(tostring(scope))
  end
end)

scenario("cancellation", function()
  local inner = async.spawn(async.sleep, 10)
  local outer = async.spawn(function() return await(inner) end)
  async.sleep(0)
  async.sleep(0)
  if not outer:cancel("enough") then await(outer) end
  async.wait({ outer, inner })
  assert(outer:done() and inner:done())
  local shielded = async.spawn(double, 1)
  local waiter = async.spawn(function() return await(async.shield(shielded)) end)
  async.sleep(0)
  waiter:cancel()
  async.wait({ waiter, shielded })
  assert(await(shielded) == 2)
end)

scenario("futures and callbacks", function()
  local loop, log = async.get_running_loop(), {}
  local future = async.Future()
  future:add_done_callback(function() log[#log + 1] = "done" end)
  loop:call_soon(function(x) log[#log + 1] = x end, "soon")
  loop:call_later(5, error, "never"):cancel()
  loop:call_later(0.01, future.set_result, future, 5)
  -- Who sets the result may have had no memory for it.
  local ok, value = pcall(async.timeout, 1, await, future)
  if not ok then error(async.is(value, async.TimeoutError) and "not enough memory for the callback" or value, 0) end
  async.sleep(0.01)
  assert(value == 5)
end)

scenario("wait, as_completed, race, any, map", function()
  local tasks = { async.spawn(double, 1), async.spawn(double, 2), async.spawn(double, 3) }
  local done, pending = async.wait(tasks, { return_when = async.FIRST_COMPLETED })
  assert(#done + #pending == 3)
  for task in async.as_completed(tasks) do await(task) end
  assert(async.race(async.spawn(double, 4), async.spawn(async.sleep, 100)) == 8)
  assert(async.any(async.spawn(error, "no"), async.spawn(double, 5)) == 10)
  local list = async.map({ 1, 2, 3, 4 }, double, { limit = 2 })
  assert(list[4] == 8)
end)

scenario("lock, event, semaphore", function()
  local lock, event, semaphore, count = async.Lock(), async.Event(), async.BoundedSemaphore(1), 0
  local group <close> = async.TaskGroup()
  for _ = 1, 3 do
    group:spawn(function()
      event:wait()
      local held <close> = lock:acquire()
      local slot <close> = semaphore:acquire()
      async.sleep(0.01)
      count = count + 1
    end)
  end
  async.sleep(0.01)
  assert(tostring(lock) and tostring(event) and tostring(semaphore))
  event:set()
end)

scenario("condition and barrier", function()
  local condition, barrier, ready = async.Condition(), async.Barrier(3), false
  local group <close> = async.TaskGroup()
  for _ = 1, 2 do
    group:spawn(function()
      do
        local held <close> = condition:acquire()
        condition:wait_for(function() return ready end)
      end
      barrier:wait()
    end)
  end
  async.sleep(0.01)
  do
    local held <close> = condition:acquire()
    ready = true
    condition:notify_all()
  end
  barrier:wait()
end)

scenario("queues", function()
  local fifo, lifo, first = async.Queue(2), async.LifoQueue(), async.PriorityQueue()
  do
    local group <close> = async.TaskGroup()
    group:spawn(function() for i = 1, 20 do fifo:put(i) end end)
    group:spawn(function()
      for i = 1, 20 do
        assert(fifo:get() == i)
        fifo:task_done()
      end
    end)
  end
  fifo:join()
  for i = 1, 20 do
    lifo:put(i)
    first:put(21 - i)
  end
  for i = 1, 20 do assert(lifo:get() == 21 - i and first:get() == i) end
  fifo:shutdown()
  assert(not pcall(fifo.put, fifo, 1))
end)

scenario("channels and select", function()
  local a, b = async.Channel(), async.Channel(2)
  local sum = 0
  do
    local group <close> = async.TaskGroup()
    group:spawn(function()
      local closing <close> = a
      for i = 1, 10 do a:send(i) end
    end)
    group:spawn(function() for i = 1, 5 do b:send(i) end end)
    group:spawn(function()
      for _ = 1, 15 do
        async.select {
          a:on_receive(function(v) sum = sum + (v or 0) end),
          b:on_receive(function(v) sum = sum + v end),
        }
      end
    end)
  end
  assert(sum == 70)
  assert(async.select { b:on_receive(), async.on_timeout(0.01) } == 2)
  assert(async.select { b:on_send("x"), default = true } == 1)
end)

scenario("generators", function()
  local numbers = async.generator(function(n)
    for i = 1, n do
      async.sleep(0.01)
      coroutine.yield(i)
    end
  end)
  local sum = 0
  for i in numbers(3) do sum = sum + i end
  for i in numbers(5) do
    sum = sum + i
    if i == 2 then break end
  end
  for i in async.merge(numbers(2), numbers(2)) do sum = sum + i end
  assert(sum == 15)
  local left = async.spawn(function() for _ in numbers(5) do return "left" end end)
  assert(await(left) == "left")
end)

scenario("coroutines that wait", function()
  local co = coroutine.wrap(function(...)
    async.sleep(0.01)
    local x = coroutine.yield(...)
    local closed <close> = setmetatable({}, { __close = function() async.sleep(0.01) end })
    coroutine.yield(x)
  end)
  assert(co(1) == 1)
  assert(co(2) == 2)
  local other = coroutine.create(function()
    local closed <close> = setmetatable({}, { __close = function() async.sleep(0.01) end })
    coroutine.yield(1)
  end)
  local ok, err = coroutine.resume(other)
  if not ok then error(err, 0) end
  ok, err = coroutine.close(other)
  if not ok then error(err, 0) end
end)

scenario("context variables", function()
  local user = async.ContextVar("user", "nobody")
  local token = user:set("me")
  local task = async.spawn(function()
    user:set("other")
    async.sleep(0.01)
    return user:get()
  end)
  assert(await(task) == "other" and user:get() == "me")
  local copy = async.copy_context()
  copy:run(function() user:set("inside") end)
  user:reset(token)
  assert(user:get() == "nobody")
end)

scenario("managers and stacks", function()
  local log = {}
  local managed = async.contextmanager(function(x)
    log[#log + 1] = "+" .. x
    async.sleep(0.01)
    coroutine.yield(x)
    log[#log + 1] = "-" .. x
  end)
  async.with(managed("a"), function(x) log[#log + 1] = x end)
  do
    local stack <close> = async.ExitStack()
    stack:enter(managed("b"))
    stack:callback(function() log[#log + 1] = "callback" end)
  end
  assert(table.concat(log, " ") == "+a a -a +b callback -b")
end)

scenario("errors, groups and traces", function()
  local Mine = async.class("Mine", async.ValueError)
  local ok, err = pcall(function() error(Mine("m", { code = 1 })) end)
  assert(not ok)
  if not async.is(err, Mine) then error(err, 0) end
  assert(err.traceback and tostring(err) .. "x")
  local group = async.ExceptionGroup("several", { Mine("a"), async.RuntimeError("b") })
  async.try(function() error(group) end, async.except_group(Mine, function() end), async.except(function() end))
  ok, err = async.catch(async.sleep, "x")
  assert(not ok)
end)

scenario("looking at tasks", function()
  local inner = async.create_task(function() async.sleep(1) end, { name = "inner" })
  local outer = async.spawn(function() await(inner) end)
  async.sleep(0.01)
  for _, task in ipairs { inner, outer } do
    if task:done() then task:result() end -- it had no memory
  end
  local list = async.format_tasks() -- a task of which it cannot be told more is "<Task>"
  assert(list:find("inner") or list:find("<Task>", 1, true))
  assert(async.format_call_graph(outer))
  assert(#async.all_tasks() >= 3)
  assert(async.open_handles({ timers = true }))
  assert(inner:get_stack() and tostring(outer))
end)

scenario("an error that nobody looks at, and a deadlock", function()
  local loop, seen = async.get_running_loop(), 0
  loop:set_exception_handler(function() seen = seen + 1 end)
  async.spawn(error, "lost")
  loop:call_soon(error, "in a callback")
  async.sleep(0.01)
  collectgarbage()
  collectgarbage()
  async.sleep(0.01)
  local ok, err = async.catch(await, async.Future())
  assert(not ok)
  if not async.is(err, async.DeadlockError) then error(err, 0) end
end)

scenario("limits", function()
  local ok, err = pcall(async.limit, { memory = 4 << 20, tasks = 10 }, function()
    local group <close> = async.TaskGroup()
    for i = 1, 3 do group:spawn(double, i) end
  end)
  if not ok then error(err, 0) end
end)

scenario("a loop of its own, debug and instruments", function()
  local loop = async.get_running_loop()
  local count = 0
  local instrument = { task_created = function() count = count + 1 end, after_step = function() end }
  loop:add_instrument(instrument)
  loop:set_debug(true)
  await(async.spawn(double, 1))
  loop:set_debug(false)
  loop:remove_instrument(instrument)
end)

scenario("a circle of tasks that is cancelled", function()
  local tasks = {}
  for i = 1, 3 do
    tasks[i] = async.spawn(function() async.gather(tasks[i % 3 + 1], tasks[(i + 1) % 3 + 1]) end)
  end
  async.sleep(0.01)
  tasks[1]:cancel()
  async.wait(tasks)
  for _, task in ipairs(tasks) do assert(task:done()) end
end)
