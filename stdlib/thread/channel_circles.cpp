// Channels that keep each other: parcels that wait in the queue of one hold another one, and so on in a circle. Counted
// references never end there.
//
// A channel that was given up and is still held may be kept by such a circle, if channels lie in its queue. From it
// along the queues it is looked whether all that is reached is held by those queues alone. Then no script can get at
// any of it, now or later, and the queues are emptied. That is done at once while few channels are found so, and for
// many that were given up together while there are many: so that the work for each stays the same.
//
// One thread looks at a time, and gives up its own reference before the next one looks: so of several that give up the
// last references at the same time, the last one finds what is left.
#include "stdlib/thread/channel.hpp"

#include <algorithm>
#include <mutex>
#include <new>
#include <unordered_map>
#include <utility>
#include <vector>

namespace neap::internal::stdlib::thread {

namespace {

/// Never destroyed: threads may outlive static objects.
struct GivenUp {
  std::recursive_mutex mutex;  // what is destroyed gives up channels too
  std::vector<std::weak_ptr<Channel>> channels;
  std::size_t enough = 1;  // of them, to look
};

GivenUp& given_up() {
  static auto* const kAll = new GivenUp;
  return *kAll;
}

/// The last references that this thread gives up, one after the other: channels in channels may be nested as deep as
/// one likes.
thread_local std::vector<std::shared_ptr<Channel>>* ending = nullptr;

void give_up_last(std::shared_ptr<Channel> channel) {
  if (ending != nullptr) {
    ending->push_back(std::move(channel));
    return;
  }
  std::vector<std::shared_ptr<Channel>> list;
  ending = &list;
  channel.reset();
  while (!list.empty()) {
    std::shared_ptr<Channel> next = std::move(list.back());
    list.pop_back();
    next.reset();
  }
  ending = nullptr;
}

}  // namespace

/// What can be reached from some channels along the queues.
class Channel::Circles {
 public:
  /// Empties the queues of those that nothing else keeps, and returns how many it has seen. Throws std::bad_alloc.
  static std::size_t empty(const std::vector<std::weak_ptr<Channel>>& roots) {
    constexpr int kTries = 8;  // others may send while the channels are found one by one
    std::size_t seen = 0;
    for (int i = 0; i < kTries; ++i) {
      Circles found;
      found.find(roots);
      seen = found.known_.size();
      if (found.judge()) break;
    }
    return seen;
  }

 private:
  struct Known {
    std::shared_ptr<Channel> channel;
    long inside = 0;  // references from the queues
    bool kept = false;
  };

  void find(const std::vector<std::weak_ptr<Channel>>& roots) {
    for (const auto& root : roots) {
      if (const std::shared_ptr<Channel> channel = root.lock()) add(channel);
    }
    for (std::size_t i = 0; i < known_.size(); ++i) {  // NOLINT(modernize-loop-convert): it grows meanwhile
      const std::shared_ptr<Channel> channel = known_[i].channel;
      const std::lock_guard lock(channel->mutex_);
      each_held(*channel, [this](const std::shared_ptr<Channel>& held) { add(held); });
    }
  }

  void add(const std::shared_ptr<Channel>& channel) {
    if (places_.try_emplace(channel.get(), known_.size()).second) known_.push_back({channel});
  }

  template <class Visit>
  static void each_held(const Channel& channel, Visit visit) {
    if (channel.with_channels_ == 0) return;
    for (const Parcel& parcel : channel.parcels_) {
      for (const auto& held : parcel.channels()) {
        if (held != nullptr) visit(held);
      }
    }
  }

  /// With all of them locked nothing moves. False when there are more by now.
  bool judge() {
    std::vector<Channel*> sorted;
    for (const Known& known : known_) sorted.push_back(known.channel.get());
    std::sort(sorted.begin(), sorted.end());
    std::vector<Parcels> garbage;
    garbage.reserve(known_.size());
    std::vector<std::size_t> reached;
    reached.reserve(known_.size());
    std::vector<std::unique_lock<std::mutex>> locks;
    locks.reserve(sorted.size());
    for (Channel* channel : sorted) locks.emplace_back(channel->mutex_);
    if (!count()) return false;
    keep(reached);
    for (Known& known : known_) {
      if (known.kept) continue;
      garbage.emplace_back().swap(known.channel->parcels_);
      known.channel->with_channels_ = 0;
    }
    locks.clear();  // before what was in the queues is destroyed
    return true;
  }

  bool count() {
    bool complete = true;
    for (const Known& known : known_) {
      each_held(*known.channel, [&](const std::shared_ptr<Channel>& held) {
        const auto place = places_.find(held.get());
        complete = complete && place != places_.end();
        if (complete) ++known_[place->second].inside;
      });
    }
    return complete;
  }

  /// Marks what somebody else holds, and what is in the queues of that.
  void keep(std::vector<std::size_t>& reached) {
    for (std::size_t i = 0; i < known_.size(); ++i) {
      constexpr long kOwn = 1;  // this list's
      if (known_[i].channel.use_count() > known_[i].inside + kOwn) mark(i, reached);
    }
    while (!reached.empty()) {
      const Channel& channel = *known_[reached.back()].channel;
      reached.pop_back();
      each_held(channel,
                [&](const std::shared_ptr<Channel>& held) { mark(places_.find(held.get())->second, reached); });
    }
  }

  void mark(std::size_t i, std::vector<std::size_t>& reached) {
    if (std::exchange(known_[i].kept, true)) return;
    reached.push_back(i);
  }

  std::vector<Known> known_;
  std::unordered_map<const Channel*, std::size_t> places_;
};

bool Channel::keeps_channels() {
  const std::lock_guard lock(mutex_);
  return with_channels_ != 0;
}

void Channel::let_go(std::shared_ptr<Channel> channel) noexcept {
  if (channel == nullptr) return;
  try {
    if (channel.use_count() == 1) return give_up_last(std::move(channel));
    std::weak_ptr<Channel> there = channel;
    channel.reset();
    GivenUp& all = given_up();
    const std::lock_guard lock(all.mutex);
    if (const std::shared_ptr<Channel> again = there.lock(); again == nullptr || !again->keeps_channels()) return;
    all.channels.push_back(std::move(there));
    if (all.channels.size() >= all.enough) empty_circles();
  } catch (const std::bad_alloc&) {
    // A circle stays, until one of its channels is given up again.
  }
}

void Channel::empty_circles() {
  constexpr std::size_t kShare = 4;
  GivenUp& all = given_up();
  const std::lock_guard lock(all.mutex);
  std::vector<std::weak_ptr<Channel>> roots;
  roots.swap(all.channels);
  if (!roots.empty()) all.enough = std::max<std::size_t>(1, Circles::empty(roots) / kShare);
}

}  // namespace neap::internal::stdlib::thread
