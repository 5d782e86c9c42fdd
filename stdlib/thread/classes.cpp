#include "stdlib/thread/classes.hpp"

#include "runtime/lua/error.hpp"

#include <atomic>
#include <cstring>

namespace neap::internal::stdlib::thread {

namespace {

const char kIdentities = 0;  // registry key: class -> its first identity; weak keys
const char kClasses = 0;     // registry key: identity -> class; weak values

std::atomic<std::uint64_t> last_identity{0};

void new_weak_table(lua_State* L, const void* key, const char* mode) {
  lua_newtable(L);
  lua_createtable(L, 0, 1);
  lua_pushstring(L, mode);
  lua_setfield(L, -2, "__mode");
  lua_setmetatable(L, -2);
  lua_rawsetp(L, LUA_REGISTRYINDEX, key);
}

}  // namespace

void open_class_identities(lua_State* L) {
  const bool open = lua_rawgetp(L, LUA_REGISTRYINDEX, &kClasses) != LUA_TNIL;
  lua_pop(L, 1);
  if (open) return;
  new_weak_table(L, &kIdentities, "k");
  new_weak_table(L, &kClasses, "v");
}

std::uint64_t class_identity(lua_State* L, int index) {
  index = lua_absindex(L, index);
  lua_rawgetp(L, LUA_REGISTRYINDEX, &kIdentities);
  lua_pushvalue(L, index);
  lua_rawget(L, -2);
  auto identity = static_cast<std::uint64_t>(lua_tointeger(L, -1));
  lua_pop(L, 2);
  if (identity != 0) return identity;
  identity = ++last_identity;
  add_class_identity(L, index, identity);
  return identity;
}

void add_class_identity(lua_State* L, int index, std::uint64_t identity) {
  index = lua_absindex(L, index);
  lua_rawgetp(L, LUA_REGISTRYINDEX, &kClasses);
  lua_pushvalue(L, index);
  lua_rawseti(L, -2, static_cast<lua_Integer>(identity));
  lua_rawgetp(L, LUA_REGISTRYINDEX, &kIdentities);
  lua_pushvalue(L, index);
  if (lua_rawget(L, -2) == LUA_TNIL) {
    lua_pushvalue(L, index);
    lua_pushinteger(L, static_cast<lua_Integer>(identity));
    lua_rawset(L, -4);
  }
  lua_pop(L, 3);
}

bool push_class(lua_State* L, std::uint64_t identity) {
  lua_rawgetp(L, LUA_REGISTRYINDEX, &kClasses);
  if (lua_rawgeti(L, -1, static_cast<lua_Integer>(identity)) != LUA_TNIL) {
    lua_remove(L, -2);
    return true;
  }
  lua_pop(L, 2);
  return false;
}

int builtin_class(lua_State* L, int index) {
  index = lua_absindex(L, index);
  for (int kind = 0; kind < static_cast<int>(ErrorKind::count_); ++kind) {
    push_error_class(L, static_cast<ErrorKind>(kind));
    const bool same = lua_rawequal(L, -1, index) != 0;
    lua_pop(L, 1);
    if (same) return kind;
  }
  return -1;
}

bool is_standard_field(lua_State* L, int cls) {
  const int key = lua_gettop(L) - 1;
  if (lua_type(L, key) != LUA_TSTRING) return false;
  const char* name = lua_tostring(L, key);
  if (std::strcmp(name, "__name") == 0 || std::strcmp(name, "__base") == 0) return true;
  if (lua_rawequal(L, key + 1, cls) != 0) return std::strcmp(name, "__index") == 0;
  push_error_class(L, ErrorKind::error);
  lua_pushvalue(L, key);
  lua_rawget(L, -2);
  const bool same = lua_iscfunction(L, -1) != 0 && lua_rawequal(L, -1, key + 1) != 0;
  lua_settop(L, key + 1);
  return same;
}

}  // namespace neap::internal::stdlib::thread
