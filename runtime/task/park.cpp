#include "runtime/task/park.hpp"

#include "runtime/lua/bind.hpp"
#include "runtime/lua/error.hpp"
#include "runtime/lua/traceback.hpp"
#include "runtime/task/protect.hpp"
#include "runtime/task/scheduler.hpp"

#include <cstring>
#include <utility>

namespace neap::internal {

namespace {

/// After so many `sleep(0)` that found nothing else ready one goes through the scheduler all the same,
/// which looks at the clock as often between its own steps.
constexpr int kElidedInARow = 15;

void abandon_sleep(Scheduler& scheduler, Task& task) { scheduler.loop().timers().disarm(task); }
void abandon_yield(Scheduler&, Task&) {}

constexpr WaitKind kSleep{abandon_sleep, "sleep"};
constexpr WaitKind kYield{abandon_yield, "sleep(0)"};
constexpr WaitKind kAwait = future_wait("await");
constexpr WaitKind kShieldedAwait{abandon_await, "await", true, false};

/// Pushes what keeps `L` from being suspended, as scripts know it: "the C function 'table.sort'".
void push_blocker(lua_State* L) {
  lua_Debug frame;
  for (int level = 1; lua_getstack(L, level, &frame) != 0; ++level) {
    lua_getinfo(L, "Snf", &frame);
    const int index = lua_gettop(L);
    const lua_CFunction function = lua_tocfunction(L, index);
    if (frame.name != nullptr && std::strcmp(frame.name, "__gc") == 0) {
      lua_pushliteral(L, "the metamethod '__gc'");
      return;
    }
    if (*frame.what != 'C' || scheduler_of(L).is_suspendable(function)) {
      lua_settop(L, index - 1);
    } else if (is_message_handler(function)) {
      lua_pushliteral(L, "a message handler of xpcall");
      return;
    } else if (push_global_name(L, index) || frame.name != nullptr) {
      const char* name = lua_gettop(L) > index ? lua_tostring(L, -1) : frame.name;
      lua_pushfstring(L, "the C function '%s'", name);
      return;
    }
  }
  lua_pushliteral(L, "a C function");
}

void check_suspendable(lua_State* L, Scheduler& scheduler, const char* what) {
  if (scheduler.current() == nullptr) {
    raise(L, ErrorKind::runtime, "%s: a callback of the loop cannot wait; spawn a task from it (async.spawn)", what);
  }
  if (scheduler.running() != L) {
    raise(L, ErrorKind::runtime, "%s: cannot wait in a coroutine that a C module resumed", what);
  }
  if (lua_isyieldable(L) == 0) {
    push_blocker(L);
    raise(L, ErrorKind::runtime, "%s: cannot wait inside %s, which Lua cannot suspend", what, lua_tostring(L, -1));
  }
  if (scheduler.blocked_resumes != 0) {
    raise(L, ErrorKind::runtime,
          "%s: cannot wait in a coroutine that was resumed inside a C function such as table.sort", what);
  }
}

int await_resumed(lua_State* L, int, lua_KContext) {
  finish_wait(L);
  return push_result_or_raise(L, 1);
}

int sleep_resumed(lua_State* L, int, lua_KContext) {
  finish_wait(L);
  return lua_gettop(L) - 1;
}

}  // namespace

void raise_cancelled(lua_State* L, Task& task) {
  if ((task.must_cancel & kFromLimit) != 0) scheduler_of(L).limits()->raise_error(L);
  task.must_cancel = 0;
  {
    const EssentialMemory essential(scheduler_of(L).memory());  // another error would not be known for a cancellation
    push_task(L, task);
    push_extra(L, -1, "cancel_message");
    if (lua_isnil(L, -1)) lua_pushliteral(L, "");
    wrap_message(L, ErrorKind::cancelled);
  }
  raise_value(L);
}

void cancel_running_code(lua_State* L) {
  Scheduler& scheduler = scheduler_of(L);
  Task* task = scheduler.current();
  if (task == nullptr) {
    lua_pushliteral(L, "");
    wrap_message(L, ErrorKind::cancelled);
    raise_value(L);
  }
  if (task->must_cancel == 0) {
    lua_pushnil(L);
    scheduler.cancel(L, *task);
  }
  raise_cancelled(L, *task);
}

Task& check_can_wait(lua_State* L, const char* what) {
  Scheduler& scheduler = scheduler_of(L);
  if (!scheduler.can_suspend(L)) check_suspendable(L, scheduler, what);
  Task& task = *scheduler.current();
  if (task.must_cancel != 0) raise_cancelled(L, task);
  return task;
}

int park(lua_State* L, Task& task, const WaitKind& wait, void* wait_object, lua_KFunction resumed,
         lua_KContext context) {
  task.task_state = TaskState::parked;
  task.wait = &wait;
  task.wait_object = wait_object;
  task.parked_on = L;
  scheduler_of(L).parking = true;
  return lua_yieldk(L, 0, context, resumed);
}

int park_ready(lua_State* L, Task& task, lua_KFunction resumed) {
  task.interruptible = true;
  return park_uninterrupted(L, task, resumed);
}

int park_uninterrupted(lua_State* L, Task& task, lua_KFunction resumed) {
  task.wake_reason = WakeReason::granted;
  task.wait = &kYield;
  task.parked_on = L;
  Scheduler& scheduler = scheduler_of(L);
  scheduler.make_ready(task);
  scheduler.parking = true;
  return lua_yieldk(L, 0, 0, resumed);
}

Task& finish_wait(lua_State* L) {
  Task& task = *scheduler_of(L).current();
  if (task.wake_reason == WakeReason::granted) return task;
  const WakeReason reason = std::exchange(task.wake_reason, WakeReason::granted);
  if (reason == WakeReason::limited) scheduler_of(L).limits()->raise_error(L);
  if (reason == WakeReason::cancelled) raise_cancelled(L, task);
  push_task(L, task);
  push_extra(L, -1, "injected");
  raise_value(L);
}

void abandon_await(Scheduler&, Task& task) { task.unlink(); }

int await_future(lua_State* L, Future& future, bool shielded) {
  return await_future(L, future, shielded ? kShieldedAwait : kAwait);
}

int await_future(lua_State* L, Future& future, const WaitKind& wait) {
  Scheduler& scheduler = scheduler_of(L);
  if (future.done()) {
    if (!satisfied_too_often(L)) return push_result_or_raise(L, 1);
    return park_ready(L, *scheduler.current(), await_resumed);
  }
  Task& task = check_can_wait(L, wait.name);
  if (&task == &future) raise(L, ErrorKind::runtime, "a task cannot await itself");
  future.waiters.push_back(task);
  return park(L, task, wait, &future, await_resumed);
}

int sleep(lua_State* L) {
  const double seconds = check_seconds(L, 1, "the delay");
  Task& task = check_can_wait(L, "sleep");
  Scheduler& scheduler = scheduler_of(L);
  if (seconds == 0) {
    if (scheduler.nothing_ready() && !scheduler.eager && scheduler.satisfied_in_a_row < kElidedInARow) {
      ++scheduler.satisfied_in_a_row;
      return lua_gettop(L) - 1;
    }
    return park_ready(L, task, sleep_resumed);
  }
  const Deadline deadline = scheduler.loop().clock().after(seconds);
  if (deadline != kNever) scheduler.loop().timers().arm(task, deadline);
  return park(L, task, kSleep, nullptr, sleep_resumed);
}

}  // namespace neap::internal
