// Values of C++'s that outlive a Lua error: the collector destroys them.
#pragma once

#include <lua.hpp>

#include <new>

namespace neap::internal {

/// Pushes a new value, which lives as long as Lua knows it.
template <class T>
T& push_kept(lua_State* L) {
  void* place = lua_newuserdatauv(L, sizeof(T), 0);
  lua_createtable(L, 0, 1);
  lua_pushcfunction(L, [](lua_State* state) {
    static_cast<T*>(lua_touserdata(state, 1))->~T();
    return 0;
  });
  lua_setfield(L, -2, "__gc");
  T* value = new (place) T();
  lua_setmetatable(L, -2);
  return *value;
}

}  // namespace neap::internal
