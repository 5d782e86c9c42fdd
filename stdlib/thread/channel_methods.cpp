// A thread channel as scripts see it: send, receive, and what does not wait.
#include "runtime/lua/bind.hpp"
#include "runtime/lua/continuation.hpp"
#include "runtime/lua/error.hpp"
#include "runtime/lua/userdata.hpp"
#include "runtime/task/park.hpp"
#include "runtime/task/scheduler.hpp"
#include "runtime/task/trail.hpp"
#include "stdlib/thread/channel.hpp"

#include <cmath>
#include <cstdint>
#include <limits>
#include <new>
#include <string>
#include <utility>
#include <vector>

namespace neap::internal::stdlib::thread {

namespace {

constexpr UserdataType kChannelType{"ThreadChannel"};
constexpr UserdataType kWaitType{"ThreadChannelWait"};
const char kLastLook = 0;  // registry key
constexpr std::size_t kUnlimited = std::numeric_limits<std::size_t>::max();

using ChannelBox = std::shared_ptr<Channel>;
using Wait = Channel::Wait;
using WaitBox = std::shared_ptr<Wait>;

Channel& check_channel(lua_State* L) {
  auto* box = static_cast<ChannelBox*>(to_userdata(L, 1, kChannelType));
  if (box != nullptr) return **box;
  raise(L, ErrorKind::type, "argument 1 must be a ThreadChannel, got %s; call its methods with ':'", type_name(L, 1));
}

template <class Box>
void destroy_box(lua_State* L) {
  static_cast<Box*>(lua_touserdata(L, 1))->~Box();
  lua_pushnil(L);
  lua_setmetatable(L, 1);
}

int channel_gc(lua_State* L) {
  auto* box = static_cast<ChannelBox*>(to_userdata(L, 1, kChannelType));
  if (box == nullptr) return 0;
  Channel::let_go(std::move(*box));
  destroy_box<ChannelBox>(L);
  return 0;
}

int wait_gc(lua_State* L) {
  auto* box = static_cast<WaitBox*>(to_userdata(L, 1, kWaitType));
  if (box == nullptr) return 0;
  if (*box && std::exchange((*box)->task, nullptr) != nullptr) (*box)->channel->abandon(**box);  // the state is closed
  destroy_box<WaitBox>(L);
  return 0;
}

/// Pushes a userdata with a Wait for the channel of index 1. It owns the parcel, whatever is raised.
WaitBox& new_wait(lua_State* L, bool sends) {
  auto* box = new (lua_newuserdatauv(L, sizeof(WaitBox), 0)) WaitBox();
  set_type(L, kWaitType);
  *box = std::make_shared<Wait>();
  (*box)->channel = *static_cast<ChannelBox*>(lua_touserdata(L, 1));
  (*box)->sends = sends;
  return *box;
}

// Waiting.

void abandon_wait(Scheduler&, Task& task) {
  auto& wait = *static_cast<Wait*>(task.wait_object);
  wait.task = nullptr;
  wait.channel->abandon(wait);
}

constexpr WaitKind kSend{abandon_wait, "thread_channel:send", false, false, describe_first_argument};
constexpr WaitKind kReceive{abandon_wait, "thread_channel:receive", false, false, describe_first_argument};

/// In a continuation whose stack has the Wait at index 2. Raises what interrupted the wait, unless it was granted at
/// the same time and cannot be undone: then the cancellation is for the next wait.
Wait& finish(lua_State* L) {
  Scheduler& scheduler = scheduler_of(L);
  Wait& wait = **static_cast<WaitBox*>(lua_touserdata(L, 2));
  scheduler.loop().release();
  Task& task = *scheduler.current();
  if (task.wake_reason != WakeReason::granted && wait.state == Wait::State::granted) {
    if (!wait.sends) {
      wait.channel->give_back(wait.parcel);
    } else if (task.wake_reason == WakeReason::cancelled) {
      task.wake_reason = WakeReason::granted;
      task.must_cancel |= task.outside_requests() == 0 ? kFromScope : kFromOutside;
    }
  }
  finish_wait(L);
  return wait;
}

[[noreturn]] void raise_closed(lua_State* L) { raise(L, ErrorKind::queue_shut_down, "send on a closed ThreadChannel"); }

template <bool iterating>
int answer_closed(lua_State* L) {
  lua_pushnil(L);
  if (iterating) return 1;
  lua_pushboolean(L, 0);
  return 2;
}

template <bool iterating>
int answer_with(lua_State* L, const Parcel& parcel) {
  unpack(L, parcel);
  if (iterating) {
    if (!lua_isnil(L, -1)) return 1;
    raise(L, ErrorKind::runtime, "a loop over a ThreadChannel met nil, which would end it; use receive()");
  }
  lua_pushboolean(L, 1);
  return 2;
}

/// Continuation: requires the modules that the parcel of the Wait at index 2 needs, from number `next` on. Their bodies
/// may wait; cancelled meanwhile, nothing has been received.
template <bool iterating>
int require_modules(lua_State* L, int status, lua_KContext next) {
  Wait& wait = **static_cast<WaitBox*>(lua_touserdata(L, 2));
  const std::vector<std::string>& modules = wait.parcel.modules();
  while ((status == LUA_OK || status == LUA_YIELD) && static_cast<std::size_t>(next) < modules.size()) {
    const std::string& name = modules[static_cast<std::size_t>(next++)];
    lua_settop(L, 2);
    lua_pushcfunction(L, coroutine_message_handler);
    lua_getglobal(L, "require");
    push(L, name);
    status = lua_pcallk(L, 1, 0, 3, next, bound_continuation<require_modules<iterating>>);
  }
  if (status != LUA_OK && status != LUA_YIELD) {
    if (is_cancellation(L, -1)) {
      wait.parcel.forget(*wait.channel);
      wait.channel->give_back(wait.parcel);
    }
    return lua_error(L);
  }
  return answer_with<iterating>(L, wait.parcel);
}

/// What a receive returns; the Wait that holds the parcel is at index 2.
template <bool iterating>
int answer_received(lua_State* L, Channel::Outcome outcome, Wait& wait) {
  if (outcome == Channel::Outcome::closed) return answer_closed<iterating>(L);
  wait.parcel.remember(wait.channel);
  if (needs_modules(L, wait.parcel)) return require_modules<iterating>(L, LUA_OK, 0);
  return answer_with<iterating>(L, wait.parcel);
}

int send_resumed(lua_State* L, int, lua_KContext) {
  if (finish(L).state == Wait::State::closed) raise_closed(L);
  return 0;
}

template <bool iterating>
int receive_resumed(lua_State* L, int, lua_KContext) {
  Wait& wait = finish(L);
  const bool closed = wait.state == Wait::State::closed;
  return answer_received<iterating>(L, closed ? Channel::Outcome::closed : Channel::Outcome::done, wait);
}

int wait_for(lua_State* L, Task& task, const WaitKind& kind, Wait& wait, lua_KFunction resumed) {
  scheduler_of(L).loop().hold();
  return park(L, task, kind, &wait, resumed);
}

void prepare(lua_State* L, Task& task, Wait& wait) {
  wait.task = &task;
  wait.home = Home::of(L).shared_from_this();
}

/// Packs what is to be sent, at index 2, for the channel at index 1.
WaitBox& pack_message(lua_State* L, const Channel& channel) {
  WaitBox& wait = new_wait(L, true);
  pack(L, 2, 1, "argument", wait->parcel);
  wait->parcel.forget(channel);
  return wait;
}

// Methods.

/// channel:send(value)
int send(lua_State* L) {
  Channel& channel = check_channel(L);
  lua_settop(L, 2);
  if (satisfied_too_often(L)) return yield_before<send>(L, kSend.name);
  WaitBox& wait = pack_message(L, channel);
  lua_replace(L, 2);
  Channel::Outcome outcome = channel.send(wait->parcel, nullptr);
  if (outcome == Channel::Outcome::must_wait) {
    Task& task = check_can_wait(L, kSend.name);
    prepare(L, task, *wait);
    outcome = channel.send(wait->parcel, wait);
    if (outcome == Channel::Outcome::must_wait)
      return wait_for(L, task, kSend, *wait, bound_continuation<send_resumed>);
  }
  if (outcome == Channel::Outcome::closed) raise_closed(L);
  return 0;
}

/// channel:receive(): the value and true; nil and false when it is closed and empty. channel(), the step of a loop over
/// it: the value, or nil.
template <bool iterating>
int receive(lua_State* L) {
  Channel& channel = check_channel(L);
  lua_settop(L, 1);
  if (satisfied_too_often(L)) return yield_before<receive<iterating>>(L, kReceive.name);
  WaitBox& wait = new_wait(L, false);
  Channel::Outcome outcome = channel.receive(wait->parcel, nullptr);
  if (outcome == Channel::Outcome::must_wait) {
    Task& task = check_can_wait(L, kReceive.name);
    prepare(L, task, *wait);
    outcome = channel.receive(wait->parcel, wait);
    if (outcome == Channel::Outcome::must_wait)
      return wait_for(L, task, kReceive, *wait, bound_continuation<receive_resumed<iterating>>);
  }
  return answer_received<iterating>(L, outcome, *wait);
}

/// channel:try_send(value): false when it would wait.
int try_send(lua_State* L) {
  Channel& channel = check_channel(L);
  lua_settop(L, 2);
  const WaitBox& wait = pack_message(L, channel);
  const Channel::Outcome outcome = channel.send(wait->parcel, nullptr);
  if (outcome == Channel::Outcome::closed) raise_closed(L);
  lua_pushboolean(L, outcome == Channel::Outcome::done ? 1 : 0);
  return 1;
}

/// channel:try_receive(): nothing when it would wait.
int try_receive(lua_State* L) {
  Channel& channel = check_channel(L);
  lua_settop(L, 1);
  WaitBox& wait = new_wait(L, false);
  const Channel::Outcome outcome = channel.receive(wait->parcel, nullptr);
  return outcome == Channel::Outcome::must_wait ? 0 : answer_received<false>(L, outcome, *wait);
}

int close(lua_State* L) {
  check_channel(L).close();
  return 0;
}

int closed(lua_State* L) {
  lua_pushboolean(L, check_channel(L).is_closed() ? 1 : 0);
  return 1;
}

int length(lua_State* L) {
  lua_pushinteger(L, static_cast<lua_Integer>(check_channel(L).size()));
  return 1;
}

int capacity(lua_State* L) {
  const std::size_t places = check_channel(L).capacity();
  if (places == kUnlimited) {
    lua_pushnumber(L, HUGE_VAL);
  } else {
    lua_pushinteger(L, static_cast<lua_Integer>(places));
  }
  return 1;
}

int same(lua_State* L) {
  const auto* a = static_cast<ChannelBox*>(to_userdata(L, 1, kChannelType));
  const auto* b = static_cast<ChannelBox*>(to_userdata(L, 2, kChannelType));
  lua_pushboolean(L, a != nullptr && b != nullptr && *a == *b ? 1 : 0);
  return 1;
}

int text(lua_State* L) {
  Channel& channel = check_channel(L);
  lua_settop(L, 1);
  capacity(L);
  luaL_tolstring(L, 2, nullptr);
  lua_pushfstring(L, "<ThreadChannel size=%I/%s%s>", static_cast<lua_Integer>(channel.size()), lua_tostring(L, 3),
                  channel.is_closed() ? " closed" : "");
  return 1;
}

}  // namespace

std::shared_ptr<Channel> to_channel(lua_State* L, int index) {
  auto* box = static_cast<ChannelBox*>(to_userdata(L, index, kChannelType));
  return box != nullptr ? *box : nullptr;
}

static ChannelBox& push_box(lua_State* L) {
  open_channels(L);
  auto* box = new (lua_newuserdatauv(L, sizeof(ChannelBox), 0)) ChannelBox();
  set_type(L, kChannelType);
  return *box;
}

void push_channel(lua_State* L, const std::shared_ptr<Channel>& channel) { push_box(L) = channel; }

namespace {

int last_look(lua_State*) {
  Channel::empty_circles();
  return 0;
}

/// What is finalized after every channel of the state, since it is made before them.
void add_last_look(lua_State* L) {
  lua_newuserdatauv(L, 0, 0);
  lua_createtable(L, 0, 1);
  lua_pushcfunction(L, bound<last_look>);
  lua_setfield(L, -2, "__gc");
  lua_setmetatable(L, -2);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &kLastLook);
}

}  // namespace

