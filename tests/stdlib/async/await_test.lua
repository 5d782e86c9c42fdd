test("a call of an async function runs nothing until it is awaited", function()
  local ran = 0
  local fetch = async(function(x)
    ran = ran + 1
    async.sleep(1)
    return x, "done"
  end)
  local coroutine = fetch("a")
  equal(ran, 0)
  equal({ await(coroutine) }, { "a", "done" })
  equal(ran, 1)
end)

test("await keeps every argument and every result, nils among them", function()
  local pack = async(function(...) return table.pack(...) end)
  for n = 0, 12 do
    local list = {}
    for i = 1, n, 2 do list[i] = i end
    local got = await(pack(table.unpack(list, 1, n)))
    equal(got.n, n)
    for i = 1, n do equal(got[i], list[i]) end
  end
  local same = async(function(...) return ... end)
  equal(table.pack(await(same(nil, nil, nil, nil))), { n = 4 })
end)

test("a Coroutine takes 200 and 10,000 arguments", function()
  local count = async(function(...) return select("#", ...), (select(-1, ...)) end)
  local many = {}
  for i = 1, 10000 do many[i] = i end
  equal({ await(count(table.unpack(many, 1, 200))) }, { 200, 200 })
  equal({ await(count(table.unpack(many))) }, { 10000, 10000 })
end)

test("too many arguments for a Coroutine or a callback are refused, and none is lost", function()
  local many = {}
  for i = 1, 70000 do many[i] = i end
  local count = async(function(...) return select("#", ...) end)
  local loop = async.get_running_loop()
  raises("too many arguments", count, table.unpack(many))
  raises("too many arguments", loop.call_soon, loop, print, table.unpack(many))
  equal(await(async.spawn(select, "#", table.unpack(many))), 70000)
end)

