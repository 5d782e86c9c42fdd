// For those who want the Lua state or the libuv loop itself. The only header that knows them.
#pragma once

#include "neap/export.hpp"
#include "neap/interpreter.hpp"
#include "neap/options.hpp"
#include "neap/value.hpp"

#include <uv.h>
#include <lua.hpp>

namespace neap {

/// The main thread of the interpreter's state. Leave its stack as it was, call nothing that may raise outside
/// lua_pcall, and do not close it.
[[nodiscard]] NEAP_API lua_State* lua_state(Interpreter& interpreter);
/// The coroutine that runs now, or the main thread: where C++ code that Lua has called pushes and calls.
[[nodiscard]] NEAP_API lua_State* running_state(Interpreter& interpreter);
/// The loop that the interpreter runs on.
[[nodiscard]] NEAP_API uv_loop_t* uv_loop(Interpreter& interpreter);

/// Pushes the value on a stack of its interpreter's. There must be room for it.
NEAP_API void push(lua_State* L, const Value& value);
/// The value at the index, to be kept. Throws std::bad_alloc.
[[nodiscard]] NEAP_API Value to_value(lua_State* L, int index);

/// Makes the interpreter run on the application's loop, whenever that runs. The loop must outlive it, and be run once
/// more before it is closed.
inline void use_loop(Options& options, uv_loop_t* loop) { options.uv_loop = loop; }

}  // namespace neap
