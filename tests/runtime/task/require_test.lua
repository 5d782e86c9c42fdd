-- Makes `name` a module whose body is fn; it goes when the test's interpreter does.
local function module(name, fn) package.preload[name] = fn end

test("a module may wait at its top level", function()
  module("waits", function(...)
    local name, data = ...
    async.sleep(2)
    return { name = name, data = data }
  end)
  local got, data
  equal(elapsed(function() got, data = require("waits") end), 2.0)
  equal({ got.name, got.data, data }, { "waits", ":preload:", ":preload:" })
  equal(package.loaded.waits, got)
  equal(elapsed(function() equal(require("waits"), got) end), 0.0)
end)

test("a second task that requires it meanwhile waits for the first, and the body runs once", function()
  local runs = 0
  module("shared", function()
    runs = runs + 1
    async.sleep(2)
    return { "value" }
  end)
  local tasks = {}
  for i = 1, 10 do
    tasks[i] = async.spawn(function()
      async.sleep(i % 2)
      return require("shared")
    end)
  end
  equal(elapsed(async.wait, tasks), 2.0)
  for i = 1, 10 do check(tasks[i]:result() == package.loaded.shared) end
  equal(runs, 1)
end)

test("a module that returns nothing gives true, one that returns nil what it put in package.loaded", function()
  module("nothing", function() end)
  equal(require("nothing"), true)
  module("own", function(name) package.loaded[name] = "own value" end)
  equal(require("own"), "own value")
  local runs = 0
  module("no", function()
    runs = runs + 1
    return false
  end)
  equal(require("no"), false)
  equal(package.loaded.no, false)
end)

test("a load that fails leaves nothing behind, and the next require starts it again", function()
  local runs = 0
  module("fails", function(name)
    runs = runs + 1
    package.loaded[name] = "half"
    async.sleep(1)
    if runs == 1 then error("broken", 0) end
    return "whole"
  end)
  local ok, err = pcall(require, "fails")
  check(not ok and tostring(err):find("broken"), tostring(err))
  equal(package.loaded.fails, nil)
  equal(require("fails"), "whole")
  equal(runs, 2)
end)

test("an error object of a module's body comes through as itself", function()
  local problem = async.ValueError("v")
  module("raises", function() error(problem) end)
  equal(raises(async.ValueError, require, "raises"), problem)
end)

test("those who wait for a load that fails start it again, one after the other", function()
  local runs = 0
  module("flaky", function()
    runs = runs + 1
    async.sleep(1)
    if runs < 3 then error("run " .. runs, 0) end
    return "loaded"
  end)
  local tasks = {}
  for i = 1, 4 do tasks[i] = async.spawn(require, "flaky") end
  async.wait(tasks)
  local failed, loaded = 0, 0
  for _, task in ipairs(tasks) do
    local ok, value = pcall(task.result, task)
    if ok then
      equal(value, "loaded")
      loaded = loaded + 1
    else
      failed = failed + 1
    end
  end
  equal({ failed, loaded, runs }, { 2, 2, 3 })
end)

test("a load that is cancelled leaves nothing behind", function()
  local runs = 0
  module("slow", function(name)
    runs = runs + 1
    package.loaded[name] = "half"
    async.sleep(5)
    return "whole"
  end)
  local first = async.spawn(require, "slow")
  local second = async.spawn(require, "slow")
  async.sleep(1)
  first:cancel()
  raises(async.CancelledError, await, first)
  equal(elapsed(function() equal(await(second), "whole") end), 5.0)
  equal(runs, 2)
end)

test("a waiter that is cancelled does not disturb the load", function()
  module("undisturbed", function()
    async.sleep(5)
    return "whole"
  end)
  local first = async.spawn(require, "undisturbed")
  local second = async.spawn(require, "undisturbed")
  async.sleep(1)
  second:cancel()
  raises(async.CancelledError, await, second)
  equal(await(first), "whole")
end)

test("a load that times out can be tried again", function()
  local seconds = 9
  module("late", function()
    async.sleep(seconds)
    return "loaded"
  end)
  raises(async.TimeoutError, async.timeout, 1, require, "late")
  seconds = 1
  equal(require("late"), "loaded")
end)

