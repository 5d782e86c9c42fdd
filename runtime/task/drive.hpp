// The right to run a scheduler: one holder at a time.
#pragma once

#include "runtime/lua/allocator.hpp"

#include <csignal>

namespace neap::internal {

class Scheduler;

/// Throws std::logic_error within a run.
void check_can_drive(const Scheduler& scheduler);

/// While it exists its maker runs the scheduler. Throws std::logic_error when that is being run already: tasks,
/// callbacks and posted work must not run it themselves.
class Driving {
 public:
  explicit Driving(Scheduler& scheduler);
  ~Driving();
  Driving(const Driving&) = delete;
  Driving& operator=(const Driving&) = delete;

 private:
  Scheduler& scheduler_;
  EssentialMemory memory_;
  bool shields_ = false;
  sigset_t broken_pipe_{};
};

}  // namespace neap::internal
