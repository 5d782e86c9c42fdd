#include "runtime/task/task.hpp"

#include "runtime/lua/bind.hpp"
#include "runtime/lua/error.hpp"
#include "runtime/lua/traceback.hpp"
#include "runtime/lua/userdata.hpp"
#include "runtime/task/scheduler.hpp"

namespace neap::internal {

Task* to_task(lua_State* L, int index) { return static_cast<Task*>(to_userdata(L, index, kTaskType)); }

Task& check_task(lua_State* L, int index) {
  if (Task* task = to_task(L, index)) return *task;
  raise(L, ErrorKind::type, "argument %d must be a Task, got %s", index, type_name(L, index));
}

bool take_scope_request_back(Task& task, EarlierRequests earlier) {
  --task.scope_requests;
  --task.cancel_requests;
  task.must_cancel &= static_cast<std::uint8_t>(~kFromScope);
  const bool own = task.outside_requests() <= earlier.outside;
  // A scope around this one has asked meanwhile as well: the task gets that cancellation at its next wait, unless
  // that scope is left before. What it asked earlier has been delivered: see C1d in tests/conformance.
  if (own && task.scope_requests > earlier.scopes) task.must_cancel |= kFromScope;
  return own;
}

void deliver_again(Task& task, EarlierRequests earlier) {
  if (task.outside_requests() > earlier.outside) task.must_cancel |= kFromOutside;
  if (task.scope_requests > earlier.scopes) task.must_cancel |= kFromScope;
}

void push_task(lua_State* L, const Task& task) {
  const Scheduler& scheduler = scheduler_of(L);
  lua_rawgeti(L, LUA_REGISTRYINDEX, scheduler.slots_[task.slot].anchor);
}

void push_stop(lua_State* L, const Task& task) {
  for (lua_State* coroutine : {task.parked_on, task.thread}) {
    push_location(L, coroutine, 0);
    if (!lua_isnil(L, -1)) return;
    lua_pop(L, 1);
  }
  const std::string& place = scheduler_of(L).place(task);
  if (place.empty()) return lua_pushnil(L);
  push(L, place);
}

void describe_first_argument(lua_State* L, const Task& task) {
  lua_pushvalue(task.parked_on, 1);
  if (task.parked_on != L) lua_xmove(task.parked_on, L, 1);
}

void push_awaited(lua_State* L, const Task& task) {
  if (task.wait->awaits_future) return describe_first_argument(L, task);
  if (task.wait->describe == nullptr) return lua_pushnil(L);
  task.wait->describe(L, task);
}

void push_holder(lua_State* L, const Task& task) {
  if (task.wait->push_holder == nullptr) return lua_pushnil(L);
  task.wait->push_holder(L, task);
}

void push_wait(lua_State* L, const Task& task) {
  push_awaited(L, task);
  // A future is not shown: it may be a task that awaits another, and so on.
  if (lua_isnil(L, -1) || task.wait->awaits_future) {
    lua_pushfstring(L, "waiting in %s", task.wait->name);
  } else {
    luaL_tolstring(L, -1, nullptr);
    lua_pushfstring(L, "waiting on %s", lua_tostring(L, -1));
    lua_remove(L, -2);
  }
  lua_remove(L, -2);
}

void push_task_name(lua_State* L, int index) {
  const auto& task = *static_cast<Task*>(lua_touserdata(L, index));
  push_extra(L, index, "name");
  if (!lua_isnil(L, -1)) return;
  lua_pop(L, 1);
  lua_pushfstring(L, "Task-%I", static_cast<lua_Integer>(task.id));
}

}  // namespace neap::internal
