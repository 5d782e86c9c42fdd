// Learns of the end of a child, and reaps it.
//
// From a descriptor of the process (pidfd) where the system has them, else from SIGCHLD. It is reaped by its number
// alone, so that children that C libraries make are left to those.
//
// Owner: itself. It deletes itself when it has told of the end, or was stopped, and libuv has closed it.
#pragma once

#include <sys/types.h>
#include <uv.h>

#include <memory>

namespace neap::internal::stdlib::io {

/// Waits, blocking, for the child's end. Its status as waitpid gives it; -1 when somebody else has reaped it.
int wait_blocking(pid_t pid);

/// The child outlives what has started it: once it has ended it is reaped when the next child is started or left.
void leave_child(pid_t pid);

class ExitWatch {
 public:
  /// `status` is that of wait_blocking.
  using Ended = void (*)(void* owner, int status);

  /// Before the child is started, so that lack of memory leaves none behind.
  static std::unique_ptr<ExitWatch> make(Ended ended, void* owner);
  /// Begins to watch, and is its own owner from now on.
  ExitWatch* start(uv_loop_t* loop, pid_t pid);

  /// Tells nobody any more; the child is not reaped.
  void stop();

 private:
  ExitWatch() : handle() {}
  void look();

  union {
    uv_handle_t handle;
    uv_poll_t poll;      // of the pidfd
    uv_signal_t signal;  // SIGCHLD
  };
  int pidfd_ = -1;
  pid_t pid_ = 0;
  Ended ended_ = nullptr;
  void* owner_ = nullptr;
};

}  // namespace neap::internal::stdlib::io
