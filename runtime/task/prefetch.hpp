// Bringing memory into the cache before it is needed.
//
// Of 100,000 tasks hardly anything is in the cache when they run one after another, and a look at memory takes as long
// as a short step. Which task comes next is known, so its memory is asked for while those before it run. Nothing here
// reads memory: a wrong address costs nothing but the request.
//
// The functions are inlined by force: GCC takes a function that does nothing but prefetch for one without effect, and
// drops its calls.
#pragma once

#include <cstddef>
#include <cstdint>

namespace neap::internal {

inline constexpr std::uintptr_t kCacheLine = 64;

/// Asks for the `size` bytes from `offset` bytes behind `object` on.
[[gnu::always_inline]] inline void prefetch(const void* object, std::ptrdiff_t offset, std::size_t size) {
  const std::uintptr_t first = reinterpret_cast<std::uintptr_t>(object) + static_cast<std::uintptr_t>(offset);
  for (std::uintptr_t line = 0; line < size; line += kCacheLine) {
    __builtin_prefetch(reinterpret_cast<const void*>(first + line), 1);
  }
}

/// Asks for the object that comes a few after `object` in a list, where `previous` is the one before it: objects made
/// in a row lie in memory at the same distance from one another.
[[gnu::always_inline]] inline void prefetch_ahead(const void* previous, const void* object, std::ptrdiff_t offset,
                                                  std::size_t size) {
  constexpr std::uintptr_t kAhead = 8;
  const std::uintptr_t here = reinterpret_cast<std::uintptr_t>(object);
  const std::uintptr_t distance = here - reinterpret_cast<std::uintptr_t>(previous);
  prefetch(reinterpret_cast<const void*>(here + kAhead * distance), offset, size);
}

/// The same of a Future in a list, with the head and the user values that Lua keeps before it.
[[gnu::always_inline]] inline void prefetch_future(const void* previous, const void* future) {
  constexpr std::size_t kHead = 80;
  prefetch_ahead(previous, future, -std::ptrdiff_t{kHead}, kHead + kCacheLine / 2);
}

}  // namespace neap::internal
