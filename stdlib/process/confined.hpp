// Starting programs in a sandbox.
#pragma once

#include <lua.hpp>

#include <string_view>

namespace neap::internal::stdlib::process {

/// Without a sandbox: false. In one: raises unless the program may be run with that environment, else pushes the path
/// of the program and the list of its environment. `list` is that of the arguments; `environment` a list or nil;
/// `directory` a string or nil.
bool confine_launch(lua_State* L, int list, int environment, int directory);

}  // namespace neap::internal::stdlib::process
