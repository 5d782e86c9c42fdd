#include "runtime/loop/loop.hpp"

#include "runtime/loop/system_error.hpp"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <stdexcept>
#include <string>
#include <utility>

namespace neap::internal {

namespace {

constexpr Deadline kMillisecond = 1'000'000;
// Deadlines nearer than this are waited for with nanosecond precision on the loop's descriptor.
constexpr Deadline kNear = 2 * kMillisecond;
constexpr Deadline kLongestTimer = Deadline{1000} * 3600 * 24 * kMillisecond;

void nothing(uv_timer_t*) {}

Deadline real_now() { return static_cast<Deadline>(uv_hrtime()); }

void check(int code, const char* what) {
  if (code != 0) throw SystemFailure(what, code);
}

/// Waits until the descriptor is readable or `nanoseconds` have passed.
void poll_descriptor(int descriptor, Deadline nanoseconds) {
  pollfd entry{descriptor, POLLIN, 0};
#if defined(__linux__) || defined(__FreeBSD__)
  const timespec limit{static_cast<time_t>(nanoseconds / (1000 * kMillisecond)),
                       static_cast<long>(nanoseconds % (1000 * kMillisecond))};
  ppoll(&entry, 1, &limit, nullptr);
#else
  // No ppoll here: whole milliseconds, rounded up, so that a timer is late rather than early.
  ::poll(&entry, 1, static_cast<int>((nanoseconds + kMillisecond - 1) / kMillisecond));
#endif
}

std::atomic<bool> g_any_made{false};  // a loop in this process

/// libuv aborts when its first loop finds one or two free descriptors, and fails in order when it finds none. Later
/// ones are not looked after: the thread sanitizer does not see libuv's closing of a number that is free again.
void check_descriptors() {
  if (g_any_made) return;
  constexpr int kNeeded = 3;
  int probes[kNeeded];
  int made = 0;
  while (made < kNeeded && (probes[made] = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0)) >= 0) ++made;
  const int error = made < kNeeded && errno == EMFILE ? UV_EMFILE : 0;
  while (made > 0) close(probes[--made]);
  check(error, "cannot make an event loop");
}

}  // namespace

Loop::Loop(bool virtual_clock) : clock_(virtual_clock) {
  check_descriptors();
  loop_.backend_fd = -1;
  if (const int code = uv_loop_init(&loop_); code != 0) {
    // libuv forgets its first descriptor when the next one cannot be had; tests/reliability/faults: threads.
    if (loop_.backend_fd >= 0 && fcntl(loop_.backend_fd, F_GETFD) >= 0) close(loop_.backend_fd);
    check(code, "cannot make an event loop");
  }
  g_any_made = true;
  wakeup_.data = this;
  const auto on_wake = [](uv_async_t* handle) { static_cast<Loop*>(handle->data)->run_posted(); };
  if (const int code = uv_async_init(&loop_, &wakeup_, on_wake); code != 0) {
    uv_loop_close(&loop_);
    check(code, "cannot make an event loop");
  }
  uv_timer_init(&loop_, &timer_);
  uv_unref(reinterpret_cast<uv_handle_t*>(&wakeup_));
  uv_unref(reinterpret_cast<uv_handle_t*>(&timer_));
}

Loop::~Loop() {
  refuse_posts();
  uv_walk(
      &loop_,
      [](uv_handle_t* handle, void*) {
        if (uv_is_closing(handle) == 0) uv_close(handle, nullptr);
      },
      nullptr);
  while (uv_run(&loop_, UV_RUN_DEFAULT) != 0) {}
  uv_loop_close(&loop_);
}

bool Loop::alive() const {
  return uv_loop_alive(&loop_) != 0 || requests_ != 0 || holders_.load(std::memory_order_relaxed) != 0 ||
         has_posted_.load(std::memory_order_acquire);
}

void Loop::poll() {
  // Without a referenced handle libuv does not look for events at all. That saves busy tasks a system call
  // per turn; but a wake-up must reach them.
  if (woken_.load(std::memory_order_acquire)) return poll_all();
  if (attentive_.load(std::memory_order_relaxed) && has_posted_.load(std::memory_order_acquire)) do_posted();
  uv_run(&loop_, UV_RUN_NOWAIT);
}

void Loop::poll_all() {
  woken_.store(false, std::memory_order_relaxed);
  uv_ref(reinterpret_cast<uv_handle_t*>(&wakeup_));
  uv_run(&loop_, UV_RUN_NOWAIT);
  uv_unref(reinterpret_cast<uv_handle_t*>(&wakeup_));
}

