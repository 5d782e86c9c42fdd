local patterns = require "neap.patterns"
local suspensions = support "suspensions"
local rate_limiter = patterns.rate_limiter
local main = { clock = "real" }

local function now() return async.get_running_loop():time() end

-- When each of so many calls of acquire gets through, from the first one on.
local function times(limiter, count, n)
  local start, list = now(), {}
  for i = 1, count do
    limiter:acquire(n)
    list[i] = math.floor((now() - start) * 1000 + 0.5) / 1000
  end
  return list
end

test("a limiter lets a burst through and then one at a time", function()
  equal(times(rate_limiter { rate = 2, burst = 3 }, 6), { 0.0, 0.0, 0.0, 0.5, 1.0, 1.5 })
end)

test("a burst of 1 spaces the calls evenly", function()
  equal(times(rate_limiter { rate = 4, burst = 1 }, 4), { 0.0, 0.25, 0.5, 0.75 })
end)

test("the burst is the rate unless given, and at least 1", function()
  equal(times(rate_limiter { rate = 2 }, 4), { 0.0, 0.0, 0.5, 1.0 })
  equal(times(rate_limiter { rate = 1, per = 10 }, 3), { 0.0, 10.0, 20.0 })
  equal(times(rate_limiter { rate = 0.5 }, 3), { 0.0, 2.0, 4.0 })
end)

test("acquire(n) takes several at once, and parts of one", function()
  equal(times(rate_limiter { rate = 10, burst = 10 }, 3, 5), { 0.0, 0.0, 0.5 })
  equal(times(rate_limiter { rate = 1, burst = 1 }, 4, 0.5), { 0.0, 0.0, 0.5, 1.0 })
end)

test("what is not used is saved up to the burst and no further", function()
  local limiter = rate_limiter { rate = 1, burst = 2 }
  limiter:acquire(2)
  async.sleep(100)
  equal(limiter:available(), 2.0)
  equal(times(limiter, 3), { 0.0, 0.0, 1.0 })
end)

test("ten thousand acquires at an awkward rate do not drift", function()
  local limiter = rate_limiter { rate = 3, burst = 1 }
  local list = times(limiter, 10001)
  equal(list[10001], 3333.333)
end)

test("try_acquire takes what is there, and never waits", function()
  local limiter = rate_limiter { rate = 1, burst = 2 }
  equal({ limiter:try_acquire(2), limiter:try_acquire() }, { true, false })
  async.sleep(1)
  equal({ limiter:try_acquire(2), limiter:try_acquire(1) }, { false, true })
end)

