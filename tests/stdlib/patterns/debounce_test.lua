local patterns = require "neap.patterns"
local debounce, throttle = patterns.debounce, patterns.throttle

local function now() return async.get_running_loop():time() end

-- A log of calls, and what writes it: "argument at time".
local function log()
  local start, list = now(), {}
  return list, function(...)
    list[#list + 1] = table.concat({ ... }, " ") .. (" at %g"):format(now() - start)
  end
end

-- Calls f(number) at these times.
local function at(times, f)
  local start = now()
  for i, time in ipairs(times) do
    async.sleep(start + time - now())
    f(i)
  end
end

local quarters = { 0, 0.25, 0.5, 0.75, 1, 1.25, 1.5, 1.75, 2, 2.25, 2.5 }

test("debounce calls once, with the latest arguments, when it has been quiet", function()
  local list, note = log()
  at({ 0, 0.5, 1, 3 }, debounce(note, 1))
  async.sleep(2)
  equal(list, { "3 at 2", "4 at 4" })
end)

test("debounce with leading calls at once, and again at the end if there was more", function()
  local list, note = log()
  at({ 0, 0.5, 3, 5 }, debounce(note, 1, { leading = true }))
  async.sleep(2)
  equal(list, { "1 at 0", "2 at 1.5", "3 at 3", "4 at 5" })
end)

test("debounce with leading alone calls at the beginning of each flurry", function()
  local list, note = log()
  at({ 0, 0.5, 1, 3 }, debounce(note, 1, { leading = true, trailing = false }))
  async.sleep(2)
  equal(list, { "1 at 0", "4 at 3" })
end)

test("max_wait lets a call through though it is never quiet", function()
  local list, note = log()
  at(quarters, debounce(note, 0.5, { max_wait = 1.125 }))
  async.sleep(2)
  equal(list, { "5 at 1.125", "10 at 2.375", "11 at 3" })
end)

test("with leading and max_wait a flurry has one leading call", function()
  local list, note = log()
  at(quarters, debounce(note, 0.5, { max_wait = 1.125, leading = true }))
  async.sleep(2)
  equal(list, { "1 at 0", "6 at 1.375", "11 at 2.625" })
end)

test("throttle calls at once, and then once in so many seconds with the latest arguments", function()
  local list, note = log()
  at(quarters, throttle(note, 1))
  async.sleep(5)
  equal(list, { "1 at 0", "4 at 1", "8 at 2", "11 at 3" })
end)

test("throttle without trailing drops what comes between", function()
  local list, note = log()
  at(quarters, throttle(note, 1, { trailing = false }))
  async.sleep(5)
  equal(list, { "1 at 0", "5 at 1", "9 at 2" })
end)

test("throttle without leading calls at the end of each period", function()
  local list, note = log()
  at(quarters, throttle(note, 1, { leading = false }))
  async.sleep(5)
  equal(list, { "4 at 1", "8 at 2", "11 at 3" })
end)

test("after a pause throttle calls at once again, but never twice in a period", function()
  local list, note = log()
  at({ 0, 0.9, 1.1, 9 }, throttle(note, 1))
  async.sleep(5)
  equal(list, { "1 at 0", "2 at 1", "3 at 2", "4 at 9" })
end)

test("the call is a task of its own, may wait, and gets all arguments", function()
  local got, task
  local f = debounce(async(function(...)
    task = async.current_task()
    async.sleep(1)
    got = table.pack(...)
  end), 1)
  f(1, nil, nil)
  async.sleep(3)
  equal(got, { 1, n = 3 })
  check(task ~= async.current_task())
end)

test("an error of the call goes where a task's error goes", function()
  local list = reports()
  local f = debounce(function() error("boom", 0) end, 1)
  f()
  async.sleep(2)
  collectgarbage()
  async.sleep(0)
  equal({ #list, list[1] and list[1].exception }, { 1, "boom" })
end)

test("flush starts the call at once and gives its task", function()
  for _, make in ipairs { debounce, throttle } do
    local f = make(function(x)
      async.sleep(1)
      return "did " .. x
    end, 5, { leading = false })
    equal(f:flush(), nil)
    f("it")
    check(f:pending())
    equal(elapsed(function() equal(await(f:flush()), "did it") end), 1.0)
    equal({ f:pending(), f:flush() }, { false })
    equal(#async.open_handles { timers = true }, 0)
  end
end)

test("after flush a throttle waits for a whole period", function()
  local list, note = log()
  local f = throttle(note, 2)
  at({ 0, 0.5 }, f)
  async.sleep(0.5)
  f:flush()
  f("x")
  async.sleep(5)
  equal(list, { "1 at 0", "2 at 1", "x at 3" })
end)

test("cancel forgets the call, and the next one is a first one", function()
  for _, make in ipairs { debounce, throttle } do
    local list, note = log()
    local f = make(note, 5, { leading = true })
    at({ 0, 1 }, f)
    equal({ f:cancel(), f:cancel(), f:pending() }, { true, false, false })
    equal(#async.open_handles { timers = true }, 0)
    f(9)
    async.sleep(10)
    equal(list, { "1 at 0", "9 at 1" })
  end
end)

test("they may be called by callbacks of the loop", function()
  local list, note = log()
  local loop, f = async.get_running_loop(), debounce(note, 1)
  loop:call_later(1, f, "a")
  loop:call_later(1.5, f, "b")
  async.sleep(4)
  equal(list, { "b at 2.5" })
end)

test("the call has the context of who called last", function()
  local var, seen = async.ContextVar("var"), nil
  local f = debounce(function() seen = var:get() end, 1)
  local function caller(value)
    var:set(value)
    f()
  end
  async.gather(function() caller(1) end, function() caller(2) end)
  async.sleep(2)
  equal(seen, 2)
end)

test("tostring shows the state", function()
  local f, g = debounce(print, 2), throttle(print, 2, { leading = false })
  equal(tostring(f), "<Debounced 2 seconds idle>")
  f()
  g()
  async.sleep(0.5)
  equal({ tostring(f), tostring(g) },
    { "<Debounced 2 seconds call in 1.5 seconds>", "<Throttled 2 seconds call in 1.5 seconds>" })
  f:cancel()
  g:cancel()
end)

test("misuse of debounce and throttle", function()
  for _, make in ipairs { debounce, throttle } do
    misuse(async.TypeError, make)
    misuse(async.TypeError, make, print)
    misuse(async.TypeError, make, print, "1")
    misuse(async.ValueError, make, print, 0)
    misuse(async.ValueError, make, print, math.huge)
    misuse(async.TypeError, make, print, 1, { leading = 1 })
    misuse(async.ValueError, make, print, 1, { leading = false, trailing = false })
    misuse(async.TypeError, make, print, 1, { edge = true })
    misuse(async.TypeError, make(print, 1).flush)
  end
  misuse(async.ValueError, debounce, print, 2, { max_wait = 1 })
end)
