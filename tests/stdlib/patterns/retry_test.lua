local patterns = require "neap.patterns"
local suspensions = support "suspensions"
local retry, RetryError = patterns.retry, patterns.RetryError
local main = { clock = "real" }

-- A function that fails so many times, and then gives what it got.
local function failing(times, err)
  local calls = 0
  return function(...)
    calls = calls + 1
    if calls <= times then error(err or ("failure " .. calls), 0) end
    return calls, ...
  end, function() return calls end
end

test("retry gives the results of the first attempt that succeeds, all of them", function()
  local fn = failing(2)
  equal(table.pack(retry(fn, { jitter = "none" }, "a", nil, nil)), { 3, "a", nil, nil, n = 4 })
  equal(select("#", retry(function() end)), 0)
end)

test("retry waits delay, delay * factor and so on between the attempts, up to max_delay", function()
  local fn, calls = failing(5)
  equal(elapsed(retry, fn, { attempts = 6, delay = 1, factor = 3, max_delay = 10, jitter = "none" }), 33.0)
  equal(calls(), 6)
end)

test("retry without options tries three times and then raises RetryError with every attempt", function()
  local errors = { async.ConnectionError("one"), async.ValueError("two"), "three" }
  local calls = 0
  local err = raises(RetryError, retry, function()
    calls = calls + 1
    async.sleep(calls)
    error(errors[calls], 0)
  end, { jitter = "none" })
  equal(calls, 3)
  equal(#err.attempts, 3)
  for i = 1, 3 do check(rawequal(err.attempts[i].error, errors[i])) end
  equal(err.attempts[2].seconds, 2.0)
  equal({ err.attempts[1].delay, err.attempts[2].delay, err.attempts[3].delay }, { 0.1, 0.2 })
  equal(err.cause, "three")
  equal(err.message, "gave up after 3 attempts in 6.3 seconds: three")
end)

test("retry raises an error that is not meant at once and unchanged", function()
  local fn, calls = failing(9, async.TypeError("wrong"))
  raises(async.TypeError, retry, fn, { on = async.OSError })
  equal(calls(), 1)
  raises(async.TypeError, retry, fn, { on = { async.OSError, async.ValueError } })
  raises(async.TypeError, retry, fn, { on = function(err) return err.code == "EAGAIN" end })
  equal(calls(), 3)
end)

test("retry tries again for a class, its subclasses, one of a list, and what a function says", function()
  for _, on in ipairs { async.OSError, { async.ValueError, async.OSError },
    function(err) return async.is(err, async.ConnectionError) end } do
    equal(retry(failing(1, async.ConnectionError("refused")), { on = on }), 2)
  end
end)

test("retry never takes a cancellation for a failure, though the function asks for it", function()
  local calls = 0
  local task = async.spawn(retry, function()
    calls = calls + 1
    async.sleep(10)
  end, { on = function() return true end })
  async.sleep(1)
  task:cancel()
  async.wait { task }
  check(task:cancelled())
  equal(calls, 1)
end)

test("a cancellation between two attempts ends the retry", function()
  local fn, calls = failing(9)
  local task = async.spawn(retry, fn, { delay = 10, jitter = "none" })
  async.sleep(5)
  task:cancel()
  async.wait { task }
  check(task:cancelled())
  equal(calls(), 1)
end)

test("an attempt that takes longer than attempt_timeout is cancelled and tried again, whatever `on` says", function()
  local calls = 0
  local function slow()
    calls = calls + 1
    if calls < 3 then async.sleep(60) end
    return "fast"
  end
  equal(elapsed(function()
    equal(retry(slow, { attempt_timeout = 2, jitter = "none", delay = 1, on = async.OSError }), "fast")
  end), 7.0)
end)

test("a TimeoutError of the function itself is none of attempt_timeout", function()
  raises(async.TimeoutError, retry, failing(1, async.TimeoutError("inner")), { attempt_timeout = 9, on = async.OSError })
end)

test("total_timeout ends an attempt that still runs, and its error tells of all", function()
  local calls = 0
  local err
  equal(elapsed(function()
    err = raises(RetryError, retry, function()
      calls = calls + 1
      if calls == 1 then error("first", 0) end
      async.sleep(60)
    end, { total_timeout = 5, delay = 1, jitter = "none" })
  end), 5.0)
  equal(#err.attempts, 2)
  check(async.is(err.attempts[2].error, async.TimeoutError))
  equal(err.attempts[2].seconds, 4.0)
  check(err.message:find("gave up after 2 attempts in 5 seconds, its total_timeout of 5 seconds being over", 1, true))
end)

test("retry does not begin a wait that total_timeout would end", function()
  local fn, calls = failing(9, "down")
  local err
  equal(elapsed(function()
    err = raises(RetryError, retry, fn, { attempts = math.huge, total_timeout = 5, delay = 2, factor = 1, jitter = "none" })
  end), 4.0)
  equal(calls(), 3)
  equal(err.message, "gave up after 3 attempts in 4 seconds, with a total_timeout of 5 seconds: down")
end)

test("a timeout around the retry stays one", function()
  raises(async.TimeoutError, async.timeout, 3, retry, function() async.sleep(60) end, { total_timeout = 10 })
  raises(async.TimeoutError, async.timeout, 3, retry, failing(9), { delay = 10, jitter = "none", total_timeout = 60 })
end)

test("jitter draws from the random function that is given", function()
  local function delays(jitter, random)
    local found = {}
    pcall(retry, failing(9), { attempts = 4, delay = 1, max_delay = 3, jitter = jitter, random = random,
      on_retry = function(_, _, delay) found[#found + 1] = delay end })
    return found
  end
  local function half() return 0.5 end
  equal(delays("none", half), { 1, 2.0, 3 })
  equal(delays("full", half), { 0.5, 1.0, 1.5 })
  equal(delays("equal", half), { 0.75, 1.5, 2.25 })
  equal(delays("decorrelated", half), { 2.0, 3, 3 })
  equal(delays(0.4, half), { 1.2, 2.2, 3.2 })
end)

test("the same seed gives the same delays", function()
  local function delays()
    local found = {}
    math.randomseed(7)
    pcall(retry, failing(9), { attempts = 5, on_retry = function(_, _, delay) found[#found + 1] = delay end })
    return found
  end
  local first = delays()
  equal(#first, 4)
  equal(delays(), first)
  for i, delay in ipairs(first) do check(delay >= 0 and delay <= 0.1 * 2 ^ (i - 1)) end
end)

test("a delay of 0 stays 0 after any number of attempts", function()
  local fn, calls = failing(2000)
  equal(elapsed(retry, fn, { attempts = math.huge, delay = 0 }), 0.0)
  equal(calls(), 2001)
end)

test("the delay may be a function of the attempt and its error", function()
  local Busy = async.class("Busy", async.Error)
  local fn = failing(2, Busy("busy", { retry_after = 7 }))
  equal(elapsed(retry, fn, { delay = function(number, err) return number * err.retry_after end }), 21.0)
  raises("what the function 'delay' returned must be a number of seconds from 0 on, got nil", retry, failing(1),
    { delay = function() end })
end)

test("on_retry is told of the attempt, its error and the delay, may wait, and may end the retry", function()
  local told = {}
  retry(failing(2), { delay = 1, jitter = "none", on_retry = function(...)
    async.sleep(1)
    told[#told + 1] = { ... }
  end })
  equal(told, { { 1, "failure 1", 1 }, { 2, "failure 2", 2.0 } })
  raises("^enough$", retry, failing(2), { on_retry = function() error("enough", 0) end })
end)

test("an async function is awaited", function()
  local calls = 0
  local fetch = async(function(x)
    calls = calls + 1
    async.sleep(1)
    if calls < 2 then error("once", 0) end
    return "got " .. x
  end)
  equal(retry(fetch, { delay = 0 }, "it"), "got it")
end)

test("a policy is used for many calls, and wraps functions", function()
  local policy = patterns.retry_policy { attempts = 2, delay = 0 }
  equal(policy:call(failing(1), "x"), 2)
  equal(retry(failing(1), policy), 2)
  local wrapped = policy:wrap(failing(1))
  equal({ wrapped("y") }, { 2, "y" })
  raises(RetryError, policy:wrap(failing(2)))
  equal(tostring(policy), "<RetryPolicy attempts=2 delay=0 seconds factor=2 jitter=full>")
end)

test("an error of any type is kept as it is", function()
  local err = raises(RetryError, retry, function() error(nil, 0) end, { attempts = 2, delay = 0 })
  equal(#err.attempts, 2)
  equal(err.cause, nil)
  local value = { 1 }
  check(rawequal(raises(RetryError, retry, function() error(value, 0) end, { attempts = 1 }).cause, value))
end)

test("RetryError is raised at the line that called", function()
  local policy = patterns.retry_policy { attempts = 1 }
  misuse(RetryError, retry, failing(9), { attempts = 1 })
  misuse(RetryError, policy.call, policy, failing(9))
  misuse(RetryError, policy:wrap(failing(9)))
end)

test("cancelled at any suspension, retry ends and leaves nothing", main, function()
  suspensions.each(function()
    local calls = 0
    equal(retry(function()
      calls = calls + 1
      async.sleep(1)
      if calls < 3 then error("again", 0) end
      return "done"
    end, { attempt_timeout = 5, total_timeout = 60, on_retry = function() async.sleep(1) end }), "done")
  end, function(ending, k)
    check(ending.ok or (k and ending.cancelled), tostring(ending.value))
  end)
end)

test("misuse of retry", function()
  misuse(async.TypeError, retry, nil)
  misuse(async.TypeError, retry, async(print)())
  misuse(async.TypeError, retry, print, 3)
  misuse(async.TypeError, retry, print, { attempt = 3 })
  misuse(async.TypeError, retry, print, { attempts = "3" })
  misuse(async.ValueError, retry, print, { attempts = 0 })
  misuse(async.ValueError, retry, print, { attempts = 1.5 })
  misuse(async.ValueError, retry, print, { delay = -1 })
  misuse(async.ValueError, retry, print, { delay = 0 / 0 })
  misuse(async.ValueError, retry, print, { delay = math.huge })
  misuse(async.ValueError, retry, print, { factor = 0.5 })
  misuse(async.ValueError, retry, print, { jitter = "some" })
  misuse(async.TypeError, retry, print, { jitter = true })
  misuse(async.TypeError, retry, print, { on = {} })
  misuse(async.TypeError, retry, print, { on = { "ENOENT" } })
  misuse(async.TypeError, retry, print, { on_retry = 1 })
  misuse(async.ValueError, retry, print, { attempt_timeout = 0 })
  misuse(async.ValueError, retry, print, { total_timeout = -1 })
  misuse(async.TypeError, patterns.retry_policy, 3)
  misuse(async.ValueError, patterns.retry_policy, { attempts = 0 })
  local policy = patterns.retry_policy()
  misuse(async.TypeError, policy.call, print)
  misuse(async.TypeError, policy.call, policy, nil)
  misuse(async.TypeError, policy.wrap, policy, 1)
  local err = misuse(async.ValueError, retry, print, { attempts = 0 })
  equal(err.message, "the option 'attempts' of retry must be an integer from 1 on, or math.huge for no limit, got 0")
end)
