// What crosses from one state to another, and what it is there.
#include "tests/support/two_states.hpp"

#include <catch2/catch_test_macros.hpp>

using neap::internal::tests::TwoStates;

namespace {

void check(const char* script) {
  TwoStates states;
  CAPTURE(script);
  CHECK(states.run(script) == "");
  CHECK(lua_gettop(states.there().state()) == 0);
}

}  // namespace

TEST_CASE("parcel: scalars come back as they were", "[thread]") {
  check(R"(
    local values = table.pack(copy(nil, true, false, 0, -16, -17, 111, 112, 2^31 | 0, math.mininteger, math.maxinteger, nil))
    assert(values.n == 12)
    for i, v in ipairs { true, false, 0, -16, -17, 111, 112, 2^31 | 0, math.mininteger, math.maxinteger } do
      assert(values[i + 1] == v and math.type(values[i + 1]) == math.type(v), i)
    end
  )");
}

TEST_CASE("parcel: floats stay floats, with -0.0, NaN and the infinities", "[thread]") {
  check(R"(
    local one, zero, nan, inf = copy(1.0, -0.0, 0/0, -1/0)
    assert(math.type(one) == "float" and one == 1)
    assert(1 / zero == -1/0)
    assert(nan ~= nan and inf == -1/0)
  )");
}

