#include "runtime/loop/timer_heap.hpp"

#include <algorithm>

namespace neap::internal {

void TimerHeap::arm(TimerNode& node, Deadline deadline) {
  entries_.emplace_back();
  sift_up(entries_.size() - 1, Entry{deadline, sequence_++, &node});
}

void TimerHeap::disarm(TimerNode& node) {
  if (!node.armed()) return;
  remove_at(node.position);
  node.position = TimerNode::kIdle;
}

TimerNode* TimerHeap::pop_due(Deadline now) {
  if (entries_.empty() || entries_.front().deadline > now) return nullptr;
  TimerNode* node = entries_.front().node;
  remove_at(0);
  node->position = TimerNode::kIdle;
  return node;
}

void TimerHeap::remove_at(std::size_t index) {
  const Entry last = entries_.back();
  entries_.pop_back();
  if (index == entries_.size()) return;
  if (index > 0 && last.before(entries_[(index - 1) / kArity])) {
    sift_up(index, last);
  } else {
    sift_down(index, last);
  }
}

void TimerHeap::sift_up(std::size_t index, const Entry& entry) {
  while (index > 0) {
    const std::size_t parent = (index - 1) / kArity;
    if (!entry.before(entries_[parent])) break;
    place(index, entries_[parent]);
    index = parent;
  }
  place(index, entry);
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
    place(index, entries_[least]);
    index = least;
  }
  place(index, entry);
}

}  // namespace neap::internal
