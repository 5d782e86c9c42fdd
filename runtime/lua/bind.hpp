// How C++ is called from Lua, and how a script's arguments are read.
//
// A Lua error leaves a C function by longjmp and runs no destructor; a C++ exception that reached Lua's C
// frames would corrupt its chain of error handlers. So every function given to Lua is wrapped in
// `bound<f>`, and has three steps:
//  1. read the arguments (this may raise; only numbers and views are alive),
//  2. do the work in C++ that cannot raise into Lua,
//  3. answer: push, then return, raise or park as the last act, with no owning local alive.
#pragma once

#include <lua.hpp>

#include <cstdint>
#include <exception>
#include <string_view>

namespace neap::internal {

/// Copies what the exception says to a buffer that outlives it.
void remember_exception(const std::exception& exception) noexcept;
/// Raises what remember_exception kept, as a Lua error.
[[noreturn]] void raise_remembered(lua_State* L);

/// The C function that runs `function` and turns a C++ exception into a Lua error.
template <lua_CFunction function>
int bound(lua_State* L) {
  try {
    return function(L);
  } catch (const std::exception& exception) {
    remember_exception(exception);
  }
  raise_remembered(L);  // outside the handler, so that the exception object is gone when Lua jumps
}

/// A number of seconds from argument `index`. NaN is a ValueError; negative means 0; anything over
/// kForever means forever. `what` names the argument in errors.
double check_seconds(lua_State* L, int index, const char* what);
/// The same where nil stands for "no limit" and gives kForever.
double opt_seconds(lua_State* L, int index, const char* what);

/// Any delay at or above this (about 146 years) never ends.
inline constexpr double kForever = 4.6e9;

/// What errors call the value: the `__name` of its metatable ("Task"), or its basic type.
const char* type_name(lua_State* L, int index);

/// Argument `index` as a view of its bytes; alive while the value is on the stack.
std::string_view check_view(lua_State* L, int index);

/// Pushes a view as a Lua string.
inline void push(lua_State* L, std::string_view text) { lua_pushlstring(L, text.data(), text.size()); }

/// Sets functions in the table on the top of the stack, each a (name, bound function) pair.
template <std::size_t count>
void set_functions(lua_State* L, const luaL_Reg (&functions)[count]) {
  for (const luaL_Reg& entry : functions) {
    lua_pushcfunction(L, entry.func);
    lua_setfield(L, -2, entry.name);
  }
}

}  // namespace neap::internal
