// A queue of parked tasks, for primitives written in Lua: Condition, Barrier.
//
// First in, first out. A waiter that is woken has what it waited for: values are handed to it on its own stack, so
// that nobody can overtake it, and a cancellation that comes afterwards waits for its next wait. A waiter that is
// cancelled leaves the queue at once.
#pragma once

#include "runtime/task/task.hpp"

namespace neap::internal {

/// Lua function `wait_queue(what, object)`: a new queue; `what` names the wait for people: "barrier:wait", `object` is
/// the primitive that it is part of, which they are shown.
///
/// Methods:
///   wait()       parks the current task at the end; returns what it is woken with.
///   check()      raises what `wait` would raise at once: the current task is cancelled, or cannot wait here.
///   wake(...)    wakes the first task, whose `wait` returns the arguments; true, or false when none waits.
///   count()      how many wait.
int new_wait_queue(lua_State* L);
/// Makes the type.
void open_wait_queue(lua_State* L);

}  // namespace neap::internal
