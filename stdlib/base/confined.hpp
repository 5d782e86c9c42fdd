// Lua's own functions in a sandbox: the globals that a sandboxed script has.
#pragma once

#include <lua.hpp>

namespace neap::internal::stdlib {

/// Replaces what reaches the system by functions that ask first, and gives the script tables of its own in place of
/// those that the library's Lua files use. Last of all that is done to a state; nothing without a sandbox.
void confine_globals(lua_State* L);

/// What `confine_globals` does about the io and os libraries (confined_io.cpp), and about package
/// (confined_package.cpp).
void confine_io(lua_State* L);
void confine_package(lua_State* L);

/// luaL_loadfilex, asking first.
int load_lua_file(lua_State* L, const char* name, const char* mode);

/// True when binary chunks may be loaded.
bool bytecode_allowed(lua_State* L);

/// Sets `function` as the field of the table on the top of the stack; its first upvalue is what was there before.
void wrap_field(lua_State* L, const char* name, lua_CFunction function);
/// Calls what was there before with all arguments; all its results.
int call_wrapped(lua_State* L);

}  // namespace neap::internal::stdlib