test("a module that requires itself, directly or in a circle, is an error and leaves nothing behind", function()
  module("self", function() return require("self") end)
  raises("loop in require: module 'self'", require, "self")
  module("a", function() return require("b") end)
  module("b", function()
    async.sleep(1)
    return require("a")
  end)
  raises("loop in require", require, "a")
  for _, name in ipairs { "self", "a", "b" } do equal(package.loaded[name], nil) end
end)

test("a circle of two tasks that load each other's module is an error, no deadlock", function()
  module("left", function()
    async.sleep(1)
    return { require("right") }
  end)
  module("right", function()
    async.sleep(1)
    return { require("left") }
  end)
  local a, b = async.spawn(require, "left"), async.spawn(require, "right")
  async.wait { a, b }
  local problems = 0
  for _, task in ipairs { a, b } do
    local ok, err = pcall(task.result, task)
    if not ok then
      problems = problems + 1
      check(tostring(err):find("loop in require"), tostring(err))
    end
  end
  check(problems >= 1)
end)

test("a circle through a task that the module's body awaits is a deadlock that is found", function()
  module("circle", function()
    local inner = async.spawn(require, "circle")
    local ok, err = pcall(await, inner)
    if not ok then
      inner:cancel()
      async.wait { inner }
      error(err, 0)
    end
    return {}
  end)
  local ok, err = pcall(require, "circle")
  check(not ok)
  check(async.is(err, async.DeadlockError) or tostring(err):find("loop"), tostring(err))
end)

test("a module that set package.loaded itself may be required by what it loads, as in stock Lua", function()
  module("parent", function(name)
    local self = { "parent" }
    package.loaded[name] = self
    self.child = require("child")
    return self
  end)
  module("child", function() return { parent = require("parent") } end)
  local parent = require("parent")
  check(parent.child.parent == parent)
end)

test("a module that is not there: the message lists where it was looked for", function()
  local line = debug.getinfo(1, "l").currentline + 2
  local ok, err = pcall(function()
    local module = require("no.such.module")
    return module
  end)
  check(not ok)
  check(err:find("require_test.lua:" .. line .. ": ", 1, true), err)
  for _, part in ipairs { "module 'no.such.module' not found", "no field package.preload", "no/such/module.lua" } do
    check(err:find(part, 1, true), err)
  end
end)

test("require refuses what is no name, and takes numbers", function()
  raises("bad argument #1 to 'require'", require)
  raises("bad argument #1 to 'require'", require, {})
  package.preload["5"] = function() return "five" end
  equal(require(5), "five")
end)

test("a searcher may wait, and package.searchers counts", function()
  table.insert(package.searchers, 1, function(name)
    if name ~= "remote" then return nil end
    async.sleep(1)
    return function(...) return { ... } end, "extra"
  end)
  local value, data = require("remote")
  equal({ value, data }, { { "remote", "extra" }, "extra" })
  local searchers = package.searchers
  package.searchers = nil
  raises("'package.searchers' must be a table", require, "anything")
  package.searchers = searchers
end)

test("two tasks whose searcher waits load the module once", function()
  local runs = 0
  table.insert(package.searchers, 1, function(name)
    if name ~= "remote" then return nil end
    async.sleep(1)
    return function()
      runs = runs + 1
      return {}
    end
  end)
  local a, b = async.spawn(require, "remote"), async.spawn(require, "remote")
  check(await(a) == await(b))
  equal(runs, 1)
end)

test("require inside a generator that waits, and in a callback when nothing waits", function()
  module("gen", function()
    async.sleep(1)
    return "g"
  end)
  equal(coroutine.wrap(function() return (require("gen")) end)(), "g")
  module("plain", function() return "p" end)
  local got
  async.get_running_loop():call_soon(function() got = require("plain") end)
  async.sleep(0)
  equal(got, "p")
end)

test("a module of neap is the same by require and as a field of neap", function()
  equal(require("async"), async)
  raises("module 'neap.nothing' not found", require, "neap.nothing")
end)
