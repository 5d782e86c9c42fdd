#include "tests/support/inside.hpp"

#include <catch2/catch_test_macros.hpp>

namespace neap::internal::tests {

Task& spawn(Interpreter& interpreter, const std::string& code) {
  lua_State* L = interpreter.state();
  // No assertion that succeeds: those are for one thread alone.
  if (lua_checkstack(L, LUA_MINSTACK) == 0) FAIL("no room on the stack");
  if (luaL_loadbuffer(L, code.data(), code.size(), "=script") != LUA_OK) FAIL(lua_tostring(L, -1));
  return interpreter.scheduler().create_task(L, 0);
}

std::string error_of(Interpreter& interpreter, const Task& task) {
  lua_State* L = interpreter.state();
  for (int index = 1; index <= lua_gettop(L); ++index) {
    if (to_task(L, index) != &task) continue;
    push_exception(L, index);
    std::string text = luaL_tolstring(L, -1, nullptr);
    lua_pop(L, 2);
    return text;
  }
  return "the task is gone";
}

lua_Integer global_integer(Interpreter& interpreter, const char* name) {
  lua_State* L = interpreter.state();
  lua_getglobal(L, name);
  const lua_Integer value = lua_tointeger(L, -1);
  lua_pop(L, 1);
  return value;
}

}  // namespace neap::internal::tests
