// What C++ reaches from any coroutine of a state, through the extra space that Lua keeps beside each.
//
// The extra space holds a pointer to the state's StateData (the base of its Scheduler) and, in its low bits,
// flags of that coroutine. Lua copies the main thread's extra space, which has no flags, to every new coroutine.
#pragma once

#include <lua.hpp>

#include <array>
#include <cstdint>

namespace neap::internal {

class Permissions;  // stdlib/permissions: what a sandboxed state may do

struct alignas(32) StateData {
  static constexpr int kFastTypes = 14;
  std::array<const void*, kFastTypes> metatables{};  // of the types of userdata.hpp, kept alive by the registry
  std::array<int, kFastTypes> metatable_places{};    // where it has them: an index is quicker than a key
  const void* cancelled_error = nullptr;             // the class CancelledError, kept alive by the registry
  Permissions* permissions = nullptr;                // the interpreter's; null without a sandbox
};

/// Flags in the low bits of a coroutine's extra space.
enum ThreadFlag : std::uintptr_t {
  kWaiting = 1,   // suspended in a wait of the task that resumed it
  kTaskBase = 2,  // the coroutine of a task itself
  kClosing = 4,   // being closed: its pcalls let the closing error through
  kEntered = 8,   // its function has been started
  kThrowing = 16  // resumed by throw: the value it is given is raised in it
};

inline constexpr std::uintptr_t kThreadFlags = 31;

inline std::uintptr_t& thread_word(lua_State* L) { return *static_cast<std::uintptr_t*>(lua_getextraspace(L)); }

inline StateData& state_data(lua_State* L) { return *reinterpret_cast<StateData*>(thread_word(L) & ~kThreadFlags); }

inline bool thread_has(lua_State* L, ThreadFlag flag) { return (thread_word(L) & flag) != 0; }

inline void set_thread_flag(lua_State* L, ThreadFlag flag, bool on) {
  std::uintptr_t& word = thread_word(L);
  word = on ? word | flag : word & ~std::uintptr_t{flag};
}

}  // namespace neap::internal
