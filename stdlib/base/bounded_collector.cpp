// setmetatable, collectgarbage and debug.sethook: what would take finalizers, the collector and hooks from the limits.
//
// Lua runs finalizers (`__gc`) where no hook is called, in the middle of anybody's code. So a table that limited code
// gives a metatable with a `__gc` does not become one that Lua finalizes: it gets a guard, a userdata that is collected
// together with it. The guard's finalizer calls the table's in a coroutine of its own, where hooks are, on account of
// the group that the code belonged to; and not any more when that group is being stopped, or nothing else of it is
// left.
#include "runtime/lua/bind.hpp"
#include "runtime/lua/error.hpp"
#include "stdlib/base/bounded.hpp"

#include <string_view>

namespace neap::internal::stdlib {

namespace {

struct Stock {
  lua_CFunction set_metatable;
  lua_CFunction debug_set_metatable;
  lua_CFunction collect;
  lua_CFunction set_hook;
};
Stock g_stock;

const char kGuards = 0;     // registry key: table with weak keys, table -> its guard
const char kGuardType = 0;  // registry key: the metatable of guards

/// A userdata with the table as its user value.
struct Guard {
  std::uint32_t group;
};

/// Runs the function and its argument on the top of the stack of `coroutine`.
int run_finalizer(lua_State* L, lua_State* coroutine, LimitKeeper& limits, LimitGroup& group) {
  Scheduler& scheduler = scheduler_of(L);
  lua_State* const running = scheduler.running();
  const LimitKeeper::Code code = limits.enter(group);
  scheduler.set_running(coroutine);
  ++scheduler.blocked_resumes;
  scheduler.interrupt().before_resume(coroutine);
  int count = 0;
  const int status = lua_resume(coroutine, L, 1, &count);
  --scheduler.blocked_resumes;
  scheduler.set_running(running);
  limits.switch_to(code);
  if (status == LUA_OK) return 0;
  if (status == LUA_YIELD) return luaL_error(L, "attempt to yield across a C-call boundary");
  lua_xmove(coroutine, L, 1);
  return lua_error(L);  // Lua makes a warning of it
}

int collect_guard(lua_State* L) {
  const std::uint32_t id = static_cast<Guard*>(lua_touserdata(L, 1))->group;
  LimitKeeper* limits = scheduler_of(L).limits();
  LimitGroup* group = limits != nullptr ? limits->find(id) : nullptr;
  if (group == nullptr || limits->stopped(id)) return 0;
  lua_getiuservalue(L, 1, 1);
  lua_rawgetp(L, LUA_REGISTRYINDEX, &kGuards);
  lua_pushvalue(L, 2);
  lua_pushnil(L);
  lua_rawset(L, -3);
  lua_settop(L, 2);
  if (luaL_getmetafield(L, 2, "__gc") != LUA_TFUNCTION) return 0;
  lua_State* coroutine = lua_newthread(L);
  lua_pushvalue(L, 3);
  lua_pushvalue(L, 2);
  lua_xmove(L, coroutine, 2);
  return run_finalizer(L, coroutine, *limits, *group);
}

/// Gives the table at index 1 a guard, unless it has one.
void add_guard(lua_State* L) {
  if (lua_rawgetp(L, LUA_REGISTRYINDEX, &kGuards) == LUA_TNIL) {
    lua_newtable(L);
    lua_createtable(L, 0, 1);
    lua_pushliteral(L, "k");
    lua_setfield(L, -2, "__mode");
    lua_setmetatable(L, -2);
    lua_pushvalue(L, -1);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &kGuards);
    lua_createtable(L, 0, 1);
    lua_pushcfunction(L, bound<collect_guard>);
    lua_setfield(L, -2, "__gc");
    lua_rawsetp(L, LUA_REGISTRYINDEX, &kGuardType);
  }
  const int guards = lua_gettop(L);
  lua_pushvalue(L, 1);
  if (lua_rawget(L, guards) != LUA_TNIL) return;
  lua_pushvalue(L, 1);
  auto* guard = static_cast<Guard*>(lua_newuserdatauv(L, sizeof(Guard), 1));
  guard->group = scheduler_of(L).limits()->current_id();
  lua_pushvalue(L, 1);
  lua_setiuservalue(L, -2, 1);
  lua_rawgetp(L, LUA_REGISTRYINDEX, &kGuardType);
  lua_setmetatable(L, -2);
  lua_rawset(L, guards);
}

void set_finalizer(lua_State* L, int value) {
  lua_pushliteral(L, "__gc");
  lua_pushvalue(L, value);
  lua_rawset(L, 2);
}

/// With a table and a metatable: as `stock` does, but Lua sees no finalizer.
int set_guarded(lua_State* L, lua_CFunction stock) {
  lua_settop(L, 2);
  lua_pushliteral(L, "__gc");
  if (lua_rawget(L, 2) == LUA_TNIL) {
    lua_settop(L, 2);
    return stock(L);
  }
  lua_pushnil(L);
  set_finalizer(L, 4);
  lua_pushcfunction(L, stock);
  lua_pushvalue(L, 1);
  lua_pushvalue(L, 2);
  const int status = lua_pcall(L, 2, 0, 0);
  set_finalizer(L, 3);
  if (status != LUA_OK) return luaL_error(L, "%s", lua_tostring(L, 5));
  add_guard(L);
  lua_settop(L, 1);
  return 1;
}

bool is_guarded(lua_State* L) { return is_limited(L) && lua_istable(L, 1) && lua_istable(L, 2); }

int set_metatable(lua_State* L) {
  return is_guarded(L) ? set_guarded(L, g_stock.set_metatable) : g_stock.set_metatable(L);
}

int debug_set_metatable(lua_State* L) {
  return is_guarded(L) ? set_guarded(L, g_stock.debug_set_metatable) : g_stock.debug_set_metatable(L);
}

/// So many cycles of the collector, step by step.
void collect_in_steps(lua_State* L, int cycles) {
  while (cycles > 0) {
    look_at_limits(L);
    const int ended = lua_gc(L, LUA_GCSTEP, 0);
    if (ended < 0) return;  // in a finalizer
    cycles -= ended;
  }
}

/// collectgarbage: how the collector runs is not the code's to decide.
int collect(lua_State* L) {
  if (!is_limited(L)) return g_stock.collect(L);
  const std::string_view option = luaL_optstring(L, 1, "collect");
  if (option == "collect") {
    collect_in_steps(L, 2);
    lua_pushinteger(L, 0);
  } else if (option == "step") {
    collect_in_steps(L, 1);
    lua_pushboolean(L, 1);
  } else if (option == "incremental" || option == "generational") {
    lua_pushliteral(L, "incremental");
  } else if (option == "stop" || option == "restart" || option == "setpause" || option == "setstepmul") {
    lua_pushinteger(L, 0);
  } else {
    return g_stock.collect(L);
  }
  return 1;
}

int set_hook(lua_State* L) {
  if (!is_limited(L)) return g_stock.set_hook(L);
  raise(L, ErrorKind::runtime, "debug.sethook: code within a limit cannot set hooks, by which limits are kept");
}

}  // namespace

void bound_collector(lua_State* L) {
  Stock stock{};
  lua_pushglobaltable(L);
  stock.set_metatable = replace(L, "setmetatable", bound<set_metatable>);
  stock.collect = replace(L, "collectgarbage", bound<collect>);
  lua_pop(L, 1);
  lua_getglobal(L, "debug");
  stock.debug_set_metatable = replace(L, "setmetatable", bound<debug_set_metatable>);
  stock.set_hook = replace(L, "sethook", bound<set_hook>);
  lua_pop(L, 1);
  static const bool kKept = (g_stock = stock, true);  // the same in every state
  static_cast<void>(kKept);
}

}  // namespace neap::internal::stdlib
