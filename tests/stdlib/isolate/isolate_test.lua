-- neap.isolate, without what the kernel holds: that is in tests/interp/isolate_confined_test.cpp.
local isolate = require "neap.isolate"

local define = test

-- Processes take real time.
local function test(name, fn)
  define(name, { clock = "real" }, fn)
end

local function start(options)
  options = options or {}
  options.confine = false
  return isolate.start(options)
end

local function kill(box)
  os.execute("kill -9 " .. box.pid)
end

-- What crosses.

test("every kind of data crosses both ways and stays what it was", function()
  local box <close> = start()
  box:run("function echo(...) return ... end")
  local values = { true, false, 1, -1, math.maxinteger, math.mininteger, 1.5, 1 / 0, "", "a\0\xff", { 1, { 2 }, x = { y = "z" } } }
  for _, value in ipairs(values) do
    local back = box:call("echo", value)
    equal(back, value)
    equal(math.type(back), math.type(value))
  end
  equal(table.pack(box:call("echo", nil, 1, nil)), { nil, 1, nil, n = 3 })
  local nan = box:call("echo", 0 / 0)
  check(nan ~= nan)
  equal(math.type(box:call("echo", 3.0)), "float")
  equal(table.pack(box:call("echo")), { n = 0 })
end)

test("a table that occurs twice is two tables, and one that holds itself is refused", function()
  local box <close> = start()
  local shared = { 1 }
  local back = box:run("return ...", nil, { shared, shared })
  equal(back, { { 1 }, { 1 } })
  check(back[1] ~= back[2])
  local loop = {}
  loop.self = { loop }
  raises("ValueError: argument 3 of Isolate:run.self%[1%] holds itself", box.run, box, "", nil, loop)
end)

test("what cannot cross is refused at its place, on both sides", function()
  local box <close> = start()
  raises("TypeError: argument 2 of Isolate:call%.list%[2%] is a function", box.call, box, "f", { list = { 1, print } })
  raises("TypeError: argument 2 of Isolate:call is a Lock, which stays", box.call, box, "f", async.Lock())
  raises("TypeError: argument 2 of Isolate:call is a .*thread", box.call, box, "f", coroutine.create(print))
  raises('TypeError: result 2%["a b"%] is a function', box.run, box, "return 1, { ['a b'] = print }")
  local deep = {}
  for _ = 1, 100 do deep = { deep } end
  raises("nested more than 100 tables deep", box.call, box, "f", deep)
  equal(box:run("return 1"), 1)
end)

test("what is nested too deep is refused at the caller's line, and its place is told in short", function()
  local box <close> = start()
  local deep = {}
  for _ = 1, 5000 do deep = { deep } end
  local _, err = async.catch(function() box:call("f", deep) end)
  equal(err.message, "argument 2 of Isolate:call" .. ("[1]"):rep(9) .. "... is nested more than 100 tables deep")
  assert(err.traceback:find("^[^\n]*isolate_test.lua:"), err.traceback)
end)

