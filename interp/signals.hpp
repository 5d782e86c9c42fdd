// Ctrl-C and broken pipes, for the command line program; an application that embeds neap keeps its own
// handlers.
//
// The first SIGINT is a request, as in Python's asyncio: the main task is cancelled on the loop's thread,
// and its cleanup runs. The second ends the process from within the handler, because the Lua code may be in
// a loop that never comes back to ours.
#pragma once

#include "interp/interpreter.hpp"

namespace neap {

inline constexpr int kInterruptedStatus = 130;  // 128 + SIGINT, what a shell gives for it

/// Handles SIGINT for one interpreter while it exists; there is at most one at a time.
class InterruptGuard {
 public:
  explicit InterruptGuard(Interpreter& interpreter);
  ~InterruptGuard();
  InterruptGuard(const InterruptGuard&) = delete;
  InterruptGuard& operator=(const InterruptGuard&) = delete;

 private:
  bool installed_ = false;
};

/// Makes a write to a pipe without a reader fail with EPIPE instead of ending the process.
void ignore_broken_pipes();

}  // namespace neap
