#include "interp/signals.hpp"

#include "interp/report.hpp"
#include "runtime/loop/process_end.hpp"
#include "runtime/lua/bind.hpp"
#include "runtime/task/park.hpp"
#include "runtime/task/scheduler.hpp"
#include "stdlib/io/children.hpp"

#include <pthread.h>
#include <signal.h>  // NOLINT(modernize-deprecated-headers): POSIX, more than <csignal>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstdlib>

namespace neap::internal {

namespace {

// What the handlers touch: lock-free atomics alone.
std::atomic<Loop*> g_loop{nullptr};
std::atomic<Scheduler*> g_scheduler{nullptr};
std::atomic<bool> g_show_tasks{false};
pthread_t g_thread;  // the loop's
std::atomic<int> g_interrupts{0};
std::atomic<bool> g_pending{false};
std::atomic<int> g_ending{0};        // the signal that ends the program
std::atomic<bool> g_stopped{false};  // code that computes was to be stopped
std::atomic<bool> g_die{false};      // at exit
std::atomic<Interpreter*> g_interpreter{nullptr};
static_assert(std::atomic<Loop*>::is_always_lock_free && std::atomic<int>::is_always_lock_free);

void on_interrupt(int) {
  if (g_interrupts.fetch_add(1) != 0) {
    stdlib::io::kill_all_children();
    _exit(kInterruptedStatus);
  }
  const int saved_errno = errno;
  g_pending.store(true);
  if (Loop* loop = g_loop.load()) loop->wake();
  errno = saved_errno;
}

// SIGTERM and SIGHUP.

constexpr unsigned kPatience = 1;       // seconds until code that computes is stopped
constexpr unsigned kPatienceWithC = 2;  // further seconds until the process ends, whatever it does
constexpr unsigned kGrace = 5;          // seconds that the cleanup may take

/// At once, with the children.
[[noreturn]] void die_of(int number) {
  stdlib::io::kill_all_children();
  signal(number, SIG_DFL);
  sigset_t one;
  sigemptyset(&one);
  sigaddset(&one, number);
  pthread_sigmask(SIG_UNBLOCK, &one, nullptr);
  ::kill(getpid(), number);
  _exit(128 + number);  // where a sandbox lets nobody kill
}

void take_up_ending() {
  if (g_ending.load() != 0) alarm(kGrace);
  if (Interpreter* interpreter = g_interpreter.load()) interpreter->interrupt();
}

/// Before the next instruction of code that computes: it is cancelled, and whoever waits for it.
void ending_hook(lua_State* L, lua_Debug*) {
  lua_sethook(L, nullptr, 0, 0);
  if (lua_checkstack(L, LUA_MINSTACK) == 0 || !g_pending.exchange(false)) return;
  take_up_ending();
  cancel_running_code(L);
}

void on_unanswered(int) {
  if (pthread_equal(pthread_self(), g_thread) == 0) {
    pthread_kill(g_thread, SIGALRM);
    return;
  }
  if (!g_pending.load() || g_stopped.exchange(true)) die_of(g_ending.load());
  if (Scheduler* scheduler = g_scheduler.load()) lua_sethook(scheduler->running(), ending_hook, LUA_MASKCOUNT, 1);
  alarm(kPatienceWithC);
}

void on_ending(int number) {
  const int saved_errno = errno;
  int none = 0;
  Loop* loop = g_loop.load();
  if (loop == nullptr || !g_ending.compare_exchange_strong(none, number)) die_of(number);
  g_interrupts.fetch_add(1);  // Ctrl-C now ends it at once
  g_pending.store(true);
  struct sigaction action {};
  action.sa_handler = on_unanswered;
  action.sa_flags = SA_RESTART;
  sigemptyset(&action.sa_mask);
  sigaction(SIGALRM, &action, nullptr);
  alarm(kPatience);
  loop->wake();
  errno = saved_errno;
}

/// Writes the tree of tasks to stderr. Protected.
int print_tasks(lua_State* L) {
  lua_getfield(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
  lua_getfield(L, -1, "async");
  lua_getfield(L, -1, "format_tasks");
  lua_call(L, 0, 1);
  std::fflush(stdout);
  report_message(luaL_checkstring(L, -1));
  return 0;
}

/// Set by the handler on the coroutine that computes; it takes itself out.
void show_tasks_hook(lua_State* L, lua_Debug*) {
  lua_sethook(L, nullptr, 0, 0);
  if (!g_show_tasks.load() || lua_checkstack(L, LUA_MINSTACK) == 0) return;
  g_show_tasks.store(false);
  lua_pushcfunction(L, bound<print_tasks>);
  if (lua_pcall(L, 0, 0, 0) == LUA_OK) return;
  report_message("the tasks cannot be shown");
  lua_pop(L, 1);
}

void on_show_tasks(int) {
  const int saved_errno = errno;
  if (pthread_equal(pthread_self(), g_thread) == 0) {
    pthread_kill(g_thread, SIGUSR1);
  } else if (Scheduler* scheduler = g_scheduler.load()) {
    g_show_tasks.store(true);
    // As lua.c does for SIGINT. A hook of the script's own stays; then the loop shows the tasks.
    lua_State* running = scheduler->running();
    if (lua_gethook(running) == nullptr) lua_sethook(running, show_tasks_hook, LUA_MASKCOUNT, 1);
    scheduler->loop().wake();
  }
  errno = saved_errno;
}

/// On the loop's thread, outside Lua.
void queue_show_tasks(Interpreter& interpreter) {
  lua_State* L = interpreter.state();
  lua_pushcfunction(L, bound<print_tasks>);
  call_soon(L, interpreter.scheduler(), new_handle(L, 0));
  lua_pop(L, 1);
}

void on_broken_pipe(int) {}

bool install(int signal_number, void (*handler)(int)) {
  struct sigaction old {};
  struct sigaction action {};
  action.sa_handler = handler;
  action.sa_flags = SA_RESTART;  // Lua's own reads and writes must not fail with EINTR
  sigemptyset(&action.sa_mask);
  if (sigaction(signal_number, &action, &old) != 0) return false;
  // A shell starts background jobs with SIGINT ignored, and nohup with SIGHUP; it stays so.
  if (old.sa_handler == SIG_IGN) sigaction(signal_number, &old, nullptr);
  return old.sa_handler != SIG_IGN;
}

}  // namespace

InterruptGuard::InterruptGuard(Interpreter& interpreter) {
  interpreter.loop().set_wake_hook([&interpreter] {
    if (g_pending.exchange(false)) take_up_ending();
    if (g_show_tasks.exchange(false)) queue_show_tasks(interpreter);
  });
  g_loop.store(&interpreter.loop());
  g_interpreter.store(&interpreter);
  g_thread = pthread_self();
  g_scheduler.store(&interpreter.scheduler());
  installed_ = install(SIGINT, on_interrupt);
  install(SIGTERM, on_ending);
  install(SIGHUP, on_ending);
  if (!interpreter.scheduler().debug()) return;
  shows_tasks_ = install(SIGUSR1, on_show_tasks);
}

InterruptGuard::~InterruptGuard() {
  // From here on nothing is left that could be cancelled: a SIGINT ends the process.
  if (installed_) signal(SIGINT, SIG_DFL);
  if (g_ending.load() != 0) alarm(0);  // a second SIGTERM or SIGHUP finds no loop, and ends the process
  g_interpreter.store(nullptr);
  g_loop.store(nullptr);
  // The process ends; whoever asks for its tasks now need not end it sooner.
  if (shows_tasks_) signal(SIGUSR1, SIG_IGN);
  g_scheduler.store(nullptr);
}

int ending_signal() { return g_ending.load(); }

void die_at_exit() { g_die.store(true); }

void prepare_to_die() {
  at_process_end(stdlib::io::end_children);
  std::atexit([] {
    if (!g_die.load()) return;
    std::fflush(stdout);
    die_of(g_ending.load());
  });
}

void ignore_broken_pipes() {
  // A handler that does nothing and not SIG_IGN: exec sets it back to the default, so that the programs
  // which os.execute and io.popen start end in a broken pipe as they should.
  install(SIGPIPE, on_broken_pipe);
}

}  // namespace neap::internal
