// The loop's timers: a stable min-heap of deadlines.
//
// A timer is the base of what it wakes (a task, a handle, a timeout scope), so arming one allocates nothing
// but the heap's own arrays.
//
// An entry names its node by a slot, and a node knows its slot: moving an entry touches nothing but the heap, where
// 100,000 tasks that sleep lie all over the memory. A disarmed node leaves its entry behind, which names nobody then;
// such entries are dropped on top, and everywhere when they are more than half.
//
// Invariants
//  1. `node.timer_slot` is its place in `nodes_`, or kIdle when it is not armed.
//  2. An armed node's owner stays where it is, and alive, until the node fires or is disarmed.
//  3. Equal deadlines fire in the order in which they were armed (`sequence`).
//  4. The first entry names an armed node. A slot is free when no entry has it.
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
  [[nodiscard]] bool armed() const { return timer_slot != kIdle; }

  std::uint32_t timer_slot = kIdle;
  TimerKind timer_kind;
};

/// A timer of C++'s: `due` is called on the loop's thread, outside Lua, once its deadline has come. It may be armed
/// again.
struct Alarm : TimerNode {
  explicit Alarm(void (*on_due)(Alarm&)) : TimerNode(TimerKind::alarm), due(on_due) {}

  void (*due)(Alarm&);
};

class TimerHeap {
 public:
  TimerHeap() = default;
  /// Counts what is armed from that number on; when it has come to the last one, all are numbered anew.
  explicit TimerHeap(std::uint32_t first_sequence) : sequence_(first_sequence) {}

  [[nodiscard]] bool empty() const { return entries_.empty(); }
  /// How many are armed.
  [[nodiscard]] std::size_t size() const { return entries_.size() - left_behind_; }
  /// The earliest deadline, kNever when there is none.
  [[nodiscard]] Deadline next() const { return entries_.empty() ? kNever : entries_.front().deadline; }

  /// The node of that deadline, or null.
  [[nodiscard]] TimerNode* first() const { return entries_.empty() ? nullptr : nodes_[entries_.front().slot]; }

  /// The armed nodes by numbers below `slots`, in no order; null where none is.
  [[nodiscard]] std::size_t slots() const { return nodes_.size(); }
  [[nodiscard]] TimerNode* at(std::size_t slot) const { return nodes_[slot]; }

  /// Arms an idle node. May throw std::bad_alloc, and then changes nothing.
  void arm(TimerNode& node, Deadline deadline);
  /// Disarms the node if it is armed.
  void disarm(TimerNode& node);
  /// Takes the first node whose deadline is not after `now`, or null.
  TimerNode* pop_due(Deadline now);

 private:
  static constexpr std::size_t kArity = 4;  // the children of an entry lie in one or two cache lines
  static constexpr std::size_t kFewLeftBehind = 64;

  struct Entry {
    Deadline deadline;
    std::uint32_t sequence;
    std::uint32_t slot;
    [[nodiscard]] bool before(const Entry& other) const {
      return deadline != other.deadline ? deadline < other.deadline : sequence < other.sequence;
    }
  };

  std::uint32_t take_slot();
  void leave(TimerNode& node);
  void drop_first();
  void drop_left_behind();
  void number_anew();
  void sift_up(std::size_t index, const Entry& entry);
  void sift_down(std::size_t index, const Entry& entry);
  void prefetch(const Entry& entry) const;

  std::vector<Entry> entries_;
  std::vector<TimerNode*> nodes_;          // by slot; null where none is armed
  std::vector<std::uint32_t> free_slots_;  // has room for all of them
  std::size_t left_behind_ = 0;            // entries that name nobody
  std::uint32_t sequence_ = 0;
};

}  // namespace neap::internal
