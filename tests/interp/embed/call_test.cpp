// Calls in both directions: exceptions, error identity, recursion, lifetimes, threads.
#include "neap/class.hpp"
#include "tests/interp/embed/support.hpp"

#include <functional>
#include <stdexcept>
#include <system_error>
#include <thread>

using embed_test::Inside;
using embed_test::message_of;

namespace {

/// What a script catches of what `thrower` throws: "ClassName: message".
template <class F>
std::string caught(F thrower) {
  Inside inside;
  return inside.run<std::string>(R"lua(
    local ok, e = async.catch(...)
    assert(not ok)
    return tostring(e)
  )lua",
                                 inside.function("thrower", thrower));
}

}  // namespace

TEST_CASE("call: every exception of C++'s is an error of its class in Lua") {
  CHECK(caught([] { throw std::invalid_argument("bad"); }) == "ValueError: bad");
  CHECK(caught([] { throw std::out_of_range("far"); }) == "ValueError: far");
  CHECK(caught([] { throw std::domain_error("dom"); }) == "ValueError: dom");
  CHECK(caught([] { throw std::runtime_error("run"); }) == "RuntimeError: run");
  CHECK(caught([] { throw std::logic_error("log"); }) == "RuntimeError: log");
  CHECK(caught([] { throw 42; }) == "RuntimeError: unknown C++ exception");
  CHECK(caught([] { throw std::bad_alloc(); }) == "not enough memory");
  CHECK(caught([] { throw neap::Error("TimeoutError", "late"); }) == "TimeoutError: late");
  CHECK(caught([] { throw neap::Error("MyError", "odd"); }) == "Error: MyError: odd");
  CHECK(caught([] { throw neap::Cancelled("stop"); }) == "CancelledError: stop");
  CHECK(caught([] { throw neap::ConversionError("no"); }) == "TypeError: thrower: no");
}

TEST_CASE("call: a system error is an OSError with a code, of the class for it") {
  Inside inside;
  const auto fail =
      inside.function("fail", [](int number) { throw std::system_error(number, std::generic_category(), "opening"); });
  inside.run(R"lua(
    local fail = ...
    local ok, e = pcall(fail, 2)
    assert(not ok and async.is(e, async.OSError) and e.code == "ENOENT" and e.errno == 2)
    assert(e.message == "opening: No such file or directory", e.message)
    ok, e = pcall(fail, 13)
    assert(async.is(e, async.PermissionError) and e.code == "EACCES")
  )lua",
             fail);
}

TEST_CASE("call: the traceback of an exception names the line of the call") {
  Inside inside;
  const auto fail = inside.function("fail", [] { throw std::runtime_error("run"); });
  const std::string trace = inside.run<std::string>(
      "local fail = ...\nlocal ok, e = pcall(function()\n  fail()\nend)\nreturn e.traceback", fail);
  CHECK(trace.find("test:3") != std::string::npos);
}

TEST_CASE("call: an error of Lua's is an exception with its class, message, traceback and value") {
  Inside inside;
  try {
    inside.run("local function deep()\n  error(async.ValueError('bad', {hint = 5}))\nend\ndeep()");
    FAIL("nothing was thrown");
  } catch (const neap::Error& error) {
    CHECK(error.class_name() == "ValueError");
    CHECK(std::string(error.what()) == "bad");
    CHECK(error.traceback().find("test:2") != std::string::npos);
    REQUIRE(error.value() != nullptr);
    CHECK(neap::Table(*error.value()).get<int>("hint") == 5);
  }
  try {
    inside.run("local x = nil\nreturn x.y");
    FAIL("nothing was thrown");
  } catch (const neap::Error& error) {
    CHECK(error.class_name() == "string");
    CHECK(std::string(error.what()) == "test:2: attempt to index a nil value (local 'x')");
    CHECK(error.traceback().find("test:2") != std::string::npos);
  }
  CHECK(message_of([&] { inside.run("error()"); }) == "nil");
  CHECK(message_of([&] { inside.run("error({})"); }).substr(0, 6) == "table:");
  CHECK(message_of([&] { inside.run("error(setmetatable({}, {__tostring = function() error('x') end}))"); }) ==
        "an error that cannot be shown");
}

