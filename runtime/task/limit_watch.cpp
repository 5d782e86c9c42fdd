#include "runtime/task/limit_watch.hpp"

#include <pthread.h>
#include <signal.h>  // NOLINT(modernize-deprecated-headers): POSIX, more than <csignal>
#include <uv.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

namespace neap::internal {

namespace {

constexpr Deadline kLongestTick = 2'000'000;  // nanoseconds: a shorter deadline may have been set meanwhile
constexpr Deadline kShortestTick = 100'000;
constexpr Deadline kAgain = 1'000'000;  // from one interruption to the next, at first
constexpr Deadline kSeldom = 32'000'000;
constexpr int kIdleTicks = 20;  // without a deadline; then the thread sleeps until there is one

Deadline to_nanoseconds(const timespec& time) {
  return static_cast<Deadline>(time.tv_sec) * 1'000'000'000 + static_cast<Deadline>(time.tv_nsec);
}

Deadline read_clock(clockid_t clock) {
  timespec time{};
  clock_gettime(clock, &time);
  return to_nanoseconds(time);
}

}  // namespace

/// The thread. It is never destroyed: the last watch may die when the process ends.
class LimitWatcher {
 public:
  static LimitWatcher& instance() {
    static auto* const watcher = new LimitWatcher();
    return *watcher;
  }

  void add(LimitWatch& watch) {
    const std::lock_guard lock(mutex_);
    watches_.push_back(&watch);
    if (watches_.size() > 1) return;
    // A thread of a program has all signals blocked that the program's threads would handle.
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    try {
      thread_ = std::thread([this] { run(); });
    } catch (...) {
      watches_.clear();
      pthread_sigmask(SIG_SETMASK, &before, nullptr);
      throw;
    }
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
  }

  void remove(LimitWatch& watch) {
    std::thread ended;
    {
      const std::lock_guard lock(mutex_);
      watches_.erase(std::find(watches_.begin(), watches_.end(), &watch));
      if (watches_.empty()) ended = std::move(thread_);
    }
    changed_.notify_all();
    if (ended.joinable()) ended.join();
  }

  void wake_up() {
    if (!asleep_.load()) return;
    { const std::lock_guard lock(mutex_); }  // it is waiting by then
    changed_.notify_all();
  }

 private:
  void run() {
    const std::thread::id self = std::this_thread::get_id();
    int idle = 0;
    std::unique_lock lock(mutex_);
    while (thread_.get_id() == self) {
      Deadline next = look();
      idle = next == kNever ? idle + 1 : 0;
      if (idle > kIdleTicks) {
        asleep_.store(true);
        next = look();  // set by somebody who has not seen it
        if (next == kNever) changed_.wait(lock);
        asleep_.store(false);
        idle = 0;
        continue;
      }
      changed_.wait_for(lock, std::chrono::nanoseconds(std::clamp(next, kShortestTick, kLongestTick)));
    }
  }

  Deadline look() {
    Deadline next = kNever;
    for (LimitWatch* watch : watches_) next = std::min(next, watch->look());
    return next;
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<LimitWatch*> watches_;
  std::thread thread_;
  std::atomic<bool> asleep_{false};
};

LimitWatch::LimitWatch(Interrupt& interrupt) : interrupt_(interrupt) {
#ifdef __APPLE__
  clock_ = CLOCK_MONOTONIC;
#else
  if (pthread_getcpuclockid(pthread_self(), &clock_) != 0) clock_ = CLOCK_MONOTONIC;
#endif
  interrupt_.attach();
  LimitWatcher::instance().add(*this);
}

LimitWatch::~LimitWatch() { LimitWatcher::instance().remove(*this); }

Deadline LimitWatch::cpu_now() {
#ifdef __APPLE__
  return read_clock(CLOCK_MONOTONIC);
#else
  return read_clock(CLOCK_THREAD_CPUTIME_ID);
#endif
}

Deadline LimitWatch::cpu_used() const { return read_clock(clock_); }

void LimitWatch::set(Deadline cpu, Deadline real) {
  if (cpu == kNever && real == kNever) {
    cpu_.store(kNever, std::memory_order_relaxed);
    real_.store(kNever, std::memory_order_relaxed);
    return;
  }
  real_.store(real, std::memory_order_relaxed);
  cpu_.store(cpu);
  LimitWatcher::instance().wake_up();
}

Deadline LimitWatch::look() {
  const Deadline cpu = cpu_.load();
  const Deadline real = real_.load();
  if (cpu == kNever && real == kNever) return kNever;
  Deadline left = kLongestTick;
  if (cpu != kNever) left = std::min(left, cpu - cpu_used());
  if (real != kNever) left = std::min(left, real - static_cast<Deadline>(uv_hrtime()));
  if (left > 0) return left;
  const auto now = static_cast<Deadline>(uv_hrtime());
  if (cpu != passed_cpu_ || real != passed_real_) {
    passed_cpu_ = cpu;
    passed_real_ = real;
    again_ = kAgain;
  } else if (now < next_) {
    return next_ - now;
  }
  interrupt_.request(InterruptReason::limit);
  next_ = now + again_;
  again_ = std::min(2 * again_, kSeldom);
  return kAgain;
}

}  // namespace neap::internal
