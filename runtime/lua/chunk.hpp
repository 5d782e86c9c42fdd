// Compiling chunks, with a repair of one thing that Lua 5.4.4 compiles wrongly.
//
// Lua up to 5.4.4 closes too little after a generic `for` whose body has a `break` and a function that uses the loop's
// variable: it leaves the loop's closing value on its list of what must be closed, where the next C function that takes
// values off its stack finds it and calls whatever lies in its place by then ("attempt to call a nil value"). The
// instruction after the loop must name the loop's first register, and names the one after its hidden variables; so it
// can be told, and is set right in the dumped code. Releases that compile it well never have that instruction there.
#pragma once

#include <lua.hpp>

#include <cstddef>
#include <string>

namespace neap::internal {

/// luaL_loadbufferx, and the repair.
int load_chunk(lua_State* L, const char* text, std::size_t size, const char* name, const char* mode);
/// To be called after any other successful load: repairs the function on the top of the stack.
void repair_chunk(lua_State* L);

/// The repair of a dumped function. False when nothing was wrong, or the format is another.
bool repair_code(std::string& code);

}  // namespace neap::internal
