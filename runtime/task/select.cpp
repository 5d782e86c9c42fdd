#include "runtime/task/select.hpp"

#include "runtime/lua/bind.hpp"
#include "runtime/lua/error.hpp"
#include "runtime/lua/userdata.hpp"
#include "runtime/task/channel.hpp"
#include "runtime/task/park.hpp"
#include "runtime/task/scheduler.hpp"

#include <algorithm>
#include <cstring>
#include <new>

namespace neap::internal {

namespace {

enum class CaseKind : std::uint8_t { receive, send, timeout };

struct Case {
  CaseKind kind;
  Channel* channel;  // kept alive by kChannel; null for a timeout
  double seconds;    // of a timeout
};

constexpr int kChannel = 1;  // user values of a Case
constexpr int kSent = 2;
constexpr int kFunction = 3;
constexpr int kCaseValues = 3;

// The stack of `select`: the list, its cases (or false) by position, the default, and while it waits the Select.
constexpr int kList = 1;
constexpr int place_of(int position) { return kList + position; }
constexpr int kBesidesCases = 2;  // the list and the default

struct Select;

struct CaseEntry : Waiter {
  CaseEntry() : Waiter(WaiterKind::select_case) {}

  Select* select = nullptr;
  int position = 0;
};

/// A select that waits, with an entry for each position of its list; the timer is armed when it has a timeout.
struct Select : TimerNode {
  Select(Task& selecting, int entry_count) : TimerNode(TimerKind::select), task(&selecting), count(entry_count) {}

  Task* task;
  int count;
  int timeout = 0;  // position of the earliest timeout
  int chosen = 0;
  bool granted = false;

  CaseEntry* entries() { return reinterpret_cast<CaseEntry*>(this + 1); }

  /// Stops waiting for all of them.
  void leave(Scheduler& scheduler) {
    for (CaseEntry* entry = entries(); entry != entries() + count; ++entry) {
      if (entry->linked()) entry->unlink();
    }
    scheduler.loop().timers().disarm(*this);
  }

