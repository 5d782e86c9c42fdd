// The C++ parts of the test module. Each adds its functions to the table on the top of the stack, which the
// module's Lua files know as `core`; what scripts see is put together in init.lua.
//
//   test        small questions about the scheduler, the loop and the process
//   watchdog    the time limit of a test, which ends Lua code that never waits too
//   children    the processes of `neap test --jobs`
#pragma once

#include <lua.hpp>

namespace neap::internal::stdlib::test {

void add_watchdog(lua_State* L);
void add_children(lua_State* L);

}  // namespace neap::internal::stdlib::test
