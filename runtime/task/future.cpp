#include "runtime/task/future.hpp"

#include "runtime/lua/bind.hpp"
#include "runtime/lua/error.hpp"
#include "runtime/lua/userdata.hpp"
#include "runtime/task/scheduler.hpp"
#include "runtime/task/trail.hpp"

#include <new>

namespace neap::internal {

Future* to_future(lua_State* L, void* userdata, const void* metatable) {
  if (is_type(L, metatable, kTaskType)) return static_cast<Task*>(userdata);
  return is_type(L, metatable, kFutureType) ? static_cast<Future*>(userdata) : nullptr;
}

Future* to_future(lua_State* L, int index) {
  void* userdata = lua_touserdata(L, index);
  if (userdata == nullptr || lua_getmetatable(L, index) == 0) return nullptr;
  const void* metatable = lua_topointer(L, -1);
  lua_pop(L, 1);
  return to_future(L, userdata, metatable);
}

Future& check_future(lua_State* L, int index) {
  if (Future* future = to_future(L, index)) return *future;
  raise(L, ErrorKind::type, "argument %d must be a Future or Task, got %s", index, type_name(L, index));
}

Future& new_future(lua_State* L) {
  auto* future = new (lua_newuserdatauv(L, sizeof(Future), kFutureValues)) Future(FutureKind::future);
  set_type(L, kFutureType);
  return *future;
}

void finish_future(lua_State* L, Scheduler& scheduler, Future& future, int index, int count) {
  if (count > 1) {
    lua_createtable(L, count, 0);
    lua_insert(L, -count - 1);
    for (int i = count; i >= 1; --i) lua_rawseti(L, -i - 1, i);
  }
  if (count == 0) lua_pushnil(L);  // a task's coroutine was there
  lua_setiuservalue(L, index, kResult);
  const std::int32_t gathering = future.result_count;
  future.result_count = count;
  future.state = FutureState::finished;
  scheduler.notify(L, future, index, gathering);
}

void fail_future(lua_State* L, Scheduler& scheduler, int index) {
  const EssentialMemory essential(scheduler.memory());
  auto& future = *static_cast<Future*>(lua_touserdata(L, index));
  index = lua_absindex(L, index);
  future.state = is_cancellation(L, -1) ? FutureState::cancelled : FutureState::failed;
  lua_setiuservalue(L, index, kResult);
  if (future.state == FutureState::failed) scheduler.note_failure(L, index);
  scheduler.notify(L, future, index, future.result_count);
}

void cancel_future(lua_State* L, Scheduler& scheduler, int index) {
  const EssentialMemory essential(scheduler.memory());
  auto& future = *static_cast<Future*>(lua_touserdata(L, index));
  index = lua_absindex(L, index);
  if (!lua_isnil(L, -1)) wrap_message(L, ErrorKind::cancelled);
  lua_setiuservalue(L, index, kResult);
  future.state = FutureState::cancelled;
  scheduler.notify(L, future, index, future.result_count);
}

int push_result_or_raise(lua_State* L, int index) {
  auto& future = *static_cast<Future*>(lua_touserdata(L, index));
  if (future.state == FutureState::finished) {
    if (future.result_count == 0) return 0;
    lua_getiuservalue(L, index, kResult);
    if (future.result_count == 1) return 1;
    const int list = lua_gettop(L);
    luaL_checkstack(L, future.result_count, "too many results");
    for (int i = 1; i <= future.result_count; ++i) lua_rawgeti(L, list, i);
    return future.result_count;
  }
  index = lua_absindex(L, index);
  push_exception(L, index);
  if (future.state == FutureState::failed) leave_trail(L, index);
  lua_error(L);
  return 0;
}

void push_exception(lua_State* L, int index) {
  auto& future = *static_cast<Future*>(lua_touserdata(L, index));
  index = lua_absindex(L, index);
  future.retrieved = true;
  if (lua_getiuservalue(L, index, kResult) == LUA_TNIL && future.state == FutureState::cancelled) {
    lua_pop(L, 1);
    lua_pushliteral(L, "");
    wrap_message(L, ErrorKind::cancelled);
    lua_pushvalue(L, -1);
    lua_setiuservalue(L, index, kResult);
  }
}

void push_extra(lua_State* L, int index, const char* key) {
  if (lua_getiuservalue(L, index, kExtras) == LUA_TTABLE) {
    lua_getfield(L, -1, key);
    lua_remove(L, -2);
  }
}

void set_extra(lua_State* L, int index, const char* key) {
  index = lua_absindex(L, index);
  if (lua_getiuservalue(L, index, kExtras) != LUA_TTABLE) {
    lua_pop(L, 1);
    lua_createtable(L, 0, 1);
    lua_pushvalue(L, -1);
    lua_setiuservalue(L, index, kExtras);
  }
  lua_insert(L, -2);
  lua_setfield(L, -2, key);
  lua_pop(L, 1);
}

}  // namespace neap::internal
