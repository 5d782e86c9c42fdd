-- How the prompt shows values.
local printer = module_file("repl/printer")

local function shows(value, expected, options)
  equal(printer.show(value, options), expected)
end

-- The text without what is different in each run.
local function without_addresses(text)
  return (text:gsub("0x%x+", "0x"))
end

local function classed(fields, meta)
  return setmetatable(fields, meta)
end

test("nil, booleans and integers are shown as Lua writes them", function()
  shows(nil, "nil")
  shows(true, "true")
  shows(-12, "-12")
  shows(math.maxinteger, "9223372036854775807")
end)

test("the least integer is shown so that it reads back as an integer", function()
  equal(math.type(load("return " .. printer.show(math.mininteger))()), "integer")
end)

test("floats are told from integers and read back", function()
  shows(1.0, "1.0")
  shows(-0.0, "-0.0")
  shows(1e100, "1e+100")
  shows(2.0 ^ 53, "9007199254740992.0")
  local least, greatest = 5e-324, 1.7976931348623157e308
  for _, value in ipairs { 0.1, 1 / 3, least, greatest, math.pi, 123456.789, 1e15, 2.0 ^ 63, math.huge, -math.huge } do
    local back = load("return " .. printer.show(value))()
    equal(back, value)
    equal(math.type(back), "float")
  end
  shows(0 / 0, "nan")
end)

test("strings are quoted and read back", function()
  local texts = { "", "plain", 'a "b" \\c', "line\nline\ttab\r", "\0001\27[31m\127", "caf\u{E9} \u{65E5}\u{672C}",
    "\xFF\xC3(", "\x80" }
  for _, text in ipairs(texts) do
    equal(load("return " .. printer.show(text))(), text)
  end
  shows('a "b"\n', [["a \"b\"\n"]])
end)

test("valid UTF-8 is kept, and other bytes are escaped one by one", function()
  shows("\u{E9}\u{65E5}", '"\u{E9}\u{65E5}"')
  shows("a\xFFb\xC3", [["a\xFFb\xC3"]])
end)

test("nothing that a terminal would obey is left in a string", function()
  shows("\27[2J", [["\x1B[2J"]])
  shows("\u{9B}2J \u{202E}x \u{2028}", [["\u{9B}2J \u{202E}x \u{2028}"]])
end)

test("a long string is cut between characters, with the count of what is left out", function()
  shows(("x"):rep(50), '"xxxxxxxxxx"… (40 more bytes)', { bytes = 10 })
  shows(("\u{E9}"):rep(50), '"' .. ("\u{E9}"):rep(5) .. '"… (90 more bytes)', { bytes = 11 })
  local text = printer.show({ ("x"):rep(5000) })
  check(text:find("… (4,600 more bytes)", 1, true), text)
end)

test("a table shows its list without indices, then its keys", function()
  shows({}, "{}")
  shows({ 1, "two", { 3 }, name = "x" }, '{1, "two", {3}, name = "x"}')
end)

test("holes in the list are shown", function()
  shows({ 1, nil, 3 }, "{1, nil, 3}")
end)