test("tasks are served in the order in which they asked, however much they want", function()
  local limiter, order = rate_limiter { rate = 1, burst = 5 }, {}
  limiter:acquire(5)
  local group <close> = async.TaskGroup()
  for i, n in ipairs { 5, 1, 1 } do
    group:spawn(function()
      limiter:acquire(n)
      order[#order + 1] = i .. " at " .. limiter:available()
    end)
  end
  async.sleep(3)
  equal({ limiter:waiting(), limiter:try_acquire(1) }, { 3, false })
  async.sleep(5)
  equal(order, { "1 at 0.0", "2 at 0.0", "3 at 0.0" })
  equal(limiter:waiting(), 0)
end)

test("one that is cancelled while it waits takes nothing, and the next moves up", function()
  local limiter = rate_limiter { rate = 1, burst = 4 }
  limiter:acquire(4)
  local big = async.spawn(limiter.acquire, limiter, 4)
  local start, passed = now(), nil
  local small = async.spawn(function()
    limiter:acquire(1)
    passed = now() - start
  end)
  async.sleep(2.5)
  big:cancel()
  await(small)
  async.wait { big }
  check(big:cancelled())
  equal({ passed, limiter:available() }, { 2.5, 1.5 })
end)

test("acquire gives the limiter, which a <close> variable and async.with may hold", function()
  local limiter = rate_limiter { rate = 1, burst = 2 }
  do
    local one <close> = limiter:acquire()
    check(one == limiter)
  end
  equal(async.with(limiter, function() return limiter:available() end), 0.0)
  equal(limiter:available(), 0.0)
end)

test("a strict limiter never lets more through in any period", function()
  equal(times(rate_limiter { rate = 3, strict = true }, 7), { 0.0, 0.0, 0.0, 1.0, 1.0, 1.0, 2.0 })
  local limiter = rate_limiter { rate = 3, strict = true }
  limiter:acquire()
  async.sleep(0.5)
  limiter:acquire(2)
  equal(limiter:available(), 0)
  equal(times(limiter, 2), { 0.5, 1.0 })
end)

test("in any period of a strict limiter there are at most `rate`, whatever is asked", function()
  math.randomseed(3)
  local limiter, taken = rate_limiter { rate = 10, per = 2, strict = true }, {}
  for _ = 1, 500 do
    local n = math.random(1, 5)
    limiter:acquire(n)
    for _ = 1, n do taken[#taken + 1] = now() end
    if math.random() < 0.3 then async.sleep(math.random() * 2) end
  end
  for i = 11, #taken do check(taken[i] - taken[i - 10] > 2 - 1e-6, i) end
end)

test("random cancellations lose nothing: in the end the rate is exact", function()
  local limiter, count = rate_limiter { rate = 4, burst = 1 }, 0
  local start = now()
  churn(11, 6, 60, function()
    limiter:acquire()
    count = count + 1
  end)
  limiter:acquire()
  count = count + 1
  check(count > 50)
  check(now() - start >= (count - 1) / 4 - 1e-6)
  equal(limiter:waiting(), 0)
end)

test("cancelled at any suspension, no limiter is left locked", main, function()
  local limiter
  suspensions.each(function()
    limiter = rate_limiter { rate = 1, burst = 1 }
    local group <close> = async.TaskGroup()
    for _ = 1, 4 do group:spawn(limiter.acquire, limiter) end
  end, function(ending, k)
    check(ending.ok or (k and ending.cancelled), tostring(ending.value))
    equal(limiter:waiting(), 0)
  end)
end)

test("tostring shows the state of a limiter", function()
  local limiter = rate_limiter { rate = 5, per = 2 }
  limiter:acquire(2)
  equal(tostring(limiter), "<RateLimiter 5 per 2 seconds available=3 waiting=0>")
  equal(tostring(rate_limiter { rate = 5, strict = true }), "<RateLimiter 5 per 1 second strict available=5 waiting=0>")
end)

test("misuse of rate_limiter", function()
  misuse(async.TypeError, rate_limiter)
  misuse(async.TypeError, rate_limiter, 5)
  misuse(async.TypeError, rate_limiter, { per = 1 })
  misuse(async.TypeError, rate_limiter, { rate = "1" })
  misuse(async.ValueError, rate_limiter, { rate = 0 })
  misuse(async.ValueError, rate_limiter, { rate = math.huge })
  misuse(async.ValueError, rate_limiter, { rate = 1, per = -1 })
  misuse(async.ValueError, rate_limiter, { rate = 1, burst = 0.5 })
  misuse(async.ValueError, rate_limiter, { rate = 1, burst = 2, strict = true })
  misuse(async.ValueError, rate_limiter, { rate = 0.5, strict = true })
  misuse(async.TypeError, rate_limiter, { rate = 1, limit = 1 })
  local limiter = rate_limiter { rate = 2 }
  misuse(async.TypeError, limiter.acquire)
  misuse(async.TypeError, limiter.acquire, limiter, "1")
  misuse(async.ValueError, limiter.acquire, limiter, 0)
  misuse(async.ValueError, limiter.try_acquire, limiter, -1)
  local err = misuse(async.ValueError, limiter.acquire, limiter, 3)
  equal(err.message, "argument 1 of acquire must be at most 2, which is all that the limiter ever holds (burst), got 3")
end)
