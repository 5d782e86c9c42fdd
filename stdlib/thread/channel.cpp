#include "stdlib/thread/channel.hpp"

#include "runtime/task/scheduler.hpp"

#include <utility>

namespace neap::internal::stdlib::thread {

// Under the mutex.

void Channel::queue(Waits& waits, const std::shared_ptr<Wait>& wait) {
  wait->state = Wait::State::waiting;
  wait->place = waits.insert(waits.end(), wait);
}

/// Takes the first that waits out of the list, if there is one. It is told when the parcel is where it belongs.
bool Channel::hand_to_receiver(Parcel& parcel) {
  if (receivers_.empty()) return false;
  const std::shared_ptr<Wait> wait = take(receivers_, Wait::State::granted);
  wait->parcel = std::move(parcel);
  tell(wait);
  return true;
}

void Channel::take_from_sender() {
  if (senders_.empty()) return;
  const std::shared_ptr<Wait> wait = take(senders_, Wait::State::granted);
  parcels_.push_back(std::move(wait->parcel));
  tell(wait);
}

std::shared_ptr<Channel::Wait> Channel::take(Waits& waits, Wait::State state) {
  std::shared_ptr<Wait> wait = std::move(waits.front());
  waits.pop_front();
  wait->state = state;
  return wait;
}

void Channel::tell(const std::shared_ptr<Wait>& wait) {
  wait->home->post([wait] {
    if (wait->task != nullptr) wait->home->scheduler().wake(*std::exchange(wait->task, nullptr));
  });
}

void Channel::end_all(Waits& waits) {
  while (!waits.empty()) tell(take(waits, Wait::State::closed));
}

// Any thread.

Channel::Outcome Channel::send(Parcel& parcel, const std::shared_ptr<Wait>& wait) {
  const std::lock_guard lock(mutex_);
  if (closed_) return Outcome::closed;
  if (hand_to_receiver(parcel)) return Outcome::done;
  if (parcels_.size() < capacity_) {
    parcels_.push_back(std::move(parcel));
    return Outcome::done;
  }
  if (wait) {
    wait->parcel = std::move(parcel);
    queue(senders_, wait);
  }
  return Outcome::must_wait;
}

Channel::Outcome Channel::receive(Parcel& parcel, const std::shared_ptr<Wait>& wait) {
  const std::lock_guard lock(mutex_);
  if (!parcels_.empty()) {
    parcel = std::move(parcels_.front());
    parcels_.pop_front();
    // What was given back may be one more than there is room for.
    if (parcels_.size() < capacity_) take_from_sender();
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
  if (!hand_to_receiver(parcel)) parcels_.push_front(std::move(parcel));
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