test("a large string crosses, and what is larger than a message does not", function()
  local box <close> = start { max_message = 1000000 }
  equal(#box:run("return ...", nil, ("x"):rep(999000)), 999000)
  raises("ValueError: argument 3 of Isolate:run is larger than a message may be %(1000000 bytes%)", box.run, box, "", nil,
    ("x"):rep(1000000))
  raises("ValueError: result 1 is larger than a message may be", box.run, box, "return ('x'):rep(1000000)")
  equal(box:run("return 1"), 1)
end)

-- Errors.

test("errors keep their class and message", function()
  local box <close> = start()
  raises("^code:1: no$", box.run, box, "error 'no'", "=code")
  local err = raises(async.ValueError, box.run, box, "error(async.ValueError('bad'))")
  equal(err.message, "bad")
  raises("^Error: Mine: own$", box.run, box, "error(async.class('Mine', async.Error)('own'))")
  equal(raises("", box.run, box, "error({ code = 7 })").code, 7)
  raises("RuntimeError: cancelled in its process: why", box.run, box, "async.current_task():cancel('why') async.sleep(0)")
  raises("Error: function: ", box.run, box, "error(print)")
  raises("unexpected symbol", box.run, box, "return +", "=code")
  raises("attempt to load a binary chunk", box.run, box, string.dump(function() end))
end)

test("names are globals, or fields of tables", function()
  local box <close> = start()
  box:set("a.b.c", 1)
  equal(box:get("a.b.c"), 1)
  equal(box:get("a.x.y"), nil)
  equal(box:get("nothing"), nil)
  box:run("handlers = { add = function(a, b) return a + b end }")
  equal(box:call("handlers.add", 1, 2), 3)
  raises("TypeError: there is no function 'handlers.sub' in the isolate", box.call, box, "handlers.sub")
  for _, name in ipairs { "", ".", "a.", ".a", "a..b" } do raises(async.ValueError, box.get, box, name) end
end)

-- Functions of this side.

test("a function that is set calls back, may wait, and may fail", function()
  local box <close> = start()
  box:set("twice", function(x)
    async.sleep(0.001)
    return x * 2, "and more"
  end)
  box:set("fail", function() error(async.ValueError("here")) end)
  box:set("table.of", function(...) return select("#", ...) end)
  equal({ box:run("return twice(21)") }, { 42, "and more" })
  raises("ValueError: here", box.run, box, "fail()")
  equal(box:run("local ok, e = pcall(fail) return e:is(async.ValueError), e.message"), true)
  equal(box:run("return table.of(nil, nil)"), 2)
  box:set("bad", function() return print end)
  raises("TypeError: result 1 of bad is a function", box.run, box, "bad()")
  raises("TypeError: argument 1 of twice is a function", box.run, box, "twice(print)")
end)

test("calls go both ways at once, and within each other", function()
  local box <close> = start()
  box:set("down", function(n) return n == 0 and 0 or 1 + box:call("up", n - 1) end)
  box:run("function up(n) return n == 0 and 0 or 1 + down(n - 1) end")
  equal(box:call("up", 20), 20)
  box:run("function wait(i) async.sleep(0.001 * (i % 7)) return i end")
  local results = async.map({ 5, 4, 3, 2, 1, 100, 50 }, function(i) return box:call("wait", i) end)
  equal(results, { 5, 4, 3, 2, 1, 100, 50, n = 7 })
end)

test("more calls of functions at once than are served end it", function()
  local box <close> = start()
  box:set("stay", function() async.sleep(1000) end)
  raises("killed, because it sent more than 1000 calls of functions at once", box.run, box,
    "for i = 1, 1001 do async.spawn(stay) end async.sleep(1000)")
end)

-- The end.

test("a limit that is exceeded ends it, and all its calls", function()
  local box <close> = start { limits = { step = 0.1 } }
  local waiting = async.spawn(box.run, box, "async.sleep(1000)")
  local err = raises(async.LimitError, box.run, box, "while true do pcall(string.find, 'x', 'y', 1, true) end")
  check(err.message:find("limit of a step", 1, true))
  raises(async.LimitError, await, waiting)
  check(not box:running())
  raises(async.LimitError, box.get, box, "x")
end)

test("memory and tasks are limited too, also by code that catches everything", function()
  for limits, code in pairs {
    [{ memory = 10000000 }] = "local t = {} while true do pcall(function() t[#t + 1] = ('x'):rep(1000) .. #t end) end",
    [{ tasks = 50 }] = "while true do async.catch(function() async.spawn(async.sleep, 100) async.sleep(0) end) end",
  } do
    local box <close> = start { limits = limits }
    raises(async.LimitError, box.run, box, code)
  end
end)

test("one that is killed, or leaves, fails its calls and says how", function()
  local killed <close> = start()
  local waiting = async.spawn(killed.run, killed, "async.sleep(1000)")
  killed:run("return 1")
  kill(killed)
  raises("RuntimeError: the process of the isolate was killed by SIGKILL", await, waiting)
  raises("was killed by SIGKILL", killed.run, killed, "return 1")
  equal(tostring(killed), ("<Isolate of process %d ended>"):format(killed.pid))
  local left <close> = start()
  raises("has ended with status 3", left.run, left, "os.exit(3, true)")
end)

test("a call that is given up is cancelled there, with its cleanup", function()
  local box <close> = start()
  local cleaned = async.Event()
  box:set("cleaned", function() cleaned:set() end)
  local ok = async.move_on_after(0.05, box.run, box, [[
    local guard <close> = setmetatable({}, { __close = function() async.sleep(0.01) cleaned() end })
    async.sleep(1000)]])
  equal(ok, false)
  check(cleaned:is_set())
  equal(box:run("return 1"), 1)
end)

test("what does not end when it is given up is killed", function()
  local box <close> = start { grace = 0.1 }
  equal(async.move_on_after(0.05, box.run, box, "while true do end"), false)
  check(not box:running())
  raises("killed: a call that was given up had not ended after 0.1 seconds", box.get, box, "x")
end)

test("closing runs the cleanup of its tasks; terminating does not", function()
  for _, method in ipairs { "close", "terminate" } do
    local printed = {}
    local box <close> = start { output = function(name, text) printed[#printed + 1] = name .. ":" .. text end }
    box:run [[async.spawn(function()
      local guard <close> = setmetatable({}, { __close = function() print "cleaned" end })
      async.sleep(1000)
    end) async.sleep(0)]]
    box[method](box)
    equal(table.concat(printed), method == "close" and "stdout:cleaned\n" or "")
    equal(box:running(), false)
    raises("the isolate has been closed", box.get, box, "x")
    box[method](box)
  end
end)

test("what does not end when it is closed is killed", function()
  local box <close> = start { grace = 0.1 }
  box:run("async.spawn(function() while true do async.catch(async.sleep, 1000) end end) async.sleep(0)")
  box:close()
  check(not box:running())
end)

test("cleanup may call functions of this side while it is closed", function()
  local said = {}
  do
    local box <close> = start()
    box:set("say", function(n)
      said[#said + 1] = n or "none"
      return nil, 1, nil
    end)
    box:run [[async.spawn(function()
      local guard <close> = setmetatable({}, { __close = function() say(select("#", say())) end })
      async.sleep(1000)
    end) async.sleep(0)]]
  end
  equal(said, { "none", 3 })
end)

test("an error that leaves the block terminates it", function()
  local box, waiting
  local loop = async.get_running_loop()
  local begun = loop:time()
  pcall(function()
    local inner <close> = start { grace = 1000 }
    box = inner
    waiting = async.spawn(inner.run, inner, "while true do end")
    async.sleep(0.05)
    error "out"
  end)
  check(not box:running())
  check(loop:time() - begun < 500)
  raises("the isolate has been closed", await, waiting)
end)

test("starting one that is given up leaves no process", function()
  local task = async.spawn(start)
  async.sleep(0)
  task:cancel()
  raises(async.CancelledError, await, task)
end)

-- Options.

test("output goes to the function, in order and to its end", function()
  local texts = { stdout = "", stderr = "" }
  do
    local box <close> = start { output = function(name, text) texts[name] = texts[name] .. text end }
    box:run("for i = 1, 1000 do print(i) end io.stderr:write('err') io.write('end')")
  end
  local expected = {}
  for i = 1, 1000 do expected[i] = i .. "\n" end
  equal(texts, { stdout = table.concat(expected) .. "end", stderr = "err" })
end)

test("arguments, and an empty standard input", function()
  local box <close> = start { arguments = { "a", "b c" } }
  equal({ box:run("return arg[1], arg[2], #arg, ...") }, { "a", "b c", 2 })
  equal(box:run("return io.read()"), nil)
  equal(box:run("return async.stdin:read('a')"), "")
end)

test("a directory is where require looks, and nothing else is read", function()
  local directory <close> = neap.fs.tempdir()
  local path = directory.path
  neap.fs.write(path .. "/helper.lua", "return { answer = 42 }")
  neap.fs.write(path .. "/main.lua", "#!/usr/bin/env neap\nreturn require('helper').answer, ...")
  local box <close> = start { directory = path }
  equal({ box:run_file(path .. "/main.lua", "x") }, { 42, "x" })
  raises("PermissionError", box.run, box, "assert(io.open('/etc/passwd'))")
  raises("ENOENT", box.run_file, box, path .. "/missing.lua")
  local open <close> = start { sandbox = { read = { "/etc/passwd" } } }
  check(open:run("return io.open('/etc/passwd'):read('a')"):find("root"))
end)

test("the environment of a sandboxed one is what was allowed", function()
  local shown <close> = start { sandbox = { env = { "HOME" } } }
  equal(shown:run("return os.getenv('HOME')"), os.getenv("HOME"))
  local none <close> = start { sandbox = false }
  equal(none:run("return require('neap.permissions').is_sandboxed()"), false)
end)

test("wrong options are named at the caller's line", function()
  for expected, options in pairs {
    ["has no option 'sandboxed'"] = { sandboxed = true },
    ["the option 'sandbox' of isolate.start must be a table or a boolean, got string"] = { sandbox = "pure" },
    ["'read' of the option 'sandbox' must be true, false or a list of strings, got string"] = { sandbox = { read = "/" } },
    ["'thread' of the option 'sandbox' must be true, false, got table"] = { sandbox = { thread = {} } },
    ["'read' 1 of the option 'sandbox' must be a string, got number"] = { sandbox = { read = { 1 } } },
    ["must not be empty nor have a comma"] = { sandbox = { read = { "a,b" } } },
    ["the option 'grace' of isolate.start must be positive, got 0"] = { grace = 0 },
    ["the option 'max_message' of isolate.start must be 1 or more, got 0"] = { max_message = 0 },
    ["must be at most 4294967295"] = { max_message = 1 << 33 },
    ["argument 2 in the option 'arguments' of isolate.start must be a string, got number"] = { arguments = { "a", 1 } },
    ["no limit 'cpu'"] = { limits = { cpu = 1 } },
  } do
    raises(expected:gsub("%p", "%%%0"), isolate.start, options)
  end
end)

test("a program that is not neap is no isolate", function()
  raises("OSError", start, { program = "/nowhere/neap" })
  raises("has ended with status", start, { program = "/bin/false" })
  local directory <close> = neap.fs.tempdir()
  local path = directory.path .. "/garbage"
  for expected, code in pairs {
    ["a message of 2021161080 bytes"] = "printf xxxxxxxxxxxx",
    ["what is no message"] = "printf '\\001\\000\\000\\000?'",
    ["a message that makes no sense"] = "printf '\\002\\000\\000\\000tt'",
    ["has ended with status 0"] = "printf '\\377\\000\\000\\000'",
    -- The answer to the first request, with a value that is none.
    ["sent a message that makes no sense"] = "printf '\\033\\000\\000\\000"
      .. "s\\006\\000\\000\\000answeri\\001\\000\\000\\000\\000\\000\\000\\000ts\\001\\000\\000\\000?'",
  } do
    neap.fs.write(path, "#!/bin/sh\nexec >&0\n" .. code .. "\nsleep 0.2\n")
    neap.fs.chmod(path, tonumber("700", 8))
    raises(expected, start, { program = path })
  end
end)
