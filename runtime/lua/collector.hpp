// How much garbage the collector lets pile up before it starts a cycle, and how much it does at once then.
//
// A cycle costs as much as the live heap is large, and Lua starts one when the heap has grown by a percentage of that:
// a small heap is walked through every few hundred kilobytes, which a server that reads large messages allocates in a
// moment. So the percentage follows the bytes in use. The collector reckons with it at the end of a cycle, when little
// but what is live is in use. (A finalizer cannot set it: there Lua refuses.)
//
// The steps of a cycle are small, so that no task waits long for one: but for the last of its marking, in which Lua
// looks at every coroutine there is, and for which it has no parts.
//
// Owner: the interpreter, between the making and the closing of the state. A script that sets a pause of its own keeps
// it.
#pragma once

#include "runtime/lua/allocator.hpp"

#include <lua.hpp>

namespace neap::internal {

class CollectorPause {
 public:
  CollectorPause(lua_State* L, Allocator& allocator);
  ~CollectorPause();
  CollectorPause(const CollectorPause&) = delete;
  CollectorPause& operator=(const CollectorPause&) = delete;

 private:
  bool follow(std::size_t in_use);

  lua_State* state_;
  Allocator& allocator_;
  int last_;  // the pause that was set last, in percent
};

}  // namespace neap::internal
