// pcall and xpcall that let a cancellation through.
//
// Like Python's `except Exception`: a CancelledError passes, after the `<close>` variables of the protected
// function have run. `async.catch` (catch_all) is pcall for everything.
#pragma once

#include <lua.hpp>

namespace neap::internal {

int pcall_function(lua_State* L);
int xpcall_function(lua_State* L);
int catch_all(lua_State* L);
/// catch_all for library code that raises the error again later: its trace is kept until then.
int trap(lua_State* L);
/// True for the C function that stands before the message handler of an xpcall.
bool is_message_handler(lua_CFunction function);
/// caught(...): says that a trapped error is not raised again. Returns its arguments.
int drop_trail_and_return(lua_State* L);

}  // namespace neap::internal
