// Future and Task as scripts see them.
#include "runtime/task/future.hpp"

#include "runtime/lua/bind.hpp"
#include "runtime/lua/error.hpp"
#include "runtime/lua/traceback.hpp"
#include "runtime/lua/userdata.hpp"
#include "runtime/task/scheduler.hpp"
#include "stdlib/async/module.hpp"

namespace neap::internal::stdlib {

namespace {

const char* state_name(const Future& future) {
  static const char* const kNames[] = {"pending", "finished", "failed", "cancelled"};
  return kNames[static_cast<std::size_t>(future.state)];
}

/// For the setters: a pending Future that is no Task.
Future& check_settable(lua_State* L) {
  Future& future = check_future(L, 1);
  if (future.kind == FutureKind::task) {
    raise(L, ErrorKind::runtime,
          "a Task takes its result from its function; only a Future from async.Future() can be set");
  }
  if (future.done()) raise(L, ErrorKind::invalid_state, "the Future is already %s", state_name(future));
  return future;
}

int future_new(lua_State* L) {
  new_future(L);
  return 1;
}

int future_done(lua_State* L) {
  lua_pushboolean(L, check_future(L, 1).done());
  return 1;
}

int future_cancelled(lua_State* L) {
  lua_pushboolean(L, check_future(L, 1).state == FutureState::cancelled);
  return 1;
}

int future_result(lua_State* L) {
  const Future& future = check_future(L, 1);
  if (!future.done()) {
    raise(L, ErrorKind::invalid_state, "the result is not there yet: the %s is pending; await it",
          future.kind == FutureKind::task ? "Task" : "Future");
  }
  return push_result_or_raise(L, 1);
}

int future_exception(lua_State* L) {
  const Future& future = check_future(L, 1);
  if (!future.done()) {
    raise(L, ErrorKind::invalid_state, "whether it fails is not known yet: the %s is pending; await it",
          future.kind == FutureKind::task ? "Task" : "Future");
  }
  if (future.state == FutureState::finished) {
    lua_pushnil(L);
    return 1;
  }
  push_exception(L, 1);
  return future.state == FutureState::cancelled ? lua_error(L) : 1;
}

int future_set_result(lua_State* L) {
  Future& future = check_settable(L);
  finish_future(L, scheduler_of(L), future, 1, lua_gettop(L) - 1);
  return 0;
}

int future_set_exception(lua_State* L) {
  check_settable(L);
  lua_settop(L, 2);
  if (lua_isnil(L, 2)) raise(L, ErrorKind::type, "argument 2 of set_exception must be an error, got nil");
  attach_traceback(L, 2, 1);
  fail_future(L, scheduler_of(L), 1);
  return 0;
}

int future_cancel(lua_State* L) {
  Future& future = check_future(L, 1);
  lua_settop(L, 2);
  if (!lua_isnil(L, 2) && lua_tostring(L, 2) == nullptr) {
    raise(L, ErrorKind::type, "argument 1 of cancel must be the message, a string, got %s", type_name(L, 2));
  }
  Scheduler& scheduler = scheduler_of(L);
  if (Task* task = to_task(L, 1)) {
    lua_pushboolean(L, scheduler.cancel(L, *task));
  } else {
    const bool pending = !future.done();
    if (pending) cancel_future(L, scheduler, 1);
    lua_pushboolean(L, pending);
  }
  return 1;
}

int future_add_done_callback(lua_State* L) {
  Future& future = check_future(L, 1);
  lua_settop(L, 2);
  lua_pushvalue(L, 1);
  Handle& handle = new_handle(L, 1);  // function and future become the handle, at index 2
  Scheduler& scheduler = scheduler_of(L);
  if (future.done()) {
    call_soon(L, scheduler, handle);
    return 0;
  }
  push_extra(L, 1, "callbacks");
  if (lua_isnil(L, 3)) {
    lua_createtable(L, 1, 0);
    lua_pushvalue(L, -1);
    set_extra(L, 1, "callbacks");
    lua_replace(L, 3);
  }
  lua_pushvalue(L, 2);
  lua_rawseti(L, 3, static_cast<lua_Integer>(lua_rawlen(L, 3)) + 1);
  future.waiters.push_back(handle);
  return 0;
}

/// remove_done_callback(fn): how many were removed.
int future_remove_done_callback(lua_State* L) {
  check_future(L, 1);
  lua_settop(L, 2);
  lua_Integer removed = 0;
  push_extra(L, 1, "callbacks");
  if (lua_istable(L, 3)) {
    const auto count = static_cast<lua_Integer>(lua_rawlen(L, 3));
    for (lua_Integer i = 1; i <= count; ++i) {
      lua_rawgeti(L, 3, i);
      lua_getiuservalue(L, 4, 1);
      if (lua_rawequal(L, 5, 2) != 0) {
        static_cast<Handle*>(lua_touserdata(L, 4))->unlink();
        ++removed;
      } else {
        lua_pushvalue(L, 4);
        lua_rawseti(L, 3, i - removed);
      }
      lua_settop(L, 3);
    }
    for (lua_Integer i = count - removed + 1; i <= count; ++i) {
      lua_pushnil(L);
      lua_rawseti(L, 3, i);
    }
  }
  lua_pushinteger(L, removed);
  return 1;
}

int future_tostring(lua_State* L) {
  const Future& future = check_future(L, 1);
  lua_pushfstring(L, "<Future %s>", state_name(future));
  return 1;
}

// Task.

int task_get_name(lua_State* L) {
  check_task(L, 1);
  push_task_name(L, 1);
  return 1;
}

int task_set_name(lua_State* L) {
  check_task(L, 1);
  if (lua_isnone(L, 2)) raise(L, ErrorKind::type, "argument 1 of set_name is missing: the name");
  luaL_tolstring(L, 2, nullptr);
  set_extra(L, 1, "name");
  return 0;
}

int task_cancelling(lua_State* L) {
  lua_pushinteger(L, check_task(L, 1).cancel_requests);
  return 1;
}

int task_uncancel(lua_State* L) {
  Task& task = check_task(L, 1);
  if (task.outside_requests() > 0) --task.cancel_requests;
  if (task.outside_requests() == 0) task.must_cancel &= static_cast<std::uint8_t>(~kFromOutside);
  lua_pushinteger(L, task.cancel_requests);
  return 1;
}

/// The word for what a task that is not done is doing.
const char* activity(const Task& task) {
  switch (task.task_state) {
    case TaskState::created: return "not started";
    case TaskState::ready: return "ready";
    case TaskState::running: return "running";
    default: return "waiting";
  }
}

int task_tostring(lua_State* L) {
  const Task& task = check_task(L, 1);
  push_task_name(L, 1);
  const char* name = lua_tostring(L, -1);
  if (task.done()) {
    lua_pushfstring(L, "<Task name='%s' %s>", name, state_name(task));
  } else if (task.task_state != TaskState::parked) {
    lua_pushfstring(L, "<Task name='%s' %s>", name, activity(task));
  } else {
    push_wait(L, task);
    push_stop(L, task);
    const char* place = lua_isstring(L, -1) != 0 ? lua_tostring(L, -1) : "?";
    lua_pushfstring(L, "<Task name='%s' %s at %s>", name, lua_tostring(L, -2), place);
  }
  return 1;
}

/// id(task): its number; tasks are numbered in the order in which they were made.
int task_id(lua_State* L) {
  lua_pushinteger(L, static_cast<lua_Integer>(check_task(L, 1).id));
  return 1;
}

/// True for the task that began the run: the script's own, or in a worker thread that of the call.
int is_main_task(lua_State* L) {
  lua_pushboolean(L, scheduler_of(L).is_main(check_task(L, 1)) ? 1 : 0);
  return 1;
}

// For scopes written in Lua (task groups).

int cancel_by_scope(lua_State* L) {
  Task& task = check_task(L, 1);
  lua_settop(L, 1);
  lua_pushnil(L);
  lua_pushboolean(L, scheduler_of(L).cancel(L, task, kFromScope));
  return 1;
}

/// cancel_all(list, owner, circles, asked): cancels every future of the list; for an owner, which waits for them until
/// `ended(list, owner)`. `circles` is the name of a Scheduler::Circles;
/// `asked`: the owner has been cancelled itself.
int cancel_all(lua_State* L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  Task* const owner = lua_isnoneornil(L, 2) ? nullptr : &check_task(L, 2);
  static const char* const names[] = {"told", "told_alone", "left", nullptr};
  const auto circles = static_cast<Scheduler::Circles>(luaL_checkoption(L, 3, "told", names));
  const bool asked = lua_toboolean(L, 4) != 0;
  lua_settop(L, 2);
  lua_insert(L, 1);
  if (owner != nullptr && !owner->done()) {
    scheduler_of(L).cancel_list(L, *owner, circles, asked);
  } else {
    scheduler_of(L).cancel_list(L);
  }
  return 0;
}

/// ended(list, owner): it no longer waits for what it has cancelled.
int ended(lua_State* L) {
  Task& owner = check_task(L, 2);
  lua_settop(L, 2);
  lua_insert(L, 1);
  Scheduler::ended(L, owner);
  return 0;
}

/// interrupt(task, err): ends the wait of the task with the error. False when it does not wait.
int interrupt(lua_State* L) {
  Task& task = check_task(L, 1);
  lua_settop(L, 2);
  const bool waits = task.task_state == TaskState::parked;
  if (waits) scheduler_of(L).interrupt(L, task);
  lua_pushboolean(L, waits);
  return 1;
}

/// requests(task): what EarlierRequests notes, those from outside and those of scopes.
int requests(lua_State* L) {
  const EarlierRequests now(check_task(L, 1));
  lua_pushinteger(L, now.outside);
  lua_pushinteger(L, now.scopes);
  return 2;
}

/// The two numbers that `requests` gave, at index 2.
EarlierRequests check_earlier(lua_State* L) {
  return {static_cast<std::uint16_t>(luaL_checkinteger(L, 2)), static_cast<std::uint16_t>(luaL_checkinteger(L, 3))};
}

/// end_scope(task, outside, scopes): takes the scope's request back; true when the cancellation is its own doing.
int end_scope(lua_State* L) {
  Task& task = check_task(L, 1);
  lua_pushboolean(L, take_scope_request_back(task, check_earlier(L)));
  return 1;
}

/// rearm(task, outside, scopes): what came since then and was delivered is delivered once more, at the next wait.
int rearm(lua_State* L) {
  Task& task = check_task(L, 1);
  deliver_again(task, check_earlier(L));
  return 0;
}

/// cancel_requested(): true when somebody outside has asked the current task to end, and it has not been told yet:
/// its next wait raises the CancelledError.
int cancel_requested(lua_State* L) {
  const Task* task = scheduler_of(L).current();
  lua_pushboolean(L, task != nullptr && (task->must_cancel & kFromOutside) != 0);
  return 1;
}

// Making and finding tasks.

bool is_callable(lua_State* L, int index) {
  if (lua_isfunction(L, index)) return true;
  if (luaL_getmetafield(L, index, "__call") == LUA_TNIL) return false;
  lua_pop(L, 1);
  return true;
}

/// start_now(task): runs its first step inside the current one.
int start_now(lua_State* L) {
  scheduler_of(L).step_now(L, check_task(L, 1));
  return 0;
}

int current_task(lua_State* L) {
  const Task* task = scheduler_of(L).current();
  if (task == nullptr) {
    lua_pushnil(L);
  } else {
    push_task(L, *task);
  }
  return 1;
}

/// all_tasks(): a list of those not done, in the order of their creation.
int all_tasks(lua_State* L) {
  scheduler_of(L).push_tasks(L);
  return 1;
}

/// kind(x): "future", "coroutine", "function", "await" or nil: how x can be awaited.
int awaitable_kind(lua_State* L) {
  if (to_future(L, 1) != nullptr) {
    lua_pushliteral(L, "future");
  } else if (to_userdata(L, 1, kCoroutineType) != nullptr) {
    lua_pushliteral(L, "coroutine");
  } else if (lua_isfunction(L, 1)) {
    lua_pushliteral(L, "function");
  } else if (luaL_getmetafield(L, 1, "__await") != LUA_TNIL) {
    lua_pushliteral(L, "await");
  } else {
    lua_pushnil(L);
  }
  return 1;
}

int is_task(lua_State* L) {
  lua_pushboolean(L, to_task(L, 1) != nullptr);
  return 1;
}

int push_type_name(lua_State* L) {
  lua_pushstring(L, type_name(L, 1));
  return 1;
}

int is_error_value(lua_State* L) {
  lua_pushboolean(L, is_error_object(L, 1));
  return 1;
}

void add_methods(lua_State* L) {
  static const luaL_Reg kMethods[] = {
      {"done", bound<future_done>},
      {"result", bound<future_result>},
      {"exception", bound<future_exception>},
      {"set_result", bound<future_set_result>},
      {"set_exception", bound<future_set_exception>},
      {"cancel", bound<future_cancel>},
      {"cancelled", bound<future_cancelled>},
      {"add_done_callback", bound<future_add_done_callback>},
      {"remove_done_callback", bound<future_remove_done_callback>},
      {"__tostring", bound<future_tostring>},
  };
  set_functions(L, kMethods);
}

void add_task_methods(lua_State* L) {
  static const luaL_Reg kMethods[] = {
      {"get_name", bound<task_get_name>}, {"set_name", bound<task_set_name>},   {"cancelling", bound<task_cancelling>},
      {"uncancel", bound<task_uncancel>}, {"__tostring", bound<task_tostring>},
  };
  set_functions(L, kMethods);
}

}  // namespace

int spawn(lua_State* L) {
  int count = take_coroutine(L, 1);
  if (count < 0) {
    if (!is_callable(L, 1)) {
      const char* hint = "";
      if (to_future(L, 1) != nullptr) hint = to_task(L, 1) != nullptr ? ", which runs already" : "; await it instead";
      raise(L, ErrorKind::type, "a task is made of a function or a Coroutine, got %s%s", type_name(L, 1), hint);
    }
    count = lua_gettop(L) - 1;
  }
  scheduler_of(L).create_task(L, count);
  return 1;
}

void add_futures(lua_State* L) {
  new_type(L, kFutureType);
  add_methods(L);
  lua_pop(L, 1);
  new_type(L, kTaskType);
  add_methods(L);
  add_task_methods(L);
  add_stack_methods(L);
  lua_setfield(L, -2, "task_methods");
  static const luaL_Reg kFunctions[] = {
      {"Future", bound<future_new>},
      {"spawn", bound<spawn>},
      {"start_now", bound<start_now>},
      {"current_task", bound<current_task>},
      {"all_tasks", bound<all_tasks>},
      {"task_id", bound<task_id>},
      {"is_main_task", bound<is_main_task>},
      {"kind", bound<awaitable_kind>},
      {"is_task", bound<is_task>},
      {"is_error", bound<is_error_value>},
      {"type_name", bound<push_type_name>},
      {"cancel_by_scope", bound<cancel_by_scope>},
      {"cancel_all", bound<cancel_all>},
      {"ended", bound<ended>},
      {"interrupt", bound<interrupt>},
      {"requests", bound<requests>},
      {"end_scope", bound<end_scope>},
      {"rearm", bound<rearm>},
      {"cancel_requested", bound<cancel_requested>},
  };
  set_functions(L, kFunctions);
}

}  // namespace neap::internal::stdlib
