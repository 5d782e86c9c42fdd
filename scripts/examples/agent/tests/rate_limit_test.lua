package.path = debug.getinfo(1, "S").source:match("^@(.*/)") .. "../?.lua;" .. package.path

local t = require "neap.test"
local RateLimit = require "agent.rate_limit"
local describe, expect = t.describe, t.expect

describe("a rate limit", function()
  local clock, limit

  -- The times at which `count` calls begin that are made at once and take `seconds`.
  local function beginnings(count, seconds)
    local times, tasks = {}, {}
    for i = 1, count do
      tasks[i] = async.spawn(limit.run, limit, function()
        table.insert(times, clock:time())
        async.sleep(seconds)
      end)
    end
    async.gather(table.unpack(tasks))
    return times
  end

  t.before_each(function() clock = t.clock() end)

  t.test("without limits holds nobody up", function()
    limit = RateLimit.new {}
    expect(beginnings(3, 1)):to_equal { 0, 0, 0 }
  end)

  t.test("lets so many run at once", function()
    limit = RateLimit.new { at_once = 2 }
    expect(beginnings(5, 1)):to_equal { 0, 0, 1, 1, 2 }
  end)

  t.test("lets so many begin in a time, and a burst at once", function()
    limit = RateLimit.new { rate = 4, per = 2, burst = 2 }
    expect(beginnings(5, 0)):to_equal { 0, 0, 0.5, 1, 1.5 }
  end)

  t.test("holds both when it has both", function()
    limit = RateLimit.new { at_once = 2, rate = 1, burst = 2 }
    expect(beginnings(5, 1)):to_equal { 0, 0, 1, 2, 3 }
  end)

  t.test("has lost nothing when one who waits is cancelled", function()
    limit = RateLimit.new { at_once = 1, rate = 1, burst = 1 }
    limit:run(function() end)
    expect(async.move_on_after(0.5, limit.run, limit, print)):to_be(false)
    limit:run(function() end)
    expect(clock:time()):to_be(1)
  end)

  t.test("gives what the function gives, and raises what it raises", function()
    limit = RateLimit.new { at_once = 1 }
    expect({ limit:run(math.max, 3, 7) }):to_equal { 7 }
    t.raises("bang", limit.run, limit, error, "bang")
    expect(limit:run(tostring, 1)):to_be("1")
  end)
end)
