#include "runtime/loop/timer_heap.hpp"

#include <algorithm>

namespace neap::internal {

void TimerHeap::arm(TimerNode& node, Deadline deadline) {
  entries_.emplace_back();
  try {
    node.timer_slot = take_slot();
  } catch (...) {
    entries_.pop_back();
    throw;
  }
  nodes_[node.timer_slot] = &node;
  const Entry entry{deadline, sequence_, node.timer_slot};
  sift_up(entries_.size() - 1, entry);
  if (++sequence_ == UINT32_MAX) number_anew();
}

void TimerHeap::disarm(TimerNode& node) {
  if (!node.armed()) return;
  const std::uint32_t slot = node.timer_slot;
  leave(node);
  // Mostly the last one armed: a timeout that was not needed.
  if (entries_.back().slot == slot) {
    entries_.pop_back();
    free_slots_.push_back(slot);
    return;
  }
  ++left_behind_;
  while (!entries_.empty() && nodes_[entries_.front().slot] == nullptr) {
    drop_first();
    --left_behind_;
  }
  if (left_behind_ > kFewLeftBehind && left_behind_ > size()) drop_left_behind();
}

TimerNode* TimerHeap::pop_due(Deadline now) {
  if (entries_.empty() || entries_.front().deadline > now) return nullptr;
  TimerNode* node = nodes_[entries_.front().slot];
  leave(*node);
  drop_first();
  while (!entries_.empty() && nodes_[entries_.front().slot] == nullptr) {
    drop_first();
    --left_behind_;
  }
  return node;
}

std::uint32_t TimerHeap::take_slot() {
  if (free_slots_.empty()) {
    if (nodes_.size() == nodes_.capacity()) {
      const std::size_t room = std::max<std::size_t>(16, 2 * nodes_.capacity());
      free_slots_.reserve(room);
      nodes_.reserve(room);
    }
    nodes_.push_back(nullptr);
    return static_cast<std::uint32_t>(nodes_.size() - 1);
  }
  const std::uint32_t slot = free_slots_.back();
  free_slots_.pop_back();
  return slot;
}

/// The node is armed no more; its entry is still there.
void TimerHeap::leave(TimerNode& node) {
  nodes_[node.timer_slot] = nullptr;
  node.timer_slot = TimerNode::kIdle;
}

void TimerHeap::drop_first() {
  free_slots_.push_back(entries_.front().slot);
  const Entry last = entries_.back();
  entries_.pop_back();
  if (!entries_.empty()) sift_down(0, last);
}

void TimerHeap::drop_left_behind() {
  const auto kept = std::partition(entries_.begin(), entries_.end(),
                                   [this](const Entry& entry) { return nodes_[entry.slot] != nullptr; });
  for (auto entry = kept; entry != entries_.end(); ++entry) free_slots_.push_back(entry->slot);
  entries_.erase(kept, entries_.end());
  left_behind_ = 0;
  for (std::size_t index = entries_.size() / kArity + 1; index-- > 0;) {
    if (index < entries_.size()) sift_down(index, Entry(entries_[index]));
  }
}

/// A sorted array is a heap, too.
void TimerHeap::number_anew() {
  std::sort(entries_.begin(), entries_.end(), [](const Entry& a, const Entry& b) { return a.before(b); });
  sequence_ = 0;
  for (Entry& entry : entries_) entry.sequence = sequence_++;
}

void TimerHeap::sift_up(std::size_t index, const Entry& entry) {
  while (index > 0) {
    const std::size_t parent = (index - 1) / kArity;
    if (!entry.before(entries_[parent])) break;
    entries_[index] = entries_[parent];
    index = parent;
  }
  entries_[index] = entry;
}

void TimerHeap::sift_down(std::size_t index, const Entry& entry) {
  const std::size_t size = entries_.size();
  for (;;) {
    const std::size_t first = index * kArity + 1;
    if (first >= size) break;
    std::size_t least = first;
    for (std::size_t child = first + 1; child < std::min(first + kArity, size); ++child) {
      if (entries_[child].before(entries_[least])) least = child;
    }
    if (!entries_[least].before(entry)) break;
    entries_[index] = entries_[least];
    if (index <= kArity) prefetch(entries_[index]);
    index = least;
  }
  entries_[index] = entry;
}

/// Asks for the memory of a node that fires soon, with what its owner has before and behind it.
void TimerHeap::prefetch(const Entry& entry) const {
  constexpr std::uintptr_t kCacheLine = 64;
  const auto node = reinterpret_cast<std::uintptr_t>(nodes_[entry.slot]);
  __builtin_prefetch(reinterpret_cast<const void*>(node - kCacheLine), 1);
  __builtin_prefetch(reinterpret_cast<const void*>(node), 1);
  __builtin_prefetch(reinterpret_cast<const void*>(node + kCacheLine), 1);
}

}  // namespace neap::internal
