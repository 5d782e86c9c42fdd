local function arrivals(barrier, n)
  local tasks = {}
  for i = 1, n do tasks[i] = async.spawn(barrier.wait, barrier) end
  async.sleep(0)
  return tasks
end

test("wait gives the index of arrival when all have come, again and again", function()
  local barrier = async.Barrier(3)
  equal({ barrier.parties, barrier.n_waiting, barrier.broken }, { 3, 0, false })
  for _ = 1, 3 do
    local tasks = arrivals(barrier, 2)
    equal({ barrier.n_waiting, tostring(barrier) }, { 2, "<Barrier filling parties=3 waiting=2>" })
    equal(barrier:wait(), 2)
    equal(barrier.n_waiting, 0)
    equal(async.gather(tasks), { 0, 1, n = 2 })
  end
  equal(async.Barrier(1):wait(), 0)
end)

test("wrong numbers of parties are errors at the caller", function()
  for _, value in ipairs { "2", {}, true, 1.5, 0 / 0 } do misuse(async.TypeError, async.Barrier, value) end
  misuse(async.TypeError, async.Barrier)
  misuse(async.ValueError, async.Barrier, 0)
  misuse(async.ValueError, async.Barrier, -1)
end)

test("more tasks than parties meet in rounds, in order", function()
  local barrier = async.Barrier(2)
  local tasks = arrivals(barrier, 7)
  equal(barrier:wait(), 1)
  equal(async.gather(tasks), { 0, 1, 0, 1, 0, 1, 0, n = 7 })
  equal(barrier.n_waiting, 0)
end)

