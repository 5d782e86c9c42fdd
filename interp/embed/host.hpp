// The inside of a neap::Interpreter, as its handles see it: Values, Tasks, Completions.
//
// Owner: shared. The Interpreter holds one, and so does every handle, which may outlive it: `close` takes the state and
// the loop away, and what is left answers that it is closed.
// Thread: that of the Interpreter, but for what says otherwise.
//
// Invariants
//  1. `inside` exists until `close`, and `closed()` is true from the beginning of it.
//  2. What another thread gives up (a Value that dies there) is released on the Interpreter's thread, later.
#pragma once

#include "interp/interpreter.hpp"

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace neap {

class Interpreter;

namespace detail {

class Host : public std::enable_shared_from_this<Host> {
 public:
  /// Throws std::runtime_error.
  explicit Host(const internal::InterpreterOptions& options);
  ~Host();
  Host(const Host&) = delete;
  Host& operator=(const Host&) = delete;

  /// The Host of the state.
  static Host& of(lua_State* L);

  /// Any thread.
  [[nodiscard]] bool closed() const { return closed_.load(std::memory_order_acquire); }
  /// Any thread: true on the Interpreter's.
  [[nodiscard]] bool on_own_thread() const {
    return std::this_thread::get_id() == thread_.load(std::memory_order_relaxed);
  }

  [[nodiscard]] internal::Interpreter& inside() { return *inside_; }
  [[nodiscard]] internal::Scheduler& scheduler() { return inside_->scheduler(); }
  /// The coroutine that runs now; the main thread outside any.
  [[nodiscard]] lua_State* running() { return inside_->scheduler().running(); }

  /// Throws Closed once it is closed, and WrongThread on another thread. `what` names the call.
  void check(const char* what) const;

  /// Keeps the value on the top of the stack of `L` alive, and pops it. Throws std::bad_alloc, and raises nothing of
  /// Lua's.
  int anchor(lua_State* L);
  void push_anchored(lua_State* L, int anchor) { scheduler().push_anchored(L, anchor); }
  /// Any thread, at any time.
  void release(int anchor) noexcept;

  /// Has `work` done on the Interpreter's thread in a turn of its loop: any thread. False once it is closed, and then
  /// `work` is not done. What it throws ends the process.
  bool post(std::function<void()> work);

  /// Any thread: counts somebody outside, who may bring work, until the loop's `release` is called. False once it is
  /// closed.
  bool hold();

  /// For a `catch (...)`: hands the exception to whom errors go that nobody can receive.
  void report_exception(const char* what) noexcept;

  /// Ends everything that runs, and takes the state away. The thread that does it is the Interpreter's from then on.
  void close();

  Interpreter* interpreter = nullptr;  // whose inside this is; null once that is being destroyed

 private:
  void release_given_up();

  std::atomic<std::thread::id> thread_;
  std::atomic<bool> closed_{false};
  std::unique_ptr<internal::Interpreter> owned_;
  internal::Interpreter* inside_;
  const std::shared_ptr<internal::Remote> remote_;
  std::mutex mutex_;
  std::vector<int> given_up_;  // anchors that other threads have released
};

}  // namespace detail

}  // namespace neap
