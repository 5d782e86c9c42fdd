// Any value on its way to another state and back, as threads copy it: it comes back as it was, or is refused by name.
// And any bytes as a message of another process.
#include "tests/fuzz/lua_target.hpp"
#include "tests/fuzz/target.hpp"

#include "runtime/lua/bind.hpp"
#include "stdlib/thread/parcel.hpp"

#include <lua.hpp>

#include <new>

namespace neap::internal::fuzz {

namespace {

using stdlib::thread::Parcel;

int collect(lua_State* L) {
  static_cast<Parcel*>(lua_touserdata(L, 1))->~Parcel();
  return 0;
}

/// Pushes a parcel that Lua owns.
Parcel& push_parcel(lua_State* L) {
  auto* parcel = new (lua_newuserdatauv(L, sizeof(Parcel), 0)) Parcel();
  if (luaL_newmetatable(L, "fuzz.Parcel") != 0) {
    lua_pushcfunction(L, bound<collect>);
    lua_setfield(L, -2, "__gc");
  }
  lua_setmetatable(L, -2);
  return *parcel;
}

/// In the other state: unpacks the parcel, and packs what came into the second one.
int send_back(lua_State* L) {
  const auto& parcel = *static_cast<const Parcel*>(lua_touserdata(L, 1));
  auto& back = *static_cast<Parcel*>(lua_touserdata(L, 2));
  lua_settop(L, 0);
  const int count = stdlib::thread::unpack(L, parcel);
  stdlib::thread::pack(L, 1, count, "result", back);
  return 0;
}

/// copy(...): what has been there and come back.
int copy(lua_State* L) {
  const int count = lua_gettop(L);
  Parcel& parcel = push_parcel(L);
  Parcel& back = push_parcel(L);
  stdlib::thread::pack(L, 1, count, "argument", parcel);
  lua_State* there = keep<Interpreter>().state();
  lua_settop(there, 0);
  lua_pushcfunction(there, bound<send_back>);
  lua_pushlightuserdata(there, &parcel);
  lua_pushlightuserdata(there, &back);
  if (lua_pcall(there, 2, 0, 0) != LUA_OK) {
    lua_pushfstring(L, "on the other side: %s", luaL_tolstring(there, -1, nullptr));
    lua_settop(there, 0);
    lua_error(L);
  }
  return stdlib::thread::unpack(L, back);
}

void prepare(lua_State* L) {
  lua_pushcfunction(L, bound<copy>);
  lua_setglobal(L, "copy");
}

struct Copier : LuaTarget {
  Copier() : LuaTarget("copy.lua", prepare) {}
};

}  // namespace

void fuzz_copy(std::string_view input) {
  keep<Copier>().run(input.substr(0, 2000));
  lua_gc(keep<Interpreter>().state(), LUA_GCSTEP, 0);
}

}  // namespace neap::internal::fuzz
