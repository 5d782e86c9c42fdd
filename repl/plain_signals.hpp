// Ctrl-C where the prompt is plain lines on a terminal.
#pragma once

#include <lua.hpp>

namespace neap::internal::repl {

/// Adds `plain_signals(fn)` to the table on the top of the stack.
void add_plain_signals(lua_State* L);

}  // namespace neap::internal::repl