TEST_CASE("parcel: strings of any bytes and length", "[thread]") {
  check(R"(
    for _, n in ipairs { 0, 1, 40, 41, 255, 256, 257, 16383, 16384, 16385, 1 << 20 } do
      local text = ("a\0\255\n"):rep(n // 4 + 1):sub(1, n)
      assert(copy(text) == text)
    end
    local many = {}
    for i = 1, 2000 do many[i] = "text " .. i % 700; many["key " .. i % 600] = i end
    local back = copy(many)
    for k, v in pairs(many) do assert(back[k] == v) end
  )");
}

TEST_CASE("parcel: tables with cycles and shared parts", "[thread]") {
  check(R"(
    local shared = { "s" }
    local t = { 1, 2, nil, 4, a = shared, b = shared, [3.5] = true, [false] = "no" }
    t.self, t[shared], t.list = t, t, { t, { t } }
    local back, again = copy(t, shared)
    assert(back ~= t and back.self == back and back.a == back.b and back.a == again and back[back.a] == back)
    assert(back.list[2][1] == back and back[1] == 1 and back[3] == nil and back[4] == 4 and back[3.5] and back[false] == "no")
  )");
}

TEST_CASE("parcel: a list of 400,000 links", "[thread]") {
  check(R"(
    local list
    for i = 1, 400000 do list = { next = list } end
    local back, count = copy(list), 0
    while back do back, count = back.next, count + 1 end
    assert(count == 400000)
  )");
}

TEST_CASE("parcel: functions run there with their upvalues and its globals", "[thread]") {
  check(R"(
    here = true
    local n, t = 5, { 1 }
    local function f(x) n = n + x; return n, t, here, print == nil end
    local ok, sum, list, global, none = run(f, 2)
    assert(ok and sum == 7 and list[1] == 1 and global == nil and none == false and n == 5)
    local function fib(i) if i < 2 then return i end return fib(i - 1) + fib(i - 2) end
    assert(select(2, run(fib, 10)) == 55)
  )");
}

TEST_CASE("parcel: functions of one parcel share their upvalues", "[thread]") {
  check(R"(
    local n = 0
    local object = { add = function(x) n = n + x end, get = function() return n end }
    local ok, got = run(function(o) o.add(3) o.add(4) return o.get() end, object)
    assert(ok and got == 7 and n == 0)
  )");
}

TEST_CASE("parcel: what belongs to Lua and neap goes by name", "[thread]") {
  check(R"(
    local back = { copy(print, string.rep, async.sleep, async.gather, string, async, require, _G, neap, await, async.subprocess.PIPE) }
    local names = { print, string.rep, async.sleep, async.gather, string, async, require, _G, neap, await, async.subprocess.PIPE }
    for i = 1, #names do assert(rawequal(back[i], names[i]), i) end
    local rep, sleep = string.rep, async.sleep
    local ok, text, same = run(function() return rep("x", 3), sleep == async.sleep end)
    assert(ok and text == "xxx" and same)
  )");
}

TEST_CASE("parcel: async functions and generator functions", "[thread]") {
  check(R"(
    local k = 4
    local f, g = async(function(x) return x * k end), async.generator(function() coroutine.yield(k) end)
    local ok, coroutine, generator = run(function(...) local a, b = ... return tostring(a(2)), tostring(b()) end, f, g)
    assert(ok and coroutine:find("Coroutine") and generator:find("enerator"), generator)
    local a, b = copy(f, { f, f })
    assert(b[1] == b[2] and a == b[1])
  )");
}

TEST_CASE("parcel: errors keep class, message, traceback, fields and cause", "[thread]") {
  check(R"(
    local ok, err = run(function()
      local cause = async.ValueError("inner", { code = 7 })
      error(async.OSError("outer", { cause = cause, list = { 1, 2 } }))
    end)
    assert(not ok and async.is(err, async.OSError) and err.message == "outer" and err.list[2] == 2)
    assert(async.is(err.cause, async.ValueError) and err.cause.code == 7 and type(err.traceback) == "string")
    for name, class in pairs(async) do
      if type(class) == "table" and rawget(class, "__base") then
        local e = name == "ExceptionGroup" and class("m", { async.Error("x") }) or class("m")
        assert(getmetatable(copy(e)) == class and copy(e).message == "m" and copy(class) == class)
      end
    end
    local group = copy(async.ExceptionGroup("g", { async.TimeoutError("t") }))
    assert(async.is(group.exceptions[1], async.TimeoutError) and tostring(group) == "ExceptionGroup: g")
  )");
}

TEST_CASE("parcel: a script's own classes come back as themselves", "[thread]") {
  check(R"(
    local Base = async.class("Base", async.ValueError)
    function Base.hint(e) return "hint of " .. e.message end
    local Mine = async.class("Mine", Base)
    local ok, err = run(function() error(Mine("bad", { n = 1 })) end)
    assert(not ok and getmetatable(err) == Mine and err.n == 1 and err:hint() == "hint of bad")
    local ok, name, hint, is = run(function(e) return tostring(e), e:hint(), async.is(e, Base) and async.is(e, async.ValueError) end, Mine("x"))
    assert(ok and name == "Mine: x" and hint == "hint of x" and is)
    assert(copy(Mine) == Mine and copy(Base) == Base)
  )");
}

TEST_CASE("parcel: a long string that is met twice is sent once", "[thread]") {
  check(R"(
    local text = ("x"):rep(1 << 20)
    assert(size({ text, text, { text } }) < 1.1 * (1 << 20))
    local back = copy { text, text, { text } }
    assert(back[1] == text and back[3][1] == text)
    local medium = ("y"):rep(300)
    local list = {}
    for i = 1, 1000 do list[i] = medium end
    assert(size(list) < 10000 and copy(list)[1000] == medium)
  )");
}

TEST_CASE("parcel: the null pointer crosses", "[thread]") {
  TwoStates states;
  lua_pushlightuserdata(states.here().state(), nullptr);
  lua_setglobal(states.here().state(), "null");
  CHECK(states.run("assert(copy(null) == null and copy({ a = null }).a == null)") == "");
}

TEST_CASE("parcel: metamethods are not called", "[thread]") {
  check(R"(
    local function no() error("called") end
    local e = async.Error("m")
    local Mine = async.class("Mine")
    for _, name in ipairs { "__pairs", "__len", "__newindex", "__eq", "__name" } do Mine[name] = no end
    local back = copy(Mine("m", { 1, 2, 3 }))
    assert(rawget(back, 3) == 3)
    setmetatable(_G, { __index = no, __newindex = no })
    assert(rawget(select(2, run(function() return { _G == nil } end)), 1) == false)
  )");
}

TEST_CASE("parcel: a function keeps its lines and names for tracebacks", "[thread]") {
  check(R"(
    local function outer()
      local function inner() error("here") end
      inner()
    end
    local ok, err = run(outer)
    assert(not ok and err:find(":3: here", 1, true), err)
  )");
}

TEST_CASE("parcel: code that was repaired stays repaired", "[thread]") {
  check(R"(
    local function f()
      local last
      for i, v in ipairs { 1, 2, 3 } do
        last = function() return v end
        if v == 2 then break end
      end
      return select("#", string.byte("abc", 1, -1)), last()
    end
    local ok, count, v = run(f)
    assert(ok and count == 3 and v == 2)
  )");
}

TEST_CASE("parcel: a module goes by name, and objects of its classes", "[thread]") {
  check(R"(
    local source = [[
      local Point = {}
      Point.__index = Point
      function Point.new(x) return setmetatable({ x = x }, Point) end
      function Point:twice() return 2 * self.x end
      return { Point = Point, text = "loaded here" }
    ]]
    local name = os.tmpname()
    local file <close> = io.open(name .. ".lua", "w")
    file:write(source)
    file:close()
    local directory, module = name:match("^(.*)/([^/]*)$")
    package.path = directory .. "/?.lua"
    run(function(path) package.path = path end, package.path)
    local m = require(module)
    m.text = "changed"
    local ok, same, text, twice, object = run(function(p)
      return package.loaded[module] == m, m.text, p:twice(), m.Point.new(4)
    end, m.Point.new(21))
    os.remove(name) os.remove(name .. ".lua")
    assert(ok and same and text == "loaded here" and twice == 42)
    assert(getmetatable(object) == m.Point and object.x == 4)
  )");
}

TEST_CASE("parcel: a module that the receiver cannot find is an error there", "[thread]") {
  check(R"(
    package.loaded.only_here = { f = 1 }
    local ok, err = pcall(copy, package.loaded.only_here)
    assert(not ok and tostring(err):find("module 'only_here' not found", 1, true), err)
    package.loaded.string.only_here = coroutine.wrap(print)
    local ok, err = pcall(copy, string.only_here)
    assert(not ok and tostring(err):find("module 'string' has no 'only_here' in this thread", 1, true), err)
  )");
}

TEST_CASE("parcel: a function that has moved is found where it is now", "[thread]") {
  check(R"(
    local rep = string.rep
    assert(copy(rep) == rep)
    string.rep, string.other = nil, rep
    run(function() string.other = string.rep end)
    assert(copy(rep) == rep)
    string.rep = print
    assert(copy(print) == print and copy(rep) == rep)
  )");
}

TEST_CASE("parcel: many objects of one class", "[thread]") {
  check(R"(
    local function define()
      local P = { __index = { twice = function(p) return 2 * p.n end } }
      package.loaded.points = { P = P }
      return package.loaded.points
    end
    local P = define().P
    run(define)
    local list = {}
    for i = 1, 5000 do list[i] = setmetatable({ n = i }, P) end
    local back = copy(list)
    for i = 1, 5000 do assert(getmetatable(back[i]) == P and back[i]:twice() == 2 * i) end
    local once, class = copy(list[1], P)
    assert(getmetatable(once) == P)
  )");
}

TEST_CASE("parcel: a class that both states have in a module is the same", "[thread]") {
  check(R"(
    local function define() package.loaded.errs = { Gone = async.class("Gone") } end
    define()
    run(define)
    local ok, err = run(function() error(package.loaded.errs.Gone("away")) end)
    assert(not ok and getmetatable(err) == package.loaded.errs.Gone and err.message == "away")
  )");
}

TEST_CASE("parcel: a finalizer that copies something disturbs no copy", "[thread]") {
  check(R"(
    local runs, ended = 0, false
    local function leave()
      setmetatable({}, { __gc = function()
        if ended then return end -- what is made while the state is being closed is never finalized
        runs = runs + 1
        size({ runs, { "in a finalizer" }, { {}, function() return runs end } })
        leave()
      end })
    end
    collectgarbage("setpause", 1)
    for i = 1, 5 do leave() end
    for i = 1, 300 do
      local back = copy({ i, { i, {} }, f = print, e = async.Error("x") })
      assert(back[1] == i and back[2][1] == i)
      refused({ { { coroutine.create(print) } } })
    end
    assert(runs > 0)
    ended = true
  )");
}

TEST_CASE("parcel: functions with many upvalues, and closures of one loop", "[thread]") {
  check(R"(
    local parts = { "return function() return 0" }
    local names = {}
    for i = 1, 60 do names[i] = "v" .. i end
    local text = "local " .. table.concat(names, ",") .. " = ... return function() return " .. table.concat(names, "+") .. " end"
    local values = {}
    for i = 1, 60 do values[i] = i end
    assert(select(2, run(load(text)(table.unpack(values)))) == 1830)
    local list = {}
    for i = 1, 100 do list[i] = function() return i end end
    local ok, sum = run(function(fs) local s = 0 for _, f in ipairs(fs) do s = s + f() end return s end, list)
    assert(ok and sum == 5050)
  )");
}

TEST_CASE("parcel: a table in both parts of memory, and with holes", "[thread]") {
  check(R"(
    local t = {}
    for i = 10, 1, -1 do t[i] = i end
    t.x, t[2^53], t[-1], t[0] = 1, 2, 3, 4
    for i = 3, 8 do t[i] = nil end
    local back = copy(t)
    for k, v in pairs(t) do assert(back[k] == v and math.type(back[k]) == math.type(v)) end
    for k in pairs(back) do assert(t[k] ~= nil) end
  )");
}

TEST_CASE("parcel: everything public that is no open stream is itself there", "[thread]") {
  check(R"(
    local modules = { _G = _G, async = async, string = string, table = table, math = math, io = io, os = os,
                      coroutine = coroutine, utf8 = utf8, debug = debug, package = package }
    for name, module in pairs(neap) do modules["neap." .. name] = module end
    local own = { copy = true, run = true, refused = true, size = true, arg = true }
    local checked = 0
    for name, module in pairs(modules) do
      assert(rawequal(copy(module), module), name)
      for field, value in pairs(module) do
        local kind = type(value)
        if (kind == "function" or kind == "table" and getmetatable(value)) and not (name == "_G" and own[field]) then
          checked = checked + 1
          assert(rawequal(copy(value), value), name .. "." .. field)
        end
      end
    end
    assert(checked > 250, checked)
  )");
}

TEST_CASE("parcel: an environment over the globals is the receiver's globals there", "[thread]") {
  check(R"(
    local sandbox = setmetatable({ mine = 1 }, { __index = _G })
    local ok, same, mine = run(load("return type(print), mine", "=f", "t", sandbox))
    assert(ok and same == "function" and mine == nil)
    local ok, mine = run(load("return mine", "=f", "t", { mine = 2 }))
    assert(ok and mine == 2)
  )");
}
