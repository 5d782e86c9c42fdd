-- What could stand at the cursor, and the signature of the call it is in. The cursor is where the `|` is.
local prompt = module_file("repl/complete")

local ROOT = debug.getinfo(1, "S").source:match("^@(.*)/tests/repl/[^/]+$")
local commands = { "help", { name = ".tasks", detail = "lists tasks" }, "time" }

-- Locals of earlier entries, as locals.lua keeps them.
local function locals_of(values, names)
  return {
    names = function() return names end,
    get = function(_, name)
      for _, known in ipairs(names) do
        if known == name then return true, values[name] end
      end
      return false
    end,
  }
end

local function environment(extra)
  local env = setmetatable({}, { __index = _G })
  for name, value in pairs(extra or {}) do env[name] = value end
  return env
end

local function ask(marked, extra, locals)
  local cursor = marked:find("|", 1, true) - 1
  local text = marked:sub(1, cursor) .. marked:sub(cursor + 2)
  return prompt.complete(text, cursor, environment(extra), locals, commands), text, cursor
end

-- The entry as it would be with each candidate: a list of texts, at most `most`.
local function completed(marked, extra, locals)
  local result, text, cursor = ask(marked, extra, locals)
  local list = {}
  for i, candidate in ipairs(result or {}) do
    list[i] = text:sub(1, result.from) .. candidate.text .. text:sub(cursor + 1)
  end
  return list
end

local function completes(marked, expected, extra, locals)
  equal(completed(marked, extra, locals), expected, marked)
end

local function includes(marked, ...)
  local found = {}
  for _, text in ipairs(completed(marked)) do found[text] = true end
  for _, text in ipairs { ... } do check(found[text], ("%s is not among what %s may be"):format(text, marked)) end
end

-- The detail of the first candidate, without what is said of it behind two blanks.
local function detail(marked, extra)
  local result = ask(marked, extra)
  return result and result[1].detail:gsub("  .*$", "")
end

-- Names ------------------------------------------------------------------------------------------------------------

test("globals begin with what is typed", function()
  completes("pri|", { "print" })
  completes("x = stri|", { "x = string" })
  completes("alpha_o|", { "alpha_one" }, { alpha_one = 1, alpha_two = 2 })
end)

test("what stands behind the cursor stays", function()
  completes("pri|(1)", { "print(1)" })
end)

test("keywords are completed", function()
  completes("whi|", { "while" })
  includes("f|", "for", "function", "false")
end)

test("locals of earlier entries are completed, also those that are nil", function()
  local locals = locals_of({ my_list = {} }, { "my_list", "my_nil" })
  completes("my_|", { "my_list", "my_nil" }, nil, locals)
  completes("my_list.f|", { "my_list.first" }, nil, locals_of({ my_list = { first = 1 } }, { "my_list" }))
end)

test("a local of an earlier entry hides a global", function()
  completes("thing.|", { "thing.inner" }, { thing = { outer = 1 } }, locals_of({ thing = { inner = 1 } }, { "thing" }))
end)

test("locals, parameters and loop variables of the entry itself are completed", function()
  completes("local abacus = 1; aba|", { "local abacus = 1; abacus" })
  completes("function f(abacus, abs) return aba|", { "function f(abacus, abs) return abacus" })
  completes("for abacus, b in pairs(t) do aba|", { "for abacus, b in pairs(t) do abacus" })
  completes("local function abacus() aba|", { "local function abacus() abacus" })
end)

test("a block's locals are gone behind its end", function()
  completes("do local abacus end aba|", {})
  completes("if x then local abacus else aba|", {})
  completes("local f = function(abacus) end aba|", {})
end)

test("nothing is offered where a new name is written", function()
  for _, text in ipairs { "local pri|", "local a, pri|", "local function pri|", "for pri|", "goto pri|",
    "function f(pri|",
    "function a.b:c(x, pri|", "f = function(pri|", "-- pri|", "x = 12|", "--[[ pri|" } do
    completes(text, {})
  end
  completes("local fun|", { "local function" })
end)

