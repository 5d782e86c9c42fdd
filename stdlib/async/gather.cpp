// The two passes of gather over its list, which are most of what it does when the list is long.
#include "runtime/lua/bind.hpp"
#include "runtime/lua/error.hpp"
#include "runtime/task/future.hpp"
#include "runtime/task/prefetch.hpp"
#include "stdlib/async/module.hpp"

namespace neap::internal::stdlib {

namespace {

/// all_futures(list, count): a copy of the list when each of its items is a Future or a Task, else nil.
int all_futures(lua_State* L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  const auto count = static_cast<int>(luaL_checkinteger(L, 2));
  for (int i = 1; i <= count; ++i) {
    lua_settop(L, 2);
    lua_rawgeti(L, 1, i);
    if (to_future(L, 3) == nullptr) return 0;
  }
  lua_createtable(L, count, 0);
  for (int i = 1; i <= count; ++i) {
    lua_rawgeti(L, 1, i);
    lua_rawseti(L, -2, i);
  }
  return 1;
}

/// Pushes the first result of the future at `index`, or, where `wrap` is a function, the error of one that has none:
/// wrap(error) for an error that is no error object. Without `wrap` the error is raised.
void push_outcome(lua_State* L, int index, int wrap) {
  const auto& future = *static_cast<const Future*>(lua_touserdata(L, index));
  if (future.state == FutureState::finished || lua_isnil(L, wrap)) {
    const int count = push_result_or_raise(L, index);
    lua_settop(L, lua_gettop(L) + (count == 0 ? 1 : 1 - count));
    return;
  }
  push_exception(L, index);
  if (is_error_object(L, -1)) return;
  lua_pushvalue(L, wrap);
  lua_insert(L, -2);
  lua_call(L, 1, 1);
}

/// results(futures, wrap): replaces the futures of the list by what push_outcome gives for each, sets the number of
/// them as `n`, and returns the list.
int results(lua_State* L) {
  enum { kList = 1, kWrap, kFuture };
  luaL_checktype(L, kList, LUA_TTABLE);
  lua_settop(L, kWrap);
  const auto count = static_cast<int>(lua_rawlen(L, kList));
  lua_pushinteger(L, count);
  lua_setfield(L, kList, "n");
  const Future* previous = nullptr;
  for (int i = 1; i <= count; ++i) {
    lua_rawgeti(L, kList, i);
    const auto* future = static_cast<const Future*>(lua_touserdata(L, kFuture));
    prefetch_future(previous, future);
    previous = future;
    if (future->state != FutureState::finished || future->result_count > 1) {
      push_outcome(L, kFuture, kWrap);
    } else if (future->result_count == 0) {
      lua_pushnil(L);
    } else {
      lua_getiuservalue(L, kFuture, kResult);
    }
    lua_rawseti(L, kList, i);
    lua_settop(L, kWrap);
  }
  lua_settop(L, kList);
  return 1;
}

}  // namespace

void add_gather(lua_State* L) {
  static const luaL_Reg kFunctions[] = {{"all_futures", bound<all_futures>}, {"results", bound<results>}};
  set_functions(L, kFunctions);
}

}  // namespace neap::internal::stdlib
