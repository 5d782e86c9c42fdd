#include "runtime/task/channel.hpp"

#include "runtime/lua/bind.hpp"
#include "runtime/lua/error.hpp"
#include "runtime/lua/userdata.hpp"
#include "runtime/task/park.hpp"
#include "runtime/task/scheduler.hpp"
#include "runtime/task/select.hpp"

#include <algorithm>
#include <cmath>
#include <new>

namespace neap::internal {

namespace {

constexpr int kRing = 1;  // user value
/// Index of the value on the stack of a task in `send`.
constexpr int kValue = 2;
constexpr lua_Integer kFewestSlots = 4;
/// A ring with more slots is dropped when it becomes empty.
constexpr lua_Integer kKeptSlots = 64;

void abandon(Scheduler&, Task& task) { task.unlink(); }

constexpr WaitKind kReceive{.abandon = abandon, .name = "channel:receive", .describe = describe_first_argument};
constexpr WaitKind kSend{.abandon = abandon, .name = "channel:send", .describe = describe_first_argument};

// The ring.

/// Makes room for one value more. Raises before anything is changed.
void reserve(lua_State* L, Channel& channel, int index) {
  if (channel.count < channel.slots) return;
  const lua_Integer slots = std::max(kFewestSlots, channel.slots * 2);
  lua_createtable(L, static_cast<int>(slots), 0);
  if (channel.count > 0) {
    lua_getiuservalue(L, index, kRing);
    for (lua_Integer i = 0; i < channel.count; ++i) {
      lua_rawgeti(L, -1, ((channel.first + i) & (channel.slots - 1)) + 1);
      lua_rawseti(L, -3, i + 1);
    }
    lua_pop(L, 1);
  }
  lua_setiuservalue(L, index, kRing);
  channel.slots = slots;
  channel.first = 0;
}

/// Puts the value on the top of the stack behind the others, and pops it. There is room.
void push_back(lua_State* L, Channel& channel, int index) {
  lua_getiuservalue(L, index, kRing);
  lua_insert(L, -2);
  lua_rawseti(L, -2, ((channel.first + channel.count) & (channel.slots - 1)) + 1);
  lua_pop(L, 1);
  ++channel.count;
}

/// Takes the oldest value out and pushes it.
void pop_front(lua_State* L, Channel& channel, int index) {
  lua_getiuservalue(L, index, kRing);
  lua_rawgeti(L, -1, channel.first + 1);
  lua_pushnil(L);
  lua_rawseti(L, -3, channel.first + 1);
  lua_remove(L, -2);
  channel.first = (channel.first + 1) & (channel.slots - 1);
  if (--channel.count == 0 && channel.slots > kKeptSlots) {
    channel.slots = channel.first = 0;
    lua_pushnil(L);
    lua_setiuservalue(L, index, kRing);
  }
}

// Waking.

/// Ends the wait of the first of them; `granted` is false when the channel was closed.
void wake_first(Scheduler& scheduler, WaitList& waiters, bool granted) {
  Waiter& waiter = *waiters.pop_front();
  if (waiter.waiter_kind == WaiterKind::select_case) return choose_case(scheduler, waiter, granted);
  auto& task = static_cast<Task&>(waiter);
  lua_pushboolean(task.parked_on, granted ? 1 : 0);
  scheduler.wake(task);
}

/// Promises a value to the receiver that waits longest.
void promise(Scheduler& scheduler, Channel& channel) {
  if (channel.receivers.empty()) return;
  ++channel.promised;
  wake_first(scheduler, channel.receivers, true);
}

/// Takes the value of the sender that waits longest.
void take_in(lua_State* L, Channel& channel, int index) {
  reserve(L, channel, index);
  const Waiter& waiter = *channel.senders.front();
  if (waiter.waiter_kind == WaiterKind::select_case) {
    push_case_value(L, waiter);
  } else {
    lua_State* sender = static_cast<const Task&>(waiter).parked_on;
    lua_pushvalue(sender, kValue);
    lua_xmove(sender, L, 1);
  }
  push_back(L, channel, index);
  wake_first(scheduler_of(L), channel.senders, true);
}

/// Pushes the oldest value; senders that wait have room then.
void give_out(lua_State* L, Channel& channel, int index) {
  pop_front(L, channel, index);
  while (channel.available() < channel.capacity && !channel.senders.empty()) take_in(L, channel, index);
}

// Receiving. `iterating`: for a step of a generic `for`, which ends at nil.

template <bool iterating>
int answer(lua_State* L) {
  if (!iterating) return 2;
  if (lua_toboolean(L, -1) != 0 && lua_isnil(L, -2)) {
    raise(L, ErrorKind::runtime, "a value is nil, which would end the loop; use receive()");
  }
  lua_pop(L, 1);
  return 1;
}

template <bool iterating>
int receive_resumed(lua_State* L, int, lua_KContext) {
  finish_wait(L);
  receive_woken(L, *static_cast<Channel*>(lua_touserdata(L, 1)), 1, lua_toboolean(L, -1) != 0);
  return answer<iterating>(L);
}

template <bool iterating>
int receive(lua_State* L) {
  Channel& channel = check_channel(L, 1);
  lua_settop(L, 1);
  if (channel.can_receive()) {
    if (satisfied_too_often(L)) return yield_before<receive<iterating>>(L, kReceive.name);
    receive_now(L, channel, 1);
    return answer<iterating>(L);
  }
  Task& task = check_can_wait(L, kReceive.name);
  channel.receivers.push_back(task);
  return park(L, task, kReceive, &channel, receive_resumed<iterating>);
}

/// channel:try_receive(): a value and true; nil and false when it is closed and empty; nothing otherwise.
int channel_try_receive(lua_State* L) {
  Channel& channel = check_channel(L, 1);
  lua_settop(L, 1);
  if (!channel.can_receive()) return 0;
  receive_now(L, channel, 1);
  return 2;
}

// Sending.

int send_resumed(lua_State* L, int, lua_KContext) {
  finish_wait(L);
  if (lua_toboolean(L, -1) == 0) raise_closed(L);
  return 0;
}

int channel_send(lua_State* L) {
  Channel& channel = check_channel(L, 1);
  lua_settop(L, kValue);
  if (channel.can_send()) {
    if (satisfied_too_often(L)) return yield_before<channel_send>(L, kSend.name);
    send_now(L, channel, 1);
    return 0;
  }
  Task& task = check_can_wait(L, kSend.name);
  channel.senders.push_back(task);
  return park(L, task, kSend, &channel, send_resumed);
}

/// channel:try_send(v): false when it would have to wait.
int channel_try_send(lua_State* L) {
  Channel& channel = check_channel(L, 1);
  lua_settop(L, kValue);
  const bool can_send = channel.can_send();
  if (can_send) send_now(L, channel, 1);
  lua_pushboolean(L, can_send ? 1 : 0);
  return 1;
}

// The rest.

int channel_close(lua_State* L) {
  Channel& channel = check_channel(L, 1);
  channel.closed = true;
  Scheduler& scheduler = scheduler_of(L);
  while (!channel.receivers.empty()) wake_first(scheduler, channel.receivers, false);
  while (!channel.senders.empty()) wake_first(scheduler, channel.senders, false);
  return 0;
}

int channel_closed(lua_State* L) {
  lua_pushboolean(L, check_channel(L, 1).closed ? 1 : 0);
  return 1;
}

int channel_len(lua_State* L) {
  lua_pushinteger(L, check_channel(L, 1).available());
  return 1;
}

int channel_capacity(lua_State* L) {
  const Channel& channel = check_channel(L, 1);
  if (channel.capacity == LUA_MAXINTEGER) {
    lua_pushnumber(L, HUGE_VAL);
  } else {
    lua_pushinteger(L, channel.capacity);
  }
  return 1;
}

int channel_tostring(lua_State* L) {
  const Channel& channel = check_channel(L, 1);
  lua_pushfstring(L, "<Channel size=%I", static_cast<LUAI_UACINT>(channel.available()));
  if (channel.capacity != LUA_MAXINTEGER) {
    lua_pushfstring(L, "/%I", static_cast<LUAI_UACINT>(channel.capacity));
  } else {
    lua_pushliteral(L, "");
  }
  lua_pushfstring(L, " receivers=%I senders=%I%s>", static_cast<LUAI_UACINT>(channel.receivers.size()),
                  static_cast<LUAI_UACINT>(channel.senders.size()), channel.closed ? " closed" : "");
  lua_concat(L, 3);
  return 1;
}

lua_Integer check_capacity(lua_State* L) {
  if (lua_isnoneornil(L, 1)) return 0;
  if (lua_type(L, 1) == LUA_TNUMBER && lua_tonumber(L, 1) == HUGE_VAL) return LUA_MAXINTEGER;
  if (lua_isinteger(L, 1) == 0) {
    const char* got = lua_type(L, 1) == LUA_TNUMBER ? lua_tostring(L, 1) : type_name(L, 1);
    raise(L, ErrorKind::type, "argument 1 of Channel must be an integer, or math.huge for no limit, got %s", got);
  }
  const lua_Integer capacity = lua_tointeger(L, 1);
  if (capacity < 0) raise(L, ErrorKind::value, "argument 1 of Channel must be 0 or more, got %I", capacity);
  return capacity;
}

}  // namespace

Channel& check_channel(lua_State* L, int index) {
  if (void* channel = to_userdata(L, index, kChannelType)) return *static_cast<Channel*>(channel);
  raise(L, ErrorKind::type, "argument %d must be a Channel, got %s; call its methods with ':'", index,
        type_name(L, index));
}

void raise_closed(lua_State* L) { raise(L, ErrorKind::queue_shut_down, "send on a closed Channel"); }

void receive_now(lua_State* L, Channel& channel, int index) {
  if (channel.available() == 0 && !channel.senders.empty()) take_in(L, channel, index);
  const bool received = channel.available() > 0;
  if (received) {
    give_out(L, channel, index);
  } else {
    lua_pushnil(L);
  }
  lua_pushboolean(L, received ? 1 : 0);
}

void send_now(lua_State* L, Channel& channel, int index) {
  if (channel.closed) raise_closed(L);
  reserve(L, channel, index);
  push_back(L, channel, index);
  promise(scheduler_of(L), channel);
}

void receive_woken(lua_State* L, Channel& channel, int index, bool promised) {
  if (!promised) return receive_now(L, channel, index);
  --channel.promised;
  Scheduler& scheduler = scheduler_of(L);
  if (scheduler.current()->cancel_pending()) {
    promise(scheduler, channel);
    raise_cancelled(L, *scheduler.current());
  }
  give_out(L, channel, index);
  lua_pushboolean(L, 1);
}

int new_channel(lua_State* L) {
  const lua_Integer capacity = check_capacity(L);
  auto* channel = new (lua_newuserdatauv(L, sizeof(Channel), kRing)) Channel();
  channel->capacity = capacity;
  set_type(L, kChannelType);
  return 1;
}

void open_channel(lua_State* L) {
  new_type(L, kChannelType);
  static const luaL_Reg kMethods[] = {{"send", bound<channel_send>},
                                      {"receive", bound<receive<false>>},
                                      {"__call", bound<receive<true>>},
                                      {"try_send", bound<channel_try_send>},
                                      {"try_receive", bound<channel_try_receive>},
                                      {"on_send", bound<new_send_case>},
                                      {"on_receive", bound<new_receive_case>},
                                      {"close", bound<channel_close>},
                                      {"__close", bound<channel_close>},
                                      {"closed", bound<channel_closed>},
                                      {"len", bound<channel_len>},
                                      {"__len", bound<channel_len>},
                                      {"capacity", bound<channel_capacity>},
                                      {"__tostring", bound<channel_tostring>}};
  set_functions(L, kMethods);
  lua_pop(L, 1);
}

}  // namespace neap::internal
