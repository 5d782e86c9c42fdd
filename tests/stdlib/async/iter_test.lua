local log
local numbers = async.generator(function(n)
  local closing <close> = setmetatable({}, { __close = function()
    async.sleep(1)
    log[#log + 1] = "closed"
  end })
  for i = 1, n do
    log[#log + 1] = i
    coroutine.yield(i)
  end
end)

local function it(n)
  log = {}
  return async.iter(numbers(n))
end

local function even(x) return x % 2 == 0 end

test("stages are lazy, and made of one another", function()
  local squares = it(9):filter(even):map(function(x) return x * x end):take(2)
  equal(log, {})
  equal(squares:next(), 4)
  equal(log, { 1, 2 })
  equal({ squares:next(), squares:next(), squares:next() }, { 16 })
  equal(log, { 1, 2, 3, 4, "closed" })
end)

test("a for loop over any stage closes the source on break", function()
  for _, make in ipairs {
    function(i) return i:each() end,
    function(i) return i:map(tostring) end,
    function(i) return i:filter(even) end,
    function(i) return i:take(5) end,
    function(i) return i:enumerate() end,
    function(i) return i:batch(2) end,
    function(i) return i:map(tostring):enumerate():batch(2) end,
  } do
    equal(elapsed(function()
      for _ in make(it(9)) do break end
    end), 1.0)
    equal(log[#log], "closed")
  end
end)

test("collect gives a list, and nothing for nothing", function()
  equal(it(3):collect(), { 1, 2, 3 })
  equal(it(0):collect(), {})
  equal(it(5):filter(even):collect(), { 2, 4 })
end)

test("enumerate counts from 1, batch makes lists and a shorter last one", function()
  local seen = {}
  for i, x in it(3):map(function(x) return x * 10 end):enumerate() do seen[#seen + 1] = { i, x } end
  equal(seen, { { 1, 10 }, { 2, 20 }, { 3, 30 } })
  equal(it(5):batch(2):collect(), { { 1, 2 }, { 3, 4 }, { 5 } })
  equal(it(4):batch(2):collect(), { { 1, 2 }, { 3, 4 } })
  equal(it(0):batch(2):collect(), {})
end)

test("take closes the source after n items, and take(0) takes none", function()
  equal(it(9):take(2):collect(), { 1, 2 })
  equal(log, { 1, 2, "closed" })
  equal(it(9):take(0):collect(), {})
  equal(log, {})
  equal(it(1):take(5):collect(), { 1 })
end)

test("iter takes lists, iterator functions, callable values and what pairs gives", function()
  equal(async.iter({ 3, 4 }):collect(), { 3, 4 })
  local plain = coroutine.wrap(function() for i = 1, 2 do coroutine.yield(async.sleep(1, i)) end end)
  equal(async.iter(plain):collect(), { 1, 2 })
  equal(async.iter(ipairs { "a", "b" }):map(function(i, x) return x .. i end):collect(), { "a1", "b2" })
  equal(async.iter(string.gmatch("x y", "%a")):collect(), { "x", "y" })
  local n = 0
  equal(async.iter(setmetatable({}, { __call = function()
    n = n + 1
    return n < 3 and n or nil
  end })):collect(), { 1, 2 })
  equal(async.iter(async.iter({ 1 })):collect(), { 1 })
end)

test("the closing value of what a for takes is closed as well", function()
  local list = { async.spawn(async.sleep, 1, "a"), async.spawn(async.sleep, 2, "b") }
  equal(async.iter(async.as_completed(list)):map(await):collect(), { "a", "b" })
  local closed = 0
  local closing = setmetatable({}, { __close = function() closed = closed + 1 end })
  for _ in async.iter(function() return 1 end, nil, nil, closing) do break end
  equal(closed, 1)
end)

test("functions of stages may wait, be async functions, and get every value of an item", function()
  local double = async(function(x) return async.sleep(1, x * 2) end)
  equal(elapsed(function() equal(it(3):map(double):collect(), { 2, 4, 6 }) end), 4.0)
  equal(it(3):filter(async(function(x) return async.sleep(1, x > 1) end)):collect(), { 2, 3 })
  equal(it(2):enumerate():map(function(i, x) return i + x end):collect(), { 2, 4 })
  equal(it(3):enumerate():filter(function(i) return i ~= 2 end):map(function(_, x) return x end):collect(), { 1, 3 })
end)

test("map to nil is a RuntimeError, for it would end the loop; false is an item", function()
  raises("RuntimeError: the function of map returned nil", function() it(3):map(function() end):collect() end)
  equal(log[#log], "closed")
  equal(it(2):map(even):collect(), { false, true })
end)

test("an error in a function or in the source ends the loop and closes the source", function()
  raises("^boom$", function() it(3):map(function() error("boom", 0) end):collect() end)
  equal(log, { 1, "closed" })
  raises("^boom$", function()
    for _ in it(3):filter(function() error("boom", 0) end) do end
  end)
  equal(log, { 1, "closed" })
  local failing = async.generator(function() error("source", 0) end)
  raises("^source$", function() async.iter(failing()):take(2):collect() end)
end)

test("a cancellation in a stage closes the source", function()
  local task = async.spawn(function() it(9):map(function() async.sleep(9) end):collect() end)
  async.sleep(1)
  task:cancel()
  raises(async.CancelledError, await, task)
  equal(log, { 1, "closed" })
end)

test("next after the end, and after close, gives nil and asks nobody", function()
  local asked = 0
  local i = async.iter(function() asked = asked + 1 end)
  equal({ i:next(), i:next() }, {})
  equal(asked, 1)
  local m = it(9):map(tostring)
  equal(m:next(), "1")
  m:close()
  m:close()
  equal({ m:next() }, {})
  equal(log, { 1, "closed" })
end)

test("an iterator kept in a variable is closed by <close>, and by the end of its task", function()
  do
    local m <close> = it(9):map(tostring)
    m:next()
  end
  equal(log, { 1, "closed" })
  await(async.spawn(function() it(9):map(tostring):next() end))
  equal(log, { 1, "closed" })
end)

test("iterators are sources of map and merge, which close them", function()
  equal(async.map(it(3):map(function(x) return x end), function(x) return x * 2 end), { 2, 4, 6, n = 3 })
  for _ in async.merge(it(9):filter(even), {}) do break end
  equal(log[#log], "closed")
end)

test("a million items pass a filter that drops all but the last", function()
  local n = 0
  local last = async.iter(function()
    n = n + 1
    return n <= 1000000 and n or nil
  end):filter(function(x) return x == 1000000 end):collect()
  equal(last, { 1000000 })
end)

test("tostring shows the stages", function()
  equal(tostring((async.iter({}):map(print):take(1))), "<Iterator take <Iterator map <Iterator over a list>>>")
end)

test("iter and its methods name what they cannot take", function()
  misuse(async.TypeError, async.iter)
  misuse(async.TypeError, async.iter, 5)
  misuse(async.TypeError, async.iter, async.Future())
  local i = async.iter {}
  for _, method in ipairs { "map", "filter" } do misuse(async.TypeError, i[method], i, nil) end
  for _, method in ipairs { "take", "batch" } do
    misuse(async.TypeError, i[method], i, "x")
    misuse(async.TypeError, i[method], i, 1.5)
    misuse(async.ValueError, i[method], i, -1)
  end
  misuse(async.ValueError, i.batch, i, 0)
end)
