// Stack traces for people: the frames of a script, without neap's own.
//
// The frames may be those of another coroutine, `of`. All that takes memory is done in `L`, which runs: a lack of
// memory in a coroutine that does not run, and so is under no protected call, would end the process.
#pragma once

#include <lua.hpp>

namespace neap::internal {

/// The chunk name of every Lua file of the standard library begins so; its frames are left out of traces.
inline constexpr const char* kInternalChunk = "@neap:";

/// Pushes the name by which a script reaches the function at `function` ("print", "string.gsub"); nothing
/// and false when no loaded module has it.
bool push_global_name(lua_State* L, int function);

/// Pushes the frames of `of` from `level` on, one a line, each indented by a tab, without a heading; the
/// empty string when there is none. Long traces are cut in the middle. Uses up to 12 stack slots, which a
/// C function has free on entry, and asks for no more: it must work on a stack that has overflowed.
void push_traceback(lua_State* L, lua_State* of, int level);
inline void push_traceback(lua_State* L, int level) { push_traceback(L, L, level); }

/// Pushes "file:line" of the innermost script frame of `of` at or above `level`, or nil when there is none.
void push_location(lua_State* L, lua_State* of, int level);
inline void push_location(lua_State* L, int level) { push_location(L, L, level); }

}  // namespace neap::internal
