// From a descriptor that nobody owns to the object that does.
#pragma once

#include "runtime/lua/allocator.hpp"

#include <lua.hpp>

#include <unistd.h>

namespace neap::internal::stdlib::io {

/// Answers what `work` gives, which makes the owner of the descriptor (-1: none). There is memory of Lua's for that;
/// without memory of C++'s the descriptor is closed.
template <class Work>
decltype(auto) hand_over(lua_State* L, int fd, Work work) {
  const EssentialMemory essential(allocator_of(L));
  try {
    return work();
  } catch (...) {
    if (fd >= 0) ::close(fd);
    throw;
  }
}

}  // namespace neap::internal::stdlib::io
