// The scheduler from outside: who may run it, and running it a little at a time within another loop.
#include "runtime/task/drive.hpp"

#include "runtime/task/scheduler.hpp"

#include <algorithm>
#include <csignal>
#include <stdexcept>
#include <utility>

namespace neap::internal {

namespace {

/// Takes a SIGPIPE that this thread's own write has raised.
void swallow_broken_pipe(const sigset_t& set) {
  sigset_t pending;
  int signal = 0;
  if (sigpending(&pending) == 0 && sigismember(&pending, SIGPIPE) == 1) sigwait(&set, &signal);
}

}  // namespace

void check_can_drive(const Scheduler& scheduler) {
  if (!scheduler.is_driven()) return;
  throw std::logic_error(
      "neap: an interpreter cannot be run from within its own run: this was called by one of its tasks or callbacks");
}

Driving::Driving(Scheduler& scheduler) : scheduler_(scheduler), memory_(scheduler.memory()) {
  check_can_drive(scheduler);
  scheduler.driven_ = true;
  scheduler.tells_work_ = false;
  if (!scheduler.shields_broken_pipes) return;
  sigemptyset(&broken_pipe_);
  sigaddset(&broken_pipe_, SIGPIPE);
  sigset_t before;
  shields_ = pthread_sigmask(SIG_BLOCK, &broken_pipe_, &before) == 0 && sigismember(&before, SIGPIPE) == 0;
}

Driving::~Driving() {
  scheduler_.driven_ = false;
  scheduler_.loop_.rest();
  if (shields_) {
    swallow_broken_pipe(broken_pipe_);
    pthread_sigmask(SIG_UNBLOCK, &broken_pipe_, nullptr);
  }
  if (!scheduler_.work_hook_) return;
  scheduler_.work_hook_();
  scheduler_.tells_work_ = true;
}

void Scheduler::set_work_hook(std::function<void()> hook) {
  work_hook_ = std::move(hook);
  tells_work_ = work_hook_ != nullptr && !driven_;
}

void Scheduler::tell_work() {
  tells_work_ = false;  // once, until it has run
  work_hook_();
}

/// One turn that does not wait.
void Scheduler::turn_at_once() {
  if (memory_.is_short()) memory_.restock();
  if (observed_) tell_poll(Event::before_poll);
  loop_.poll_all();
  if (observed_) tell_poll(Event::after_poll);
  fire_timers();
  run_ready();
}

bool Scheduler::run_some(Deadline budget) {
  const Driving driving(*this);
  if (exit_requested_) return false;
  const auto began = static_cast<Deadline>(uv_hrtime());
  Deadline left = budget;
  do {
    slice_ = std::clamp<Deadline>(left, 0, kSlice);
    turn_at_once();
    if (ready_.empty()) loop_.jump();
    left = began + budget - static_cast<Deadline>(uv_hrtime());
  } while (left > 0 && time_left() == 0);
  slice_ = kSlice;
  return time_left() == 0;
}

Deadline Scheduler::time_left() {
  if (exit_requested_) return kNever;
  return ready_.empty() ? loop_.time_left() : 0;
}

bool Scheduler::has_work() const {
  return !exit_requested_ && (!ready_.empty() || !loop_.timers().empty() || loop_.alive());
}

void Scheduler::run_all() {
  const Driving driving(*this);
  while (live_tasks_ != 0 && !exit_requested_) turn();
}

}  // namespace neap::internal
