// Coroutines of C++ that await one another, the first of which nobody in C++ awaits; and what the last of them waits
// for.
#pragma once

#include "neap/detail/operation.hpp"
#include "neap/export.hpp"

#include <coroutine>
#include <memory>

namespace neap::detail {

class ChainAwaiter;

class NEAP_API Chain {
 public:
  explicit Chain(Host& host) : host_(host) {}

  [[nodiscard]] Host& host() const noexcept { return host_; }
  [[nodiscard]] bool cancelled() const noexcept { return cancelled_; }
  /// Resumes the coroutine that waits, with Cancelled; from now on no `co_await` waits.
  void cancel() noexcept;

 private:
  friend class ChainAwaiter;

  Host& host_;
  bool cancelled_ = false;
  ChainAwaiter* awaiter_ = nullptr;  // of the coroutine that waits; null while one runs
};

/// What a `co_await` waits for. It lies in the frame of the coroutine, and so dies with it.
class NEAP_API ChainAwaiter : public OperationWaiter {
 public:
  ChainAwaiter() = default;
  ~ChainAwaiter() override;

 protected:
  /// False when the chain has been cancelled, so that there is nothing to begin.
  bool enter(Chain& chain);
  /// Waits for the operation, unless it has ended: then it returns false.
  bool suspend(std::coroutine_handle<> self, Operation& operation);
  /// To be called on resumption: throws Cancelled unless the operation has ended.
  void resumed();
  /// Who derives calls it in its destructor, while the operation is there: the frame may be destroyed while it waits.
  void stop_waiting() noexcept;

 private:
  friend class Chain;

  void told() override;
  void interrupt() noexcept;

  Chain* chain_ = nullptr;
  std::coroutine_handle<> self_;
  Operation* operation_ = nullptr;  // kept by who derives
  bool waiting_ = false;
};

/// An operation that ends at a time.
class NEAP_API SleepAwaiter final : public ChainAwaiter {
 public:
  explicit SleepAwaiter(double seconds);
  ~SleepAwaiter() override;

  [[nodiscard]] bool await_ready() const noexcept { return false; }
  template <class P>
  bool await_suspend(std::coroutine_handle<P> self) {
    return begin(*self.promise().chain, self);
  }
  void await_resume() { resumed(); }

 private:
  bool begin(Chain& chain, std::coroutine_handle<> self);

  double seconds_;
  OperationRef<Operation> operation_;
};

}  // namespace neap::detail
