#include "runtime/task/handle.hpp"

#include "runtime/lua/bind.hpp"
#include "runtime/lua/error.hpp"
#include "runtime/lua/userdata.hpp"
#include "runtime/task/context.hpp"
#include "runtime/task/scheduler.hpp"
#include "runtime/task/trail.hpp"

#include <new>

namespace neap::internal {

namespace {

/// The handler of errors in callbacks: replaces the error by {error, trace}.
int callback_message_handler(lua_State* L) {
  lua_settop(L, 1);
  attach_traceback(L, 1, 1);
  lua_createtable(L, 2, 0);
  lua_pushvalue(L, 1);
  lua_rawseti(L, 2, 1);
  push_trail(L, 1, 1);
  lua_rawseti(L, 2, 2);
  drop_trail(L);
  return 1;
}

bool is_callable(lua_State* L, int index) {
  if (lua_isfunction(L, index)) return true;
  if (luaL_getmetafield(L, index, "__call") == LUA_TNIL) return false;
  lua_pop(L, 1);
  return true;
}

/// Reports the {error, trace} on the top of the stack, with the Handle below it; pops it.
void report_callback_error(lua_State* L, Scheduler& scheduler) {
  lua_createtable(L, 0, 4);
  lua_pushvalue(L, -3);
  lua_setfield(L, -2, "handle");
  lua_pushliteral(L, "Exception in callback");
  lua_setfield(L, -2, "message");
  if (lua_istable(L, -2)) {
    lua_rawgeti(L, -2, 1);
    lua_rawgeti(L, -3, 2);
    lua_setfield(L, -3, "traceback");
  } else {
    lua_pushvalue(L, -2);  // an error in the handler itself
  }
  lua_setfield(L, -2, "exception");
  lua_remove(L, -2);
  scheduler.report(L);
}

/// Protected: a callback that fails again and again for want of memory uses up the reserve.
int report_protected(lua_State* L) {
  report_callback_error(L, scheduler_of(L));
  return 0;
}

}  // namespace

Handle& new_handle(lua_State* L, int argument_count) {
  const int function = lua_gettop(L) - argument_count;
  if (!is_callable(L, function)) {
    const char* hint = lua_isnil(L, function) ? "; pass the function itself, not what a call of it returns" : "";
    raise(L, ErrorKind::type, "the callback must be a function, got %s%s", type_name(L, function), hint);
  }
  if (argument_count >= kMostUserValues) {
    raise(L, ErrorKind::value, "too many arguments for a callback (%d)", argument_count);
  }
  const bool has_context = scheduler_of(L).has_context();
  const int values = argument_count + 1 + (has_context ? 1 : 0);
  auto* handle = new (lua_newuserdatauv(L, sizeof(Handle), values)) Handle();
  handle->argument_count = argument_count;
  if (Scheduler& scheduler = scheduler_of(L); scheduler.debug()) handle->origin = scheduler.intern_place(L, 1);
  handle->has_context = has_context;
  if (LimitKeeper* limits = scheduler_of(L).limits()) handle->limit = limits->current_id();
  set_type(L, kHandleType);
  lua_insert(L, function);
  if (has_context) push_context_values(L, scheduler_of(L));
  for (int i = values; i >= 1; --i) lua_setiuservalue(L, function, i);
  return *handle;
}

Handle& check_handle(lua_State* L, int index) {
  if (void* handle = to_userdata(L, index, kHandleType)) return *static_cast<Handle*>(handle);
  raise(L, ErrorKind::type, "argument %d must be a Handle, got %s", index, type_name(L, index));
}

void call_soon(lua_State* L, Scheduler& scheduler, Handle& handle) {
  lua_pushvalue(L, -1);
  handle.anchor = scheduler.anchor(L);
  scheduler.queue(handle);
}

void call_at(lua_State* L, Scheduler& scheduler, Handle& handle, Deadline deadline) {
  handle.when = deadline;
  if (deadline == kNever) return;
  lua_pushvalue(L, -1);
  handle.anchor = scheduler.anchor(L);
  scheduler.loop().timers().arm(handle, deadline);
}

void cancel_handle(lua_State* L, Scheduler& scheduler, Handle& handle) {
  handle.cancelled = true;
  if (handle.armed()) {
    scheduler.loop().timers().disarm(handle);
  } else if (handle.linked()) {
    handle.unlink();
  }
  if (handle.anchor != 0) {
    scheduler.release(L, handle.anchor);
    handle.anchor = 0;
  }
}

void run_handle(lua_State* L, Scheduler& scheduler, Handle& handle) {
  const EssentialMemory essential(scheduler.memory());
  if (handle.limit != 0 && scheduler.limits()->stopped(handle.limit)) return cancel_handle(L, scheduler, handle);
  lua_pushcfunction(L, callback_message_handler);
  scheduler.push_anchored(L, handle.anchor);
  scheduler.release(L, handle.anchor);
  handle.anchor = 0;
  const int count = handle.argument_count;
  const int handler = lua_gettop(L) - 1;
  if (lua_checkstack(L, count + LUA_MINSTACK) == 0) {
    lua_settop(L, handler - 1);
    return;
  }
  if (handle.has_context) {
    lua_getiuservalue(L, handler + 1, count + 2);
    scheduler.enter_callback_context(L);
  }
  for (int i = 1; i <= count + 1; ++i) lua_getiuservalue(L, handler + 1, i);
  // Such as a group's note of a child's end: the group would wait for ever if it failed.
  scheduler.memory().essential = lua_istable(L, handler + 2) && luaL_getmetafield(L, handler + 2, "__essential") != 0;
  lua_settop(L, handler + 2 + count);
  const int status = lua_pcall(L, count, 0, handler);
  scheduler.memory().essential = true;
  if (status != LUA_OK && !(scheduler.stopping && scheduler.limits()->is_known())) {
    lua_pushcfunction(L, bound<report_protected>);
    lua_insert(L, handler + 1);
    lua_pcall(L, 2, 0, 0);
  }
  scheduler.leave_callback_context(L);
  lua_settop(L, handler - 1);
}

}  // namespace neap::internal
