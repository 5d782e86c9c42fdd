test("an error object has a message, a class and a text", function()
  local e = async.ValueError("boom")
  equal({ e.message, tostring(e), e .. "!", "!" .. e }, { "boom", "ValueError: boom", "ValueError: boom!",
    "!ValueError: boom" })
  equal(tostring(async.ValueError()), "ValueError")
  equal(tostring(async.ValueError("")), "ValueError")
  equal(tostring(async.ValueError(42)), "ValueError: 42")
  equal(tostring(async.ValueError(false)), "ValueError: false")
end)

test("is knows the class and those it derives from, and no other", function()
  local e = async.ConnectionError("c")
  check(e:is(async.ConnectionError) and e:is(async.OSError) and e:is(async.Error))
  check(not e:is(async.ValueError) and not e:is(async.CancelledError) and not e:is(async.PermissionError))
  raises(async.TypeError, e.is, e, "OSError")
  raises(async.TypeError, e.is, e)
  raises(async.TypeError, e.is, e, {})
end)

test("async.is accepts any value", function()
  for _, value in ipairs { "text", 42, false, {}, print, io.stdout, setmetatable({}, {}), async.ValueError } do
    equal(async.is(value, async.ValueError), false)
  end
  equal(async.is(nil, async.Error), false)
  equal(async.is(async.ValueError("v"), async.Error), true)
  raises(async.TypeError, async.is, async.ValueError("v"), 5)
end)

test("every class of the contract is there, with the base it should have", function()
  local bases = {
    TimeoutError = "Error", InvalidStateError = "Error", RuntimeError = "Error", ValueError = "Error",
    TypeError = "Error", OSError = "Error", ConnectionError = "OSError", PermissionError = "OSError",
    IncompleteReadError = "Error", LimitOverrunError = "Error", QueueEmpty = "Error", QueueFull = "Error",
    QueueShutDown = "Error", BrokenBarrierError = "Error", DeadlockError = "Error", CalledProcessError = "Error",
  }
  for name, base in pairs(bases) do
    check(async[name]("m"):is(async[base]), name)
    equal(tostring(async[name]("m")), name .. ": m")
  end
  check(not async.CancelledError("c"):is(async.Error))
  check(not async.Error("e"):is(async.CancelledError))
end)

test("a constructor sets every field given, cause among them", function()
  local cause = async.ValueError("why")
  local e = async.OSError("failed", { code = "ENOENT", path = "/x", cause = cause })
  equal({ e.code, e.path, e.cause }, { "ENOENT", "/x", cause })
  e.more = 1
  equal(e.more, 1)
  equal(async.Error("m", { message = "other" }).message, "other")
  raises("", async.Error, "m", "fields")
end)

test("async.class makes a class, whose base is Error unless one is given", function()
  local Retry = async.class("RetryError", async.OSError)
  local e = Retry("again", { after = 5 })
  check(e:is(Retry) and e:is(async.OSError) and not async.OSError("x"):is(Retry))
  equal({ tostring(e), e.after }, { "RetryError: again", 5 })
  check(async.class("Plain")("p"):is(async.Error))
  raises(async.TypeError, async.class, "X", {})
  raises(async.TypeError, async.class, "X", async.Error("instance"))
  raises("", async.class)
end)

test("methods of a class are inherited by its instances and subclasses", function()
  local Base = async.class("Base", async.Error)
  function Base:describe() return "is " .. self.message end
  local Derived = async.class("Derived", Base)
  equal(Derived("d"):describe(), "is d")
  equal(tostring(Derived("d")), "Derived: d")
  equal(async.Error("e").describe, nil)
end)

test("error raises objects unchanged, and keeps the line in their traceback", function()
  local e = async.ValueError("v")
  local line = debug.getinfo(1, "l").currentline + 1
  local ok, got = pcall(function() error(e) end)
  check(not ok and rawequal(got, e))
  check(e.traceback:find("errors_test.lua:" .. line, 1, true), e.traceback)
  local first = e.traceback
  pcall(error, e)
  equal(e.traceback, first)
end)

test("plain errors work as in Lua", function()
  local line = debug.getinfo(1, "l").currentline + 1
  local ok, err = pcall(function() error("text") end)
  check(not ok and err:find("errors_test.lua:" .. line .. ": text", 1, true), err)
  equal({ pcall(error, "text", 0) }, { false, "text" })
  equal(table.pack(pcall(error)), { false, nil, n = 2 })
  local function level2() error("up", 2) end
  line = debug.getinfo(1, "l").currentline + 1
  ok, err = pcall(function() level2() end)
  check(err:find(":" .. line .. ": up", 1, true), err)
  ok, err = pcall(function() local x = nil + 1 end)
  check(err:find("attempt to perform arithmetic on a nil value", 1, true), err)
end)

test("an ExceptionGroup needs a list with at least one error", function()
  local v = async.ValueError("v")
  local group = async.ExceptionGroup("several", { v, "text" })
  equal(group.exceptions, { v, "text" })
  equal(group.message, "several")
  check(group:is(async.ExceptionGroup) and group:is(async.Error))
  raises(async.ValueError, async.ExceptionGroup, "none", {})
  raises(async.ValueError, async.ExceptionGroup, "none")
  raises(async.ValueError, async.ExceptionGroup, "none", "v")
end)

test("subgroup and split take a class, a list of classes or a function", function()
  local v, t, o = async.ValueError("v"), async.TypeError("t"), async.ConnectionError("o")
  local group = async.ExceptionGroup("g", { v, t, o, "text" })
  equal(group:subgroup(async.ValueError).exceptions, { v })
  equal(group:subgroup({ async.ValueError, async.OSError }).exceptions, { v, o })
  equal(group:subgroup(function(e) return e == "text" end).exceptions, { "text" })
  equal(group:subgroup(async.QueueFull), nil)
  local match, rest = group:split(async.Error)
  equal({ match.exceptions, rest and rest.exceptions }, { { v, t, o, "text" } }, nil)
  match, rest = group:split(async.TypeError)
  equal({ match.exceptions, rest.exceptions }, { { t }, { v, o, "text" } })
  match, rest = group:split(async.QueueFull)
  equal({ match, rest.exceptions }, { nil, group.exceptions })
end)

test("split keeps the shape of nested groups, and drops empty ones", function()
  local v, t = async.ValueError("v"), async.TypeError("t")
  local group = async.ExceptionGroup("o", { async.ExceptionGroup("a", { v }), async.ExceptionGroup("b", { t, v }) })
  local match, rest = group:split(async.TypeError)
  equal({ #match.exceptions, match.exceptions[1].message, match.exceptions[1].exceptions }, { 1, "b", { t } })
  equal({ #rest.exceptions, rest.exceptions[1].message, rest.exceptions[2].exceptions }, { 2, "a", { v } })
end)

test("an error object crosses tasks and coroutines as itself, with the fields set on the way", function()
  local e = async.ValueError("v")
  local ok, got = pcall(await, async.spawn(function()
    local inner_ok, inner = pcall(coroutine.wrap(function() error(e) end))
    inner.seen = true
    error(inner)
  end))
  check(not ok and rawequal(got, e) and e.seen)
end)
