// Latch: tasks wait until something has happened so many times.
#include "runtime/lua/bind.hpp"
#include "runtime/lua/error.hpp"
#include "runtime/lua/userdata.hpp"
#include "runtime/task/park.hpp"
#include "runtime/task/scheduler.hpp"
#include "stdlib/registry.hpp"

#include <new>

namespace neap::internal::stdlib {

namespace {

constexpr UserdataType kLatchType{"Latch"};

/// Invariant: tasks wait only while `left` is not 0.
struct Latch {
  WaitList waiters;
  lua_Integer left = 0;
};

/// How a wait is given up: the task leaves the list.
void abandon(Scheduler&, Task& task) { task.unlink(); }

constexpr WaitKind kWait{.abandon = abandon, .name = "latch:wait", .describe = describe_first_argument};

Latch& check_latch(lua_State* L) {
  if (void* latch = to_userdata(L, 1, kLatchType)) return *static_cast<Latch*>(latch);
  raise(L, ErrorKind::type, "argument 1 must be a Latch, got %s", type_name(L, 1));
}

int new_latch(lua_State* L) {
  int is_integer = 0;
  const lua_Integer count = lua_tointegerx(L, 1, &is_integer);
  if (is_integer == 0) raise(L, ErrorKind::type, "the count must be an integer, got %s", type_name(L, 1));
  if (count < 0) raise(L, ErrorKind::value, "the count must be 0 or more, got %I", count);
  auto* latch = new (lua_newuserdatauv(L, sizeof(Latch), 0)) Latch();
  latch->left = count;
  set_type(L, kLatchType);
  return 1;
}

int count_down(lua_State* L) {
  Latch& latch = check_latch(L);
  if (latch.left == 0 || --latch.left != 0) return 0;
  Scheduler& scheduler = scheduler_of(L);
  while (Waiter* waiter = latch.waiters.pop_front()) scheduler.wake(static_cast<Task&>(*waiter));
  return 0;
}

/// Runs in the task's next step, in place of `wait`.
int waited(lua_State* L, int, lua_KContext) {
  finish_wait(L);  // raises what has ended the wait instead: a cancellation
  return 0;
}

int wait(lua_State* L) {
  Latch& latch = check_latch(L);
  if (latch.left == 0) return satisfied_too_often(L) ? yield_before<wait>(L, kWait.name) : 0;
  Task& task = check_can_wait(L, kWait.name);  // raises where nothing can wait, and for a task that was cancelled
  latch.waiters.push_back(task);
  return park(L, task, kWait, &latch, waited);  // the last act
}

int to_text(lua_State* L) {
  const Latch& latch = check_latch(L);
  lua_pushfstring(L, "<Latch left=%I waiting=%I>", latch.left, static_cast<lua_Integer>(latch.waiters.size()));
  return 1;
}

}  // namespace

int open_latch(lua_State* L) {
  new_type(L, kLatchType);
  static const luaL_Reg kMethods[] = {
      {"count_down", bound<count_down>},
      {"wait", bound<wait>},
      {"__tostring", bound<to_text>},
  };
  set_functions(L, kMethods);
  lua_pop(L, 1);
  lua_createtable(L, 0, 1);
  lua_pushcfunction(L, bound<new_latch>);
  lua_setfield(L, -2, "new");
  return 1;
}

}  // namespace neap::internal::stdlib
