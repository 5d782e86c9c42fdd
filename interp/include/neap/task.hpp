// A handle on a task of an interpreter.
#pragma once

#include "neap/async.hpp"
#include "neap/export.hpp"
#include "neap/value.hpp"

#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace neap {

class Task;

namespace detail {

/// What a task that is done has given. Throws as Task::result.
NEAP_API Results results_of(const Task& task);
/// Ends when the task does. Throws InvalidState, and std::invalid_argument for a task of another interpreter than the
/// one whose Host is given.
NEAP_API OperationRef<Operation> watch(const Task& task, const Host& host);

template <class T>
class TaskAwaiter;

}  // namespace detail

/// A task: a Lua function, or a C++ coroutine, that runs beside others. Copies are handles on the same one.
///
/// The task lives and ends without the handle; an error of it that nobody has asked for is reported. Everything here
/// belongs to the interpreter's thread, but for copying and destroying, which any thread may do at any time.
class NEAP_API Task {
 public:
  /// Stands for no task, as one that was moved from; what it is asked for throws InvalidState.
  Task() = default;
  /// The Lua Task (or Future) `value`. Throws ConversionError for any other value.
  explicit Task(Value value);

  /// False for a handle that stands for no task.
  explicit operator bool() const noexcept { return !value_.is_nil(); }

  /// True once it has a result, an error, or was cancelled; true when the interpreter has been destroyed.
  [[nodiscard]] bool done() const;
  /// True when it ended by being cancelled.
  [[nodiscard]] bool cancelled() const;
  /// Asks it to end: the wait at which it stands raises CancelledError. False when it was done.
  bool cancel(std::string_view message = {}) const;
  /// What it returned, as an R: void, one type, or a std::tuple of several. Throws its Error, Cancelled when it was
  /// cancelled, InvalidState while it is not done, ConversionError, Closed.
  template <class R = Value>
  R result() const {
    return detail::results_of(*this).take<R>();
  }
  /// Has `callback` called in a turn of the loop once it is done, or soon when it is. What the callback throws goes to
  /// Options::on_error. Throws std::invalid_argument for an empty one.
  void on_done(std::function<void(const Task&)> callback) const;
  /// Says that somebody knows how it ended: its error is not reported any more.
  void retrieve() const;
  /// As scripts see it: "Task-3", or what it was given.
  [[nodiscard]] std::string name() const;
  void set_name(std::string_view name) const;

  /// The Lua object, for Lua functions.
  [[nodiscard]] const Value& value() const noexcept { return value_; }

  /// For coroutines: waits for its end, gives its (first) result or throws its error. Cancelling the coroutine cancels
  /// it.
  detail::TaskAwaiter<Value> operator co_await() const;
  /// The same with a result of type T, void, or a std::tuple: `co_await task.as<int>()`.
  template <class T>
  [[nodiscard]] detail::TaskAwaiter<T> as() const;

 private:
  Value value_;
};

namespace detail {

template <class T>
class TaskAwaiter final : public ChainAwaiter {
 public:
  explicit TaskAwaiter(Task task) : task_(std::move(task)) {}

  [[nodiscard]] bool await_ready() const { return false; }
  template <class P>
  bool await_suspend(std::coroutine_handle<P> self) {
    if (!enter(*self.promise().chain)) return false;
    operation_ = watch(task_, self.promise().chain->host());
    return suspend(self, *operation_);
  }
  T await_resume() {
    resumed();
    return task_.template result<T>();
  }

 private:
  Task task_;
  OperationRef<Operation> operation_;
};

}  // namespace detail

inline detail::TaskAwaiter<Value> Task::operator co_await() const { return detail::TaskAwaiter<Value>(*this); }

template <class T>
detail::TaskAwaiter<T> Task::as() const {
  return detail::TaskAwaiter<T>(*this);
}

}  // namespace neap
