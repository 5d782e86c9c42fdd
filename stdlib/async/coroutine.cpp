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

/// With so many arguments or fewer, `open` returns them all at once.
constexpr int kInline = 3;

/// What an async function does when it is called: upvalue 1 is the function.
int describe_call(lua_State* L) {
  const int count = lua_gettop(L);
  auto* coroutine = new (lua_newuserdatauv(L, sizeof(Coroutine), count + 1)) Coroutine();
  coroutine->argument_count = count;
  set_type(L, kCoroutineType);
  lua_insert(L, 1);
  for (int i = count + 1; i >= 2; --i) lua_setiuservalue(L, 1, i);
  lua_pushvalue(L, lua_upvalueindex(1));
  lua_setiuservalue(L, 1, 1);
  return 1;
}

/// async(fn): an async function.
int make_async(lua_State* L) {
  if (!lua_isfunction(L, 1)) {
    raise(L, ErrorKind::type, "async() takes a function, got %s", luaL_typename(L, 1));
  }
  lua_settop(L, 1);
  lua_pushcclosure(L, bound<describe_call>, 1);
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

/// open(x): for a Coroutine the number of its arguments, its function, and up to kInline arguments; for a
/// value with `__await` -1 and that method; for anything else nothing.
int open_awaitable(lua_State* L) {
  if (void* userdata = to_userdata(L, 1, kCoroutineType)) {
    const int count = use(L, userdata).argument_count;
    lua_pushinteger(L, count);
    lua_getiuservalue(L, 1, 1);
    if (count > kInline) return 2;
    for (int i = 1; i <= count; ++i) lua_getiuservalue(L, 1, i + 1);
    return count + 2;
  }
  if (to_future(L, 1) != nullptr || luaL_getmetafield(L, 1, "__await") == LUA_TNIL) return 0;
  lua_pushinteger(L, -1);
  lua_insert(L, -2);
  return 2;
}

/// arguments(coroutine): all of them.
int push_arguments(lua_State* L) {
  const int count = static_cast<Coroutine*>(lua_touserdata(L, 1))->argument_count;
  luaL_checkstack(L, count, "too many arguments");
  for (int i = 1; i <= count; ++i) lua_getiuservalue(L, 1, i + 1);
  return count;
}

/// wait(x, ...): await for everything that `open` knows nothing of.
int wait_for_value(lua_State* L) {
  luaL_checkany(L, 1);
  if (Future* future = to_future(L, 1)) {
    lua_settop(L, 1);
    return await_future(L, *future, false);
  }
  if (lua_isfunction(L, 1)) {
    raise(L, ErrorKind::type, "await got a function; call it, or wrap it in async()");
  }
  return lua_gettop(L);
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
      {"async", bound<make_async>},    {"open", bound<open_awaitable>},        {"arguments", bound<push_arguments>},
      {"wait", bound<wait_for_value>}, {"shielded_wait", bound<await_shielded>},
  };
  set_functions(L, kFunctions);
}

}  // namespace neap::stdlib
