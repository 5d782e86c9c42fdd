-- async.select. See channel_churn_test.lua for random use.

local select_values = async.select

local function waiting(fn, ...)
  local task = async.spawn(fn, ...)
  async.sleep(0)
  return task
end

local function ask(cases)
  return table.pack(select_values(cases))
end

local function idle(...)
  for _, ch in ipairs { ... } do
    check(tostring(ch):find("receivers=0 senders=0", 1, true), tostring(ch))
  end
end

test("select: takes the case that can happen, and calls its function with the value and true", function()
  local a, b = async.Channel(1), async.Channel(1)
  b:send("value")
  local function never() error("not this one") end
  equal(ask { a:on_receive(never), b:on_receive(function(...) return "b", ... end) }, { "b", "value", true, n = 3 })
  equal({ #a, #b }, { 0, 0 })
  equal(ask { a:on_send("sent", function(...) return "sent", select("#", ...) end), b:on_receive(never) },
    { "sent", 0, n = 2 })
  equal((a:receive()), "sent")
  idle(a, b)
end)

test("select: without a function it returns the place of the case, then the value and true", function()
  local a, b = async.Channel(1), async.Channel(1)
  b:send(nil)
  equal(ask { a:on_receive(), b:on_receive() }, { 2, nil, true, n = 3 })
  equal(ask { a:on_send(5), b:on_receive() }, { 1, n = 1 })
  equal(ask { b:on_receive(), async.on_timeout(1) }, { 2, n = 1 })
  equal(ask { b:on_receive(), default = true }, { "default", n = 1 })
end)

test("select: waits until one of its cases can happen, and leaves the others", function()
  local a, b = async.Channel(), async.Channel()
  local task = waiting(ask, { a:on_receive(), b:on_receive(), b:on_send(1), a:on_send(2) })
  equal(tostring(a), "<Channel size=0/0 receivers=1 senders=1>")
  b:send("x")
  idle(a, b)
  equal(await(task), { 2, "x", true, n = 3 })
  task = waiting(ask, { a:on_receive(), b:on_receive(), b:on_send(1), a:on_send(2) })
  equal((a:receive()), 2)
  idle(a, b)
  equal(await(task), { 4, n = 1 })
end)

test("select: exactly one case happens when several become possible in one turn", function()
  local a, b = async.Channel(), async.Channel()
  local task = waiting(ask, { a:on_receive(), b:on_receive(), async.on_timeout(1) })
  check(a:try_send(1))
  check(not a:try_send(2))
  check(not b:try_send(3))
  equal(await(task), { 1, 1, true, n = 3 })
end)

test("select: its function runs in the selecting task, and may wait", function()
  local ch = async.Channel(1)
  ch:send(3)
  local me = async.current_task()
  local after = select_values { ch:on_receive(function(n)
    equal(async.current_task(), me)
    return elapsed(async.sleep, n)
  end) }
  equal(after, 3.0)
end)

test("select: an error of its function is the error of select", function()
  local ch = async.Channel(1)
  raises(async.ValueError, select_values, { ch:on_send(1, function() error(async.ValueError("boom")) end) })
  equal(#ch, 1)
end)

test("select: default is taken when nothing can happen, without waiting", function()
  local ch = async.Channel()
  local function never() error("not this one") end
  equal(ask { ch:on_receive(never), default = function(...) return "nothing", select("#", ...) end },
    { "nothing", 0, n = 2 })
  equal(ask { ch:on_send(1, never), default = true }, { "default", n = 1 })
  equal(ask { default = true }, { "default", n = 1 })
  equal(elapsed(select_values, { async.on_timeout(0, never), default = true }), 0.0)
  local sender = waiting(ch.send, ch, "x")
  equal(ask { ch:on_receive(), default = never }, { 1, "x", true, n = 3 })
  await(sender)
  equal(ask { ch:on_receive(), default = false, async.on_timeout(1) }, { 2, n = 1 })
end)

test("select: of several timeouts the earliest ends it, of equal ones the first", function()
  local ch = async.Channel()
  local start = async.get_running_loop():time()
  equal(ask { async.on_timeout(3), ch:on_receive(), async.on_timeout(2, function() return "two" end),
    async.on_timeout(2), async.on_timeout(math.huge) }, { "two", n = 1 })
  equal(async.get_running_loop():time() - start, 2.0)
  idle(ch)
  equal(ask { async.on_timeout(), async.on_timeout(-1), ch:on_receive() }, { 2, n = 1 })
end)

test("select: a timeout of 0 lets what is ready run first", function()
  local ch = async.Channel()
  async.spawn(ch.send, ch, "in time")
  equal(ask { ch:on_receive(), async.on_timeout(0) }, { 1, "in time", true, n = 3 })
  equal(ask { ch:on_receive(), async.on_timeout(0) }, { 2, n = 1 })
end)

test("select: what has happened before the timeout is not timed out, and leaves no timer", function()
  local ch = async.Channel()
  local task = waiting(ask, { ch:on_receive(), async.on_timeout(5) })
  ch:send(1)
  equal(await(task), { 1, 1, true, n = 3 })
  equal(elapsed(raises, async.DeadlockError, ch.receive, ch), 0.0)
end)

test("select: a case that is false is left out, as a nil channel is in Go", function()
  local ch = async.Channel(1)
  ch:send(1)
  equal(ask { false, ch:on_receive() }, { 2, 1, true, n = 3 })
  equal(ask { false, ch:on_receive(), false, async.on_timeout(1) }, { 4, n = 1 })
  equal(ask { false, default = true }, { "default", n = 1 })
  misuse(async.ValueError, select_values, { false, false })
end)

test("select: without a case and without a default it is a ValueError", function()
  misuse(async.ValueError, select_values, {})
  misuse(async.ValueError, select_values, { default = false })
end)

test("select: what it cannot use is a TypeError that says what to write", function()
  local ch = async.Channel()
  local case = ch:on_receive()
  for _, list in ipairs { 5, { 5 }, { ch }, { print }, { case, timeout = 5 }, { case, [3] = case },
    { case, [0] = case }, { case, default = 5 }, { case, [ch] = 1 } } do
    misuse(async.TypeError, select_values, list)
  end
  misuse(async.TypeError, select_values)
  misuse(async.TypeError, select_values, case)
  raises("TypeError: case 1 of select is a Channel; pass channel:on_receive", select_values, { ch })
  raises("TypeError: select has no option 'timeout', only default", select_values, { case, timeout = 5 })
  raises("TypeError: case 4 of select comes after a hole in the list; write false", select_values,
    { case, nil, nil, [4] = case })
  raises("TypeError: argument 1 of select must be a list of cases, got SelectCase; write select{...}", select_values,
    case)
  misuse(async.TypeError, ch.on_receive, ch, 5)
  misuse(async.TypeError, ch.on_send, ch, 1, "x")
  misuse(async.TypeError, async.on_timeout, "1s")
  misuse(async.TypeError, async.on_timeout, 1, "x")
  misuse(async.ValueError, async.on_timeout, 0 / 0)
end)

test("select: cases may be kept and used again, also by several tasks at once", function()
  local a, b = async.Channel(), async.Channel()
  local cases = { a:on_receive(), b:on_receive() }
  local first, second = waiting(ask, cases), waiting(ask, cases)
  cases[1] = nil
  collectgarbage()
  b:send(1)
  a:send(2)
  equal({ await(first), await(second) }, { { 2, 1, true, n = 3 }, { 1, 2, true, n = 3 } })
end)

test("select: a case shows what it is for", function()
  local ch = async.Channel(2)
  equal({ tostring(ch:on_receive()), tostring(ch:on_send(1)), tostring(async.on_timeout(1.5)) }, {
    "<SelectCase receive from <Channel size=0/2 receivers=0 senders=0>>",
    "<SelectCase send to <Channel size=0/2 receivers=0 senders=0>>",
    "<SelectCase timeout 1.5>",
  })
end)

test("select: a functable is called like a function", function()
  local ch = async.Channel(1)
  local functable = setmetatable({}, { __call = function(_, ...) return "called", ... end })
  ch:send(1)
  equal(ask { ch:on_receive(functable) }, { "called", 1, true, n = 3 })
  equal(ask { ch:on_receive(), default = functable }, { "called", n = 1 })
end)

-- The other side

test("select: does not meet itself on a channel that it both sends to and receives from", function()
  local ch = async.Channel()
  equal(ask { ch:on_receive(), ch:on_send("self"), async.on_timeout(1) }, { 3, n = 1 })
  local task = waiting(ask, { ch:on_receive(), ch:on_send("self") })
  equal((ch:receive()), "self")
  equal(await(task), { 2, n = 1 })
  task = waiting(ask, { ch:on_receive(), ch:on_send("self") })
  ch:send("other")
  equal(await(task), { 1, "other", true, n = 3 })
end)

test("select: two selects meet, whichever comes first", function()
  for _, swap in ipairs { false, true } do
    local a, b = async.Channel(), async.Channel()
    local function one() return ask { a:on_send("from one"), b:on_receive() } end
    local function other() return ask { b:on_receive(), a:on_receive() } end
    local first = waiting(swap and other or one)
    local second = waiting(swap and one or other)
    local sent, received = await(swap and second or first), await(swap and first or second)
    equal(sent, { 1, n = 1 })
    equal(received, { 2, "from one", true, n = 3 })
    idle(a, b)
  end
end)

test("select: two that each send and receive on one channel meet once", function()
  local ch = async.Channel()
  local one = waiting(ask, { ch:on_send("one"), ch:on_receive() })
  local two = ask { ch:on_send("two"), ch:on_receive() }
  local first = await(one)
  check(first[1] ~= two[1])
  equal(first[1] == 1 and two or first, { 2, first[1] == 1 and "one" or "two", true, n = 3 })
  idle(ch)
end)

test("select: the same channel in several cases gives one value", function()
  local ch = async.Channel()
  local task = waiting(ask, { ch:on_receive(), ch:on_receive(), ch:on_receive() })
  ch:send(1)
  check(not ch:try_send(2))
  equal(await(task), { 1, 1, true, n = 3 })
  idle(ch)
end)

test("select: waits in line with plain sends and receives", function()
  local ch = async.Channel()
  local tasks = { waiting(ch.receive, ch), waiting(ask, { ch:on_receive() }), waiting(ch.receive, ch) }
  for i = 1, 3 do ch:send(i) end
  equal({ (await(tasks[1])), await(tasks[2])[2], (await(tasks[3])) }, { 1, 2, 3 })
  tasks = { waiting(ch.send, ch, 1), waiting(ask, { ch:on_send(2) }), waiting(ch.send, ch, 3) }
  equal({ (ch:receive()), (ch:receive()), (ch:receive()) }, { 1, 2, 3 })
  async.gather(tasks)
end)

test("select: a buffered send case waits for room, and puts its value once", function()
  local a, b = async.Channel(1), async.Channel(1)
  a:send("full")
  b:send("full")
  local task = waiting(ask, { a:on_send(1), b:on_send(2) })
  equal((b:receive()), "full")
  equal(await(task), { 2, n = 1 })
  equal({ #a, #b, (b:receive()), (a:receive()) }, { 1, 1, 2, "full" })
  idle(a, b)
end)

test("select: a closed channel is received from at once, and a send case of it raises at the caller", function()
  local ch, other = async.Channel(), async.Channel()
  ch:close()
  equal(ask { other:on_receive(), ch:on_receive() }, { 2, nil, false, n = 3 })
  equal(ask { ch:on_receive(function(v, ok) return ok, v end) }, { false, nil, n = 2 })
  misuse(async.QueueShutDown, select_values, { ch:on_send(1), other:on_receive() })
  misuse(async.QueueShutDown, select_values, { ch:on_send(1), default = true })
end)

test("select: close wakes its receive cases with nil and false, its send cases with the error", function()
  local a, b = async.Channel(), async.Channel()
  local task = waiting(ask, { a:on_receive(), b:on_receive() })
  b:close()
  equal(await(task), { 2, nil, false, n = 3 })
  idle(a, b)
  local ch = async.Channel()
  async.get_running_loop():call_later(1, function() ch:close() end)
  misuse(async.QueueShutDown, select_values, { a:on_receive(), ch:on_send(1) })
  idle(a, ch)
end)

-- Choice and fairness

test("select: of several that can happen each has its turn", function()
  local a, b, c = async.Channel(math.huge), async.Channel(math.huge), async.Channel()
  local counts = { 0, 0, 0 }
  for i = 1, 1000 do
    a:send(i)
    b:send(i)
  end
  for _ = 1, 900 do
    local which = select_values { a:on_receive(), c:on_receive(), b:on_receive() }
    counts[which] = counts[which] + 1
  end
  equal(counts[2], 0)
  check(counts[1] > 350 and counts[3] > 350, counts[1])
end)

test("select: the choice does not fall in step with another select's", function()
  local a, b = async.Channel(math.huge), async.Channel(math.huge)
  for i = 1, 1000 do
    a:send(i)
    b:send(i)
  end
  local counts = { { 0, 0 }, { 0, 0 } }
  for round = 1, 600 do
    local count = counts[round % 2 + 1]
    local which = select_values { a:on_receive(), b:on_receive() }
    count[which] = count[which] + 1
  end
  for _, count in ipairs(counts) do check(count[1] > 100 and count[2] > 100, count[1]) end
end)

test("select: loops of it that need not wait let others run, with a default too", function()
  local ch, closed = async.Channel(), async.Channel()
  closed:close()
  local got
  async.spawn(ch.send, ch, "at last")
  while not got do
    select_values { ch:on_receive(function(v) got = v end), default = true }
  end
  equal(got, "at last")
  local ticks = 0
  local other = async.spawn(function()
    for _ = 1, 5 do
      async.sleep(0)
      ticks = ticks + 1
    end
  end)
  while ticks < 5 do select_values { closed:on_receive(), default = true } end
  await(other)
end)

test("select: a chain of 100,000, each in the function of the one before", function()
  local ch = async.Channel(1)
  local function go(n)
    if n == 0 then return "end" end
    ch:send(n - 1)
    return select_values { ch:on_receive(go) }
  end
  equal(go(100000), "end")
end)

-- Cancellation

test("select: cancelled while it waits, it leaves every channel at once, and its timer", function()
  local a, b = async.Channel(), async.Channel()
  local task = waiting(ask, { a:on_receive(), b:on_send(1), a:on_send(2), async.on_timeout(3) })
  task:cancel()
  idle(a, b)
  raises(async.CancelledError, await, task)
  equal(elapsed(raises, async.DeadlockError, a.receive, a), 0.0)
end)

test("select: a value that meets the cancellation goes to the next receiver, or is in the channel again", function()
  local a, b = async.Channel(), async.Channel()
  local function never() error("it was cancelled") end
  local task = waiting(ask, { b:on_receive(never), a:on_receive(never) })
  local other = waiting(ask, { a:on_receive(), b:on_receive() })
  a:send("value")
  task:cancel()
  raises(async.CancelledError, await, task)
  equal(await(other), { 1, "value", true, n = 3 })
  task = waiting(ask, { b:on_receive(never), a:on_receive(never) })
  a:send("again")
  task:cancel()
  raises(async.CancelledError, await, task)
  equal(#a, 1)
  equal(ask { a:on_receive() }, { 1, "again", true, n = 3 })
  idle(a, b)
end)

test("select: a send case whose value was taken has happened, and the cancellation comes at the next wait", function()
  local ch, sent = async.Channel(), false
  local task = waiting(function()
    select_values { ch:on_send("value", function() sent = true end) }
    async.sleep(0)
    error("cancelled")
  end)
  equal((ch:receive()), "value")
  task:cancel()
  raises(async.CancelledError, await, task)
  check(sent)
end)

test("select: a cancellation wins over a timeout case of the same turn", function()
  local ch, task = async.Channel(), nil
  local function never() error("it was cancelled") end
  async.get_running_loop():call_later(1, function() task:cancel() end)
  task = async.spawn(ask, { ch:on_receive(), async.on_timeout(1, never) })
  raises(async.CancelledError, await, task)
end)

test("select: a timeout scope around it that ends at the same time or before wins", function()
  local ch = async.Channel()
  local function never() error("the scope ended first") end
  raises(async.TimeoutError, async.timeout, 1, select_values, { ch:on_receive(), async.on_timeout(1, never) })
  raises(async.TimeoutError, async.timeout, 1, select_values, { ch:on_receive(), async.on_timeout(2, never) })
  equal(async.timeout(2, ask, { ch:on_receive(), async.on_timeout(1) }), { 2, n = 1 })
  idle(ch)
end)

test("select: 20,000 that were cancelled leave nothing behind", function()
  local a, b = async.Channel(), async.Channel()
  local cases = { a:on_receive(), b:on_receive(), async.on_timeout(1000) }
  local function round(n)
    local tasks = {}
    for i = 1, n do tasks[i] = async.spawn(select_values, cases) end
    async.sleep(0)
    for i = 1, n do tasks[i * 7919 % n + 1]:cancel() end
    idle(a, b)
    async.wait(tasks)
    check(tasks[1]:cancelled() and tasks[n]:cancelled())
    tasks = nil
    collectgarbage()
    collectgarbage()
    return collectgarbage("count")
  end
  round(20000)
  local before = round(1000)
  check(round(20000) - before < 500)
end)

-- Where it can be used

test("select: callbacks may select what need not wait", function()
  local ch, got, err = async.Channel(1), nil, nil
  local loop = async.get_running_loop()
  loop:call_soon(function() got = ask { ch:on_send(1), default = true } end)
  loop:call_soon(function() err = select(2, pcall(ask, { ch:on_send(1) })) end)
  async.sleep(0)
  equal(got, { 1, n = 1 })
  check(async.is(err, async.RuntimeError))
  idle(ch)
end)

test("select: works in a coroutine of a task, as a sender and as a receiver", function()
  local a, b = async.Channel(), async.Channel()
  local task = waiting(function()
    local step = coroutine.wrap(function()
      coroutine.yield(ask { a:on_send("out"), b:on_receive() })
      return ask { a:on_receive(), b:on_send("x") }
    end)
    return { step(), step() }
  end)
  equal((a:receive()), "out")
  async.sleep(0)
  a:send("in")
  equal(await(task), { { 1, n = 1 }, { 1, "in", true, n = 3 } })
end)

test("select: a deadlock names the wait", function()
  local ch = async.Channel()
  raises("'[^']*' waits in select at", select_values, { ch:on_receive(), ch:on_send(1), async.on_timeout() })
  idle(ch)
end)

test("select: 1,000 cases", function()
  local cases, channels = {}, {}
  for i = 1, 1000 do
    channels[i] = async.Channel()
    cases[i] = channels[i]:on_receive()
  end
  local task = waiting(ask, cases)
  channels[777]:send("x")
  equal(await(task), { 777, "x", true, n = 3 })
  idle(channels[1], channels[777], channels[1000])
end)

test("select: more cases than the stack holds are a ValueError", function()
  local ch, cases = async.Channel(), {}
  local case = ch:on_receive()
  for i = 1, 1100000 do cases[i] = case end
  misuse(async.ValueError, select_values, cases)
  idle(ch)
end)
