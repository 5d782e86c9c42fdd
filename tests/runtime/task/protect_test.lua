test("pcall gives true and the results, or false and the error", function()
  equal(table.pack(pcall(function(...)
    async.sleep(1)
    return ...
  end, 1, nil, 3)), { true, 1, nil, 3, n = 4 })
  for _, err in ipairs { "text", 42, false, {}, print, async.ValueError("v") } do
    local ok, got = pcall(function()
      async.sleep(1)
      error(err, 0)
    end)
    check(not ok and rawequal(got, err))
  end
  equal(table.pack(pcall(error)), { false, nil, n = 2 })
end)

test("pcall and xpcall take any callable, and refuse nothing at all", function()
  local callable = setmetatable({}, { __call = function(_, x) return x end })
  equal({ pcall(callable, 1) }, { true, 1 })
  equal({ xpcall(callable, print, 1) }, { true, 1 })
  equal(pcall(5), false)
  raises("bad argument #1 to 'pcall'", pcall)
  raises("bad argument #2 to 'xpcall'", xpcall, print)
  raises(async.TypeError, async.catch)
end)

test("pcall gives 10,000 results after a wait", function()
  local many = {}
  for i = 1, 10000 do many[i] = i end
  local got = table.pack(pcall(function()
    async.sleep(1)
    return table.unpack(many)
  end))
  equal({ got.n, got[10001] }, { 10001, 10000 })
end)

test("xpcall calls its handler where the error happened", function()
  local where, raised
  local function fails()
    async.sleep(1)
    raised = debug.getinfo(1, "l").currentline + 1
    error("x", 0)
  end
  local ok, got = xpcall(fails, function(err)
    where = debug.traceback()
    return "handled " .. err
  end)
  equal({ ok, got }, { false, "handled x" })
  check(where:find("protect_test.lua:" .. raised .. ":", 1, true), where)
end)

test("xpcall passes arguments, and its handler gives one value", function()
  equal(table.pack(xpcall(function(...) return ... end, print, 1, nil, 3)), { true, 1, nil, 3, n = 4 })
  equal(table.pack(xpcall(error, function() return 1, 2 end)), { false, 1, n = 2 })
  equal(table.pack(xpcall(error, function() end)), { false, nil, n = 2 })
end)

test("an error in the handler of xpcall is the answer", function()
  local calls = 0
  local ok, got = xpcall(error, function()
    calls = calls + 1
    error("in handler", 0)
  end, "x")
  equal({ ok, got, calls }, { false, "in handler", 1 })
end)

test("a cancellation is not shown to the handler of xpcall", function()
  local shown = false
  local task = async.spawn(xpcall, function() async.sleep(9) end, function() shown = true end)
  async.sleep(0)
  task:cancel()
  raises(async.CancelledError, await, task)
  check(not shown)
end)

test("a stack overflow is caught", function()
  local function deep() return 1 + deep() end
  local ok, err = pcall(deep)
  check(not ok and err:find("stack overflow"), err)
  ok, err = xpcall(deep, function(e) return e end)
  check(not ok and err:find("stack overflow"), err)
  local task = async.spawn(deep)
  ok, err = pcall(await, task)
  check(not ok and err:find("stack overflow"), err)
  equal(elapsed(async.sleep, 1), 1.0)
end)

test("protected calls nested deeply wait and catch", function()
  local function nest(n)
    if n == 0 then
      async.sleep(1)
      error("bottom", 0)
    end
    local ok, err = pcall(nest, n - 1)
    check(not ok)
    error(err, 0)
  end
  equal({ pcall(nest, 150) }, { false, "bottom" })
end)

test("an error in a close handler replaces the error, and pcall gives the last one", function()
  local function guard(err) return setmetatable({}, { __close = function()
    async.sleep(1)
    error(err, 0)
  end }) end
  local seen
  equal({ pcall(function()
    local a <close> = setmetatable({}, { __close = function(_, err) seen = err end })
    local b <close> = guard("b")
    local c <close> = guard("c")
    error("body", 0)
  end) }, { false, "b" })
  equal(seen, "b")
end)

test("pcall in a metamethod, a comparator and a gsub callback works as in stock Lua", function()
  local results = {}
  table.sort({ 2, 1 }, function(a, b)
    results[#results + 1] = pcall(error)
    return a < b
  end)
  string.gsub("a", ".", function() results[#results + 1] = pcall(error) end)
  for _, ok in ipairs(results) do equal(ok, false) end
  check(#results >= 2)
end)
