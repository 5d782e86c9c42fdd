// Generators: coroutines that hand out values, and are closed for certain.
//
//   created ──> suspended <──> running ──> finished
//      └──────────────────────────────────────^
//
// A Generator is a full userdata. Whether it runs, its coroutine tells.
//
// Invariants
//  1. A generator that is not finished is in the table of what one task owns (Scheduler::push_owned): of the one that
//     last resumed it, or that made it. Only one that was made and resumed in callbacks alone is in none.
//  2. The value there counts adoptions: the highest was adopted last.
//  3. User value kCoroutine keeps the coroutine alive until it is finished; kOwner is the table.
#pragma once

#include <lua.hpp>

namespace neap::internal {

/// Lua function `generator(fn)`: a function that makes a generator of a call of fn, and returns `g, nil, nil, g`.
int new_generator_function(lua_State* L);
/// Lua function `generator_close(g)`. What is nested too deep is put off: see coroutine_next_put_off.
int generator_close(lua_State* L);
/// Lua function `generator_state(g)`: "not started", "suspended", "running", "waiting" or "finished"; nil for a value
/// that is no generator.
int generator_state(lua_State* L);
/// Makes the type, with the methods next, send and throw, and leaves it on the stack.
void open_generator(lua_State* L);

}  // namespace neap::internal
