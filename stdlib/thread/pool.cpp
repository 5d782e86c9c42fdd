#include "stdlib/thread/pool.hpp"

#include <utility>

namespace neap::internal::stdlib::thread {

Pool::Pool(std::shared_ptr<Home> home, SearchPaths paths, int most, std::string name)
    : home_(std::move(home)),
      paths_(std::move(paths)),
      most_(most),
      name_(std::move(name)) {}

// The queue. Under the mutex.

void Pool::push_queued(Call& call) {
  call.state = Call::State::queued;
  call.prev_queued = last_;
  call.next_queued = nullptr;
  (last_ != nullptr ? last_->next_queued : first_) = &call;
  last_ = &call;
  ++queued_;
}

void Pool::unlink_queued(Call& call) {
  (call.prev_queued != nullptr ? call.prev_queued->next_queued : first_) = call.next_queued;
  (call.next_queued != nullptr ? call.next_queued->prev_queued : last_) = call.prev_queued;
  --queued_;
}

Call* Pool::take_queued() {
  Call* call = first_;
  if (call != nullptr) unlink_queued(*call);
  return call;
}

void Pool::give(Runner& runner, Call& call) {
  runner.current = &call;
  call.runner = &runner;
  call.state = Call::State::running;
  runner.has_call.store(true, std::memory_order_release);
}

// The owner's side.

int Pool::submit(std::unique_ptr<Call>& call) {
  Runner* idle = nullptr;
  const bool may_start = threads < most_;
  {
    lock_awake(mutex_);
    const std::lock_guard lock(mutex_, std::adopt_lock);
    if (!idle_.empty()) {
      idle = idle_.back();
      idle_.pop_back();
      give(*idle, *call);
    } else if (!may_start) {
      push_queued(*call);
    }
  }
  if (idle != nullptr) {
    idle->given.notify_one();
  } else if (may_start) {
    const int error = home_->start_thread(*this, *call);
    if (error != 0 && threads == 0) return error;
    if (error != 0) {  // those that there are will come to it
      const std::lock_guard lock(mutex_);
      push_queued(*call);
    }
  }
  call.release();  // NOLINT(bugprone-unused-return-value): the queue's, or its runner's
  return 0;
}

void Pool::drop(Call& call) {
  bool interrupted = false;
  {
    const std::lock_guard lock(mutex_);
    if (call.state == Call::State::running) {
      call.runner->interrupt(Stop::cancel);
      interrupted = true;
    } else if (call.state == Call::State::queued) {
      unlink_queued(call);
    } else {
      return;  // the Home has it
    }
  }
  if (interrupted) {
    home_->watch_interrupts();
  } else {
    delete &call;
  }
}

std::vector<Call*> Pool::shut_down(bool discard) {
  std::vector<Call*> discarded;
  std::vector<Runner*> idle;
  shut_down_ = true;
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
    while (discard && first_ != nullptr) discarded.push_back(take_queued());
    idle.swap(idle_);
    for (Runner* runner : idle) runner->given.notify_one();  // under the mutex: an idle thread that ends is not seen
  }
  return discarded;
}

void Pool::interrupt(Runner& runner, Stop level) {
  const std::lock_guard lock(mutex_);
  if (runner.current != nullptr) runner.interrupt(level);
}

void Pool::interrupt_again(Runner& runner) {
  const std::lock_guard lock(mutex_);
  if (runner.current != nullptr && runner.is_interrupted()) runner.interrupt_again();
}

std::uint32_t Pool::place_of(Runner& runner) {
  const std::lock_guard lock(mutex_);
  return runner.current != nullptr ? runner.current->place : 0;
}

std::size_t Pool::queued() {
  const std::lock_guard lock(mutex_);
  return queued_;
}

std::size_t Pool::idle() {
  const std::lock_guard lock(mutex_);
  return idle_.size();
}

void Pool::make_room() {
  const std::lock_guard lock(mutex_);
  idle_.reserve(static_cast<std::size_t>(threads) + 1);
}

// The runners' side.

Call* Pool::next_call(Runner& runner) {
  const auto has_call = [&runner] { return runner.has_call.load(std::memory_order_acquire); };
  if (has_call() || (runner.alertness.worthwhile() && runner.alertness.look_out(has_call))) return runner.current;
  std::unique_lock lock(mutex_);
  runner.given.wait(lock, [&] { return runner.current != nullptr || ending_; });
  return runner.current;
}

Call* Pool::call_ended(Runner& runner, Call& call) {
  Call* next = nullptr;
  {
    lock_awake(mutex_);
    const std::lock_guard lock(mutex_, std::adopt_lock);
    call.state = Call::State::ended;
    call.runner = nullptr;
    runner.current = nullptr;
    runner.has_call.store(false, std::memory_order_relaxed);
    runner.clear_interrupt();
    next = take_queued();
    if (next != nullptr) {
      give(runner, *next);
    } else if (!ending_) {
      idle_.push_back(&runner);  // before the answer is told: the next call comes back here
    }
  }
  home_->call_ended(std::unique_ptr<Call>(&call));
  return next != nullptr ? next : next_call(runner);
}

}  // namespace neap::internal::stdlib::thread
