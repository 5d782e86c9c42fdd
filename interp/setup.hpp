// What `neap init` needs to know of the program that it is a part of.
#pragma once

#include <lua.hpp>

namespace neap::internal {

/// Pushes the function of `neap init` and its first two arguments: the stubs of neap's own modules, and the directory
/// that has them as files, or nil. Raises Lua errors.
void push_setup(lua_State* L);

}  // namespace neap::internal
