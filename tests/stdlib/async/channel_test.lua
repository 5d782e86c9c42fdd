-- Channel: see select_test.lua for select, channel_churn_test.lua for random use.

local function waiting(fn, ...)
  local task = async.spawn(fn, ...)
  async.sleep(0)
  return task
end

local function ask(fn, ...)
  return table.pack(fn(...))
end

test("Channel: without a capacity a send waits until a receiver takes the value", function()
  local ch = async.Channel()
  local sender = waiting(ch.send, ch, 7)
  check(not sender:done())
  equal(tostring(ch), "<Channel size=0/0 receivers=0 senders=1>")
  equal(ask(ch.receive, ch), { 7, true, n = 2 })
  await(sender)
  equal(tostring(ch), "<Channel size=0/0 receivers=0 senders=0>")
end)

test("Channel: a send to a receiver that waits does not wait", function()
  local ch = async.Channel()
  local receiver = waiting(ch.receive, ch)
  equal(tostring(ch), "<Channel size=0/0 receivers=1 senders=0>")
  ch:send(7)
  check(not receiver:done())
  equal(table.pack(await(receiver)), { 7, true, n = 2 })
end)

test("Channel: a buffered send waits only when the buffer is full", function()
  local ch = async.Channel(2)
  ch:send(1)
  ch:send(2)
  equal({ ch:len(), #ch, ch:capacity(), tostring(ch) },
    { 2, 2, 2, "<Channel size=2/2 receivers=0 senders=0>" })
  local sender = waiting(ch.send, ch, 3)
  check(not sender:done())
  equal(ch:receive(), 1)
  equal(#ch, 2)
  await(sender)
  equal({ (ch:receive()), (ch:receive()), #ch }, { 2, 3, 0 })
end)

test("Channel: math.huge is no limit", function()
  local ch = async.Channel(math.huge)
  for i = 1, 1000 do ch:send(i) end
  equal({ #ch, ch:capacity(), tostring(ch) }, { 1000, math.huge, "<Channel size=1000 receivers=0 senders=0>" })
  for i = 1, 1000 do equal((ch:receive()), i) end
end)

test("Channel: a capacity must be an integer of 0 or more, or math.huge", function()
  for _, value in ipairs { "1", true, {}, 1.5, 2.0, 0 / 0, -math.huge } do
    misuse(async.TypeError, async.Channel, value)
  end
  raises("TypeError: argument 1 of Channel must be an integer, or math.huge for no limit, got 1.5", async.Channel, 1.5)
  raises("ValueError: argument 1 of Channel must be 0 or more, got %-1", async.Channel, -1)
  misuse(async.ValueError, async.Channel, -1)
  equal(async.Channel(nil):capacity(), 0)
end)

test("Channel: its methods need a Channel", function()
  local ch = async.Channel()
  for _, name in ipairs { "send", "receive", "try_send", "try_receive", "close", "closed", "len", "capacity", "on_send",
    "on_receive" } do
    misuse(async.TypeError, ch[name], 5)
  end
  raises("TypeError: argument 1 must be a Channel, got Lock; call its methods with ':'", ch.send, async.Lock())
end)

test("Channel: nil and false are values", function()
  local ch = async.Channel(4)
  ch:send(nil)
  ch:send()
  ch:send(false)
  equal(#ch, 3)
  for _, value in ipairs { "nil", "nil", "false" } do
    local got, ok = ch:receive()
    equal({ tostring(got), ok }, { value, true })
  end
  local receiver = waiting(ch.receive, ch)
  ch:send(nil)
  equal(table.pack(await(receiver)), { nil, true, n = 2 })
end)

test("Channel: values keep their order while the ring grows and turns", function()
  local ch = async.Channel(math.huge)
  local sent, got = 0, 0
  for round = 1, 60 do
    for _ = 1, round do
      sent = sent + 1
      ch:send(sent)
    end
    for _ = 1, round * 2 // 3 do
      got = got + 1
      equal((ch:receive()), got)
    end
  end
  equal(#ch, sent - got)
  ch:close()
  for value in ch do
    got = got + 1
    equal(value, got)
  end
  equal(got, sent)
end)

test("Channel: receivers are served, and senders heard, in the order in which they came", function()
  local ch, order, tasks = async.Channel(), {}, {}
  for i = 1, 10 do
    tasks[i] = async.spawn(function() order[i] = ch:receive() end)
  end
  async.sleep(0)
  for i = 1, 10 do ch:send(i) end
  async.gather(tasks)
  equal(order, { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 })
  for i = 1, 10 do tasks[i] = waiting(ch.send, ch, i) end
  for i = 1, 10 do equal((ch:receive()), i) end
  async.gather(tasks)
end)

test("Channel: newcomers overtake no sender that waits and no receiver that was promised a value", function()
  local ch = async.Channel(1)
  local receiver = waiting(ch.receive, ch)
  ch:send(1)
  equal({ #ch, select("#", ch:try_receive()) }, { 0, 0 })
  ch:send(2)
  check(not ch:try_send(3))
  equal((await(receiver)), 1)
  local sender = waiting(ch.send, ch, 3)
  equal((ch:receive()), 2)
  check(not ch:try_send(4), "the room is the waiting sender's")
  await(sender)
  equal((ch:receive()), 3)
end)

test("Channel: try_send and try_receive do not wait", function()
  local ch = async.Channel(1)
  equal(ask(ch.try_receive, ch), { n = 0 })
  equal(ask(ch.try_send, ch, "a"), { true, n = 1 })
  equal(ask(ch.try_send, ch, "b"), { false, n = 1 })
  equal(ask(ch.try_receive, ch), { "a", true, n = 2 })
  local direct = async.Channel()
  check(not direct:try_send("nobody takes it"))
  local receiver = waiting(direct.receive, direct)
  check(direct:try_send("x"))
  equal((await(receiver)), "x")
  local sender = waiting(direct.send, direct, "y")
  equal(ask(direct.try_receive, direct), { "y", true, n = 2 })
  await(sender)
  direct:close()
  equal(ask(direct.try_receive, direct), { nil, false, n = 2 })
  misuse(async.QueueShutDown, direct.try_send, direct, 1)
end)

test("Channel: closed, it gives what is left, then nil and false; sends raise QueueShutDown at the caller", function()
  local ch = async.Channel(2)
  ch:send("a")
  ch:send("b")
  check(not ch:closed())
  ch:close()
  check(ch:closed())
  equal(tostring(ch), "<Channel size=2/2 receivers=0 senders=0 closed>")
  misuse(async.QueueShutDown, ch.send, ch, "c")
  raises("QueueShutDown: send on a closed Channel", ch.send, ch, "c")
  equal({ (ch:receive()), (ch:receive()) }, { "a", "b" })
  for _ = 1, 3 do equal(ask(ch.receive, ch), { nil, false, n = 2 }) end
end)

test("Channel: close may be called again, and works as a <close> variable", function()
  local kept
  do
    local ch <close> = async.Channel(1)
    ch:send(1)
    kept = ch
  end
  check(kept:closed())
  kept:close()
  equal((kept:receive()), 1)
end)

test("Channel: close wakes every receiver with nil and false, every sender with the error", function()
  local ch, tasks = async.Channel(), {}
  for i = 1, 3 do tasks[i] = waiting(ch.receive, ch) end
  ch:close()
  for i = 1, 3 do equal(table.pack(await(tasks[i])), { nil, false, n = 2 }) end
  ch = async.Channel(1)
  ch:send("in")
  for i = 1, 3 do tasks[i] = waiting(ch.send, ch, i) end
  ch:close()
  for i = 1, 3 do raises(async.QueueShutDown, await, tasks[i]) end
  equal({ ch:receive(), select("#", ch:receive()) }, { "in", 2 })
  equal(ask(ch.receive, ch), { nil, false, n = 2 })
end)

test("Channel: a send that was woken by close raises at its caller", function()
  local ch = async.Channel()
  async.get_running_loop():call_later(1, function() ch:close() end)
  misuse(async.QueueShutDown, ch.send, ch, 1)
end)

test("Channel: a receiver that was promised a value has it after close, whatever newcomers do", function()
  local ch = async.Channel()
  local receiver = waiting(ch.receive, ch)
  ch:send("value")
  ch:close()
  equal(ask(ch.receive, ch), { nil, false, n = 2 })
  equal(table.pack(await(receiver)), { "value", true, n = 2 })
end)

test("Channel: for v in ch goes on until it is closed and empty", function()
  local ch, got = async.Channel(3), {}
  local producer = async.spawn(function()
    for i = 1, 10 do ch:send(i * i) end
    ch:close()
  end)
  for v in ch do
    got[#got + 1] = v
    async.sleep(0)
  end
  equal(got, { 1, 4, 9, 16, 25, 36, 49, 64, 81, 100 })
  await(producer)
  for _ in ch do error("it is closed") end
end)

test("Channel: several loops share the values of a channel", function()
  local ch, sums = async.Channel(), { 0, 0, 0 }
  async.with(async.TaskGroup(), function(group)
    for i = 1, 3 do
      group:spawn(function()
        for v in ch do sums[i] = sums[i] + v end
      end)
    end
    for i = 1, 30 do ch:send(i) end
    ch:close()
  end)
  equal(sums[1] + sums[2] + sums[3], 465)
  for i = 1, 3 do check(sums[i] > 0) end
end)

test("Channel: a nil would end a loop, and is an error there", function()
  local ch = async.Channel(1)
  ch:send(nil)
  raises("RuntimeError: a value is nil, which would end the loop; use receive%(%)", function()
    for _ in ch do error("never") end
  end)
  local loop = waiting(function() for _ in ch do end end)
  ch:send(nil)
  raises(async.RuntimeError, await, loop)
end)

-- Cancellation

test("Channel: a receiver cancelled while it waits leaves at once and takes nothing", function()
  local ch = async.Channel()
  local first, second = waiting(ch.receive, ch), waiting(ch.receive, ch)
  first:cancel()
  equal(tostring(ch), "<Channel size=0/0 receivers=1 senders=0>")
  ch:send(1)
  equal((await(second)), 1)
  raises(async.CancelledError, await, first)
end)

test("Channel: a sender cancelled while it waits leaves at once and has sent nothing", function()
  local ch = async.Channel()
  local first, second = waiting(ch.send, ch, 1), waiting(ch.send, ch, 2)
  first:cancel()
  equal(tostring(ch), "<Channel size=0/0 receivers=0 senders=1>")
  equal((ch:receive()), 2)
  raises(async.CancelledError, await, first)
  await(second)
end)

test("Channel: a value that meets the receiver's cancellation goes to the next receiver", function()
  for capacity = 0, 2 do
    local ch = async.Channel(capacity)
    local first, second = waiting(ch.receive, ch), waiting(ch.receive, ch)
    ch:send("value")
    first:cancel()
    raises(async.CancelledError, await, first)
    equal(table.pack(await(second)), { "value", true, n = 2 })
  end
end)

test("Channel: with no other receiver the value is in the channel, in its place", function()
  for _, capacity in ipairs { 0, 5, math.huge } do
    local ch, tasks, got = async.Channel(capacity), {}, {}
    for i = 1, 5 do tasks[i] = waiting(ch.receive, ch) end
    for i = 1, 5 do ch:send(i) end
    equal(#ch, 0)
    for i = 1, 5 do
      if i ~= 3 then tasks[i]:cancel() end
    end
    equal(select("#", ch:try_receive()), 0)
    equal((await(tasks[3])), 1)
    async.sleep(0)
    equal(#ch, 4)
    for _ = 1, 4 do got[#got + 1] = ch:try_receive() end
    equal(got, { 2, 3, 4, 5 })
  end
end)

test("Channel: a value that came back takes the room of others, also where there is none", function()
  local ch = async.Channel()
  local receiver = waiting(ch.receive, ch)
  ch:send(1)
  receiver:cancel()
  raises(async.CancelledError, await, receiver)
  equal(tostring(ch), "<Channel size=1/0 receivers=0 senders=0>")
  check(not ch:try_send(2))
  local sender = waiting(ch.send, ch, 2)
  equal({ (ch:receive()), sender:done() }, { 1, false })
  async.sleep(0)
  check(not sender:done())
  equal((ch:receive()), 2)
  await(sender)
end)

test("Channel: a value that came back to a closed channel is received before its end", function()
  local ch = async.Channel()
  local first, second = waiting(ch.receive, ch), waiting(ch.receive, ch)
  ch:send("value")
  first:cancel()
  ch:close()
  equal(table.pack(await(second)), { "value", true, n = 2 })
  equal(ask(ch.receive, ch), { nil, false, n = 2 })
  raises(async.CancelledError, await, first)
end)

test("Channel: a sender cancelled in the turn in which its value was taken has sent it", function()
  local ch, sent = async.Channel(), false
  local sender = waiting(function()
    ch:send("value")
    sent = true
    async.sleep(0)
    error("the cancellation comes at the next wait")
  end)
  equal((ch:receive()), "value")
  sender:cancel()
  raises(async.CancelledError, await, sender)
  check(sent)
  equal(select("#", ch:try_receive()), 0)
end)

test("Channel: a value that is there wins over a timeout of the same turn", function()
  local ch = async.Channel()
  local loop = async.get_running_loop()
  loop:call_later(1, function() ch:try_send("just in time") end)
  equal((async.timeout(1, ch.receive, ch)), "just in time")
  equal(elapsed(raises, async.TimeoutError, async.timeout, 1, ch.receive, ch), 1.0)
  raises(async.TimeoutError, async.timeout, 1, ch.send, ch, 1)
  raises(async.TimeoutError, async.timeout, 1, function() for _ in ch do end end)
  equal(tostring(ch), "<Channel size=0/0 receivers=0 senders=0>")
end)

test("Channel: 100,000 waiters that were cancelled, from either end, leave nothing behind", function()
  local ch = async.Channel()
  local function round(n, method, from, to, step)
    local tasks = {}
    for i = 1, n do tasks[i] = async.spawn(method, ch, i) end
    async.sleep(0)
    for i = from, to, step do tasks[i]:cancel() end
    equal(tostring(ch), "<Channel size=0/0 receivers=0 senders=0>")
    async.wait(tasks)
    check(tasks[1]:cancelled() and tasks[n]:cancelled())
    tasks = nil
    collectgarbage()
    collectgarbage()
    return collectgarbage("count")
  end
  round(50000, ch.receive, 1, 50000, 1)
  local before = round(1000, ch.send, 1, 1000, 1)
  check(round(50000, ch.send, 50000, 1, -1) - before < 500)
end)

test("Channel: 100,000 values through it, and nothing stays in memory", function()
  local ch = async.Channel(math.huge)
  local function run(n)
    for i = 1, n do ch:send({ i }) end
    for _ = 1, n do ch:receive() end
    collectgarbage()
    collectgarbage()
    return collectgarbage("count")
  end
  local before = run(10)
  check(run(100000) - before < 5)
end)

test("Channel: values that have been received are not kept", function()
  local ch = async.Channel(3)
  local weak = setmetatable({}, { __mode = "v" })
  for i = 1, 2 do
    weak[i] = { i }
    ch:send(weak[i])
  end
  ch:receive()
  collectgarbage()
  collectgarbage()
  equal({ weak[1] == nil, weak[2] ~= nil, #ch }, { true, true, 1 })
end)

-- Fairness and where it can be used

test("Channel: loops of sends and receives that need not wait let others run", function()
  local ch, ticks, done = async.Channel(1), 0, false
  local other = async.spawn(function()
    while not done do
      ticks = ticks + 1
      async.sleep(0)
    end
  end)
  for i = 1, 1000 do
    ch:send(i)
    equal((ch:receive()), i)
  end
  done = true
  await(other)
  check(ticks > 20, ticks)
end)

test("Channel: a cancellation that meets such a pause loses no value and sends none", function()
  local ch, sent, got = async.Channel(math.huge), 0, 0
  local sender = async.spawn(function()
    while true do
      ch:send(sent + 1)
      sent = sent + 1
    end
  end)
  async.sleep(0)
  sender:cancel()
  raises(async.CancelledError, await, sender)
  check(sent > 10)
  equal(#ch, sent)
  local receiver = async.spawn(function()
    while true do
      ch:receive()
      got = got + 1
    end
  end)
  async.sleep(0)
  receiver:cancel()
  raises(async.CancelledError, await, receiver)
  check(got > 10)
  equal(#ch, sent - got)
end)

test("Channel: callbacks send and receive what needs no wait, and cannot wait", function()
  local ch, loop, errs = async.Channel(1), async.get_running_loop(), {}
  local got
  loop:call_soon(function() errs[1] = select(2, pcall(ch.receive, ch)) end)
  loop:call_soon(function() ch:send(1) end)
  loop:call_soon(function() errs[2] = select(2, pcall(ch.send, ch, 2)) end)
  loop:call_soon(function() got = ch:receive() end)
  async.sleep(0)
  equal(got, 1)
  for i = 1, 2 do check(async.is(errs[i], async.RuntimeError)) end
  raises("RuntimeError: channel:receive: cannot wait inside the C function 'table.sort'", table.sort, { 2, 1 },
    function() return ch:receive() end)
  equal(tostring(ch), "<Channel size=0/1 receivers=0 senders=0>")
end)

test("Channel: works in coroutines of a task", function()
  local ch = async.Channel()
  local task = async.spawn(function()
    local take = coroutine.wrap(function()
      for v in ch do coroutine.yield(v) end
      return "end"
    end)
    return { take(), take(), take() }
  end)
  local send = coroutine.wrap(function()
    ch:send(1)
    ch:send(2)
  end)
  send()
  ch:close()
  equal(await(task), { 1, 2, "end" })
end)

test("Channel: a task that waits shows the channel; a deadlock names the wait", function()
  local ch = async.Channel()
  local receiver = waiting(ch.receive, ch)
  check(tostring(receiver):find("waiting on <Channel size=0/0 receivers=1 senders=0>", 1, true), tostring(receiver))
  receiver:cancel()
  async.wait { receiver }
  raises("'[^']*' waits in channel:receive at", ch.receive, ch)
  raises("'[^']*' waits in channel:send at", ch.send, ch, 1)
  equal(tostring(ch), "<Channel size=0/0 receivers=0 senders=0>")
end)

test("Channel: one that only waiting tasks know is alive as long as they are", function()
  local receiver, sender
  do
    local ch, full = async.Channel(), async.Channel()
    receiver, sender = async.spawn(ch.receive, ch), async.spawn(full.send, full, {})
  end
  async.sleep(0)
  collectgarbage()
  collectgarbage()
  for _, task in ipairs { receiver, sender } do
    task:cancel()
    raises(async.CancelledError, await, task)
  end
end)

test("Channel: a sieve of 60 filters, each with a channel", function()
  local function filter(input, prime)
    local output = async.Channel()
    local task = async.spawn(function()
      for n in input do
        if n % prime ~= 0 then output:send(n) end
      end
    end)
    return output, task
  end
  local numbers, tasks, primes = async.Channel(), {}, {}
  tasks[1] = async.spawn(function()
    local n = 2
    while true do
      numbers:send(n)
      n = n + 1
    end
  end)
  local input = numbers
  for i = 1, 60 do
    primes[i] = input:receive()
    input, tasks[i + 1] = filter(input, primes[i])
  end
  equal({ primes[1], primes[10], primes[60] }, { 2, 29, 281 })
  for _, task in ipairs(tasks) do task:cancel() end
  async.wait(tasks)
end)
