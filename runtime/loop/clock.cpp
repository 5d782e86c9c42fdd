#include "runtime/loop/clock.hpp"

#include <uv.h>

#include <cmath>

namespace neap::internal {

namespace {
constexpr double kLastSecond = 9.2e9;  // a little below INT64_MAX nanoseconds
}

Deadline Clock::real_now() { return static_cast<Deadline>(uv_hrtime()); }

Deadline Clock::after(double seconds) const {
  if (seconds >= kLastSecond / 2) return kNever;
  return now() + static_cast<Deadline>(std::ceil(seconds * kNanosecondsPerSecond)) + slack_;
}

Deadline Clock::at(double seconds) {
  if (seconds >= kLastSecond) return kNever;
  if (seconds <= 0) return 0;
  return static_cast<Deadline>(std::ceil(seconds * kNanosecondsPerSecond));
}

}  // namespace neap::internal
