#include "runtime/task/watch.hpp"

#include "runtime/lua/bind.hpp"
#include "runtime/lua/error.hpp"
#include "runtime/lua/userdata.hpp"
#include "runtime/task/park.hpp"
#include "runtime/task/scheduler.hpp"

#include <new>

namespace neap::internal {

namespace {

struct Watch;

struct Entry : Waiter {
  Entry() : Waiter(WaiterKind::watch_entry) {}

  Watch* watch = nullptr;
  const Future* future = nullptr;
  Entry* next_completed = nullptr;
  lua_Integer index = 0;  // in the list
};

struct Watch {
  std::size_t count = 0;
  std::size_t pending = 0;
  bool any_exception = false;
  lua_Integer first_failure = 0;  // index of the first that failed or was cancelled
  WatchMode mode = WatchMode::all_completed;
  Task* waiting = nullptr;
  Entry* first_completed = nullptr;  // completed and not yet handed out by `next`
  Entry* last_completed = nullptr;

  // Not in Lua's memory: a block so large, of a hundred thousand entries, would make the collector do the work of a
  // whole cycle at once; and `release` gives it back without waiting for the next one.
  Entry* entries = nullptr;

  void complete(Entry& entry) {
    --pending;
    if (entry.future->state == FutureState::failed) any_exception = true;
    if (entry.future->state != FutureState::finished && first_failure == 0) first_failure = entry.index;
    if (last_completed == nullptr) {
      first_completed = &entry;
    } else {
      last_completed->next_completed = &entry;
    }
    last_completed = &entry;
  }

  [[nodiscard]] bool satisfied() const {
    if (pending == 0) return true;
    if (mode == WatchMode::first_completed) return first_completed != nullptr;
    if (mode == WatchMode::first_exception) return any_exception;
    return mode == WatchMode::first_failure && first_failure != 0;
  }
};

Watch& check_watch(lua_State* L) {
  if (void* watch = to_userdata(L, 1, kWatchType)) return *static_cast<Watch*>(watch);
  raise(L, ErrorKind::type, "argument 1 must be a Watch, got %s", luaL_typename(L, 1));
}

void abandon_watch(Scheduler&, Task& task) { static_cast<Watch*>(task.wait_object)->waiting = nullptr; }

constexpr WaitKind kWatch{.abandon = abandon_watch, .name = "wait for several", .describe = describe_first_argument};

int wait_on(lua_State* L, Watch& watch, const char* what, lua_KFunction resumed) {
  Task& task = check_can_wait(L, what);
  if (watch.waiting != nullptr) raise(L, ErrorKind::runtime, "another task waits already");
  watch.waiting = &task;
  return park(L, task, kWatch, &watch, resumed);
}

int wait_resumed(lua_State* L, int, lua_KContext) {
  finish_wait(L);
  return 0;
}

/// watch:wait(mode): waits until the mode's condition holds; mode is a WatchMode as an integer.
int watch_wait(lua_State* L) {
  Watch& watch = check_watch(L);
  watch.mode = static_cast<WatchMode>(luaL_checkinteger(L, 2));
  if (!watch.satisfied()) return wait_on(L, watch, "wait", wait_resumed);
  return satisfied_too_often(L) ? park_ready(L, *scheduler_of(L).current(), wait_resumed) : 0;
}

/// watch:first_failure(): the future that failed or was cancelled first, or nil.
int watch_first_failure(lua_State* L) {
  const Watch& watch = check_watch(L);
  lua_getiuservalue(L, 1, 1);
  lua_rawgeti(L, -1, watch.first_failure);
  return 1;
}

int push_next(lua_State* L, Watch& watch) {
  Entry* entry = watch.first_completed;
  if (entry == nullptr) return 0;
  watch.first_completed = entry->next_completed;
  if (watch.first_completed == nullptr) watch.last_completed = nullptr;
  lua_getiuservalue(L, 1, 1);
  lua_rawgeti(L, -1, entry->index);
  return 1;
}

int next_resumed(lua_State* L, int, lua_KContext) {
  finish_wait(L);
  return push_next(L, check_watch(L));
}

/// watch:next(): the futures in the order in which they complete; waits for the next one; nil after the last.
int watch_next(lua_State* L) {
  Watch& watch = check_watch(L);
  watch.mode = WatchMode::first_completed;
  if (!watch.satisfied()) return wait_on(L, watch, "as_completed", next_resumed);
  if (satisfied_too_often(L)) return park_ready(L, *scheduler_of(L).current(), next_resumed);
  return push_next(L, watch);
}

/// What a task that waits by it is shown with: "waiting on <2 of 5 futures>".
int watch_tostring(lua_State* L) {
  const Watch& watch = check_watch(L);
  lua_pushfstring(L, "<%I of %I futures>", static_cast<lua_Integer>(watch.pending),
                  static_cast<lua_Integer>(watch.count));
  return 1;
}

int watch_release(lua_State* L) {
  Watch& watch = check_watch(L);
  for (std::size_t i = 0; i < watch.count; ++i) {
    if (watch.entries[i].linked()) watch.entries[i].unlink();
  }
  delete[] watch.entries;
  watch.entries = watch.first_completed = watch.last_completed = nullptr;
  watch.count = 0;
  return 0;
}

}  // namespace

void watched_future_done(Scheduler& scheduler, Waiter& waiter) {
  auto& entry = static_cast<Entry&>(waiter);
  Watch& watch = *entry.watch;
  watch.complete(entry);
  if (watch.waiting == nullptr || !watch.satisfied()) return;
  Task& task = *watch.waiting;
  watch.waiting = nullptr;
  scheduler.wake(task);
}

Task* watching_task(const Waiter& waiter) { return static_cast<const Entry&>(waiter).watch->waiting; }

int new_watch(lua_State* L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  const auto count = static_cast<std::size_t>(lua_rawlen(L, 1));
  lua_settop(L, 1);
  for (std::size_t i = 1; i <= count; ++i) {  // before anything is linked: this may raise
    lua_rawgeti(L, 1, static_cast<lua_Integer>(i));
    check_future(L, 2);
    lua_settop(L, 1);
  }
  auto* watch = new (lua_newuserdatauv(L, sizeof(Watch), 1)) Watch();
  lua_pushvalue(L, 1);
  lua_setiuservalue(L, 2, 1);
  set_type(L, kWatchType);
  watch->entries = new Entry[count];
  watch->count = watch->pending = count;
  for (std::size_t i = 0; i < count; ++i) {
    Entry& entry = watch->entries[i];
    entry.index = static_cast<lua_Integer>(i) + 1;
    entry.watch = watch;
    lua_rawgeti(L, 1, entry.index);
    auto* future = static_cast<Future*>(lua_touserdata(L, -1));
    lua_pop(L, 1);
    entry.future = future;
    if (future->done()) {
      watch->complete(entry);
    } else {
      future->waiters.push_back(entry);
    }
  }
  return 1;
}

void open_watch(lua_State* L) {
  new_type(L, kWatchType);
  static const luaL_Reg kMethods[] = {{"wait", bound<watch_wait>},
                                      {"next", bound<watch_next>},
                                      {"first_failure", bound<watch_first_failure>},
                                      {"release", bound<watch_release>},
                                      {"__tostring", bound<watch_tostring>},
                                      {"__close", bound<watch_release>},
                                      {"__gc", bound<watch_release>}};
  set_functions(L, kMethods);
  lua_pop(L, 1);
}

}  // namespace neap::internal
