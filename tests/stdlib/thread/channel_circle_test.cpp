// Channels that lie in each other's queues.
#include "interp/interpreter.hpp"
#include "stdlib/thread/channel.hpp"
#include "tests/support/inside.hpp"

#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <vector>

using neap::internal::Interpreter;
using neap::internal::stdlib::thread::Channel;

namespace {

/// An interpreter whose script leaves channels in the table `channels`, which are looked at from outside.
class Script {
 public:
  explicit Script(const std::string& code) : interpreter_(std::in_place) {
    run(code);
    lua_State* L = interpreter_->state();
    lua_getglobal(L, "channels");
    for (int i = 1; lua_rawgeti(L, -1, i) != LUA_TNIL; ++i) {
      seen_.push_back(neap::internal::stdlib::thread::to_channel(L, -1));
      lua_pop(L, 1);
    }
    lua_settop(L, 0);
    REQUIRE(alive() == seen_.size());
  }

  void run(const std::string& code) {
    lua_State* L = interpreter_->state();
    REQUIRE(luaL_loadstring(L, code.c_str()) == LUA_OK);
    REQUIRE(interpreter_->run_main(0).state == neap::internal::FutureState::finished);
    lua_settop(L, 0);
  }
  /// Lets go of what the scripts have, but for other globals.
  void forget() { run("channels = nil collectgarbage() collectgarbage()"); }
  void close() { interpreter_.reset(); }
  [[nodiscard]] std::size_t alive() const {
    return static_cast<std::size_t>(
        std::count_if(seen_.begin(), seen_.end(), [](const auto& channel) { return !channel.expired(); }));
  }

 private:
  std::optional<Interpreter> interpreter_;
  std::vector<std::weak_ptr<Channel>> seen_;
};

constexpr const char* kCircle = R"(
  local a, b, c = async.thread_channel(9), async.thread_channel(9), async.thread_channel(9)
  a:send { b }
  b:send { c, c, b }
  c:send { "x", { a } }
  channels = { a, b, c }
)";

}  // namespace

TEST_CASE("channel: those that only lie in each other's queues are destroyed", "[thread]") {
  Script script(kCircle);
  script.forget();
  CHECK(script.alive() == 0);
}

TEST_CASE("channel: a circle that is reached from outside stays, and gives what is in it", "[thread]") {
  Script script(std::string(kCircle) + "kept = a");
  script.run("kept = channels[2]");
  script.forget();
  CHECK(script.alive() == 3);
  script.run(R"(
    local c = kept:receive()[1]
    local a = c:receive()[2][1]
    assert(a:receive()[1] == kept)
    kept = nil
  )");
  script.run("collectgarbage() collectgarbage()");
  CHECK(script.alive() == 0);
}

TEST_CASE("channel: a circle that lies in the queue of another channel lives as long as that", "[thread]") {
  Script script(std::string(kCircle) + "outside = async.thread_channel(1) outside:send(a)");
  script.forget();
  CHECK(script.alive() == 3);
  script.run("outside = nil collectgarbage() collectgarbage()");
  CHECK(script.alive() == 0);
}

TEST_CASE("channel: circles end with the interpreter", "[thread]") {
  Script script(kCircle);
  script.close();
  CHECK(script.alive() == 0);
}

TEST_CASE("channel: a circle ends when the answer that holds it is dropped", "[thread]") {
  Script script(std::string(kCircle) + R"(
    async.to_thread(function(list) return list end, channels)
    local call = async.spawn(async.to_thread, function(list) return list end, channels)
    async.sleep(0.01)
    call:cancel()
    async.wait { call }
  )");
  script.forget();
  script.close();
  CHECK(script.alive() == 0);
}

TEST_CASE("channel: one in another in another, as deep as one likes, is destroyed", "[thread]") {
  Script script(R"(
    local first = async.thread_channel(1)
    local last = first
    for _ = 1, 200000 do
      local next = async.thread_channel(1)
      next:try_send(last)
      last = next
    end
    channels = { first, last }
  )");
  script.forget();
  CHECK(script.alive() == 0);
}

TEST_CASE("channel: circles behind many channels end with the interpreter at the latest", "[thread]") {
#ifdef __SANITIZE_THREAD__
  SKIP("the thread sanitizer knows of 64 locks that a thread holds at a time");
#endif
  Script script(R"(
    local hub = async.thread_channel(math.huge)
    for i = 1, 1000 do
      local reply = async.thread_channel(1)
      reply:send(reply) -- which a channel forgets in its own queue
      hub:send(reply)
    end
    local first, last = async.thread_channel(1), async.thread_channel(1)
    first:send(last)
    last:send(first)
    hub:send(hub)
    channels = { hub, first, last }
  )");
  script.run("channels[2], channels[3] = nil, nil collectgarbage()");
  script.close();
  CHECK(script.alive() == 0);
}

TEST_CASE("channel: threads that close circles and let go at the same time leave none", "[thread]") {
  for (int round = 0; round < 20; ++round) {
    Script script(R"(
      local a, b = async.thread_channel(math.huge), async.thread_channel(math.huge)
      channels = { a, b }
      local function tie(one, other)
        for i = 1, 50 do
          one:send(other)
          if i % 5 == 0 then collectgarbage() end
        end
        one, other = nil, nil
        collectgarbage()
      end
      calls = { async.spawn(async.to_thread, tie, a, b), async.spawn(async.to_thread, tie, b, a),
        async.spawn(async.to_thread, tie, a, a) }
      channels[3] = nil
      async.sleep(0)
    )");
    script.run("channels = nil collectgarbage() async.wait(calls) calls = nil collectgarbage() collectgarbage()");
    script.close();
    CHECK(script.alive() == 0);
  }
}
