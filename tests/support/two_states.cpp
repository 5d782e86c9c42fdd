#include "tests/support/two_states.hpp"

#include "runtime/lua/bind.hpp"

#include <new>

namespace neap::internal::tests {

namespace {

using stdlib::thread::Parcel;

int collect_parcel(lua_State* L) {
  static_cast<Parcel*>(lua_touserdata(L, 1))->~Parcel();
  return 0;
}

/// The other state, which each function here has as its upvalue.
lua_State* other(lua_State* L) { return static_cast<lua_State*>(lua_touserdata(L, lua_upvalueindex(1))); }

int unpack_there(lua_State* there) {
  const auto& parcel = *static_cast<const Parcel*>(lua_touserdata(there, 1));
  lua_settop(there, 0);
  return stdlib::thread::unpack(there, parcel);
}

/// Sends the values from `first` on to `to`; an error there is one here.
void send(lua_State* L, int first, lua_State* to) {
  lua_checkstack(to, 20);
  Parcel& parcel = push_parcel(L);
  stdlib::thread::pack(L, first, lua_gettop(L) - first, "argument", parcel);
  lua_pushcfunction(to, bound<unpack_there>);
  lua_pushlightuserdata(to, &parcel);
  if (lua_pcall(to, 1, LUA_MULTRET, 0) != LUA_OK) {
    lua_pushstring(L, luaL_tolstring(to, -1, nullptr));
    lua_settop(to, 0);
    lua_error(L);
  }
}

/// Takes all that is on the stack of `from`.
int receive(lua_State* L, lua_State* from) {
  Parcel& parcel = push_parcel(L);
  stdlib::thread::pack(from, 1, lua_gettop(from), "result", parcel);
  lua_settop(from, 0);
  return stdlib::thread::unpack(L, parcel);
}

int copy(lua_State* L) {
  send(L, 1, other(L));
  return receive(L, other(L));
}

int run(lua_State* L) {
  lua_State* to = other(L);
  send(L, 1, to);
  if (lua_pcall(to, lua_gettop(to) - 1, LUA_MULTRET, 0) == LUA_OK) {
    lua_pushboolean(L, 1);
    return 1 + receive(L, to);
  }
  lua_pushboolean(L, 0);
  Parcel& parcel = push_parcel(L);
  stdlib::thread::pack_error(to, -1, parcel);
  lua_settop(to, 0);
  return 1 + (lua_pop(L, 1), stdlib::thread::unpack(L, parcel));
}

int pack_here(lua_State* L) {
  auto& parcel = *static_cast<Parcel*>(lua_touserdata(L, 1));
  stdlib::thread::pack(L, 2, lua_gettop(L) - 1, "argument", parcel);
  return 0;
}

int size_here(lua_State* L) {
  Parcel& parcel = push_parcel(L);
  stdlib::thread::pack(L, 1, lua_gettop(L) - 1, "argument", parcel);
  lua_pushinteger(L, static_cast<lua_Integer>(parcel.size()));
  return 1;
}

int refused(lua_State* L) {
  push_parcel(L);
  lua_insert(L, 1);
  lua_pushcfunction(L, bound<pack_here>);
  lua_insert(L, 1);
  if (lua_pcall(L, lua_gettop(L) - 1, 0, 0) == LUA_OK) return 0;
  luaL_tolstring(L, -1, nullptr);
  return 1;
}

}  // namespace

Parcel& push_parcel(lua_State* L) {
  auto* parcel = new (lua_newuserdatauv(L, sizeof(Parcel), 0)) Parcel();
  if (luaL_newmetatable(L, "Parcel") != 0) {
    lua_pushcfunction(L, bound<collect_parcel>);
    lua_setfield(L, -2, "__gc");
  }
  lua_setmetatable(L, -2);
  return *parcel;
}

TwoStates::TwoStates() {
  lua_State* L = here_.state();
  const luaL_Reg functions[] = {{"copy", bound<copy>},
                                {"run", bound<neap::internal::tests::run>},
                                {"refused", bound<refused>},
                                {"size", bound<size_here>}};
  for (const luaL_Reg& function : functions) {
    lua_pushlightuserdata(L, there_.state());
    lua_pushcclosure(L, function.func, 1);
    lua_setglobal(L, function.name);
  }
}

std::string TwoStates::run(const std::string& script) {
  lua_State* L = here_.state();
  std::string error;
  if (luaL_dostring(L, script.c_str()) != LUA_OK) error = luaL_tolstring(L, -1, nullptr);
  lua_settop(L, 0);
  return error;
}

}  // namespace neap::internal::tests
