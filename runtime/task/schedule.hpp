// What makes a run differ from the plain one, reproducibly: for tests that look for what only another order, or a
// cancellation at an unlucky moment, brings to light.
//
// - A seed: of the tasks that are ready, any may be next, as a random generator decides. Callbacks keep their order
//   among themselves, for that is promised to scripts, and nothing that became ready after a timeout overtakes it.
// - An injected cancellation: the k-th suspension of any task but the roots is answered by a cancel request.
#pragma once

#include <cstdint>

namespace neap::internal {

/// Numbers that depend on nothing but the seed (splitmix64).
class SeededNumbers {
 public:
  explicit SeededNumbers(std::uint64_t seed) : state_(seed) {}

  /// A number from 0 to `count` - 1.
  std::uint32_t below(std::uint32_t count) {
    state_ += 0x9e3779b97f4a7c15;
    std::uint64_t mixed = state_;
    mixed = (mixed ^ (mixed >> 30U)) * 0xbf58476d1ce4e5b9;
    mixed = (mixed ^ (mixed >> 27U)) * 0x94d049bb133111eb;
    mixed ^= mixed >> 31U;
    return static_cast<std::uint32_t>((mixed >> 32U) * count >> 32U);
  }

 private:
  std::uint64_t state_;
};

struct Schedule {
  bool seeded = false;
  SeededNumbers numbers{0};
  std::uint64_t cancel_at = 0;    // the suspension that is answered by a cancel request; 0 is none
  std::uint64_t suspensions = 0;  // counted so far

  [[nodiscard]] bool counts() const { return seeded || cancel_at != 0; }
};

}  // namespace neap::internal
