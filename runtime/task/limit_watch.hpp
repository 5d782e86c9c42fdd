// A clock that runs while Lua code computes: interrupts the code when a deadline has passed.
//
// One thread for the whole process looks at the deadlines of all interpreters every few milliseconds while there are
// any, and sleeps otherwise. A deadline is on the clock of the CPU time of the interpreter's thread, so that a busy
// machine takes nothing from anybody's budget, or on that of real time (uv_hrtime).
//
// Owner: the state's LimitKeeper. The thread exists while there is a watch.
#pragma once

#include "runtime/loop/clock.hpp"
#include "runtime/task/interrupt.hpp"

#include <time.h>  // NOLINT(modernize-deprecated-headers): POSIX, more than <ctime>

#include <atomic>

namespace neap::internal {

class LimitWatch {
 public:
  /// On the state's thread. Throws std::system_error when there can be no thread.
  explicit LimitWatch(Interrupt& interrupt);
  ~LimitWatch();
  LimitWatch(const LimitWatch&) = delete;
  LimitWatch& operator=(const LimitWatch&) = delete;

  /// From then on the code is interrupted (InterruptReason::limit), again and again and ever more seldom, until the
  /// deadlines are set anew. (To set the hook takes milliseconds where calls are nested deeply.)
  void set(Deadline cpu, Deadline real);
  /// The CPU time that the calling thread has used. (Where a system has no such clock, real time.)
  static Deadline cpu_now();

 private:
  friend class LimitWatcher;

  /// Interrupts when it is time. How long until that can be, in nanoseconds; kNever when nothing is set.
  Deadline look();
  [[nodiscard]] Deadline cpu_used() const;

  Interrupt& interrupt_;
  clockid_t clock_{};
  std::atomic<Deadline> cpu_{kNever};
  std::atomic<Deadline> real_{kNever};
  // Of the watching thread: which deadlines have passed, and when it interrupts next.
  Deadline passed_cpu_ = kNever;
  Deadline passed_real_ = kNever;
  Deadline again_ = 0;
  Deadline next_ = 0;
};

}  // namespace neap::internal