TEST_CASE("call: a cancellation passes through C++ as Cancelled, and is the same error behind it") {
  Inside inside;
  const auto through = inside.function("through", [](const neap::Function& f) {
    CHECK_THROWS_AS(f(), neap::Cancelled);
    f();
  });
  inside.run(R"lua(
    local through = ...
    local e = async.CancelledError("stop")
    local ok, got = async.catch(through, function() error(e) end)
    assert(not ok and got == e)
  )lua",
             through);
}

TEST_CASE("call: an error keeps its identity through Lua, C++, Lua, C++ and Lua, whatever it is") {
  Inside inside;
  const auto through = inside.function("through", [](const neap::Function& f) { f(); });
  inside.run(R"lua(
    local through = ...
    for _, e in ipairs{async.ValueError("x"), {}, print, "a string", 5, true} do
      local ok, got = pcall(through, function() through(function() error(e, 0) end) end)
      assert(not ok and rawequal(got, e), tostring(got))
    end
    local ok, got = pcall(through, function() error() end)
    assert(not ok and got == nil)
  )lua",
             through);
}

TEST_CASE("call: an error from another interpreter arrives as one of the same class") {
  Inside one;
  Inside other;
  const auto fail = one.function("fail", [&] { other.run("error(async.TimeoutError('late'))"); });
  one.run("local ok, e = pcall(...) assert(async.is(e, async.TimeoutError) and e.message == 'late')", fail);
}

TEST_CASE("call: recursion through C++ and Lua ends in an error, and everything works afterwards") {
  Inside inside;
  const auto again = inside.function("again", [](const neap::Function& f) { return f.call<int>(f); });
  const std::string message = message_of(
      [&] { inside.run("local again = ... local function f(g) return 1 + again(g) end return again(f)", again); });
  CHECK(message.find("stack overflow") != std::string::npos);
  CHECK(inside.run<int>("return 1") == 1);
}

TEST_CASE("call: a wait inside a call from C++ is an error that says so") {
  Inside inside;
  const auto each = inside.function("each", [](const neap::Function& f) { f(); });
  CHECK(inside.run_task(R"lua(
    local each = ...
    local ok, e = pcall(function() each(function() async.sleep(1) end) end)
    assert(not ok and async.is(e, async.RuntimeError))
    assert(e.message == "sleep: cannot wait inside the C function 'each', which Lua cannot suspend", e.message)
  )lua",
                        each));
  CHECK(message_of([&] { inside.run("async.sleep(1)"); }).find("spawn") != std::string::npos);
}

TEST_CASE("call: C++ functions are called in tasks, coroutines and generators") {
  Inside inside;
  CHECK(inside.run_task(R"lua(
    local f, call = ...
    async.sleep(0.1)
    assert(f{1, 2, 3} == 6)
    assert(coroutine.wrap(function() async.sleep(0.1) coroutine.yield(f{4}) end)() == 4)
    assert(coroutine.wrap(function() return call(function() return f{5} end) end)() == 5)
  )lua",
                        inside.function("f",
                                        [](const std::vector<int>& list) {
                                          int sum = 0;
                                          for (const int item : list) sum += item;
                                          return sum;
                                        }),
                        inside.function("call", [](const neap::Function& f) { return f(); })));
}

TEST_CASE("call: too few arguments are nil, too many are ignored, several results are a tuple") {
  Inside inside;
  const auto f = inside.function("f", [](std::optional<int> a, std::optional<int> b) {
    return std::tuple(a.value_or(-1), b.value_or(-2), std::string("x"));
  });
  inside.run("local a, b, c, d = (...)(1) assert(a == 1 and b == -2 and c == 'x' and d == nil)", f);
  inside.run("local a, b = (...)(1, 2, 3) assert(a == 1 and b == 2)", f);
  const auto [a, b] = inside.run<std::tuple<int, std::string>>("return 1, 'two', 3");
  CHECK(a == 1);
  CHECK(b == "two");
  CHECK(message_of([&] { (void)inside.run<std::tuple<int, int>>("return 1"); }) ==
        "result 2: expected integer, got no value");
  const auto strict = inside.function("strict", [](int) {});
  CHECK(message_of([&] { inside.run("(...)()", strict); }) == "strict: argument 1: expected integer, got no value");
}