test("await runs a Coroutine in the current task", function()
  local before = #async.all_tasks()
  await(async(function()
    equal(#async.all_tasks(), before)
    async.sleep(1)
  end)())
end)

test("await nests as deep as memory allows", function()
  local dive
  dive = async(function(n)
    if n == 0 then
      async.sleep(1)
      return "bottom"
    end
    return (await(dive(n - 1)))
  end)
  equal(await(dive(100000)), "bottom")
end)

test("an error comes up through 50,000 nested awaits", function()
  local dive
  dive = async(function(n)
    if n == 0 then
      async.sleep(1)
      error("bottom", 0)
    end
    return (await(dive(n - 1)))
  end)
  equal({ pcall(await, dive(50000)) }, { false, "bottom" })
end)

test("a cancellation comes up through 50,000 nested awaits and their close handlers", function()
  local closed, dive = 0, nil
  local guard = { __close = function() closed = closed + 1 end }
  dive = async(function(n)
    local g <close> = setmetatable({}, guard)
    if n == 0 then return (async.sleep(1)) end
    return (await(dive(n - 1)))
  end)
  local task = async.spawn(dive(10000))
  async.sleep(0)
  task:cancel()
  raises(async.CancelledError, await, task)
  equal(closed, 10001)
end)

test("await without end is an error of the stack, not a crash", function()
  local dive
  dive = async(function() return (await(dive())) end)
  local ok, err = pcall(await, dive())
  check(not ok)
  check(tostring(err):find("overflow"), tostring(err))
end)

test("a Coroutine can be awaited once", function()
  local one = async(function() return 1 end)()
  equal(await(one), 1)
  raises("RuntimeError: cannot await a Coroutine twice", await, one)
end)

test("a Coroutine that awaits itself while it runs is refused", function()
  local one
  one = async(function() return (await(one)) end)()
  raises(async.RuntimeError, await, one)
end)

test("await calls __await with the value and the further arguments", function()
  local value = setmetatable({}, {
    __await = function(self, ...)
      async.sleep(1)
      return self.x, ...
    end,
  })
  value.x = "x"
  equal({ await(value, 1, nil, 3) }, { "x", 1, nil, 3 })
end)

test("every other value is returned as it is, all arguments kept", function()
  equal(table.pack(await(nil)), { n = 1 })
  equal(table.pack(await(nil, nil)), { n = 2 })
  equal(table.pack(await(1, "b", nil, false)), { 1, "b", nil, false, n = 4 })
  local t = setmetatable({}, { __index = function() error("looked into") end })
  equal(await(t), t)
  equal(await(io.stdout), io.stdout)
  equal(await("text"), "text")
end)

test("await of nothing returns nothing, so that library calls without results can be awaited", function()
  equal(select("#", await()), 0)
  equal(select("#", await(async.sleep(1))), 0)
end)

test("await of a function says what to do", function()
  raises("TypeError: await got a function; call it, or wrap it in async%(%)", await, print)
  raises(async.TypeError, await, async(print))
end)

test("library calls can be typed with or without await", function()
  equal({ await(async.sleep(1, "a", "b")) }, { "a", "b" })
  equal(await(async.gather(async.spawn(math.abs, -1))), { 1, n = 1 })
end)

test("async takes functions alone", function()
  raises("TypeError: async%(%) takes a function, got nil", async)
  raises(async.TypeError, async, "f")
  raises(async.TypeError, async, {})
end)

test("an async function is a function, and can be a method", function()
  local object = { n = 3, get = async(function(self, k) return self.n + k end) }
  equal(await(object:get(4)), 7)
  equal(type(object.get), "function")
end)

test("tostring of a Coroutine says where its function is and whether it was used", function()
  local one = async(function() end)()
  check(tostring(one):match("^<Coroutine .*await_test.lua:%d+ not started>$"), tostring(one))
  await(one)
  check(tostring(one):match("used>$"))
  check(tostring(async(print)()):match("^<Coroutine "))
end)

test("a wait works inside metamethods called by Lua code", function()
  local meta = {}
  for _, name in ipairs { "__add", "__sub", "__concat", "__len", "__unm", "__call", "__index", "__idiv", "__bnot" } do
    meta[name] = function()
      async.sleep(1)
      return name
    end
  end
  for _, name in ipairs { "__eq", "__lt", "__le" } do
    meta[name] = function()
      async.sleep(1)
      return true
    end
  end
  local stored
  meta.__newindex = function(_, key, value)
    async.sleep(1)
    stored = { key, value }
  end
  local a, b = setmetatable({}, meta), setmetatable({}, meta)
  equal({ a + b, a - 1, a .. "x", "x" .. a, #a, -a, a(), a.field, a // 2, ~a },
    { "__add", "__sub", "__concat", "__concat", "__len", "__unm", "__call", "__index", "__idiv", "__bnot" })
  check(a == b and a < b and a <= b and not (a ~= b))
  a.key = "value"
  equal(stored, { "key", "value" })
  equal("a" .. "b" .. a .. "c", "ab__concat")
end)

test("a wait works inside pairs with __pairs, and inside iterators", function()
  local t = setmetatable({}, {
    __pairs = function()
      async.sleep(1)
      return function(_, i)
        async.sleep(1)
        if i < 3 then return i + 1 end
      end, nil, 0
    end,
  })
  local seen = {}
  for i in pairs(t) do seen[#seen + 1] = i end
  equal(seen, { 1, 2, 3 })
end)

test("a wait works inside close handlers, on every way out of a block", function()
  local order = {}
  local function guard(name)
    return setmetatable({}, {
      __close = function(_, err)
        async.sleep(1)
        order[#order + 1] = name .. (err and "!" or "")
      end,
    })
  end
  do
    local a <close> = guard("end")
  end
  for _ = 1, 3 do
    local a <close> = guard("break")
    break
  end
  local function leave()
    local a <close> = guard("return a")
    return "value", "other"
  end
  equal({ leave() }, { "value", "other" })
  do
    local a <close> = guard("goto")
    goto out
  end
  ::out::
  equal({ pcall(function()
    local a <close> = guard("a")
    local b <close> = guard("b")
    error("x", 0)
  end) }, { false, "x" })
  for _ in function(_, i) if not i then return 1 end end, nil, nil, guard("for") do end
  equal(order, { "end", "break", "return a", "goto", "b!", "a!", "for" })
end)

-- Where Lua cannot suspend, each of these names what is in the way.
local function cannot_wait_inside(name, call, how)
  test("a wait inside " .. name .. (how or "") .. " is a RuntimeError that names it", function()
    local err = raises(async.RuntimeError, call, function(...)
      async.sleep(1)
      return ...
    end)
    check(err.message:find("'" .. name .. "'", 1, true), err.message)
    check(err.message:find("sleep", 1, true), err.message)
  end)
end

cannot_wait_inside("table.sort", function(wait)
  table.sort({ 3, 2, 1 }, function(a, b) return wait(a < b) end)
end)
cannot_wait_inside("string.gsub", function(wait) string.gsub("abc", ".", wait) end)
cannot_wait_inside("string.gsub", function(wait) return ("abc"):gsub(".", wait) end, ", called as a method,")
cannot_wait_inside("tostring", function(wait)
  tostring(setmetatable({}, { __tostring = function() return wait("x") end }))
end)
cannot_wait_inside("print", function(wait) print(setmetatable({}, { __tostring = function() return wait("x") end })) end)
cannot_wait_inside("load", function(wait)
  local ok, err = load(function() return wait(nil) end)
  error(err, 0)
end)
cannot_wait_inside("table.concat", function(wait)
  table.concat(setmetatable({}, { __index = function() return wait("x") end, __len = function() return 1 end }))
end)

test("a wait under a hidden C function names it as far as it is known", function()
  local sort = table.sort
  local err = raises(async.RuntimeError, function()
    pcall(error)
    sort({ 2, 1 }, function() return pcall(error, await(async.spawn(print))) end)
  end)
  check(err.message:find("table.sort", 1, true), err.message)
  async.sleep(0)
end)

test("a wait in a coroutine resumed inside table.sort is a RuntimeError that says so", function()
  local err = raises(async.RuntimeError, function()
    table.sort({ 2, 1 }, function(a, b)
      coroutine.wrap(function() async.sleep(1) end)()
      return a < b
    end)
  end)
  check(err.message:find("table.sort", 1, true), err.message)
end)

test("after a refused wait the task waits as before", function()
  for _ = 1, 3 do
    pcall(table.sort, { 2, 1 }, function() async.sleep(1) end)
    equal(elapsed(async.sleep, 1), 1.0)
    local generator = coroutine.wrap(function()
      pcall(string.gsub, "a", ".", function() async.sleep(1) end)
      async.sleep(1)
      return "g"
    end)
    equal(generator(), "g")
  end
end)

test("a wait inside __gc is a RuntimeError that names it", function()
  local err
  do
    setmetatable({}, { __gc = function() _, err = pcall(async.sleep, 1) end })
  end
  collectgarbage()
  check(async.is(err, async.RuntimeError), tostring(err))
  check(err.message:find("__gc", 1, true), err.message)
  equal(elapsed(async.sleep, 1), 1.0)
end)

test("a wait inside an xpcall handler is a RuntimeError that says so", function()
  local ok, err = xpcall(error, function()
    async.sleep(1)
    return "handled"
  end, "x")
  equal(ok, false)
  check(async.is(err, async.RuntimeError), tostring(err))
  check(err.message:find("xpcall", 1, true), err.message)
end)

test("satisfied awaits of tasks and Coroutines do not starve a timer", { clock = "real" }, function()
  local stop = false
  async.get_running_loop():call_later(0.002, function() stop = true end)
  local done = async.spawn(print)
  done:cancel()
  async.wait { done }
  local nothing = async(function() pcall(async.catch, await, done) end)
  while not stop do await(nothing()) end
end)

test("satisfied gather, wait and as_completed do not starve a timer", { clock = "real" }, function()
  local done = async.Future()
  done:set_result(1)
  for _, call in ipairs {
    function() async.gather(done) end,
    function() async.wait { done } end,
    function() for _ in async.as_completed { done } do end end,
    function() async.shield(done) end,
    function() async.wait_for(done, 1) end,
    function() async.timeout(1, await, done) end,
  } do
    local stop = false
    async.get_running_loop():call_later(0.001, function() stop = true end)
    while not stop do call() end
  end
end)
