// What watch is made of (watch.lua): directories that are watched, and the changes seen and not yet taken.
//
// Owner: a Watch belongs to its userdata. A Watched belongs to libuv, from uv_fs_event_init until it has been closed,
// which ends after the userdata is gone; `owner` is null from the call of uv_close on.
//
// Invariants
//  1. A change that nobody has taken yet is in `changes` once, however often it is seen.
//  2. While a task waits, the handle of what was watched first is referenced; else none is. So a wait is no deadlock,
//     and a Watch that nobody waits for brings no work.
//  3. Once the first of them is gone, or the Watch is closed, `ended` is true, and no change is added any more.
#include "runtime/loop/system_error.hpp"
#include "runtime/lua/bind.hpp"
#include "runtime/lua/error.hpp"
#include "runtime/lua/userdata.hpp"
#include "runtime/task/open_handle.hpp"
#include "runtime/task/park.hpp"
#include "runtime/task/scheduler.hpp"
#include "stdlib/fs/arguments.hpp"
#include "stdlib/fs/module.hpp"
#include "stdlib/permissions/gate.hpp"

#include <uv.h>

#include <deque>
#include <map>
#include <memory>
#include <new>
#include <set>
#include <string>
#include <utility>

namespace neap::internal::stdlib::fs {

namespace {

constexpr UserdataType kWatchType{"fs.Watch"};
constexpr std::size_t kMostChanges = 16384;  // that wait to be taken; as many as Linux keeps

enum class ChangeKind { change, rename, overflow };

const char* name_of(ChangeKind kind) {
  switch (kind) {
    case ChangeKind::change: return "change";
    case ChangeKind::rename: return "rename";
    case ChangeKind::overflow: break;
  }
  return "overflow";
}

using Change = std::pair<std::string, ChangeKind>;

struct Watch;

/// A directory. libuv is given "DIRECTORY/.", so that what happens to the directory itself is reported of ".", and not
/// of its name, which something in it may have as well.
struct Watched {
  uv_fs_event_t handle{};
  Watch* owner = nullptr;
  std::string path;
  std::string only;  // the one name in it that matters, when a file is watched
};

struct Watch final : OpenHandle {
  Watch() : OpenHandle("watch") {}
  [[nodiscard]] std::string description() const override { return "Watch '" + path + "'"; }

  void seen(const Watched& directory, std::string_view name, int events);
  void add(std::string changed, ChangeKind kind);
  void end();
  void forget(const std::string& gone);
  void wake();

