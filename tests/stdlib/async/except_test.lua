local try, except, except_group, finally = async.try, async.except, async.except_group, async.finally

local function fail(err)
  return function() error(err, 0) end
end

test("try returns what the body returned", function()
  equal(table.pack(try(function() return 1, nil, 3 end)), { 1, nil, 3, n = 3 })
  equal({ try(function() return "b" end, except(error), finally(function() return "ignored" end)) }, { "b" })
end)

test("the first clause that matches handles the error, and try returns what it returned", function()
  local problem = async.ValueError("v")
  equal({ try(fail(problem),
    except(async.TypeError, error),
    except(async.ValueError, function(e) return "second", e end),
    except(async.Error, error)) }, { "second", problem })
end)

test("a clause matches classes derived from its own", function()
  local Retry = async.class("Retry", async.OSError)
  equal(try(fail(Retry("r")), except(async.OSError, function() return "base" end)), "base")
  equal(try(fail(async.ConnectionError("c")), except(async.Error, function() return "root" end)), "root")
end)

test("a clause may take several classes", function()
  for _, class in ipairs { async.ValueError, async.TypeError } do
    equal(try(fail(class("x")), except({ async.ValueError, async.TypeError }, function(e) return e.message end)), "x")
  end
  raises(async.RuntimeError, try, fail(async.RuntimeError("r")),
    except({ async.ValueError, async.TypeError }, function() end))
end)

test("an error that no clause takes passes on unchanged", function()
  for _, err in ipairs { "text", 42, false, {}, async.RuntimeError("r") } do
    local ok, got = pcall(try, fail(err), except(async.ValueError, print))
    check(not ok and rawequal(got, err))
  end
  equal(table.pack(pcall(try, error, except(async.ValueError, print))), { false, nil, n = 2 })
end)

test("except(fn) takes everything but CancelledError, plain values too", function()
  for _, err in ipairs { "text", 42, false, {}, async.ValueError("v") } do
    check(rawequal(try(fail(err), except(function(e) return e end)), err))
  end
  equal(table.pack(try(error, except(function(...) return "nil", ... end))), { "nil", nil, n = 2 })
  raises(async.CancelledError, try, fail(async.CancelledError("c")), except(print))
end)

test("except(CancelledError) takes a cancellation", function()
  local task = async.spawn(function()
    return try(function() async.sleep(9) end, except(async.CancelledError, function(e) return "caught " .. e.message end))
  end)
  async.sleep(0)
  task:cancel("c")
  equal(await(task), "caught c")
end)

