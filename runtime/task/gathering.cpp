#include "runtime/task/gathering.hpp"

#include "runtime/lua/bind.hpp"
#include "runtime/lua/error.hpp"
#include "runtime/lua/userdata.hpp"
#include "runtime/task/park.hpp"
#include "runtime/task/prefetch.hpp"
#include "runtime/task/scheduler.hpp"
#include "runtime/task/watch.hpp"

#include <new>

namespace neap::internal {

struct Gathering {
  std::size_t count = 0;
  std::size_t pending = 0;
  std::int32_t number = 0;                // 0: none is pending, or it is released
  const Future* first_failure = nullptr;  // the first that failed or was cancelled
  WatchMode mode = WatchMode::all_completed;
  Task* waiting = nullptr;

  [[nodiscard]] bool satisfied() const {
    return pending == 0 || (mode == WatchMode::first_failure && first_failure != nullptr);
  }
};

namespace {

constexpr int kFutures = 1;  // user value: the list

enum NewGathering { kList = 1, kCopy = 3, kGathering = 4 };  // places on the stack of new_gathering

Gathering& check_gathering(lua_State* L) {
  if (void* gathering = to_userdata(L, 1, kGatheringType)) return *static_cast<Gathering*>(gathering);
  raise(L, ErrorKind::type, "argument 1 must be a Gathering, got %s", type_name(L, 1));
}

void abandon_gathering(Scheduler&, Task& task) { static_cast<Gathering*>(task.wait_object)->waiting = nullptr; }

constexpr WaitKind kGather{
    .abandon = abandon_gathering, .name = "wait for several", .describe = describe_first_argument};

int wait_resumed(lua_State* L, int, lua_KContext) {
  finish_wait(L);
  return 0;
}

/// gathering:wait(mode): waits until the mode's condition holds; mode is a WatchMode as an integer.
int gathering_wait(lua_State* L) {
  Gathering& gathering = check_gathering(L);
  gathering.mode = static_cast<WatchMode>(luaL_checkinteger(L, 2));
  if (gathering.satisfied()) {
    return satisfied_too_often(L) ? park_ready(L, *scheduler_of(L).current(), wait_resumed) : 0;
  }
  Task& task = check_can_wait(L, kGather.name);
  gathering.waiting = &task;
  return park(L, task, kGather, &gathering, wait_resumed);
}

/// gathering:first_failure(): the future that failed or was cancelled first, or nil.
int gathering_first_failure(lua_State* L) {
  const Gathering& gathering = check_gathering(L);
  lua_getiuservalue(L, 1, kFutures);
  for (std::size_t i = 1; gathering.first_failure != nullptr && i <= gathering.count; ++i) {
    lua_rawgeti(L, -1, static_cast<lua_Integer>(i));
    if (lua_touserdata(L, -1) == gathering.first_failure) return 1;
    lua_pop(L, 1);
  }
  lua_pushnil(L);
  return 1;
}

/// What a task that waits by it is shown with: "waiting on <2 of 5 futures>".
int gathering_tostring(lua_State* L) {
  const Gathering& gathering = check_gathering(L);
  lua_pushfstring(L, "<%I of %I futures>", static_cast<lua_Integer>(gathering.pending),
                  static_cast<lua_Integer>(gathering.count));
  return 1;
}

/// Takes the number off the first `count` futures of the list at `index`, and gives it back.
void give_number_back(lua_State* L, Gathering& gathering, int index, std::size_t count) {
  if (gathering.number == 0) return;
  for (std::size_t i = 1; i <= count; ++i) {
    lua_rawgeti(L, index, static_cast<lua_Integer>(i));
    auto& future = *static_cast<Future*>(lua_touserdata(L, -1));
    lua_pop(L, 1);
    if (!future.done() && future.result_count == gathering.number) future.result_count = 0;
  }
  scheduler_of(L).remove_gathering(gathering.number);
  gathering.number = 0;
  gathering.pending = 0;
}

int gathering_release(lua_State* L) {
  Gathering& gathering = check_gathering(L);
  lua_getiuservalue(L, 1, kFutures);
  give_number_back(L, gathering, lua_gettop(L), gathering.count);
  return 0;
}

/// Counts the future, unless it is done; false when somebody waits for it already.
bool count(Gathering& gathering, Future& future) {
  if (future.state == FutureState::finished) return true;
  if (future.done()) {
    if (gathering.first_failure == nullptr) gathering.first_failure = &future;
    return true;
  }
  if (future.result_count != 0 || !future.waiters.empty()) return false;
  future.result_count = gathering.number;
  ++gathering.pending;
  return true;
}

/// Counts the `size` futures of the list and sets them in the copy. False when that cannot be done with one of them;
/// those before it are counted.
bool count_all(lua_State* L, Gathering& gathering, int size) {
  const Future* previous = nullptr;
  for (int i = 1; i <= size; ++i) {
    lua_rawgeti(L, kList, i);
    Future* future = to_future(L, -1);
    if (future == nullptr || !count(gathering, *future)) return false;
    prefetch_future(previous, future);
    previous = future;
    lua_rawseti(L, kCopy, i);
    ++gathering.count;
  }
  return true;
}

}  // namespace

void gathered_future_done(Scheduler& scheduler, Gathering& gathering, const Future& future) {
  if (future.state != FutureState::finished && gathering.first_failure == nullptr) gathering.first_failure = &future;
  if (--gathering.pending == 0) {
    scheduler.remove_gathering(gathering.number);
    gathering.number = 0;
  }
  if (gathering.waiting == nullptr || !gathering.satisfied()) return;
  Task& task = *gathering.waiting;
  gathering.waiting = nullptr;
  scheduler.wake(task);
}

Task* gathering_task(Scheduler& scheduler, const Future& future) {
  if (future.done() || future.result_count == 0) return nullptr;
  return scheduler.gathering(future.result_count).waiting;
}

/// Answers with the Gathering and the list of its futures, a copy.
int new_gathering(lua_State* L) {
  luaL_checktype(L, kList, LUA_TTABLE);
  const auto size = static_cast<int>(luaL_checkinteger(L, 2));
  lua_settop(L, 2);
  if (size < 0 || static_cast<std::size_t>(size) > lua_rawlen(L, kList)) return 0;
  lua_createtable(L, size, 1);  // with room for the `n` of the results
  auto& gathering = *new (lua_newuserdatauv(L, sizeof(Gathering), 1)) Gathering();
  lua_pushvalue(L, kCopy);
  lua_setiuservalue(L, kGathering, kFutures);
  set_type(L, kGatheringType);
  gathering.number = scheduler_of(L).add_gathering(gathering);
  if (!count_all(L, gathering, size)) {
    give_number_back(L, gathering, kList, gathering.count);
    return 0;
  }
  if (gathering.pending == 0) give_number_back(L, gathering, kList, 0);
  lua_pushvalue(L, kCopy);
  return 2;
}

void open_gathering(lua_State* L) {
  new_type(L, kGatheringType);
  static const luaL_Reg kMethods[] = {{"wait", bound<gathering_wait>},
                                      {"first_failure", bound<gathering_first_failure>},
                                      {"__tostring", bound<gathering_tostring>},
                                      {"__close", bound<gathering_release>},
                                      {"__gc", bound<gathering_release>}};
  set_functions(L, kMethods);
  lua_pop(L, 1);
}

}  // namespace neap::internal
