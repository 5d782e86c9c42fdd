local patterns = require "neap.patterns"
local suspensions = support "suspensions"
local hedge = patterns.hedge
local main = { clock = "real" }

-- A function whose k-th call takes seconds[k]; a negative number fails after that time.
local function attempts(...)
  local seconds, started = { ... }, 0
  return function(...)
    started = started + 1
    local number, delay = started, seconds[started]
    async.sleep(math.abs(delay))
    if delay < 0 then error("failure " .. number, 0) end
    return number, ...
  end, function() return started end
end

test("a fast first attempt is the only one", function()
  local fn, started = attempts(1, 1)
  equal(elapsed(function() equal({ hedge(fn, { after = 2 }, "x") }, { 1, "x" }) end), 1.0)
  equal(started(), 1)
end)

test("a second attempt starts when the first is slow, and the first to succeed wins", function()
  local fn, started = attempts(60, 1)
  equal(elapsed(function() equal(hedge(fn, { after = 2 }), 2) end), 3.0)
  equal(started(), 2)
  equal(hedge((attempts(3, 60)), { after = 2 }), 1)
end)

test("there are at most max attempts", function()
  local fn, started = attempts(10, 60, 60, 60)
  equal(elapsed(function() equal(hedge(fn, { after = 1, max = 3 }), 1) end), 10.0)
  equal(started(), 3)
end)

test("the losers are cancelled and have ended", function()
  local log, calls = {}, 0
  local function fn()
    calls = calls + 1
    if calls == 2 then return "second" end
    async.catch(async.sleep, 60)
    async.sleep(2)
    log[#log + 1] = "ended"
  end
  equal(elapsed(function() equal(hedge(fn, { after = 1 }), "second") end), 3.0)
  equal(log, { "ended" })
end)

test("a failure starts the next attempt at once", function()
  local fn = attempts(-1, 2)
  equal(elapsed(function() equal(hedge(fn, { after = 30 }), 2) end), 3.0)
end)

test("a failure does not end an attempt that runs", function()
  equal(hedge((attempts(5, -1)), { after = 1 }), 1)
end)

test("when all fail, an ExceptionGroup has every error in order", function()
  local err = raises(async.ExceptionGroup, hedge, (attempts(-3, -1)), { after = 1 })
  equal({ err.message, err.exceptions }, { "all 2 attempts failed", { "failure 2", "failure 1" } })
  err = raises(async.ExceptionGroup, hedge, function() error(nil, 0) end, { after = 1, max = 1 })
  equal({ err.message, #err.exceptions }, { "the only attempt failed", 1 })
end)

test("an error that is not meant ends it at once", function()
  local calls = 0
  raises(async.ValueError, hedge, function()
    calls = calls + 1
    error(async.ValueError("bad"))
  end, { after = 1, on = async.OSError })
  equal(calls, 1)
end)

test("after 0 starts the attempts one after the other without a pause", function()
  equal(elapsed(function() equal(hedge((attempts(9, 9, 1)), { after = 0, max = 3 }), 3) end), 1.0)
end)

test("cancelling the waiter cancels every attempt and waits for it", function()
  local ended = 0
  local task = async.spawn(hedge, function()
    async.catch(async.sleep, 60)
    async.sleep(1)
    ended = ended + 1
  end, { after = 1 })
  async.sleep(5)
  equal(elapsed(function()
    task:cancel()
    async.wait { task }
  end), 1.0)
  check(task:cancelled())
  equal(ended, 2)
end)

test("an async function and several results", function()
  equal({ hedge(async(function(...)
    async.sleep(1)
    return ...
  end), { after = 5 }, 1, nil, 3) }, { 1, nil, 3 })
end)

test("cancelled at any suspension, no attempt is left", main, function()
  suspensions.each(function()
    hedge((attempts(5, 4, 1)), { after = 1, max = 3 })
  end)
end)

test("misuse of hedge", function()
  misuse(async.TypeError, hedge)
  misuse(async.TypeError, hedge, print)
  misuse(async.TypeError, hedge, print, { max = 2 })
  misuse(async.TypeError, hedge, print, { after = "1" })
  misuse(async.ValueError, hedge, print, { after = -1 })
  misuse(async.ValueError, hedge, print, { after = 1, max = 0 })
  misuse(async.TypeError, hedge, print, { after = 1, on = 5 })
  misuse(async.ExceptionGroup, hedge, function() error("x") end, { after = 1 })
end)
