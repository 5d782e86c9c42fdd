// neap::Isolate. What it does inside is tested in tests/stdlib/isolate.
#include "neap/isolate.hpp"

#include "tests/interp/embed/support.hpp"

#include <catch2/catch_test_macros.hpp>

#include <signal.h>

#include <stdexcept>
#include <string>
#include <vector>

using namespace neap;

namespace {

// The thread sanitizer holds signals back until the thread calls a function that it knows.
constexpr const char* kEndless = "while true do ('x'):find('y', 1, true) end";

IsolateOptions unconfined() {
  IsolateOptions options;
  options.confine = false;
  return options;
}

}  // namespace

TEST_CASE("Isolate: values cross, functions call back, and errors keep their class", "[embed][isolate]") {
  Interpreter lua;
  Isolate plugin(lua, unconfined());
  plugin.set_function("add", [](int a, int b) { return a + b; });
  plugin.set_function("fail", []() -> int { throw std::invalid_argument("no"); });
  plugin.set("config.names", std::vector<std::string>{"a", "b"});
  CHECK(plugin.run_string<int>("return add(...) + #config.names", "=code", 1, 2) == 5);
  CHECK(plugin.get<std::vector<std::string>>("config.names") == std::vector<std::string>{"a", "b"});
  CHECK(plugin.get<std::optional<int>>("nothing") == std::nullopt);
  plugin.run_string("function half(x) async.sleep(0.001) return x / 2 end");
  CHECK(plugin.call<double>("half", 3) == 1.5);
  try {
    plugin.run_string("fail()");
    FAIL("nothing was thrown");
  } catch (const Error& error) {
    CHECK(error.class_name() == "ValueError");
    CHECK(std::string(error.what()) == "no");
  }
  CHECK_THROWS_AS(plugin.call<std::string>("half", 2), ConversionError);
  CHECK(plugin.running());
  CHECK(plugin.pid() > 1);
}

TEST_CASE("Isolate: functions that answer later, and coroutines that await calls", "[embed][isolate]") {
  Interpreter lua;
  Isolate plugin(lua, unconfined());
  plugin.set_function("later", [](int x, Completion<int> done) { done.resolve(x + 1); });
  plugin.run_string("function twice(x) return later(later(x)) end");
  const auto both = [&plugin]() -> Async<int> {
    const Task first = plugin.spawn("twice", 1);
    const Task second = plugin.spawn("twice", 10);
    co_return co_await first.as<int>() + co_await second.as<int>();
  };
  CHECK(lua.run_until(both()) == 15);
}

TEST_CASE("Isolate: limits, the sandbox and the output", "[embed][isolate]") {
  Interpreter lua;
  std::string out;
  std::string err;
  IsolateOptions options = unconfined();
  options.limits.step = 0.1;
  options.sandbox.read = {"/etc/passwd"};
  options.arguments = {"x"};
  options.output = [&](Stream stream, std::string_view text) { (stream == Stream::out ? out : err) += text; };
  Isolate plugin(lua, options);
  CHECK(plugin.run_string<bool>("return io.open('/etc/passwd') ~= nil"));
  CHECK_THROWS_AS(plugin.run_string("assert(io.open('/etc/group'))"), Error);
  plugin.run_string("print(arg[1]) io.stderr:write('e')");
  CHECK_THROWS_AS(plugin.run_string(kEndless), LimitExceeded);
  CHECK_FALSE(plugin.running());
  CHECK_THROWS_AS(plugin.get("x"), LimitExceeded);
  CHECK(out == "x\n");
  CHECK(err == "e");
}

TEST_CASE("Isolate: closing runs cleanup, destroying kills", "[embed][isolate]") {
  Interpreter lua;
  bool cleaned = false;
  constexpr const char* kTask =
      "async.spawn(function() local guard <close> = setmetatable({}, {__close = function() cleaned() end}) "
      "async.sleep(100) "
      "end) async.sleep(0)";
  for (const bool closes : {false, true}) {
    int pid = 0;
    {
      Isolate plugin(lua, unconfined());
      pid = plugin.pid();
      plugin.set_function("cleaned", [&] { cleaned = true; });
      plugin.run_string(kTask);
      if (closes) plugin.close();
    }
    lua.run();
    CHECK(::kill(pid, 0) != 0);
    CHECK(cleaned == closes);
  }
}

TEST_CASE("Isolate: an interpreter that ends takes its processes with it", "[embed][isolate]") {
  int pid = 0;
  {
    Interpreter lua;
    pid = lua.run_string<int>(
        "box = require('neap.isolate').start { confine = false } async.spawn(box.run, box, 'while true do end') return "
        "box.pid");
    CHECK(::kill(pid, 0) == 0);
  }
  CHECK(::kill(pid, 0) != 0);
}

TEST_CASE("Isolate: what cannot be started says why", "[embed][isolate]") {
  Interpreter lua;
  IsolateOptions options;
  options.program = "/nowhere/neap";
  CHECK_THROWS_AS(Isolate(lua, options), Error);
  IsolateOptions nonsense;
  nonsense.grace = -1;
  CHECK_THROWS_AS(Isolate(lua, nonsense), Error);
}
