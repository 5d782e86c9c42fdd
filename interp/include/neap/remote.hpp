// An interpreter as other threads reach it.
#pragma once

#include "neap/detail/writer.hpp"
#include "neap/error.hpp"
#include "neap/export.hpp"
#include "neap/task.hpp"

#include <chrono>
#include <exception>
#include <functional>
#include <future>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>

namespace neap {

class Interpreter;

namespace detail {

class Host;

/// The error of a result that cannot come any more: Closed.
NEAP_API std::exception_ptr closed_before_result();

/// A promise that is kept in any case: with Closed, when nobody has fulfilled it.
template <class R>
class Promised {
 public:
  Promised() = default;
  ~Promised() {
    if (!fulfilled_) promise_.set_exception(closed_before_result());
  }
  Promised(const Promised&) = delete;
  Promised& operator=(const Promised&) = delete;

  [[nodiscard]] std::future<R> future() { return promise_.get_future(); }

  /// With what `function` returns or throws.
  template <class F>
  void fulfil(F&& function) {
    fulfilled_ = true;
    try {
      if constexpr (std::is_void_v<R>) {
        function();
        promise_.set_value();
      } else {
        promise_.set_value(function());
      }
    } catch (...) {
      promise_.set_exception(std::current_exception());
    }
  }

 private:
  std::promise<R> promise_;
  bool fulfilled_ = false;
};

/// A call from another thread. After `start` it belongs to the interpreter's thread, but for `stop`.
class NEAP_API RemoteCall : public std::enable_shared_from_this<RemoteCall> {
 public:
  RemoteCall(std::shared_ptr<Host> host, std::string function);
  virtual ~RemoteCall();
  RemoteCall(const RemoteCall&) = delete;
  RemoteCall& operator=(const RemoteCall&) = delete;

  Writer arguments;

  /// Any thread.
  void start();
  void stop();

 protected:
  /// On the interpreter's thread: the task has ended, or there is none because of the error.
  virtual void ended(const Task* task, std::exception_ptr error) = 0;

 private:
  void run(Interpreter& interpreter);

  const std::shared_ptr<Host> host_;
  const std::string function_;
  Task task_;
  bool stopped_ = false;
};

template <class R>
class TypedRemoteCall final : public RemoteCall {
 public:
  using RemoteCall::RemoteCall;

  Promised<R> promised;

 private:
  void ended(const Task* task, std::exception_ptr error) override {
    promised.fulfil([&]() -> R {
      if (task == nullptr) std::rethrow_exception(error);
      return task->result<R>();
    });
  }
};

}  // namespace detail

/// The result of a call from another thread, as asyncio's run_coroutine_threadsafe gives one: a std::future that can be
/// cancelled.
template <class R>
class RemoteFuture {
 public:
  RemoteFuture(std::weak_ptr<detail::RemoteCall> call, std::future<R> future)
      : call_(std::move(call)),
        future_(std::move(future)) {}

  /// Waits, and gives the result once; throws the task's Error, Cancelled, Closed when the interpreter ended first. Not
  /// to be called on the interpreter's thread, which it would block.
  R get() { return future_.get(); }
  void wait() const { future_.wait(); }
  /// True when it is done within so many seconds.
  [[nodiscard]] bool wait_for(double seconds) const {
    return future_.wait_for(std::chrono::duration<double>(seconds)) == std::future_status::ready;
  }
  [[nodiscard]] bool done() const { return wait_for(0); }
  /// Asks the task to end. Any thread.
  void cancel() {
    if (const auto call = call_.lock()) call->stop();
  }

 private:
  std::weak_ptr<detail::RemoteCall> call_;  // it dies with the interpreter, and then there is Closed
  std::future<R> future_;
};

/// Copies may be used on any thread at any time: while the interpreter starts, runs, ends, and afterwards. While there
/// is one, work may come from outside: tasks that only wait are then no deadlock. One that was moved from is closed.
class NEAP_API Remote {
 public:
  explicit Remote(std::shared_ptr<detail::Host> host);

  /// True once the interpreter takes no more work.
  [[nodiscard]] bool closed() const;

  /// Has `work` done on the interpreter's thread in a turn of its loop, in the order of posting. False when the
  /// interpreter has been closed, and `work` will not be done. Work that waits when it is closed is destroyed there,
  /// undone. What `work` throws goes to Options::on_error.
  bool post(std::function<void(Interpreter&)> work) const;

  /// The same, and gives what `function` returns or throws; Closed when the interpreter ends first.
  template <class F, class R = std::invoke_result_t<F, Interpreter&>>
  [[nodiscard]] std::future<R> submit(F function) const {
    auto promise = std::make_shared<detail::Promised<R>>();
    std::future<R> future = promise->future();
    post([promise, work = std::make_shared<F>(std::move(function))](Interpreter& interpreter) {
      promise->fulfil([&] { return (*work)(interpreter); });
    });
    return future;
  }

  /// Ends Interpreter::run_forever.
  void stop() const;

  /// Has a task made that calls the Lua function of that name ("handlers.fetch": a global, or fields of one) with the
  /// arguments, which are copied here and now.
  template <class R = void, class... A>
  [[nodiscard]] RemoteFuture<R> run_coroutine_threadsafe(std::string function, const A&... arguments) const {
    auto call = std::make_shared<detail::TypedRemoteCall<R>>(host_, std::move(function));
    (call->arguments.write(arguments), ...);
    std::future<R> future = call->promised.future();
    call->start();
    return {call, std::move(future)};
  }

 private:
  std::shared_ptr<detail::Host> host_;
  std::shared_ptr<const void> hold_;  // counts as somebody outside
};

}  // namespace neap
