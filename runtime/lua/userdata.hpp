// Typed full userdata, told apart by their metatable's address: cheaper than luaL_checkudata's look-up of a
// name, and safe for userdata of any other library.
#pragma once

#include <lua.hpp>

namespace neap {

/// A type of userdata; its address is the registry key of its metatable.
struct UserdataType {
  const char* name;
};

inline constexpr UserdataType kFutureType{"Future"};
inline constexpr UserdataType kTaskType{"Task"};
inline constexpr UserdataType kHandleType{"Handle"};
inline constexpr UserdataType kWatchType{"Watch"};
inline constexpr UserdataType kTimeoutType{"Timeout"};
inline constexpr UserdataType kCoroutineType{"Coroutine"};

/// Makes the type's metatable, with `__name`, `__index` = itself and `__metatable`-free, and pushes it.
/// Once per state.
inline void new_type(lua_State* L, const UserdataType& type) {
  lua_createtable(L, 0, 8);
  lua_pushstring(L, type.name);
  lua_setfield(L, -2, "__name");
  lua_pushvalue(L, -1);
  lua_setfield(L, -2, "__index");
  lua_pushvalue(L, -1);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &type);
}

/// Gives the userdata on the top of the stack its type.
inline void set_type(lua_State* L, const UserdataType& type) {
  lua_rawgetp(L, LUA_REGISTRYINDEX, &type);
  lua_setmetatable(L, -2);
}

/// The userdata at `index` when it is of the type, else null.
inline void* to_userdata(lua_State* L, int index, const UserdataType& type) {
  void* userdata = lua_touserdata(L, index);
  if (userdata == nullptr || lua_getmetatable(L, index) == 0) return nullptr;
  lua_rawgetp(L, LUA_REGISTRYINDEX, &type);
  const bool same = lua_rawequal(L, -1, -2) != 0;
  lua_pop(L, 2);
  return same ? userdata : nullptr;
}

}  // namespace neap
