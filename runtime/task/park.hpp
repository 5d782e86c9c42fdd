// The only way to suspend a task.
//
// A wait in C++ reads:
//
//   Task& task = check_can_wait(L, "sleep");       // may raise: not in a task, cannot yield here, cancelled
//   ... link the task to what will wake it ...
//   return park(L, task, kSleep, nullptr, resumed);    // the last act
//
//   int resumed(lua_State* L, int, lua_KContext) {
//     finish_wait(L);                                // raises what interrupted the wait
//     return ...;                                    // pushes the result
//   }
#pragma once

#include "runtime/task/task.hpp"

namespace neap::internal {

/// The current task, when the code running in `L` may wait. Otherwise raises: RuntimeError outside a task,
/// inside a C function that cannot be suspended, or in a coroutine that a C module resumed; CancelledError
/// when a request is pending. `what` names the call in messages.
Task& check_can_wait(lua_State* L, const char* what);

/// Suspends the current task until somebody calls Scheduler::wake for it. The continuation `resumed` runs
/// in its place, and must call finish_wait first.
int park(lua_State* L, Task& task, const WaitKind& wait, void* wait_object, lua_KFunction resumed,
         lua_KContext context = 0);

/// Raises the error that interrupted the wait, if one did. Returns the current task.
Task& finish_wait(lua_State* L);

/// Raises the CancelledError of a request that no wait has delivered yet: for who passes on what the task was granted,
/// because somebody has asked it to end before it ran (Task::cancel_pending).
[[noreturn]] void raise_cancelled(lua_State* L, Task& task);

/// Ends code that computes without waiting, from a hook in it: cancels its task, and raises the cancellation here.
/// Outside a task it is a CancelledError.
[[noreturn]] void cancel_running_code(lua_State* L);

/// Lets everything else that is ready run first: for `sleep(0)`, and for waits that were satisfied too often
/// in a row.
int park_ready(lua_State* L, Task& task, lua_KFunction resumed);

/// The same for an operation that is about to do without waiting: others run first, and it begins again. Nothing has
/// been done yet that a cancellation could lose.
template <lua_CFunction operation>
int yield_before(lua_State* L, const char* what) {
  return park_ready(L, check_can_wait(L, what), [](lua_State* state, int, lua_KContext) {
    finish_wait(state);
    return operation(state);
  });
}

/// The same where a cancellation must stay pending, because the wait is no wait of the script's.
int park_uninterrupted(lua_State* L, Task& task, lua_KFunction resumed);

/// Waits until the future at index 1 is done, then returns its results or raises its error.
int await_future(lua_State* L, Future& future, bool shielded);
/// The same for a function that is no plain await, and waits in a way of its own: one of `future_wait`.
int await_future(lua_State* L, Future& future, const WaitKind& wait);

void abandon_await(Scheduler&, Task& task);

/// How a task waits for a Future in the function of that name. Cancelling the task cancels the Future.
constexpr WaitKind future_wait(const char* name) { return {abandon_await, name, true, true}; }

/// Sleeps for `seconds`; then the values above index 1 are returned.
int sleep(lua_State* L);

}  // namespace neap::internal
