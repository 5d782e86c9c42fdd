#include "runtime/task/interrupt.hpp"

#include "runtime/task/scheduler.hpp"

#include <signal.h>  // NOLINT(modernize-deprecated-headers): POSIX, more than <csignal>

#include <cerrno>

namespace neap::internal {

namespace {

/// The interrupts of this thread: what the handler walks. Only the thread itself changes the list, and each change is
/// one store.
thread_local Interrupt* t_first = nullptr;

std::uint32_t bit_of(InterruptReason reason) { return 1U << static_cast<unsigned>(reason); }

bool is_free(int number) {
  struct sigaction action {};
  return sigaction(number, nullptr, &action) == 0 && (action.sa_flags & SA_SIGINFO) == 0 &&
         action.sa_handler == SIG_DFL;
}

/// A signal that nobody in this process handles: one of the real-time ones, which no system service uses.
int find_signal() {
#ifdef SIGRTMAX
  for (int number = SIGRTMAX - 2; number > SIGRTMIN; --number) {
    if (is_free(number)) return number;
  }
#endif
  return SIGURG;  // ignored by default, as the runtime of Go reckons
}

}  // namespace

int Interrupt::signal_number() {
  static const int kNumber = [] {
    const int number = find_signal();
    struct sigaction action {};
    action.sa_handler = on_signal;
    action.sa_flags = SA_RESTART | SA_ONSTACK;
    sigemptyset(&action.sa_mask);
    sigaction(number, &action, nullptr);
    return number;
  }();
  return kNumber;
}

Interrupt::~Interrupt() {
  if (!attached_) return;
  for (Interrupt** link = &t_first; *link != nullptr; link = &(*link)->next_) {
    if (*link != this) continue;
    *link = next_;
    break;
  }
  std::atomic_signal_fence(std::memory_order_seq_cst);
}

void Interrupt::attach() {
  if (attached_) return;
  thread_ = pthread_self();
  attached_ = true;
  next_ = t_first;
  std::atomic_signal_fence(std::memory_order_seq_cst);
  t_first = this;
  sigset_t ours;
  sigemptyset(&ours);
  sigaddset(&ours, signal_number());
  pthread_sigmask(SIG_UNBLOCK, &ours, nullptr);
}

void Interrupt::set_action(InterruptReason reason, Action action, void* context) {
  actions_[static_cast<std::size_t>(reason)] = {action, context};
}

void Interrupt::request(InterruptReason reason) {
  pending_.fetch_or(bit_of(reason));
  if (pthread_equal(pthread_self(), thread_) != 0) {
    hook(scheduler_.running());
  } else if (!sent_.exchange(true)) {
    pthread_kill(thread_, signal_number());
  }
}

void Interrupt::request_here(InterruptReason reason, lua_State* L) {
  pending_.fetch_or(bit_of(reason));
  hook(L);
}

void Interrupt::on_signal(int) {
  const int saved_errno = errno;
  for (Interrupt* interrupt = t_first; interrupt != nullptr; interrupt = interrupt->next_) {
    if (interrupt->pending()) hook(interrupt->scheduler_.running());
    interrupt->sent_.store(false);
  }
  errno = saved_errno;
}

void Interrupt::on_hook(lua_State* L, lua_Debug*) {
  lua_sethook(L, nullptr, 0, 0);
  scheduler_of(L).interrupt().run_actions(L);
}

void Interrupt::run_actions(lua_State* L) {
  for (std::size_t i = 0; i < kReasons; ++i) {
    const std::uint32_t bit = 1U << i;
    if ((pending_.load() & bit) == 0) continue;
    pending_.fetch_and(~bit);
    actions_[i].action(L, actions_[i].context);
  }
}

}  // namespace neap::internal
