#include "stdlib/thread/channel.hpp"

#include "runtime/task/scheduler.hpp"

#include <utility>

namespace neap::internal::stdlib::thread {

// Under the mutex.

void Channel::add_last(Parcel& parcel) {
  parcels_.emplace_back();
  with_channels_ += parcel.holds_channels() ? 1 : 0;
  parcels_.back() = std::move(parcel);
}

void Channel::take_first(Parcel& parcel) {
  parcel = std::move(parcels_.front());
  parcels_.pop_front();
  with_channels_ -= parcel.holds_channels() ? 1 : 0;
}

void Channel::queue(Waits& waits, const std::shared_ptr<Wait>& wait) {
  wait->place = waits.insert(waits.end(), wait);
  wait->state = Wait::State::waiting;
}

/// Takes the first that waits out of the list, if there is one. It is told when the parcel is where it belongs.
bool Channel::hand_to_receiver(Parcel& parcel) {
  if (receivers_.empty()) return false;
  tell(receivers_.front());
  take(receivers_, Wait::State::granted)->parcel = std::move(parcel);
  return true;
}

void Channel::take_from_sender() {
  if (senders_.empty()) return;
  parcels_.emplace_back();
  try {
    tell(senders_.front());
  } catch (...) {
    parcels_.pop_back();
    throw;
  }
  Parcel& last = parcels_.back();
  last = std::move(take(senders_, Wait::State::granted)->parcel);
  with_channels_ += last.holds_channels() ? 1 : 0;
}

std::shared_ptr<Channel::Wait> Channel::take(Waits& waits, Wait::State state) {
  std::shared_ptr<Wait> wait = std::move(waits.front());
  waits.pop_front();
  wait->state = state;
  return wait;
}

/// Comes before what is told of, because it fails without memory: who is told waits for the mutex.
void Channel::tell(const std::shared_ptr<Wait>& wait) {
  wait->home->post([wait] {
    { const std::lock_guard lock(wait->channel->mutex_); }
    if (wait->task != nullptr) wait->home->scheduler().wake(*std::exchange(wait->task, nullptr));
  });
}

void Channel::end_all(Waits& waits) {
  while (!waits.empty()) {
    tell(waits.front());
    take(waits, Wait::State::closed);
  }
}

// Any thread.

Channel::Outcome Channel::send(Parcel& parcel, const std::shared_ptr<Wait>& wait) {
  const std::lock_guard lock(mutex_);
  if (closed_) return Outcome::closed;
  if (hand_to_receiver(parcel)) return Outcome::done;
  if (parcels_.size() < capacity_) {
    add_last(parcel);
    return Outcome::done;
  }
  if (wait) {
    queue(senders_, wait);
    wait->parcel = std::move(parcel);
  }
  return Outcome::must_wait;
}

Channel::Outcome Channel::receive(Parcel& parcel, const std::shared_ptr<Wait>& wait) {
  const std::lock_guard lock(mutex_);
  if (parcels_.empty()) take_from_sender();
  if (!parcels_.empty()) {
    take_first(parcel);
    try {
      // What was given back may be one more than there is room for.
      if (parcels_.size() < capacity_) take_from_sender();
    } catch (const std::bad_alloc&) {
      // The sender waits for the next receiver.
    }
    return Outcome::done;
  }
  if (closed_) return Outcome::closed;
  if (wait) queue(receivers_, wait);
  return Outcome::must_wait;
}

void Channel::abandon(Wait& wait) {
  const std::lock_guard lock(mutex_);
  if (wait.state != Wait::State::waiting) return;
  wait.state = Wait::State::abandoned;
  Waits& waits = wait.sends ? senders_ : receivers_;
  waits.erase(wait.place);
}

void Channel::give_back(Parcel& parcel) {
  const std::lock_guard lock(mutex_);
  if (hand_to_receiver(parcel)) return;
  parcels_.emplace_front();
  with_channels_ += parcel.holds_channels() ? 1 : 0;
  parcels_.front() = std::move(parcel);
}

void Channel::close() {
  const std::lock_guard lock(mutex_);
  closed_ = true;
  end_all(senders_);
  end_all(receivers_);
}

bool Channel::is_closed() {
  const std::lock_guard lock(mutex_);
  return closed_;
}

std::size_t Channel::size() {
  const std::lock_guard lock(mutex_);
  return parcels_.size();
}

}  // namespace neap::internal::stdlib::thread