TEST_CASE("call: callables of every kind become functions") {
  Inside inside;
  struct Adder {
    int base = 10;
    int add(int x) const { return base + x; }
    int operator()(int x) { return base += x; }
  };
  inside.run("assert((...)(2) == 12)", Adder());
  inside.run(
      "assert((...)(2) == 4)", +[](int x) { return 2 * x; });
  inside.run("assert((...)(2) == 5)", std::function<int(int)>([](int x) { return x + 3; }));
  inside.run("assert((...) == nil)", std::function<int(int)>());
  inside.run("assert((...)() == 9)", [p = std::make_unique<int>(9)] { return *p; });
  const auto text = inside.function("text", [](const char* bytes) { return std::string(bytes) + "!"; });
  inside.run("assert((...)('a') == 'a!')", text);
  CHECK(message_of([&] { inside.run("(...)('a\\0b')", text); }) ==
        "text: argument 1: expected a string without zero bytes");
}

TEST_CASE("call: a std::function read from Lua calls it") {
  Inside inside;
  const auto twice = inside.run<std::function<int(int)>>("return function(x) return 2 * x end");
  CHECK(twice(4) == 8);
  const auto apply =
      inside.function("apply", [](const std::function<std::string(int, bool)>& f) { return f(1, true); });
  CHECK(inside.run<std::string>("return (...)(function(a, b) return a .. tostring(b) end)", apply) == "1true");
}

TEST_CASE("call: what a function captures is destroyed when Lua collects it, or at the end") {
  auto token = std::make_shared<int>(1);
  Inside inside;
  inside.run("local f = ... f()", [token] {});
  inside.collect();
  CHECK(token.use_count() == 1);
  inside.run("kept = ...", [token] {});
  inside.collect();
  CHECK(token.use_count() == 2);
  inside.host().close();
  CHECK(token.use_count() == 1);
}

TEST_CASE("call: a function that captures a value of its own interpreter keeps neither alive for ever") {
  auto token = std::make_shared<int>(1);
  {
    Inside inside;
    const auto f = inside.run<neap::Function>("return function() end");
    inside.run("kept = ...", [f, token] { f(); });
  }
  CHECK(token.use_count() == 1);
}

TEST_CASE("value: a copy outlives the interpreter, and says that it is closed") {
  neap::Value table;
  neap::Value function;
  std::shared_ptr<const neap::Value> error;
  {
    Inside inside;
    table = inside.run<neap::Value>("return {}");
    function = inside.run<neap::Value>("return print");
    try {
      inside.run("error({})");
    } catch (const neap::Error& caught) {
      error = caught.shared_value();
    }
  }
  CHECK(table.kind() == neap::Kind::table);
  const neap::Value copy = table;
  CHECK(copy == table);
  CHECK_THROWS_AS(neap::Table(copy).size(), neap::Closed);
  CHECK_THROWS_AS(neap::Table(copy).set("x", 1), neap::Closed);
  CHECK_THROWS_AS(neap::Function(function)(), neap::Closed);
  CHECK_THROWS_AS((void)table.as<std::vector<int>>(), neap::Closed);
  CHECK_THROWS_AS(error->to_string(), neap::Closed);
}

TEST_CASE("value: it may be destroyed on another thread, and used on none but its own") {
  Inside inside;
  neap::Value table = inside.run<neap::Value>("weak = setmetatable({{}}, {__mode = 'v'}) return weak[1]");
  std::thread([moved = std::move(table)]() mutable {
    CHECK_THROWS_AS(neap::Table(moved).size(), neap::WrongThread);
    const neap::Value copy = moved;
    moved = nullptr;
  }).join();
  CHECK(inside.run_task("async.sleep(0.001)"));
  inside.collect();
  CHECK(inside.run<bool>("return weak[1] == nil"));
}

