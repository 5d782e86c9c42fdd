// Tasks as C++ holds them.
#include "neap/neap.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include <string>
#include <vector>

namespace {

using Catch::Matchers::ContainsSubstring;

neap::Interpreter& with_functions(neap::Interpreter& lua) {
  lua.run_string(R"(
    function later(x) async.sleep(1) return x, "done" end
    function fail() async.sleep(1) error(async.ValueError("bad")) end
    function forever() async.sleep(math.huge) end)");
  return lua;
}

neap::Options virtual_time() {
  neap::Options options;
  options.virtual_clock = true;
  return options;
}

}  // namespace

TEST_CASE("embed task: it gives its results once it is done") {
  neap::Interpreter lua(virtual_time());
  neap::Task task = with_functions(lua).spawn("later", 5);
  CHECK_FALSE(task.done());
  CHECK_THROWS_AS(task.result<int>(), neap::InvalidState);
  lua.run();
  CHECK(task.done());
  CHECK(task.result<int>() == 5);
  CHECK(task.result<std::tuple<int, std::string>>() == std::tuple(5, std::string("done")));
}

TEST_CASE("embed task: its error is thrown by result") {
  neap::Interpreter lua(virtual_time());
  neap::Task task = with_functions(lua).spawn("fail");
  CHECK_THROWS_WITH(lua.run_until(task), "bad");
  CHECK_FALSE(task.cancelled());
}

TEST_CASE("embed task: a cancelled one throws Cancelled, with the message") {
  neap::Interpreter lua(virtual_time());
  neap::Task task = with_functions(lua).spawn("forever");
  lua.step();
  CHECK(task.cancel("enough"));
  try {
    lua.run_until(task);
    FAIL("nothing was thrown");
  } catch (const neap::Cancelled& error) {
    CHECK(std::string(error.what()) == "enough");
  }
  CHECK(task.cancelled());
  CHECK_FALSE(task.cancel());
}

TEST_CASE("embed task: on_done is called once, in a turn of the loop, also when it is done already") {
  neap::Interpreter lua(virtual_time());
  neap::Task task = with_functions(lua).spawn("later", 1);
  std::vector<std::string> calls;
  task.on_done([&](const neap::Task& done) { calls.push_back(std::to_string(done.result<int>())); });
  CHECK(calls.empty());
  lua.run();
  CHECK(calls == std::vector<std::string>{"1"});
  task.on_done([&](const neap::Task&) { calls.emplace_back("again"); });
  CHECK(calls.size() == 1);
  lua.step();
  CHECK(calls == std::vector<std::string>{"1", "again"});
}

TEST_CASE("embed task: what on_done throws reaches on_error") {
  std::string reported;
  neap::Options options = virtual_time();
  options.on_error = [&](const neap::ErrorReport& report) {
    reported = report.error != nullptr ? report.error->what() : "";
  };
  neap::Interpreter lua(options);
  neap::Task task = with_functions(lua).spawn("later", 1);
  task.on_done([](const neap::Task&) { throw std::runtime_error("from the callback"); });
  lua.run();
  CHECK_THAT(reported, ContainsSubstring("from the callback"));
}

TEST_CASE("embed task: it has a name") {
  neap::Interpreter lua(virtual_time());
  neap::Task task = with_functions(lua).spawn("later", 1);
  CHECK_THAT(task.name(), ContainsSubstring("Task-"));
  task.set_name("fetch");
  CHECK(task.name() == "fetch");
  lua.run();
}

TEST_CASE("embed task: a Lua function may be given a Task, and awaits it") {
  neap::Interpreter lua(virtual_time());
  neap::Task task = with_functions(lua).spawn("later", 7);
  lua.run_string("function wait_for(task) return (await(task)) end");
  CHECK(lua.run_until<int>(lua.spawn("wait_for", task.value())) == 7);
}

TEST_CASE("embed task: one that is dropped runs on") {
  neap::Interpreter lua(virtual_time());
  lua.run_string("function mark() async.sleep(1) marked = true end");
  { const neap::Task task = lua.spawn("mark"); }
  lua.run();
  CHECK(lua.get<bool>("marked"));
}

TEST_CASE("embed task: a handle outlives the interpreter") {
  neap::Task task;
  CHECK_FALSE(task);
  CHECK_THROWS_AS(task.result(), neap::InvalidState);
  {
    neap::Interpreter lua;
    task = with_functions(lua).spawn("forever");
  }
  CHECK(task.done());
  CHECK_FALSE(task.cancel());
  CHECK_THROWS_AS(task.result(), neap::Closed);
}

TEST_CASE("embed task: no other value is one") {
  neap::Interpreter lua;
  CHECK_THROWS_AS(neap::Task(neap::Value(1)), neap::ConversionError);
  CHECK_THROWS_AS(neap::Task(lua.run_string<neap::Value>("return {}")), neap::ConversionError);
}
