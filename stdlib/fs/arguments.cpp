#include "stdlib/fs/arguments.hpp"

#include "runtime/lua/bind.hpp"
#include "runtime/lua/error.hpp"

#include <cmath>
#include <cstring>

namespace neap::internal::stdlib::fs {

namespace {

/// Pushes the option's value; false and nothing when there is none.
bool push_option(lua_State* L, int index, const char* name) {
  if (!lua_istable(L, index)) return false;
  if (lua_getfield(L, index, name) != LUA_TNIL) return true;
  lua_pop(L, 1);
  return false;
}

constexpr unsigned kPermissionBits = 07777;
constexpr lua_Integer kNoMode = -1;     // neither an integer nor a string
constexpr lua_Integer kWrongMode = -2;  // one that stands for no permission bits

/// The value as permission bits, or one of these.
lua_Integer to_mode_bits(lua_State* L, int index) {
  lua_Integer mode = kWrongMode;
  if (lua_type(L, index) == LUA_TSTRING) {
    const char* digit = lua_tostring(L, index);
    if (*digit != '\0') mode = 0;
    for (; *digit != '\0' && mode >= 0 && mode <= kPermissionBits; ++digit) {
      mode = *digit >= '0' && *digit <= '7' ? mode * 8 + (*digit - '0') : kWrongMode;
    }
  } else if (lua_type(L, index) == LUA_TNUMBER) {
    int exact = 0;
    mode = lua_tointegerx(L, index, &exact);
    if (exact == 0) mode = kWrongMode;
  } else {
    return kNoMode;
  }
  return mode >= 0 && mode <= kPermissionBits ? mode : kWrongMode;
}

}  // namespace

const char* check_path(lua_State* L, int index, const char* function, const char* name) {
  if (lua_type(L, index) != LUA_TSTRING) {
    const char* hint = index == 1 && lua_istable(L, 1) ? "; call it with a dot, not with a colon" : "";
    raise(L, ErrorKind::type, "argument %d (%s) of %s must be a string, got %s%s", index, name, function,
          type_name(L, index), hint);
  }
  std::size_t size = 0;
  const char* path = lua_tolstring(L, index, &size);
  if (std::strlen(path) != size) {
    raise(L, ErrorKind::value, "argument %d (%s) of %s has a zero byte in it, after '%s'", index, name, function, path);
  }
  return path;
}

std::string_view check_data(lua_State* L, int index, const char* function) {
  if (lua_isstring(L, index) == 0) {
    raise(L, ErrorKind::type, "argument %d (data) of %s must be a string, got %s", index, function,
          type_name(L, index));
  }
  std::size_t size = 0;
  const char* data = lua_tolstring(L, index, &size);
  return {data, size};
}

void check_options(lua_State* L, int index, const char* function, std::initializer_list<const char*> known) {
  if (lua_isnoneornil(L, index)) return;
  if (!lua_istable(L, index)) {
    raise(L, ErrorKind::type, "argument %d (options) of %s must be a table, got %s", index, function,
          type_name(L, index));
  }
  for (lua_pushnil(L); lua_next(L, index) != 0; lua_pop(L, 1)) {
    bool found = false;
    if (lua_type(L, -2) == LUA_TSTRING) {
      for (const char* name : known) found |= std::strcmp(name, lua_tostring(L, -2)) == 0;
    }
    if (!found) raise(L, ErrorKind::type, "%s has no option '%s'", function, luaL_tolstring(L, -2, nullptr));
  }
}

bool flag_option(lua_State* L, int index, const char* function, const char* name, bool otherwise) {
  if (!push_option(L, index, name)) return otherwise;
  if (!lua_isboolean(L, -1)) {
    raise(L, ErrorKind::type, "option '%s' of %s must be true or false, got %s", name, function, type_name(L, -1));
  }
  const bool value = lua_toboolean(L, -1) != 0;
  lua_pop(L, 1);
  return value;
}

const char* string_option(lua_State* L, int index, const char* function, const char* name, const char* otherwise) {
  if (!push_option(L, index, name)) return otherwise;
  if (lua_type(L, -1) != LUA_TSTRING) {
    raise(L, ErrorKind::type, "option '%s' of %s must be a string, got %s", name, function, type_name(L, -1));
  }
  std::size_t size = 0;
  const char* text = lua_tolstring(L, -1, &size);
  if (std::strlen(text) != size) {
    raise(L, ErrorKind::value, "option '%s' of %s has a zero byte in it, after '%s'", name, function, text);
  }
  return text;
}

unsigned mode_option(lua_State* L, int index, const char* function, const char* name, unsigned otherwise) {
  if (!push_option(L, index, name)) return otherwise;
  const lua_Integer mode = to_mode_bits(L, -1);
  if (mode == kNoMode) {
    raise(L, ErrorKind::type, "option '%s' of %s must be an integer or a string such as \"755\", got %s", name,
          function, type_name(L, -1));
  }
  if (mode == kWrongMode) {
    raise(L, ErrorKind::value, "option '%s' of %s must be permission bits from 0 to \"7777\" (octal), got %s", name,
          function, luaL_tolstring(L, -1, nullptr));
  }
  lua_pop(L, 1);
  return static_cast<unsigned>(mode);
}

unsigned check_mode_bits(lua_State* L, int index, const char* function, const char* name) {
  const lua_Integer mode = to_mode_bits(L, index);
  if (mode == kNoMode) {
    raise(L, ErrorKind::type, "argument %d (%s) of %s must be an integer or a string such as \"755\", got %s", index,
          name, function, type_name(L, index));
  }
  if (mode == kWrongMode) {
    raise(L, ErrorKind::value, "argument %d (%s) of %s must be permission bits from 0 to \"7777\" (octal), got %s",
          index, name, function, luaL_tolstring(L, index, nullptr));
  }
  return static_cast<unsigned>(mode);
}

lua_Integer check_integer(lua_State* L, int index, const char* function, const char* name, lua_Integer least,
                          lua_Integer most) {
  if (lua_type(L, index) != LUA_TNUMBER) {
    raise(L, ErrorKind::type, "argument %d (%s) of %s must be an integer, got %s", index, name, function,
          type_name(L, index));
  }
  int exact = 0;
  const lua_Integer value = lua_tointegerx(L, index, &exact);
  if (exact == 0 || value < least || value > most) {
    raise(L, ErrorKind::value, "argument %d (%s) of %s must be an integer from %I to %I, got %s", index, name, function,
          least, most, luaL_tolstring(L, index, nullptr));
  }
  return value;
}

timespec time_option(lua_State* L, int index, const char* function, const char* name, timespec otherwise) {
  constexpr double kMost = 1e12;  // the year 33658
  if (!push_option(L, index, name)) return otherwise;
  if (lua_type(L, -1) != LUA_TNUMBER) {
    raise(L, ErrorKind::type, "option '%s' of %s must be a number of seconds, got %s", name, function,
          type_name(L, -1));
  }
  const double seconds = lua_tonumber(L, -1);
  if (!(std::fabs(seconds) <= kMost)) {
    raise(L, ErrorKind::value, "option '%s' of %s must be a number of seconds from -1e12 to 1e12, got %s", name,
          function, luaL_tolstring(L, -1, nullptr));
  }
  lua_pop(L, 1);
  const double whole = std::floor(seconds);
  const auto nanoseconds = static_cast<long>((seconds - whole) * 1e9);
  return {static_cast<time_t>(whole), nanoseconds};
}

}  // namespace neap::internal::stdlib::fs
