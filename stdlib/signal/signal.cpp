// Signals as the module's Lua files see them: each that is watched calls one function from the loop.
#include "runtime/lua/bind.hpp"
#include "runtime/lua/error.hpp"
#include "runtime/lua/userdata.hpp"
#include "runtime/task/scheduler.hpp"
#include "stdlib/io/problem.hpp"
#include "stdlib/io/signal_names.hpp"
#include "stdlib/permissions/gate.hpp"
#include "stdlib/registry.hpp"

#include <csignal>
#include <new>
#include <utility>

namespace neap::internal::stdlib {

namespace {

constexpr UserdataType kWatcherType{"SignalWatcher"};

struct Watcher;

/// libuv's part. Deletes itself when libuv has closed it.
struct SignalHandle {
  uv_signal_t signal{};
  Watcher* owner = nullptr;
};

/// Kept alive by its callback, which the registry holds while it watches.
struct Watcher {
  SignalHandle* handle = nullptr;  // null once it has stopped
  Scheduler* scheduler = nullptr;
  Handle* callback = nullptr;
  int anchor = 0;  // of the callback
  int number = 0;
  struct sigaction before {};  // what was done about the signal before libuv came
};

void on_signal(uv_signal_t* signal, int) {
  Watcher* watcher = static_cast<SignalHandle*>(signal->data)->owner;
  if (watcher == nullptr || watcher->callback->linked()) return;
  Scheduler& scheduler = *watcher->scheduler;
  lua_State* L = scheduler.main_thread();
  scheduler.push_anchored(L, watcher->anchor);
  call_soon(L, scheduler, *watcher->callback);
  lua_pop(L, 1);
}

void stop(Watcher& watcher) {
  SignalHandle* handle = std::exchange(watcher.handle, nullptr);
  if (handle == nullptr) return;
  handle->owner = nullptr;
  uv_signal_stop(&handle->signal);
  uv_close(reinterpret_cast<uv_handle_t*>(&handle->signal),
           [](uv_handle_t* closed) { delete static_cast<SignalHandle*>(closed->data); });
  sigaction(watcher.number, &watcher.before, nullptr);  // libuv leaves the default behind
}

/// Stops, and lets go of the callback.
void release(lua_State* L, Watcher& watcher) {
  if (watcher.handle == nullptr) return;
  stop(watcher);
  cancel_handle(L, *watcher.scheduler, *watcher.callback);
  watcher.scheduler->release(L, watcher.anchor);
}

/// watch(signal, fn): calls fn from the loop when the signal has come, once or more often. A SignalWatcher.
int watch(lua_State* L) {
  const int number = io::check_signal(L, 1, "add_signal_handler");
  check_permission(L, Permission::signal);
  luaL_checktype(L, 2, LUA_TFUNCTION);
  lua_settop(L, 2);
  Scheduler& scheduler = scheduler_of(L);
  auto* watcher = new (lua_newuserdatauv(L, sizeof(Watcher), 0)) Watcher();
  set_type(L, kWatcherType);
  watcher->scheduler = &scheduler;
  watcher->number = number;
  sigaction(number, nullptr, &watcher->before);
  lua_pushvalue(L, 2);
  watcher->callback = &new_handle(L, 0);
  watcher->anchor = scheduler.anchor(L);
  SignalHandle* handle = nullptr;
  try {
    handle = new SignalHandle();
  } catch (const std::bad_alloc&) {
    scheduler.release(L, watcher->anchor);
    throw;
  }
  handle->signal.data = handle;
  handle->owner = watcher;
  watcher->handle = handle;
  uv_signal_init(scheduler.loop().uv(), &handle->signal);
  if (const int code = uv_signal_start(&handle->signal, on_signal, number); code != 0) {
    release(L, *watcher);
    if (code == UV_EINVAL) {
      raise(L, ErrorKind::value, "add_signal_handler: the system lets nobody handle signal %s",
            luaL_tolstring(L, 1, nullptr));
    }
    io::raise_uv(L, code, "sigaction");
  }
  return 1;
}

/// watcher:stop(): what was done about the signal before is done again.
int watcher_stop(lua_State* L) {
  auto* watcher = static_cast<Watcher*>(to_userdata(L, 1, kWatcherType));
  if (watcher == nullptr) raise(L, ErrorKind::type, "stop must be called with a colon on a SignalWatcher");
  release(L, *watcher);
  return 0;
}

int watcher_gc(lua_State* L) {
  if (void* watcher = to_userdata(L, 1, kWatcherType)) stop(*static_cast<Watcher*>(watcher));
  return 0;
}

/// number(signal): of a name or number.
int number_of(lua_State* L) {
  lua_pushinteger(L, io::check_signal(L, 1, luaL_optstring(L, 2, "a signal")));
  return 1;
}

/// name(number): "SIGTERM", or nil.
int name_of(lua_State* L) {
  lua_pushstring(L, io::signal_name(static_cast<int>(luaL_checkinteger(L, 1))));
  return 1;
}

}  // namespace

int open_signal(lua_State* L) {
  new_type(L, kWatcherType);
  static const luaL_Reg kMethods[] = {{"stop", bound<watcher_stop>}, {"__gc", bound<watcher_gc>}};
  set_functions(L, kMethods);
  lua_pop(L, 1);
  lua_createtable(L, 0, 4);
  static const luaL_Reg kFunctions[] = {
      {"watch", bound<watch>}, {"number", bound<number_of>}, {"name", bound<name_of>}};
  set_functions(L, kFunctions);
  return 1;
}

}  // namespace neap::internal::stdlib
