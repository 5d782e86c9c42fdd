// select: the first of several sends and receives that can happen, as in Go.
//
// A case says what may happen: `channel:on_receive(fn)`, `channel:on_send(v, fn)`, `on_timeout(seconds, fn)`. It is a
// userdata that never changes, and may be used by any number of selects. A select that waits has an entry for each of
// its cases in the queues of the channels, and leaves all of them when one is chosen or the task is cancelled.
#pragma once

#include "runtime/loop/timer_heap.hpp"
#include "runtime/task/task.hpp"

namespace neap::internal {

// For channels: `entry` is a Waiter of the kind select_case that a channel has taken from its queue, or will.

/// Wakes the select, whose case this is. `granted` is false when the channel was closed.
void choose_case(Scheduler& scheduler, Waiter& entry, bool granted);
/// Pushes the value that a send case sends.
void push_case_value(lua_State* L, const Waiter& entry);

// For the scheduler: `timer` is one of the kind select.

/// Wakes the select, whose time is over.
void expire_select(Scheduler& scheduler, TimerNode& timer);
/// The task that waits for it.
const Task& selecting_task(const TimerNode& timer);

/// Lua functions that make a case.
int new_receive_case(lua_State* L);
int new_send_case(lua_State* L);
int new_timeout_case(lua_State* L);

/// Lua function `select(cases)`: waits until one of them has happened. Returns the function to be called and its
/// arguments; where there is none nil, the key of the case in the list, and the same.
int select_case(lua_State* L);
/// Makes the type of the cases.
void open_select(lua_State* L);

}  // namespace neap::internal
