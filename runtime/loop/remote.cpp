#include "runtime/loop/remote.hpp"

#include "runtime/loop/loop.hpp"

#include <utility>

namespace neap::internal {

Remote::Posting Remote::prepare(Work work) {
  Posting posting;
  posting.push_back(std::move(work));
  return posting;
}

bool Remote::post_prepared(Posting posting) noexcept {
  // What is refused is destroyed when the lock has been given back: its destructor may post.
  lock_awake(mutex_);
  const std::lock_guard lock(mutex_, std::adopt_lock);
  if (loop_ == nullptr) return false;
  posted_.splice(posted_.end(), posting);
  // Under the lock, so that the loop is still there.
  loop_->has_posted_.store(true);
  if (!loop_->attentive_.load()) loop_->wake();
  return true;
}

bool Remote::closed() const {
  const std::lock_guard lock(mutex_);
  return loop_ == nullptr;
}

std::list<Remote::Work> Remote::take() noexcept {
  std::list<Work> work;
  lock_awake(mutex_);
  const std::lock_guard lock(mutex_, std::adopt_lock);
  work.swap(posted_);
  if (loop_ != nullptr) loop_->has_posted_.store(false, std::memory_order_release);
  return work;
}

void Remote::close() {
  {
    const std::lock_guard lock(mutex_);
    if (loop_ == nullptr) return;
    loop_->has_posted_.store(false, std::memory_order_release);
    loop_ = nullptr;
  }
  const std::list<Work> never_run = take();
}

}  // namespace neap::internal
