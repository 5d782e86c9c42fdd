// Ctrl-C, SIGUSR1 and broken pipes, for the command line program; an application that embeds neap keeps its own
// handlers.
//
// The first SIGINT is a request, as in Python's asyncio: the main task is cancelled on the loop's thread,
// and its cleanup runs. The second ends the process from within the handler, because the Lua code may be in
// a loop that never comes back to ours.
//
// SIGTERM and SIGHUP end the program in the same way, and in the end the process dies of the signal, as it would by
// default: only that cleanup has run, and what was written has arrived. Code that computes gets its CancelledError
// after a second; what is stuck in C ends after three, cleanup after five, and a second such signal is the end at once.
// One that the process was started to ignore (nohup) stays ignored, and a script's own handlers take their place.
//
// In debug mode SIGUSR1 writes the tree of tasks to stderr: as a callback of the loop when that turns next, or before
// the next instruction of Lua when a task computes, so that it shows where a task hangs. What is in neither (one long
// call of a C function) is shown behind it. Without debug mode SIGUSR1 ends the process, as it does by default.
#pragma once

#include "interp/interpreter.hpp"

namespace neap::internal {

inline constexpr int kInterruptedStatus = 130;  // 128 + SIGINT, what a shell gives for it

/// Handles SIGINT, SIGTERM and SIGHUP, and in debug mode SIGUSR1, for one interpreter while it exists; there is at most
/// one at a time.
class InterruptGuard {
 public:
  explicit InterruptGuard(Interpreter& interpreter);
  ~InterruptGuard();
  InterruptGuard(const InterruptGuard&) = delete;
  InterruptGuard& operator=(const InterruptGuard&) = delete;

 private:
  bool installed_ = false;
  bool shows_tasks_ = false;
};

/// SIGTERM or SIGHUP, when one has ended the program; else 0.
int ending_signal();

/// At the end of `exit` children are killed, and the process dies of `ending_signal`, if `die_at_exit` has been called.
/// Set up before whatever else is done at exit.
void prepare_to_die();
void die_at_exit();

/// Makes a write to a pipe without a reader fail with EPIPE instead of ending the process.
void ignore_broken_pipes();

}  // namespace neap::internal
