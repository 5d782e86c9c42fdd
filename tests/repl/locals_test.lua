-- Locals that persist from entry to entry (repl/locals.lua, repl/entry.lua).
local entry = module_file("repl/entry")
local new_locals = module_file("repl/locals").new

-- A session without a prompt: run(text) gives what the entry gives, or raises.
local function session(env)
  local locals, count = new_locals(), 0
  env = env or setmetatable({}, { __index = _G })
  return function(text, ...)
    count = count + 1
    local fn, problem = entry.compile(text, ("=[%d]"):format(count), env, locals)
    if not fn then error(problem, 0) end
    local results = fn:run(...)
    return table.unpack(results, 1, results.n)
  end, locals, env
end

test("a local of one entry is there in the next", function()
  local run = session()
  run "local x = 41"
  equal(run "x + 1", 42)
  run "x = x * 2"
  equal(run "x", 82)
end)

test("functions of different entries share a variable", function()
  local run = session()
  run "local n = 0"
  run "local function add() n = n + 1 return n end"
  run "add() n = n + 10"
  equal(run "add()", 12)
  equal(run "n", 12)
end)

test("declaring a local again makes a new variable", function()
  local run = session()
  run "local x = 1; local function old() return x end"
  run "local x = 2"
  equal(run "old()", 1)
  equal(run "x", 2)
  run "local x = x + 5"
  equal(run "x", 7)
end)

test("a local that hides a global may be made of it", function()
  local run, _, env = session()
  env.limit = 5
  run "local limit = limit + 1"
  equal(run "limit", 6)
  equal(env.limit, 5)
end)

test("a declaration without a value is nil and hides a global", function()
  local run, locals, env = session()
  env.a = 1
  run "local a, b"
  equal(run "a", nil)
  equal(table.concat(locals:names(), ","), "a,b")
end)

test("what an entry declared before it failed is kept", function()
  local run = session()
  raises("boom", function() run "local a = 1; error('boom'); local b = 2" end)
  equal(run "a", 1)
  equal(run "b", nil)
end)

test("locals of inner blocks are not kept", function()
  local run, locals = session()
  run "do local a = 1 end; for i = 1, 2 do local b = i end; if true then local c end; while false do local d end; repeat local e until true"
  run "local function f() local g = 1 return g end; local t = { f = function() local h = 1 return h end }"
  equal(table.concat(locals:names(), ","), "f,t")
end)

test("the end of a declaration is found wherever it is", function()
  local run, locals = session()
  run [==[
local a = function(x) local y = x return y end local b = { 1, { 2 }, f = function() end }
local c = ("x"):rep(3):upper() .. [[ y ]] local d = a"z" .. #b local e = not -#b
local f <const>, g = 3, b[1] + (b)[2][1] local h = b
.f
local i = ... print = print
local j, k = a{1}, ( function() return 7 end )() ; local l = 2^-1 // 1 ~ 5
local m = nil local n = a
(5)]==]
  equal(table.concat(locals:names(), ","), "a,b,c,d,e,f,g,h,i,j,k,l,m,n")
  equal(run "c", "XXX y ")
  equal(run "k", 7)
  equal(run "n", 5)
  equal(run "f + g", 3 + 1 + 2)
end)

test("comments and strings that look like code change nothing", function()
  local run, locals = session()
  run "local a = 1 -- local b = 2\nlocal c = [[local d = 3 end]] --[==[ local e ]==] local f = 'end'"
  equal(table.concat(locals:names(), ","), "a,c,f")
end)

test("a constant stays one, also when the compiler knows its value", function()
  local run = session()
  run "local a <const> = 5; local b <const> = { 1 }"
  equal(run "a + b[1]", 6)
  raises("attempt to assign to const variable 'a'", function() run "a = 6" end)
  raises("attempt to assign to const variable 'b'", function() run "b = 6" end)
  run "local function f() return a end"
  equal(run "f()", 5)
end)

test("a variable to be closed is closed at the end of its entry and not kept", function()
  local run, locals, env = session()
  run "closed = 0; local c <close> = setmetatable({}, { __close = function() closed = closed + 1 end }); local d = 1"
  equal(env.closed, 1)
  equal(table.concat(locals:names(), ","), "d")
end)

test("an entry that returns in the middle of its text keeps its locals", function()
  local run = session()
  equal(run "local a = 3; return a * 2", 6)
  equal(run "a", 3)
end)

test("a loop by goto declares each time", function()
  local run = session()
  run "fs = {}; n = 0 ::again:: local v = n fs[#fs + 1] = function() return v end n = n + 1 if n < 3 then goto again end"
  equal(run "fs[1]() + fs[2]() * 10 + fs[3]() * 100", 210)
  equal(run "v", 2)
end)

test("_ENV as a local is the environment of what follows", function()
  local run = session()
  run "local _ENV = { y = 5 }"
  equal(run "y", 5)
  run "z = 6"
  equal(run "_ENV.z", 6)
end)

test("lines of an entry are counted as they are typed", function()
  local run = session()
  run "local a = 1"
  raises("%[2%]:3: here", function() run "a = 2\na = 3\nerror('here')" end)
end)

test("an entry that mentions too many locals says so", function()
  local run = session()
  local all = {}
  for block = 0, 1 do
    local names = {}
    for i = 1, 120 do names[i] = ("v%d"):format(block * 120 + i) end
    run("local " .. table.concat(names, ",") .. " = 1")
    for _, name in ipairs(names) do all[#all + 1] = name end
  end
  equal(run "v1", 1)
  raises("mentions 240 locals of earlier ones, and may mention 190", function() run("return #{" .. table.concat(all, ",") .. "}") end)
end)

test("an entry is complete when Lua could run it, or never could", function()
  for _, text in ipairs { "", "x", "x = 1", "f(1)", "for i = 1, 2 do end", "}", "local x = 'abc", "return 1", "1 +* 2", "-- note" } do
    check(entry.is_complete(text), text)
  end
  for _, text in ipairs { "f(", "x =", "for i = 1, 2 do", "function f()", "local t = {", "if x then", "[[ long", "--[[ note", "'abc\\", "a.", "x = 1 +", "x +", "x and" } do
    check(not entry.is_complete(text), text)
  end
end)

test("text that tries to close what is put around it is an error", function()
  local run = session()
  run "local a = 1"
  raises("<eof>", function() run "a = 2 end do" end)
end)
