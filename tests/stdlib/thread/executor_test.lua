-- ThreadPoolExecutor and run_in_executor.

local function square(x)
  return x * x
end

test("submit gives a Future of the result", function()
  local executor <close> = async.ThreadPoolExecutor { max_workers = 1 }
  local future = executor:submit(square, 7)
  check(not future:done())
  equal(await(future), 49)
end)

test("submit copies the arguments at once", function()
  local executor <close> = async.ThreadPoolExecutor(1)
  local list = { 1 }
  local future = executor:submit(function(t) return t[1] end, list)
  list[1] = 2
  equal(await(future), 1)
end)

test("calls of one thread run one after the other, in their order", function()
  local executor <close> = async.ThreadPoolExecutor(1)
  local futures = {}
  for i = 1, 100 do
    futures[i] = executor:submit(function(n)
      last = (last or 0) + 1
      return last == n
    end, i)
  end
  for _, future in ipairs(futures) do check(await(future)) end
end)

test("threads are started when there is work for them, and used again", function()
  local executor <close> = async.ThreadPoolExecutor(4)
  equal(tostring(executor), "<ThreadPoolExecutor threads=0/4 busy=0 queued=0>")
  for i = 1, 20 do equal(await(executor:submit(square, i)), i * i) end
  equal(tostring(executor), "<ThreadPoolExecutor threads=1/4 busy=0 queued=0>")
end)

test("map gives the results in the order of the items", function()
  local executor <close> = async.ThreadPoolExecutor(3)
  equal(executor:map(square, { 1, 2, 3, 4, 5 }), { 1, 4, 9, 16, 25, n = 5 })
  equal(executor:map(function(a, b) return a .. b end, { "a", "b", "c" }, { 1, 2 }), { "a1", "b2", n = 2 })
  equal(executor:map(square, {}), { n = 0 })
  equal(executor:map(square, coroutine.wrap(function()
    coroutine.yield(2)
    coroutine.yield(3)
  end)), { 4, 9, n = 2 })
end)

test("map raises the first error, and cancels the calls that are left", function()
  local executor <close> = async.ThreadPoolExecutor(1)
  local err = raises("no 2", executor.map, executor, function(x)
    if x == 2 then error("no " .. x) end
    if x > 2 then async.sleep(1000) end
  end, { 1, 2, 3, 4 })
  check(err)
end)

test("map asks for items when there is room for their calls", function()
  local executor <close> = async.ThreadPoolExecutor(1)
  local asked = 0
  local results = executor:map(square, function()
    asked = asked + 1
    return asked <= 100 and asked or nil
  end)
  equal(results.n, 100)
  asked = 0
  raises("stop", executor.map, executor, function(x) if x == 1 then error("stop") end end, function()
    asked = asked + 1
    return asked
  end)
  check(asked <= 20, asked .. " items were asked for")
end)

test("cancelling map cancels its calls", function()
  local executor <close> = async.ThreadPoolExecutor(1)
  local task = async.spawn(executor.map, executor, function() async.sleep(1000) end, { 1, 2, 3 })
  async.sleep(0)
  task:cancel()
  raises(async.CancelledError, await, task)
end)

-- Holds a thread until the test sends something.
local function receive(gate) return gate:receive() end

test("a cancelled Future whose call is queued takes it out of the queue", function()
  local executor <close> = async.ThreadPoolExecutor(1)
  local gate = async.thread_channel()
  local first = executor:submit(receive, gate)
  local second = executor:submit(error, "it was called")
  equal(tostring(executor), "<ThreadPoolExecutor threads=1/1 busy=1 queued=1>")
  check(second:cancel())
  equal(tostring(executor), "<ThreadPoolExecutor threads=1/1 busy=1 queued=0>")
  gate:send(9)
  equal(await(first), 9)
  check(second:cancelled())
end)

test("a Future that the script completes itself drops the call", function()
  local executor <close> = async.ThreadPoolExecutor(1)
  local future = executor:submit(async.sleep, 1000)
  future:set_result("mine")
  equal(await(future), "mine")
end)

test("shutdown waits for all calls, and refuses new ones", function()
  local executor = async.ThreadPoolExecutor(2)
  local futures = {}
  for i = 1, 10 do futures[i] = executor:submit(square, i) end
  executor:shutdown()
  for i, future in ipairs(futures) do
    check(future:done())
    equal(await(future), i * i)
  end
  equal(tostring(executor), "<ThreadPoolExecutor threads=0/2 busy=0 queued=0 shut down>")
  misuse(async.RuntimeError, executor.submit, executor, square, 1)
  misuse(async.RuntimeError, executor.map, executor, square, { 1 })
  executor:shutdown()
end)

test("shutdown(false) does not wait", function()
  local executor = async.ThreadPoolExecutor(1)
  local future = executor:submit(square, 3)
  executor:shutdown(false)
  equal(await(future), 9)
  executor:shutdown()
end)

