// C++ coroutines in the same loop as Lua's tasks.
#include "neap/neap.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include <cmath>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

using Catch::Matchers::ContainsSubstring;
using neap::Async;

neap::Options virtual_time() {
  neap::Options options;
  options.virtual_clock = true;
  return options;
}

Async<int> add_slowly(int a, int b) {
  co_await neap::sleep(1);
  co_return a + b;
}

Async<int> add_three(int a, int b, int c) {
  const int sum = co_await add_slowly(a, b);
  co_return co_await add_slowly(sum, c);
}

Async<> fail_after(double seconds) {
  co_await neap::sleep(seconds);
  throw std::invalid_argument("as agreed");
}

/// Says when it dies.
struct Witness {
  explicit Witness(std::vector<std::string>& told, std::string text) : log(&told), message(std::move(text)) {}
  ~Witness() { log->push_back(message); }
  Witness(const Witness&) = delete;
  Witness& operator=(const Witness&) = delete;

  std::vector<std::string>* log;
  std::string message;
};

}  // namespace

TEST_CASE("coroutine: Lua awaits it like any function") {
  neap::Interpreter lua(virtual_time());
  lua.set_function("add", add_slowly);
  CHECK(lua.run_string<int>("return add(add(1, 2), 3)") == 6);
}

TEST_CASE("coroutine: two of them wait at the same time") {
  neap::Interpreter lua(virtual_time());
  lua.set_function("add", add_three);
  CHECK(lua.run_string<std::string>(R"(
    local began = async.get_running_loop():time()
    local sums = async.gather(async.spawn(add, 1, 2, 3), async.spawn(add, 4, 5, 6))
    return ("%d %d %.0f"):format(sums[1], sums[2], async.get_running_loop():time() - began))") == "6 15 2");
}

TEST_CASE("coroutine: one awaits another, and gets its error") {
  neap::Interpreter lua(virtual_time());
  lua.set_function("try", []() -> Async<std::string> {
    try {
      co_await fail_after(1);
    } catch (const std::invalid_argument& error) {
      co_return error.what();
    }
    co_return "nothing";
  });
  CHECK(lua.run_string<std::string>("return try()") == "as agreed");
}

TEST_CASE("coroutine: its error is raised in Lua, as a function's is") {
  neap::Interpreter lua(virtual_time());
  lua.set_function("fail", fail_after);
  CHECK(lua.run_string<bool>("local ok, e = pcall(fail, 1) return async.is(e, async.ValueError)"));
  CHECK_THROWS_WITH(lua.run_string("fail(0)"), ContainsSubstring("as agreed"));
}

TEST_CASE("coroutine: it awaits a task of Lua's") {
  neap::Interpreter lua(virtual_time());
  lua.run_string("function slow(x) async.sleep(1) return x * 2 end");
  const int result = lua.run_until([](neap::Interpreter& interpreter) -> Async<int> {
    neap::Task first = interpreter.spawn("slow", 4);
    neap::Task second = interpreter.spawn("slow", 5);
    const auto a = co_await first.as<int>();
    co_return a + (co_await second).as<int>();
  }(lua));
  CHECK(result == 18);
}

TEST_CASE("coroutine: the error of a task is thrown where it is awaited") {
  neap::Interpreter lua(virtual_time());
  lua.run_string("function fail() async.sleep(1) error(async.ValueError('bad')) end");
  const auto text = lua.run_until([](neap::Interpreter& interpreter) -> Async<std::string> {
    try {
      co_await interpreter.spawn("fail");
    } catch (const neap::Error& error) {
      co_return error.class_name() + ": " + error.what();
    }
    co_return "nothing";
  }(lua));
  CHECK(text == "ValueError: bad");
}

TEST_CASE("coroutine: suspend waits for a Completion") {
  neap::Interpreter lua(virtual_time());
  std::optional<neap::Completion<std::string>> kept;
  lua.set_function("ask", [&]() -> Async<std::string> {
    co_return co_await neap::suspend<std::string>([&](neap::Completion<std::string> done) { kept = done; }) + "!";
  });
  neap::Task task = lua.spawn("ask");
  lua.step();
  REQUIRE(kept);
  CHECK_FALSE(task.done());
  kept->resolve("said");
  CHECK(lua.run_until<std::string>(task) == "said!");
}

TEST_CASE("coroutine: cancelling the task throws Cancelled at the co_await, and the frames unwind") {
  neap::Interpreter lua(virtual_time());
  std::vector<std::string> log;
  const auto inner = [](std::vector<std::string>& told) -> Async<> {
    const Witness witness(told, "inner");
    co_await neap::sleep(1000);
    told.emplace_back("went on");
  };
  lua.set_function("outer", [&]() -> Async<> {
    const Witness witness(log, "outer");
    co_await inner(log);
  });
  neap::Task task = lua.spawn("outer");
  lua.step();
  task.cancel();
  CHECK_THROWS_AS(lua.run_until(task), neap::Cancelled);
  CHECK(log == std::vector<std::string>{"inner", "outer"});
}

TEST_CASE("coroutine: once cancelled it cannot wait any more") {
  neap::Interpreter lua(virtual_time());
  int waits = 0;
  lua.set_function("stubborn", [&]() -> Async<> {
    for (;;) {
      try {
        co_await neap::sleep(1000);
      } catch (const neap::Cancelled&) {
        if (++waits == 3) throw;
      }
    }
  });
  neap::Task task = lua.spawn("stubborn");
  lua.step();
  task.cancel();
  CHECK_THROWS_AS(lua.run_until(task), neap::Cancelled);
  CHECK(waits == 3);
}

TEST_CASE("coroutine: an error of its cleanup replaces the cancellation") {
  neap::Interpreter lua(virtual_time());
  lua.set_function("failing", []() -> Async<> {
    try {
      co_await neap::sleep(1000);
    } catch (const neap::Cancelled&) {
      throw std::invalid_argument("in the cleanup");
    }
  });
  neap::Task task = lua.spawn("failing");
  lua.step();
  task.cancel();
  CHECK_THROWS_WITH(lua.run_until(task), ContainsSubstring("in the cleanup"));
}

TEST_CASE("coroutine: cancelling passes on to the Lua task that it awaits") {
  neap::Interpreter lua(virtual_time());
  lua.run_string("function forever() async.sleep(math.huge) end");
  std::optional<neap::Task> awaited;
  lua.set_function("wait", [&](neap::Interpreter& interpreter) -> Async<> {
    awaited = interpreter.spawn("forever");
    co_await *awaited;
  });
  neap::Task task = lua.spawn("wait");
  lua.step();
  lua.step();
  task.cancel();
  CHECK_THROWS_AS(lua.run_until(task), neap::Cancelled);
  lua.run();
  CHECK(awaited->cancelled());
}

TEST_CASE("coroutine: a timeout in Lua ends it") {
  neap::Interpreter lua(virtual_time());
  lua.set_function("add", add_slowly);
  CHECK(lua.run_string<bool>(
      "local ok, e = pcall(async.timeout, 0.5, add, 1, 2) return async.is(e, async.TimeoutError)"));
}

TEST_CASE("coroutine: spawned in C++ it is a task like any other") {
  neap::Interpreter lua(virtual_time());
  neap::Task task = lua.spawn(add_slowly(1, 2), "adder");
  CHECK(task.name() == "adder");
  lua.run_string("function double(task) return 2 * await(task) end");
  CHECK(lua.run_until<int>(lua.spawn("double", task.value())) == 6);
}

TEST_CASE("coroutine: a result that Lua cannot hold stays in C++") {
  neap::Interpreter lua(virtual_time());
  const auto made = lua.run_until([]() -> Async<std::unique_ptr<int>> {
    co_await neap::sleep(0);
    co_return std::make_unique<int>(5);
  }());
  CHECK(*made == 5);
}

TEST_CASE("coroutine: destroying the interpreter destroys the frames") {
  std::vector<std::string> log;
  {
    neap::Interpreter lua;
    lua.set_function("wait", [&]() -> Async<> {
      const Witness witness(log, "destroyed");
      co_await neap::sleep(1000);
    });
    lua.spawn("wait");
    lua.spawn([](std::vector<std::string>& told) -> Async<> {
      const Witness witness(told, "spawned");
      co_await neap::sleep(1000);
    }(log));
    lua.step();
  }
  CHECK(log.size() == 2);
}

TEST_CASE("coroutine: one that was never begun is destroyed") {
  std::vector<std::string> log;
  neap::Interpreter lua;
  const auto begin = [](std::shared_ptr<Witness>) -> Async<> { co_return; };
  {
    neap::Task task = lua.spawn(begin(std::make_shared<Witness>(log, "gone")));
    task.cancel();
    lua.run();
  }
  lua.run_string("collectgarbage() collectgarbage()");
  CHECK(log == std::vector<std::string>{"gone"});
}

TEST_CASE("coroutine: a delay that is no number is an error") {
  neap::Interpreter lua(virtual_time());
  CHECK_THROWS_AS(lua.run_until([]() -> Async<> { co_await neap::sleep(std::nan("")); }()), std::invalid_argument);
}

TEST_CASE("coroutine: ten thousand wait at once") {
  neap::Interpreter lua(virtual_time());
  lua.set_function("add", add_slowly);
  CHECK(lua.run_string<int>(R"(
    local tasks = {}
    for i = 1, 10000 do tasks[i] = async.spawn(add, i, 1) end
    local sum = 0
    for _, task in ipairs(tasks) do sum = sum + await(task) end
    return sum)") == 50015000);
}
