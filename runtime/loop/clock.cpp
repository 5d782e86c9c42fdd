#include "runtime/loop/clock.hpp"

#include <uv.h>

#include <cmath>

namespace neap {

namespace {
constexpr double kLastSecond = 9.2e9;  // a little below INT64_MAX nanoseconds
}

Deadline Clock::real_now() { return static_cast<Deadline>(uv_hrtime()); }

Deadline Clock::after(double seconds) const {
  if (seconds >= kLastSecond / 2) return kNever;
  const auto delay = static_cast<Deadline>(std::ceil(seconds * kNanosecondsPerSecond));
  // One nanosecond more, so that a script that subtracts two times finds no less than it asked for: both are
  // rounded to doubles, which are that coarse after some days of uptime.
  return now() + delay + (virtual_ ? 0 : 1);
}

Deadline Clock::at(double seconds) {
  if (seconds >= kLastSecond) return kNever;
  if (seconds <= 0) return 0;
  return static_cast<Deadline>(std::ceil(seconds * kNanosecondsPerSecond));
}

}  // namespace neap
