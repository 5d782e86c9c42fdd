#include "stdlib/io/exit_watch.hpp"

#include "stdlib/io/children.hpp"

#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <mutex>
#include <new>
#include <vector>

namespace neap::internal::stdlib::io {

namespace {

/// 0 when `options` say not to wait and it still runs, -1 when it is none of our children any more.
pid_t reap(pid_t pid, int* status, int options) {
  pid_t ended = 0;
  do {
    ended = ::waitpid(pid, status, options);
  } while (ended < 0 && errno == EINTR);
  if (ended != 0) forget_child(pid);
  return ended;
}

/// Of interpreters that have ended; never destroyed, because threads may leave some yet.
struct LeftChildren {
  std::mutex mutex;
  std::vector<pid_t> pids;
};

LeftChildren& left_children() {
  static LeftChildren& all = *new LeftChildren();
  return all;
}

int open_pidfd([[maybe_unused]] pid_t pid) {
#ifdef SYS_pidfd_open
  return static_cast<int>(::syscall(SYS_pidfd_open, pid, 0));  // closed on exec by itself
#else
  return -1;
#endif
}

}  // namespace

int wait_blocking(pid_t pid) {
  int status = 0;
  return reap(pid, &status, 0) < 0 ? -1 : status;
}

/// Under the mutex.
static void reap_left(LeftChildren& left) {
  std::erase_if(left.pids, [](pid_t pid) {
    int status = 0;
    return reap(pid, &status, WNOHANG) != 0;
  });
}

void leave_child(pid_t pid) {
  LeftChildren& left = left_children();
  const std::lock_guard lock(left.mutex);
  try {
    left.pids.push_back(pid);
  } catch (const std::bad_alloc&) {
    // It is reaped when this process has ended.
  }
  reap_left(left);
}

std::unique_ptr<ExitWatch> ExitWatch::make(Ended ended, void* owner) {
  {
    LeftChildren& left = left_children();
    const std::lock_guard lock(left.mutex);
    reap_left(left);
    left.pids.reserve(left.pids.size() + 1);  // for this one
  }
  std::unique_ptr<ExitWatch> self(new ExitWatch());
  self->ended_ = ended;
  self->owner_ = owner;
  return self;
}

ExitWatch* ExitWatch::start(uv_loop_t* loop, pid_t pid) {
  pid_ = pid;
  pidfd_ = open_pidfd(pid);
  if (pidfd_ >= 0 && uv_poll_init(loop, &poll, pidfd_) == 0) {
    handle.data = this;
    uv_poll_start(&poll, UV_READABLE, [](uv_poll_t* event, int, int) { static_cast<ExitWatch*>(event->data)->look(); });
    return this;
  }
  if (pidfd_ >= 0) ::close(pidfd_);
  pidfd_ = -1;
  uv_signal_init(loop, &signal);
  handle.data = this;
  const auto on_signal = [](uv_signal_t* event, int) { static_cast<ExitWatch*>(event->data)->look(); };
  uv_signal_start(&signal, on_signal, SIGCHLD);
  ::kill(::getpid(), SIGCHLD);  // it may have ended before
  return this;
}

void ExitWatch::look() {
  int status = 0;
  const pid_t reaped = reap(pid_, &status, WNOHANG);
  if (reaped == 0) return;
  stop();
  ended_(owner_, reaped < 0 ? -1 : status);
}

void ExitWatch::stop() {
  uv_close(&handle, [](uv_handle_t* closed) { delete static_cast<ExitWatch*>(closed->data); });
  if (pidfd_ >= 0) ::close(pidfd_);  // libuv looks at it no more
}

}  // namespace neap::internal::stdlib::io
