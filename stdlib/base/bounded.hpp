// Lua's own functions, stoppable where a limit is set.
//
// No hook stops what runs inside one call of a C function. So where the code that calls one of these belongs to a
// LimitGroup, it gets a version that looks at the interrupt as it goes; any other gets the stock function.
#pragma once

#include "runtime/task/scheduler.hpp"

#include <lua.hpp>

namespace neap::internal::stdlib {

inline bool is_limited(lua_State* L) {
  LimitKeeper* limits = scheduler_of(L).limits();
  return limits != nullptr && limits->current() != nullptr;
}

/// To be called as often as something takes some time. May raise.
inline void look_at_limits(lua_State* L) {
  Interrupt& interrupt = scheduler_of(L).interrupt();
  if (interrupt.pending()) interrupt.run_actions(L);
}

/// Raises "not enough memory" for a string of so many bytes which no limit would let be.
void check_size(lua_State* L, std::size_t bytes);

/// The stock function, replaced in the table on the top of the stack by `function`.
lua_CFunction replace(lua_State* L, const char* name, lua_CFunction function);

// Each replaces the functions of one library.
void bound_strings(lua_State* L);
void bound_patterns(lua_State* L);
void bound_tables(lua_State* L);
void bound_collector(lua_State* L);

}  // namespace neap::internal::stdlib
