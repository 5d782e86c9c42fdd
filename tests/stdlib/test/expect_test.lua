-- The matchers of neap.test, their messages and their misuse.
local t = require "neap.test"
local expect, raises_here = t.expect, raises

-- passes(value, matcher, ...): the matcher holds, and never turns it around.
local function passes(value, matcher, ...)
  local expectation = expect(value)
  expectation[matcher](expectation, ...)
  local opposite = expect(value).never
  return raises_here(t.AssertionError, opposite[matcher], opposite, ...).message
end

-- fails(value, matcher, ...): the message.
local function fails(value, matcher, ...)
  local opposite = expect(value).never
  opposite[matcher](opposite, ...)
  local expectation = expect(value)
  return raises_here(t.AssertionError, expectation[matcher], expectation, ...).message
end

local function has(text, part)
  if not text:find(part, 1, true) then error(("%q is not in:\n%s"):format(part, text), 2) end
end

test("to_equal compares tables by what is in them", function()
  passes({ 1, { a = { 2 } }, "x" }, "to_equal", { 1, { a = { 2 } }, "x" })
  passes({}, "to_equal", {})
  passes(1, "to_equal", 1.0)
  passes(0 / 0, "to_equal", 0 / 0)
  passes({ 0 / 0 }, "to_equal", { 0 / 0 })
  passes(nil, "to_equal", nil)
  fails({ 1 }, "to_equal", { 1, 2 })
  fails({ 1, 2 }, "to_equal", { 1 })
  fails({ a = false }, "to_equal", {})
  fails({ a = 1 }, "to_equal", { b = 1 })
  fails("1", "to_equal", 1)
  fails({}, "to_equal", nil)
  fails(print, "to_equal", error)
end)

test("to_equal ends on cycles", function()
  local function ring(value)
    local a = { value = value }
    a.next = { next = a }
    return a
  end
  passes(ring(1), "to_equal", ring(1))
  fails(ring(1), "to_equal", ring(2))
end)

test("to_equal heeds metatables and __eq", function()
  local Point = { __eq = function(a, b) return a.x == b.x end }
  passes(setmetatable({ x = 1, y = 1 }, Point), "to_equal", setmetatable({ x = 1, y = 2 }, Point))
  fails(setmetatable({ x = 1 }, Point), "to_equal", setmetatable({ x = 2 }, Point))
  local Class = {}
  passes(setmetatable({ 1 }, Class), "to_equal", setmetatable({ 1 }, Class))
  fails(setmetatable({ 1 }, Class), "to_equal", { 1 })
  passes(setmetatable({ 1 }, { __metatable = "locked" }).__index, "to_equal", nil)
end)

test("a table with a metatable that raises can be compared and shown", function()
  local odd = setmetatable({}, { __tostring = function() error("no text") end })
  has(fails(odd, "to_equal", {}), "(a table whose __tostring failed)")
  local function refuse() error("refused") end
  local strict = setmetatable({ a = 1 }, { __index = refuse, __len = refuse, __pairs = refuse })
  has(fails(strict, "to_equal", { a = 2 }), "expected { a = 1 } to equal { a = 2 }")
end)

test("the difference of tables is a diff with context", function()
  local a, b = {}, {}
  for i = 1, 30 do a[i], b[i] = i, i end
  a[15] = "new"
  equal(fails(a, "to_equal", b):match("\n(.*)"), table.concat({
    "- expected", "+ actual", "@ 12 equal lines", "    12,", "    13,", "    14,", "-   15,", '+   "new",', "    16,",
    "    17,", "    18,", "@ 13 equal lines" }, "\n"))
end)

test("the difference of strings is shown by lines or by place", function()
  equal(fails("a\nb\nc", "to_equal", "a\nx\nc"):match("\n(.*)"), "- expected\n+ actual\n  a\n- x\n+ b\n  c")
  equal(fails("hello", "to_equal", "help"),
    'expected "hello" to equal "help"\nexpected: "help"\n  actual: "hello"\n              ^')
  has(fails("a\0\1\n\200", "to_equal", 'q"\\'), [["a\x00\x01\n\xC8"]])
  has(fails("äöü", "to_equal", "äöx"), "actual: \"äöü\"\n             ^")
end)

test("numbers that differ by little look different", function()
  has(fails(0.1 + 0.2, "to_equal", 0.3), "expected 0.30000000000000004 to equal 0.3\n")
end)

