// What a task closes when its function has ended: generators that it has left in the middle.
#include "runtime/task/scheduler.hpp"

namespace neap::internal {

namespace {

const char kCloseOwned = 0;  // registry key: closes what is in the table of a task

constexpr int kHandler = 1;  // index of the message handler on a task's stack; the results are above it

}  // namespace

void Scheduler::push_owned(lua_State* L) {
  if (current_ == nullptr) return lua_pushnil(L);
  push_task(L, *current_);
  push_extra(L, -1, "owned");
  if (lua_isnil(L, -1)) {
    lua_pop(L, 1);
    lua_newtable(L);
    lua_pushvalue(L, -1);
    set_extra(L, -3, "owned");
    current_->owns = true;
  }
  lua_remove(L, -2);
}

void Scheduler::set_close_owned(lua_State* L) { lua_rawsetp(L, LUA_REGISTRYINDEX, &kCloseOwned); }

/// In the task, whose function has ended with `final_status_` and what is above the handler.
int Scheduler::close_owned(lua_State* L) {
  luaL_checkstack(L, LUA_MINSTACK, "cannot close what a task owns");
  lua_rawgetp(L, LUA_REGISTRYINDEX, &kCloseOwned);
  push_owned(L);
  const int status = lua_pcallk(L, 1, 0, kHandler, final_status_, owned_closed);
  return owned_closed(L, status, final_status_);
}

/// `ended`: how the task's function had ended.
int Scheduler::owned_closed(lua_State* L, int status, lua_KContext ended) {
  Scheduler& scheduler = scheduler_of(L);
  if (status == LUA_OK || status == LUA_YIELD) {
    scheduler.final_status_ = static_cast<int>(ended);
  } else {  // an error of the cleanup takes the place of what there was, as with `<close>` variables
    scheduler.final_status_ = status;
    lua_insert(L, kHandler + 1);
    lua_settop(L, kHandler + 1);
  }
  return lua_gettop(L) - kHandler;
}

}  // namespace neap::internal
