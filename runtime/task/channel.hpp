// Channel: values on their way from tasks to tasks, as in Go. What waits for one of several: select.hpp.
//
// Invariants
//  1. A waiting sender keeps its value until there is room or a receiver comes; then the value is taken in and the
//     sender woken, at once. So a send that is cancelled has sent nothing, one that was woken has sent its value.
//  2. A receiver that has been woken takes its value when it runs: until then the value is in the channel, in its
//     place, and `promised` counts it. So one that is cancelled meanwhile changes nothing in the order of the values.
//  3. Receivers wait only while every value is promised, senders only while `available` is not below the capacity.
//     Both at once wait only by the same select, which cannot meet itself.
//  4. More values than the capacity are available only when receivers that were promised them have been cancelled.
//  5. Nobody waits for a channel that is closed.
//
// A Channel is a full userdata. User value 1 is the ring of its values: a table, or nil while there are no slots.
#pragma once

#include "runtime/task/waiter.hpp"

#include <lua.hpp>

namespace neap::internal {

struct Channel {
  WaitList receivers;
  WaitList senders;
  lua_Integer capacity = 0;
  lua_Integer slots = 0;     // of the ring: a power of two, or 0
  lua_Integer first = 0;     // slot of the oldest value
  lua_Integer count = 0;     // values in the ring
  lua_Integer promised = 0;  // to receivers that have been woken and have not run
  bool closed = false;

  /// Values that nobody has been promised.
  [[nodiscard]] lua_Integer available() const { return count - promised; }
  /// True when a receive need not wait.
  [[nodiscard]] bool can_receive() const { return available() > 0 || !senders.empty() || closed; }
  /// True when a send need not wait; of a closed channel it raises.
  [[nodiscard]] bool can_send() const { return available() < capacity || !receivers.empty() || closed; }
};

/// The Channel at `index`; TypeError for anything else.
Channel& check_channel(lua_State* L, int index);

// What send, receive and select are made of. `index`: the place of the channel on the stack of `L`.

/// Pushes a value and true, or nil and false when the channel is closed and empty. `can_receive` must hold.
void receive_now(lua_State* L, Channel& channel, int index);
/// Sends the value on the top of the stack, and pops it. `can_send` must hold. QueueShutDown when it is closed.
void send_now(lua_State* L, Channel& channel, int index);
/// The same for a receiver that was woken: `promised` is false when it was woken by `close`. When the task has been
/// cancelled since, the value goes to the next receiver, or stays, and the CancelledError is raised.
void receive_woken(lua_State* L, Channel& channel, int index, bool promised);
/// Raises the QueueShutDown of a send.
[[noreturn]] void raise_closed(lua_State* L);

/// Lua function `Channel(capacity)`: an integer, or math.huge for no limit; 0 when none is given.
int new_channel(lua_State* L);
/// Makes the type.
///
/// Methods: `send(v)`, `receive()`, `try_send(v)`, `try_receive()`, `close()`, `closed()`, `len()`, `capacity()`, and
/// those of select.hpp; `ch()`, a step of a generic `for`.
void open_channel(lua_State* L);

}  // namespace neap::internal
