test("wait returns at once while the event is set", function()
  local event = async.Event()
  equal({ event:is_set(), tostring(event) }, { false, "<Event unset waiting=0>" })
  event:set()
  event:set()
  equal({ event:is_set(), tostring(event) }, { true, "<Event set waiting=0>" })
  equal(event:wait(), true)
  event:clear()
  event:clear()
  check(not event:is_set())
end)

test("set wakes everybody, in order", function()
  local event, order, tasks = async.Event(), {}, {}
  for i = 1, 5 do
    tasks[i] = async.spawn(function()
      equal(event:wait(), true)
      order[#order + 1] = i
    end)
  end
  async.sleep(1)
  equal(tostring(event), "<Event unset waiting=5>")
  event:set()
  async.gather(tasks)
  equal(order, { 1, 2, 3, 4, 5 })
end)

test("a task that set has woken goes on although clear comes before it runs", function()
  local event = async.Event()
  local task = async.spawn(event.wait, event)
  async.sleep(0)
  event:set()
  event:clear()
  equal(await(task), true)
  equal(async.move_on_after(1, event.wait, event), false)
end)

test("a cancelled waiter leaves the others alone", function()
  local event = async.Event()
  local first, second = async.spawn(event.wait, event), async.spawn(event.wait, event)
  async.sleep(0)
  first:cancel()
  equal(tostring(event), "<Event unset waiting=1>")
  event:set()
  raises(async.CancelledError, await, first)
  equal(await(second), true)
end)

test("a waiter that is cancelled after set in the same turn ends cancelled", function()
  local event = async.Event()
  local task = async.spawn(function()
    event:wait()
    async.sleep(1)
  end)
  async.sleep(0)
  event:set()
  task:cancel()
  raises(async.CancelledError, await, task)
end)

test("a timeout around wait", function()
  local event = async.Event()
  equal(elapsed(raises, async.TimeoutError, async.timeout, 1, event.wait, event), 1.0)
  equal(tostring(event), "<Event unset waiting=0>")
  event:set()
  equal(async.timeout(0, event.wait, event), true)
end)

test("a callback can set it, and cannot wait for it", function()
  local event, err = async.Event(), nil
  local loop = async.get_running_loop()
  loop:call_soon(function() err = select(2, pcall(event.wait, event)) end)
  loop:call_later(1, event.set, event)
  equal(elapsed(event.wait, event), 1.0)
  check(async.is(err, async.RuntimeError))
end)

for seed = 1, 3 do
  test("at random, set wakes everybody who waits, seed " .. seed, function()
    local event, sets, waiting = async.Event(), 0, {}
    churn(seed, 20, 350, function()
      async.sleep(math.random(0, 3) * 0.25)
      local what = math.random()
      if what < 0.2 then
        event:clear()
      elseif what < 0.4 then
        local woken = {}
        for ticket in pairs(waiting) do woken[#woken + 1] = ticket end
        if not event:is_set() then sets = sets + 1 end
        event:set()
        async.sleep(0.01)
        for _, ticket in ipairs(woken) do check(not waiting[ticket], "a wake-up was lost") end
      else
        local ticket, before, was_set = {}, sets, event:is_set()
        waiting[ticket] = true
        local out <close> = setmetatable({}, { __close = function() waiting[ticket] = nil end })
        local woken = true
        if math.random() < 0.5 then
          woken = async.move_on_after(math.random(0, 4) * 0.25, event.wait, event)
        else
          event:wait()
        end
        if woken then check(was_set or sets > before, "woken without a set") end
      end
    end)
    equal(next(waiting), nil)
    check(tostring(event):find("waiting=0"))
  end)
end
