// How a Lua task waits for an Operation.
#pragma once

#include "neap/detail/operation.hpp"

#include <lua.hpp>

namespace neap::detail {

/// Raises a Lua error when the code running in `L` may not wait; to be called before an operation is begun. `what`
/// names the call.
void check_can_await(lua_State* L, const char* what);

/// Waits until the operation has ended, whose reference it takes over; then gives its results or raises its error. When
/// the task is cancelled, so is the operation. The last act of a C function; what is on the stack stays there
/// meanwhile.
int await_operation(lua_State* L, Operation* operation);

/// Pushes who will wait for an operation that has not begun, and shares it. May raise.
void push_waiter(lua_State* L, Operation* operation);
/// Begins the operation of push_waiter, at the index, and waits as await_operation does.
int begin_operation(lua_State* L, int index);

}  // namespace neap::detail
