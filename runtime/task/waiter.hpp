// Intrusive wait lists: waiting allocates nothing, and leaving a list takes constant time.
#pragma once

#include <cstddef>
#include <cstdint>

namespace neap::internal {

/// What a waiter is part of; whoever wakes it tells them apart by it.
enum class WaiterKind : std::uint8_t { task, handle, watch_entry, scope, select_case, hook };

/// A link of a WaitList's ring.
struct WaitLink {
  WaitLink* prev = nullptr;
  WaitLink* next = nullptr;
};

/// One place in a WaitList: the base of what waits. It stays where it is while it is linked.
struct Waiter : WaitLink {
  explicit Waiter(WaiterKind kind) : waiter_kind(kind) {}

  [[nodiscard]] bool linked() const { return next != nullptr; }
  /// Takes it out of the list that it is in.
  void unlink() {
    prev->next = next;  // NOLINT(clang-analyzer-core.NullDereference): it is linked
    next->prev = prev;  // NOLINT(clang-analyzer-core.NullDereference)
    prev = next = nullptr;
  }

  WaiterKind waiter_kind;
};

/// First in, first out. The list is a ring through a head of its own, so that a waiter needs no pointer to
/// the list it is in; therefore a list cannot move. It owns nothing: lists and waiters live in Lua's memory
/// and are freed without destructors.
class WaitList {
 public:
  WaitList() { head_.prev = head_.next = &head_; }
  WaitList(const WaitList&) = delete;
  WaitList& operator=(const WaitList&) = delete;

  [[nodiscard]] bool empty() const { return head_.next == &head_; }

  void push_back(WaitLink& waiter) {
    waiter.prev = head_.prev;
    waiter.next = &head_;
    head_.prev->next = &waiter;
    head_.prev = &waiter;
  }

  /// The first link, and the one after another; null behind the last.
  [[nodiscard]] WaitLink* first() const { return after(head_); }
  [[nodiscard]] WaitLink* after(const WaitLink& waiter) const { return waiter.next == &head_ ? nullptr : waiter.next; }

  /// The first waiter; the list must not be empty.
  [[nodiscard]] Waiter* front() { return static_cast<Waiter*>(head_.next); }

  /// How many wait: counted one by one.
  [[nodiscard]] std::size_t size() const {
    std::size_t count = 0;
    for (const WaitLink* link = head_.next; link != &head_; link = link->next) ++count;
    return count;
  }

  /// Unlinks and returns the first waiter, or null.
  Waiter* pop_front() {
    if (empty()) return nullptr;
    auto* first = static_cast<Waiter*>(head_.next);
    first->unlink();  // NOLINT(clang-analyzer-core.CallAndMessage): a ring has no null
    return first;
  }

 private:
  WaitLink head_;
};

}  // namespace neap::internal
