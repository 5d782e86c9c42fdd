// Coroutine objects: a call that has been described and not started, as Python's `async def` gives.
#include "runtime/lua/bind.hpp"
#include "runtime/lua/error.hpp"
#include "runtime/lua/traceback.hpp"
#include "runtime/lua/userdata.hpp"
#include "runtime/task/park.hpp"
#include "runtime/task/scheduler.hpp"
#include "stdlib/async/module.hpp"

#include <new>

namespace neap::stdlib {

namespace {

struct Coroutine {
  int argument_count = 0;
  bool used = false;
};

constexpr int kDeepest = 60;

/// What an async function does when it is called. Upvalues: the function, the type's metatable.
int describe_call(lua_State* L) {
  const int count = lua_gettop(L);
  auto* coroutine = new (lua_newuserdatauv(L, sizeof(Coroutine), count + 1)) Coroutine();
  coroutine->argument_count = count;
  lua_pushvalue(L, lua_upvalueindex(2));
  lua_setmetatable(L, count + 1);
  lua_pushvalue(L, lua_upvalueindex(1));
  lua_setiuservalue(L, count + 1, 1);
  for (int i = 1; i <= count; ++i) {
    lua_pushvalue(L, i);
    lua_setiuservalue(L, count + 1, i + 1);
  }
  return 1;
}

/// async(fn): an async function.
int make_async(lua_State* L) {
  if (!lua_isfunction(L, 1)) {
    raise(L, ErrorKind::type, "async() takes a function, got %s", luaL_typename(L, 1));
  }
  lua_settop(L, 1);
  lua_rawgetp(L, LUA_REGISTRYINDEX, &kCoroutineType);
  lua_pushcclosure(L, bound<describe_call>, 2);
  return 1;
}

Coroutine& use(lua_State* L, void* userdata) {
  auto& coroutine = *static_cast<Coroutine*>(userdata);
  if (coroutine.used) {
    raise(L, ErrorKind::runtime, "cannot await a Coroutine twice; call the async function again, or make it a task");
  }
  coroutine.used = true;
  return coroutine;
}

int awaited(lua_State* L, int, lua_KContext) { return lua_gettop(L); }

/// Calls the function at index 1 with the arguments above it; its results are those of the await.
int call_awaited(lua_State* L, Scheduler& scheduler) {
  const int depth = scheduler.await_depth;
  scheduler.await_depth = depth + 1;
  lua_callk(L, lua_gettop(L) - 1, LUA_MULTRET, 0, awaited);
  scheduler.await_depth = depth;
  return lua_gettop(L);
}

int call_awaited_later(lua_State* L, int, lua_KContext) {
  finish_wait(L);
  return call_awaited(L, scheduler_of(L));
}

/// await(x, ...): runs a Coroutine here; waits for a Future or Task; calls `__await`; returns anything else.
///
/// A call from C nests on the C stack, which Lua bounds at 200 calls. So every kDeepest awaits the task goes
/// through the scheduler: suspending it takes its C frames off, and from there on only memory bounds how deep
/// awaits nest. See the test "await nests as deep as memory allows".
int await(lua_State* L) {
  luaL_checkany(L, 1);
  const void* type = metatable_of(L, 1);
  if (is_type(L, type, kCoroutineType)) {
    lua_settop(L, 1);
    take_coroutine(L, 1);
    lua_remove(L, 1);
  } else if (Future* future = to_future(L, 1)) {
    lua_settop(L, 1);
    return await_future(L, *future, false);
  } else if (lua_isfunction(L, 1)) {
    raise(L, ErrorKind::type, "await got a function; call it, or wrap it in async()");
  } else if (luaL_getmetafield(L, 1, "__await") != LUA_TNIL) {
    lua_insert(L, 1);
  } else {
    return lua_gettop(L);
  }
  Scheduler& scheduler = scheduler_of(L);
  if (scheduler.await_depth >= kDeepest && scheduler.can_suspend(L)) {
    return park_uninterrupted(L, *scheduler.current(), call_awaited_later);
  }
  return call_awaited(L, scheduler);
}

int await_shielded(lua_State* L) {
  Future& future = check_future(L, 1);
  lua_settop(L, 1);
  return await_future(L, future, true);
}

int coroutine_tostring(lua_State* L) {
  const auto& coroutine = *static_cast<Coroutine*>(lua_touserdata(L, 1));
  lua_getiuservalue(L, 1, 1);
  lua_Debug info;
  lua_getinfo(L, ">S", &info);
  lua_pushfstring(L, "<Coroutine %s:%d %s>", info.short_src, info.linedefined, coroutine.used ? "used" : "not started");
  return 1;
}

}  // namespace

int take_coroutine(lua_State* L, int index) {
  void* userdata = to_userdata(L, index, kCoroutineType);
  if (userdata == nullptr) return -1;
  index = lua_absindex(L, index);
  const int count = use(L, userdata).argument_count;
  luaL_checkstack(L, count + 1, "too many arguments");
  for (int i = 0; i <= count; ++i) lua_getiuservalue(L, index, i + 1);
  return count;
}

void add_coroutines(lua_State* L) {
  new_type(L, kCoroutineType);
  static const luaL_Reg kMethods[] = {{"__tostring", bound<coroutine_tostring>}};
  set_functions(L, kMethods);
  lua_pop(L, 1);
  static const luaL_Reg kFunctions[] = {
      {"async", bound<make_async>},
      {"await", bound<await>},
      {"shielded_wait", bound<await_shielded>},
  };
  set_functions(L, kFunctions);
}

}  // namespace neap::stdlib
