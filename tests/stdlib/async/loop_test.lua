test("call_soon runs callbacks in order, later, with their arguments", function()
  local loop, order = async.get_running_loop(), {}
  for i = 1, 3 do loop:call_soon(function(...) order[#order + 1] = table.pack(...) end, i, nil) end
  equal(order, {})
  async.sleep(0)
  equal(order, { { 1, nil, n = 2 }, { 2, nil, n = 2 }, { 3, nil, n = 2 } })
end)

test("a callback takes 200 and 10,000 arguments", function()
  local loop, counts, many = async.get_running_loop(), {}, {}
  for i = 1, 10000 do many[i] = i end
  loop:call_soon(function(...) counts[1] = select("#", ...) end, table.unpack(many, 1, 200))
  loop:call_soon(function(...) counts[2] = select("#", ...) end, table.unpack(many))
  async.sleep(0)
  equal(counts, { 200, 10000 })
end)

test("callbacks made by callbacks run in a later round", function()
  local loop, order = async.get_running_loop(), {}
  loop:call_soon(function()
    loop:call_soon(function() order[#order + 1] = "inner" end)
    order[#order + 1] = "outer"
  end)
  loop:call_soon(function() order[#order + 1] = "second" end)
  async.sleep(0)
  async.sleep(0)
  equal(order, { "outer", "second", "inner" })
end)

test("call_later and call_at run in the order of their deadlines, equal ones in the order in which they were set", function()
  local loop, order = async.get_running_loop(), {}
  local start = loop:time()
  local function note(x) order[#order + 1] = { x, loop:time() - start } end
  loop:call_later(2, note, "b")
  loop:call_at(start + 1, note, "a1")
  loop:call_later(1, note, "a2")
  loop:call_at(start + 1, note, "a3")
  loop:call_later(0, note, "now")
  loop:call_at(-1, note, "past")
  loop:call_later(-5, note, "negative")
  async.sleep(3)
  equal(order, { { "now", 0.0 }, { "past", 0.0 }, { "negative", 0.0 }, { "a1", 1.0 }, { "a2", 1.0 }, { "a3", 1.0 },
    { "b", 2.0 } })
end)

test("a timer on the real clock is never early", { clock = "real" }, function()
  local loop, late = async.get_running_loop(), {}
  for i, delay in ipairs { 0.0001, 0.0007, 0.0015, 0.004 } do
    local when = loop:time() + delay
    loop:call_at(when, function() late[i] = loop:time() - when end)
  end
  async.sleep(0.01)
  for i = 1, 4 do check(late[i] >= 0, ("early by %g"):format(-late[i])) end
end)

test("a handle can be cancelled before it runs, wherever it waits", function()
  local loop, ran = async.get_running_loop(), {}
  local function note(x) ran[#ran + 1] = x end
  local soon, later, at = loop:call_soon(note, 1), loop:call_later(1, note, 2), loop:call_at(loop:time() + 1, note, 3)
  local kept = loop:call_later(1, note, 4)
  for _, handle in ipairs { soon, later, at } do
    check(not handle:cancelled())
    handle:cancel()
    check(handle:cancelled())
    handle:cancel()
  end
  async.sleep(2)
  equal(ran, { 4 })
  check(not kept:cancelled())
end)

test("a handle cancelled in the turn in which its time has come does not run", function()
  local loop, ran, second = async.get_running_loop(), {}, nil
  loop:call_later(1, function()
    ran[#ran + 1] = "first"
    second:cancel()
  end)
  second = loop:call_later(1, function() ran[#ran + 1] = "second" end)
  async.sleep(2)
  equal(ran, { "first" })
end)

test("a handle may cancel itself while it runs, and be cancelled afterwards", function()
  local loop, handle = async.get_running_loop(), nil
  local ran = 0
  handle = loop:call_soon(function()
    ran = ran + 1
    handle:cancel()
    collectgarbage()
  end)
  async.sleep(0)
  handle:cancel()
  equal(ran, 1)
end)

test("a handle need not be kept", function()
  local loop, ran = async.get_running_loop(), 0
  for _ = 1, 100 do
    loop:call_later(1, function() ran = ran + 1 end)
    loop:call_soon(function() ran = ran + 1 end)
  end
  collectgarbage()
  collectgarbage()
  async.sleep(2)
  equal(ran, 200)
end)

test("when gives the time, and infinity never comes", function()
  local loop = async.get_running_loop()
  equal(loop:call_later(2, print):when(), loop:time() + 2)
  local never, far = loop:call_later(math.huge, print), loop:call_at(math.huge, print)
  equal({ never:when(), far:when() }, { math.huge, math.huge })
  for _, task in ipairs { never, far } do task:cancel() end
  local handle = loop:call_at(loop:time() + 1, function() end)
  handle:cancel()
  check(tostring(handle):find("cancelled"))
  local quiet = print
  print = function() end
  async.sleep(3)
  print = quiet
end)

test("delays and callbacks are checked", function()
  local loop = async.get_running_loop()
  raises(async.ValueError, loop.call_later, loop, 0 / 0, print)
  raises(async.ValueError, loop.call_at, loop, 0 / 0, print)
  raises(async.TypeError, loop.call_later, loop, "x", print)
  raises(async.TypeError, loop.call_later, loop, {}, print)
  raises(async.TypeError, loop.call_soon, loop, 5)
  raises(async.TypeError, loop.call_later, loop, 1, "print")
  raises("callback must be a function, got nil", loop.call_soon, loop, nil)
  raises("", loop.call_soon, loop)
  raises("", loop.call_later, loop, 1)
end)

test("a callback that waits is told to spawn a task, and the loop goes on", function()
  local loop, seen, ran = async.get_running_loop(), reports(), false
  local waits = {
    function() async.sleep(1) end,
    function() await(async.Future()) end,
    function() async.gather(async.Future()) end,
    function() coroutine.wrap(async.sleep)(1) end,
    function() async.wait({ async.Future() }, { timeout = 1 }) end,
    function() async.timeout(1, print) end,
  }
  for _, wait in ipairs(waits) do loop:call_soon(wait) end
  loop:call_soon(function() ran = true end)
  async.sleep(1)
  check(ran)
  equal(#seen, #waits)
  for _, context in ipairs(seen) do
    check(async.is(context.exception, async.RuntimeError), tostring(context.exception))
    check(context.exception.message:find("callback") and context.exception.message:find("spawn"),
      context.exception.message)
  end
end)

test("a callback may await what is done, spawn tasks and cancel them", function()
  local loop, got, task = async.get_running_loop(), nil, nil
  local done = async.Future()
  done:set_result("d")
  loop:call_soon(function()
    got = await(done)
    task = async.spawn(async.sleep, 1, "t")
    async.spawn(async.sleep, 1):cancel()
  end)
  async.sleep(0)
  equal(got, "d")
  equal(await(task), "t")
end)

test("a callback that yields is an error that is reported", function()
  local seen = reports()
  async.get_running_loop():call_soon(coroutine.yield)
  async.sleep(0)
  equal(#seen, 1)
end)

test("a callback that never ends adding callbacks starves no timer", { clock = "real" }, function()
  local loop, stop = async.get_running_loop(), false
  local function again()
    if not stop then loop:call_soon(again) end
  end
  again()
  async.sleep(0.002)
  stop = true
  async.sleep(0)
end)

test("timers that never end adding timers starve no other one", function()
  local loop, count, stop = async.get_running_loop(), 0, false
  local function again()
    count = count + 1
    if not stop then loop:call_later(0, again) end
  end
  again()
  for _ = 1, 10000 do async.sleep(0) end
  check(count > 1)
  stop = true
  async.sleep(1)
end)

test("100,000 timers fire in order, and 100,000 cancelled ones leave nothing behind", function()
  local loop, last, sorted, count = async.get_running_loop(), -1, true, 0
  local handles = {}
  for i = 1, 50000 do
    local delay = (i * 7919) % 1000
    loop:call_later(delay, function()
      sorted = sorted and delay >= last
      last, count = delay, count + 1
    end)
    handles[i] = loop:call_later(delay, error)
  end
  for i = 1, #handles do handles[i]:cancel() end
  async.sleep(2000)
  check(sorted)
  equal(count, 50000)
end)

test("memory is flat after many callbacks, run and cancelled", function()
  local loop = async.get_running_loop()
  local function round(n)
    for _ = 1, n do
      loop:call_later(1000, print, "x"):cancel()
      loop:call_soon(rawequal, 1, 2)
      async.sleep(0)
    end
    collectgarbage()
    collectgarbage()
    return collectgarbage("count")
  end
  round(1000)
  local before = round(10000)
  check(round(10000) - before < 50)
end)

test("get_running_loop gives the same loop everywhere", function()
  local loop = async.get_running_loop()
  equal(await(async.spawn(async.get_running_loop)), loop)
  equal(async.run(async.get_running_loop), loop)
  check(tostring(loop):find("Loop"))
end)

test("create_task of the loop is async.create_task", function()
  local task = async.get_running_loop():create_task(async(function() return "r" end)(), { name = "n" })
  equal({ task:get_name(), await(task) }, { "n", "r" })
end)

test("time goes on, on the real clock as on the virtual one", { clock = "real" }, function()
  local loop = async.get_running_loop()
  local start = loop:time()
  async.sleep(0.001)
  check(loop:time() > start)
end)