  void choose(Scheduler& scheduler, int which, bool is_granted) {
    leave(scheduler);
    chosen = which;
    granted = is_granted;
    scheduler.wake(*task);
  }
};

void abandon_select(Scheduler& scheduler, Task& task) { static_cast<Select*>(task.wait_object)->leave(scheduler); }

constexpr WaitKind kSelect{abandon_select, "select"};

// Reading the cases.

Case* to_case(lua_State* L, int index) { return static_cast<Case*>(to_userdata(L, index, kCaseType)); }

void check_function(lua_State* L, int index, const char* what) {
  if (lua_isnoneornil(L, index) || lua_isfunction(L, index)) return;
  if (luaL_getmetafield(L, index, "__call") == LUA_TNIL) {
    raise(L, ErrorKind::type, "%s must be a function, got %s", what, type_name(L, index));
  }
  lua_pop(L, 1);
}

/// Pushes a case with the function at `function` (or none).
Case& push_case(lua_State* L, CaseKind kind, int function) {
  auto* made = new (lua_newuserdatauv(L, sizeof(Case), kCaseValues)) Case{kind, nullptr, 0};
  set_type(L, kCaseType);
  lua_pushvalue(L, function);
  lua_setiuservalue(L, -2, kFunction);
  return *made;
}

/// The same for the channel at index 1.
Case& push_channel_case(lua_State* L, CaseKind kind, int function) {
  Channel& channel = check_channel(L, 1);
  Case& made = push_case(L, kind, function);
  made.channel = &channel;
  lua_pushvalue(L, 1);
  lua_setiuservalue(L, -2, kChannel);
  return made;
}

/// Every key of the list must be a position up to `count`, or "default".
void check_keys(lua_State* L, lua_Integer count) {
  lua_pushnil(L);
  while (lua_next(L, kList) != 0) {
    lua_pop(L, 1);
    if (lua_isinteger(L, -1) != 0) {
      const lua_Integer key = lua_tointeger(L, -1);
      if (key >= 1 && key <= count) continue;
      raise(L, ErrorKind::type, "case %I of select comes after a hole in the list; write false for a case left out",
            key);
    }
    if (lua_type(L, -1) == LUA_TSTRING) {
      const char* key = lua_tostring(L, -1);
      if (std::strcmp(key, "default") == 0) continue;
      raise(L, ErrorKind::type, "select has no option '%s', only default", key);
    }
    raise(L, ErrorKind::type, "select takes a list of cases, got a key that is a %s", type_name(L, -1));
  }
}

/// Fills the stack as described above. ValueError when nothing could ever happen.
void read_cases(lua_State* L) {
  if (lua_type(L, kList) != LUA_TTABLE || to_case(L, kList) != nullptr) {
    raise(L, ErrorKind::type, "argument 1 of select must be a list of cases, got %s; write select{...}",
          type_name(L, kList));
  }
  lua_settop(L, kList);
  const auto count = static_cast<int>(std::min<lua_Unsigned>(lua_rawlen(L, kList), LUAI_MAXSTACK));
  if (lua_checkstack(L, count + LUA_MINSTACK) == 0) {
    raise(L, ErrorKind::value, "select got %d cases, more than fit on the stack of a task", count);
  }
  bool any = false;
  for (int position = 1; position <= count; ++position) {
    lua_rawgeti(L, kList, position);
    if (to_case(L, -1) != nullptr) {
      any = true;
    } else if (lua_toboolean(L, -1) != 0) {
      raise(L, ErrorKind::type,
            "case %d of select is a %s; pass channel:on_receive(fn), channel:on_send(value, fn) or "
            "async.on_timeout(seconds, fn)",
            position, type_name(L, -1));
    }
  }
  check_keys(L, count);
  lua_getfield(L, kList, "default");
  if (lua_isboolean(L, -1) == 0) check_function(L, -1, "the default of select");
  if (!any && lua_toboolean(L, -1) == 0) {
    raise(L, ErrorKind::value, "select without a case and without a default would wait for ever");
  }
}

// Choosing.

bool can_happen(const Case* a_case) {
  if (a_case == nullptr || a_case->kind == CaseKind::timeout) return false;
  return a_case->kind == CaseKind::receive ? a_case->channel->can_receive() : a_case->channel->can_send();
}

/// The position of a case that can happen now, at random when there are several, so that none is starved whatever the
/// others do; 0 when there is none.
int choose_ready(lua_State* L, int count) {
  int ready = 0;
  int first = 0;
  for (int position = 1; position <= count; ++position) {
    if (can_happen(to_case(L, place_of(position))) && ready++ == 0) first = position;
  }
  if (ready < 2) return first;
  for (std::uint32_t skip = scheduler_of(L).choose(static_cast<std::uint32_t>(ready));; ++first) {
    if (can_happen(to_case(L, place_of(first))) && skip-- == 0) return first;
  }
}

/// Pushes the function of a case, or nil and the position.
void push_function(lua_State* L, int position) {
  lua_getiuservalue(L, place_of(position), kFunction);
  if (lua_isnil(L, -1)) lua_pushinteger(L, position);
}

/// Makes the chosen case happen and pushes what `select` returns. `woken`: the select has waited for it.
int happen(lua_State* L, int position, const Select* woken) {
  const Case& chosen = *to_case(L, place_of(position));
  const int top = lua_gettop(L);
  push_function(L, position);
  if (chosen.kind == CaseKind::timeout) return lua_gettop(L) - top;
  lua_getiuservalue(L, place_of(position), kChannel);
  const int channel = lua_gettop(L);
  if (chosen.kind == CaseKind::send) {
    if (woken == nullptr) {
      lua_getiuservalue(L, place_of(position), kSent);
      send_now(L, *chosen.channel, channel);
    } else if (!woken->granted) {
      raise_closed(L);
    }
  } else if (woken == nullptr) {
    receive_now(L, *chosen.channel, channel);
  } else {
    receive_woken(L, *chosen.channel, channel, woken->granted);
  }
  lua_remove(L, channel);
  return lua_gettop(L) - top;
}

/// What `select` returns when nothing can happen and there is a default.
int take_default(lua_State* L, int count) {
  lua_settop(L, count + kBesidesCases);
  if (!lua_isboolean(L, -1)) return 1;
  lua_pushnil(L);
  lua_pushliteral(L, "default");
  return 2;
}

// Waiting.

int select_resumed(lua_State* L, int, lua_KContext) {
  Task& task = finish_wait(L);
  const Select& select = *static_cast<Select*>(task.wait_object);
  // A cancellation wins over a timeout of the same turn.
  if (select.chosen == select.timeout && task.cancel_pending()) raise_cancelled(L, task);
  return happen(L, select.chosen, &select);
}

/// The earliest timeout, or kNever; its position in the Select.
Deadline find_timeout(lua_State* L, Select& select) {
  double seconds = kForever;
  for (int position = 1; position <= select.count; ++position) {
    const Case* a_case = to_case(L, place_of(position));
    if (a_case == nullptr || a_case->kind != CaseKind::timeout || a_case->seconds >= seconds) continue;
    seconds = a_case->seconds;
    select.timeout = position;
  }
  return seconds >= kForever ? kNever : scheduler_of(L).loop().clock().after(seconds);
}

void link(lua_State* L, Select& select) {
  for (int position = 1; position <= select.count; ++position) {
    CaseEntry& entry = *new (&select.entries()[position - 1]) CaseEntry();
    entry.select = &select;
    entry.position = position;
    const Case* a_case = to_case(L, place_of(position));
    if (a_case == nullptr || a_case->channel == nullptr) continue;
    (a_case->kind == CaseKind::receive ? a_case->channel->receivers : a_case->channel->senders).push_back(entry);
  }
}

int wait(lua_State* L, int count) {
  Task& task = check_can_wait(L, kSelect.name);
  const std::size_t size = sizeof(Select) + static_cast<std::size_t>(count) * sizeof(CaseEntry);
  auto& select = *new (lua_newuserdatauv(L, size, 0)) Select(task, count);
  const Deadline deadline = find_timeout(L, select);
  if (deadline != kNever) scheduler_of(L).loop().timers().arm(select, deadline);
  link(L, select);
  return park(L, task, kSelect, &select, select_resumed);
}

/// `select` once the cases are on the stack.
int select_read(lua_State* L) {
  const int count = lua_gettop(L) - kBesidesCases;
  const int chosen = choose_ready(L, count);
  if (chosen == 0 && lua_toboolean(L, -1) == 0) return wait(L, count);
  // A loop that asks again and again must not starve those whom it asks for.
  if (satisfied_too_often(L)) return yield_before<select_read>(L, kSelect.name);
  return chosen == 0 ? take_default(L, count) : happen(L, chosen, nullptr);
}

int case_tostring(lua_State* L) {
  const Case* a_case = to_case(L, 1);
  if (a_case == nullptr) raise(L, ErrorKind::type, "argument 1 must be a SelectCase, got %s", type_name(L, 1));
  if (a_case->kind == CaseKind::timeout) {
    lua_pushfstring(L, "<SelectCase timeout %f>", a_case->seconds);
    return 1;
  }
  lua_getiuservalue(L, 1, kChannel);
  luaL_tolstring(L, -1, nullptr);
  const char* what = a_case->kind == CaseKind::receive ? "receive from" : "send to";
  lua_pushfstring(L, "<SelectCase %s %s>", what, lua_tostring(L, -1));
  return 1;
}

}  // namespace

void choose_case(Scheduler& scheduler, Waiter& entry, bool granted) {
  const auto& chosen = static_cast<CaseEntry&>(entry);
  chosen.select->choose(scheduler, chosen.position, granted);
}

void push_case_value(lua_State* L, const Waiter& entry) {
  const auto& sent = static_cast<const CaseEntry&>(entry);
  lua_State* selecting = sent.select->task->parked_on;
  lua_getiuservalue(selecting, place_of(sent.position), kSent);
  lua_xmove(selecting, L, 1);
}

void expire_select(Scheduler& scheduler, TimerNode& timer) {
  auto& select = static_cast<Select&>(timer);
  select.choose(scheduler, select.timeout, true);
}

const Task& selecting_task(const TimerNode& timer) { return *static_cast<const Select&>(timer).task; }

int new_receive_case(lua_State* L) {
  lua_settop(L, 2);
  check_function(L, 2, "argument 1 of on_receive");
  push_channel_case(L, CaseKind::receive, 2);
  return 1;
}

int new_send_case(lua_State* L) {
  lua_settop(L, 3);
  check_function(L, 3, "argument 2 of on_send");
  push_channel_case(L, CaseKind::send, 3);
  lua_pushvalue(L, 2);
  lua_setiuservalue(L, -2, kSent);
  return 1;
}

int new_timeout_case(lua_State* L) {
  lua_settop(L, 2);
  const double seconds = opt_seconds(L, 1, "the timeout");
  check_function(L, 2, "argument 2 of on_timeout");
  push_case(L, CaseKind::timeout, 2).seconds = seconds;
  return 1;
}

int select_case(lua_State* L) {
  read_cases(L);
  return select_read(L);
}

void open_select(lua_State* L) {
  new_type(L, kCaseType);
  static const luaL_Reg kMethods[] = {{"__tostring", bound<case_tostring>}};
  set_functions(L, kMethods);
  lua_pop(L, 1);
}

}  // namespace neap::internal
