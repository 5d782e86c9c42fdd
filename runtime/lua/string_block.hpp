// A string made of bytes where they are: what a program reads in megabytes is not copied, and its pages are touched
// once.
//
// Lua's API copies what it makes a string of to a block that it asks the allocator for. Here the allocator answers with
// the block in which the bytes are already, at the place where Lua puts them, and the copy is one of bytes to
// themselves. That Lua lays its strings out so is tried once for each state; where it does not, the bytes are copied.
#pragma once

#include <lua.hpp>

#include <cstddef>

namespace neap::internal {

inline constexpr std::size_t kBeforeString = 24;  // what Lua has in front of the bytes of a string
inline constexpr std::size_t kAfterString = 1;
// Bytes of a string that is worth it: of one that is kept whole in a buffer of its own, and of one that is read at
// once.
inline constexpr std::size_t kLeastBlock = std::size_t{256} << 10;
inline constexpr std::size_t kLeastRead = std::size_t{4} << 10;

/// Are so many bytes worth it, and fewer than the limit of the state's memory?
bool can_push_block(lua_State* L, std::size_t size);

/// Then: pushes the string of the `size` bytes behind the first kBeforeString of the block, which has room for
/// kAfterString more. It takes the block, which is malloc's, or of new_string_block for as many bytes.
void push_string_block(lua_State* L, char* block, std::size_t size);

/// A block for a string of so many bytes, which are to be read into it; null where it is not worth it. May raise.
char* new_string_block(lua_State* L, std::size_t size);
/// It becomes no string after all.
void drop_string_block(lua_State* L, char* block, std::size_t size);

}  // namespace neap::internal