test("keys come in order: numbers, strings, booleans, others", function()
  shows({ b = 1, a = 2, [2.5] = 3, [-1] = 4, [true] = 5, [false] = 6, B = 7, [10] = 8 },
    "{[-1] = 4, [2.5] = 3, [10] = 8, B = 7, a = 2, b = 1, [false] = 6, [true] = 5}")
  local keys = { [print] = 1, [{}] = 2, [io.stdout] = 3 }
  local order = {}
  for kind in printer.show(keys, { width = 1000 }):gmatch("%[(%a+)") do order[#order + 1] = kind end
  equal(order, { "function", "table", "file" })
end)

test("keys that are no identifiers are in brackets", function()
  shows({ ["a b"] = 1, ["end"] = 2, _x1 = 3, ["1a"] = 4, [""] = 5, ["\n"] = 6 },
    [[{[""] = 5, ["\n"] = 6, ["1a"] = 4, _x1 = 3, ["a b"] = 1, ["end"] = 2}]])
end)

test("what does not fit the width goes over several lines, indented", function()
  shows({ first = ("a"):rep(10), second = { 1, 2 }, third = { x = ("b"):rep(10), y = ("c"):rep(10) } }, [[
{
  first = "aaaaaaaaaa",
  second = {1, 2},
  third = {
    x = "bbbbbbbbbb",
    y = "cccccccccc",
  },
}]], { width = 34 })
end)

test("a table that just fits the width stays on its line", function()
  shows({ 1234, 5678 }, "{1234, 5678}", { width = 12 })
  shows({ 1234, 5678 }, "{\n  1234,\n  5678,\n}", { width = 11 })
end)

test("wide characters count as two columns", function()
  shows({ "\u{65E5}\u{672C}" }, '{"\u{65E5}\u{672C}"}', { width = 8 })
  shows({ "\u{65E5}\u{672C}" }, '{\n  "\u{65E5}\u{672C}",\n}', { width = 7 })
end)

test("short items of a long list share lines, none longer than the width", function()
  local list = {}
  for i = 1, 100 do list[i] = i * 1000 end
  local text = printer.show(list, { width = 40 })
  for line in text:gmatch("[^\n]+") do check(#line <= 40, line) end
  check(select(2, text:gsub("\n", "")) < 30, text)
end)

test("wide tables of every kind keep to the width where they can", function()
  local t = { 1, 2, 3 }
  t.a, t.b, t.self = { t, { 5 } }, { x = { y = { z = 1 } } }, t
  t.c = t.a
  for width = 12, 60 do
    for line in printer.show(t, { width = width }):gmatch("[^\n]+") do
      check(#line <= math.max(width, 20), ("%d: %s"):format(width, line))
    end
  end
end)

test("cycles and shared tables are marked", function()
  local t = { 1 }
  t.self = t
  shows(t, "&1 {1, self = *1}")
  local shared = { "s" }
  shows({ shared, shared }, '{&1 {"s"}, *1}')
end)

test("empty tables are not marked", function()
  local empty = {}
  shows({ empty, empty }, "{{}, {}}")
end)

test("what is too deep is left out", function()
  shows({ { { { { 1 } } } } }, "{{{{{…}}}}}")
  shows({ { 1 } }, "{{…}}", { depth = 1 })
  shows({ classed({ 1 }, { __name = "P" }) }, "{P {…}}", { depth = 1 })
end)

test("a chain of 100,000 tables is shown", function()
  local t = {}
  for _ = 1, 100000 do t = { t } end
  shows(t, "{{{{{…}}}}}")
  local text = printer.show(t, { depth = 1000000, bytes = 100 })
  check(#text < 2000, #text)
end)

test("the rest of a large table is counted", function()
  local list = {}
  for i = 1, 1000 do list[i] = true end
  shows(list, "{true, true, true, … 997 more}", { items = 3 })
  shows({ 1, 2, a = 1, b = 2, c = 3 }, "{1, 2, a = 1, … 2 more}", { items = 3 })
  shows({ 1, 2, 3, a = 1 }, "{1, … 3 more}", { items = 1 })
end)

test("of many keys the first in order are shown", function()
  local t = {}
  for i = 1, 5000 do t[("k%05d"):format((i * 7919) % 5000)] = i end
  local text = printer.show(t, { items = 3 })
  check(text:find("^{k00000 = %d+, k00001 = %d+, k00002 = %d+, … 4,997 more}$"), text)
end)

test("a table of a million entries is shown fast", function()
  local list, keys = {}, {}
  for i = 1, sanitized and 100000 or 1000000 do
    list[i] = i
    keys[-i] = i
  end
  local start = os.clock()
  local text = printer.show(list)
  check(text:find(sanitized and "… 99,900 more" or "… 999,900 more", 1, true), text)
  check(printer.show(keys):find("… ", 1, true))
  check(sanitized or os.clock() - start < 2, "it took too long")
end)

test("the text is bounded, however much there is", function()
  local t = {}
  for i = 1, 100 do
    t[i] = {}
    for j = 1, 100 do t[i][j] = ("word "):rep(j) end
  end
  check(#printer.show(t) < 15000)
  check(#printer.show(t, { bytes = 500 }) < 1500)
  check(#printer.show(("\n"):rep(1000000)) < 25000)
end)

test("a metatable's name is shown", function()
  shows(classed({ x = 1 }, { __name = "Point" }), "Point {x = 1}")
  shows(classed({}, { __name = "Point" }), "Point {}")
  shows(classed({ x = 1 }, { __name = 12 }), "{x = 1}")
end)

test("__tostring is used", function()
  shows(classed({}, { __tostring = function() return "<me>" end }), "<me>")
  shows({ classed({}, { __tostring = function() return "two\nlines" end }) }, "{two\\nlines}")
end)

test("a __tostring that fails leaves the raw table", function()
  for name, fn in pairs {
    fails = function() error("no") end,
    fails_with_nil = function() error() end,
    ["says nothing"] = function() end,
    ["gives a table"] = function() return {} end,
    waits = function() async.sleep(1) return "waited" end,
    yields = function() coroutine.yield() return "yielded" end,
    recurs = function(t) return tostring(t) end,
  } do
    equal(printer.show(classed({ x = 1 }, { __tostring = fn })), "{x = 1}", name)
  end
  shows(classed({ x = 1 }, { __tostring = 12, __name = "P" }), "P {x = 1}")
end)

test("a cancellation in a __tostring ends the whole display", function()
  local asked = 0
  local meta = { __tostring = function() asked = asked + 1 error(async.CancelledError("stop")) end }
  local ok, err = async.catch(printer.show, { classed({}, meta), classed({}, meta) })
  equal(ok, false)
  check(async.is(err, async.CancelledError))
  equal(asked, 1)
end)

test("what a __tostring says is made harmless and cut", function()
  shows(classed({}, { __tostring = function() return "\27[31mred" end }), "\\x1B[31mred")
  local text = printer.show(classed({}, { __tostring = function() return ("x"):rep(100000) end }))
  check(#text < 5000 and text:find("more bytes", 1, true))
end)

test("no metamethod but __tostring is asked", function()
  local function fail() error("a metamethod was called") end
  local meta = { __index = fail, __newindex = fail, __pairs = fail, __len = fail, __eq = fail, __lt = fail,
    __call = fail,
    __concat = fail, __name = "Trap", __metatable = "hidden" }
  shows(classed({ 1, x = 2 }, meta), "Trap {1, x = 2}")
  check(printer.show({ [classed({}, meta)] = 1, [classed({}, meta)] = 2 }):find("^{%[Trap: 0x"))
end)

test("a table that its __tostring changes is shown", function()
  local t = {}
  for i = 1, 10 do
    t["k" .. i] = classed({}, { __tostring = function()
      for key in pairs(t) do t[key] = nil end
      t.new = 1
      return "gone"
    end })
  end
  check(printer.show(t):find("gone", 1, true))
end)

test("a function shows where it is and its parameters", function()
  local function f(a, b, ...) return a, b, ... end
  local line = debug.getinfo(f, "S").linedefined
  check(printer.show(f):find(("printer_test.lua:%d (a, b, ...)"):format(line), 1, true), printer.show(f))
  shows(load("return 1", "=chunk"), "function: main chunk of chunk")
end)

test("a function that is documented shows its name", function()
  shows(async.sleep, "function: async.sleep (seconds, ...)")
  shows(string.rep, "function: string.rep (s, n, separator?)")
  shows(neap.fs.read, "function: neap.fs.read (path)")
end)

test("a function of the user's under a documented name is the user's", function()
  string.mine, string.rep = string.rep, function(one) return one end
  check(printer.show(string.rep):find("printer_test.lua:%d+ %(one%)"), printer.show(string.rep))
end)

test("a thread shows its status and place", function()
  local co = coroutine.create(function() coroutine.yield() end)
  check(printer.show(co):find("^thread: 0x%x+ %(suspended%)$"), printer.show(co))
  coroutine.resume(co)
  check(printer.show(co):find("%(suspended at .*printer_test.lua:%d+%)$"), printer.show(co))
  coroutine.resume(co)
  check(printer.show(co):find("%(dead%)$"), printer.show(co))
  check(printer.show((coroutine.running())):find("^thread"))
end)

test("tasks, futures and other objects show their state", function()
  local task = async.spawn(async.sleep, 1)
  shows(async.Future(), "<Future pending>")
  check(printer.show(task):find("^<Task name='.*' not started>$"), printer.show(task))
  await(task)
  shows(async.Event(), "<Event unset waiting=0>")
  shows({ async.Lock() }, "{<Lock unlocked waiting=0>}")
  check(without_addresses(printer.show(io.stdout)) == "file (0x)")
end)

test("an error shows its class, message and fields", function()
  shows(async.ValueError("too big"), "ValueError: too big")
  local err = async.OSError("no such file", { code = "ENOENT", errno = 2 })
  shows(err, 'OSError: no such file {code = "ENOENT", errno = 2}')
  local text = printer.show(select(2, pcall(neap.fs.read, "/no/such")))
  check(text:find('code = "ENOENT"', 1, true), text)
end)

test("an ExceptionGroup shows its members", function()
  shows(async.ExceptionGroup("several", { async.ValueError("a"), "b" }),
    'ExceptionGroup: several {exceptions = {ValueError: a, "b"}}')
end)

test("the cause of an error is shown", function()
  shows(async.Error("outer", { cause = async.Error("inner") }), "Error: outer {cause = Error: inner}")
end)

test("colours are put around each kind, and change nothing else", function()
  local value = { 1, "a", true, x = { y = print }, z = async.Future(), e = async.Error("e") }
  local plain, colour = printer.show(value), printer.show(value, { colour = true })
  equal((colour:gsub("\27%[%d*m", "")), plain)
  check(colour:find("\27[36m1\27[0m", 1, true) and colour:find('\27[32m"a"\27[0m', 1, true), colour)
end)

test("several values are on one line, or on one each", function()
  equal(printer.show_values(nil), "")
  equal(printer.show_values(nil, 1, nil, "x"), '1, nil, "x"')
  equal(printer.show_values(nil, nil), "nil")
  equal(printer.show_values({ width = 10 }, "12345", "67890"), '"12345"\n"67890"')
  equal(printer.show_values({ items = 2 }, 1, 2, 3, 4), "1, 2, … 2 more")
end)

test("200,000 values are bounded", function()
  local list = {}
  for i = 1, 200000 do list[i] = i end
  check(#printer.show_values(nil, table.unpack(list)) < 15000)
end)

test("random values are shown without an error, within bounds, and the same twice", function()
  math.randomseed(7)
  local metas = {
    { __name = "A" }, { __tostring = function() error("x") end },
    { __tostring = function(t) return tostring(rawlen(t)) end },
    { __index = function() error("index") end, __pairs = error, __len = error }, { __name = "\27[2J", __mode = "k" },
  }
  local atoms = { 1, 1.5, "s", "\xFF\n", true, print, coroutine.create(print), io.stdout, async.Future(),
    async.Error("e"), -0.0,
    async.TypeError, ("long "):rep(300), "\u{65E5}\u{672C}" }
  local made = {}
  local function random_value(depth)
    local pick = math.random(10)
    if pick <= 5 or depth > 6 then return atoms[math.random(#atoms)] end
    if pick == 6 and #made > 0 then return made[math.random(#made)] end
    local t = {}
    made[#made + 1] = t
    for i = 1, math.random(0, 6) do t[i] = random_value(depth + 1) end
    for _ = 1, math.random(0, 4) do t[random_value(depth + 1)] = random_value(depth + 1) end
    return math.random(4) == 1 and setmetatable(t, metas[math.random(#metas)]) or t
  end
  for _ = 1, 300 do
    local value = random_value(1)
    local random = math.random
    local options = { width = random(1, 120), depth = random(0, 8), items = random(0, 20), bytes = random(0, 4000) }
    local text = printer.show(value, options)
    equal(printer.show(value, options), text)
    check(#text < 2 * options.bytes + 8000, #text)
    check(utf8.len(text), "it is no UTF-8")
    check(not text:find("[%z\1-\8\11-\31\127]"), "it has a control character")
  end
end)

test("globals of the user's with the names of Lua's do no harm", function()
  local complete, docs = module_file("repl/complete"), module_file("repl/docs")
  local results, kept = {}, {}
  local names = { "type", "next", "pairs", "ipairs", "tostring", "rawget", "rawlen", "select", "setmetatable", "string",
    "table",
    "math", "utf8", "debug", "coroutine", "io", "os", "async" }
  local globals = _G
  for _, name in ipairs(names) do kept[name] = globals[name] end
  for _, name in ipairs(names) do globals[name] = "mine" end
  results.value = printer.show({ 1, 2.5, x = { "y" } })
  results.page = docs.describe("print", { env = globals })
  results.list = complete.complete("pri", 3, globals)
  results.text = complete.describe("print(", 6, globals)
  for name, value in kept.next, kept do globals[name] = value end
  equal(results.value, '{1, 2.5, x = {"y"}}')
  check(results.page:find("print(...)", 1, true))
  equal(results.list[1].text, "print")
  check(results.text:find("print(...)", 1, true))
end)
