// A callback that the loop runs later: `call_soon`, `call_later`, `call_at`, done callbacks.
//
// A Handle is a full userdata. It is anchored in the registry while it is scheduled, so that a script need
// not keep it. User value 1 is the function, those behind it are the arguments, and the last is the context in which it
// was made when `has_context`.
#pragma once

#include "runtime/loop/timer_heap.hpp"
#include "runtime/task/waiter.hpp"

#include <lua.hpp>

namespace neap::internal {

class Scheduler;

/// The waiter is in a future's list, then in the ready queue.
struct Handle : Waiter, TimerNode {
  Handle() : Waiter(WaiterKind::handle), TimerNode(TimerKind::handle) {}

  Deadline when = 0;
  int anchor = 0;
  int argument_count = 0;
  std::uint32_t limit = 0;   // the LimitGroup of the code that made it; 0 for none
  std::uint32_t origin = 0;  // where it was made, an index into Scheduler's places; known in debug mode
  bool cancelled = false;
  bool has_context = false;
};

/// Makes a Handle of the function and `argument_count` arguments on the top of the stack, in their place.
/// Raises TypeError when the function cannot be called.
Handle& new_handle(lua_State* L, int argument_count);
Handle& check_handle(lua_State* L, int index);

/// Queues the Handle on the top of the stack behind what is ready.
void call_soon(lua_State* L, Scheduler& scheduler, Handle& handle);
/// Queues the Handle on the top of the stack once the deadline has come.
void call_at(lua_State* L, Scheduler& scheduler, Handle& handle, Deadline deadline);
/// Takes the handle back wherever it is scheduled. It may be cancelled again without effect.
void cancel_handle(lua_State* L, Scheduler& scheduler, Handle& handle);
/// Runs the callback of a handle that was taken from the ready queue.
void run_handle(lua_State* L, Scheduler& scheduler, Handle& handle);

}  // namespace neap::internal
