// Exact deadlock detection: with nothing ready, no timer, and nothing outside that can bring work, the root
// can never go on. It is resumed with a DeadlockError that lists every task, what it waits for, and the circles in
// which tasks wait for one another.
#include "runtime/lua/bind.hpp"
#include "runtime/lua/error.hpp"
#include "runtime/task/scheduler.hpp"

#include <algorithm>

namespace neap::internal {

namespace {

constexpr int kListed = 50;     // tasks named in the message
constexpr int kCircles = 5;     // circles named
constexpr int kInACircle = 10;  // tasks named of each
constexpr const char* kHeading = "every task waits, and nothing can wake one:";

int text_of(lua_State* L) {
  luaL_tolstring(L, 1, nullptr);
  return 1;
}

/// Replaces the value on the top of the stack by its text. Its `__tostring` may fail.
void replace_by_text(lua_State* L) {
  lua_pushcfunction(L, bound<text_of>);
  lua_pushvalue(L, -2);
  if (lua_pcall(L, 1, 1, 0) != LUA_OK) {
    lua_pop(L, 1);
    lua_pushstring(L, type_name(L, -1));
  }
  lua_replace(L, -2);
}

/// Pushes the parked task's object: " for task 'b'", " for <Queue size=0 getters=1 putters=0>", or "".
void push_object(lua_State* L, const Task& task) {
  push_awaited(L, task);
  if (lua_isnil(L, -1)) {
    lua_pushliteral(L, "");
  } else if (to_task(L, -1) != nullptr) {
    push_task_name(L, lua_gettop(L));
    lua_pushfstring(L, " for task '%s'", lua_tostring(L, -1));
    lua_replace(L, -2);
  } else {
    replace_by_text(L);
    lua_pushfstring(L, " for %s", lua_tostring(L, -1));
  }
  lua_replace(L, -2);
}

/// Adds "\n  'name' waits in lock:acquire at file:line for <Lock locked by 'other' waiting=1>" to the string below the task
/// on the top of the stack, which is popped.
void add_waiting_task(lua_State* L, const Task& task) {
  const int index = lua_gettop(L);
  push_task_name(L, index);
  push_stop(L, task);
  push_object(L, task);
  lua_pushfstring(L, "\n  '%s' waits in %s at %s%s", lua_tostring(L, index + 1), task.wait->name,
                  lua_isstring(L, index + 2) != 0 ? lua_tostring(L, index + 2) : "?", lua_tostring(L, index + 3));
  lua_replace(L, index);
  lua_settop(L, index);
  lua_concat(L, 2);
}

/// The task without which the parked one cannot go on: the one that it awaits, or that holds what it waits for. Null
/// when there is no such task.
Task* blocker_of(lua_State* L, const Task& task) {
  if (task.task_state != TaskState::parked) return nullptr;
  if (task.wait->awaits_future) {
    push_awaited(L, task);
  } else {
    push_holder(L, task);
  }
  Task* blocker = to_task(L, -1);
  lua_pop(L, 1);
  return blocker;
}

/// Adds "'name'" with something before it to the string on the top of the stack.
void add_name(lua_State* L, const char* before, const Task& task) {
  push_task(L, task);
  push_task_name(L, lua_gettop(L));
  lua_pushfstring(L, "%s'%s'", before, lua_tostring(L, -1));
  lua_replace(L, -3);
  lua_pop(L, 1);
  lua_concat(L, 2);
}

/// Adds "\n  in a circle: 'a' -> 'b' -> 'a'" to the string on the top of the stack.
void add_circle(lua_State* L, const Task& first) {
  int count = 1;
  for (const Task* task = blocker_of(L, first); task != &first; task = blocker_of(L, *task)) ++count;
  add_name(L, "\n  in a circle: ", first);
  const Task* task = &first;
  for (int i = 1; i < count && i < kInACircle; ++i) {
    task = blocker_of(L, *task);
    add_name(L, " -> ", *task);
  }
  if (count > kInACircle) {
    lua_pushfstring(L, " -> %d more", count - kInACircle);
    lua_concat(L, 2);
  }
  add_name(L, " -> ", first);
}

}  // namespace

/// Adds the circles among the tasks of the list at `list` to the string on the top of the stack.
void Scheduler::add_circles(lua_State* L, int list) {
  const std::uint32_t before = sweeps_;
  const auto count = static_cast<lua_Integer>(lua_rawlen(L, list));
  int circles = 0;
  for (lua_Integer i = 1; i <= count && circles < kCircles; ++i) {
    lua_rawgeti(L, list, i);
    Task* task = to_task(L, -1);
    lua_pop(L, 1);
    ++sweeps_;
    while (task != nullptr && task->sweep <= before) {
      task->sweep = sweeps_;
      task = blocker_of(L, *task);
    }
    if (task == nullptr || task->sweep != sweeps_) continue;
    add_circle(L, *task);
    ++circles;
  }
}

/// Protected: the message.
int Scheduler::describe_deadlock(lua_State* L) {
  Scheduler& scheduler = scheduler_of(L);
  scheduler.push_tasks(L);
  const int list = lua_gettop(L);
  lua_pushstring(L, kHeading);
  const auto count = static_cast<lua_Integer>(lua_rawlen(L, list));
  int listed = 0;
  for (lua_Integer i = 1; i <= count; ++i) {
    lua_rawgeti(L, list, i);
    const Task& task = *to_task(L, -1);
    // A root below the top waits for the one above it: a main task in async.run, a prompt's for its entry.
    const auto& roots = scheduler.roots_;
    const bool waits_for_root = std::ranges::count(roots, &task) != 0 && roots.back() != &task;
    if (!waits_for_root && task.task_state == TaskState::parked && listed++ < kListed) {
      add_waiting_task(L, task);
    } else {
      lua_pop(L, 1);
    }
  }
  if (listed > kListed) {
    lua_pushfstring(L, "\n  ... and %d more", listed - kListed);
    lua_concat(L, 2);
  }
  scheduler.add_circles(L, list);
  return 1;
}

void Scheduler::push_deadlock_error(lua_State* L) {
  lua_pushcfunction(L, bound<describe_deadlock>);
  if (lua_pcall(L, 0, 1, 0) != LUA_OK) {
    lua_pop(L, 1);
    lua_pushstring(L, kHeading);
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

}  // namespace neap::internal
