// Continuations of functions that wait, where C++ may throw in them: Lua calls them directly, and not through `bound`.
#pragma once

#include "runtime/lua/bind.hpp"

namespace neap::internal {

/// The continuation that runs `function` and turns a C++ exception into a Lua error.
template <lua_KFunction function>
int bound_continuation(lua_State* L, int status, lua_KContext context) {
  try {
    return function(L, status, context);
  } catch (const std::exception& exception) {
    remember_exception(exception);
  }
  raise_remembered(L);
}

}  // namespace neap::internal
