// Where an error came from, kept while it travels from coroutine to coroutine and from task to task.
//
// Lua's stack is gone once an error is caught, and an error that crosses a task is raised a second time at
// the await. The trail is one note per state: the value raised last across such a border, and the trace it
// had there. The handler at the base of the next task finds its error in it and continues the trace. Whoever
// catches an error for good drops the trail: the same value, a string say, may be raised elsewhere later.
#pragma once

#include <lua.hpp>

#include <string_view>

namespace neap::internal {

/// What stands between a trace and the lines of whoever awaits. A trace may end with a note, of a task or a thread:
/// that it is awaited is said when somebody is known to follow.
const char* trail_joint(std::string_view trace);

/// Notes that the error on the top of the stack, that of the failed Task or Future at `task`, is about to be raised in
/// whoever awaits it.
void leave_trail(lua_State* L, int task);
/// Notes the trace (a string on the top of the stack, popped) of the error below it, which leaves a
/// coroutine.
void leave_coroutine_trail(lua_State* L);
/// When the trail is of the value at `index`, makes it be of the value on the top of the stack.
void move_trail(lua_State* L, int index);

/// Forgets the trail: the error has been caught.
void drop_trail(lua_State* L);

/// Pushes the trace that the trail has of the value at `index`, or nil.
void push_caught_trail(lua_State* L, int index);

/// Pushes the whole trace of the error at `index`, which has just been raised in `L`: its own, continued by
/// the frames of `L`.
void push_trail(lua_State* L, int index, int level);

/// The message handler at the base of every task: keeps the trace in the task's extras as "traceback".
int task_message_handler(lua_State* L);
/// The same at the base of a user's coroutine: leaves a trail.
int coroutine_message_handler(lua_State* L);

}  // namespace neap::internal
