-- Names, signatures and topics at the prompt, and the stubs of Lua's own library.
local docs, values, signature = module_file("repl/docs"), module_file("repl/values"), module_file("repl/signature")
local new_locals = module_file("repl/locals").new

local function line(name)
  local entry = docs.find(name)
  return entry and signature.line(entry)
end

local function describe(name, options)
  options = options or {}
  options.width = options.width or 80
  return docs.describe(name, options)
end

local function has(text, part)
  check(text:find(part, 1, true), ("%q is not in:\n%s"):format(part, text))
end

-- Finding ----------------------------------------------------------------------------------------------------------

test("functions of modules and globals are found by name", function()
  equal(line("async.sleep"), "async.sleep(seconds, ...) -> ...")
  equal(line("await"), "await(x, ...) -> ...")
  equal(line("string.format"), "string.format(format, ...) -> string")
  equal(line("neap.fs.read"), "neap.fs.read(path) -> string")
  equal(line("async.create_task"), "async.create_task(x, options?) -> async.Task")
end)

test("methods are found by the class's short and full name, with a point or a colon", function()
  for _, name in ipairs { "Queue:put", "Queue.put", "async.Queue:put", "async.Queue.put" } do
    equal(line(name), "Queue:put(item)")
  end
end)

test("methods are inherited", function()
  equal(line("Task:cancel"), "Future:cancel(message?) -> boolean")
  equal(line("PriorityQueue:get"), "Queue:get() -> any")
end)

test("aliases have the documentation of what they stand for, and their own name", function()
  equal(line("async.await"), "async.await(x, ...) -> ...")
  equal(line("async.signals"):match("^[^(]*"), "async.signals")
  check(docs.find("async.signals").text ~= "")
end)

test("fields with a class lead to its methods", function()
  equal(line("async.stdin.read"), line("Stream:read"))
  equal(line("io.stdout:seek"), "file:seek(whence?, offset?) -> integer?, string?")
end)

test("modules, classes and option tables are found", function()
  equal(docs.find("neap.fs").kind, "module")
  equal(docs.find("Task").kind, "class")
  equal(docs.find("async.TaskOptions").kind, "class")
  equal(docs.find("no_such_thing"), nil)
  equal(docs.find("async.no_such_thing"), nil)
  equal(docs.find(""), nil)
  equal(docs.find("..:"), nil)
end)

test("parameters, results and their texts are read", function()
  local entry = docs.find("async.wait")
  equal(entry.params[2], { name = "options", optional = true, type = "async.WaitOptions", text = "" })
  equal({ entry.returns[1].name, entry.returns[1].type }, { "done", "async.Future[]" })
  equal(docs.find("Task:get_stack").params[1].text, "at most so many")
  equal(docs.find("async.generator").returns[1].type, "fun(...: any): async.Generator, nil, nil, async.Generator")
end)

