-- The modules that are made of the others, and the prompt.
scenario("modules are loaded", function()
  for _, name in ipairs { "fs", "patterns", "permissions", "compat", "test",
    "isolate" } do
    assert(require("neap." .. name))
  end
  for _, name in ipairs { "gather", "TaskGroup", "Channel", "select", "Queue", "generator", "ExitStack", "timeout" } do
    assert(async[name])
  end
  assert(load("return 1 + 1, { a = 'b' }"))
end)

scenario("patterns: retry, hedge, memoize", { modules = { "patterns" } }, function()
  local patterns, tries = neap.patterns, 0
  local value = patterns.retry(function()
    tries = tries + 1
    if tries % 3 ~= 0 then error(async.ConnectionError("again")) end
    return "got it"
  end, { attempts = 7, delay = 0.01 }) -- one may fail for want of memory
  assert(value == "got it")
  assert(patterns.hedge(function() async.sleep(0.01) return 1 end, { after = 0.005 }) == 1)
  local memo = patterns.memoize(function(x) async.sleep(0.01) return { x } end)
  assert(memo(1) == memo(1))
end)

scenario("patterns: limiters and timers", { modules = { "patterns" } }, function()
  local patterns, count = neap.patterns, 0
  local limiter = patterns.rate_limiter { rate = 100, burst = 1 }
  for _ = 1, 3 do limiter:acquire() end
  local breaker = patterns.circuit_breaker { failures = 1 }
  pcall(breaker.call, breaker, error, "x")
  assert(tostring(breaker))
  local debounced = patterns.debounce(function() count = count + 1 end, 0.01)
  debounced()
  debounced()
  local throttled = patterns.throttle(function() count = count + 1 end, 0.01)
  throttled()
  async.sleep(0.05)
  for i in patterns.interval(0.01) do
    if i == 2 then break end
  end
end)

scenario("patterns: a supervisor", { modules = { "patterns" } }, function()
  local sup <close> = neap.patterns.supervisor()
  sup:start_child({ name = "a", run = function() async.sleep(100) end })
  sup:start_child({ name = "b", restart = "temporary", run = function() error("fails") end })
  async.sleep(0.1)
  assert(#sup:children() >= 1)
end)

scenario("permissions", { modules = { "permissions", "fs" }, sandbox = true }, function()
  local permissions = neap.permissions
  assert(permissions.is_sandboxed())
  local list = permissions.list()
  assert(list.read and permissions.query("read", "/tmp/x") and not permissions.query("write", "/tmp/x"))
  permissions.query("net", "127.0.0.1:80")
  local ok, err = pcall(neap.fs.read, "/etc/passwd")
  assert(not ok)
  if type(err) == "string" then error(err, 0) end
  permissions.narrow({ read = { "/tmp" }, net = false })
  permissions.revoke("env")
end)

scenario("matchers of the test runner", { modules = { "test" } }, function()
  local t = neap.test
  t.expect({ 1, { a = 2 } }):to_equal({ 1, { a = 2 } })
  local ok, err = pcall(function() t.expect({ 1, { a = 2 } }):to_equal({ 1, { a = 3 } }) end)
  assert(not ok)
  if not async.is(err, t.AssertionError) then error(err, 0) end
  t.raises("x", function() error("x") end)
end)

scenario("strings and tables that grow", function()
  local parts = {}
  for i = 1, 200 do parts[i] = ("%d:%s"):format(i, ("x"):rep(i)) end
  local text = table.concat(parts, ",")
  assert(#text > 10000 and select("#", text:gsub("%d+", "%0%0")) == 2)
  local all = {}
  for word in text:gmatch("x+") do all[word] = #word end
  table.sort(parts, function(a, b) return a > b end)
  assert(string.pack("z", "abc") and utf8.char(228, 8364))
end)

scenario("what the prompt evaluates and shows", function()
  local entry, locals = module_file("repl/entry"), module_file("repl/locals").new()
  local printer = module_file("repl/printer")
  local env = setmetatable({}, { __index = _G })
  local fn, problem = entry.compile("local x = { 1, 'two', { three = 3 } }", "=[1]", env, locals)
  if not fn then error(problem, 0) end
  fn:run()
  fn = entry.compile("x, async.sleep(0.01, 'slept')", "=[2]", env, locals)
  if not fn then error("not enough memory to compile", 0) end
  local results = fn:run()
  for i = 1, results.n do assert(printer.show(results[i])) end
  if entry.is_complete("for i = 1, 2 do") then error("not enough memory to compile", 0) end
end)
