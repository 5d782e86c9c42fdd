// The C++ parts of the async module. Each adds its functions to the table on the top of the stack, which
// the module's Lua files know as `core`; what scripts see is put together in init.lua.
#pragma once

#include <lua.hpp>

namespace neap::internal::stdlib {

void add_futures(lua_State* L);     // future.cpp: Future and Task
void add_coroutines(lua_State* L);  // coroutine.cpp: async(), await
void add_gather(lua_State* L);      // gather.cpp: what gather does for each future
void add_loop(lua_State* L);        // loop.cpp: Loop and Handle
void add_schedule(lua_State* L);    // schedule.cpp: contexts, what tasks own, seeds, instruments

void add_graph(lua_State* L);  // graph.cpp: who waits for whom

void add_stack_methods(lua_State* L);  // stack.cpp: those of Task that tell where it is

// Make the types of the primitives, when a script first uses one.
int open_lock(lua_State* L);       // lock.cpp: pushes Lock, the metatable of locks
int open_semaphore(lua_State* L);  // semaphore.cpp: Semaphore, BoundedSemaphore
int open_event(lua_State* L);      // event.cpp: Event
int open_queue(lua_State* L);      // queue.cpp: what makes a queue's userdata, the table of methods

/// Pushes what `spawn` and `create_task` make of the value at index 1: a new task for a Coroutine or a
/// callable value, with the values above index 1 as arguments. Raises TypeError for anything else.
int spawn(lua_State* L);

/// Replaces the Coroutine at index `index` by its function and arguments, pushed on the top, and marks it
/// as used. Returns the number of arguments, or -1 and pushes nothing when the value is no Coroutine.
/// Raises RuntimeError for one that was used before.
int take_coroutine(lua_State* L, int index);

}  // namespace neap::internal::stdlib
