// A Task: a function that runs in a coroutine of its own, and the Future of its result.
//
//   created ──> ready <──> running ──> done
//                 ^           │
//                 └─ parked <─┘
//
// Invariants
//  1. A task that is not done is anchored in the registry (its slot). Its coroutine is its user value kResult
//     until the result takes that place.
//  2. `ready`: it is in the scheduler's ready queue, once. `parked`: its coroutine is suspended in `park`,
//     and `wait` says for what and how to stop waiting. `running`: it is the current task, or has resumed
//     the current one eagerly.
//  3. A wait ends exactly once: by what it waited for (`granted`) or by an interruption (cancellation,
//     deadlock). Whoever ends it first has unlinked it from the other, so nothing arrives late.
#pragma once

#include "runtime/loop/timer_heap.hpp"
#include "runtime/task/future.hpp"

#include <cstdint>

namespace neap::internal {

struct Task;

/// What kind of thing a parked task waits for. One constant for each place that parks.
struct WaitKind {
  /// Stops the wait: unlinks the task from whatever would wake it.
  void (*abandon)(Scheduler&, Task&);
  /// What the task is doing, for people: "sleep", "await".
  const char* name;
  /// True when a Future is awaited; it is at index 1 of the coroutine that waits.
  bool awaits_future = false;
  /// True when cancelling the task cancels the awaited Future instead.
  bool forwards_cancel = false;
  /// Pushes the object that the parked task waits for, a Lock or a Queue say; its `tostring` tells its state. Null:
  /// none.
  void (*describe)(lua_State* L, const Task& task) = nullptr;
  /// Pushes the task that holds what the parked task waits for, or nil. Null: nobody does.
  void (*push_holder)(lua_State* L, const Task& task) = nullptr;
};

enum class TaskState : std::uint8_t { created, ready, running, parked, done };

/// How the last wait ended.
enum class WakeReason : std::uint8_t {
  granted,    // what was waited for is there
  cancelled,  // raise CancelledError
  injected,   // raise the error kept for the task (DeadlockError)
  limited     // raise the LimitError of its group
};

/// Who asked a task to end: a scope of its own takes its request back when it ends.
enum CancelSource : std::uint8_t {
  kFromOutside = 1,
  kFromScope = 2,
  kFromLimit = 4  // nobody takes it back: a limit of the task's group was exceeded, and its time for cleanup is over
};

/// The waiter is in a wait list while the task is parked, in the ready queue while it is ready; the timer is
/// armed while it sleeps. They are bases, and the small members come first, because every parked task costs
/// what this struct costs.
struct Task : Future, Waiter, TimerNode {
  Task() : Future(FutureKind::task), Waiter(WaiterKind::task), TimerNode(TimerKind::task) {}

  TaskState task_state = TaskState::created;
  WakeReason wake_reason = WakeReason::granted;
  std::uint8_t must_cancel = 0;  // CancelSource bits of requests that no wait has delivered yet
  bool interruptible = false;    // ready without anything granted (sleep(0)): a cancel still takes effect
  bool limit_told = false;       // the LimitError of its group has been raised in it
  bool visited : 1 = false;      // on the path of a cancel request that is being passed on
  bool scope_due : 1 = false;    // a timeout scope of it has reached its deadline and is in the ready queue
  bool has_context : 1 = false;  // its extras have a "context"
  bool ending : 1 = false;       // it waits until tasks that it cancelled have ended: the lists in its extras' "ending"
  bool unasked : 1 = false;      // it does so of its own accord: no request has come to it since
  bool reached : 1 = false;      // found by a search among those that wait for each other
  bool owns : 1 = false;         // its extras have "owned": what is closed when its function has ended
  std::uint16_t cancel_requests = 0;  // what `cancelling()` counts
  std::uint16_t scope_requests = 0;   // those of them made by the task's own scopes
  std::uint32_t sweep = 0;            // the last walk over tasks that has reached this one
  std::uint32_t wave = 0;             // the newest cancel request that has come to it
  std::uint32_t slot = 0;
  std::uint32_t origin = 0;        // where it was created: an index into Scheduler's places
  std::uint32_t limit = 0;         // the LimitGroup that its code is in; 0 for none
  lua_State* thread = nullptr;     // its coroutine
  lua_State* parked_on = nullptr;  // the coroutine that waits: `thread`, or one that it resumed
  const WaitKind* wait = nullptr;
  void* wait_object = nullptr;  // what the WaitKind makes of it
  std::uint64_t id = 0;

  /// True when somebody outside has asked the task to end and it has not been told yet.
  [[nodiscard]] bool cancel_pending() const { return (must_cancel & kFromOutside) != 0; }
  /// Cancel requests that none of the task's own scopes made.
  [[nodiscard]] std::uint16_t outside_requests() const {
    return static_cast<std::uint16_t>(cancel_requests - scope_requests);
  }
};

/// The requests to end that a task had when one of its scopes (a timeout, a task group) was entered. The one that no
/// wait had delivered yet, from outside or of an outer scope, is not among them: it comes within the scope, and is not
/// the scope's own.
struct EarlierRequests {
  explicit EarlierRequests(const Task& task)
      : outside(without(task.outside_requests(), task.cancel_pending())),
        scopes(without(task.scope_requests, (task.must_cancel & kFromScope) != 0)) {}
  EarlierRequests(std::uint16_t from_outside, std::uint16_t from_scopes) : outside(from_outside), scopes(from_scopes) {}

  std::uint16_t outside;
  std::uint16_t scopes;

 private:
  static std::uint16_t without(std::uint16_t requests, bool pending) {
    return static_cast<std::uint16_t>(requests - (pending && requests != 0 ? 1 : 0));
  }
};

/// Names a task without keeping it alive.
struct TaskRef {
  std::uint64_t id = 0;  // 0: no task
  std::uint32_t slot = 0;
};

/// The Task at `index`, or null.
Task* to_task(lua_State* L, int index);
/// The same; TypeError for anything else.
Task& check_task(lua_State* L, int index);

/// A scope of the task that has asked it to end takes its request back on leaving. True when a cancellation that leaves
/// the block is the scope's own doing: the task has no more requests from outside than it had on entering.
bool take_scope_request_back(Task& task, EarlierRequests earlier);
/// Requests that came after `earlier` and were delivered are delivered once more, at the next wait.
void deliver_again(Task& task, EarlierRequests earlier);

/// Pushes the task; it must not be done.
void push_task(lua_State* L, const Task& task);
/// Pushes where the suspended task waits: "app.lua:12". After a tail call there may be no line of a script left,
/// and it is the place where the task was created; nil when that is unknown too.
void push_stop(lua_State* L, const Task& task);
/// Pushes the object that the parked task waits for (a Future, a Lock), or nil.
void push_awaited(lua_State* L, const Task& task);
/// Pushes the task that holds what the parked task waits for, or nil.
void push_holder(lua_State* L, const Task& task);
/// A WaitKind's `describe` where the object is argument 1 of the function that waits.
void describe_first_argument(lua_State* L, const Task& task);
/// Pushes what the parked task does, for people: "waiting on <Queue size=0 getters=1 putters=0>", "waiting in sleep".
void push_wait(lua_State* L, const Task& task);
/// Pushes the task's name.
void push_task_name(lua_State* L, int index);

}  // namespace neap::internal
