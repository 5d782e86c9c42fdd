// Coroutine objects: a call that has been described and not started, as Python's `async def` gives.
#include "runtime/lua/bind.hpp"
#include "runtime/lua/error.hpp"
#include "runtime/lua/traceback.hpp"
#include "runtime/lua/userdata.hpp"
#include "runtime/task/park.hpp"
#include "runtime/task/scheduler.hpp"
#include "stdlib/async/module.hpp"

#include <new>

namespace neap::internal::stdlib {

namespace {

struct Coroutine {
  int argument_count = 0;
  bool used = false;
};

constexpr int kDeepest = 60;

// Debug mode tells of a Coroutine that is collected unused. A sentinel beside its arguments is collected with
// it: the Coroutine itself has no finalizer, which would make every one slower.

const char kSentinelType = 0;  // registry key of the sentinel's metatable

/// User values of the sentinel: the Coroutine, and the place where it was made.
int collect_sentinel(lua_State* L) {
  lua_getiuservalue(L, 1, 1);
  lua_getiuservalue(L, 1, 2);
  if (static_cast<Coroutine*>(lua_touserdata(L, 2))->used) return 0;
  scheduler_of(L).warn("the Coroutine made at %s was never awaited",
                       lua_isstring(L, 3) != 0 ? lua_tostring(L, 3) : "?");
  return 0;
}

/// Adds a sentinel to the Coroutine on the top of the stack, as its user value `place`.
void add_sentinel(lua_State* L, int place) {
  const int coroutine = lua_gettop(L);
  lua_newuserdatauv(L, 0, 2);
  lua_pushvalue(L, coroutine);
  lua_setiuservalue(L, -2, 1);
  push_location(L, 1);
  lua_setiuservalue(L, -2, 2);
  if (lua_rawgetp(L, LUA_REGISTRYINDEX, &kSentinelType) == LUA_TNIL) {
    lua_pop(L, 1);
    lua_createtable(L, 0, 1);
    lua_pushcfunction(L, bound<collect_sentinel>);
    lua_setfield(L, -2, "__gc");
    lua_pushvalue(L, -1);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &kSentinelType);
  }
  lua_setmetatable(L, -2);
  lua_setiuservalue(L, coroutine, place);
}

/// What an async function does when it is called. Upvalues: the function, the type's metatable.
int describe_call(lua_State* L) {
  const int count = lua_gettop(L);
  if (count > kMostUserValues - 2) raise(L, ErrorKind::value, "too many arguments for a Coroutine (%d)", count);
  const bool debug = scheduler_of(L).debug();
  const int values = count + (debug ? 2 : 1);
  auto* coroutine = new (lua_newuserdatauv(L, sizeof(Coroutine), values)) Coroutine();
  coroutine->argument_count = count;
  lua_pushvalue(L, lua_upvalueindex(2));
  lua_setmetatable(L, count + 1);
  lua_pushvalue(L, lua_upvalueindex(1));
  lua_setiuservalue(L, count + 1, 1);
  for (int i = 1; i <= count; ++i) {
    lua_pushvalue(L, i);
    lua_setiuservalue(L, count + 1, i + 1);
  }
  if (debug) add_sentinel(L, values);
  return 1;
}

/// async(fn): an async function.
int make_async(lua_State* L) {
  if (!lua_isfunction(L, 1)) {
    raise(L, ErrorKind::type, "async() takes a function, got %s", type_name(L, 1));
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

/// Marks the Coroutine at `index` as used and pushes its function and arguments. Returns their number.
[[gnu::always_inline]] inline int push_call(lua_State* L, int index, void* userdata) {
  const int count = use(L, userdata).argument_count;
  if (count >= LUA_MINSTACK / 2) luaL_checkstack(L, count + 2, "too many arguments");
  for (int i = 1; i <= count + 1; ++i) lua_getiuservalue(L, index, i);
  return count;
}

int awaited(lua_State* L, int, lua_KContext below) { return lua_gettop(L) - static_cast<int>(below); }

/// Calls the function above the first `below` values with the `count` arguments above it; its results are those of the
/// await. Inlined by force, like all between `await` and lua_callk: of awaits that nest deeper than the processor
/// remembers returns, each C function costs 3 ns more.
[[gnu::always_inline]] inline int call_awaited(lua_State* L, Scheduler& scheduler, int below, int count) {
  const int depth = scheduler.await_depth;
  scheduler.await_depth = depth + 1;
  lua_callk(L, count, LUA_MULTRET, below, awaited);
  scheduler.await_depth = depth;
  return lua_gettop(L) - below;
}

int call_awaited_later(lua_State* L, int, lua_KContext) {
  const auto below = static_cast<int>(lua_tointeger(L, -1));
  lua_pop(L, 1);
  finish_wait(L);
  return call_awaited(L, scheduler_of(L), below, lua_gettop(L) - below - 1);
}

/// A call from C nests on the C stack, which Lua bounds at 200 calls. So every kDeepest awaits the task goes
/// through the scheduler: suspending it takes its C frames off, and from there on only memory bounds how deep
/// awaits nest. See the test "await nests as deep as memory allows".
[[gnu::always_inline]] inline int call_or_suspend(lua_State* L, int below, int count) {
  Scheduler& scheduler = scheduler_of(L);
  if (scheduler.await_depth < kDeepest || !scheduler.can_suspend(L)) return call_awaited(L, scheduler, below, count);
  lua_pushinteger(L, below);
  return park_uninterrupted(L, *scheduler.current(), call_awaited_later);
}

/// await(x, ...): runs a Coroutine here; waits for a Future or Task; calls `__await`; returns anything else.
int await(lua_State* L) {
  void* userdata = lua_touserdata(L, 1);
  const void* type = userdata != nullptr && lua_getmetatable(L, 1) != 0 ? lua_topointer(L, -1) : nullptr;
  if (is_type(L, type, kCoroutineType)) {
    const int below = lua_gettop(L);
    return call_or_suspend(L, below, push_call(L, 1, userdata));
  }
  if (Future* future = to_future(L, userdata, type)) {
    lua_settop(L, 1);
    return await_future(L, *future, false);
  }
  if (type != nullptr) lua_pop(L, 1);
  if (lua_gettop(L) == 0) return 0;  // await(async.sleep(1)): the call inside returned nothing
  if (lua_isfunction(L, 1)) {
    raise(L, ErrorKind::type, "await got a function; call it, or wrap it in async()");
  }
  if (luaL_getmetafield(L, 1, "__await") == LUA_TNIL) return lua_gettop(L);
  lua_insert(L, 1);
  lua_pushvalue(L, 1);
  lua_insert(L, 1);
  return call_or_suspend(L, 1, lua_gettop(L) - 2);
}

int await_shielded(lua_State* L) {
  Future& future = check_future(L, 1);
  lua_settop(L, 1);
  return await_future(L, future, true);
}

int coroutine_tostring(lua_State* L) {
  const void* userdata = to_userdata(L, 1, kCoroutineType);
  if (userdata == nullptr) raise(L, ErrorKind::type, "argument 1 must be a Coroutine, got %s", type_name(L, 1));
  const auto& coroutine = *static_cast<const Coroutine*>(userdata);
  lua_getiuservalue(L, 1, 1);
  lua_Debug info;
  lua_getinfo(L, ">S", &info);
  const char* state = coroutine.used ? "used" : "not started";
  if (info.linedefined < 0) {
    lua_pushfstring(L, "<Coroutine %s %s>", info.short_src, state);
  } else {
    lua_pushfstring(L, "<Coroutine %s:%d %s>", info.short_src, info.linedefined, state);
  }
  return 1;
}

}  // namespace

int take_coroutine(lua_State* L, int index) {
  void* userdata = to_userdata(L, index, kCoroutineType);
  return userdata == nullptr ? -1 : push_call(L, lua_absindex(L, index), userdata);
}

void add_coroutines(lua_State* L) {
  scheduler_of(L).add_suspendable(bound<await>);
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

}  // namespace neap::internal::stdlib
