// Signals by name or number.
#pragma once

#include <lua.hpp>

namespace neap::internal::stdlib::io {

/// The signal at `index`: a number, or a name such as "SIGTERM" or "TERM". `method` is what it is for.
int check_signal(lua_State* L, int index, const char* method);
/// "SIGTERM", or null for a number that has no name.
const char* signal_name(int number);

}  // namespace neap::internal::stdlib::io
