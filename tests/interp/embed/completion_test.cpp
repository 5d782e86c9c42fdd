// C++ functions that finish later.
#include "neap/neap.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include <atomic>
#include <chrono>
#include <optional>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

namespace {

using Catch::Matchers::ContainsSubstring;
using Words = neap::Completion<std::string>;

/// An interpreter with a function `ask`, whose Completions come to a list.
struct Asking {
  neap::Interpreter lua;
  std::vector<Words> asked;

  Asking() {
    lua.set_function("ask", [this](Words done, const std::string& question) {
      asked.push_back(done);
      last = question;
    });
  }
  std::string last;
};

}  // namespace

TEST_CASE("completion: the task waits, and gets the value; others run meanwhile") {
  Asking host;
  neap::Task task = host.lua.spawn(host.lua.load_string("return ask('why') .. '!'"));
  neap::Task other = host.lua.spawn(host.lua.load_string("return 1"));
  host.lua.run_until(other);
  REQUIRE(host.asked.size() == 1);
  CHECK(host.last == "why");
  CHECK_FALSE(task.done());
  CHECK(host.asked[0].resolve("because"));
  CHECK(host.lua.run_until<std::string>(task) == "because!");
}

TEST_CASE("completion: it may come before the function has returned") {
  neap::Interpreter lua;
  lua.set_function("now", [](neap::Completion<int> done) { done.resolve(5); });
  CHECK(lua.run_string<int>("return now() + now()") == 10);
}

TEST_CASE("completion: from another thread") {
  neap::Interpreter lua;
  std::vector<std::thread> threads;
  lua.set_function(
      "work", [&](neap::Completion<int> done, int n) { threads.emplace_back([done, n] { done.resolve(n * n); }); });
  CHECK(lua.run_string<int>(R"(
    local sum = 0
    for _, n in ipairs(async.map({1, 2, 3, 4, 5, 6, 7, 8}, work)) do sum = sum + n end
    return sum)") == 204);
  for (std::thread& thread : threads) thread.join();
}

TEST_CASE("completion: it counts once") {
  Asking host;
  neap::Task task = host.lua.spawn(host.lua.load_string("return ask('')"));
  host.lua.step();
  CHECK(host.asked[0].resolve("first"));
  CHECK_FALSE(host.asked[0].resolve("second"));
  CHECK_FALSE(host.asked[0].reject(neap::Error("ValueError", "third")));
  CHECK(host.lua.run_until<std::string>(task) == "first");
}

TEST_CASE("completion: reject raises the error where the function was called") {
  Asking host;
  neap::Task task = host.lua.spawn(host.lua.load_string(
      "local ok, e = pcall(ask, '') return tostring(e) .. ' ' .. tostring(async.is(e, async.ValueError))"));
  host.lua.step();
  host.asked[0].reject(neap::Error("ValueError", "no answer"));
  CHECK(host.lua.run_until<std::string>(task) == "ValueError: no answer true");
}

TEST_CASE("completion: any exception may be the error") {
  Asking host;
  neap::Task task = host.lua.spawn(host.lua.load_string("local ok, e = pcall(ask, '') return e.code"));
  host.lua.step();
  host.asked[0].reject(std::make_exception_ptr(std::system_error(ENOENT, std::generic_category(), "open")));
  CHECK(host.lua.run_until<std::string>(task) == "ENOENT");
}

TEST_CASE("completion: one that is dropped is an error that says so") {
  Asking host;
  neap::Task task = host.lua.spawn(host.lua.load_string("return ask('')"));
  host.lua.step();
  host.asked.clear();
  CHECK_THROWS_WITH(host.lua.run_until(task), ContainsSubstring("dropped its Completion"));
}

TEST_CASE("completion: a function that throws instead of completing raises that") {
  neap::Interpreter lua;
  lua.set_function("broken", [](neap::Completion<int>) { throw std::invalid_argument("not today"); });
  CHECK_THROWS_WITH(lua.run_string("broken()"), ContainsSubstring("not today"));
}

TEST_CASE("completion: cancelling the task ends its wait, and tells the function") {
  Asking host;
  neap::Task task = host.lua.spawn(host.lua.load_string("return ask('')"));
  host.lua.step();
  int told = 0;
  host.asked[0].on_cancel([&] { ++told; });
  CHECK_FALSE(host.asked[0].cancelled());
  task.cancel();
  CHECK_THROWS_AS(host.lua.run_until(task), neap::Cancelled);
  CHECK(told == 1);
  CHECK(host.asked[0].cancelled());
  CHECK_FALSE(host.asked[0].resolve("late"));
  host.asked[0].on_cancel([&] { ++told; });
  CHECK(told == 2);
}

TEST_CASE("completion: a timeout in Lua cancels it") {
  neap::Options options;
  options.virtual_clock = true;
  neap::Interpreter lua(options);
  std::optional<neap::Completion<int>> kept;
  lua.set_function("never", [&](neap::Completion<int> done) { kept = done; });
  CHECK(lua.run_string<bool>(R"(
    local ok, e = pcall(async.timeout, 1, never)
    return not ok and async.is(e, async.TimeoutError))"));
  CHECK(kept->cancelled());
}

TEST_CASE("completion: waiting for it is no deadlock") {
  neap::Interpreter lua;
  std::thread thread;
  lua.set_function("slow", [&](neap::Completion<int> done) {
    thread = std::thread([done] {
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
      done.resolve(1);
    });
  });
  CHECK(lua.run_string<int>("return slow()") == 1);
  thread.join();
}

TEST_CASE("completion: outside a task the function is not begun") {
  neap::Interpreter lua;
  bool begun = false;
  lua.set_function("begin", [&](neap::Completion<int> done) {
    begun = true;
    done.resolve(1);
  });
  CHECK_THROWS_WITH(lua.call("begin"), ContainsSubstring("spawn"));
  CHECK_FALSE(begun);
}

TEST_CASE("completion: it outlives the interpreter, which cancels it") {
  std::optional<Words> kept;
  std::atomic<bool> told{false};
  {
    Asking host;
    neap::Task task = host.lua.spawn(host.lua.load_string("return ask('')"));
    host.lua.step();
    kept = host.asked[0];
    kept->on_cancel([&] { told = true; });
  }
  CHECK(told);
  CHECK(kept->cancelled());
  CHECK_FALSE(kept->resolve("nobody"));
}

TEST_CASE("completion: many threads complete while the interpreter is destroyed") {
  for (int round = 0; round < 50; ++round) {
    std::vector<std::thread> threads;
    {
      neap::Interpreter lua;
      lua.set_function("work", [&](neap::Completion<std::string> done) {
        threads.emplace_back([done] { done.resolve("result"); });
      });
      for (int i = 0; i < 8; ++i) lua.spawn("work");
      lua.step();
    }
    for (std::thread& thread : threads) thread.join();
  }
}
