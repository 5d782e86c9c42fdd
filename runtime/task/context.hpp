// The context of the running code: the values of its ContextVars.
//
// A context is a table of values by variable, which is never changed: setting a variable makes another table. So
// what is made in a context (a task, a callback) takes a copy of it for the price of a reference, and code that uses
// no variable pays nothing. Where somebody asked for the context itself, it is a Context object of
// stdlib/async/context.lua, whose field `values` is that table.
//
// A task has its context in its extras, and `Task::has_context` says so; a callback runs in that of its Handle.
#pragma once

#include <lua.hpp>

namespace neap::internal {

class Scheduler;
struct Task;

/// Pushes the context of the running code: nil, a table of values, or a Context object.
void push_context(lua_State* L, Scheduler& scheduler);
/// Pushes what a copy of it has: nil or the table of values.
void push_context_values(lua_State* L, Scheduler& scheduler);
/// Makes the value on the top of the stack the context of the running code, and pops it.
void set_context(lua_State* L, Scheduler& scheduler);

/// Pushes the context of the task at `index`, as push_context does.
void push_task_context(lua_State* L, int index);
/// Makes the value on the top of the stack the context of the task at `index`, and pops it.
void set_task_context(lua_State* L, int index);

}  // namespace neap::internal
