// A timeout scope: cancels its task at a deadline, and turns that cancellation into a TimeoutError at its
// edge.
//
//   active ──> expiring ──> expired      (the deadline came; then the block was left)
//      └─────> exited                    (the block was left before)
//
// The scope takes back exactly its own request: it notes the requests from outside that its task had when
// it was entered, and only with no more of them is a CancelledError its own doing.
#pragma once

#include "runtime/loop/timer_heap.hpp"
#include "runtime/task/task.hpp"

namespace neap::internal {

enum class ScopeState : std::uint8_t { active, expiring, expired, exited };

struct TimeoutScope : Waiter, TimerNode {
  TimeoutScope() : Waiter(WaiterKind::scope), TimerNode(TimerKind::scope) {}

  ScopeState state = ScopeState::active;
  EarlierRequests earlier{0, 0};  // of the task, when the scope was entered
  int anchor = 0;
  Deadline deadline = kNever;
  double seconds = -1;   // from entry to the deadline, when it was given so; for the message
  Task* task = nullptr;  // kept alive by user value 1
};

/// Asks the task to end, for the deadline of its scope has come. What was ready when it came has run by then,
/// and may have brought what the task waits for. Called by the scheduler.
void expire_scope(lua_State* L, Scheduler& scheduler, TimeoutScope& scope);

/// Lua functions: `timeout(seconds)` and `timeout_at(when)` make a scope for the current task; the rest are
/// its methods.
int new_timeout(lua_State* L);
int new_timeout_at(lua_State* L);
/// Makes the type.
void open_timeout(lua_State* L);

}  // namespace neap::internal
