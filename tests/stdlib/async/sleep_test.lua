test("sleep waits as long as it says, on the loop's clock", function()
  local took = elapsed(async.sleep, 3600)
  check(took >= 3600 and took < 3600.001, "slept " .. took)
end)

test("sleep never ends early on the real clock, also below a millisecond", { clock = "real" }, function()
  for _, seconds in ipairs { 0.0001, 0.0004, 0.0011, 0.0037, 0.01 } do
    local took = elapsed(async.sleep, seconds)
    check(took >= seconds, ("slept %.6f of %.6f"):format(took, seconds))
  end
end)

test("sleep returns its further arguments", function()
  equal({ async.sleep(1, "a", nil, "c") }, { "a", nil, "c" })
  equal({ async.sleep(0, "a") }, { "a" })
end)

test("sleep may be written with await, as any library call may", function()
  equal({ await(async.sleep(1)) }, {})
  equal({ await(async.sleep(1, "a", nil)) }, { "a" })
end)

test("sleep refuses what is no number of seconds", function()
  raises(async.ValueError, async.sleep, 0 / 0)
  raises("TypeError: the delay must be a number of seconds, got table", async.sleep, {})
  raises(async.TypeError, async.sleep)
end)

test("a negative or zero sleep only lets others run", function()
  equal(elapsed(async.sleep, -5), 0.0)
  equal(elapsed(async.sleep, -math.huge), 0.0)
end)

test("an infinite sleep ends by cancellation alone", function()
  local task = async.spawn(async.sleep, math.huge)
  async.sleep(1e6)
  check(not task:done())
  task:cancel()
  raises(async.CancelledError, await, task)
  raises(async.TimeoutError, async.timeout, 5, async.sleep, 1e30)
end)

test("equal deadlines end in the order in which they were set", function()
  local order = {}
  for i = 1, 50 do
    async.spawn(function()
      async.sleep(1)
      order[#order + 1] = i
    end)
  end
  async.sleep(2)
  for i = 1, 50 do equal(order[i], i) end
end)

test("sleep(0) lets every ready task run once", function()
  local order = {}
  local function worker(name)
    for i = 1, 3 do
      order[#order + 1] = name .. i
      async.sleep(0)
    end
  end
  async.gather(function() worker("a") end, function() worker("b") end)
  equal(table.concat(order, " "), "a1 b1 a2 b2 a3 b3")
end)

test("a task that never stops sleeping 0 cannot starve a timer", { clock = "real" }, function()
  local stop = false
  local spinner = async.spawn(function()
    while not stop do async.sleep(0) end
  end)
  async.sleep(0.01)
  stop = true
  await(spinner)
end)