test("attributes of locals are completed", function()
  completes("local f <c|", { "local f <close>", "local f <const>" })
  completes("local a <const>, f <cl|", { "local a <const>, f <close>" })
  includes("a <c|", "a <collectgarbage")
end)

test("letters of the other case will do when none match", function()
  completes("PRIN|", { "print" })
  completes("t.NA|", { "t.NAME" }, { t = { NAME = 1, name = 2 } })
end)

test("names that begin with an underscore come last", function()
  local t = { _a = 1, b = 2, C = 3, a = 4 }
  completes("t.|", { "t.a", "t.b", "t.C", "t._a" }, { t = t })
end)

-- Members ----------------------------------------------------------------------------------------------------------

test("fields are completed, along any path", function()
  completes("a.b.c|", { "a.b.cat", "a.b.cow" }, { a = { b = { cat = 1, cow = 2, dog = 3 } } })
  completes("a['b'].c|", { "a['b'].cat" }, { a = { b = { cat = 1 } } })
  completes("a[1].c|", { "a[1].cat" }, { a = { { cat = 1 } } })
  completes("(a).b|", { "(a).b" }, { a = { b = 1 } })
end)

test("behind a colon only what can be called is offered", function()
  completes("t:|", { "t:run" }, { t = { run = print, value = 1 } })
end)

test("fields are found through __index tables", function()
  local Class = { method = print, __name = "Class" }
  Class.__index = Class
  local object = setmetatable({ own = 1 }, Class)
  completes("o.|", { "o.method", "o.own" }, { o = object })
  completes("o.__n|", { "o.__name" }, { o = object })
end)

test("nothing of the user's is run", function()
  local function fail() error("it ran") end
  local meta = { __index = fail, __pairs = fail, __call = fail, __len = fail, __tostring = fail }
  local trap = setmetatable({ own = 1 }, meta)
  completes("trap.|", { "trap.own" }, { trap = trap })
  completes("trap.x.|", {}, { trap = trap })
  completes("trap().|", {}, { trap = trap })
  completes("f(1).|", {}, { f = fail })
end)

test("a table that is its own __index ends the search", function()
  local t = setmetatable({ a = 1 }, {})
  getmetatable(t).__index = t
  completes("t.|", { "t.a" }, { t = t })
end)

test("keys that are no identifiers are put in brackets", function()
  completes("t.|", { 't["a b"]', 't["end"]', "t.x" }, { t = { ["a b"] = 1, ["end"] = 2, x = 3 } })
  completes("t.e|", { 't["end"]' }, { t = { ["end"] = 2, x = 3 } })
end)

test("keys are completed in brackets", function()
  completes('t["a|', { 't["a b', 't["alpha' }, { t = { ["a b"] = 1, alpha = 2, b = 3 } })
end)

test("objects of neap have their methods, with signatures", function()
  completes("task:canc|", { "task:cancel", "task:cancelled", "task:cancelling" }, { task = async.current_task() })
  equal(detail("q:put|", { q = async.Queue() }), "(item)")
  equal(detail("f:set_r|", { f = async.Future() }), "(...)")
  includes("async.stdin:read|", "async.stdin:readline", "async.stdin:readexactly")
end)

test("what a function would return is known from the stubs", function()
  completes("async.spawn(f):get_n|", { "async.spawn(f):get_name" })
  completes("local q = async.Queue(8) q:put_|", { "local q = async.Queue(8) q:put_nowait" })
  completes('neap.fs.open("x"):trunc|', { 'neap.fs.open("x"):truncate' })
  completes('("x"):rep(2):upp|', { '("x"):rep(2):upper' })
  completes('require("neap.fs").realp|', { 'require("neap.fs").realpath' })
end)

