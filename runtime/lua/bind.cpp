#include "runtime/lua/bind.hpp"

#include "runtime/lua/error.hpp"

#include <cmath>
#include <cstdio>
#include <new>

namespace neap::internal {

namespace {
thread_local char remembered[256];
thread_local bool out_of_memory = false;
}  // namespace

void remember_exception(const std::exception& exception) noexcept {
  out_of_memory = dynamic_cast<const std::bad_alloc*>(&exception) != nullptr;
  std::snprintf(remembered, sizeof remembered, "%s", exception.what());
}

void raise_remembered(lua_State* L) {
  if (out_of_memory) luaL_error(L, "not enough memory");
  raise(L, ErrorKind::runtime, "%s", remembered);
}

double check_seconds(lua_State* L, int index, const char* what) {
  int is_number = 0;
  const double seconds = lua_tonumberx(L, index, &is_number);
  if (is_number == 0) {
    raise(L, ErrorKind::type, "%s must be a number of seconds, got %s", what, type_name(L, index));
  }
  if (std::isnan(seconds)) raise(L, ErrorKind::value, "%s must be a number of seconds, got nan", what);
  if (seconds <= 0) return 0;
  return seconds >= kForever ? kForever : seconds;
}

double opt_seconds(lua_State* L, int index, const char* what) {
  return lua_isnoneornil(L, index) ? kForever : check_seconds(L, index, what);
}

const char* type_name(lua_State* L, int index) {
  if (luaL_getmetafield(L, index, "__name") == LUA_TNIL) return luaL_typename(L, index);
  const char* name = lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : nullptr;
  lua_pop(L, 1);  // the metatable keeps the string
  return name != nullptr ? name : luaL_typename(L, index);
}

std::string_view check_view(lua_State* L, int index) {
  std::size_t size = 0;
  const char* data = luaL_checklstring(L, index, &size);
  return {data, size};
}

}  // namespace neap::internal
