// Waiting awake, for a few microseconds, for what another thread is about to do.
#pragma once

#include "runtime/loop/clock.hpp"

#include <uv.h>

#if defined(__x86_64__) || defined(__i386__)
#include <immintrin.h>
#endif

#include <algorithm>
#include <mutex>

namespace neap::internal {

/// Tells the processor that this is a loop that waits.
inline void relax() {
#if defined(__x86_64__) || defined(__i386__)
  _mm_pause();
#elif defined(__aarch64__)
  asm volatile("isb");
#endif
}

/// Takes the mutex, which another thread holds for a moment at most.
inline void lock_awake(std::mutex& mutex) {
  constexpr int kTries = 100;
  for (int i = 0; i < kTries; ++i) {
    if (mutex.try_lock()) return;
    relax();
  }
  mutex.lock();
}

/// Decides whether to look out for something before sleeping: as long as it comes in time; after each time that it did
/// not, more rarely. So who waits for long wastes next to nothing.
class Alertness {
 public:
  [[nodiscard]] bool worthwhile() {
    if (skip_ == 0) return processors() > 1;
    --skip_;
    return false;
  }

  /// Looks out until `condition()` is true; false when it has not become so.
  template <class Condition>
  bool look_out(Condition condition) {
    const bool came = wait_for(condition);
    misses_ = came ? 0 : std::min(2 * misses_ + 1, kMostSkipped);
    skip_ = misses_;
    return came;
  }

  static constexpr Deadline kLongest = 30'000;  // nanoseconds that it looks out

 private:
  static constexpr int kMostSkipped = 127;
  static constexpr int kLooksPerClock = 16;

  static unsigned processors() {
    static const unsigned kCount = uv_available_parallelism();
    return kCount;
  }

  template <class Condition>
  bool wait_for(Condition condition) {
    const std::uint64_t end = uv_hrtime() + kLongest;
    do {
      for (int i = 0; i < kLooksPerClock; ++i) {
        if (condition()) return true;
        relax();
      }
    } while (uv_hrtime() < end);
    return condition();
  }

  int misses_ = 0;
  int skip_ = 0;
};

}  // namespace neap::internal
