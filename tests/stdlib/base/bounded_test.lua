-- What code within a limit gets in place of Lua's own functions does the same.
local function limited(fn, ...) return async.limit({ step = 60 }, fn, ...) end

-- outcome(fn, ...): everything that a call gives, as text. (Which argument was out of bounds, Lua's releases say
-- variously.)
local function outcome(fn, ...)
  local results = table.pack(pcall(fn, ...))
  for i = 1, results.n do
    results[i] = type(results[i]) == "string" and ("%q"):format(results[i]) or tostring(results[i])
  end
  return (table.concat(results, " ", 1, results.n):gsub("argument #%d", "argument"))
end

-- same(fn, ...): the outcome within a limit is that without one.
local function same(fn, ...)
  local what = outcome(function(...) return ... end, ...)
  equal(limited(outcome, fn, ...), outcome(fn, ...), what)
end

local numbers = 42
local function random(n)
  numbers = (numbers * 1103515245 + 12345) % 2147483648
  return numbers // 65536 % n + 1
end

local PARTS = {
  "a", "b", "%a", "%d", "%s", ".", "[ab]", "[^a]", "[a-c]", "[%w_]", "%A", "(", ")", "()", "%1", "%2", "%b()", "%f[%w]",
  "^", "$", "%%", "]", "[]]", "[^]]", "[", "%", "-", "%f", "%b", "[a-", "[%", "\0", "é",
}
local SUFFIXES = { "", "", "", "*", "+", "-", "?" }

local function some_pattern()
  local parts = {}
  for i = 1, random(5) do parts[i] = PARTS[random(#PARTS)] .. SUFFIXES[random(#SUFFIXES)] end
  return table.concat(parts)
end

local LETTERS = { "a", "b", "c", "1", " ", "(", ")", "_", "\0", "]", "%" }
local function some_text()
  local parts = {}
  for i = 1, random(12) do parts[i] = LETTERS[random(#LETTERS)] end
  return table.concat(parts)
end

local function all_matches(text, pattern, init)
  local found = {}
  for a, b in text:gmatch(pattern, init) do found[#found + 1] = tostring(a) .. "," .. tostring(b) end
  return table.concat(found, ";")
end

test("find, match, gmatch and gsub find what Lua's own do, with 4,000 patterns", function()
  for _ = 1, 4000 do
    local text, pattern = some_text(), some_pattern()
    local init = random(8) - 3
    same(string.find, text, pattern, init)
    same(string.match, text, pattern, init)
    same(all_matches, text, pattern, init)
    same(string.gsub, text, pattern, "<%0%1>")
    same(string.gsub, text, pattern, "%2", random(3))
    same(string.gsub, text, pattern, { a = "A", b = false, ["1"] = 1 })
  end
end)

test("wrong arguments have Lua's own messages", function()
  for _, name in ipairs { "find", "match", "gmatch", "gsub", "rep", "upper", "lower", "reverse" } do
    same(string[name])
    same(string[name], {})
    same(string[name], "x", {})
  end
  for _, name in ipairs { "concat", "insert", "remove", "move", "sort" } do
    same(table[name])
    same(table[name], 1)
    same(table[name], {}, {})
    same(table[name], {}, 5, 6)
    same(table[name], {}, 1, 1, {})
  end
  same(string.gsub, "x", "x", "%9")
  same(string.gsub, "x", "x", "%y")
  same(string.gsub, "x", "x", true)
  same(string.gsub, "x", "x", function() return {} end)
  same(string.find, ("x"):rep(300), ("(x)"):rep(33))
  same(string.find, ("x"):rep(300), ("x?"):rep(250))
  same(table.concat, { 1, {}, 3 })
end)

test("the plain search and its beginnings", function()
  for init = -5, 6 do
    same(string.find, "a.b.", ".", init, true)
    same(string.find, "a.b.", "", init, true)
    same(string.find, "a.b.", "b", init)
    same(string.find, "", "", init)
  end
end)

test("strings that are made at once", function()
  for _, times in ipairs { -1, 0, 1, 2, 3, 1000, 100001 } do
    same(string.rep, "ab", times)
    same(string.rep, "", times, "-")
    same(string.rep, "abc", times, ", ")
  end
  same(string.rep, "x", math.maxinteger, "y")
  for _, text in ipairs { "", "aBc\0Ä", ("xY"):rep(200000) } do
    same(string.upper, text)
    same(string.lower, text)
    same(string.reverse, text)
  end
end)

-- changed(fn, ...): what is in a list after the call, and what that gives.
local function changed(fn, list, ...)
  local given = outcome(fn, list, ...)
  local parts = {}
  for i = -2, 12 do parts[#parts + 1] = tostring(list[i]) end
  return (given:gsub("table: 0x%x+", "table")) .. " " .. table.concat(parts, " ")
end

test("tables change as by Lua's own functions", function()
  local function both(fn, ...)
    local list = function() return { 5, 3, 8, 1, 9 } end
    equal(limited(changed, fn, list(), ...), changed(fn, list(), ...))
  end
  for position = -1, 8 do
    both(table.insert, position, "new")
    both(table.remove, position)
    for to = -1, 7 do
      both(table.move, 2, position, to)
      both(table.move, position, 4, to)
    end
  end
  both(table.insert, "last")
  both(table.remove)
  both(table.sort)
  both(table.sort, function(a, b) return a > b end)
  both(table.move, 1, 3, 2, { 7, 7 })
  both(table.concat)
  both(table.concat, ",", 2, 4)
  both(table.concat, ",", 2, 9)
end)

test("a finalizer that was set within a limit runs, with its object", function()
  local seen
  local scope <close> = async.limit { step = 60 }
  local function make() setmetatable({ 7 }, { __gc = function(x) seen = x[1] end }) end
  make()
  collectgarbage()
  equal(seen, 7)
end)

test("a finalizer of code that has ended runs no more", function()
  local ran = false
  local kept = limited(function() return setmetatable({}, { __gc = function() ran = true end }) end)
  check(getmetatable(kept).__gc)
  kept = nil
  collectgarbage()
  check(not ran)
end)

test("setmetatable within a limit gives the object, and keeps protected metatables", function()
  limited(function()
    local meta = { __gc = print }
    local object = {}
    equal(setmetatable(object, meta), object)
    equal(getmetatable(object), meta)
    equal(meta.__gc, print)
    raises("cannot change a protected metatable", setmetatable, setmetatable({}, { __metatable = 1 }), { __gc = print })
  end)
end)

test("how the collector runs is not for code within a limit to decide", function()
  limited(function()
    collectgarbage("stop")
    check(collectgarbage("isrunning"))
    check(collectgarbage("count") > 0)
    equal(collectgarbage(), 0)
    raises("bad argument #1", collectgarbage, "nonsense")
  end)
end)
