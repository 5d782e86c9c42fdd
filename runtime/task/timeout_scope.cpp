#include "runtime/task/timeout_scope.hpp"

#include "runtime/lua/bind.hpp"
#include "runtime/lua/error.hpp"
#include "runtime/lua/userdata.hpp"
#include "runtime/task/park.hpp"
#include "runtime/task/scheduler.hpp"

#include <cmath>
#include <new>

namespace neap::internal {

namespace {

TimeoutScope& check_scope(lua_State* L, int index) {
  if (void* scope = to_userdata(L, index, kTimeoutType)) return *static_cast<TimeoutScope*>(scope);
  raise(L, ErrorKind::type, "argument %d must be a timeout scope, got %s", index, type_name(L, index));
}

void arm(lua_State* L, Scheduler& scheduler, TimeoutScope& scope, int index) {
  if (scope.deadline == kNever) return;
  lua_pushvalue(L, index);
  scope.anchor = scheduler.anchor(L);
  scheduler.loop().timers().arm(scope, scope.deadline);
}

void disarm(lua_State* L, Scheduler& scheduler, TimeoutScope& scope) {
  scheduler.loop().timers().disarm(scope);
  if (scope.linked()) {
    scope.unlink();
    scope.task->scope_due = false;
  }
  if (scope.anchor == 0) return;
  scheduler.release(L, scope.anchor);
  scope.anchor = 0;
}

int make_scope(lua_State* L, Deadline deadline, double seconds = -1) {
  Scheduler& scheduler = scheduler_of(L);
  Task* task = scheduler.current();
  if (task == nullptr)
    raise(L, ErrorKind::runtime, "a timeout needs a task: a callback of the loop has none; spawn one from it");
  auto* scope = new (lua_newuserdatauv(L, sizeof(TimeoutScope), 1)) TimeoutScope();
  const int index = lua_gettop(L);
  set_type(L, kTimeoutType);
  push_task(L, *task);
  lua_setiuservalue(L, index, 1);
  scope->task = task;
  scope->deadline = deadline;
  scope->seconds = seconds;
  scope->earlier = EarlierRequests(*task);
  arm(L, scheduler, *scope, index);
  return 1;
}

/// A time on the loop's clock in seconds; nil is never.
Deadline check_when(lua_State* L, int index) {
  if (lua_isnoneornil(L, index)) return kNever;
  check_seconds(L, index, "the deadline");
  return Clock::at(lua_tonumber(L, index));
}

int scope_close(lua_State* L) {
  TimeoutScope& scope = check_scope(L, 1);
  if (scope.state == ScopeState::active) {
    disarm(L, scheduler_of(L), scope);
    scope.state = ScopeState::exited;
    return 0;
  }
  if (scope.state != ScopeState::expiring) return 0;
  scope.state = ScopeState::expired;
  const bool own = take_scope_request_back(*scope.task, scope.earlier);
  if (!own || !is_cancellation(L, 2)) return 0;
  if (scope.seconds < 0) raise(L, ErrorKind::timeout, "the deadline has passed");
  raise(L, ErrorKind::timeout, "timed out after %f seconds", scope.seconds);
}

int scope_when(lua_State* L) {
  const TimeoutScope& scope = check_scope(L, 1);
  lua_pushnumber(L, scope.deadline == kNever ? HUGE_VAL : Clock::seconds(scope.deadline));
  return 1;
}

int scope_expired(lua_State* L) {
  const TimeoutScope& scope = check_scope(L, 1);
  lua_pushboolean(L, scope.state == ScopeState::expiring || scope.state == ScopeState::expired);
  return 1;
}

int scope_reschedule(lua_State* L) {
  TimeoutScope& scope = check_scope(L, 1);
  const Deadline deadline = check_when(L, 2);
  if (scope.state != ScopeState::active) {
    raise(L, ErrorKind::runtime, "cannot reschedule a timeout that has %s",
          scope.state == ScopeState::exited ? "ended" : "expired");
  }
  Scheduler& scheduler = scheduler_of(L);
  disarm(L, scheduler, scope);
  scope.deadline = deadline;
  scope.seconds = -1;
  arm(L, scheduler, scope, 1);
  return 0;
}

int scope_tostring(lua_State* L) {
  static const char* const kNames[] = {"active", "expiring", "expired", "exited"};
  const TimeoutScope& scope = check_scope(L, 1);
  const char* state = kNames[static_cast<std::size_t>(scope.state)];
  if (scope.deadline == kNever) {
    lua_pushfstring(L, "<Timeout %s without deadline>", state);
  } else {
    lua_pushfstring(L, "<Timeout %s when=%f>", state, Clock::seconds(scope.deadline));
  }
  return 1;
}

}  // namespace

void expire_scope(lua_State* L, Scheduler& scheduler, TimeoutScope& scope) {
  scope.task->scope_due = false;
  scheduler.push_anchored(L, scope.anchor);
  scheduler.release(L, scope.anchor);
  scope.anchor = 0;
  lua_pushnil(L);
  if (scheduler.cancel(L, *scope.task, kFromScope)) scope.state = ScopeState::expiring;
  lua_pop(L, 1);
}

int new_timeout(lua_State* L) {
  const double seconds = opt_seconds(L, 1, "the timeout");
  return make_scope(L, seconds >= kForever ? kNever : scheduler_of(L).loop().clock().after(seconds), seconds);
}

int new_timeout_at(lua_State* L) { return make_scope(L, check_when(L, 1)); }

void open_timeout(lua_State* L) {
  new_type(L, kTimeoutType);
  static const luaL_Reg kMethods[] = {
      {"__close", bound<scope_close>},         {"when", bound<scope_when>},           {"expired", bound<scope_expired>},
      {"reschedule", bound<scope_reschedule>}, {"__tostring", bound<scope_tostring>},
  };
  set_functions(L, kMethods);
  lua_pop(L, 1);
}

}  // namespace neap::internal
