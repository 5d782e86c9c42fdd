// Event: a flag that tasks wait for.
#include "runtime/lua/bind.hpp"
#include "runtime/lua/error.hpp"
#include "runtime/lua/userdata.hpp"
#include "runtime/task/prefetch.hpp"
#include "stdlib/async/module.hpp"
#include "stdlib/async/primitive.hpp"

#include <new>

namespace neap::internal::stdlib {

namespace {

/// Invariant: tasks wait only while it is not set.
struct Event {
  WaitList waiters;
  bool set = false;
};

constexpr WaitKind kWait = primitive_wait("event:wait");

Event& check_event(lua_State* L) {
  if (void* event = to_userdata(L, 1, kEventType)) return *static_cast<Event*>(event);
  raise(L, ErrorKind::type, "argument 1 must be an Event, got %s", type_name(L, 1));
}

int event_set(lua_State* L) {
  Event& event = check_event(L);
  event.set = true;
  const Task* previous = nullptr;
  while (const Task* task = wake_first(L, event.waiters)) {
    prefetch_ahead(previous, task, 0, sizeof(Task));
    previous = task;
  }
  return 0;
}

int event_clear(lua_State* L) {
  check_event(L).set = false;
  return 0;
}

int event_is_set(lua_State* L) {
  lua_pushboolean(L, check_event(L).set);
  return 1;
}

/// A task that set() has woken goes on even when clear() comes before it runs, and keeps a cancellation for its next
/// wait: there is nothing to pass on.
int waited(lua_State* L, int, lua_KContext) {
  finish_wait(L);
  lua_pushboolean(L, 1);
  return 1;
}

int event_wait(lua_State* L) {
  Event& event = check_event(L);
  if (!event.set) return wait_in(L, event.waiters, kWait, &event, waited);
  if (satisfied_too_often(L)) return yield_before<event_wait>(L, kWait.name);
  lua_pushboolean(L, 1);
  return 1;
}

int event_tostring(lua_State* L) {
  const Event& event = check_event(L);
  lua_pushfstring(L, "<Event %s waiting=%I>", event.set ? "set" : "unset",
                  static_cast<lua_Integer>(event.waiters.size()));
  return 1;
}

int new_event(lua_State* L) {
  new (lua_newuserdatauv(L, sizeof(Event), 0)) Event();
  set_type(L, kEventType);
  return 1;
}

}  // namespace

int open_event(lua_State* L) {
  new_type(L, kEventType);
  static const luaL_Reg kMethods[] = {
      {"set", bound<event_set>},   {"clear", bound<event_clear>},         {"is_set", bound<event_is_set>},
      {"wait", bound<event_wait>}, {"__tostring", bound<event_tostring>},
  };
  set_functions(L, kMethods);
  lua_pushcfunction(L, bound<new_event>);
  return 1;
}

}  // namespace neap::internal::stdlib