test("modules that are not loaded are completed, and not loaded by that", function()
  includes("neap.|", "neap.fs", "neap.test")
  completes("neap.fs.realp|", { "neap.fs.realpath" })
  equal(rawget(neap, "fs"), nil)
  includes("async.ga|", "async.gather")
  equal(rawget(async, "gather"), nil)
end)

test("methods of strings on literals and values", function()
  completes('("x"):upp|', { '("x"):upper' })
  completes("s:upp|", { "s:upper" }, { s = "text" })
  equal(detail('("x"):re|'), "(s, n, separator?) -> string")
end)

test("methods of files", function()
  completes("io.stdout:se|", { "io.stdout:seek", "io.stdout:setvbuf" })
end)

test("the detail of what is documented says what it does", function()
  equal(ask("async.slee|")[1].detail,
    "(seconds, ...) -> ...  Waits for that long and returns the further arguments (asyncio's `result`).")
end)

test("details are signatures, or short values", function()
  equal(detail("pri|"), "(...)")
  equal(detail("async.slee|"), "(seconds, ...) -> ...")
  equal(detail("my_f|", { my_f = function(a, b, ...) return a, b, ... end }), "(a, b, ...)")
  equal(detail("o:my_f|", { o = { my_f = function(self, a) return self, a end } }), "(a)")
  equal(detail("my_n|", { my_n = 12 }), "12")
  equal(detail("my_s|", { my_s = "text" }), '"text"')
  equal(detail("my_t|", { my_t = setmetatable({}, { __name = "Point" }) }), "Point")
end)

-- Options and strings ----------------------------------------------------------------------------------------------

test("fields of option tables are completed", function()
  completes("async.create_task(x, {|", {
    "async.create_task(x, {context = ", "async.create_task(x, {eager = ", "async.create_task(x, {name = ",
  })
  completes("async.create_task(x, { na|", { "async.create_task(x, { name = " })
  completes("async.gather { return_e|", { "async.gather { return_exceptions = " })
  completes("local g = async.TaskGroup() g:create_task(f, {ea|",
    { "local g = async.TaskGroup() g:create_task(f, {eager = " })
end)

test("fields of an option table that are there already are left out", function()
  completes('async.create_task(x, { name = "a", eager = true, |',
    { 'async.create_task(x, { name = "a", eager = true, context = ' })
end)

test("in other tables names are completed as everywhere", function()
  completes("x = { pri|", { "x = { print" })
  completes("async.create_task(x, { name = toS|", { "async.create_task(x, { name = tostring" })
end)

test("strings that a parameter or option may be", function()
  completes('async.wait(t, { return_when = "FIRST_C|', { 'async.wait(t, { return_when = "FIRST_COMPLETED' })
  completes('f:seek("e|', { 'f:seek("end' }, { f = io.stdout })
  completes('collectgarbage "cou|', { 'collectgarbage "count' })
  includes('neap.fs.open("name", "|', 'neap.fs.open("name", "r', 'neap.fs.open("name", "wb')
end)

test("modules are completed in require", function()
  includes('require "neap.|', 'require "neap.fs', 'require "neap.test')
  includes("require('as|", "require('async")
  package.preload["my.own.module"] = print
  completes('require("my.o|', { 'require("my.own.module' })
  package.loaded.another_one = {}
  completes("require [[another|", { "require [[another_one" })
end)

test("modules are found on package.path", function()
  package.path = ROOT .. "/tests/?.lua;" .. ROOT .. "/?/init.lua"
  completes('require "support.harn|', { 'require "support.harness' })
  includes('require "supp|', 'require "support.')
  includes('require "rep|', 'require "repl', 'require "repl.')
end)

test("names of files are completed in other strings", function()
  completes(("io.open('%s/CMakeL|"):format(ROOT), { ("io.open('%s/CMakeLists.txt"):format(ROOT) })
  completes(('dofile "%s/tes|'):format(ROOT), { ('dofile "%s/tests/'):format(ROOT) })
  completes('x = "/no/such/folder/a|', {})
end)

