// C++20 coroutines that Lua tasks await, and that await Lua tasks.
//
//   neap::Async<int> answer(std::string question) {
//     co_await neap::sleep(0.1);
//     const std::string text = co_await neap::suspend<std::string>([&](neap::Completion<std::string> done) {
//       ask_somebody(question, [done](std::string said) { done.resolve(std::move(said)); });
//     });
//     co_return std::stoi(text);
//   }
//   interpreter.set_function("answer", answer);      // Lua: local n = answer("6 * 7")
//
// A coroutine runs on the interpreter's thread, in turns of its loop. It begins when it is called from Lua, spawned
// (Interpreter::spawn) or awaited. When the task that waits for it is cancelled, the `co_await` at which it stands
// throws neap::Cancelled, and so does every later one: it cleans up with what does not wait, and ends.
#pragma once

#include "neap/completion.hpp"
#include "neap/detail/call.hpp"
#include "neap/detail/chain.hpp"
#include "neap/detail/operation.hpp"
#include "neap/error.hpp"
#include "neap/export.hpp"

#include <coroutine>
#include <exception>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

namespace neap {

template <class T = void>
class Async;

namespace detail {

struct PromiseBase {
  /// Gives control to who awaits the coroutine, or ends the operation that it is the root of.
  struct Final {
    [[nodiscard]] bool await_ready() const noexcept { return false; }
    template <class P>
    std::coroutine_handle<> await_suspend(std::coroutine_handle<P> self) const noexcept {
      PromiseBase& promise = self.promise();
      if (promise.parent) return promise.parent;
      if (promise.root != nullptr && promise.root->claim()) {
        promise.root->error = promise.error;
        promise.root->complete();
      }
      return std::noop_coroutine();
    }
    void await_resume() const noexcept {}
  };

  std::suspend_always initial_suspend() noexcept { return {}; }
  Final final_suspend() noexcept { return {}; }
  void unhandled_exception() noexcept { error = std::current_exception(); }

  Chain* chain = nullptr;
  Operation* root = nullptr;
  bool begun = false;  // it is awaited, or the root of a chain
  std::coroutine_handle<> parent;
  std::exception_ptr error;
};

template <class T>
struct Promise : PromiseBase {
  Async<T> get_return_object();
  template <class U>
  void return_value(U&& result) {
    value.emplace(std::forward<U>(result));
  }
  T take() { return std::move(*value); }

  std::optional<T> value;
};

template <>
struct Promise<void> : PromiseBase {
  Async<void> get_return_object();
  void return_void() noexcept {}
  void take() noexcept {}
};

/// Throws InvalidState for a coroutine that was moved from, or has begun.
template <class T>
std::coroutine_handle<Promise<T>> begin_once(std::coroutine_handle<Promise<T>> coroutine) {
  if (!coroutine || std::exchange(coroutine.promise().begun, true)) {
    throw InvalidState("an Async is awaited, spawned, run or returned to Lua once: this one was, or was moved from");
  }
  return coroutine;
}

/// Awaits another coroutine: it runs at once, as a part of the same chain.
template <class T>
class ChildAwaiter {
 public:
  explicit ChildAwaiter(std::coroutine_handle<Promise<T>> child) : child_(begin_once(child)) {}

  [[nodiscard]] bool await_ready() const noexcept { return false; }
  template <class P>
  std::coroutine_handle<> await_suspend(std::coroutine_handle<P> parent) noexcept {
    child_.promise().chain = parent.promise().chain;
    child_.promise().parent = parent;
    return child_;
  }
  T await_resume() {
    if (child_.promise().error) std::rethrow_exception(child_.promise().error);
    return child_.promise().take();
  }

 private:
  std::coroutine_handle<Promise<T>> child_;
};

}  // namespace detail

/// A coroutine that gives a T. It has not begun yet; it may be moved, and is awaited, spawned or returned to Lua once:
/// InvalidState otherwise.
template <class T>
class [[nodiscard]] Async {
 public:
  using promise_type = detail::Promise<T>;  // NOLINT(readability-identifier-naming): the name that C++ looks for

