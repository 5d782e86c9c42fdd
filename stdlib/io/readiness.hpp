// Tells when a descriptor can be read, or written, without changing anything about it.
//
// Who shares the descriptor (the shell, C's stdio, another program) must not find it non-blocking: that is a property
// of the open file and not of the process. So only a second descriptor is watched, of an open file of its own where the
// system can give one; else libuv's mark is taken off again at once.
//
// Owner: whoever opened it, until `close`; then libuv, which takes a turn of the loop, and it deletes itself.
#pragma once

#include <uv.h>

namespace neap::internal::stdlib::io {

/// True when reading, or writing PIPE_BUF bytes, would not block now. That may be to learn of the end or of an error.
bool is_ready(int fd, bool for_writing);

class Readiness {
 public:
  using Callback = void (*)(void* owner);

  /// Null when the descriptor cannot be watched, because it is always ready (a file, /dev/null) or not open.
  static Readiness* open(uv_loop_t* loop, int fd, bool for_writing, Callback callback, void* owner);

  /// From now on calls back, in each turn in which it is ready, until it is stopped.
  void start();
  void stop() { uv_poll_stop(&poll_); }
  void close();

 private:
  Readiness() = default;
  static void on_event(uv_poll_t* poll, int status, int events);

  uv_poll_t poll_{};
  int fd_ = -1;
  int events_ = 0;
  Callback callback_ = nullptr;
  void* owner_ = nullptr;
};

}  // namespace neap::internal::stdlib::io
