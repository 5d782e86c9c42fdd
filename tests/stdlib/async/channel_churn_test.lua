-- Channels and selects at random, against a model: what was sent is received exactly once or still there, what was not
-- sent never; the values of one sender keep their order; no channel takes in more than its capacity.

local random = math.random

local function new_model()
  local counts = { sent = 0, failed = 0, received = 0, given_up = 0, cancelled = 0, came_back = 0, closed = 0 }
  return { tasks = {}, open = {}, all = {}, counts = counts }
end

local function open_channel(model, place)
  local capacity = ({ 0, 0, 1, 3, math.huge })[place]
  -- `given_back`: receives that were cancelled; each may have left a value beyond the capacity.
  local entry = { channel = async.Channel(capacity), capacity = capacity, given_back = 0, last = {} }
  model.open[place], model.all[#model.all + 1] = entry, entry
end

local function any_entry(model)
  return model.open[random(#model.open)]
end

local function new_item(worker, entry, number)
  return { worker = worker, entry = entry, number = number, state = "perhaps" }
end

local function sent(model, item)
  check(item.state == "perhaps" or item.received, item.state)
  item.state = "sent"
  model.counts.sent = model.counts.sent + 1
end

local function not_sent(model, item)
  check(item.state == "perhaps" and not item.received, "a value was received that was not sent")
  item.state = "never"
  model.counts.failed = model.counts.failed + 1
end

local function received(model, entry, item)
  check(item.entry == entry, "a value came out of another channel")
  check(item.state ~= "never" and not item.received, "a value came twice, or one that was not sent")
  local last = entry.last[item.worker] or 0
  check(item.number > last, "the values of a sender came out of order")
  entry.last[item.worker], item.received = item.number, true
  model.counts.received = model.counts.received + 1
end

local function answered(model, entry, item, ok)
  if ok then
    received(model, entry, item)
  else
    check(ok == false and item == nil and entry.channel:closed() and #entry.channel == 0, "an end that is none")
  end
end

-- Calls one of the ways to do it. A send that raises or gives up has not sent, but the error of close is expected.
local function try_to_send(model, worker, number)
  local entry = any_entry(model)
  local ch, item, how = entry.channel, new_item(worker, entry, number), random(4)
  local ok, done = async.catch(function()
    if how == 1 then return ch:try_send(item) end
    if how == 2 then return (async.move_on_after(random(0, 3) * 0.25, ch.send, ch, item)) end
    ch:send(item)
    return true
  end)
  if ok and done then return sent(model, item) end
  not_sent(model, item)
  if not ok and not async.is(done, async.QueueShutDown) then error(done, 0) end
end

local function try_to_receive(model)
  local entry = any_entry(model)
  local ch, how = entry.channel, random(4)
  local ok, done, item, more = async.catch(function()
    if how == 1 then
      local item, ok = ch:try_receive()
      return ok ~= nil, item, ok
    end
    if how == 2 then return async.move_on_after(random(0, 3) * 0.25, ch.receive, ch) end
    return true, ch:receive()
  end)
  if not ok then
    entry.given_back = entry.given_back + 1
    error(done, 0)
  end
  if done then return answered(model, entry, item, more) end
  model.counts.given_up = model.counts.given_up + 1
end

local function select_some(model, worker, number)
  local cases, items, entries, happened = {}, {}, {}, 0
  local function happen() happened = happened + 1 end
  for i = 1, random(4) do
    local entry = any_entry(model)
    if random(2) == 1 then
      local item = new_item(worker, entry, number + i / 10)
      items[#items + 1] = item
      cases[i] = entry.channel:on_send(item, function()
        happen()
        sent(model, item)
      end)
    else
      entries[#entries + 1] = entry
      cases[i] = entry.channel:on_receive(function(item, ok)
        happen()
        answered(model, entry, item, ok)
      end)
    end
  end
  if random(3) == 1 then cases[#cases + 1] = async.on_timeout(random(0, 3) * 0.25, happen) end
  if random(8) == 1 then cases.default = happen end
  local ok, err = async.catch(async.select, cases)
  check(happened == (ok and 1 or 0), "not exactly one case")
  for _, item in ipairs(items) do
    if item.state == "perhaps" then not_sent(model, item) end
  end
  if ok or async.is(err, async.QueueShutDown) then return end
  for _, entry in ipairs(entries) do entry.given_back = entry.given_back + 1 end
  error(err, 0)
end

local function close_one(model)
  local place = random(#model.open)
  model.open[place].channel:close()
  model.counts.closed = model.counts.closed + 1
  open_channel(model, place)
end

-- Besides those that churn cancels, tasks cancel one another: often in the turn in which a value is handed over.
local function step(model, worker, round)
  if random(16) == 1 then async.sleep(random(0, 2) * 0.25) end
  model.tasks[worker] = async.current_task()
  local what = random()
  if what < 0.4 then
    try_to_send(model, worker, round)
  elseif what < 0.7 then
    try_to_receive(model)
  elseif what < 0.99 then
    select_some(model, worker, round)
  else
    close_one(model)
  end
  local other = random(5) == 1 and model.tasks[random(worker)]
  if other then other:cancel() end
end

-- Nobody waits for what is there.
local function check_waiters(entry)
  local size = #entry.channel
  local receivers, senders = tostring(entry.channel):match("receivers=(%d+) senders=(%d+)")
  check(size == 0 or receivers == "0", "a receiver was not woken")
  check(size >= entry.capacity or senders == "0", "a sender was not woken")
end

local function check_channels(model)
  check_waiters(any_entry(model))
  for _, entry in ipairs(model.open) do
    local beyond = #entry.channel - entry.capacity
    check(beyond <= entry.given_back, "more values than the capacity")
    if beyond > 0 then model.counts.came_back = model.counts.came_back + 1 end
  end
end

local function drain(model)
  for _, entry in ipairs(model.all) do
    local ch = entry.channel
    check(tostring(ch):find("receivers=0 senders=0", 1, true), "a waiter was left")
    ch:close()
    for item in ch do received(model, entry, item) end
  end
end

local function run(seed, workers, rounds)
  local model = new_model()
  for place = 1, 5 do open_channel(model, place) end
  churn(seed, workers, rounds, function(worker, round)
    local ok, err = async.catch(step, model, worker, round)
    check_channels(model)
    if not ok then
      model.counts.cancelled = model.counts.cancelled + 1
      error(err, 0)
    end
  end)
  drain(model)
  local counts = model.counts
  equal(counts.received, counts.sent)
  check(counts.came_back > 0)
  for name, least in pairs { sent = 0.2, failed = 0.05, given_up = 0.01, cancelled = 0.04, closed = 0.005 } do
    check(counts[name] > least * workers * rounds, ("only %d %s"):format(counts[name], name))
  end
end

for seed = 1, 4 do
  test("channels: 25,000 random operations lose and double no value, seed " .. seed, function()
    run(seed, 50, 500)
  end)
end
