// Lua's C API from C++: a piece of work that may raise, in protected mode.
#pragma once

#include "interp/embed/call.hpp"
#include "interp/embed/host.hpp"
#include "runtime/lua/bind.hpp"

#include <lua.hpp>

#include <type_traits>

namespace neap::detail {

template <class Work>
int run_work(lua_State* L) {
  auto& work = *static_cast<Work*>(lua_touserdata(L, 1));
  lua_remove(L, 1);
  return work(L);
}

/// Runs `work(L)`, which may raise Lua errors, on the coroutine that runs now, with the `count` values on the top of
/// its stack. It answers how many values on its stack are its results; `results` of them are left in their place.
/// Returns that coroutine. Throws what `work` raises, and then nothing is left. It must own nothing: an error leaves it
/// by longjmp.
template <class Work>
lua_State* protect(Host& host, int count, int results, Work work) {
  static_assert(std::is_trivially_destructible_v<Work>);
  lua_State* L = host.running();
  run_protected(L, internal::bound<run_work<Work>>, &work, count, results);
  return L;
}

}  // namespace neap::detail