TEST_CASE("value: values of another interpreter are refused") {
  Inside one;
  Inside other;
  const auto table = other.run<neap::Value>("return {}");
  CHECK_THROWS_AS(one.run("", table), std::invalid_argument);
  one.run("local ok, e = pcall(...) assert(async.is(e, async.ValueError) and e.message:find('another interpreter'))",
          one.function("f", [&] { return table; }));
}

TEST_CASE("value: scalars need no interpreter") {
  const neap::Value number = 5;
  CHECK(number.as<int>() == 5);
  CHECK(number.as<double>() == 5.0);
  CHECK(number.is<std::string>() == false);
  CHECK(neap::Value(1) == neap::Value(1.0));
  CHECK(!(neap::Value(1) == neap::Value(true)));
  CHECK(neap::Value().is_nil());
  CHECK(neap::Value(0.5).to_string() == "0.5");
  CHECK(message_of([&] { (void)number.as<std::string>(); }) == "expected string, got number 5");
  CHECK(message_of([&] { (void)neap::Value(1.5).as<int>(); }) == "expected integer, got number 1.5");
  CHECK(message_of([] {
          const neap::Value value = std::numeric_limits<std::uint64_t>::max();
        }).find("too large for Lua") != std::string::npos);
  CHECK(message_of([&] { neap::Function{number}; }) == "expected function, got number 5");
}

TEST_CASE("value: tables are read, written, measured and walked") {
  Inside inside;
  const neap::Table table{inside.run<neap::Value>("return {10, 20, x = 'y', sub = {1}}")};
  CHECK(table.size() == 2);
  CHECK(table.get<int>(1) == 10);
  CHECK(table.get<std::string>("x") == "y");
  CHECK(table.get("nothing").is_nil());
  CHECK(table.get<neap::Table>("sub").get<int>(1) == 1);
  table.set("new", std::vector<int>{1, 2, 3});
  CHECK(inside.run<int>("return #(...).new", table) == 3);
  std::map<std::string, neap::Kind> seen;
  for (const auto& [key, value] : table) seen[key.to_string()] = value.kind();
  CHECK(seen.size() == 5);
  CHECK(seen["x"] == neap::Kind::string);
  CHECK(message_of([&] { (void)table.get<int>("x"); }) == "expected integer, got string");
  CHECK(message_of([&] { table.set(nullptr, 1); }) == "table index is nil");
}

TEST_CASE("value: metamethods of a table may run and fail") {
  Inside inside;
  const neap::Table table{inside.run<neap::Value>(R"lua(
    return setmetatable({}, {
      __index = function(_, k) if k == "bad" then error(async.ValueError("no " .. k)) end return k .. "!" end,
      __len = function() return 7 end,
      __newindex = function() error("sealed", 0) end,
    })
  )lua")};
  CHECK(table.get<std::string>("a") == "a!");
  CHECK(table.size() == 7);
  CHECK(message_of([&] { (void)table.get("bad"); }) == "no bad");
  CHECK(message_of([&] { table.set("x", 1); }) == "sealed");
}

TEST_CASE("value: equality is identity, and numbers are equal across their kinds") {
  Inside inside;
  const auto [a, b, c] = inside.run<std::tuple<neap::Value, neap::Value, neap::Value>>("local t = {} return t, t, {}");
  CHECK(a == b);
  CHECK(!(a == c));
  CHECK(inside.run<neap::Value>("return 'x'") == inside.run<neap::Value>("return 'x'"));
}

TEST_CASE("call: closed and foreign threads are refused before anything runs") {
  Inside inside;
  const auto f = inside.run<neap::Function>("return function() end");
  std::thread([&] { CHECK_THROWS_AS(f(), neap::WrongThread); }).join();
  inside.host().close();
  CHECK_THROWS_AS(f(), neap::Closed);
}
