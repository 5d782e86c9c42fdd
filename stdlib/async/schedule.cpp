// Functions of the scheduler that the module's Lua files use: contexts, what tasks own, schedules, instruments.
#include "runtime/lua/bind.hpp"
#include "runtime/lua/error.hpp"
#include "runtime/task/context.hpp"
#include "runtime/task/scheduler.hpp"
#include "stdlib/async/module.hpp"

namespace neap::internal::stdlib {

namespace {

/// context(): of the running code: nil, a table of values by variable, or a Context object.
int context(lua_State* L) {
  push_context(L, scheduler_of(L));
  return 1;
}

/// set_context(context)
int set_running_context(lua_State* L) {
  lua_settop(L, 1);
  set_context(L, scheduler_of(L));
  return 0;
}

int task_context(lua_State* L) {
  check_task(L, 1);
  push_task_context(L, 1);
  return 1;
}

/// set_task_context(task, context)
int set_context_of_task(lua_State* L) {
  check_task(L, 1);
  lua_settop(L, 2);
  set_task_context(L, 1);
  return 0;
}

/// owned(): the current task's table of what is closed at its end.
int owned(lua_State* L) {
  scheduler_of(L).push_owned(L);
  return 1;
}

/// set_close_owned(fn): fn(owned) runs in each task that has such a table, when its function has ended.
int set_close_owned(lua_State* L) {
  luaL_checktype(L, 1, LUA_TFUNCTION);
  lua_settop(L, 1);
  scheduler_of(L).set_close_owned(L);
  return 0;
}

/// set_seed(n or nil)
int set_seed(lua_State* L) {
  if (lua_isnoneornil(L, 1)) {
    scheduler_of(L).clear_seed();
  } else {
    scheduler_of(L).set_seed(static_cast<std::uint64_t>(luaL_checkinteger(L, 1)));
  }
  return 0;
}

/// cancel_at(k or nil)
int cancel_at(lua_State* L) {
  scheduler_of(L).cancel_at(static_cast<std::uint64_t>(luaL_optinteger(L, 1, 0)));
  return 0;
}

/// suspensions(): how many were counted since the last set_seed or cancel_at.
int suspensions(lua_State* L) {
  lua_pushinteger(L, static_cast<lua_Integer>(scheduler_of(L).suspensions()));
  return 1;
}

/// set_instrument(event, fn or nil)
int set_instrument(lua_State* L) {
  const char* name = luaL_checkstring(L, 1);
  lua_settop(L, 2);
  for (std::size_t i = 0; i < kEventNames.size(); ++i) {
    if (std::string_view(name) == kEventNames[i]) scheduler_of(L).set_instrument(L, static_cast<Event>(i));
  }
  return 0;
}

}  // namespace

void add_schedule(lua_State* L) {
  static const luaL_Reg kFunctions[] = {
      {"context", bound<context>},
      {"set_context", bound<set_running_context>},
      {"task_context", bound<task_context>},
      {"set_task_context", bound<set_context_of_task>},
      {"owned", bound<owned>},
      {"set_close_owned", bound<set_close_owned>},
      {"set_seed", bound<set_seed>},
      {"cancel_at", bound<cancel_at>},
      {"suspensions", bound<suspensions>},
      {"set_instrument", bound<set_instrument>},
  };
  set_functions(L, kFunctions);
  lua_createtable(L, static_cast<int>(kEventNames.size()), 0);
  for (std::size_t i = 0; i < kEventNames.size(); ++i) {
    lua_pushstring(L, kEventNames[i]);
    lua_rawseti(L, -2, static_cast<lua_Integer>(i) + 1);
  }
  lua_setfield(L, -2, "events");
}

}  // namespace neap::internal::stdlib
