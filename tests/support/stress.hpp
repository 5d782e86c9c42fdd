// For tests: a collection at every allocation, and stacks that move at every call, with Lua's library as the system has
// it.
//
// An allocation that fails makes Lua collect everything and ask again: so each block is refused once. Such a collection
// runs no finalizers and leaves the stacks alone. Those move by a hook, which makes the stack of each function that is
// called grow; every kCalls calls it collects once more, which shrinks stacks and runs finalizers. (Code that sets a
// hook of its own takes that away.) Under AddressSanitizer every block comes from malloc and no size changes in place,
// so that whoever uses an address of before is found out.
#pragma once

#include "runtime/lua/allocator.hpp"

#include <lua.hpp>

#include <algorithm>
#include <cstddef>

namespace neap::internal {

class Stress {
 public:
  /// From now on every `every`-th block that Lua wants to have or to grow; in this thread as many as in all its states.
  static void begin(lua_State* L, unsigned every) {
    void* allocator = nullptr;
    lua_getallocf(L, &allocator);
    interval() = every;
    lua_setallocf(L, allocate, allocator);
    lua_sethook(L, move_stack, LUA_MASKCALL, 0);
  }
  static void end(lua_State* L) {
    void* allocator = nullptr;
    lua_getallocf(L, &allocator);
    lua_setallocf(L, Allocator::allocate, allocator);
    lua_sethook(L, nullptr, 0, 0);
  }

 private:
  static constexpr unsigned kCalls = 64;
  static constexpr int kSteps = 40;  // different sizes

  static unsigned& interval() {
    static unsigned every = 1;
    return every;
  }

  static unsigned patience(const Allocator& allocator) {
    const auto size = static_cast<unsigned>(std::min<std::size_t>(allocator.in_use() >> 20, 1000));
    return size < 2 ? 1 : size * size * size;
  }

  static void* allocate(void* self, void* block, std::size_t old_size, std::size_t new_size) noexcept {
    thread_local unsigned count = 0;
    thread_local bool again = false;
    const bool grows = new_size != 0 && (block == nullptr || new_size > old_size);
    if (grows && !again && ++count >= interval() * patience(*static_cast<Allocator*>(self))) {
      count = 0;
      again = true;
      return nullptr;
    }
    if (grows) again = false;
    return Allocator::allocate(self, block, old_size, new_size);
  }

  static void move_stack(lua_State* L, lua_Debug*) {
    thread_local unsigned calls = 0;
    thread_local unsigned due = 0;
    ++calls;
    lua_checkstack(L, LUA_MINSTACK + static_cast<int>(calls % kSteps) * LUA_MINSTACK);
    if (calls % kCalls == 0 && ++due >= patience(allocator_of(L))) {
      due = 0;
      lua_gc(L, LUA_GCCOLLECT);
    }
  }
};

}  // namespace neap::internal
