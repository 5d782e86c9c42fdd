// Something under way that ends once: what stands between a Completion or a C++ coroutine and who waits for it.
//
// Owner: shared by counting: the producer, the waiter, and whatever is on its way between them. Thread: the
// interpreter's, but for `retain`, `release`, `claim` and `complete`.
//
//   open ──claim()──> claimed ──complete()──> ended
//
// Invariants
//  1. One caller in its life gets true from `claim`; that one puts the result in place and calls `complete`.
//  2. `ended` becomes true on the interpreter's thread, and the waiter is told there, once.
#pragma once

#include "neap/export.hpp"

#include <atomic>
#include <exception>
#include <memory>
#include <utility>

namespace neap {
class Writer;
}

namespace neap::detail {

class Host;
class Operation;

/// Who waits for an Operation.
class NEAP_API OperationWaiter {
 public:
  OperationWaiter() = default;
  virtual ~OperationWaiter() = default;
  OperationWaiter(const OperationWaiter&) = delete;
  OperationWaiter& operator=(const OperationWaiter&) = delete;

  /// It has ended.
  virtual void told() = 0;
  /// True when `told` may be called at any moment on the interpreter's thread; else in a turn of the loop.
  [[nodiscard]] virtual bool at_once() const { return false; }
};

class NEAP_API Operation {
 public:
  explicit Operation(std::shared_ptr<Host> host);
  virtual ~Operation();
  Operation(const Operation&) = delete;
  Operation& operator=(const Operation&) = delete;

  void retain() noexcept { references_.fetch_add(1, std::memory_order_relaxed); }
  void release() noexcept;

  [[nodiscard]] bool claim() noexcept { return !claimed_.exchange(true, std::memory_order_acq_rel); }
  /// True once somebody has claimed it. Any thread.
  [[nodiscard]] bool claimed() const noexcept { return claimed_.load(std::memory_order_acquire); }
  /// The result or the error is in its place.
  void complete() noexcept;

  [[nodiscard]] bool ended() const noexcept { return ended_; }
  [[nodiscard]] Host& host() const noexcept { return *host_; }
  [[nodiscard]] const std::shared_ptr<Host>& shared_host() const noexcept { return host_; }

  /// Begins it, where it has not begun by itself. It must not throw.
  virtual void begin() {}
  /// Writes the result; to be called once it has ended without an error.
  virtual void write(Writer& results) = 0;
  /// Whoever waited does so no more.
  virtual void cancel() noexcept = 0;
  /// True when its end comes from outside the loop, so that waiting for it is no deadlock.
  [[nodiscard]] virtual bool from_outside() const { return false; }

  std::exception_ptr error;
  OperationWaiter* waiter = nullptr;

 private:
  void tell() noexcept;

  const std::shared_ptr<Host> host_;
  std::atomic<int> references_{1};
  std::atomic<bool> claimed_{false};
  bool ended_ = false;
};

/// Counts one owner.
template <class T>
class OperationRef {
 public:
  OperationRef() = default;
  /// Takes over the reference that the pointer came with.
  explicit OperationRef(T* operation) : operation_(operation) {}
  OperationRef(const OperationRef& other) : operation_(other.operation_) {
    if (operation_ != nullptr) operation_->retain();
  }
  OperationRef(OperationRef&& other) noexcept : operation_(std::exchange(other.operation_, nullptr)) {}
  OperationRef& operator=(OperationRef other) noexcept {
    std::swap(operation_, other.operation_);
    return *this;
  }
  ~OperationRef() {
    if (operation_ != nullptr) operation_->release();
  }

  T* operator->() const { return operation_; }
  T& operator*() const { return *operation_; }
  explicit operator bool() const { return operation_ != nullptr; }
  /// One more reference, for who takes it over.
  [[nodiscard]] T* share() const {
    operation_->retain();
    return operation_;
  }

 private:
  T* operation_ = nullptr;
};

/// The Host of the call under way, to share. (A Call is known by name only here.)
NEAP_API std::shared_ptr<Host> share(Host& host);

}  // namespace neap::detail
