-- Channels and selects in other orders of their tasks, and cancelled at each of their waits in turn.

local main = { clock = "real" } -- async.run belongs to the main task, which the test is

local VALUES = 6 -- of each sender

-- Three senders and three receivers on two channels, one of each by select. What was sent must be received once.
local function traffic(capacity)
  local a, b, sent, got = async.Channel(capacity), async.Channel(), {}, {}
  local function take(v) got[v] = (got[v] or 0) + 1 end
  local function send(ch, from)
    for v = from, from + VALUES - 1 do
      ch:send(v)
      sent[v] = true
    end
  end
  local function send_anywhere(from)
    for v = from, from + VALUES - 1 do
      local function happened() sent[v] = true end
      async.select { a:on_send(v, happened), b:on_send(v, happened) }
    end
  end
  local function receive(ch)
    for v in ch do take(v) end
  end
  local function receive_anywhere()
    local from_a, from_b
    from_a = a:on_receive(function(v, ok) if ok then take(v) else from_a = false end end)
    from_b = b:on_receive(function(v, ok) if ok then take(v) else from_b = false end end)
    while from_a or from_b do async.select { from_a, from_b, async.on_timeout(1) } end
  end
  local tasks = {
    async.spawn(receive, a), async.spawn(receive, b), async.spawn(receive_anywhere), async.spawn(send, a, 100),
    async.spawn(send, b, 200), async.spawn(send_anywhere, 300),
  }
  async.wait({ tasks[4], tasks[5], tasks[6] }, { timeout = 5 })
  a:close()
  b:close()
  for _, task in ipairs(tasks) do
    local ok, err = async.catch(await, task)
    check(ok or async.is(err, async.CancelledError) or async.is(err, async.QueueShutDown), err)
  end
  receive(a)
  receive(b)
  for _, ch in ipairs { a, b } do
    check(tostring(ch):find("size=0[^ ]* receivers=0 senders=0 closed"), tostring(ch))
  end
  for v in pairs(sent) do check(got[v] == 1, ("%d was received %d times"):format(v, got[v] or 0)) end
  for v in pairs(got) do check(sent[v], v .. " was not sent") end
  local count = 0
  for _ in pairs(sent) do count = count + 1 end
  return count
end

for _, capacity in ipairs { 0, 1, 4, math.huge } do
  test(("capacity %s: in 100 orders every value is received once"):format(capacity), main, function()
    for seed = 1, 100 do
      equal(async.run(function() return traffic(capacity) end, { seed = seed, clock = "virtual" }), 3 * VALUES)
    end
  end)

  test(("capacity %s: cancelled at any wait, no value is lost or doubled"):format(capacity), main, function()
    local cancelled = 0
    for k = 1, 60 do
      for seed = 1, 3 do
        local count = async.run(function() return traffic(capacity) end,
          { cancel_at = k, seed = seed, clock = "virtual" })
        if count < 3 * VALUES then cancelled = cancelled + 1 end
      end
    end
    check(cancelled > 5, cancelled)
  end)
end

test("select: the choice depends on nothing but the seed", main, function()
  local function choices(seed)
    return async.run(function()
      local ch, list = async.Channel(), {}
      ch:close()
      for i = 1, 40 do list[i] = async.select { ch:on_receive(), ch:on_receive() } end
      return table.concat(list)
    end, { seed = seed })
  end
  local first = choices(1)
  equal(choices(1), first)
  local others = 0
  for seed = 2, 6 do
    if choices(seed) ~= first then others = others + 1 end
  end
  equal(others, 5)
end)
