#include "interp/signals.hpp"

#include <signal.h>  // NOLINT(modernize-deprecated-headers): POSIX, more than <csignal>
#include <unistd.h>

#include <atomic>
#include <cerrno>

namespace neap {

namespace {

// What the handler touches: lock-free atomics alone.
std::atomic<Loop*> g_loop{nullptr};
std::atomic<int> g_interrupts{0};
std::atomic<bool> g_pending{false};
static_assert(std::atomic<Loop*>::is_always_lock_free && std::atomic<int>::is_always_lock_free);

void on_interrupt(int) {
  if (g_interrupts.fetch_add(1) != 0) _exit(kInterruptedStatus);
  const int saved_errno = errno;
  g_pending.store(true);
  if (Loop* loop = g_loop.load()) loop->wake();
  errno = saved_errno;
}

void on_broken_pipe(int) {}

bool install(int signal_number, void (*handler)(int)) {
  struct sigaction old {};
  sigaction(signal_number, nullptr, &old);
  // A shell starts background jobs with SIGINT ignored; it stays so.
  if (old.sa_handler == SIG_IGN) return false;
  struct sigaction action {};
  action.sa_handler = handler;
  action.sa_flags = SA_RESTART;  // Lua's own reads and writes must not fail with EINTR
  sigemptyset(&action.sa_mask);
  return sigaction(signal_number, &action, nullptr) == 0;
}

}  // namespace

InterruptGuard::InterruptGuard(Interpreter& interpreter) {
  interpreter.loop().set_wake_hook([&interpreter] {
    if (g_pending.exchange(false)) interpreter.interrupt();
  });
  g_loop.store(&interpreter.loop());
  installed_ = install(SIGINT, on_interrupt);
}

InterruptGuard::~InterruptGuard() {
  // From here on nothing is left that could be cancelled: a SIGINT ends the process.
  if (installed_) signal(SIGINT, SIG_DFL);
  g_loop.store(nullptr);
}

void ignore_broken_pipes() {
  // A handler that does nothing and not SIG_IGN: exec sets it back to the default, so that the programs
  // which os.execute and io.popen start end in a broken pipe as they should.
  install(SIGPIPE, on_broken_pipe);
}

}  // namespace neap
