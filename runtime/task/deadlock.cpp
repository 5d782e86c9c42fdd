// Exact deadlock detection: with nothing ready, no timer, and nothing outside that can bring work, the root
// can never go on. It is resumed with a DeadlockError that lists every task.
#include "runtime/lua/error.hpp"
#include "runtime/lua/traceback.hpp"
#include "runtime/task/scheduler.hpp"

namespace neap {

namespace {

constexpr int kListed = 50;  // tasks named in the message

/// Adds "\n  'name' waits in await at file:line" to the string below the task on the top of the stack, which is
/// popped.
void add_waiting_task(lua_State* L, Task& task) {
  push_task_name(L, lua_gettop(L));
  lua_remove(L, -2);
  push_stop(L, task);
  lua_pushfstring(L, "\n  '%s' waits in %s at %s", lua_tostring(L, -2), task.wait->name,
                  lua_isstring(L, -1) != 0 ? lua_tostring(L, -1) : "?");
  lua_replace(L, -3);
  lua_pop(L, 1);
  lua_concat(L, 2);
}

}  // namespace

void Scheduler::push_deadlock_error(lua_State* L) {
  push_tasks(L);
  const int list = lua_gettop(L);
  lua_pushliteral(L, "every task waits, and nothing can wake one:");
  const auto count = static_cast<lua_Integer>(lua_rawlen(L, list));
  int listed = 0;
  for (lua_Integer i = 1; i <= count; ++i) {
    lua_rawgeti(L, list, i);
    Task& task = *to_task(L, -1);
    if (task.task_state == TaskState::parked && listed++ < kListed) {
      add_waiting_task(L, task);
    } else {
      lua_pop(L, 1);
    }
  }
  lua_remove(L, list);
  if (listed > kListed) {
    lua_pushfstring(L, "\n  ... and %d more", listed - kListed);
    lua_concat(L, 2);
  }
  wrap_message(L, ErrorKind::deadlock);
}

void Scheduler::raise_deadlock() {
  Task* target = nullptr;
  if (!roots_.empty()) {
    target = roots_.back();
  } else {
    // During shutdown there is no root: the oldest task that waits for ever in its cleanup is told.
    ++deadlocks_in_shutdown_;
    for (const Slot& slot : slots_) {
      if (slot.task == nullptr || slot.task->task_state != TaskState::parked) continue;
      if (target == nullptr || slot.task->id < target->id) target = slot.task;
    }
  }
  if (target == nullptr || target->task_state != TaskState::parked) return;
  push_deadlock_error(main_);
  interrupt(main_, *target);
}

}  // namespace neap