test("a newcomer does not overtake a task that waits to enter", function()
  local barrier = async.Barrier(2)
  local order = {}
  local function meet(name)
    order[#order + 1] = name .. barrier:wait()
  end
  local tasks = {}
  for i, name in ipairs { "a", "b", "c", "d", "e" } do tasks[i] = async.spawn(meet, name) end
  async.sleep(0)
  tasks[6] = async.spawn(meet, "f")
  async.gather(tasks)
  table.sort(order)
  equal(order, { "a0", "b1", "c0", "d1", "e0", "f1" })
end)

test("abort wakes everybody with BrokenBarrierError, and keeps the barrier broken until reset", function()
  local barrier = async.Barrier(3)
  local tasks = arrivals(barrier, 2)
  barrier:abort()
  check(barrier.broken)
  equal({ barrier.n_waiting, tostring(barrier) }, { 0, "<Barrier broken parties=3 waiting=0>" })
  for _, task in ipairs(tasks) do raises(async.BrokenBarrierError, await, task) end
  misuse(async.BrokenBarrierError, barrier.wait, barrier)
  barrier:reset()
  check(not barrier.broken)
  tasks = arrivals(barrier, 2)
  equal(barrier:wait(), 2)
  equal(async.gather(tasks), { 0, 1, n = 2 })
end)

test("reset wakes those that wait with BrokenBarrierError, and newcomers meet afresh", function()
  local barrier = async.Barrier(3)
  local tasks = arrivals(barrier, 2)
  barrier:reset()
  check(not barrier.broken)
  local new = arrivals(barrier, 2)
  for _, task in ipairs(tasks) do raises(async.BrokenBarrierError, await, task) end
  async.sleep(1)
  equal(barrier.n_waiting, 2)
  equal(barrier:wait(), 2)
  equal(async.gather(new), { 0, 1, n = 2 })
  barrier:reset()
  check(not barrier.broken)
end)

test("reset after abort, before the woken tasks have run", function()
  local barrier = async.Barrier(2)
  local old = arrivals(barrier, 1)
  barrier:abort()
  barrier:reset()
  check(not barrier.broken)
  local new = async.spawn(barrier.wait, barrier)
  raises(async.BrokenBarrierError, await, old[1])
  equal({ barrier:wait(), await(new) }, { 1, 0 })
end)

test("abort or reset in the turn in which the last has come: those that met go on", function()
  for _, name in ipairs { "abort", "reset" } do
    local barrier = async.Barrier(3)
    local tasks = arrivals(barrier, 2)
    equal(barrier:wait(), 2)
    barrier[name](barrier)
    equal(async.gather(tasks), { 0, 1, n = 2 })
    equal(barrier.broken, name == "abort")
  end
end)

test("abort reaches those that wait to enter", function()
  local barrier = async.Barrier(2)
  local tasks = arrivals(barrier, 1)
  equal(barrier:wait(), 1)
  local entering = async.spawn(barrier.wait, barrier)
  local second = async.spawn(function()
    barrier:abort()
  end)
  raises(async.BrokenBarrierError, await, entering)
  await(second)
  equal(await(tasks[1]), 0)
end)

test("a task that is cancelled while it waits breaks the barrier for the others", function()
  local barrier = async.Barrier(3)
  local tasks = arrivals(barrier, 2)
  tasks[1]:cancel()
  raises(async.CancelledError, await, tasks[1])
  check(barrier.broken)
  raises(async.BrokenBarrierError, await, tasks[2])
  raises(async.BrokenBarrierError, barrier.wait, barrier)
end)

test("a task that is cancelled in the turn in which the last has come has passed", function()
  local barrier = async.Barrier(2)
  local index
  local task = async.spawn(function()
    index = barrier:wait()
    async.sleep(1)
  end)
  async.sleep(0)
  equal(barrier:wait(), 1)
  task:cancel()
  raises(async.CancelledError, await, task)
  equal({ index, barrier.broken, barrier.n_waiting }, { 0, false, 0 })
end)

test("a task that is cancelled while it waits to enter leaves no trace", function()
  local barrier = async.Barrier(2)
  local tasks = arrivals(barrier, 1)
  barrier:wait()
  local canceller = async.current_task()
  async.get_running_loop():call_soon(canceller.cancel, canceller)
  raises(async.CancelledError, function()
    barrier:reset()
    barrier:wait()
    async.sleep(1)
  end)
  canceller:uncancel()
  equal(await(tasks[1]), 0)
  barrier:reset()
  tasks = arrivals(barrier, 1)
  equal({ barrier:wait(), await(tasks[1]) }, { 1, 0 })
end)

test("a timeout around wait breaks the barrier", function()
  local barrier = async.Barrier(2)
  equal(elapsed(raises, async.TimeoutError, async.timeout, 1, barrier.wait, barrier), 1.0)
  check(barrier.broken)
end)

test("where a task cannot wait, wait raises and the barrier stays whole", function()
  local barrier = async.Barrier(2)
  raises(async.RuntimeError, table.sort, { 2, 1 }, function() barrier:wait() end)
  local err, index
  local loop = async.get_running_loop()
  loop:call_soon(function() err = select(2, pcall(barrier.wait, barrier)) end)
  async.sleep(0)
  check(async.is(err, async.RuntimeError))
  equal({ barrier.n_waiting, barrier.broken }, { 0, false })
  loop:call_soon(function() index = barrier:wait() end)
  equal({ barrier:wait(), index }, { 0, 1 })
end)

for seed = 1, 3 do
  test("at random, a round passes with every index or with none, seed " .. seed, function()
    local barrier = async.Barrier(4)
    local passed, broken = { [0] = 0, 0, 0, 0 }, 0
    churn(seed, 21, 330, function()
      async.sleep(math.random(0, 3) * 0.25)
      local what = math.random()
      if what < 0.02 then return barrier:abort() end
      if what < 0.04 then return barrier:reset() end
      local ok, err = pcall(function()
        local got, index = true, nil
        if math.random() < 0.2 then
          got, index = async.move_on_after(math.random(0, 8) * 0.25, barrier.wait, barrier)
        else
          index = barrier:wait()
        end
        if got then passed[index] = passed[index] + 1 end
      end)
      if ok then return end
      check(async.is(err, async.BrokenBarrierError), tostring(err))
      broken = broken + 1
      if barrier.broken then barrier:reset() end
    end)
    check(passed[0] > 50 and broken > 50, passed[0] .. " " .. broken)
    equal(passed, { [0] = passed[0], passed[0], passed[0], passed[0] })
    equal({ barrier.n_waiting, barrier.inside }, { 0, 0 })
  end)
end
