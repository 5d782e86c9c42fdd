#include "stdlib/io/readiness.hpp"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

namespace neap::internal::stdlib::io {

namespace {

int second_descriptor(int fd, [[maybe_unused]] bool for_writing) {
#ifdef __linux__
  // Not of a pipe that is written: a second end of it would keep the reader from learning of the end.
  if (!for_writing) {
    char path[32];
    std::snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    const int fresh = ::open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
    if (fresh >= 0) return fresh;
  }
#endif
  return fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
}

}  // namespace

bool is_ready(int fd, bool for_writing) {
  pollfd item{fd, static_cast<short>(for_writing ? POLLOUT : POLLIN), 0};
  int count = 0;
  do {
    count = ::poll(&item, 1, 0);
  } while (count < 0 && errno == EINTR);
  return count != 0;
}

Readiness* Readiness::open(uv_loop_t* loop, int fd, bool for_writing, Callback callback, void* owner) {
  const int flags = fcntl(fd, F_GETFL);
  if (flags < 0) return nullptr;
  auto* self = new Readiness();
  self->fd_ = second_descriptor(fd, for_writing);
  if (self->fd_ < 0 || uv_poll_init(loop, &self->poll_, self->fd_) != 0) {
    if (self->fd_ >= 0) ::close(self->fd_);
    fcntl(fd, F_SETFL, flags);
    delete self;
    return nullptr;
  }
  if ((flags & O_NONBLOCK) == 0) fcntl(fd, F_SETFL, flags);
  self->poll_.data = self;
  self->events_ = for_writing ? UV_WRITABLE : UV_READABLE;
  self->callback_ = callback;
  self->owner_ = owner;
  return self;
}

void Readiness::start() { uv_poll_start(&poll_, events_, on_event); }

void Readiness::on_event(uv_poll_t* poll, int, int) {
  // An error is found out by whoever reads or writes.
  const auto* self = static_cast<Readiness*>(poll->data);
  self->callback_(self->owner_);
}

void Readiness::close() {
  uv_poll_stop(&poll_);
  ::close(fd_);
  uv_close(reinterpret_cast<uv_handle_t*>(&poll_),
           [](uv_handle_t* handle) { delete static_cast<Readiness*>(handle->data); });
}

}  // namespace neap::internal::stdlib::io
