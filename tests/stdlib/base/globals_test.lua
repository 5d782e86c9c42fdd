test("async, await and neap are globals, and async is required as a module", function()
  equal(require("async"), async)
  equal(async.await, await)
  equal(type(neap), "table")
  equal(neap.no_such_module, nil)
  equal(neap[5], nil)
end)

test("every public name of async is found by pairs", function()
  local names = {}
  for name in pairs(async) do names[name] = true end
  for _, name in ipairs { "sleep", "gather", "TaskGroup", "timeout", "run", "ValueError", "FIRST_COMPLETED", "try" } do
    check(names[name], name)
  end
  equal(async.no_such_name, nil)
end)

test("the stock libraries are there", function()
  for _, name in ipairs { "string", "table", "math", "utf8", "io", "os", "debug", "coroutine", "package" } do
    equal(type(_G[name]), "table", name)
    equal(require(name), _G[name])
  end
end)

test("pairs, next, select, rawequal and the like work as in Lua after a wait", function()
  local keys = {}
  for key in pairs { a = 1, b = 2 } do
    async.sleep(0.1)
    keys[#keys + 1] = key
  end
  table.sort(keys)
  equal(keys, { "a", "b" })
  equal(select("#", select(2, async.sleep(1, 1, nil, nil))), 2)
end)

test("warn and collectgarbage work inside tasks", function()
  await(async.spawn(function()
    equal(type(collectgarbage("count")), "number")
    equal(collectgarbage("step"), collectgarbage("step"))
    collectgarbage()
  end))
end)

test("an error in __gc does not disturb the task in which it runs", function()
  for _ = 1, 10 do setmetatable({}, { __gc = function() error("in gc") end }) end
  collectgarbage()
  equal(elapsed(async.sleep, 1), 1.0)
end)

test("a finalizer may spawn tasks, set futures and cancel", function()
  local future, spawned = async.Future(), nil
  do
    setmetatable({}, { __gc = function()
      spawned = async.spawn(async.sleep, 1, "s")
      future:set_result("f")
    end })
  end
  collectgarbage()
  equal({ await(future), await(spawned) }, { "f", "s" })
end)

test("debug.sethook and debug.traceback work in tasks and coroutines", function()
  local count = 0
  debug.sethook(function() count = count + 1 end, "", 100)
  for _ = 1, 1000 do local _ = 1 end
  debug.sethook()
  check(count > 0)
  check(debug.traceback("m"):find("globals_test.lua", 1, true))
  local co = coroutine.create(function()
    async.sleep(1)
    coroutine.yield()
  end)
  coroutine.resume(co)
  check(debug.traceback(co):find("globals_test.lua", 1, true), debug.traceback(co))
end)

test("a script's variables with the names of Lua's functions do the library no harm", function()
  local globals, kept = _G, {}
  local next = next
  for name, value in next, globals do kept[name] = value end
  local async, neap = async, neap
  for _, name in kept.ipairs { "type", "ipairs", "pairs", "next", "table", "string", "math", "setmetatable", "error", "pcall" } do
    globals[name] = "the script's"
  end
  local results = async.gather(function() async.sleep(1) return 1 end, function() return 2 end)
  local queue = async.PriorityQueue()
  queue:put_nowait(2)
  queue:put_nowait(1)
  local first, path = queue:get(), neap.fs.join("a", "b")
  for name, value in next, kept do globals[name] = value end
  equal(results, { 1, 2, n = 2 })
  equal(first, 1)
  equal(path, "a/b")
end)
