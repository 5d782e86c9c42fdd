// The Loop and its Handles as scripts see them.
#include "runtime/lua/bind.hpp"
#include "runtime/lua/error.hpp"
#include "runtime/lua/userdata.hpp"
#include "runtime/task/handle.hpp"
#include "runtime/task/scheduler.hpp"
#include "stdlib/async/module.hpp"

#include <cmath>

namespace neap::internal::stdlib {

namespace {

/// loop:call_soon(fn, ...)
int loop_call_soon(lua_State* L) {
  if (lua_gettop(L) < 2) lua_settop(L, 2);
  Handle& handle = new_handle(L, lua_gettop(L) - 2);
  call_soon(L, scheduler_of(L), handle);
  return 1;
}

/// loop:call_later(seconds, fn, ...)
int loop_call_later(lua_State* L) {
  const double seconds = check_seconds(L, 2, "the delay");
  if (lua_gettop(L) < 3) lua_settop(L, 3);
  Handle& handle = new_handle(L, lua_gettop(L) - 3);
  Scheduler& scheduler = scheduler_of(L);
  const Deadline deadline = seconds >= kForever ? kNever : scheduler.loop().clock().after(seconds);
  call_at(L, scheduler, handle, deadline);
  return 1;
}

/// loop:call_at(when, fn, ...)
int loop_call_at(lua_State* L) {
  check_seconds(L, 2, "the time");
  if (lua_gettop(L) < 3) lua_settop(L, 3);
  Handle& handle = new_handle(L, lua_gettop(L) - 3);
  call_at(L, scheduler_of(L), handle, Clock::at(lua_tonumber(L, 2)));
  return 1;
}

int loop_time(lua_State* L) {
  lua_pushnumber(L, Clock::seconds(scheduler_of(L).loop().clock().now()));
  return 1;
}

int loop_get_debug(lua_State* L) {
  lua_pushboolean(L, scheduler_of(L).debug());
  return 1;
}

int loop_set_debug(lua_State* L) {
  scheduler_of(L).set_debug(lua_toboolean(L, 2) != 0);
  return 0;
}

int handle_cancel(lua_State* L) {
  cancel_handle(L, scheduler_of(L), check_handle(L, 1));
  return 0;
}

int handle_cancelled(lua_State* L) {
  lua_pushboolean(L, check_handle(L, 1).cancelled);
  return 1;
}

int handle_when(lua_State* L) {
  const Deadline when = check_handle(L, 1).when;
  lua_pushnumber(L, when == kNever ? HUGE_VAL : Clock::seconds(when));
  return 1;
}

int handle_tostring(lua_State* L) {
  const Handle& handle = check_handle(L, 1);
  const char* state = handle.cancelled ? "cancelled" : handle.anchor != 0 ? "scheduled" : "done";
  lua_pushfstring(L, "<Handle %s>", state);
  return 1;
}

// Functions of the scheduler that the Lua files of the module use.

/// set_exception_handler(fn): fn gets the context; nil restores the default.
int set_exception_handler(lua_State* L) {
  lua_settop(L, 1);
  scheduler_of(L).set_exception_handler(L);
  return 0;
}

/// report(context)
int report(lua_State* L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_settop(L, 1);
  scheduler_of(L).report(L);
  return 0;
}

/// failures(): how many futures have failed so far.
int failures(lua_State* L) {
  lua_pushinteger(L, static_cast<lua_Integer>(scheduler_of(L).failures()));
  return 1;
}

/// report_unretrieved(after): the errors of those that failed later, as far as nobody has looked at them.
int report_unretrieved(lua_State* L) {
  scheduler_of(L).report_unretrieved(L, static_cast<std::uint64_t>(luaL_checkinteger(L, 1)));
  return 0;
}

/// push_root(task), pop_root(task): deadlock detection and SIGINT address the task meanwhile.
int push_root(lua_State* L) {
  scheduler_of(L).push_root(check_task(L, 1));
  return 0;
}

int pop_root(lua_State* L) {
  scheduler_of(L).pop_root(check_task(L, 1));
  return 0;
}

int slow_callback_duration(lua_State* L) {
  lua_pushnumber(L, scheduler_of(L).slow_callback_duration);
  return 1;
}

int set_slow_callback_duration(lua_State* L) {
  scheduler_of(L).slow_callback_duration = check_seconds(L, 1, "slow_callback_duration");
  return 0;
}

/// set_virtual_clock(on): false when it is so already
int set_virtual_clock(lua_State* L) {
  lua_pushboolean(L, scheduler_of(L).loop().clock().set_virtual(lua_toboolean(L, 1) != 0));
  return 1;
}

}  // namespace

void add_loop(lua_State* L) {
  new_type(L, kHandleType);
  static const luaL_Reg kHandle[] = {{"cancel", bound<handle_cancel>},
                                     {"cancelled", bound<handle_cancelled>},
                                     {"when", bound<handle_when>},
                                     {"__tostring", bound<handle_tostring>}};
  set_functions(L, kHandle);
  lua_pop(L, 1);

  static const luaL_Reg kFunctions[] = {
      {"set_exception_handler", bound<set_exception_handler>},
      {"report", bound<report>},
      {"failures", bound<failures>},
      {"report_unretrieved", bound<report_unretrieved>},
      {"open_handles", bound<open_handles>},
      {"push_root", bound<push_root>},
      {"pop_root", bound<pop_root>},
      {"set_virtual_clock", bound<set_virtual_clock>},
      {"slow_callback_duration", bound<slow_callback_duration>},
      {"set_slow_callback_duration", bound<set_slow_callback_duration>},
  };
  set_functions(L, kFunctions);

  lua_createtable(L, 0, 16);
  static const luaL_Reg kLoop[] = {
      {"call_soon", bound<loop_call_soon>}, {"call_later", bound<loop_call_later>},
      {"call_at", bound<loop_call_at>},     {"time", bound<loop_time>},
      {"get_debug", bound<loop_get_debug>}, {"set_debug", bound<loop_set_debug>},
  };
  set_functions(L, kLoop);
  lua_setfield(L, -2, "loop_methods");
}

}  // namespace neap::internal::stdlib
