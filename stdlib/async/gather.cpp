// The two passes of gather over its list, which are most of what it does when the list is long.
#include "runtime/lua/bind.hpp"
#include "runtime/lua/error.hpp"
#include "runtime/task/future.hpp"
#include "stdlib/async/module.hpp"

#include <algorithm>

namespace neap::stdlib {

namespace {

constexpr int kBatch = 8;    // futures fetched into the cache together, of a list that is too long for it
constexpr int kFutures = 3;  // where they are on the stack

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

/// Sets the outcomes of `size` futures of the list at index 1, from `first` on, in their places.
void set_outcomes(lua_State* L, int first, int size) {
  for (int i = 0; i < size; ++i) {
    lua_rawgeti(L, 1, first + i);
    __builtin_prefetch(lua_touserdata(L, -1));
  }
  for (int i = 0; i < size; ++i) {
    const int index = kFutures + i;
    const auto& future = *static_cast<const Future*>(lua_touserdata(L, index));
    if (future.state != FutureState::finished || future.result_count > 1) {
      push_outcome(L, index, 2);
    } else if (future.result_count == 0) {
      lua_pushnil(L);
    } else {
      lua_getiuservalue(L, index, kResult);
    }
    lua_rawseti(L, 1, first + i);
  }
  lua_settop(L, kFutures - 1);
}

/// results(futures, wrap): replaces the futures of the list by what push_outcome gives for each, sets the number of them
/// as `n`, and returns the list.
int results(lua_State* L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_settop(L, 2);
  luaL_checkstack(L, kBatch + LUA_MINSTACK, "gather");
  const auto count = static_cast<int>(lua_rawlen(L, 1));
  lua_pushinteger(L, count);
  lua_setfield(L, 1, "n");
  for (int first = 1; first <= count; first += kBatch) set_outcomes(L, first, std::min(kBatch, count - first + 1));
  lua_settop(L, 1);
  return 1;
}

}  // namespace

void add_gather(lua_State* L) {
  static const luaL_Reg kFunctions[] = {{"all_futures", bound<all_futures>}, {"results", bound<results>}};
  set_functions(L, kFunctions);
}

}  // namespace neap::stdlib