test("the alternatives of a type", function()
  equal(docs.alternatives('"a"|string[]|{ x?: integer|nil }|fun(a: b|c): d|e'),
    { '"a"', "string[]", "{ x?: integer|nil }", "fun(a: b|c): d|e" })
  check(#docs.alternatives("fs.Mode") > 10)
  equal(docs.alternatives("string?"), { "string" })
end)

test("every function of every stub has a signature, and every class a page", function()
  local count = 0
  for name, space in pairs(docs.index().classes) do
    check(describe(name) ~= "")
    for _, item in ipairs(docs.members(space)) do
      check(signature.line(item.entry) ~= "")
      count = count + 1
    end
  end
  check(count > 400, count)
end)

test("all stubs are read in little time", function()
  local stubs = module_file("repl/stubs")
  local root = debug.getinfo(1, "S").source:match("^@(.*)/tests/repl/[^/]+$")
  local texts = {}
  for _, path in ipairs { "stdlib/async/async.d.lua", "stdlib/fs/fs.d.lua", "repl/lua54.d.lua" } do
    local file <close> = assert(io.open(root .. "/" .. path))
    texts[#texts + 1] = file:read("a")
  end
  local best = math.huge
  for _ = 1, 5 do
    local start, index = os.clock(), stubs.new_index()
    for _, text in ipairs(texts) do stubs.read(index, text) end
    best = math.min(best, os.clock() - start)
  end
  check(sanitized or best < 0.02, best)
end)

-- Values -----------------------------------------------------------------------------------------------------------

test("a function is known by its identity, whatever it is called", function()
  local f = async.sleep
  equal(values.entry_of(f, "f").name, "async.sleep")
  equal(values.entry_of(neap.fs.write).name, "neap.fs.write")
  equal(values.entry_of(string.rep).name, "string.rep")
  equal(values.entry_of(async.gather).name, "async.gather")
end)

test("an object is known by its class", function()
  equal(values.entry_of(async.Future()).name, "async.Future")
  equal(values.entry_of(async.Queue()).name, "async.Queue")
  equal(values.entry_of(io.stdout).name, "file*")
end)

test("a class of the user's with the name of one of neap's is the user's", function()
  local Queue = { __name = "Queue", put = function() end }
  Queue.__index = Queue
  equal(values.space_of_value(setmetatable({}, Queue)), nil)
end)

test("looking at values runs nothing and loads nothing", function()
  local function fail() error("a metamethod was called") end
  local trap = setmetatable({}, { __index = fail, __pairs = fail, __name = "Task", __tostring = fail })
  equal(values.entry_of(trap), nil)
  equal(rawget(async, "gather"), nil)
  values.refresh()
  equal(rawget(async, "gather"), nil)
end)

-- Adds two numbers,
-- however large.
---@param a integer the first
---@param b? integer the second
---@return integer
local function add(a, b) return a + (b or 0) end

test("a user's function shows its parameters, its place and the comment above it", function()
  local text = describe("add", { env = { add = add } })
  has(text, "add(a, b?) -> integer")
  has(text, "defined at ")
  has(text, "docs_test.lua:")
  has(text, "Adds two numbers, however large.")
  has(text, "a   integer: the first")
end)

test("the comment of a function in a loaded text is read from the text", function()
  local env = {}
  load("-- Says hello.\nfunction hello(name) end", "-- Says hello.\nfunction hello(name) end", "t", env)()
  local text = describe("hello", { env = env })
  has(text, "hello(name)")
  has(text, "Says hello.")
end)

test("a comment that is not right above belongs to something else", function()
  local source = "-- A title.\n\nfunction f() end"
  local env = {}
  load(source, source, "t", env)()
  equal(values.entry_of(env.f).text, "")
end)

-- Describing -------------------------------------------------------------------------------------------------------

test("a page has the signature, the text, the parameters and the fields of options", function()
  local text = describe("async.create_task")
  has(text, "async.create_task(x, options?) -> async.Task\n")
  has(text, "Starts a task of a Coroutine")
  has(text, "options may have")
  has(text, "eager?")
end)

test("names of the session are looked up first: locals, then globals", function()
  local locals = new_locals()
  module_file("repl/entry").compile("local f, n = async.sleep, nil", "=test", _G, locals):run()
  has(describe("f", { locals = locals }), "async.sleep(seconds, ...)")
  equal(describe("n", { locals = locals }), "n = nil")
  has(describe("x", { env = { x = { 1, 2 } } }), "x = {1, 2}")
end)

test("a method of an object of the session", function()
  has(describe("q:put", { env = { q = async.Queue() } }), "Queue:put(item)")
  has(describe("e.is", { env = { e = async.ValueError("x") } }), "is")
end)

test("an object shows its value and its class", function()
  local text = describe("future", { env = { future = async.Future() } })
  has(text, "future = <Future pending>")
  has(text, "async.Future")
  has(text, "set_result(...)")
end)

test("a documented value shows its text", function()
  has(describe("math.pi"), "math.pi = 3.14159")
  has(describe("math.pi"), "circle")
end)

test("a value of the user's under a documented name is the user's", function()
  equal(describe("print", { env = { print = 3 } }), "print = 3")
  local real <close> = setmetatable({ print }, { __close = function(kept) print = kept[1] end })
  print = 3
  equal(describe("print"), "print = 3")
end)

test("a keyword is explained", function()
  has(describe("goto"), "label")
end)

test("what is unknown gets a suggestion", function()
  equal(describe("asnyc.slep"), "nothing is known of 'asnyc.slep'; did you mean async.sleep?")
  equal(describe("pritn"), "nothing is known of 'pritn'; did you mean print?")
  has(describe("async.crete_task"), "async.create_task")
  equal(describe("zzzzzz"), "nothing is known of 'zzzzzz'")
end)

test("describing runs nothing", function()
  local env = setmetatable({}, { __index = function() error("asked") end })
  env.trap = setmetatable({}, { __index = function() error("asked") end, __tostring = function() error("said") end })
  has(describe("trap.x", { env = env }), "nothing is known")
  has(describe("trap", { env = env }), "trap = {}")
end)

test("any text can be asked for", function()
  for _, text in ipairs { "", " ", "1+1", "a b", "a.", ".a", "a:", "(", "f(", "'x'", "x.y.z:w", "a[1]", "\xFF", "{}",
    "function", "--", "[[" } do
    check(type(describe(text)) == "string")
  end
end)

test("pages keep to the width", function()
  for _, width in ipairs { 20, 40, 80 } do
    for name in pairs(docs.index().classes) do
      for text in describe(name, { width = width }):gmatch("[^\n]+") do
        check(width < 80 or utf8.len(text) <= width or not text:sub(1, width):find("%s%S+%s"), text)
      end
    end
  end
end)

-- Topics -----------------------------------------------------------------------------------------------------------

local topics = module_file("repl/topics").list

-- The code of a topic as the prompt would read it: an entry for each line, or several lines that belong together.
local function entries_of(text)
  local entry, entries, current = module_file("repl/entry"), {}, nil
  for code in text:gmatch("\n    ([^\n]*)") do
    current = current and current .. "\n" .. code or code
    if entry.is_complete(current) then
      entries[#entries + 1], current = current, nil
    end
  end
  check(current == nil, current)
  return entries
end

local function run_topic(text)
  local entry, printer, locals = module_file("repl/entry"), module_file("repl/printer"), new_locals()
  local real_print <close> = setmetatable({ print }, { __close = function(kept) print = kept[1] end })
  print = function() end
  for number, code in ipairs(entries_of(text)) do
    local wanted = code:match("%-%->%s*([^\n]*)$")
    local results = assert(entry.compile(code, "=" .. number, _G, locals)):run()
    if wanted then equal(printer.show_values(nil, table.unpack(results, 1, results.n)), wanted, code) end
  end
end

for _, topic in ipairs(topics) do
  test("the code of the topic " .. topic.name .. " runs, and shows what is said", { clock = "real" }, function()
    run_topic("\n" .. topic.text)
  end)
end

test("a topic is a screenful", function()
  for _, topic in ipairs(topics) do
    local text = docs.topic(topic.name, { width = 80 })
    local _, lines = text:gsub("\n", "")
    check(lines < 32, topic.name .. " has " .. lines)
    for one in text:gmatch("[^\n]+") do check(utf8.len(one) <= 80, one) end
  end
end)

test("topics are found by name", function()
  check(#docs.topic_names() >= 10)
  equal(docs.topic("no such topic"), nil)
  check(docs.topic("tasks", { colour = true }):find("\27[1m", 1, true))
end)

test("every name that a topic points to is known", function()
  for _, topic in ipairs(topics) do
    for name in topic.text:gmatch("%?([%a_][%w_.:]*[%w_])") do
      check(name == "name" or docs.find(name), ("?%s of %s"):format(name, topic.name))
    end
    for name in topic.text:gmatch("%.help (%l+)") do check(docs.topic(name), name) end
  end
end)

-- lua54.d.lua ------------------------------------------------------------------------------------------------------

local compatibility = { atan2 = true, cosh = true, frexp = true, ldexp = true, log10 = true, pow = true, sinh = true,
  tanh = true }
local ours = { async = true, await = true, neap = true }
local tests_own = { test = true, check = true, equal = true, raises = true, misuse = true, elapsed = true,
  reports = true,
  churn = true, support = true, sanitized = true, stressed = true, module_file = true, neap_binary = true }

local function compare(holder, space, what, ignored)
  local problems = {}
  local function add(name, problem)
    if not ignored[name] then problems[#problems + 1] = what .. name .. problem end
  end
  for name in next, holder do
    if not space.members[name] then add(name, " is not in the stub") end
  end
  for name in pairs(space.members) do
    if rawget(holder, name) == nil then add(name, " does not exist") end
  end
  table.sort(problems)
  equal(problems, {})
end

test("the stub has every global of Lua's", function()
  local ignored = { arg = true }
  for name in pairs(ours) do ignored[name] = true end
  for name in pairs(tests_own) do ignored[name] = true end
  compare(_G, docs.index().globals, "", ignored)
end)

for _, name in ipairs { "string", "table", "math", "io", "os", "coroutine", "utf8", "package", "debug" } do
  test("the stub has what is in " .. name .. ", and nothing else", function()
    compare(_G[name], docs.index().modules[name], name .. ".", name == "math" and compatibility or {})
  end)
end

test("the stub has the methods of files", function()
  compare(debug.getmetatable(io.stdout).__index, docs.index().classes["file*"], "file:", {})
end)

test("each function of Lua's has a text, and the number of parameters that Lua's manual gives", function()
  for _, space in ipairs { docs.index().globals, docs.index().modules.string, docs.index().modules.math } do
    for name, entry in pairs(space.members) do
      check(ours[name] or (entry.text or "") ~= "", name .. " has no text")
    end
  end
  equal(#docs.find("string.find").params, 4)
  equal(#docs.find("table.move").params, 5)
  equal(#docs.find("utf8.codepoint").params, 4)
end)
