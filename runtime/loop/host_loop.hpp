// Runs a guest, which has a loop of its own, within the uv_loop_t of an application.
//
// The guest's handles stay on its own loop, and this watches that loop's descriptor: so the guest can be ended at any
// time without running a callback of the application's, and the other way round. On the application's loop are four
// handles.
//
// Invariants
//  1. The application's loop is kept running (one handle is referenced) exactly while the guest has work.
//  2. It spins (the idle handle is active) exactly while the guest can run at once; else it sleeps until the
//     descriptor is readable or the timer fires, which is never before the guest's deadline and less than a
//     millisecond behind it.
//  3. The destructor closes the handles and waits for nothing: their memory is freed when the application's loop runs
//     next. The application closes its loop after that, as for any handle.
//
// Thread: that of the application's loop.
#pragma once

#include "runtime/loop/clock.hpp"

#include <uv.h>

#include <cstdint>

namespace neap::internal {

class Guest {
 public:
  virtual ~Guest() = default;
  /// Runs what is ready, for a short time; from a callback of the application's loop.
  virtual void run_on_host() = 0;
  /// Nanoseconds until it can run next: 0 is now, kNever is when its descriptor is readable.
  virtual Deadline time_left() = 0;
  [[nodiscard]] virtual bool has_work() const = 0;
};

class HostLoop {
 public:
  /// `descriptor` and `guest` must outlive it. Throws std::runtime_error when the descriptor cannot be watched.
  HostLoop(uv_loop_t* loop, int descriptor, Guest& guest);
  ~HostLoop();
  HostLoop(const HostLoop&) = delete;
  HostLoop& operator=(const HostLoop&) = delete;

  /// To be called when the guest's work has changed while the application's loop did not run it.
  void refresh();

 private:
  struct Handles;
  void set_timer(Deadline left);

  Guest& guest_;
  Handles* handles_;
  std::uint64_t due_ = 0;  // when the timer fires, in milliseconds of libuv's clock
};

}  // namespace neap::internal
