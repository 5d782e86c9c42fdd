// What Ctrl-C and its like do while a prompt is open. One Signals at a time; its handlers take the place of what was
// there before, which comes back at the end.
//
// SIGINT   The loop is told. When it does not come round because Lua code computes, that is stopped by a hook, which raises
//          a CancelledError. Where nothing helps (code in C), the third one within two seconds ends the process.
//
//   quiet ──SIGINT──> told ──the loop comes round──> quiet
//                      │ kPatience ticks; kPatienceOthers for what is not in the foreground
//                      └─> a hook on the coroutine that runs ──> kStubborn ticks: one at each tick
//
// SIGTSTP, SIGCONT, SIGWINCH   The loop is told.
// Signals that end the process, where they did before: the terminal gets its modes back first.
//
// Invariants
//  1. Handlers touch lock-free atomics, and what POSIX or Lua allow them: ioctl, timers, lua_sethook as lua.c does.
//  2. They run on the loop's thread; another one passes the signal on.
//  3. A tick (SIGURG on Linux, which nobody minds, else SIGALRM) comes only while an interrupt is not answered.
#pragma once

#include "runtime/task/scheduler.hpp"

#include <uv.h>

#include <cstddef>
#include <cstdint>
#include <optional>

namespace neap::internal::repl {

/// What came since the last call of `take`.
struct SignalNews {
  /// SIGINT; how many bytes of what was typed came before it.
  std::optional<std::size_t> interrupt;
  bool hooked = false;  // Lua code was stopped: the interrupt has done what it can
  bool suspend = false;
  bool resumed = false;
  bool resized = false;
};

class Signals {
 public:
  struct Owner {
    void* self = nullptr;
    /// Whether the task that runs is the one in the foreground.
    bool (*computes_in_foreground)(void* self) = nullptr;
    /// To be called in the code that is stopped, before the error is raised in it. It may run Lua, and raises nothing.
    void (*stopping)(void* self, lua_State* L) = nullptr;
  };
  /// `told` is sent when `take` has news.
  void begin(Scheduler& scheduler, uv_async_t& told, const Owner& owner);
  void end();
  /// The loop has come round.
  SignalNews take();
  /// Stops this process, as Ctrl-Z does; returns when it goes on.
  static void stop_process();

  Signals() = default;
  ~Signals() { end(); }
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;

 private:
  bool begun_ = false;
};

}  // namespace neap::internal::repl
