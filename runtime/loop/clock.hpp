// Time for the loop: a deadline is a number of nanoseconds on one monotonic clock.
//
// The virtual clock stands still until the loop has nothing else to do and then jumps to the next deadline,
// so that a test of an hour's sleeps takes milliseconds.
#pragma once

#include <cstdint>

namespace neap::internal {

/// A point in time, nanoseconds on the loop's clock.
using Deadline = std::int64_t;

inline constexpr Deadline kNever = INT64_MAX;
inline constexpr double kNanosecondsPerSecond = 1e9;

class Clock {
 public:
  explicit Clock(bool is_virtual = false) : virtual_(is_virtual), slack_(is_virtual ? 0 : 1) {}

  [[nodiscard]] Deadline now() const { return virtual_ ? now_ : real_now(); }
  [[nodiscard]] bool is_virtual() const { return virtual_; }
  /// Moves a virtual clock forward.
  void jump_to(Deadline when) {
    if (when > now_) now_ = when;
  }
  /// False, and nothing changes, when it is so already: a virtual clock keeps its time.
  bool set_virtual(bool on) {
    if (on == virtual_) return false;
    now_ = real_now();
    slack_ = 1;
    virtual_ = on;
    return true;
  }

  /// The deadline `seconds` (0 to kForever) from now; it is never before that moment.
  [[nodiscard]] Deadline after(double seconds) const;
  static double seconds(Deadline when) { return static_cast<double>(when) / kNanosecondsPerSecond; }
  /// The deadline for a time in seconds as `seconds` gives it.
  static Deadline at(double seconds);

 private:
  static Deadline real_now();

  bool virtual_;
  // Added to every delay, so that a script that subtracts two times finds no less than it asked for: both are
  // rounded to doubles, which are that coarse after some days of uptime. A virtual clock that began at 0 needs none.
  Deadline slack_;
  Deadline now_ = 0;  // of the virtual clock
};

}  // namespace neap::internal
