// Lock: one holder at a time.
#include "runtime/lua/bind.hpp"
#include "runtime/lua/error.hpp"
#include "runtime/lua/userdata.hpp"
#include "stdlib/async/module.hpp"
#include "stdlib/async/primitive.hpp"

#include <new>

namespace neap::internal::stdlib {

namespace {

/// Invariant: tasks wait only while it is held; a release hands it to the first of them, and it is held all the time.
struct Lock {
  WaitList waiters;
  TaskRef holder;  // no task when a callback took it
  bool held = false;
};

void push_lock_holder(lua_State* L, const Task& task) {
  const Task* holder = scheduler_of(L).find(static_cast<const Lock*>(task.wait_object)->holder);
  if (holder == nullptr) return lua_pushnil(L);
  push_task(L, *holder);
}

constexpr WaitKind kAcquire = primitive_wait("lock:acquire", push_lock_holder);

Lock& check_lock(lua_State* L) {
  if (void* lock = to_userdata(L, 1, kLockType)) return *static_cast<Lock*>(lock);
  raise(L, ErrorKind::type, "argument 1 must be a Lock, got %s", type_name(L, 1));
}

TaskRef reference(const Task* task) { return task != nullptr ? TaskRef{task->id, task->slot} : TaskRef{}; }

void hand_over(lua_State* L, Lock& lock) {
  const Task* next = wake_first(L, lock.waiters);
  lock.held = next != nullptr;
  lock.holder = reference(next);
}

int acquired(lua_State* L, int, lua_KContext) {
  Task& task = finish_wait(L);
  if (task.cancel_pending()) {
    hand_over(L, *static_cast<Lock*>(lua_touserdata(L, 1)));
    raise_cancelled(L, task);
  }
  return 1;
}

int lock_acquire(lua_State* L) {
  Lock& lock = check_lock(L);
  lua_settop(L, 1);
  if (lock.held) return wait_in(L, lock.waiters, kAcquire, &lock, acquired);
  if (satisfied_too_often(L)) return yield_before<lock_acquire>(L, kAcquire.name);
  lock.held = true;
  lock.holder = reference(scheduler_of(L).current());
  return 1;
}

int lock_release(lua_State* L) {
  Lock& lock = check_lock(L);
  if (!lock.held) raise(L, ErrorKind::runtime, "the Lock is not acquired");
  hand_over(L, lock);
  return 0;
}

int lock_locked(lua_State* L) {
  lua_pushboolean(L, check_lock(L).held);
  return 1;
}

/// Pushes "locked by 'fetch-1'".
void push_state(lua_State* L, const Lock& lock) {
  if (!lock.held) {
    lua_pushliteral(L, "unlocked");
  } else if (const Task* holder = scheduler_of(L).find(lock.holder)) {
    push_task(L, *holder);
    push_task_name(L, lua_gettop(L));
    lua_pushfstring(L, "locked by '%s'", lua_tostring(L, -1));
  } else if (lock.holder.id != 0) {
    lua_pushfstring(L, "locked by task %I, which has ended,", static_cast<lua_Integer>(lock.holder.id));
  } else {
    lua_pushliteral(L, "locked");
  }
}

int lock_tostring(lua_State* L) {
  const Lock& lock = check_lock(L);
  push_state(L, lock);
  lua_pushfstring(L, "<Lock %s waiting=%I>", lua_tostring(L, -1), static_cast<lua_Integer>(lock.waiters.size()));
  return 1;
}

int new_lock(lua_State* L) {
  new (lua_newuserdatauv(L, sizeof(Lock), 0)) Lock();
  set_type(L, kLockType);
  return 1;
}

}  // namespace

int open_lock(lua_State* L) {
  new_type(L, kLockType);
  static const luaL_Reg kMethods[] = {
      {"acquire", bound<lock_acquire>}, {"release", bound<lock_release>}, {"locked", bound<lock_locked>},
      {"__enter", bound<lock_acquire>}, {"__close", bound<lock_release>}, {"__tostring", bound<lock_tostring>},
  };
  set_functions(L, kMethods);
  lua_pushcfunction(L, bound<new_lock>);
  lua_insert(L, -2);
  return 2;
}

}  // namespace neap::internal::stdlib