void Loop::wait(Deadline limit) {
  if (attentive_.load(std::memory_order_relaxed) && look_out_for_posts(limit)) return poll();
  if (clock_.is_virtual()) return wait_virtually(limit);
  wait_until(std::min(timers_.next(), limit));
}

void Loop::wait_until(Deadline deadline) {
  if (deadline == kNever) {
    // Held by an outside caller alone, libuv would not wait: the reference makes it.
    uv_ref(reinterpret_cast<uv_handle_t*>(&wakeup_));
    uv_run(&loop_, UV_RUN_ONCE);
    uv_unref(reinterpret_cast<uv_handle_t*>(&wakeup_));
    return;
  }
  const Deadline left = deadline - real_now();
  if (left <= 0) return poll();
  if (left < kNear) return wait_precisely(deadline);
  // Round down: the last stretch is waited for precisely, on the next call.
  uv_update_time(&loop_);
  const Deadline whole = left < kLongestTimer ? left : kLongestTimer;
  uv_timer_start(&timer_, nothing, static_cast<std::uint64_t>(whole / kMillisecond - 1), 0);
  uv_ref(reinterpret_cast<uv_handle_t*>(&timer_));
  uv_run(&loop_, UV_RUN_ONCE);
  uv_unref(reinterpret_cast<uv_handle_t*>(&timer_));
  uv_timer_stop(&timer_);
}

/// How long libuv has nothing to do without an event: until its own next timer, or for ever. 0 when it has work now:
/// idle handles, callbacks put off, handles closing.
Deadline Loop::patience() {
  // A loop without anything referenced would say 0 too.
  uv_ref(reinterpret_cast<uv_handle_t*>(&wakeup_));
  const int timeout = uv_backend_timeout(&loop_);
  uv_unref(reinterpret_cast<uv_handle_t*>(&wakeup_));
  return timeout < 0 ? kNever : timeout * kMillisecond;
}

void Loop::wait_precisely(Deadline deadline) {
  // libuv registers new watchers with the kernel only when it polls, so it polls first.
  poll_all();
  const Deadline left = deadline - real_now();
  if (left <= 0 || timers_.next() < deadline || patience() == 0) return;
  poll_descriptor(uv_backend_fd(&loop_), left);
  poll_all();
}

void Loop::wait_at_most(Deadline nanoseconds) {
  rest();
  const Deadline most = std::min(nanoseconds, patience());
  if (most > 0) poll_descriptor(uv_backend_fd(&loop_), most);
}

void Loop::wait_virtually(Deadline limit) {
  if (awaits_requests() || timers_.next() == kNever) return wait_until(limit);
  poll();
  clock_.jump_to(timers_.next());
}

Deadline Loop::time_left() {
  rest();
  if (has_posted_.load(std::memory_order_acquire) || woken_.load(std::memory_order_acquire)) return 0;
  uv_update_time(&loop_);
  const Deadline left = patience();
  const Deadline next = timers_.next();
  if (next == kNever) return left;
  if (!clock_.is_virtual()) return std::clamp<Deadline>(next - clock_.now(), 0, left);
  return next <= clock_.now() || !awaits_requests() ? 0 : left;
}

bool Loop::jump() {
  if (!clock_.is_virtual() || awaits_requests() || timers_.next() == kNever) return false;
  clock_.jump_to(timers_.next());
  return true;
}

/// True when something was posted without a wake-up, or perhaps with one. In the other order than Remote::post: one of
/// both sees what the other has stored.
bool Loop::end_attention() {
  expecting_ = false;
  attentive_.store(false);
  return has_posted_.load();
}

void Loop::rest() {
  if (attentive_.load(std::memory_order_relaxed) && end_attention()) wake();
}

/// Instead of sleeping at once. True when something has come, which is done if it was posted.
bool Loop::look_out_for_posts(Deadline limit) {
  const auto has_come = [this] {
    return has_posted_.load(std::memory_order_acquire) || woken_.load(std::memory_order_acquire);
  };
  constexpr Deadline kLongest = Alertness::kLongest;
  const bool in_time = std::exchange(expecting_, false) && timers_.next() > clock_.now() + kLongest &&
                       (limit == kNever || limit > real_now() + kLongest);
  if (!(in_time && alertness_.look_out(has_come)) && !end_attention()) return false;
  do_posted();
  return true;
}

void Loop::do_posted() {
  for (const Remote::Work& work : remote_->take()) work();
}

void Loop::run_posted() {
  do_posted();
  if (wake_hook_) wake_hook_();
}

}  // namespace neap::internal
