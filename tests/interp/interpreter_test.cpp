#include "interp/interpreter.hpp"

#include <catch2/catch_test_macros.hpp>

#include <string>

using neap::internal::FutureState;
using neap::internal::Interpreter;
using neap::internal::InterpreterOptions;

namespace {

/// Runs a chunk as the main task and returns how it ended.
FutureState run(Interpreter& interpreter, const char* code) {
  lua_State* L = interpreter.state();
  if (luaL_loadstring(L, code) != LUA_OK) FAIL(lua_tostring(L, -1));
  return interpreter.run_main(0).state;
}

std::string error_of(Interpreter& interpreter) {
  lua_State* L = interpreter.state();
  neap::internal::push_exception(L, -1);
  std::string text = luaL_tolstring(L, -1, nullptr);
  lua_pop(L, 2);
  return text;
}

}  // namespace

TEST_CASE("interpreter: two interpreters in one process know nothing of each other") {
  Interpreter first;
  Interpreter second;
  CHECK(run(first, "value = 1; async.sleep(0.001)") == FutureState::finished);
  CHECK(run(second, "assert(value == nil); async.sleep(0.001)") == FutureState::finished);
}

TEST_CASE("interpreter: it can be destroyed without having run anything") { const Interpreter interpreter; }

TEST_CASE("interpreter: it can be destroyed with tasks that never ran and timers that never fired") {
  Interpreter interpreter;
  lua_State* L = interpreter.state();
  REQUIRE(luaL_loadstring(L, "async.spawn(async.sleep, 100) async.get_running_loop():call_later(9, print)") == LUA_OK);
  interpreter.scheduler().create_task(L, 0);
}

TEST_CASE("interpreter: several programs run one after the other in one interpreter") {
  Interpreter interpreter;
  for (int i = 0; i < 3; ++i) {
    CHECK(run(interpreter, "async.gather(async(function() async.sleep(0.0001) end)())") == FutureState::finished);
    CHECK(interpreter.scheduler().task_count() == 0);
    lua_settop(interpreter.state(), 0);
  }
}

TEST_CASE("interpreter: a program over the memory limit gets an error and can be followed by another") {
  InterpreterOptions options;
  options.limits.memory = std::size_t{16} << 20;
  Interpreter interpreter(options);
  CHECK(run(interpreter, "local t = {} while true do t[#t + 1] = {} end") == FutureState::failed);
  CHECK(error_of(interpreter).find("the limit is 16.0 MiB") != std::string::npos);
  lua_settop(interpreter.state(), 0);
  CHECK(run(interpreter, "local s = ('x'):rep(1 << 30)") == FutureState::failed);
  CHECK(error_of(interpreter).find("not enough memory") != std::string::npos);
  lua_settop(interpreter.state(), 0);
  CHECK(run(interpreter, "for i = 1, 100 do local t = {} for j = 1, 1000 do t[j] = {} end end") ==
        FutureState::finished);
}

TEST_CASE(
    "interpreter: one whose memory ends before its first turn tells the program, and goes on when there is some") {
  static int left = 0;
  int failed = 0;
  for (int blocks = 20; blocks < 80; ++blocks) {
    Interpreter interpreter;
    left = blocks;
    interpreter.allocator().set_refusal([](void*) { return left-- <= 0; }, nullptr);
    lua_State* L = interpreter.state();
    const bool loaded = luaL_loadstring(L, "local t = {} for i = 1, 100 do t[i] = { i } end") == LUA_OK;
    if (loaded && interpreter.run_main(0).state == FutureState::failed) {
      ++failed;
      CHECK(error_of(interpreter) == "not enough memory");
    }
    interpreter.allocator().set_refusal(nullptr, nullptr);
    lua_settop(L, 0);
    CHECK(run(interpreter, "async.sleep(0.001)") == FutureState::finished);
  }
  CHECK(failed > 0);
}

TEST_CASE("interpreter: a call that is in no task has the memory limit too") {
  InterpreterOptions options;
  options.limits.memory = std::size_t{16} << 20;
  Interpreter interpreter(options);
  lua_State* L = interpreter.state();
  for (int i = 0; i < 3; ++i) {
    REQUIRE(luaL_loadstring(L, "local t = {} while true do t[#t + 1] = {} end") == LUA_OK);
    CHECK(lua_pcall(L, 0, 0, 0) == LUA_ERRRUN);
    CHECK(luaL_dostring(L, "return 1") == LUA_OK);
    lua_settop(L, 0);
  }
}

TEST_CASE("interpreter: garbage under the memory limit is collected and no error") {
  InterpreterOptions options;
  options.limits.memory = std::size_t{8} << 20;
  Interpreter interpreter(options);
  CHECK(run(interpreter, "for i = 1, 300000 do local t = {i, i, i} end") == FutureState::finished);
}

TEST_CASE("interpreter: os.exit with close ends the run and keeps the status") {
  Interpreter interpreter;
  run(interpreter, "async.spawn(async.sleep, 100) os.exit(7, true)");
  CHECK(interpreter.scheduler().exit_requested());
  CHECK(interpreter.scheduler().exit_status() == 7);
}

TEST_CASE("interpreter: the collector lets more garbage pile up the smaller the live heap is") {
  Interpreter interpreter;
  CHECK(run(interpreter, R"(
    local function pause()
      collectgarbage()
      local percent = collectgarbage("setpause", 200)
      collectgarbage("setpause", percent)
      return percent
    end
    local small = pause()
    local ballast = ("x"):rep(1 << 19)
    local middle = pause()
    ballast = ballast:rep(16)
    local large = pause()
    assert(small == 600 and middle < small and middle > large and large == 300, small .. " " .. middle .. " " .. large)
    ballast = nil
    assert(pause() == 600))") == FutureState::finished);
}

TEST_CASE("interpreter: a script that sets the collector's pause keeps it") {
  Interpreter interpreter;
  CHECK(run(interpreter, R"(
    collectgarbage("setpause", 160)
    for _ = 1, 3 do collectgarbage() end
    assert(collectgarbage("setpause", 160) == 160))") == FutureState::finished);
}
