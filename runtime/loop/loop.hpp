// One libuv loop with timers finer than libuv's, and a wake-up that any thread may call.
//
// The loop never sees Lua: it tells its user which timers are due and lets libuv call its callbacks, which
// only mark work as ready. Thread: everything but `wake` and `post` belongs to the thread that made the loop; other
// threads, which may outlive it, post by its Remote.
//
// It can run within any other loop, which watches `backend_fd`, waits for `time_left` at most, and then has it polled.
//
// Invariants
//  1. A timer never fires before its deadline; `wait` sleeps on the loop's descriptor with nanosecond
//     precision for the last stretch, because libuv counts in milliseconds.
//  2. The loop's own handles (wake-up, timer) are unreferenced: `alive` is true only for handles and
//     requests that somebody else opened, or while an outside caller holds the loop.
//  3. The destructor closes every handle and runs the loop until none is left: none of them is on a loop of anybody
//     else's, so that no callback of a stranger runs then.
#pragma once

#include "runtime/loop/alertness.hpp"
#include "runtime/loop/clock.hpp"
#include "runtime/loop/remote.hpp"
#include "runtime/loop/timer_heap.hpp"

#include <uv.h>

#include <atomic>
#include <functional>
#include <memory>
#include <utility>

namespace neap::internal {

class Loop {
 public:
  /// Throws std::runtime_error when libuv cannot make a loop (no descriptors left).
  explicit Loop(bool virtual_clock = false);
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  [[nodiscard]] uv_loop_t* uv() { return &loop_; }
  [[nodiscard]] Clock& clock() { return clock_; }
  [[nodiscard]] TimerHeap& timers() { return timers_; }

  /// True while an open handle, a request under way or an outside holder can still bring work.
  [[nodiscard]] bool alive() const;
  /// Runs callbacks that are due, without waiting.
  void poll();
  /// Waits for the next event or timer deadline, and runs the callbacks of what came; until `limit` of real time, a
  /// point on uv_hrtime's clock, at the latest.
  void wait(Deadline limit = kNever);

  /// The same as `poll`, also when nothing is referenced.
  void poll_all();
  /// After `poll_all`: waits for the next event, for so many nanoseconds of real time at most, and heeds no timers but
  /// libuv's. Runs no callbacks.
  void wait_at_most(Deadline nanoseconds);

  // Within another loop.

  /// A descriptor that is readable when there is something to poll for.
  [[nodiscard]] int backend_fd() const { return uv_backend_fd(&loop_); }
  /// How long there is nothing to poll for unless the descriptor says so, in nanoseconds of real time: 0 when there is
  /// something now, kNever when only the descriptor can tell.
  [[nodiscard]] Deadline time_left();
  /// On a virtual clock: moves time to the next deadline when nothing else can happen before it; true when it did.
  bool jump();

  /// Makes `wait` return soon. Safe from any thread and from signal handlers while the loop exists.
  void wake() {
    uv_async_send(&wakeup_);
    woken_.store(true, std::memory_order_release);  // after it: whoever sees this finds the wake-up there
  }
  /// Calls `hook` on the loop's thread after each wake-up: how a signal handler, which may call nothing but
  /// `wake`, gets work done. Set it before anything can wake the loop.
  void set_wake_hook(std::function<void()> hook) { wake_hook_ = std::move(hook); }
  /// Runs `work` on the loop's thread, soon. Safe from any thread while the loop exists. False after `refuse_posts`.
  bool post(std::function<void()> work) { return remote_->post(std::move(work)); }
  /// The same, of what Remote::prepare gave.
  bool post_prepared(Remote::Posting posting) noexcept { return remote_->post_prepared(std::move(posting)); }
  /// For threads that may outlive the loop.
  [[nodiscard]] const std::shared_ptr<Remote>& remote() const { return remote_; }
  /// From now on nothing can be posted, and what was posted and has not run is destroyed.
  void refuse_posts() { remote_->close(); }
  /// Says that a post may come within microseconds. If that has been worth while, posts need no wake-up until `wait`
  /// sleeps or `rest` is called, and `wait` looks out for them before it does: waking another thread costs more, on
  /// both sides.
  void expect_post() {
    if (expecting_ || !alertness_.worthwhile()) return;
    expecting_ = true;
    attentive_.store(true, std::memory_order_relaxed);
  }
  /// From here on posts wake the loop: whoever ran it may go on to anything else.
  void rest();

  /// Counts requests on threads of their own, which will post their ends: libuv counts those of its pool itself.
  void begin_request() { ++requests_; }
  void end_request() { --requests_; }

  /// Counts outside callers that may yet post work: while there is one, waiting is no deadlock.
  void hold() { holders_.fetch_add(1, std::memory_order_relaxed); }
  void release() { holders_.fetch_sub(1, std::memory_order_relaxed); }

 private:
  friend class Remote;

  void run_posted();
  void do_posted();
  bool look_out_for_posts(Deadline limit);
  bool end_attention();
  Deadline patience();
  void wait_until(Deadline deadline);
  void wait_precisely(Deadline deadline);
  void wait_virtually(Deadline limit);
  /// True while requests are under way, which end by themselves (a file operation, a look-up): a virtual clock stands
  /// still for them; open handles may stay silent for ever, and so it jumps over them.
  [[nodiscard]] bool awaits_requests() const { return loop_.active_reqs.count != 0 || requests_ != 0; }

  uv_loop_t loop_{};
  uv_async_t wakeup_{};
  uv_timer_t timer_{};
  Clock clock_;
  TimerHeap timers_;
  int requests_ = 0;
  std::atomic<int> holders_{0};
  std::atomic<bool> has_posted_{false};
  std::atomic<bool> woken_{false};
  Alertness alertness_;
  bool expecting_ = false;              // a post
  std::atomic<bool> attentive_{false};  // has_posted_ is looked at before the loop sleeps
  std::function<void()> wake_hook_;
  const std::shared_ptr<Remote> remote_ = std::make_shared<Remote>(*this);
};

}  // namespace neap::internal
