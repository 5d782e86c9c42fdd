local patterns = require "neap.patterns"
local suspensions = support "suspensions"
local memoize = patterns.memoize
local main = { clock = "real" }

-- A function that takes a second and counts its calls.
local function counted()
  local calls = 0
  return function(...)
    calls = calls + 1
    async.sleep(1)
    return calls, ...
  end, function() return calls end
end

test("the second call with the same arguments gives the same results, and does not wait", function()
  local get = memoize((counted()))
  equal(table.pack(get("a", nil, 3, nil)), { 1, "a", nil, 3, nil, n = 5 })
  equal(elapsed(function() equal(table.pack(get("a", nil, 3, nil)), { 1, "a", nil, 3, nil, n = 5 }) end), 0.0)
end)

test("arguments are told apart by value or identity, and by their number", function()
  local get = memoize((counted()))
  local t, u = {}, {}
  local lists = { {}, { n = 1 }, { 1 }, { "1" }, { t }, { u }, { t, u }, { 1, nil, n = 2 }, { 0 / 0 }, { true } }
  for i, list in ipairs(lists) do equal(get(table.unpack(list, 1, list.n or #list)), i) end
  for i, list in ipairs(lists) do equal(get(table.unpack(list, 1, list.n or #list)), i) end
  equal({ get(1.0), get:statistics().size }, { 3, #lists })
end)

test("a key function says which calls are the same", function()
  local get = memoize((counted()), { key = function(request) return request.url end })
  equal({ (get { url = "a" }), (get { url = "b" }), (get { url = "a" }) }, { 1, 2, 1 })
  check(get:forget { url = "a" })
  equal((get { url = "a" }), 3)
end)

test("callers that come while a call runs share it", function()
  local fn, calls = counted()
  local get = memoize(fn)
  equal(elapsed(function()
    equal(async.map({ "x", "x", "x" }, function(x) return (get(x)) end), { 1, 1, 1, n = 3 })
  end), 1.0)
  equal(calls(), 1)
  equal(get:statistics(), { hits = 0, misses = 1, shared = 2, evictions = 0, expired = 0, size = 1, running = 0 })
end)

test("a caller that is cancelled does not cancel the call for the others", function()
  local get = memoize((counted()))
  local first = async.spawn(get, "x")
  local second = async.spawn(get, "x")
  async.sleep(0.5)
  first:cancel()
  equal(await(second), 1)
  async.wait { first }
  check(first:cancelled())
end)

test("when every caller is cancelled, so is the call, and they wait for its end", function()
  local log = {}
  local get = memoize(function()
    local ok, err = async.catch(async.sleep, 60)
    async.sleep(2)
    log[#log + 1] = async.is(err, async.CancelledError)
    error(err, 0)
  end)
  local tasks = {}
  for i = 1, 3 do tasks[i] = async.spawn(get) end
  async.sleep(1)
  equal(elapsed(function()
    for _, task in ipairs(tasks) do task:cancel() end
    async.wait(tasks)
  end), 2.0)
  equal(log, { true })
  equal({ get:statistics().size, get:statistics().running }, { 0, 0 })
end)

test("a call that is being cancelled is not joined: a newcomer starts another", function()
  local calls = 0
  local get = memoize(function()
    calls = calls + 1
    if calls > 1 then return "second" end
    local _, err = async.catch(async.sleep, 60)
    async.sleep(2)
    error(err, 0)
  end)
  local first = async.spawn(get)
  async.sleep(1)
  first:cancel()
  async.sleep(1)
  equal(get(), "second")
  async.wait { first }
  equal({ get(), calls }, { "second", 2 })
end)

test("a call whose only caller is cancelled before it begins is never made", function()
  local fn, calls = counted()
  local get = memoize(fn)
  local task = async.spawn(function()
    async.current_task():cancel()
    get()
  end)
  async.wait { task }
  equal({ task:cancelled(), calls(), get:statistics().running }, { true, 0, 0 })
  equal(get(), 1)
end)

test("results are kept for the time to live", function()
  local get = memoize((counted()), { ttl = 10 })
  equal(get("x"), 1)
  async.sleep(9)
  equal(get("x"), 1)
  async.sleep(1)
  equal(get("x"), 2)
  equal(get:statistics().expired, 1)
end)

test("results that nobody asks for any more go when their time is over and another comes", function()
  local get = memoize(function(x) return x end, { ttl = 10 })
  for i = 1, 100 do get(i) end
  async.sleep(10)
  get("x")
  equal({ get:statistics().size, get:statistics().expired }, { 1, 100 })
end)

test("of more than max, those go that were not used for longest", function()
  local get = memoize((counted()), { max = 2 })
  get("a")
  get("b")
  get("a")
  get("c")
  equal({ (get("a")), (get("c")), (get("b")) }, { 1, 3, 4 })
  equal({ get:statistics().size, get:statistics().evictions }, { 2, 2 })
end)

test("a failure is everybody's who shares it, and is not kept", function()
  local calls = 0
  local get = memoize(function()
    calls = calls + 1
    async.sleep(1)
    error(async.ValueError("call " .. calls))
  end)
  local errors = async.gather { function() get() end, function() get() end, return_exceptions = true }
  check(rawequal(errors[1], errors[2]))
  raises("call 2", get)
  equal(get:statistics().size, 0)
end)

test("keep_errors keeps a failure for so many seconds", function()
  local calls = 0
  local get = memoize(function()
    calls = calls + 1
    error("call " .. calls, 0)
  end, { keep_errors = 5, ttl = 60 })
  raises("call 1", get)
  raises("call 1", get)
  async.sleep(5)
  raises("call 2", get)
end)

test("forget takes one out, clear all, also those that run", function()
  local fn, calls = counted()
  local get = memoize(fn)
  get("a")
  get("b")
  equal({ get:forget("a"), get:forget("a"), get:forget("c") }, { true, false, false })
  equal((get("b")), 2)
  local running = async.spawn(get, "c")
  async.sleep(0.5)
  check(get:forget("c"))
  equal({ (await(running)), (get("c")) }, { 3, 4 })
  running = async.spawn(get, "d")
  async.sleep(0.5)
  get:clear()
  equal({ get:statistics().size, get:statistics().running }, { 0, 0 })
  await(running)
  equal({ (get("d")), calls(), get:statistics().size }, { 6, 6, 1 })
end)

test("a function that needs its own result is told so", function()
  local get
  get = memoize(function(x) return get(x) end)
  raises("a memoized function waits for itself", get, 1)
  local a, b
  a = memoize(function() return b() end)
  b = memoize(function() return a() end)
  raises("a memoized function waits for itself", a)
end)

test("recursion with other arguments works, and far down", function()
  local fib
  fib = memoize(function(n) return n < 2 and n or fib(n - 1) + fib(n - 2) end)
  equal(fib(80), 23416728348467685)
  local down
  down = memoize(function(n) return n == 0 and 0 or 1 + down(n - 1) end)
  equal(down(2000), 2000)
end)

test("an async function, and a method, are memoized", function()
  local get = memoize(async(function(x)
    async.sleep(1)
    return x * 2
  end))
  equal({ get(4), get(4) }, { 8, 8 })
  local Class = { size = memoize(function(self) return #self.name end) }
  Class.__index = Class
  equal(setmetatable({ name = "four" }, Class):size(), 4)
end)

test("nothing is left in the tree of what has gone", function()
  local get = memoize(function(...) return ... end, { max = 1 })
  for i = 1, 10 do get(i, {}, "x") end
  get:clear()
  equal(next(get.root.branches), nil)
end)

test("at random, with cancellations, every caller gets the result of its argument", function()
  local running = {}
  local get = memoize(function(x)
    check(not running[x], "two calls at once")
    running[x] = true
    local guard <close> = setmetatable({}, { __close = function() running[x] = nil end })
    async.sleep(math.random(0, 3) * 0.25)
    if math.random() < 0.2 then error("now and then", 0) end
    return "value of " .. x
  end, { ttl = 0.5, max = 3 })
  churn(5, 8, 80, function()
    local x = math.random(5)
    local ok, value = pcall(get, x)
    equal(value, ok and "value of " .. x or "now and then")
  end)
  local numbers = get:statistics()
  equal(numbers.running, 0)
  check(numbers.size <= 3 and numbers.hits > 20 and numbers.shared > 20 and numbers.expired > 5, tostring(get))
end)

test("cancelled at any suspension, no call and no caller is left", main, function()
  local get
  suspensions.each(function()
    get = memoize((counted()), { ttl = 5 })
    local group <close> = async.TaskGroup()
    for i = 1, 4 do group:spawn(function() get(i % 2) end) end
  end, function(ending, k)
    check(ending.ok or k, tostring(ending.value))
    equal(get:statistics().running, 0)
  end)
end)

test("tostring shows the state of a memoized function", function()
  local get = memoize((counted()))
  get(1)
  get(1)
  local running = async.spawn(get, 2)
  async.sleep(0)
  equal(tostring(get), "<Memoized size=1 running=1 hits=1 misses=2>")
  await(running)
end)

test("misuse of memoize", function()
  misuse(async.TypeError, memoize)
  misuse(async.TypeError, memoize, print, 5)
  misuse(async.ValueError, memoize, print, { ttl = 0 })
  misuse(async.ValueError, memoize, print, { max = 0 })
  misuse(async.TypeError, memoize, print, { key = "url" })
  misuse(async.ValueError, memoize, print, { keep_errors = -1 })
  misuse(async.TypeError, memoize, print, { size = 1 })
  misuse(async.TypeError, memoize(print).forget, print)
end)
