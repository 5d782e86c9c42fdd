-- clock: real
-- Tests of asynchronous code: each test is a task, may wait, has a time limit, and must leave no
-- task, timer or file behind. Under the virtual clock it takes no time. Use `neap test` for all
-- files *_test.lua of a directory; `neap retry_test.lua` runs this one.
-- asyncio: unittest.IsolatedAsyncioTestCase, pytest-asyncio.
local t = require "neap.test"
local test, describe, expect = t.test, t.describe, t.expect

-- What is tested; else it would be in a module of its own.
local function retry(attempts, delay, fn)
  for attempt = 1, attempts do
    local ok, result = pcall(fn)
    if ok then return result end
    if attempt == attempts then error(result, 0) end
    async.sleep(delay * 2 ^ (attempt - 1))
  end
end

describe("retry", function()
  local calls
  t.before_each(function() calls = 0 end)

  -- A function that fails so many times.
  local function failing(times)
    return function()
      calls = calls + 1
      if calls <= times then error(async.ConnectionError("attempt " .. calls)) end
      return "done"
    end
  end

  test("gives the first success", { clock = "virtual" }, function()
    expect(retry(5, 1, failing(2))):to_be("done")
    expect(calls):to_be(3)
  end)

  test("waits longer each time", function()
    local clock = t.clock()
    retry(5, 60, failing(3))
    expect(clock:time()):to_be(60 + 120 + 240) -- seven minutes, of which the test takes none
  end)

  test("raises the last error", { clock = "virtual" }, function()
    local err = t.raises(async.ConnectionError, retry, 3, 1, failing(9))
    expect(err.message):to_be("attempt 3")
  end)

  test("ends when it is cancelled", { clock = "virtual" }, function()
    local task = async.spawn(retry, 100, 60, failing(99))
    async.sleep(200)
    task:cancel()
    async.wait { task }
    expect(task:cancelled()):to_be(true)
    expect(calls):to_be(3)
  end)
end)

--[[ prints:
...retry_test.lua
  retry
    ok   gives the first success...
    ok   waits longer each time...
    ok   raises the last error...
    ok   ends when it is cancelled...

4 passed, 0 failed in ... s
]]
