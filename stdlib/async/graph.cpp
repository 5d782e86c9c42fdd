// Who waits for whom, read off the waiters of futures: nothing is kept for it.
#include "runtime/lua/bind.hpp"
#include "runtime/lua/userdata.hpp"
#include "runtime/task/gathering.hpp"
#include "runtime/task/scheduler.hpp"
#include "runtime/task/watch.hpp"
#include "stdlib/async/module.hpp"

namespace neap::internal::stdlib {

namespace {

/// The task that waits for a future by this waiter; null for one that nobody waits by.
Task* waiting_task(WaitLink& link) {
  auto& waiter = static_cast<Waiter&>(link);
  if (waiter.waiter_kind == WaiterKind::task) return &static_cast<Task&>(waiter);
  return waiter.waiter_kind == WaiterKind::watch_entry ? watching_task(waiter) : nullptr;
}

/// Pushes a list of the tasks that wait for the future. They are copied out first: what is allocated here may run the
/// collector, which unlinks waiters; but a task that waits does not end meanwhile.
void push_waiting_tasks(lua_State* L, const Future& future) {
  const WaitList& waiters = future.waiters;
  std::size_t count = 1;
  for (const WaitLink* link = waiters.first(); link != nullptr; link = waiters.after(*link)) ++count;
  constexpr std::size_t kPointer = sizeof(void*);
  auto** tasks = static_cast<Task**>(lua_newuserdatauv(L, count * kPointer, 0));
  Task** end = tasks;
  if (Task* first = gathering_task(scheduler_of(L), future)) *end++ = first;
  for (WaitLink* link = waiters.first(); link != nullptr && count != 1; link = waiters.after(*link), --count) {
    if (Task* task = waiting_task(*link)) *end++ = task;
  }
  lua_newtable(L);
  for (Task** task = tasks; task != end; ++task) {
    push_task(L, **task);
    lua_rawseti(L, -2, task - tasks + 1);
  }
  lua_remove(L, -2);
}

/// Pushes a list of the done callbacks of the future at index 1.
void push_callbacks(lua_State* L) {
  lua_newtable(L);
  push_extra(L, 1, "callbacks");
  if (!lua_istable(L, -1)) return lua_pop(L, 1);
  const auto count = static_cast<lua_Integer>(lua_rawlen(L, -1));
  for (lua_Integer i = 1; i <= count; ++i) {
    lua_rawgeti(L, -1, i);
    lua_getiuservalue(L, -1, 1);
    lua_rawseti(L, -4, i);
    lua_pop(L, 1);
  }
  lua_pop(L, 1);
}

/// waiters(future): a list of the tasks that wait for it, alone or among others; a list of its done callbacks.
int waiters(lua_State* L) {
  const Future& future = check_future(L, 1);
  push_waiting_tasks(L, future);
  push_callbacks(L);
  return 2;
}

/// wait_of(task): what a waiting task waits for, who holds that; nil, nil for any other.
int wait_of(lua_State* L) {
  const Task& task = check_task(L, 1);
  if (task.task_state != TaskState::parked) return 0;
  push_awaited(L, task);
  push_holder(L, task);
  return 2;
}

/// stop_of(task): "file:line" where a suspended task goes on; nil for any other.
int stop_of(lua_State* L) {
  const Task& task = check_task(L, 1);
  const bool suspended = task.task_state == TaskState::parked || task.task_state == TaskState::ready;
  if (!suspended) return 0;
  push_stop(L, task);
  return 1;
}

}  // namespace

void add_graph(lua_State* L) {
  static const luaL_Reg kFunctions[] = {
      {"waiters", bound<waiters>},
      {"wait_of", bound<wait_of>},
      {"stop_of", bound<stop_of>},
  };
  set_functions(L, kFunctions);
}

}  // namespace neap::internal::stdlib
