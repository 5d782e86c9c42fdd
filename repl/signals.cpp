#include "repl/signals.hpp"

#include "repl/terminal.hpp"
#include "runtime/task/park.hpp"

#include <pthread.h>
#include <signal.h>  // NOLINT(modernize-deprecated-headers): POSIX, more than <csignal>
#include <sys/time.h>
#include <time.h>  // NOLINT(modernize-deprecated-headers)
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>

namespace neap::internal::repl {

namespace {

constexpr long kTick = 100'000'000;  // nanoseconds
constexpr int kPatience = 1;         // ticks until the loop must have come round
constexpr int kPatienceOthers = 4;   // what is not in the foreground is not what Ctrl-C is likely to mean
constexpr int kStubborn = 10;
constexpr int kPresses = 3;
constexpr std::uint64_t kPressesWithin = 2'000'000'000;  // nanoseconds
constexpr std::uint64_t kPressesOver = 600'000'000;  // else it is a key held down, and the hook has not had its time
constexpr int kInterruptedStatus = 130;

#ifdef __linux__
constexpr int kTickSignal = SIGURG;
#else
constexpr int kTickSignal = SIGALRM;  // setitimer has no other
#endif

constexpr std::array kWatched = {SIGINT, SIGTSTP, SIGCONT, SIGWINCH, kTickSignal};
constexpr std::array kFatal = {SIGTERM, SIGHUP, SIGQUIT, SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGXCPU};

struct State {
  std::atomic<Scheduler*> scheduler{nullptr};
  std::atomic<uv_async_t*> told{nullptr};
  std::atomic<int> presses{0};  // of Ctrl-C, since the loop came round or code was stopped
  std::atomic<int> ticks{0};
  std::atomic<std::uint64_t> first_press{0};
  std::atomic<std::size_t> typed_before{0};
  std::atomic<bool> interrupted{false};
  std::atomic<bool> hooked{false};
  std::atomic<bool> suspend{false};
  std::atomic<bool> resumed{false};
  std::atomic<bool> resized{false};
  pthread_t thread{};
  Signals::Owner owner;
  std::array<struct sigaction, kWatched.size()> before{};
  std::array<struct sigaction, kFatal.size()> fatal_before{};
#ifdef __linux__
  timer_t timer{};
#endif
};
State g;
static_assert(std::atomic<std::uint64_t>::is_always_lock_free && std::atomic<Scheduler*>::is_always_lock_free);

std::uint64_t now() {
  timespec time{};
  clock_gettime(CLOCK_MONOTONIC, &time);
  return static_cast<std::uint64_t>(time.tv_sec) * 1'000'000'000 + static_cast<std::uint64_t>(time.tv_nsec);
}

void set_ticking(bool on) {
#ifdef __linux__
  const itimerspec every{{0, on ? kTick : 0}, {0, on ? kTick : 0}};
  timer_settime(g.timer, 0, &every, nullptr);
#else
  const itimerval every{{0, on ? kTick / 1000 : 0}, {0, on ? kTick / 1000 : 0}};
  setitimer(ITIMER_REAL, &every, nullptr);
#endif
}

void tell() {
  uv_async_send(g.told.load());
  g.scheduler.load()->loop().wake();
}

/// On the coroutine that keeps the loop from turning, when the interrupt has not been answered in time.
void stop_hook(lua_State* L, lua_Debug*) {
  const bool stubborn = g.ticks.load() >= kStubborn;
  if (!stubborn || !g.interrupted.load()) lua_sethook(L, nullptr, 0, 0);
  if (!g.interrupted.load() || lua_checkstack(L, LUA_MINSTACK) == 0) return;
  if (g.ticks.load() < kPatienceOthers && !g.owner.computes_in_foreground(g.owner.self)) return;
  const bool first = !g.hooked.exchange(true);
  g.presses.store(0);
  if (first) g.owner.stopping(g.owner.self, L);
  cancel_running_code(L);
}

void on_tick() {
  if (!g.interrupted.load()) return set_ticking(false);
  const int ticks = g.ticks.fetch_add(1) + 1;
  if (ticks == kPatience || ticks == kPatienceOthers || ticks >= kStubborn) {
    lua_sethook(g.scheduler.load()->running(), stop_hook, LUA_MASKCOUNT, 1);
  }
  tell();
}

void on_interrupt() {
  const std::uint64_t time = now();
  if (g.presses.load() == 0 || time - g.first_press.load() > kPressesWithin) {
    g.presses.store(0);
    g.first_press.store(time);
  }
  if (g.presses.fetch_add(1) + 1 >= kPresses && time - g.first_press.load() > kPressesOver) {
    restore_terminal();
    _exit(kInterruptedStatus);
  }
  if (!g.interrupted.load()) {
    g.typed_before.store(Terminal::waiting());
    g.ticks.store(0);
    g.hooked.store(false);
    g.interrupted.store(true);
    set_ticking(true);
  }
  tell();
}

void on_signal(int number) {
  const int saved_errno = errno;
  if (g.scheduler.load() == nullptr) {
  } else if (pthread_equal(pthread_self(), g.thread) == 0) {
    pthread_kill(g.thread, number);  // any thread may get the signal of a process
  } else if (number == kTickSignal) {
    on_tick();
  } else if (number == SIGINT) {
    on_interrupt();
  } else {
    (number == SIGTSTP ? g.suspend : number == SIGCONT ? g.resumed : g.resized).store(true);
    tell();
  }
  errno = saved_errno;
}

/// The process ends as it would have: the handler is the default one again.
void on_fatal(int number) {
  const int saved_errno = errno;
  restore_terminal();
  ::kill(getpid(), number);
  errno = saved_errno;
}

void install(int number, void (*handler)(int), int flags, struct sigaction& before) {
  struct sigaction action {};
  action.sa_handler = handler;
  action.sa_flags = flags;
  sigemptyset(&action.sa_mask);
  sigaction(number, &action, &before);
}

/// What a script has installed meanwhile stays.
void give_back(int number, void (*ours)(int), const struct sigaction& before) {
  struct sigaction present {};
  sigaction(number, nullptr, &present);
  if ((present.sa_flags & SA_SIGINFO) == 0 && present.sa_handler == ours) sigaction(number, &before, nullptr);
}

void make_timer() {
#ifdef __linux__
  sigevent event{};
  event.sigev_notify = SIGEV_SIGNAL;
  event.sigev_signo = kTickSignal;
  timer_create(CLOCK_MONOTONIC, &event, &g.timer);
#endif
}

void delete_timer() {
  set_ticking(false);
#ifdef __linux__
  timer_delete(g.timer);
#endif
}

}  // namespace

void Signals::begin(Scheduler& scheduler, uv_async_t& told, const Owner& owner) {
  begun_ = true;
  g.thread = pthread_self();
  g.owner = owner;
  g.presses.store(0);
  g.interrupted.store(false);
  for (std::atomic<bool>* news : {&g.suspend, &g.resumed, &g.resized}) news->store(false);
  g.told.store(&told);
  g.scheduler.store(&scheduler);
  make_timer();
  for (std::size_t i = 0; i < kWatched.size(); ++i) install(kWatched[i], on_signal, SA_RESTART, g.before[i]);
  for (std::size_t i = 0; i < kFatal.size(); ++i) {
    sigaction(kFatal[i], nullptr, &g.fatal_before[i]);
    struct sigaction ignored {};
    const bool by_default = (g.fatal_before[i].sa_flags & SA_SIGINFO) == 0 && g.fatal_before[i].sa_handler == SIG_DFL;
    if (by_default) install(kFatal[i], on_fatal, SA_RESETHAND | SA_NODEFER, ignored);
  }
}

void Signals::end() {
  if (!begun_) return;
  begun_ = false;
  delete_timer();
  for (std::size_t i = 0; i < kWatched.size(); ++i) give_back(kWatched[i], on_signal, g.before[i]);
  for (std::size_t i = 0; i < kFatal.size(); ++i) give_back(kFatal[i], on_fatal, g.fatal_before[i]);
  g.scheduler.store(nullptr);
  g.told.store(nullptr);
}

SignalNews Signals::take() {
  SignalNews news;
  if (g.interrupted.exchange(false)) {
    set_ticking(false);
    g.presses.store(0);
    news.interrupt = g.typed_before.load();
    news.hooked = g.hooked.load();
  }
  news.suspend = g.suspend.exchange(false);
  news.resumed = g.resumed.exchange(false);
  news.resized = g.resized.exchange(false);
  return news;
}

void Signals::stop_process() {
  struct sigaction by_default {};
  struct sigaction before {};
  by_default.sa_handler = SIG_DFL;
  sigemptyset(&by_default.sa_mask);
  sigaction(SIGTSTP, &by_default, &before);
  ::kill(0, SIGTSTP);  // the whole job, so that the shell takes notice
  sigaction(SIGTSTP, &before, nullptr);
}

}  // namespace neap::internal::repl
