#include "runtime/task/protect.hpp"

#include "runtime/lua/bind.hpp"
#include "runtime/lua/error.hpp"
#include "runtime/task/coroutine.hpp"
#include "runtime/task/scheduler.hpp"
#include "runtime/task/trail.hpp"

namespace neap::internal {

namespace {

bool succeeded(int status) { return status == LUA_OK || status == LUA_YIELD; }

/// The answer of a failed call: the error passes on when it is a cancellation, or a limit stops this code.
int answer_error(lua_State* L) {
  if (is_cancellation(L, -1) || scheduler_of(L).stopping) return lua_error(L);
  drop_trail(L);
  lua_pushboolean(L, 0);
  lua_insert(L, -2);
  return 2;
}

int pcall_returned(lua_State* L, int status, lua_KContext) {
  return succeeded(status) ? lua_gettop(L) : answer_error(L);
}

int xpcall_returned(lua_State* L, int status, lua_KContext) {
  return succeeded(status) ? lua_gettop(L) - 2 : answer_error(L);
}

/// The same where, of cancellations, only the one that closes a coroutine passes on.
int answer_any_error(lua_State* L) {
  if (is_closing_error(L, -1) || scheduler_of(L).stopping) return lua_error(L);
  lua_pushboolean(L, 0);
  lua_insert(L, -2);
  return 2;
}

int catch_returned(lua_State* L, int status, lua_KContext) {
  if (succeeded(status)) return lua_gettop(L);
  drop_trail(L);
  return answer_any_error(L);
}

int trap_returned(lua_State* L, int status, lua_KContext) {
  return succeeded(status) ? lua_gettop(L) - 1 : answer_any_error(L);
}

/// Stands before a script's message handler, which must not see a cancellation that will not be caught. An error
/// in the handler is the answer: Lua would call the handler again for it, until the C stack is used up.
int filtered_handler(lua_State* L) {
  if (is_cancellation(L, 1) || scheduler_of(L).stopping) return 1;
  lua_settop(L, 1);
  lua_pushvalue(L, lua_upvalueindex(1));
  lua_insert(L, 1);
  lua_pcall(L, 1, 1, 0);
  return 1;
}

}  // namespace

int pcall_function(lua_State* L) {
  luaL_checkany(L, 1);
  lua_pushboolean(L, 1);
  lua_insert(L, 1);
  const int status = lua_pcallk(L, lua_gettop(L) - 2, LUA_MULTRET, 0, 0, pcall_returned);
  return pcall_returned(L, status, 0);
}

int xpcall_function(lua_State* L) {
  const int count = lua_gettop(L);
  luaL_checktype(L, 2, LUA_TFUNCTION);
  lua_pushvalue(L, 2);
  lua_pushcclosure(L, filtered_handler, 1);
  lua_replace(L, 2);
  lua_pushboolean(L, 1);
  lua_pushvalue(L, 1);
  lua_rotate(L, 3, 2);  // function, handler, true, function, arguments
  const int status = lua_pcallk(L, count - 2, LUA_MULTRET, 2, 2, xpcall_returned);
  return xpcall_returned(L, status, 2);
}

int catch_all(lua_State* L) {
  if (lua_isnone(L, 1)) raise(L, ErrorKind::type, "argument 1 of catch is missing: the function to call");
  lua_pushboolean(L, 1);
  lua_insert(L, 1);
  const int status = lua_pcallk(L, lua_gettop(L) - 2, LUA_MULTRET, 0, 0, catch_returned);
  return catch_returned(L, status, 0);
}

bool is_message_handler(lua_CFunction function) { return function == filtered_handler; }

int drop_trail_and_return(lua_State* L) {
  drop_trail(L);
  return lua_gettop(L);
}

int trap(lua_State* L) {
  luaL_checkany(L, 1);
  lua_pushcfunction(L, coroutine_message_handler);
  lua_insert(L, 1);
  lua_pushboolean(L, 1);
  lua_insert(L, 2);
  const int status = lua_pcallk(L, lua_gettop(L) - 3, LUA_MULTRET, 1, 0, trap_returned);
  return trap_returned(L, status, 0);
}

}  // namespace neap::internal
