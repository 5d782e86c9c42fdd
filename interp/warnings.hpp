// Lua's warnings (`warn`, errors in finalizers), as the stock program treats them: off until "@on".
#pragma once

#include <lua.hpp>

namespace neap::internal {

class Scheduler;

/// The state of one interpreter's warnings.
struct Warnings {
  Scheduler* scheduler = nullptr;  // writes them
  bool on = false;
  bool continuing = false;  // the next piece belongs to the message begun
};

/// Sends the warnings of `L`, which has its scheduler, to stderr. `warnings` must outlive the state.
void install_warnings(lua_State* L, Warnings& warnings);

}  // namespace neap::internal
