// Asks Lua code that computes to stop before its next instruction: the one owner of count hooks.
//
//   somebody, on any thread: request(reason) ──> a signal of our own to the state's thread, unless it is ours already
//   the handler of the signal, on that thread: a count hook on the coroutine that runs, as lua.c does it
//   the hook, before the next instruction: the action of the reason, which may raise
//
// Lua documents lua_sethook as what may be called asynchronously, and that is meant for signals: it walks the calls of
// the coroutine, which another thread would change or free under it. So another thread only ever sends a signal, and
// only when there is something to stop. (A hook that is always there and looks at a flag needs no signal, and takes two
// thirds of the interpreter's speed.)
//
// Owner: the Scheduler. Thread: the state's, but for `request`.
//
// Invariants
//  1. A reason is pending from its request until its action has begun. A request may be lost between two coroutines:
//     who needs it to arrive repeats it until the action has been run.
//  2. While something is pending every coroutine that is resumed gets the hook, those made before as well.
//  3. An interrupt is known to its thread's signal handler from `attach` to its end.
#pragma once

#include <lua.hpp>

#include <pthread.h>

#include <array>
#include <atomic>
#include <cstdint>

namespace neap::internal {

class Scheduler;

/// Why code is stopped. The action of a lower one runs first.
enum class InterruptReason : std::uint8_t { limit, count_ };

class Interrupt {
 public:
  /// What is done in the hook. It may raise.
  using Action = void (*)(lua_State* L, void* context);

  explicit Interrupt(Scheduler& scheduler) : scheduler_(scheduler) {}
  ~Interrupt();
  Interrupt(const Interrupt&) = delete;
  Interrupt& operator=(const Interrupt&) = delete;

  /// On the state's thread, before the first request from another.
  void attach();
  void set_action(InterruptReason reason, Action action, void* context);

  /// From any thread, and from signal handlers.
  void request(InterruptReason reason);
  /// On the state's thread alone: that the reason is pending, and the coroutine is stopped.
  void request_here(InterruptReason reason, lua_State* L);
  [[nodiscard]] bool pending() const { return pending_.load(std::memory_order_relaxed) != 0; }
  /// To be called for every coroutine that goes on.
  void before_resume(lua_State* coroutine) {
    if (pending()) hook(coroutine);
  }
  /// Runs the actions of what is pending: for C functions that take long.
  void run_actions(lua_State* L);

 private:
  struct Entry {
    Action action = nullptr;
    void* context = nullptr;
  };
  static constexpr auto kReasons = static_cast<std::size_t>(InterruptReason::count_);

  static int signal_number();
  static void on_signal(int);
  static void on_hook(lua_State* L, lua_Debug*);
  static void hook(lua_State* L) { lua_sethook(L, on_hook, LUA_MASKCOUNT, 1); }

  Scheduler& scheduler_;
  std::array<Entry, kReasons> actions_{};
  std::atomic<std::uint32_t> pending_{0};
  std::atomic<bool> sent_{false};  // the signal is under way
  pthread_t thread_{};
  bool attached_ = false;
  Interrupt* next_ = nullptr;  // of the same thread
};

}  // namespace neap::internal
