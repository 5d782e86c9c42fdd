// Semaphore and BoundedSemaphore: a number of permits.
#include "runtime/lua/bind.hpp"
#include "runtime/lua/error.hpp"
#include "runtime/lua/userdata.hpp"
#include "stdlib/async/module.hpp"
#include "stdlib/async/primitive.hpp"

#include <new>

namespace neap::internal::stdlib {

namespace {

constexpr lua_Integer kUnbounded = -1;

/// Invariant: tasks wait only while no permit is free; a permit that is released then goes to the first of them and is
/// never free in between.
struct Semaphore {
  WaitList waiters;
  lua_Integer free = 0;
  lua_Integer bound = kUnbounded;  // permits that a BoundedSemaphore has
};

constexpr WaitKind kAcquire = primitive_wait("semaphore:acquire");

Semaphore& check_semaphore(lua_State* L) {
  if (void* semaphore = to_userdata(L, 1, kSemaphoreType)) return *static_cast<Semaphore*>(semaphore);
  raise(L, ErrorKind::type, "argument 1 must be a Semaphore, got %s", type_name(L, 1));
}

void give_back(lua_State* L, Semaphore& semaphore) {
  if (wake_first(L, semaphore.waiters) == nullptr) ++semaphore.free;
}

int acquired(lua_State* L, int, lua_KContext) {
  Task& task = finish_wait(L);
  if (task.cancel_pending()) {
    give_back(L, *static_cast<Semaphore*>(lua_touserdata(L, 1)));
    raise_cancelled(L, task);
  }
  return 1;
}

int semaphore_acquire(lua_State* L) {
  Semaphore& semaphore = check_semaphore(L);
  lua_settop(L, 1);
  if (semaphore.free == 0) return wait_in(L, semaphore.waiters, kAcquire, &semaphore, acquired);
  if (satisfied_too_often(L)) return yield_before<semaphore_acquire>(L, kAcquire.name);
  --semaphore.free;
  return 1;
}

int semaphore_release(lua_State* L) {
  Semaphore& semaphore = check_semaphore(L);
  if (semaphore.free == semaphore.bound) {
    raise(L, ErrorKind::value, "BoundedSemaphore(%I) released more often than acquired", semaphore.bound);
  }
  if (semaphore.free == LUA_MAXINTEGER) {
    raise(L, ErrorKind::value, "the Semaphore has %I permits, which is the most it can have", semaphore.free);
  }
  give_back(L, semaphore);
  return 0;
}

int semaphore_locked(lua_State* L) {
  lua_pushboolean(L, check_semaphore(L).free == 0);
  return 1;
}

int semaphore_tostring(lua_State* L) {
  const Semaphore& semaphore = check_semaphore(L);
  lua_pushfstring(L, "<%s value=%I waiting=%I>", semaphore.bound == kUnbounded ? "Semaphore" : "BoundedSemaphore",
                  semaphore.free, static_cast<lua_Integer>(semaphore.waiters.size()));
  return 1;
}

lua_Integer check_permits(lua_State* L, const char* name) {
  if (lua_isnoneornil(L, 1)) return 1;
  if (lua_isinteger(L, 1) == 0) {
    raise(L, ErrorKind::type, "argument 1 of %s must be an integer, got %s", name, type_name(L, 1));
  }
  const lua_Integer permits = lua_tointeger(L, 1);
  if (permits < 0) raise(L, ErrorKind::value, "argument 1 of %s must be 0 or more, got %I", name, permits);
  return permits;
}

Semaphore& push_semaphore(lua_State* L, lua_Integer permits) {
  auto* semaphore = new (lua_newuserdatauv(L, sizeof(Semaphore), 0)) Semaphore();
  semaphore->free = permits;
  set_type(L, kSemaphoreType);
  return *semaphore;
}

int new_semaphore(lua_State* L) {
  push_semaphore(L, check_permits(L, "Semaphore"));
  return 1;
}

int new_bounded_semaphore(lua_State* L) {
  const lua_Integer permits = check_permits(L, "BoundedSemaphore");
  push_semaphore(L, permits).bound = permits;
  return 1;
}

}  // namespace

int open_semaphore(lua_State* L) {
  new_type(L, kSemaphoreType);
  static const luaL_Reg kMethods[] = {
      {"acquire", bound<semaphore_acquire>}, {"release", bound<semaphore_release>},
      {"locked", bound<semaphore_locked>},   {"__enter", bound<semaphore_acquire>},
      {"__close", bound<semaphore_release>}, {"__tostring", bound<semaphore_tostring>},
  };
  set_functions(L, kMethods);
  lua_pushcfunction(L, bound<new_semaphore>);
  lua_pushcfunction(L, bound<new_bounded_semaphore>);
  return 2;
}

}  // namespace neap::internal::stdlib
