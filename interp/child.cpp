#include "interp/child.hpp"

#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <ctime>
#include <system_error>

namespace neap::internal {

namespace {

constexpr int kHandedOn[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGTSTP};
constexpr timespec kLook{0, 100'000'000};  // between looks at the child, whose SIGCHLD another thread may get
constexpr int kSignalled = 128;

/// Signals that wait for `next` and interrupt nothing, as long as this lives.
class HeldSignals {
 public:
  HeldSignals() {
    sigemptyset(&held_);
    sigaddset(&held_, SIGCHLD);
    for (const int signal : kHandedOn) sigaddset(&held_, signal);
    pthread_sigmask(SIG_BLOCK, &held_, &before_);
  }
  ~HeldSignals() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  HeldSignals(const HeldSignals&) = delete;
  HeldSignals& operator=(const HeldSignals&) = delete;

  [[nodiscard]] const sigset_t& before() const { return before_; }

  /// The next signal, or 0 after a while.
  [[nodiscard]] int next() const {
#ifdef __APPLE__
    nanosleep(&kLook, nullptr);
    sigset_t pending;
    sigpending(&pending);
    for (const int signal : kHandedOn) {
      if (sigismember(&pending, signal) == 0) continue;
      int taken = 0;
      sigwait(&held_, &taken);
      return taken;
    }
    return 0;
#else
    const int signal = sigtimedwait(&held_, nullptr, &kLook);
    return signal > 0 ? signal : 0;
#endif
  }

 private:
  sigset_t held_{};
  sigset_t before_{};
};

std::vector<char*> pointers_of(const std::vector<std::string>& strings) {
  std::vector<char*> pointers;
  pointers.reserve(strings.size() + 1);
  for (const std::string& each : strings) pointers.push_back(const_cast<char*>(each.c_str()));
  pointers.push_back(nullptr);
  return pointers;
}

pid_t start(const ChildOptions& options, const sigset_t& mask) {
  std::vector<char*> arguments = pointers_of(options.arguments);
  arguments.insert(arguments.begin(), const_cast<char*>("neap"));
  const std::vector<char*> environment = pointers_of(options.environment);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
#if defined(__GLIBC__) && __GLIBC_PREREQ(2, 34)
  posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1);
#endif
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t defaults;
  sigemptyset(&defaults);
  sigaddset(&defaults, SIGPIPE);
  posix_spawnattr_setsigdefault(&attributes, &defaults);
  posix_spawnattr_setsigmask(&attributes, &mask);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  pid_t pid = 0;
  const int error =
      posix_spawn(&pid, options.program.c_str(), &actions, &attributes, arguments.data(), environment.data());
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0) throw std::system_error(error, std::generic_category(), "cannot start '" + options.program + "'");
  return pid;
}

void hand_on(pid_t pid, int signal) {
  if (signal == SIGTSTP) {  // both stop, and go on together
    ::kill(-pid, SIGSTOP);
    ::raise(SIGSTOP);
    ::kill(-pid, SIGCONT);
  } else if (signal != SIGCHLD && signal != 0) {
    ::kill(pid, signal);
  }
}

}  // namespace

int run_in_child(const ChildOptions& options) {
  const HeldSignals signals;
  const pid_t pid = start(options, signals.before());
  int status = 0;
  for (;;) {
    const pid_t ended = ::waitpid(pid, &status, WNOHANG);
    if (ended == pid || (ended < 0 && errno != EINTR)) break;
    hand_on(pid, signals.next());
  }
  ::kill(-pid, SIGKILL);
  return WIFSIGNALED(status) ? kSignalled + WTERMSIG(status) : WEXITSTATUS(status);
}

}  // namespace neap::internal
