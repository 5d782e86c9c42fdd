// What was read from standard input and not taken by the script yet.
//
// Two read it, each into a buffer of its own: Lua's io library and the Stream async.stdin. Whoever begins to read takes
// over what the other has, so that a script may use both in turn.
#pragma once

#include "stdlib/io/bytes.hpp"

#include <lua.hpp>

namespace neap::internal::stdlib::io {

enum class StdinReader : unsigned char { lua_io, stream };

/// The reader's buffer, and how many bytes at its beginning the script has taken. Both live until the state is closed.
void set_stdin_bytes(lua_State* L, StdinReader reader, Bytes& bytes, std::size_t& begin);

/// To be called before the reader reads.
void take_over_stdin(lua_State* L, StdinReader reader);

}  // namespace neap::internal::stdlib::io
