// Reads the program that the command line names.
//
// Unlike luaL_loadfile it says in plain words what is wrong, refuses binary chunks, and hands the text to
// whoever shows source lines in error reports.
#pragma once

#include <lua.hpp>

namespace neap::internal {

/// Pushes the compiled chunk of the file `path`, or of standard input when `path` is null. Raises a string,
/// without a position of its own, when it cannot be read or compiled. To be called from a bound function.
void load_program(lua_State* L, const char* path);

/// Pushes the compiled chunk of a statement, called `name` in messages; raises its syntax error.
void load_statement(lua_State* L, const char* text, const char* name);

}  // namespace neap::internal