void open_channels(lua_State* L) {
  const bool open = lua_rawgetp(L, LUA_REGISTRYINDEX, &kChannelType) != LUA_TNIL;
  lua_pop(L, 1);
  if (open) return;
  new_type(L, kWaitType);
  lua_pushcfunction(L, bound<wait_gc>);
  lua_setfield(L, -2, "__gc");
  new_type(L, kChannelType);
  static const luaL_Reg kMethods[] = {
      {"send", bound<send>},
      {"receive", bound<receive<false>>},
      {"try_send", bound<try_send>},
      {"try_receive", bound<try_receive>},
      {"close", bound<close>},
      {"closed", bound<closed>},
      {"len", bound<length>},
      {"capacity", bound<capacity>},
      {"__call", bound<receive<true>>},
      {"__len", bound<length>},
      {"__eq", bound<same>},
      {"__close", bound<close>},
      {"__tostring", bound<text>},
      {"__gc", bound<channel_gc>},
  };
  set_functions(L, kMethods);
  lua_pop(L, 2);
  add_last_look(L);
}

int new_channel(lua_State* L) {
  // Lua calls no finalizer of what is made then.
  if (scheduler_of(L).closed())
    raise(L, ErrorKind::runtime, "no thread_channel can be had while the state is being closed");
  std::size_t places = 1;
  if (lua_isinteger(L, 1) != 0) {
    const lua_Integer given = lua_tointeger(L, 1);
    if (given < 1) raise(L, ErrorKind::value, "the capacity of a thread_channel must be at least 1, got %I", given);
    places = static_cast<std::size_t>(given);
  } else if (lua_type(L, 1) == LUA_TNUMBER && lua_tonumber(L, 1) == HUGE_VAL) {
    places = kUnlimited;
  } else if (!lua_isnoneornil(L, 1)) {
    const char* got = lua_type(L, 1) == LUA_TNUMBER ? luaL_tolstring(L, 1, nullptr) : type_name(L, 1);
    raise(L, ErrorKind::type, "the capacity of a thread_channel must be an integer or math.huge, got %s", got);
  }
  ChannelBox& box = push_box(L);
  box = std::make_shared<Channel>(places);  // not before: Lua may raise
  return 1;
}

}  // namespace neap::internal::stdlib::thread