test("shutdown can cancel the calls that have not begun", function()
  local executor = async.ThreadPoolExecutor(1)
  local gate = async.thread_channel()
  local first, second = executor:submit(receive, gate), executor:submit(error, "it was called")
  local shutdown = async.spawn(executor.shutdown, executor, true, true)
  async.sleep(0)
  gate:send(9)
  await(shutdown)
  equal(await(first), 9)
  check(second:cancelled())
end)

test("a cancelled shutdown can be waited for again", function()
  local executor = async.ThreadPoolExecutor(1)
  local future = executor:submit(async.sleep, 0.01)
  local task = async.spawn(executor.shutdown, executor)
  async.sleep(0)
  task:cancel()
  raises(async.CancelledError, await, task)
  executor:shutdown()
  check(future:done() and not future:cancelled())
end)

test("an executor that is dropped finishes what it has", function()
  local future = async.ThreadPoolExecutor(1):submit(square, 6)
  collectgarbage()
  collectgarbage()
  equal(await(future), 36)
end)

test("run_in_executor gives a Future, of the default threads or those of an executor", function()
  local loop = async.get_running_loop()
  local executor <close> = async.ThreadPoolExecutor(1)
  equal(await(loop:run_in_executor(executor, square, 3)), 9)
  local future = loop:run_in_executor(nil, square, 4)
  check(not async.is(future, async.Error) and tostring(future) == "<Future pending>")
  equal(await(future), 16)
end)

test("wrong arguments are refused at the caller", function()
  local loop = async.get_running_loop()
  local executor <close> = async.ThreadPoolExecutor(1)
  misuse(async.TypeError, executor.submit, executor)
  misuse(async.TypeError, executor.submit, executor, {})
  misuse(async.TypeError, executor.submit, {}, print)
  misuse(async.TypeError, executor.submit, executor, print, coroutine.create(print))
  misuse(async.TypeError, executor.map, executor, print)
  misuse(async.TypeError, executor.map, executor, print, 5)
  misuse(async.TypeError, executor.map, executor, nil, {})
  misuse(async.TypeError, loop.run_in_executor, loop, {}, print)
  misuse(async.TypeError, loop.run_in_executor, loop, nil, 5)
  misuse(async.TypeError, async.ThreadPoolExecutor, "x")
  misuse(async.TypeError, async.ThreadPoolExecutor, { workers = 1 })
  misuse(async.TypeError, async.ThreadPoolExecutor, { max_workers = 1.5 })
  misuse(async.TypeError, async.ThreadPoolExecutor, { name = 5 })
  misuse(async.ValueError, async.ThreadPoolExecutor, { max_workers = 0 })
  misuse(async.ValueError, async.ThreadPoolExecutor, 100000)
end)

test("an error nobody retrieves is reported", function()
  local list = reports()
  local executor = async.ThreadPoolExecutor(1)
  executor:submit(error, "unseen")
  executor:shutdown()
  collectgarbage()
  collectgarbage()
  async.sleep(0)
  equal(#list, 1)
  check(tostring(list[1].exception):find("unseen"))
  local trace = list[1].traceback
  check(trace:find("%-%- thread of ThreadPoolExecutor, called at [^\n]+:%d+$"), "somebody is said to follow: " .. trace)
end)

test("64 threads at once", { clock = "real" }, function()
  local executor <close> = async.ThreadPoolExecutor(64)
  -- Each waits until all have begun.
  local name = os.tmpname()
  local futures = {}
  for i = 1, 64 do
    futures[i] = executor:submit(function(path)
      io.open(path, "a"):write("x"):close()
      while #io.open(path):read("a") < 64 do async.sleep(0.005) end
      return true
    end, name)
  end
  for _, future in ipairs(futures) do check(await(future)) end
  os.remove(name)
end)

test("100,000 queued calls", { clock = "real" }, function()
  local executor <close> = async.ThreadPoolExecutor(2)
  local count = sanitized and 5000 or 100000
  local futures = {}
  for i = 1, count do futures[i] = executor:submit(square, i) end
  for i = 1, count do
    if await(futures[i]) ~= i * i then error("wrong result") end
  end
end)

test("memory is flat over many lives of a thread", { clock = "real" }, function()
  local function resident()
    return tonumber(io.open("/proc/self/statm"):read("a"):match("%d+ (%d+)")) * 4
  end
  local function live(n)
    for i = 1, n do
      local executor <close> = async.ThreadPoolExecutor(1)
      executor:submit(square, i)
    end
    collectgarbage()
    return resident()
  end
  if not io.open("/proc/self/statm") or sanitized then return end
  live(200)
  local before = live(200)
  check(live(600) - before < 1500, "kilobytes more")
end)

test("cpu_count gives the processors that the program may use", function()
  local count = async.cpu_count()
  check(math.type(count) == "integer" and count >= 1)
end)
