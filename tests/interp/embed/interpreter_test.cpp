// An interpreter in a C++ program: loading, running, calling, and its end.
#include "neap/neap.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include <string>
#include <thread>
#include <tuple>
#include <vector>

namespace {

using Catch::Matchers::ContainsSubstring;

neap::Options virtual_time() {
  neap::Options options;
  options.virtual_clock = true;
  return options;
}

}  // namespace

TEST_CASE("embed: run_string gives what the chunk returns, as the type that is asked for") {
  neap::Interpreter lua;
  CHECK(lua.run_string<int>("return 6 * 7") == 42);
  CHECK(lua.run_string<std::string>("return ('x'):rep(3)") == "xxx");
  CHECK(lua.run_string<std::tuple<int, std::string>>("return 1, 'two'") == std::tuple(1, std::string("two")));
  lua.run_string("answer = 42");
  CHECK(lua.get<int>("answer") == 42);
}

TEST_CASE("embed: a chunk gets the arguments of run_string") {
  neap::Interpreter lua;
  CHECK(lua.run_string<int>("local a, b = ... return a + b", "=sum", 3, 4) == 7);
}

TEST_CASE("embed: a chunk waits while other tasks run") {
  neap::Interpreter lua(virtual_time());
  CHECK(lua.run_string<std::string>(R"(
    local order = {}
    local other = async.spawn(function() async.sleep(1) order[#order + 1] = "other" end)
    async.sleep(2)
    order[#order + 1] = "main"
    return table.concat(order, " "))") == "other main");
}

TEST_CASE("embed: tasks stay when run_string has returned, and go on in the next run") {
  neap::Interpreter lua(virtual_time());
  lua.run_string("async.spawn(function() async.sleep(10) late = true end)");
  CHECK(lua.task_count() == 1);
  CHECK(lua.get("late").is_nil());
  lua.run();
  CHECK(lua.get<bool>("late"));
  CHECK(lua.task_count() == 0);
}

TEST_CASE("embed: an error of a script has class, message and traceback") {
  neap::Interpreter lua;
  try {
    lua.run_string("local function f() error(async.ValueError('no such colour')) end f()", "@paint.lua");
    FAIL("nothing was thrown");
  } catch (const neap::Error& error) {
    CHECK(error.class_name() == "ValueError");
    CHECK(std::string(error.what()) == "no such colour");
    CHECK_THAT(error.traceback(), ContainsSubstring("paint.lua:1"));
    REQUIRE(error.value() != nullptr);
  }
}

TEST_CASE("embed: a syntax error is thrown by load_string, and names the place") {
  neap::Interpreter lua;
  CHECK_THROWS_WITH(lua.load_string("x = = 1", "@bad.lua"), ContainsSubstring("bad.lua:1"));
}

TEST_CASE("embed: bytecode is refused") {
  neap::Interpreter lua;
  const auto code = lua.run_string<std::string>("return string.dump(function() end)");
  CHECK_THROWS_AS(lua.load_string(code), neap::Error);
}

TEST_CASE("embed: a file that is not there is an error that names it") {
  neap::Interpreter lua;
  CHECK_THROWS_WITH(lua.run_file("/no/such/file.lua"), ContainsSubstring("/no/such/file.lua"));
}

TEST_CASE("embed: call calls a global by name, or a field of one") {
  neap::Interpreter lua;
  lua.run_string("function double(x) return 2 * x end  game = {level = {up = function(n) return n + 1 end}}");
  CHECK(lua.call<int>("double", 21) == 42);
  CHECK(lua.call<int>("game.level.up", 1) == 2);
  CHECK_THROWS_WITH(lua.call("game.level.down"), ContainsSubstring("game.level.down"));
  CHECK_THROWS_AS(lua.call("no.such.thing"), neap::Error);
}

TEST_CASE("embed: a function that waits cannot be called, and the error says what to do") {
  neap::Interpreter lua;
  lua.run_string("function nap() async.sleep(1) end");
  CHECK_THROWS_WITH(lua.call("nap"), ContainsSubstring("spawn"));
}

TEST_CASE("embed: set makes the tables on the way to a name") {
  neap::Interpreter lua;
  lua.set("config.window.width", 640);
  lua.set("config.window.title", "neap");
  CHECK(lua.run_string<std::string>("return config.window.title .. config.window.width") == "neap640");
  CHECK(lua.get<std::optional<int>>("config.window.height") == std::nullopt);
  CHECK_THROWS_AS(lua.set("config.window.width.deep", 1), neap::Error);
}

TEST_CASE("embed: arguments are in the global arg") {
  neap::Options options;
  options.program_name = "app";
  options.arguments = {"one", "two"};
  neap::Interpreter lua(options);
  CHECK(lua.run_string<std::string>("return arg[0] .. arg[1] .. arg[2] .. #arg") == "apponetwo2");
}

TEST_CASE("embed: what waits for nothing is a deadlock, and no hang") {
  neap::Interpreter lua;
  try {
    lua.run_string("async.Event():wait()");
    FAIL("nothing was thrown");
  } catch (const neap::Error& error) {
    CHECK(error.class_name() == "DeadlockError");
  }
}

TEST_CASE("embed: os.exit ends the run with its status, and not the process") {
  neap::Interpreter lua;
  try {
    lua.run_string("os.exit(3)");
    FAIL("nothing was thrown");
  } catch (const neap::Exit& exit) {
    CHECK(exit.status() == 3);
  }
}

TEST_CASE("embed: the output hook gets what print, io.write and warnings write") {
  std::string out;
  std::string err;
  neap::Options options;
  options.output = [&](neap::Stream stream, std::string_view text) {
    (stream == neap::Stream::out ? out : err).append(text);
  };
  neap::Interpreter lua(options);
  lua.run_string("print('one', 2) io.write('three') io.stderr:write('four')");
  CHECK(out == "one\t2\nthree");
  CHECK(err == "four");
}

TEST_CASE("embed: an error that nobody can receive reaches on_error") {
  std::vector<std::string> reports;
  neap::Options options;
  options.on_error = [&](const neap::ErrorReport& report) {
    REQUIRE(report.error != nullptr);
    reports.push_back(report.error->class_name() + ": " + report.error->what());
  };
  neap::Interpreter lua(options);
  lua.run_string("async.spawn(function() error(async.ValueError('lost')) end) async.sleep(0) collectgarbage()");
  lua.run();
  REQUIRE(reports.size() == 1);
  CHECK(reports[0] == "ValueError: lost");
}

TEST_CASE("embed: the destructor runs the cleanup of tasks that are left") {
  bool cleaned = false;
  {
    neap::Interpreter lua;
    lua.set_function("clean", [&] { cleaned = true; });
    lua.run_string(R"(
      async.spawn(function()
        local guard <close> = setmetatable({}, {__close = function() async.sleep(0) clean() end})
        async.sleep(3600)
      end)
      async.sleep(0))");
  }
  CHECK(cleaned);
}

TEST_CASE("embed: another thread is refused, and told of Remote") {
  neap::Interpreter lua;
  std::string message;
  std::thread([&] {
    try {
      lua.run_string("return 1");
    } catch (const neap::WrongThread& error) {
      message = error.what();
    }
  }).join();
  CHECK_THAT(message, ContainsSubstring("Remote"));
}

TEST_CASE("embed: a run inside a run is refused") {
  neap::Interpreter lua;
  lua.set_function("nested", [&] { lua.run_string("return 1"); });
  CHECK_THROWS_AS(lua.run_string("nested()"), neap::Error);
  CHECK(lua.run_string<int>("return 1") == 1);
}

TEST_CASE("embed: interpreters on one thread share nothing") {
  neap::Interpreter one;
  neap::Interpreter two;
  one.set("name", "one");
  two.set("name", "two");
  one.set_function("other", [&] { return two.run_string<std::string>("async.sleep(0) return name"); });
  CHECK(one.run_string<std::string>("return name .. other()") == "onetwo");
}

TEST_CASE("embed: frames of a game run scripts step by step") {
  neap::Interpreter lua(virtual_time());
  lua.run_string("ticks = 0 ticker = async.spawn(function() while true do ticks = ticks + 1 async.sleep(0) end end)");
  for (int frame = 0; frame < 10; ++frame) lua.step(0);
  CHECK(lua.get<int>("ticks") >= 10);
}