  explicit Async(std::coroutine_handle<promise_type> handle) : handle_(handle) {}
  Async(Async&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
  Async& operator=(Async&& other) noexcept {
    std::swap(handle_, other.handle_);
    return *this;
  }
  ~Async() {
    if (handle_) handle_.destroy();
  }

  detail::ChildAwaiter<T> operator co_await() && { return detail::ChildAwaiter<T>(handle_); }

  [[nodiscard]] std::coroutine_handle<promise_type> handle() const noexcept { return handle_; }

 private:
  std::coroutine_handle<promise_type> handle_;
};

namespace detail {

template <class T>
Async<T> Promise<T>::get_return_object() {
  return Async<T>(std::coroutine_handle<Promise<T>>::from_promise(*this));
}

inline Async<void> Promise<void>::get_return_object() {
  return Async<void>(std::coroutine_handle<Promise<void>>::from_promise(*this));
}

/// The coroutine that nobody in C++ awaits: the root of its chain.
template <class T>
class RootOperation : public Operation {
 public:
  RootOperation(std::shared_ptr<Host> host, Async<T> coroutine)
      : Operation(std::move(host)),
        chain_(this->host()),
        coroutine_(std::move(coroutine)) {
    begin_once(coroutine_.handle());
    promise().chain = &chain_;
    promise().root = this;
  }

  void begin() override { coroutine_.handle().resume(); }
  void cancel() noexcept override { chain_.cancel(); }

 protected:
  [[nodiscard]] Promise<T>& promise() const { return coroutine_.handle().promise(); }

 private:
  Chain chain_;
  Async<T> coroutine_;
};

/// One whose result goes to Lua.
template <class T>
class AsyncOperation final : public RootOperation<T> {
 public:
  using RootOperation<T>::RootOperation;

  void write(Writer& results) override {
    if constexpr (!std::is_void_v<T>) results.write(std::move(*this->promise().value));
  }
};

/// One whose result stays in C++.
template <class T>
class InnerOperation final : public RootOperation<T> {
 public:
  using RootOperation<T>::RootOperation;

  void write(Writer&) override {}
  T take() { return this->promise().take(); }
};

/// A function that returns an Async: its caller in Lua waits.
template <class T>
struct Result<Async<T>> {
  static constexpr bool waits = true;  // NOLINT(readability-identifier-naming)

  static void deliver(Call& call, Async<T>&& coroutine) {
    OperationRef<AsyncOperation<T>> operation(new AsyncOperation<T>(share(call.host()), std::move(coroutine)));
    operation->begin();
    call.operation = operation.share();
  }
};

/// Awaits what a Completion completes.
template <class T>
class SuspendAwaiter final : public ChainAwaiter {
 public:
  explicit SuspendAwaiter(std::function<void(Completion<T>)> begin) : begin_(std::move(begin)) {}

  [[nodiscard]] bool await_ready() const noexcept { return false; }
  template <class P>
  bool await_suspend(std::coroutine_handle<P> self) {
    Chain& chain = *self.promise().chain;
    if (!enter(chain)) return false;
    pending_ = OperationRef<Pending<T>>(new Pending<T>(share(chain.host())));
    begin_(Completion<T>(pending_));
    return suspend(self, *pending_);
  }
  T await_resume() {
    resumed();
    if (pending_->error) std::rethrow_exception(pending_->error);
    if constexpr (!std::is_void_v<T>) return std::move(*pending_->value);
  }

 private:
  std::function<void(Completion<T>)> begin_;
  OperationRef<Pending<T>> pending_;
};

}  // namespace detail

/// Waits until the Completion that `begin` is given has been used; gives its value or throws its error. When the
/// coroutine is cancelled, so is the Completion (Completion::on_cancel).
template <class T = void>
[[nodiscard]] detail::SuspendAwaiter<T> suspend(std::function<void(Completion<T>)> begin) {
  return detail::SuspendAwaiter<T>(std::move(begin));
}

/// Waits so many seconds, never less, by the interpreter's clock. NaN throws std::invalid_argument; a negative number
/// is 0.
[[nodiscard]] NEAP_API detail::SleepAwaiter sleep(double seconds);

}  // namespace neap
