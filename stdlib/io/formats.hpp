// Lua's read formats ("n", "l", "L", "a", a number of bytes) for the `read` and `lines` of files and streams.
#pragma once

#include "runtime/lua/bind.hpp"
#include "runtime/lua/error.hpp"
#include "stdlib/io/read_plan.hpp"

#include <lua.hpp>

namespace neap::internal::stdlib::io {

/// The format at `index`. `method` names the call in errors, which count arguments without the object.
ReadItem check_format(lua_State* L, int index, const char* method);
/// Fills the plan with the formats from index 2 on: a line without its end when there is none.
void check_formats(lua_State* L, ReadPlan& plan, const char* method);
/// Pushes what a plan has found in the buffer and returns the number of values.
int push_results(lua_State* L, const Bytes& ahead, const ReadPlan& plan);

inline constexpr int kMostFormats = 250;  // of `lines`, as in Lua's own library

/// The iterator of `lines`. Upvalues: the object, the number of formats, the formats.
template <lua_CFunction read>
int lines_step(lua_State* L) {
  const auto count = static_cast<int>(lua_tointeger(L, lua_upvalueindex(2)));
  lua_settop(L, 0);
  luaL_checkstack(L, count + 1, "too many formats");
  lua_pushvalue(L, lua_upvalueindex(1));
  for (int i = 1; i <= count; ++i) lua_pushvalue(L, lua_upvalueindex(2 + i));
  return read(L);
}

/// Pushes a function that calls `read` with the object at index 1 and the formats above it.
template <lua_CFunction read>
int push_lines(lua_State* L, const char* method) {
  const int count = lua_gettop(L) - 1;
  if (count > kMostFormats)
    raise(L, ErrorKind::value, "%s takes at most %d formats, got %d", method, kMostFormats, count);
  for (int i = 1; i <= count; ++i) check_format(L, i + 1, method);
  lua_pushinteger(L, count);
  lua_insert(L, 2);
  lua_pushcclosure(L, bound<lines_step<read>>, count + 2);
  return 1;
}

}  // namespace neap::internal::stdlib::io
