// What Lock, Semaphore, Event and Queue share: tasks wait in their lists, first come, first served.
//
// Invariants
//  1. A task that waits is granted what it waits for before it runs again, by whoever makes it ready; so a newcomer
//     overtakes nobody.
//  2. A task that is asked to end after it was granted something, and before it runs, passes the grant on.
//  3. The object is argument 1 of the function that waits: that keeps it alive, and `describe` shows it.
#pragma once

#include "runtime/task/park.hpp"
#include "runtime/task/scheduler.hpp"

namespace neap::internal::stdlib {

inline void abandon_primitive(Scheduler&, Task& task) { task.unlink(); }

/// The kind of a wait for argument 1 of the function `name`.
constexpr WaitKind primitive_wait(const char* name, void (*push_holder)(lua_State*, const Task&) = nullptr) {
  return WaitKind{
      .abandon = abandon_primitive, .name = name, .describe = describe_first_argument, .push_holder = push_holder};
}

/// Parks the current task at the end of the list.
inline int wait_in(lua_State* L, WaitList& waiters, const WaitKind& wait, void* object, lua_KFunction resumed) {
  Task& task = check_can_wait(L, wait.name);
  waiters.push_back(task);
  return park(L, task, wait, object, resumed);
}

/// Wakes the first task of the list; null when there is none.
inline Task* wake_first(lua_State* L, WaitList& waiters) {
  auto* task = static_cast<Task*>(waiters.pop_front());
  if (task != nullptr) scheduler_of(L).wake(*task);
  return task;
}

}  // namespace neap::internal::stdlib
