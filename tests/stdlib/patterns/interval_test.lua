local patterns = require "neap.patterns"
local suspensions = support "suspensions"
local interval = patterns.interval
local main = { clock = "real" }

local function now() return async.get_running_loop():time() end

-- The numbers and times of so many ticks; after tick k of the script the body takes busy[k]
-- seconds.
local function ticks(count, seconds, options, busy)
  local start, list = now(), {}
  for tick in interval(seconds, options) do
    list[#list + 1] = ("%d at %g"):format(tick, now() - start)
    if #list == count then return list end
    async.sleep(busy and busy[#list] or 0)
  end
end

test("ticks come every so many seconds, the first after one period", function()
  equal(ticks(3, 2), { "1 at 2", "2 at 4", "3 at 6" })
end)

test("with immediate the first tick comes at once", function()
  equal(ticks(3, 2, { immediate = true }), { "1 at 0", "2 at 2", "3 at 4" })
end)

test("the time that the body takes does not shift the ticks", function()
  equal(ticks(4, 1, nil, { 0.5, 0.9, 0.1 }), { "1 at 1", "2 at 2", "3 at 3", "4 at 4" })
end)

test("ten thousand ticks do not drift", function()
  local start, last = now(), nil
  for tick in interval(0.1) do
    last = now()
    if tick == 10000 then break end
  end
  check(math.abs(last - start - 1000) < 1e-4)
end)

test("skip: after a long body one tick comes at once, and those before it are left out", function()
  equal(ticks(5, 1, nil, { 2.5 }), { "1 at 1", "3 at 3.5", "4 at 4", "5 at 5", "6 at 6" })
end)

test("burst: every missed tick is made up for", function()
  equal(ticks(5, 1, { missed = "burst" }, { 2.5 }), { "1 at 1", "2 at 3.5", "3 at 3.5", "4 at 4", "5 at 5" })
end)

test("delay: after a long body the later ticks come later", function()
  equal(ticks(4, 1, { missed = "delay" }, { 2.5 }), { "1 at 1", "2 at 3.5", "3 at 4.5", "4 at 5.5" })
end)

test("every tick lets others run, a late one too", function()
  local ticker, ran = interval(0.01, { missed = "burst" }), 0
  async.sleep(1)
  local other = async.spawn(function()
    while true do
      async.sleep(0)
      ran = ran + 1
    end
  end)
  for tick in ticker do
    if tick == 20 then break end
  end
  check(ran >= 10)
  other:cancel()
  async.wait { other }
end)

test("reset: the next tick is one period away", function()
  local start, ticker = now(), interval(2)
  ticker:next()
  async.sleep(1)
  ticker:reset()
  equal({ ticker(), now() - start }, { 2, 5.0 })
  equal({ ticker(), now() - start }, { 3, 7.0 })
end)

test("an interval is a source for the functions that take generators", function()
  equal(async.iter(interval(1)):take(3):map(function(n) return n * 10 end):collect(), { 10, 20, 30 })
end)

test("a cancelled tick is not lost", function()
  local ticker = interval(10)
  equal(async.move_on_after(1, ticker.next, ticker), false)
  local start = now()
  equal({ ticker:next(), now() - start }, { 1, 9.0 })
end)

test("cancelled at any tick, nothing is left", main, function()
  suspensions.each(function()
    local count = 0
    for _ in interval(1) do
      count = count + 1
      async.sleep(1.5)
      if count == 3 then break end
    end
  end)
end)

test("tostring shows the state of an interval", function()
  local ticker = interval(2)
  ticker:next()
  async.sleep(0.5)
  equal(tostring(ticker), "<Interval every 2 seconds ticks=1 next in 1.5 seconds>")
end)

test("misuse of interval", function()
  misuse(async.TypeError, interval)
  misuse(async.TypeError, interval, "1")
  misuse(async.ValueError, interval, 0)
  misuse(async.ValueError, interval, math.huge)
  misuse(async.ValueError, interval, 1, { missed = "all" })
  misuse(async.TypeError, interval, 1, { missed = true })
  misuse(async.TypeError, interval, 1, { immediate = 1 })
  misuse(async.TypeError, interval, 1, { first = 1 })
  misuse(async.TypeError, interval(1).next)
end)