test("finally runs in any case, when everything else has", function()
  local order = {}
  local function note(x)
    return function() order[#order + 1] = x end
  end
  try(note("body"), finally(note("finally")))
  pcall(try, fail("x"), finally(note("after error")))
  try(fail("x"), except(note("handler")), finally(note("after handler")))
  pcall(try, fail("x"), except(fail("y")), finally(note("after failed handler")))
  local task = async.spawn(try, function() async.sleep(9) end, finally(note("after cancellation")))
  async.sleep(0)
  task:cancel()
  async.wait { task }
  equal(order, { "body", "finally", "after error", "handler", "after handler", "after failed handler",
    "after cancellation" })
end)

test("an error in a handler passes to the caller, not to the next clause", function()
  raises("^second$", try, fail("first"), except(function() error("second", 0) end), except(print))
end)

test("an error in finally replaces everything", function()
  raises("^f$", try, fail("b"), except(fail("h")), finally(fail("f")))
  raises("^f$", try, function() return 1 end, finally(fail("f")))
end)

test("body, handlers and finally may wait and yield", function()
  local generator = coroutine.wrap(function()
    try(function()
      async.sleep(1)
      coroutine.yield("body")
      error("x")
    end, except(function()
      async.sleep(1)
      coroutine.yield("handler")
    end), finally(function()
      async.sleep(1)
      coroutine.yield("finally")
    end))
    return "end"
  end)
  equal(elapsed(function()
    equal({ generator(), generator(), generator(), generator() }, { "body", "handler", "finally", "end" })
  end), 3.0)
end)

test("tries nest", function()
  equal(try(function()
    return try(fail("inner"), except(function(e) error("outer " .. e, 0) end))
  end, except(function(e) return e end)), "outer inner")
end)

test("except_group gives each clause its part, and the rest passes on", function()
  local v1, v2, t, r = async.ValueError("v1"), async.ValueError("v2"), async.TypeError("t"), async.RuntimeError("r")
  local got = {}
  local rest = raises(async.ExceptionGroup, try, fail(async.ExceptionGroup("g", { v1, t, r, v2 })),
    except_group(async.ValueError, function(eg) got.values = eg.exceptions end),
    except_group(async.TypeError, function(eg) got.types = eg.exceptions end),
    except_group(async.ValueError, function() error("taken already") end))
  equal(got, { values = { v1, v2 }, types = { t } })
  equal(rest.exceptions, { r })
  equal(rest.message, "g")
end)

test("except_group that takes all of it leaves nothing", function()
  local v = async.ValueError("v")
  equal(select("#", try(fail(async.ExceptionGroup("g", { v })), except_group(async.ValueError, function() end))), 0)
end)

test("except_group takes parts of nested groups, which keep their shape", function()
  local v, t = async.ValueError("v"), async.TypeError("t")
  local inner = async.ExceptionGroup("inner", { v, t })
  local got
  local rest = raises(async.ExceptionGroup, try, fail(async.ExceptionGroup("outer", { inner, v })),
    except_group(async.ValueError, function(eg) got = eg end))
  equal({ got.message, got.exceptions[1].message, got.exceptions[1].exceptions, got.exceptions[2] },
    { "outer", "inner", { v }, v })
  equal({ rest.message, #rest.exceptions, rest.exceptions[1].exceptions }, { "outer", 1, { t } })
end)

test("except_group wraps a single error that matches", function()
  local v = async.ValueError("v")
  local got
  try(fail(v), except_group(async.ValueError, function(eg) got = eg end))
  check(got:is(async.ExceptionGroup))
  equal(got.exceptions, { v })
  raises(async.TypeError, try, fail(async.TypeError("t")), except_group(async.ValueError, print))
end)

test("errors of except_group handlers go on together with the rest", function()
  local v, t, r = async.ValueError("v"), async.TypeError("t"), async.RuntimeError("r")
  local n1 = async.Error("n1")
  local err = raises(async.ExceptionGroup, try, fail(async.ExceptionGroup("g", { v, t, r })),
    except_group(async.ValueError, function() error(n1) end),
    except_group(async.TypeError, function() end))
  equal(err.exceptions[1], n1)
  equal(err.exceptions[2].exceptions, { r })
end)

test("a CancelledError is no group, and passes except_group", function()
  raises(async.CancelledError, try, fail(async.CancelledError("c")), except_group(async.Error, print))
end)

test("clauses and bodies of the wrong kind are refused at the caller", function()
  raises("TypeError: argument 1 of try must be a function", try, 5)
  raises("TypeError: argument 2 of try", try, print, print)
  raises("TypeError.*except", try, print, {})
  raises(async.TypeError, except, async.ValueError)
  raises(async.TypeError, except, async.ValueError, "x")
  raises(async.TypeError, finally, 5)
  raises(async.TypeError, except_group, async.ValueError)
end)

test("classes of the wrong kind are refused when the clause is made", function()
  raises(async.TypeError, except, "ValueError", print)
  raises(async.TypeError, except, 5, print)
  raises(async.TypeError, except, { async.ValueError, "TypeError" }, print)
  raises(async.TypeError, except, async.ValueError("an instance"), print)
  raises(async.TypeError, except_group, "ValueError", print)
end)

test("the traceback of an error that passes try names the line that raised it", function()
  local line = debug.getinfo(1, "l").currentline + 2
  local task = async.spawn(function()
    try(function() error("here") end, except(async.ValueError, print), finally(function() end))
  end)
  raises("here", await, task)
  local ok, err = pcall(task.result, task)
  check(err:find(":" .. line .. ":", 1, true), err)
end)
