// Typed full userdata, told apart by their metatable's address: cheaper than luaL_checkudata's look-up of a
// name, and safe for userdata of any other library.
#pragma once

#include "runtime/lua/state_data.hpp"

#include <lua.hpp>

namespace neap::internal {

/// A type of userdata; its address is the registry key of its metatable.
struct UserdataType {
  const char* name;
  /// Index into StateData::metatables of a type that is looked at on every switch; -1 for any other.
  int fast = -1;
};

inline constexpr UserdataType kFutureType{"Future", 0};
inline constexpr UserdataType kTaskType{"Task", 1};
inline constexpr UserdataType kCoroutineType{"Coroutine", 2};
inline constexpr UserdataType kHandleType{"Handle", 3};
inline constexpr UserdataType kTimeoutType{"Timeout", 4};
inline constexpr UserdataType kWaitQueueType{"WaitQueue", 5};
inline constexpr UserdataType kGeneratorType{"Generator", 6};
inline constexpr UserdataType kLockType{"Lock", 7};
inline constexpr UserdataType kSemaphoreType{"Semaphore", 8};
inline constexpr UserdataType kEventType{"Event", 9};
inline constexpr UserdataType kQueueType{"Queue", 10};
inline constexpr UserdataType kChannelType{"Channel", 11};
inline constexpr UserdataType kCaseType{"SelectCase", 12};
inline constexpr UserdataType kStreamType{"Stream", 13};
inline constexpr UserdataType kWatchType{"Watch"};
inline constexpr UserdataType kGatheringType{"Gathering"};

/// Values that a userdata can hold; Lua counts them in 16 bits, and does not look.
inline constexpr int kMostUserValues = 65'000;

/// Makes the type's metatable, with `__name` and `__index` = itself, and pushes it. Once per state.
inline void new_type(lua_State* L, const UserdataType& type) {
  lua_createtable(L, 0, 8);
  lua_pushstring(L, type.name);
  lua_setfield(L, -2, "__name");
  lua_pushvalue(L, -1);
  lua_setfield(L, -2, "__index");
  lua_pushvalue(L, -1);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &type);
  if (type.fast < 0) return;
  state_data(L).metatables[type.fast] = lua_topointer(L, -1);
  lua_pushvalue(L, -1);
  state_data(L).metatable_places[type.fast] = luaL_ref(L, LUA_REGISTRYINDEX);
}

/// Gives the userdata on the top of the stack its type.
inline void set_type(lua_State* L, const UserdataType& type) {
  if (type.fast >= 0) {
    lua_rawgeti(L, LUA_REGISTRYINDEX, state_data(L).metatable_places[type.fast]);
  } else {
    lua_rawgetp(L, LUA_REGISTRYINDEX, &type);
  }
  lua_setmetatable(L, -2);
}

/// True when `metatable`, the address of one or null, is that of the type, which must be a fast one.
inline bool is_type(lua_State* L, const void* metatable, const UserdataType& type) {
  return metatable != nullptr && metatable == state_data(L).metatables[type.fast];
}

/// The userdata at `index` when it is of the type, else null.
inline void* to_userdata(lua_State* L, int index, const UserdataType& type) {
  void* userdata = lua_touserdata(L, index);
  if (userdata == nullptr || lua_getmetatable(L, index) == 0) return nullptr;
  if (type.fast >= 0) {
    const bool same = is_type(L, lua_topointer(L, -1), type);
    lua_pop(L, 1);
    return same ? userdata : nullptr;
  }
  lua_rawgetp(L, LUA_REGISTRYINDEX, &type);
  const bool same = lua_rawequal(L, -1, -2) != 0;
  lua_pop(L, 2);
  return same ? userdata : nullptr;
}

}  // namespace neap::internal