test("very large tables are compared and cut in messages", function()
  local a, b = {}, {}
  for i = 1, 5000 do a[i], b[i] = i, -i end
  local message = fails(a, "to_equal", b)
  check(#message:match("^[^\n]*") < 3000)
  local deep = {}
  for _ = 1, 100 do deep = { deep } end
  fails(deep, "to_equal", {})
end)

test("to_be asks for the very same value", function()
  local list = { 1 }
  passes(list, "to_be", list)
  passes(2, "to_be", 2.0)
  has(fails({ 1 }, "to_be", { 1 }), "they are equal, but not the same table: use to_equal")
  fails("1", "to_be", 1)
end)

test("to_be_nil, to_be_truthy, to_be_falsy", function()
  has(passes(nil, "to_be_nil"), "expected nil not to be nil")
  fails(false, "to_be_nil")
  passes(0, "to_be_truthy")
  fails(nil, "to_be_truthy")
  passes(false, "to_be_falsy")
  passes(nil, "to_be_falsy")
  has(fails("", "to_be_falsy"), 'expected "" to be nil or false')
end)

test("to_be_a knows types, names of metatables and error classes", function()
  passes({}, "to_be_a", "table")
  passes(1, "to_be_a", "integer")
  passes(1, "to_be_a", "number")
  fails(1.5, "to_be_a", "integer")
  passes(async.Future(), "to_be_a", "Future")
  passes(async.ValueError("x"), "to_be_a", async.Error)
  has(fails("x", "to_be_a", async.ValueError), 'expected "x" to be a ValueError')
  raises_here(async.TypeError, function() expect(1):to_be_a({}) end)
end)

test("to_be_close_to and to_be_between", function()
  passes(0.1 + 0.2, "to_be_close_to", 0.3)
  fails(0.31, "to_be_close_to", 0.3)
  passes(0.31, "to_be_close_to", 0.3, 0.02)
  passes(math.huge, "to_be_close_to", math.huge)
  fails(0 / 0, "to_be_close_to", 0)
  fails("1", "to_be_close_to", 1)
  passes(2, "to_be_between", 2, 3)
  fails(1, "to_be_between", 2, 3)
  fails(nil, "to_be_between", 2, 3)
  raises_here(async.TypeError, function() expect(1):to_be_close_to("1") end)
  raises_here(async.TypeError, function() expect(1):to_be_between(0) end)
end)

test("to_match and to_contain", function()
  passes("abc123", "to_match", "%d+$")
  has(fails("abc", "to_match", "%d"), 'expected "abc" to match the pattern "%d"')
  fails(5, "to_match", "5")
  passes("a.b", "to_contain", ".")
  fails("ab", "to_contain", ".")
  passes({ 1, { 2 } }, "to_contain", { 2 })
  fails({ 1, { 2 } }, "to_contain", { 3 })
  fails(nil, "to_contain", "x")
  raises_here(async.TypeError, function() expect("x"):to_match(5) end)
end)

test("to_have_fields and to_have_length", function()
  passes({ a = 1, b = { c = 2, d = 3 } }, "to_have_fields", { b = { c = 2 } })
  fails({ a = 1 }, "to_have_fields", { b = 1 })
  fails(nil, "to_have_fields", {})
  passes({ 1, 2 }, "to_have_length", 2)
  passes("abc", "to_have_length", 3)
  has(fails({ 1 }, "to_have_length", 2), "its length is 1")
  fails(5, "to_have_length", 1)
end)

test("to_raise takes a class, a pattern, or anything", function()
  local function fail() error(async.ValueError("boom")) end
  passes(fail, "to_raise", async.ValueError)
  passes(fail, "to_raise", async.Error)
  passes(fail, "to_raise", "bo+m")
  passes(fail, "to_raise")
  has(fails(fail, "to_raise", async.TypeError), "it raised: ValueError: boom")
  has(fails(function() end, "to_raise", "x"), 'to raise an error matching "x"\nit raised nothing')
  passes(function() error() end, "to_raise")
  passes(function() async.sleep(1) error("late") end, "to_raise", "late")
  raises_here(async.TypeError, function() expect(5):to_raise() end)
  raises_here(async.TypeError, function() expect(fail):to_raise(5) end)
end)

test("raises gives the error, and calls with the arguments", function()
  local err = t.raises(async.ValueError, function(text) error(async.ValueError(text)) end, "why")
  equal(err.message, "why")
  equal(t.raises(nil, error, 17), 17)
  has(raises_here(t.AssertionError, t.raises, "x", print).message, "but nothing was raised")
  local wrong = raises_here(t.AssertionError, t.raises, "x", error, "y")
  has(wrong.message, 'expected an error matching "x"\nit raised: "y"')
  equal(wrong.cause, "y")
  misuse(async.TypeError, t.raises, 5, error)
  misuse(async.TypeError, t.raises, "x", 5)
end)

test("a cancellation passes raises and to_raise, unless it is asked for", function()
  for _, wanted in ipairs { "x", async.Error } do
    for _, call in ipairs {
      function(fn) t.raises(wanted, fn) end,
      function(fn) expect(fn):to_raise(wanted) end,
    } do
      local task = async.spawn(call, function() async.sleep(9) end)
      async.sleep(0)
      task:cancel()
      raises_here(async.CancelledError, await, task)
    end
  end
  t.raises(async.CancelledError, error, async.CancelledError("x"))
end)

test("a failure knows its place", function()
  local err = raises_here(t.AssertionError, function() expect(1):to_be(2) end)
  equal(err.line, debug.getinfo(1, "l").currentline - 1)
  check(err.source:match("expect_test%.lua$"))
  check(err.traceback:match("^\t[^\n]*expect_test%.lua:" .. err.line))
end)

test("misuse of expect is named at the caller's line", function()
  misuse(async.TypeError, expect)
  has(raises_here(async.TypeError, function() expect(1):to_be_blue() end).message, "no matcher 'to_be_blue'")
  has(raises_here(async.TypeError, function() expect(1).to_be(1) end).message, "with a colon")
end)

test("declarations check their arguments", function()
  for _, call in ipairs {
    function() t() end,
    function() t("name") end,
    function() t("name", 5) end,
    function() t("name", {}, 5) end,
    function() t(5, function() end) end,
    function() t("name", { colour = 1 }, function() end) end,
    function() t("name", { seed = 1.5 }, function() end) end,
    function() t.describe("name") end,
    function() t.describe(nil, function() end) end,
    function() t.before_each(5) end,
    function() t.only("name", 5) end,
    function() t.skip("name", 5) end,
  } do
    local err = raises_here(async.TypeError, call)
    check(err.traceback:match("^%s*[^\n]*expect_test%.lua"))
  end
  raises_here(async.ValueError, function() t("name", { timeout = -1 }, function() end) end)
  raises_here(async.ValueError, function() t("name", { clock = "real" }, function() end) end)
  raises_here(async.RuntimeError, function() t.skip("no test runs") end)
end)

test("objects show their state", function()
  equal(tostring(expect({ 1 })), "<Expectation about { 1 }>")
  equal(tostring(t.clock()), "<Clock at 0 s>")
end)