  Scheduler* scheduler = nullptr;
  std::string path;                         // what the script asked for
  uv_fs_event_t* first = nullptr;           // of what was watched first; null once `ended`
  std::map<std::string, Watched*> watched;  // by path
  std::deque<Change> changes;
  std::set<Change> known;  // the same, to find them
  Task* waiting = nullptr;
  bool ended = false;
  bool lost = false;  // what there was no memory for
};

std::string below(const std::string& directory, std::string_view name) {
  std::string path = directory;
  if (path.back() != '/') path += '/';
  return path.append(name);
}

void close_watched(Watched& watched) {
  watched.owner = nullptr;
  uv_close(reinterpret_cast<uv_handle_t*>(&watched.handle),
           [](uv_handle_t* handle) { delete static_cast<Watched*>(handle->data); });
}

void Watch::wake() {
  if (waiting == nullptr) return;
  if (first != nullptr) uv_unref(reinterpret_cast<uv_handle_t*>(first));
  scheduler->wake(*std::exchange(waiting, nullptr));
}

void Watch::add(std::string changed, ChangeKind kind) {
  if (changes.size() >= kMostChanges) {
    changes.clear();
    known.clear();
    return add(path, ChangeKind::overflow);
  }
  Change change(std::move(changed), kind);
  if (known.insert(change).second) changes.push_back(std::move(change));
  wake();
}

/// Nothing is watched any more; changes that were seen can still be taken.
void Watch::end() {
  ended = true;
  for (const auto& [name, directory] : watched) close_watched(*directory);
  watched.clear();
  wake();
  first = nullptr;
}

/// Stops watching a directory that is not at its path any more, and what is below.
void Watch::forget(const std::string& gone) {
  const std::string start = below(gone, "");
  auto entry = watched.find(gone);
  if (entry != watched.end()) {
    close_watched(*entry->second);
    watched.erase(entry);
  }
  for (entry = watched.lower_bound(start); entry != watched.end() && entry->first.starts_with(start);) {
    close_watched(*entry->second);
    entry = watched.erase(entry);
  }
}

void Watch::seen(const Watched& directory, std::string_view name, int events) {
  const bool itself = name.empty() || name == ".";
  if (!directory.only.empty() && !itself && name != directory.only) return;
  const bool gone = itself && (events & UV_RENAME) != 0;
  if (!directory.only.empty()) {
    if (itself && !gone) return;  // the directory that the file is in is of no interest, until it goes
    add(path, (events & UV_RENAME) != 0 ? ChangeKind::rename : ChangeKind::change);
    if (gone) end();
    return;
  }
  std::string changed = itself ? directory.path : below(directory.path, name);
  add(changed, (events & UV_RENAME) != 0 ? ChangeKind::rename : ChangeKind::change);
  if (!gone) return;
  if (&directory.handle == first) return end();
  forget(changed);
}

void on_event(uv_fs_event_t* handle, const char* name, int events, int status) {
  const auto* watched = static_cast<Watched*>(handle->data);
  if (watched->owner == nullptr) return;
  Watch& watch = *watched->owner;
  try {
    if (status < 0) return watch.add(watch.path, ChangeKind::overflow);
    watch.seen(*watched, name != nullptr ? name : "", events);
  } catch (const std::bad_alloc&) {
    watch.changes.clear();
    watch.known.clear();
    watch.lost = true;
    watch.wake();
  }
}

Watch& check_watch(lua_State* L) {
  if (void* watch = to_userdata(L, 1, kWatchType)) return *static_cast<Watch*>(watch);
  raise(L, ErrorKind::type, "argument 1 must be a Watch, got %s", type_name(L, 1));
}

// Waiting.

void abandon_wait(Scheduler&, Task& task) {
  auto* watch = static_cast<Watch*>(task.wait_object);
  watch->waiting = nullptr;
  if (watch->first != nullptr) uv_unref(reinterpret_cast<uv_handle_t*>(watch->first));
}

constexpr WaitKind kTake{.abandon = abandon_wait, .name = "fs.watch", .describe = describe_first_argument};

/// Pushes the oldest change; nothing when there is none.
int give(lua_State* L) {
  Watch& watch = check_watch(L);
  if (watch.lost) {
    push(L, watch.path);
    lua_pushstring(L, name_of(ChangeKind::overflow));
    watch.lost = false;
    return 2;
  }
  if (watch.changes.empty()) return 0;
  push(L, watch.changes.front().first);
  lua_pushstring(L, name_of(watch.changes.front().second));
  watch.known.erase(watch.changes.front());
  watch.changes.pop_front();
  return 2;
}

int take_resumed(lua_State* L, int, lua_KContext) {
  finish_wait(L);
  return give(L);
}

/// watch:take(): the path and the kind of the next change; nothing once there will be none.
int watch_take(lua_State* L) {
  Watch& watch = check_watch(L);
  lua_settop(L, 1);
  if (watch.waiting != nullptr) {
    raise(L, ErrorKind::runtime, "fs.watch: another task is waiting for a change of '%s'; watch it twice",
          watch.path.c_str());
  }
  if (!watch.changes.empty() || watch.lost || watch.ended) {
    return satisfied_too_often(L) ? yield_before<watch_take>(L, kTake.name) : give(L);
  }
  Task& task = check_can_wait(L, kTake.name);
  watch.waiting = &task;
  uv_ref(reinterpret_cast<uv_handle_t*>(watch.first));
  return park(L, task, kTake, &watch, take_resumed);
}

// Beginning and end.

/// check_watch(path, {recursive=}): recursive.
int check_arguments(lua_State* L) {
  check_path(L, 1, kTake.name);
  check_options(L, 2, kTake.name, {"recursive"});
  lua_pushboolean(L, flag_option(L, 2, kTake.name, "recursive", false));
  return 1;
}

/// new_watch(path): a Watch that watches nothing yet.
int new_watch(lua_State* L) {
  const char* path = check_path(L, 1, kTake.name);
  auto* watch = new (lua_newuserdatauv(L, sizeof(Watch), 0)) Watch();
  set_type(L, kWatchType);
  watch->scheduler = &scheduler_of(L);
  watch->path = path;
  watch->opened(L);
  return 1;
}

/// 0, or an error of libuv's. `usable` is the path for the system.
int start(Watch& watch, const char* path, const char* only, const char* usable) {
  auto unused = std::make_unique<Watched>();
  unused->owner = &watch;
  unused->path = path;
  unused->only = only;
  const std::string directory = below(usable, ".");
  Watched*& place = watch.watched[path];  // what may lack memory comes before there is a handle
  Watched* made = place = unused.release();
  made->handle.data = made;
  uv_fs_event_init(watch.scheduler->loop().uv(), &made->handle);
  uv_unref(reinterpret_cast<uv_handle_t*>(&made->handle));
  const int error = uv_fs_event_start(&made->handle, on_event, directory.c_str(), 0);
  if (error != 0) {
    watch.watched.erase(path);
    close_watched(*made);
    return error;
  }
  if (watch.first == nullptr) watch.first = &made->handle;
  return 0;
}

/// watch:add(path, only): watches a directory; only one name in it if that is given. What is watched already is no
/// error.
int watch_add(lua_State* L) {
  Watch& watch = check_watch(L);
  const char* path = check_path(L, 2, kTake.name);
  const char* only = luaL_optstring(L, 3, "");
  if (watch.ended || watch.watched.contains(path)) return 0;
  int error = 0;
  {
    const Confinement confined(permissions_of(L));
    Reach reach;
    error = reach.object(path, kToRead);
    if (error == 0) error = start(watch, path, only, reach.path());
    if (error > 0 && error != kDenied) error = uv_translate_sys_error(error);
  }
  if (error == kDenied) raise_denial(L);
  if (error != 0) {
    raise_os_error(L, error, system_error_name(error), system_error_text(error), "watch", path);
  }
  return 0;
}

/// watch:close(): who waits is told that there is nothing more.
int watch_close(lua_State* L) {
  Watch& watch = check_watch(L);
  watch.changes.clear();
  watch.known.clear();
  watch.closed();
  watch.end();
  return 0;
}

int watch_gc(lua_State* L) {
  Watch& watch = check_watch(L);
  watch.collected(scheduler_of(L));
  watch.waiting = nullptr;  // the state is being closed, or no task can reach it
  watch.end();
  watch.~Watch();
  lua_pushnil(L);  // another finalizer may still hold it: it is no Watch any more
  lua_setmetatable(L, 1);
  return 0;
}

int watch_tostring(lua_State* L) {
  const Watch& watch = check_watch(L);
  if (!watch.is_open()) {
    lua_pushfstring(L, "<Watch '%s' closed>", watch.path.c_str());
  } else {
    lua_pushfstring(L, "<Watch '%s' changes=%I%s>", watch.path.c_str(), static_cast<lua_Integer>(watch.changes.size()),
                    watch.ended                ? " ended"
                    : watch.waiting != nullptr ? " waiting"
                                               : "");
  }
  return 1;
}

}  // namespace

void add_watch(lua_State* L) {
  new_type(L, kWatchType);
  static const luaL_Reg kMethods[] = {
      {"take", bound<watch_take>},     {"add", bound<watch_add>}, {"close", bound<watch_close>},
      {"__close", bound<watch_close>}, {"__gc", bound<watch_gc>}, {"__tostring", bound<watch_tostring>},
  };
  set_functions(L, kMethods);
  lua_pop(L, 1);
  static const luaL_Reg kFunctions[] = {{"check_watch", bound<check_arguments>}, {"new_watch", bound<new_watch>}};
  set_functions(L, kFunctions);
}

}  // namespace neap::internal::stdlib::fs
