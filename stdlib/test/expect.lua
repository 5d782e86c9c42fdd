-- expect(x) and its matchers, and raises.
local core, use = ...

local native = use("async/native")
local errors, is = native.errors, native.is
local fail = use("assertion").fail
local diff = use("diff").diff
local shown = use("show")
local show, quote = shown.show, shown.quote
local equals = use("equal")
local collect = use("collect")

-- What differs --------------------------------------------------------------------------------------------------

local function split_lines(text)
  local lines = {}
  for line in (text .. "\n"):gmatch("([^\n]*)\n") do lines[#lines + 1] = line end
  return lines
end

local function first_difference(a, b)
  local at = 1
  while at <= #a and a:byte(at) == b:byte(at) do at = at + 1 end
  return at
end

-- Strings on one line: both, and where they differ.
local function compare_short(actual, expected)
  local left, right = quote(expected), quote(actual)
  local at = first_difference(left, right)
  local column = utf8.len(left:sub(1, at - 1)) or at - 1
  return { "expected: " .. left, "  actual: " .. right, (" "):rep(10 + column) .. "^" }
end

-- The lines that explain why the two are not equal.
local function explain(actual, expected)
  if type(actual) == "string" and type(expected) == "string" then
    if (actual .. expected):find("\n", 1, true) then
      return { "- expected", "+ actual", table.unpack(diff(split_lines(expected), split_lines(actual))) }
    end
    return compare_short(actual, expected)
  end
  if not shown.is_opaque(actual) and not shown.is_opaque(expected) then
    local a, b = shown.lines(expected), shown.lines(actual)
    local lines = diff(a, b)
    local changed = false
    for _, line in ipairs(lines) do changed = changed or line:match("^[-+]") end
    if changed then return { "- expected", "+ actual", table.unpack(lines) } end
  end
  local left, right = show(expected), show(actual)
  local lines = { "expected: " .. left, "  actual: " .. right }
  if left == right then lines[3] = "they look the same, but are different values" end
  return lines
end

-- Matchers ------------------------------------------------------------------------------------------------------

-- Each is a function(actual, ...) that returns whether it holds, what is claimed of the value, and lines that explain
-- a failure. What it raises is misuse.
local matchers = {}

local function misuse(message)
  error(errors.TypeError(message), 4)
end

local function check_number(value, what)
  if type(value) ~= "number" then misuse(("%s must be a number, got %s"):format(what, native.type_name(value))) end
end

function matchers.to_equal(actual, expected)
  local ok = equals.equal(actual, expected)
  return ok, "equal " .. show(expected), not ok and explain(actual, expected)
end

function matchers.to_be(actual, expected)
  local ok = rawequal(actual, expected)
  local lines = not ok and explain(actual, expected)
  if lines and equals.equal(actual, expected) then
    lines = { ("they are equal, but not the same %s: use to_equal to compare what is in them"):format(type(actual)) }
  end
  return ok, "be " .. show(expected), lines
end

function matchers.to_be_nil(actual) return actual == nil, "be nil" end

function matchers.to_be_truthy(actual) return not not actual, "be truthy" end

function matchers.to_be_falsy(actual) return not actual, "be nil or false" end

-- A type of Lua's ("table"), or an error class.
function matchers.to_be_a(actual, kind)
  if type(kind) == "string" then
    local ok = type(actual) == kind or math.type(actual) == kind or native.type_name(actual) == kind
    return ok, "be a " .. kind
  end
  local ok, result = pcall(is, actual, kind)
  if not ok then misuse("to_be_a takes the name of a type or an error class, got " .. native.type_name(kind)) end
  return result, "be a " .. kind.__name
end

function matchers.to_be_close_to(actual, expected, tolerance)
  tolerance = tolerance or 1e-9
  check_number(expected, "the expected value")
  check_number(tolerance, "the tolerance")
  local ok = type(actual) == "number" and (actual == expected or math.abs(actual - expected) <= tolerance)
  return ok, ("be within %s of %s"):format(show(tolerance), show(expected))
end

function matchers.to_be_between(actual, low, high)
  check_number(low, "the lower limit")
  check_number(high, "the upper limit")
  local ok = type(actual) == "number" and actual >= low and actual <= high
  return ok, ("be between %s and %s"):format(show(low), show(high))
end

function matchers.to_match(actual, pattern)
  if type(pattern) ~= "string" then misuse("to_match takes a pattern, got " .. native.type_name(pattern)) end
  local ok = type(actual) == "string" and actual:find(pattern) ~= nil
  return ok, "match the pattern " .. quote(pattern)
end

local function has_item(list, item)
  for i = 1, #list do
    if equals.equal(list[i], item) then return true end
  end
  return false
end

-- A string has the text in it, a list an equal item.
function matchers.to_contain(actual, part)
  if type(actual) == "string" and type(part) == "string" then
    return actual:find(part, 1, true) ~= nil, "contain " .. quote(part)
  end
  return type(actual) == "table" and has_item(actual, part), "contain the item " .. show(part)
end

function matchers.to_have_fields(actual, fields)
  if type(fields) ~= "table" then misuse("to_have_fields takes a table, got " .. native.type_name(fields)) end
  return type(actual) == "table" and equals.includes(actual, fields), "have the fields " .. show(fields)
end

function matchers.to_have_length(actual, length)
  check_number(length, "the length")
  local measurable, got = pcall(function() return #actual end)
  local lines = measurable and got ~= length and { "its length is " .. show(got) }
  return measurable and got == length, "have the length " .. show(length), lines
end

-- Errors --------------------------------------------------------------------------------------------------------

local function is_class(value)
  return type(value) == "table" and (pcall(is, nil, value))
end

-- True when the error is what was asked for: of the class, with text that has the pattern, or anything (nil).
local function error_matches(err, wanted)
  if wanted == nil then return true end
  if type(wanted) == "string" then return tostring(err):find(wanted) ~= nil end
  return is(err, wanted)
end

local function describe_wanted(wanted)
  if wanted == nil then return "an error" end
  if type(wanted) == "string" then return "an error matching " .. quote(wanted) end
  return wanted.__name
end

-- Calls fn(...). Returns whether it raised, and the error. A cancellation passes on unless it is asked for: it may be
-- the runner's.
local function catch(wanted, fn, ...)
  local ok, err = native.catch(fn, ...)
  if ok then return false end
  if is(err, errors.CancelledError) and not (is_class(wanted) and is(err, wanted)) then error(err, 0) end
  return true, err
end

local function check_wanted(wanted, what)
  if wanted == nil or type(wanted) == "string" or is_class(wanted) then return end
  error(errors.TypeError(("%s takes an error class such as async.ValueError, or a pattern, got %s")
    :format(what, native.type_name(wanted))), 4)
end

local function check_callable(fn, what)
  if type(fn) == "function" then return end
  local meta = debug.getmetatable(fn)
  if type(meta) == "table" and meta.__call then return end
  error(errors.TypeError(("%s needs a function to call, got %s: write function() ... end around the code")
    :format(what, native.type_name(fn))), 4)
end

function matchers.to_raise(actual, wanted)
  check_callable(actual, "to_raise")
  check_wanted(wanted, "to_raise")
  local raised, err = catch(wanted, actual)
  local claim = "raise " .. describe_wanted(wanted)
  if not raised then return false, claim, { "it raised nothing" } end
  return error_matches(err, wanted), claim, { "it raised: " .. shown.plain(err) }
end

local function check_arguments(wanted, fn)
  check_wanted(wanted, "raises")
  check_callable(fn, "raises")
end

-- raises(class or pattern or nil, fn, ...): calls fn(...), which must raise; returns the error.
local function raises(wanted, fn, ...)
  check_arguments(wanted, fn)
  local raised, err = catch(wanted, fn, ...)
  if not raised then fail(("expected %s, but nothing was raised"):format(describe_wanted(wanted)), nil, 3) end
  if error_matches(err, wanted) then return err end
  fail(("expected %s"):format(describe_wanted(wanted)), { "it raised: " .. shown.plain(err) }, 3, { cause = err })
end

-- expect --------------------------------------------------------------------------------------------------------

local Expectation = { __name = "Expectation" }

local function new(actual, negated)
  return setmetatable({ actual = actual, negated = negated }, Expectation)
end

local function list_matchers()
  local names = {}
  for name in pairs(matchers) do names[#names + 1] = name end
  table.sort(names)
  return table.concat(names, ", ")
end

-- The text of a value in the message of a failed expectation: functions by where they are.
local function subject(value)
  if type(value) ~= "function" then return show(value) end
  local info = debug.getinfo(value, "S")
  return info.what == "C" and "the function" or ("the function at %s:%d"):format(info.short_src, info.linedefined)
end

local function check(expectation, matcher, ...)
  collect.settle(expectation)
  local actual, negated = rawget(expectation, "actual"), rawget(expectation, "negated")
  local ok, claim, lines = matcher(actual, ...)
  if negated then ok, lines = not ok, nil end
  if ok then return end
  fail(("expected %s %sto %s"):format(subject(actual), negated and "not " or "", claim), lines or nil, 4)
end

for name, matcher in pairs(matchers) do
  Expectation[name] = function(expectation, ...)
    if getmetatable(expectation) ~= Expectation then
      error(errors.TypeError(("write expect(x):%s(...) with a colon"):format(name)), 2)
    end
    check(expectation, matcher, ...)
  end
end

Expectation.__index = function(expectation, name)
  if matchers[name] then return Expectation[name] end
  if name == "never" then
    collect.settle(expectation)
    local opposite = new(rawget(expectation, "actual"), not rawget(expectation, "negated"))
    collect.expect_matcher(opposite, 3)
    return opposite
  end
  error(errors.TypeError(("expect has no matcher '%s', only never and %s"):format(tostring(name), list_matchers())), 2)
end

Expectation.__tostring = function(expectation)
  return ("<Expectation about %s>"):format(show(rawget(expectation, "actual")))
end

local function expect(...)
  if select("#", ...) == 0 then
    error(errors.TypeError("expect() needs a value; a call that returns nothing gives none"), 2)
  end
  local expectation = new((...), false)
  collect.expect_matcher(expectation, 3)
  return expectation
end

return { expect = expect, raises = raises }
