#include "neap/detail/chain.hpp"

#include "interp/embed/host.hpp"
#include "neap/async.hpp"
#include "neap/error.hpp"
#include "runtime/lua/bind.hpp"

#include <algorithm>
#include <cmath>
#include <new>
#include <stdexcept>
#include <utility>

namespace neap {

namespace detail {

namespace {

/// Ends when its alarm is due.
class AlarmOperation final : public Operation, public internal::Alarm {
 public:
  AlarmOperation(std::shared_ptr<Host> shared_host, double seconds)
      : Operation(std::move(shared_host)),
        Alarm([](Alarm& alarm) { static_cast<AlarmOperation&>(alarm).ring(); }) {
    internal::Loop& loop = host().inside().loop();
    const internal::Deadline deadline = loop.clock().after(seconds);
    if (deadline != internal::kNever) loop.timers().arm(*this, deadline);
  }
  ~AlarmOperation() override { disarm(); }

  void write(Writer&) override {}
  void cancel() noexcept override {
    if (claim()) disarm();
  }

 private:
  void ring() {
    if (claim()) complete();
  }
  void disarm() {
    if (armed()) host().inside().loop().timers().disarm(*this);
  }
};

}  // namespace

void Chain::cancel() noexcept {
  cancelled_ = true;
  if (awaiter_ != nullptr) awaiter_->interrupt();
}

ChainAwaiter::~ChainAwaiter() { stop_waiting(); }

bool ChainAwaiter::enter(Chain& chain) {
  chain_ = &chain;
  return !chain.cancelled();
}

bool ChainAwaiter::suspend(std::coroutine_handle<> self, Operation& operation) {
  operation_ = &operation;
  if (operation.ended()) return false;
  self_ = self;
  waiting_ = true;
  chain_->awaiter_ = this;
  operation.waiter = this;
  if (operation.from_outside()) chain_->host().inside().loop().hold();
  return true;
}

void ChainAwaiter::stop_waiting() noexcept {
  if (!std::exchange(waiting_, false)) return;
  chain_->awaiter_ = nullptr;
  operation_->waiter = nullptr;
  if (operation_->from_outside() && !chain_->host().closed()) chain_->host().inside().loop().release();
}

void ChainAwaiter::told() {
  stop_waiting();
  self_.resume();
}

void ChainAwaiter::interrupt() noexcept {
  stop_waiting();
  operation_->cancel();
  self_.resume();
}

void ChainAwaiter::resumed() {
  if (operation_ == nullptr || (chain_->cancelled() && (!operation_->ended() || operation_->error))) throw Cancelled();
}

SleepAwaiter::SleepAwaiter(double seconds) : seconds_(seconds) {}

SleepAwaiter::~SleepAwaiter() { stop_waiting(); }

bool SleepAwaiter::begin(Chain& chain, std::coroutine_handle<> self) {
  if (!enter(chain)) return false;
  operation_ = OperationRef<Operation>(new AlarmOperation(share(chain.host()), seconds_));
  return suspend(self, *operation_);
}

}  // namespace detail

detail::SleepAwaiter sleep(double seconds) {
  if (std::isnan(seconds)) throw std::invalid_argument("neap::sleep: the delay is not a number");
  return detail::SleepAwaiter(std::clamp(seconds, 0.0, internal::kForever));
}

}  // namespace neap
