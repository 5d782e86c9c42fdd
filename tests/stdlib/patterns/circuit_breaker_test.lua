local patterns = require "neap.patterns"
local suspensions = support "suspensions"
local circuit_breaker, CircuitOpenError = patterns.circuit_breaker, patterns.CircuitOpenError
local main = { clock = "real" }

local function fail(err) error(err or "down", 0) end
local function work(...) return ... end

local function break_it(breaker, times)
  for _ = 1, times do raises("down", breaker.call, breaker, fail) end
end

test("a closed breaker calls, and gives all results or the error unchanged", function()
  local breaker = circuit_breaker()
  equal(table.pack(breaker:call(work, 1, nil, nil)), { 1, n = 3 })
  equal(select("#", breaker:call(work)), 0)
  local err = async.ValueError("x")
  check(rawequal(raises(async.ValueError, breaker.call, breaker, fail, err), err))
end)

test("so many failures in a row open it, and then nothing is called", function()
  local breaker, called = circuit_breaker { failures = 3, reset_after = 10 }, false
  break_it(breaker, 2)
  breaker:call(work)
  break_it(breaker, 2)
  equal({ breaker:state(), breaker:failure_count() }, { "closed", 2 })
  break_it(breaker, 1)
  equal(breaker:state(), "open")
  async.sleep(4)
  local err = raises(CircuitOpenError, breaker.call, breaker, function() called = true end)
  equal({ called, err.retry_after, err.cause }, { false, 6.0, "down" })
  check(err.breaker == breaker)
  equal(err.message, "the circuit is open; the next try is in 6 seconds (it failed by down)")
end)

test("with a window, failures are counted in it whatever succeeds between", function()
  local breaker = circuit_breaker { failures = 3, window = 10 }
  break_it(breaker, 1)
  async.sleep(6)
  break_it(breaker, 1)
  breaker:call(work)
  async.sleep(6)
  break_it(breaker, 1)
  equal({ breaker:state(), breaker:failure_count() }, { "closed", 2 })
  break_it(breaker, 1)
  equal(breaker:state(), "open")
end)

test("after reset_after one call is let through; when it succeeds the breaker is closed", function()
  local breaker = circuit_breaker { failures = 1, reset_after = 5 }
  break_it(breaker, 1)
  async.sleep(5)
  equal(breaker:state(), "half_open")
  equal(breaker:call(work, "back"), "back")
  equal({ breaker:state(), breaker:failure_count() }, { "closed", 0 })
end)

test("a trial that fails opens it again for the whole time", function()
  local breaker = circuit_breaker { failures = 1, reset_after = 5 }
  break_it(breaker, 1)
  async.sleep(5)
  break_it(breaker, 1)
  async.sleep(4)
  equal(raises(CircuitOpenError, breaker.call, breaker, work).retry_after, 1.0)
end)

test("while the trial runs, others are refused", function()
  local breaker = circuit_breaker { failures = 1, reset_after = 5, name = "db" }
  break_it(breaker, 1)
  async.sleep(5)
  local trial = async.spawn(breaker.call, breaker, async.sleep, 2, "ok")
  async.sleep(1)
  local err = raises(CircuitOpenError, breaker.call, breaker, work)
  equal({ err.retry_after, err.message }, { 0, "the circuit 'db' is half open, and being tried (it failed by down)" })
  equal(await(trial), "ok")
  equal(breaker:state(), "closed")
end)

test("half_open = n lets n through, and all must succeed", function()
  local breaker = circuit_breaker { failures = 1, reset_after = 5, half_open = 2 }
  break_it(breaker, 1)
  async.sleep(5)
  breaker:call(work)
  equal({ breaker:state(), tostring(breaker) }, { "half_open", "<CircuitBreaker half_open trials=1/2>" })
  breaker:call(work)
  equal(breaker:state(), "closed")
end)

test("a trial that is cancelled makes room for another", function()
  local breaker = circuit_breaker { failures = 1, reset_after = 5 }
  break_it(breaker, 1)
  async.sleep(5)
  local trial = async.spawn(breaker.call, breaker, async.sleep, 60)
  async.sleep(1)
  trial:cancel()
  async.wait { trial }
  equal(breaker:state(), "half_open")
  breaker:call(work)
  equal(breaker:state(), "closed")
end)

test("a call that began before the change says nothing about the state after it", function()
  local breaker = circuit_breaker { failures = 1, reset_after = 5 }
  local late = async.spawn(breaker.call, breaker, function()
    async.sleep(6)
    error("late", 0)
  end)
  async.sleep(0)
  break_it(breaker, 1)
  async.sleep(5)
  breaker:call(work)
  raises("late", await, late)
  equal({ breaker:state(), breaker:failure_count() }, { "closed", 0 })
end)

test("only errors that are meant are failures; others are answers", function()
  local breaker = circuit_breaker { failures = 2, on = async.OSError, reset_after = 5 }
  local down, bad = async.ConnectionError("down"), async.ValueError("bad")
  raises(async.OSError, breaker.call, breaker, fail, down)
  raises(async.ValueError, breaker.call, breaker, fail, bad)
  raises(async.OSError, breaker.call, breaker, fail, down)
  equal(breaker:state(), "closed")
  raises(async.OSError, breaker.call, breaker, fail, down)
  equal(breaker:state(), "open")
  async.sleep(5)
  raises(async.ValueError, breaker.call, breaker, fail, bad)
  equal(breaker:state(), "closed")
end)