test("a file's candidate shows its name alone", function()
  local result = ask(("x = '%s/CMakeL|"):format(ROOT))
  equal(result[1].label, "CMakeLists.txt")
end)

test("hidden files are offered when they are asked for", function()
  local fs = require "neap.fs"
  local folder <close> = fs.tempdir()
  fs.write(folder.path .. "/.hidden", "")
  fs.write(folder.path .. "/shown", "")
  completes(("x = '%s/|"):format(folder.path), { ("x = '%s/shown"):format(folder.path) })
  completes(("x = '%s/.h|"):format(folder.path), { ("x = '%s/.hidden"):format(folder.path) })
end)

test("the home directory is known as ~", function()
  completes("x = '~|", { "x = '~/" })
end)

-- Commands ---------------------------------------------------------------------------------------------------------

test("commands are completed at the beginning of the entry", function()
  completes(".t|", { ".tasks", ".time" })
  completes("x = .t|", {})
end)

test("the prompt's commands say what they do", function()
  local described = module_file("repl/commands").described
  local result = prompt.complete(".tas", 4, _G, nil, described)
  equal(result[1].text, ".tasks")
  check(#described > 10)
  for _, command in ipairs(described) do check(#command.detail > 0, command.name) end
end)

test("what follows a command is completed by its kind", function()
  completes(".time async.slee|", { ".time async.sleep" })
  completes(".help canc|", { ".help cancellation" })
  completes((".load %s/CMakeL|"):format(ROOT), { (".load %s/CMakeLists.txt"):format(ROOT) })
end)

test("names behind a question mark are completed", function()
  completes("?async.slee|", { "?async.sleep" })
  completes("?pri|", { "?print" })
end)

-- Bounds -----------------------------------------------------------------------------------------------------------

test("of very many candidates a thousand are offered", function()
  local t = {}
  for i = 1, 5000 do t["key" .. i] = i end
  equal(#ask("t.k|", { t = t }), 1000)
end)

test("an answer takes little time, also for a large table and a long entry", function()
  local t = {}
  for i = 1, 200000 do t["key" .. i] = i end
  local long = ("local x = { 1, 2, foo = bar(3) }\n"):rep(5000)
  ask("async.s|")
  for _, marked in ipairs { "t.k|", "async.|", "async.create_task(x, {|", long .. "async.sl|", "pri|" } do
    local best = math.huge
    for _ = 1, 5 do
      local start = os.clock()
      ask(marked, { t = t })
      best = math.min(best, os.clock() - start)
    end
    check(sanitized or best < 0.02, ("%s took %f s"):format(marked:sub(-30), best))
  end
end)

-- Signatures -------------------------------------------------------------------------------------------------------

local function described(text, extra, locals)
  return prompt.describe(text, #text, environment(extra), locals)
end

local function describes(text, expected, parameter, extra)
  local found, first, last = described(text, extra)
  equal(found and found:sub(1, #expected), expected, text)
  equal(first and found:sub(first, last), parameter, text)
end

test("the signature of the call that the cursor is in", function()
  describes("async.sleep(", "async.sleep(seconds, ...) -> ...", "seconds")
  describes("string.rep('x', ", "string.rep(s, n, separator?) -> string", "n")
  describes("async.create_task(f, ", "async.create_task(x, options?) -> async.Task", "options?")
  describes("print(1, 2, 3", "print(...)", "...")
end)

test("the type and text of the parameter are added", function()
  check(described("neap.fs.open('x', "):find("  mode: fs.Mode", 1, true))
end)

test("a method's own object is no parameter", function()
  describes("q:put(", "Queue:put(item)", "item", { q = async.Queue() })
  describes("q.put(q, ", "Queue:put(item)", "item", { q = async.Queue() })
  describes("('x'):rep(", "string.rep(s, n, separator?) -> string", "n")
  describes("o:m(", "m(self, a)", "a", { o = { m = function(self, a) return self, a end } })
end)

test("a user's function", function()
  describes("f(1, ", "f(a, b)", "b", { f = function(a, b) return a, b end })
  describes("local function f(a, b) end f(", "f(a, b)", "a")
end)

test("the innermost call counts", function()
  describes("print(async.sleep(1, ", "async.sleep(seconds, ...)", "...")
  describes("print(async.sleep(1), ", "print(...)", "...")
  describes("async.create_task(f, { name = 1, ", "async.create_task(x, options?)", "options?")
  describes("string.rep((1 + ", "string.rep(s, n, separator?)", "s")
end)

test("commas in tables and functions are not the call's", function()
  describes("string.rep({ 1, 2, 3 }, ", "string.rep(s, n, separator?)", "n")
  describes("async.spawn(function(a, b) return a, b end, ", "async.spawn(fn, ...)", "...")
end)

test("a call of a class", function()
  describes("async.ValueError(", "async.ValueError(message?, fields?)", "message?")
end)

test("a table has not the functions of the library of tables", function()
  equal(completed("_G.inser|"), {})
  equal(completed("arg.inser|", { arg = {} }), {})
end)

test("nothing is told outside of calls, of what is unknown, and in the body of a function", function()
  for _, text in ipairs { "", "print", "unknown(", "(1 + ", "async.spawn(function() local a, ", "function f(a, ",
    "if (", "x = { 1, ", "-- f(", "'" } do
    equal(described(text), nil, text)
  end
end)

-- Any text ---------------------------------------------------------------------------------------------------------

local function read(path)
  local file <close> = assert(io.open(ROOT .. "/" .. path))
  return file:read("a")
end

local function sound(text, env, locals)
  local result = prompt.complete(text, #text, env, locals, commands)
  if result then
    check(result.from >= 0 and result.from <= #text, text)
    check(#result >= 1 and #result <= 1000, text)
    for _, candidate in ipairs(result) do
      for _, field in ipairs { "text", "label", "detail" } do check(type(candidate[field]) == "string", text) end
    end
  end
  local line, first, last = prompt.describe(text, #text, env, locals)
  check(line == nil or type(line) == "string", text)
  check(first == nil or (first >= 1 and first <= last and last <= #line), text)
end

for _, path in ipairs { "repl/complete.lua", "repl/syntax.lua", "stdlib/async/async.d.lua", "repl/lua54.d.lua",
  "scripts/examples/chat.lua", "stdlib/async/README.md" } do
  test("any beginning of any line of " .. path .. " is completed without an error", function()
    math.randomseed(1)
    local env = environment()
    for line in read(path):gmatch("[^\n]+") do
      if math.random(6) == 1 then
        for cursor = 0, math.min(#line, 60) do sound(line:sub(1, cursor), env) end
      end
    end
  end)
end

test("any beginning of whole programs is completed without an error", function()
  local env = environment()
  local text = read("scripts/examples/chat.lua")
  for cursor = 1, #text, 41 do sound(text:sub(1, cursor), env) end
end)

test("any mixture of tokens is completed without an error", function()
  math.randomseed(3)
  local pieces = { "a", ".", ":", "(", ")", "{", "}", "[", "]", "'", '"', "function", "end", "local", "do", "then",
    "until", "repeat", "else", "elseif", "for", "in", "=", ",", ";", "async", "sleep", "string", "require", "1", "..", "...",
    "--", "[[", "]]", "\n", "<", ">", "const",
    "return", "if", "#", "not", "\\", "\xFF", "::", "goto", "?", ".help", " ", "create_task", "neap", "fs" }
  local env = environment { a = setmetatable({ a = {} }, { __index = { b = print } }) }
  for _ = 1, 2000 do
    local parts = {}
    for i = 1, math.random(12) do parts[i] = pieces[math.random(#pieces)] .. (math.random(2) == 1 and " " or "") end
    sound(table.concat(parts), env)
  end
end)
