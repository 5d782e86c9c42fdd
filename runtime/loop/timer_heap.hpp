// The loop's timers: a stable min-heap of deadlines.
//
// A timer is the base of what it wakes (a task, a handle, a timeout scope), so arming one allocates nothing
// but the heap's own array.
//
// Invariants
//  1. `node.position` is the index of its entry, or kIdle when it is not armed.
//  2. An armed node's owner stays where it is, and alive, until the node fires or is disarmed.
//  3. Equal deadlines fire in the order in which they were armed (`sequence`).
#pragma once

#include "runtime/loop/clock.hpp"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace neap::internal {

/// What a fired timer belongs to; the loop's user tells them apart by it.
enum class TimerKind : std::uint8_t { task, handle, scope, select, limit, alarm };

/// The base of what a timer wakes.
struct TimerNode {
  static constexpr std::uint32_t kIdle = UINT32_MAX;

  explicit TimerNode(TimerKind kind) : timer_kind(kind) {}
  [[nodiscard]] bool armed() const { return position != kIdle; }

  std::uint32_t position = kIdle;
  TimerKind timer_kind;
};

/// A timer of C++'s: `due` is called on the loop's thread, outside Lua, once its deadline has come. It may be armed again.
struct Alarm : TimerNode {
  explicit Alarm(void (*on_due)(Alarm&)) : TimerNode(TimerKind::alarm), due(on_due) {}

  void (*due)(Alarm&);
};

class TimerHeap {
 public:
  [[nodiscard]] bool empty() const { return entries_.empty(); }
  [[nodiscard]] std::size_t size() const { return entries_.size(); }
  /// The earliest deadline, kNever when there is none.
  [[nodiscard]] Deadline next() const { return entries_.empty() ? kNever : entries_.front().deadline; }

  /// The node of that deadline, or null.
  [[nodiscard]] TimerNode* first() const { return entries_.empty() ? nullptr : entries_.front().node; }

  /// The armed nodes, by numbers below `size`, in no order.
  [[nodiscard]] TimerNode& at(std::size_t index) const { return *entries_[index].node; }

  /// Arms an idle node. May throw std::bad_alloc, and then changes nothing.
  void arm(TimerNode& node, Deadline deadline);
  /// Disarms the node if it is armed.
  void disarm(TimerNode& node);
  /// Takes the first node whose deadline is not after `now`, or null.
  TimerNode* pop_due(Deadline now);

 private:
  static constexpr std::size_t kArity = 4;  // wider than binary: fewer cache lines for the same depth

  struct Entry {
    Deadline deadline;
    std::uint64_t sequence;
    TimerNode* node;
    [[nodiscard]] bool before(const Entry& other) const {
      return deadline != other.deadline ? deadline < other.deadline : sequence < other.sequence;
    }
  };

  void place(std::size_t index, const Entry& entry) {
    entries_[index] = entry;
    entry.node->position = static_cast<std::uint32_t>(index);
  }
  void sift_up(std::size_t index, const Entry& entry);
  void sift_down(std::size_t index, const Entry& entry);
  void remove_at(std::size_t index);

  std::vector<Entry> entries_;
  std::uint64_t sequence_ = 0;
};

}  // namespace neap::internal
