#include "runtime/task/context.hpp"

#include "runtime/task/scheduler.hpp"

namespace neap::internal {

namespace {

const char kCallbackContext = 0;  // registry key: the context of the running callback

}  // namespace

void push_task_context(lua_State* L, int index) {
  if (static_cast<Task*>(lua_touserdata(L, index))->has_context) {
    push_extra(L, index, "context");
  } else {
    lua_pushnil(L);
  }
}

void set_task_context(lua_State* L, int index) {
  static_cast<Task*>(lua_touserdata(L, index))->has_context = !lua_isnil(L, -1);
  set_extra(L, index, "context");
}

void push_context(lua_State* L, Scheduler& scheduler) {
  if (!scheduler.has_context()) return lua_pushnil(L);
  if (const Task* task = scheduler.current()) {
    push_task(L, *task);
    push_task_context(L, lua_gettop(L));
    lua_remove(L, -2);
  } else {
    lua_rawgetp(L, LUA_REGISTRYINDEX, &kCallbackContext);
  }
}

void push_context_values(lua_State* L, Scheduler& scheduler) {
  push_context(L, scheduler);
  if (lua_getmetatable(L, -1) == 0) return;
  lua_pop(L, 1);
  lua_getfield(L, -1, "values");
  lua_remove(L, -2);
}

void set_context(lua_State* L, Scheduler& scheduler) {
  if (const Task* task = scheduler.current()) {
    push_task(L, *task);
    lua_insert(L, -2);
    set_task_context(L, lua_gettop(L) - 1);
    lua_pop(L, 1);
  } else {
    scheduler.enter_callback_context(L);
  }
}

bool Scheduler::has_context() const { return current_ != nullptr ? current_->has_context : callback_context_; }

void Scheduler::enter_callback_context(lua_State* L) {
  callback_context_ = !lua_isnil(L, -1);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &kCallbackContext);
}

void Scheduler::leave_callback_context(lua_State* L) {
  if (!callback_context_) return;
  lua_pushnil(L);
  enter_callback_context(L);
}

}  // namespace neap::internal
