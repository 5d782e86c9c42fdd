// A C++ function that finishes later, from any thread.
//
//   interpreter.set_function("fetch", [&pool](neap::Completion<std::string> done, std::string url) {
//     pool.add([done, url] { done.resolve(download(url)); });
//   });
//
// Lua calls `fetch(url)` like any function; the task that calls waits, and nobody else does.
#pragma once

#include "neap/convert.hpp"
#include "neap/detail/call.hpp"
#include "neap/detail/operation.hpp"
#include "neap/error.hpp"
#include "neap/export.hpp"

#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <type_traits>
#include <utility>

namespace neap {

namespace detail {

/// What a Completion completes.
class NEAP_API PendingBase : public Operation {
 public:
  using Operation::Operation;

  void cancel() noexcept override;
  [[nodiscard]] bool from_outside() const override { return true; }
  void on_cancel(std::function<void()> callback);
  [[nodiscard]] bool cancelled() const noexcept { return cancelled_.load(std::memory_order_acquire); }

 private:
  std::atomic<bool> cancelled_{false};
  std::mutex mutex_;
  std::function<void()> on_cancel_;
};

template <class T>
class Pending final : public PendingBase {
 public:
  using PendingBase::PendingBase;

  void write(Writer& results) override { results.write(std::move(*value)); }

  std::optional<T> value;
};

template <>
class Pending<void> final : public PendingBase {
 public:
  using PendingBase::PendingBase;

  void write(Writer&) override {}
};

/// The error of a Completion that nobody has used.
NEAP_API std::exception_ptr dropped_completion();

/// All copies of one Completion.
template <class T>
class Producer {
 public:
  explicit Producer(OperationRef<Pending<T>> completed) : operation(std::move(completed)) {}
  ~Producer() {
    if (!operation->claim()) return;
    operation->error = dropped_completion();
    operation->complete();
  }
  Producer(const Producer&) = delete;
  Producer& operator=(const Producer&) = delete;

  const OperationRef<Pending<T>> operation;
};

}  // namespace detail

/// The promise of a result for the task (or C++ coroutine) that waits.
///
/// Copies share it. Every member may be called on any thread, also after the interpreter has been destroyed. It counts
/// once: the first `resolve` or `reject` wins, and when the last copy dies without either, the caller gets a
/// RuntimeError. One that was moved from is always too late.
template <class T = void>
class Completion {
 public:
  explicit Completion(detail::OperationRef<detail::Pending<T>> operation)
      : producer_(std::make_shared<detail::Producer<T>>(std::move(operation))) {}

  /// The task goes on with the value. False when it is too late: the caller was cancelled, or there was a result
  /// before.
  template <class U = T>
  requires(!std::is_void_v<U>) bool resolve(U value) const {
    if (producer_ == nullptr) return false;
    auto& operation = *producer_->operation;
    if (!operation.claim()) return false;
    try {
      operation.value.emplace(std::move(value));
    } catch (...) {
      operation.error = std::current_exception();
    }
    operation.complete();
    return true;
  }
  /// The same without a value.
  template <class U = T>
  requires std::is_void_v<U>
  bool resolve() const {
    if (producer_ == nullptr || !producer_->operation->claim()) return false;
    producer_->operation->complete();
    return true;
  }

  /// The call raises the error: a neap::Error as its class, other exceptions as a function's do that throws them.
  bool reject(const std::exception_ptr& error) const {
    if (producer_ == nullptr) return false;
    auto& operation = *producer_->operation;
    if (!operation.claim()) return false;
    operation.error = error;
    operation.complete();
    return true;
  }
  bool reject(const Error& error) const { return reject(std::make_exception_ptr(error)); }

  /// True once nobody waits for the result any more, because the caller was cancelled.
  [[nodiscard]] bool cancelled() const noexcept { return producer_ != nullptr && producer_->operation->cancelled(); }
  /// Has `callback` called when the caller is cancelled: on the interpreter's thread, or at once on this one when it
  /// has been cancelled already. There is one callback; a second takes its place. What it throws goes to
  /// Options::on_error.
  void on_cancel(std::function<void()> callback) const {
    if (producer_ != nullptr) producer_->operation->on_cancel(std::move(callback));
  }

 private:
  std::shared_ptr<detail::Producer<T>> producer_;
};

namespace detail {

template <class T>
struct Parameter<Completion<T>> {
  static constexpr bool from_lua = false;  // NOLINT(readability-identifier-naming)
  static constexpr bool waits = true;      // NOLINT(readability-identifier-naming)

  static Completion<T> read(Call& call, int) {
    OperationRef<Pending<T>> operation(new Pending<T>(share(call.host())));
    call.operation = operation.share();
    return Completion<T>(std::move(operation));
  }
};

}  // namespace detail

}  // namespace neap
