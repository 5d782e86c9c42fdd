// The end of a program whose connections still have bytes to send.
#include "interp/interpreter.hpp"
#include "runtime/lua/bind.hpp"
#include "runtime/task/scheduler.hpp"

#include <catch2/catch_test_macros.hpp>

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>

using namespace neap::internal;

namespace {

constexpr Deadline kMillisecond = 1'000'000;

/// connect(port): a connection that the loop does not know; its descriptor.
int connect_blocking(lua_State* L) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<in_port_t>(luaL_checkinteger(L, 1)));
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  const int code = ::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address);
  lua_pushinteger(L, code == 0 ? fd : -1);
  return 1;
}

/// hang_up(fd)
int hang_up(lua_State* L) {
  ::close(static_cast<int>(luaL_checkinteger(L, 1)));
  return 0;
}

struct Run {
  explicit Run(Deadline grace) {
    interpreter.scheduler().sending_grace = grace;
    lua_register(interpreter.state(), "connect", bound<connect_blocking>);
    lua_register(interpreter.state(), "hang_up", bound<hang_up>);
    uv_loop_t* loop = interpreter.loop().uv();
    turns.data = this;
    uv_prepare_init(loop, &turns);
    uv_prepare_start(&turns, [](uv_prepare_t* self) { ++static_cast<Run*>(self->data)->turn_count; });
    uv_unref(reinterpret_cast<uv_handle_t*>(&turns));
    uv_timer_init(loop, &guard);
    guard.data = this;
    const auto give_up = [](uv_timer_t* self) {
      static_cast<Run*>(self->data)->interpreter.scheduler().request_exit(1);
    };
    uv_timer_start(&guard, give_up, 20'000, 0);
    uv_unref(reinterpret_cast<uv_handle_t*>(&guard));
  }

  /// Runs the script to its end. Returns the nanoseconds that took.
  std::int64_t operator()(const char* code) {
    lua_State* L = interpreter.state();
    if (luaL_loadstring(L, code) != LUA_OK) FAIL(lua_tostring(L, -1));
    const std::uint64_t began = uv_hrtime();
    const Task& task = interpreter.run_main(0);
    const std::uint64_t ended = uv_hrtime();
    if (task.state == FutureState::failed) {
      push_exception(L, -1);
      FAIL(luaL_tolstring(L, -1, nullptr));
    }
    lua_settop(L, 0);
    return static_cast<std::int64_t>(ended - began);
  }

  Interpreter interpreter;
  uv_prepare_t turns{};
  uv_timer_t guard{};  // ends what would last for ever
  int turn_count = 0;
};

/// Leaves a connection with more queued than its peer, which reads nothing, will ever take.
constexpr const char* kUnsent =
    "server = async.start_server(function(stream) peer = stream:detach() end, '127.0.0.1', 0) "
    "port = server:address().port "
    "conn = async.open_connection('127.0.0.1', port) "
    "while not peer do async.sleep(0) end "
    "async.get_running_loop():call_soon(function() conn:write(('x'):rep(1 << 24)) end) async.sleep(0) ";

/// Leaves a closed connection whose peer has sent what was not read, and does not end.
constexpr const char* kUnread =
    "local server = async.start_server(function(stream) peer = stream:detach() end, '127.0.0.1', 0) "
    "conn = async.open_connection('127.0.0.1', server:address().port) "
    "conn:write('question\\n', ('x'):rep(100000)) "
    "while not peer do async.sleep(0) end "
    "peer:readline() peer:close() server:close()";

}  // namespace

TEST_CASE("the end of a program waits the grace for a peer that does not read, and no longer", "[stream]") {
  Run run(50 * kMillisecond);
  CHECK(run(kUnsent) >= 50 * kMillisecond);
  CHECK_FALSE(run.interpreter.scheduler().exit_requested());
  CHECK(run.interpreter.scheduler().unsent == 1);
}

TEST_CASE("the end of a program waits for nothing when everything has been sent or given up", "[stream]") {
  Run run(3600'000 * kMillisecond);
  run((kUnsent + std::string("conn:abort()")).c_str());
  CHECK_FALSE(run.interpreter.scheduler().exit_requested());
  CHECK(run.interpreter.scheduler().unsent == 0);
}

TEST_CASE("the end of a program waits for a closed connection whose peer has not ended, until that stays silent",
          "[stream]") {
  Run run(3600'000 * kMillisecond);
  CHECK(run(kUnread) >= 900 * kMillisecond);
  CHECK_FALSE(run.interpreter.scheduler().exit_requested());
  CHECK(run.interpreter.scheduler().unsent == 0);
}

TEST_CASE("the end of a program waits the grace, and no longer, for a closed connection that lingers", "[stream]") {
  Run run(50 * kMillisecond);
  CHECK(run(kUnread) >= 50 * kMillisecond);
  CHECK_FALSE(run.interpreter.scheduler().exit_requested());
  CHECK(run.interpreter.scheduler().unsent == 1);
}

TEST_CASE("connections that wait at an open listener do not keep the loop busy at the end", "[net]") {
  Run run(50 * kMillisecond);
  run((kUnsent + std::string("fd = connect(port)")).c_str());
  CHECK_FALSE(run.interpreter.scheduler().exit_requested());
  CHECK(run.turn_count < 100);  // without a pause there are thousands
  run("hang_up(fd)");
}

TEST_CASE("a listener whose callback came late goes on accepting", "[net]") {
  Run run(0);
  // So many ready callbacks that the loop is polled again before that of the listener has its turn.
  run("local loop, served = async.get_running_loop(), 0 "
      "local server = async.start_server(function() served = served + 1 end, '127.0.0.1', 0) "
      "local port, fds = server:address().port, {} "
      "for round = 1, 3 do "
      "  fds[round] = connect(port) "
      "  local function busy(n) if n > 0 then for _ = 1, 300 do loop:call_soon(busy, 0) end busy(n - 1) end end "
      "  for _ = 1, 3 do busy(3) async.sleep(0) end "
      "  while served < round do async.sleep(0.001) end "
      "end "
      "for _, fd in ipairs(fds) do hang_up(fd) end "
      "server:close()");
  CHECK_FALSE(run.interpreter.scheduler().exit_requested());
}
