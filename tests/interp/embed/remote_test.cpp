// An interpreter and the other threads of its program.
#include "neap/neap.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include <algorithm>
#include <atomic>
#include <future>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace {

using Catch::Matchers::ContainsSubstring;

/// Runs the interpreter until `finish` is called, which waits for the thread to have ended.
class Running {
 public:
  Running() {
    std::promise<neap::Remote> made;
    std::future<neap::Remote> remote = made.get_future();
    thread_ = std::thread([&made] {
      neap::Interpreter lua;
      lua.run_string(R"(
        finished = async.Event()
        function double(x) async.sleep(0) return 2 * x end
        function fail() error(async.ValueError("bad")) end
        function forever() async.sleep(math.huge) end)");
      neap::Task main = lua.spawn(lua.load_string("finished:wait()"));
      made.set_value(lua.remote());
      lua.run_until(main);
    });
    remote_.emplace(remote.get());
  }
  ~Running() { finish(); }

  [[nodiscard]] const neap::Remote& remote() const { return *remote_; }
  void finish() {
    if (!thread_.joinable()) return;
    remote_->post([](neap::Interpreter& lua) { lua.spawn(lua.load_string("finished:set()")); });
    thread_.join();
  }

 private:
  std::thread thread_;
  std::optional<neap::Remote> remote_;
};

}  // namespace

TEST_CASE("remote: post runs work on the interpreter's thread, in order") {
  Running running;
  std::vector<int> order;
  std::promise<std::thread::id> where;
  for (int i = 0; i < 100; ++i) running.remote().post([&order, i](neap::Interpreter&) { order.push_back(i); });
  running.remote().post([&where](neap::Interpreter&) { where.set_value(std::this_thread::get_id()); });
  CHECK(where.get_future().get() != std::this_thread::get_id());
  REQUIRE(order.size() == 100);
  CHECK(std::is_sorted(order.begin(), order.end()));
}

TEST_CASE("remote: submit gives what a function returns or throws on the interpreter's thread") {
  Running running;
  CHECK(running.remote().submit([](neap::Interpreter& lua) { return lua.call<int>("math.max", 3, 5); }).get() == 5);
  running.remote().submit([](neap::Interpreter& lua) { lua.set("x", 1); }).get();
  auto failed = running.remote().submit([](neap::Interpreter&) -> int { throw std::out_of_range("there"); });
  CHECK_THROWS_AS(failed.get(), std::out_of_range);
}

TEST_CASE("remote: run_coroutine_threadsafe gives the result of a task") {
  Running running;
  CHECK(running.remote().run_coroutine_threadsafe<int>("double", 21).get() == 42);
  CHECK_THROWS_WITH(running.remote().run_coroutine_threadsafe("fail").get(), ContainsSubstring("bad"));
  CHECK_THROWS_AS(running.remote().run_coroutine_threadsafe("no_such_function").get(), neap::Error);
}

TEST_CASE("remote: a call may be cancelled from the thread that made it") {
  Running running;
  auto call = running.remote().run_coroutine_threadsafe("forever");
  CHECK_FALSE(call.wait_for(0.01));
  call.cancel();
  CHECK_THROWS_AS(call.get(), neap::Cancelled);
}

TEST_CASE("remote: many threads call at once") {
  Running running;
  std::vector<std::thread> threads;
  std::atomic<int> sum{0};
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 50; ++i) sum += running.remote().run_coroutine_threadsafe<int>("double", t).get();
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(sum == 2 * 50 * (0 + 1 + 2 + 3));
}

TEST_CASE("remote: after the interpreter there is Closed, and nothing hangs") {
  std::optional<neap::Remote> remote;
  std::optional<neap::RemoteFuture<void>> never;
  {
    neap::Interpreter lua;
    lua.run_string("function forever() async.sleep(math.huge) end");
    remote = lua.remote();
    never.emplace(remote->run_coroutine_threadsafe("forever"));
    CHECK_FALSE(remote->closed());
  }
  CHECK(remote->closed());
  CHECK_FALSE(remote->post([](neap::Interpreter&) {}));
  CHECK_THROWS_AS(remote->submit([](neap::Interpreter&) { return 1; }).get(), neap::Closed);
  CHECK_THROWS_AS(remote->run_coroutine_threadsafe("forever").get(), neap::Closed);
  CHECK_THROWS(never->get());
  never->cancel();
}

TEST_CASE("remote: threads call while the interpreter is made and destroyed") {
  for (int round = 0; round < 30; ++round) {
    std::vector<std::thread> threads;
    std::atomic<int> answered{0};
    {
      neap::Interpreter lua;
      lua.run_string("function double(x) return 2 * x end");
      for (int t = 0; t < 3; ++t) {
        threads.emplace_back([&answered, remote = lua.remote()] {
          for (int i = 0; i < 20; ++i) {
            try {
              remote.run_coroutine_threadsafe<int>("double", i).get();
            } catch (const std::exception&) {}
            ++answered;
          }
        });
      }
      for (int i = 0; i < 20; ++i) lua.step(0.0005);
    }
    for (std::thread& thread : threads) thread.join();
    CHECK(answered == 60);
  }
}