test("a cancelled call is neither a failure nor a success", function()
  local breaker = circuit_breaker { failures = 2 }
  break_it(breaker, 1)
  raises(async.TimeoutError, async.timeout, 1, breaker.call, breaker, async.sleep, 9)
  equal(breaker:failure_count(), 1)
end)

test("a call that takes longer than the breaker's timeout is a failure", function()
  local breaker = circuit_breaker { failures = 1, timeout = 2 }
  equal(elapsed(raises, async.TimeoutError, breaker.call, breaker, async.sleep, 9), 2.0)
  equal(breaker:state(), "open")
end)

test("on_change is told of each change, from the loop", function()
  local told = {}
  local breaker
  breaker = circuit_breaker { failures = 1, reset_after = 5, on_change = function(new, old, of)
    told[#told + 1] = old .. " -> " .. new
    check(of == breaker and async.current_task() == nil)
  end }
  break_it(breaker, 1)
  equal(told, {})
  async.sleep(5)
  breaker:call(work)
  async.sleep(0)
  equal(told, { "closed -> open", "open -> half_open", "half_open -> closed" })
end)

test("an error of on_change goes to the exception handler, and disturbs no call", function()
  local list = reports()
  local breaker = circuit_breaker { failures = 1, on_change = function() error("hook", 0) end }
  break_it(breaker, 1)
  async.sleep(0)
  equal({ #list, list[1].exception }, { 1, "hook" })
end)

test("trip opens it and reset closes it", function()
  local breaker = circuit_breaker { reset_after = 5 }
  breaker:trip()
  raises(CircuitOpenError, breaker.call, breaker, work)
  async.sleep(3)
  breaker:trip()
  equal(raises(CircuitOpenError, breaker.call, breaker, work).retry_after, 5.0)
  breaker:reset()
  equal(breaker:call(work, 1), 1)
end)

test("wrap gives a function that is called through the breaker, also an async one", function()
  local breaker = circuit_breaker { failures = 1 }
  local double = breaker:wrap(async(function(x)
    async.sleep(1)
    return 2 * x
  end))
  equal(double(4), 8)
  breaker:trip()
  raises(CircuitOpenError, double, 4)
end)

test("a retry waits for a breaker as its error says", function()
  local breaker = circuit_breaker { failures = 1, reset_after = 7 }
  break_it(breaker, 1)
  equal(elapsed(function()
    equal(patterns.retry(breaker.call, { on = CircuitOpenError, delay = function(_, err) return err.retry_after end },
      breaker, work, "back"), "back")
  end), 7.0)
end)

test("CircuitOpenError is raised at the line that called", function()
  local breaker = circuit_breaker()
  breaker:trip()
  misuse(CircuitOpenError, breaker.call, breaker, work)
  misuse(CircuitOpenError, breaker:wrap(work))
end)

test("cancelled at any suspension, no trial is lost", main, function()
  local breaker
  suspensions.each(function()
    breaker = circuit_breaker { failures = 1, reset_after = 5, half_open = 2 }
    async.catch(breaker.call, breaker, fail)
    async.sleep(5)
    local group <close> = async.TaskGroup()
    for _ = 1, 2 do group:spawn(breaker.call, breaker, async.sleep, 1) end
  end, function(ending, k)
    check(ending.ok or (k and ending.cancelled), tostring(ending.value))
    equal(breaker.trials, 0)
  end)
end)

test("tostring shows the state of a breaker", function()
  local breaker = circuit_breaker { failures = 3, reset_after = 5, name = "db" }
  break_it(breaker, 1)
  equal(tostring(breaker), "<CircuitBreaker 'db' closed failures=1/3>")
  breaker:trip()
  equal(tostring(breaker), "<CircuitBreaker 'db' open for 5 seconds>")
end)

test("misuse of circuit_breaker", function()
  misuse(async.TypeError, circuit_breaker, 1)
  misuse(async.ValueError, circuit_breaker, { failures = 0 })
  misuse(async.ValueError, circuit_breaker, { window = 0 })
  misuse(async.ValueError, circuit_breaker, { reset_after = -1 })
  misuse(async.ValueError, circuit_breaker, { half_open = 0 })
  misuse(async.ValueError, circuit_breaker, { timeout = 0 })
  misuse(async.TypeError, circuit_breaker, { on = 1 })
  misuse(async.TypeError, circuit_breaker, { on_change = 1 })
  misuse(async.TypeError, circuit_breaker, { name = 1 })
  misuse(async.TypeError, circuit_breaker, { threshold = 1 })
  local breaker = circuit_breaker()
  misuse(async.TypeError, breaker.call, breaker)
  misuse(async.TypeError, breaker.call, work)
  misuse(async.TypeError, breaker.wrap, breaker, 1)
  misuse(async.TypeError, breaker.state)
end)
