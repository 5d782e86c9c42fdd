// The thread module's C++ part: pools of threads as its Lua files see them.
#include "runtime/lua/bind.hpp"
#include "runtime/lua/error.hpp"
#include "runtime/lua/userdata.hpp"
#include "runtime/task/park.hpp"
#include "runtime/task/scheduler.hpp"
#include "stdlib/io/problem.hpp"
#include "stdlib/permissions/gate.hpp"
#include "stdlib/registry.hpp"
#include "stdlib/thread/channel.hpp"
#include "stdlib/thread/pool.hpp"

#include <uv.h>

#include <memory>
#include <new>
#include <string>
#include <vector>

namespace neap::internal::stdlib {

namespace {

using thread::Call;
using thread::Home;
using thread::Pool;

constexpr UserdataType kPoolType{"ThreadPool"};

using Box = std::shared_ptr<Pool>;

Pool& check_pool(lua_State* L) {
  auto* box = static_cast<Box*>(to_userdata(L, 1, kPoolType));
  if (box == nullptr) raise(L, ErrorKind::type, "argument 1 must be a ThreadPool, got %s", type_name(L, 1));
  return **box;
}

/// pool(most, name): a pool of at most so many threads, none of which runs yet.
int new_pool(lua_State* L) {
  check_permission(L, Permission::thread);
  const auto most = static_cast<int>(luaL_checkinteger(L, 1));
  const std::string_view name = check_view(L, 2);
  lua_settop(L, 2);
  // Lua calls no finalizer of what is made then: the threads would never end.
  if (scheduler_of(L).closed()) raise(L, ErrorKind::runtime, "no threads can be had while the state is being closed");
  Home& home = Home::of(L);
  push_own_global(L, "package");
  lua_getfield(L, 3, "path");
  lua_getfield(L, 3, "cpath");
  std::size_t lua_size = 0;
  std::size_t c_size = 0;
  const char* lua_path = luaL_optlstring(L, 4, "", &lua_size);
  const char* c_path = luaL_optlstring(L, 5, "", &c_size);
  auto* box = new (lua_newuserdatauv(L, sizeof(Box), 0)) Box();
  set_type(L, kPoolType);
  *box = std::make_shared<Pool>(home.shared_from_this(),
                                thread::SearchPaths{std::string(lua_path, lua_size), std::string(c_path, c_size)}, most,
                                std::string(name));
  return 1;
}

int pool_gc(lua_State* L) {
  auto* box = static_cast<Box*>(to_userdata(L, 1, kPoolType));
  if (box == nullptr) return 0;
  if (*box) (*box)->shut_down(false);
  box->~Box();
  lua_pushnil(L);
  lua_setmetatable(L, 1);
  return 0;
}

/// Where the script calls; where the task was made, when there is no script around, as in `spawn(to_thread, fn)`.
std::uint32_t place_of_call(lua_State* L) {
  Scheduler& scheduler = scheduler_of(L);
  const std::uint32_t place = scheduler.intern_place(L, 1);
  return place != 0 || scheduler.current() == nullptr ? place : scheduler.current()->origin;
}

/// The pool is at index 1; above it the function and its arguments. Pushes the Future of the result.
Future& submit_call(lua_State* L, const char* entry = nullptr) {
  check_permission(L, Permission::thread);
  Pool& pool = check_pool(L);
  if (pool.is_shut_down()) {
    raise(L, ErrorKind::runtime, "%s has been shut down, and takes no more calls", pool.name().c_str());
  }
  Home& home = *pool.home();
  std::unique_ptr<Call>& call = home.draft();
  thread::pack(L, 2, lua_gettop(L) - 1, "argument", call->arguments);
  Future& future = new_future(L);
  Call& submitted = *call;
  submitted.entry = entry;
  submitted.endless = entry != nullptr;
  home.expect(L, lua_gettop(L), submitted);
  submitted.place = place_of_call(L);
  submitted.pool = pool.shared_from_this();
  int error = 0;
  try {
    error = pool.submit(call);
  } catch (...) {
    home.forget(submitted);
    throw;
  }
  if (error != 0) {
    home.forget(submitted);
    io::raise_errno(L, error, "pthread_create");
  }
  return future;
}

/// submit(pool, fn, ...): a Future of what fn(...) returns in another thread.
int submit(lua_State* L) {
  submit_call(L);
  return 1;
}

constexpr WaitKind kToThread = future_wait("to_thread");

/// call(pool, fn, ...): waits for it; what it returns.
int call(lua_State* L) {
  check_can_wait(L, kToThread.name);
  Future& future = submit_call(L);
  lua_replace(L, 1);
  lua_settop(L, 1);
  return await_future(L, future, kToThread);
}

/// start(pool, target, ..., channel, channel): runs worker_main.lua in the pool, which takes no more calls; a Future of
/// its end.
int start(lua_State* L) {
  submit_call(L, "thread/worker_main");
  check_pool(L).shut_down(false);
  return 1;
}

/// interrupt(pool, kill): interrupts what runs in the pool, with `kill` at every instruction.
int interrupt(lua_State* L) {
  Pool& pool = check_pool(L);
  pool.home()->interrupt(pool, lua_toboolean(L, 2) != 0 ? thread::Stop::kill : thread::Stop::cancel);
  return 0;
}

/// shut_down(pool, discard): no more calls; with `discard` those that have not begun are cancelled. A Future that is
/// done when its threads have ended.
int shut_down(lua_State* L) {
  Pool& pool = check_pool(L);
  Scheduler& scheduler = scheduler_of(L);
  const bool discard = lua_toboolean(L, 2) != 0;
  lua_settop(L, 1);
  luaL_checkstack(L, LUA_MINSTACK, nullptr);
  if (pool.ending_anchor != 0) {
    scheduler.push_anchored(L, pool.ending_anchor);
  } else {
    Future& future = new_future(L);
    if (pool.threads == 0) {
      finish_future(L, scheduler, future, 2, 0);
    } else {
      lua_pushvalue(L, 2);
      pool.ending_anchor = scheduler.anchor(L);
      scheduler.loop().begin_request();
    }
  }
  for (Call* call : pool.shut_down(discard)) {
    scheduler.push_anchored(L, call->anchor);
    pool.home()->forget(*call);
    delete call;
    lua_pushnil(L);
    cancel_future(L, scheduler, 3);
    lua_settop(L, 2);
  }
  return 1;
}

/// state(pool): threads, how many of them are idle, how many calls are queued; true when it has been shut down; its
/// name.
int state(lua_State* L) {
  Pool& pool = check_pool(L);
  lua_pushinteger(L, pool.threads);
  lua_pushinteger(L, static_cast<lua_Integer>(pool.idle()));
  lua_pushinteger(L, static_cast<lua_Integer>(pool.queued()));
  lua_pushboolean(L, pool.is_shut_down() ? 1 : 0);
  push(L, pool.name());
  return 5;
}

int cpu_count(lua_State* L) {
  lua_pushinteger(L, static_cast<lua_Integer>(uv_available_parallelism()));
  return 1;
}

}  // namespace

int open_thread(lua_State* L) {
  thread::open_channels(L);
  new_type(L, kPoolType);
  static const luaL_Reg kMethods[] = {{"__gc", bound<pool_gc>}};
  set_functions(L, kMethods);
  lua_pop(L, 1);
  lua_createtable(L, 0, 8);
  static const luaL_Reg kFunctions[] = {
      {"pool", bound<new_pool>},       {"submit", bound<submit>},       {"call", bound<call>},
      {"shut_down", bound<shut_down>}, {"state", bound<state>},         {"cpu_count", bound<cpu_count>},
      {"start", bound<start>},         {"interrupt", bound<interrupt>}, {"thread_channel", bound<thread::new_channel>},
  };
  set_functions(L, kFunctions);
  return 1;
}

}  // namespace neap::internal::stdlib
