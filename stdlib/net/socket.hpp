// Sockets that are watched by a uv_poll_t.
#pragma once

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>

namespace neap::internal::stdlib::net {

/// A socket that does not block, or -1 with errno.
inline int open_socket(int family, int type) {
  const int fd = ::socket(family, type, 0);
  if (fd < 0) return -1;
  fcntl(fd, F_SETFD, FD_CLOEXEC);
  fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
  return fd;
}

inline void set_option(int fd, int level, int option) {
  const int on = 1;
  setsockopt(fd, level, option, &on, sizeof on);
}

}  // namespace neap::internal::stdlib::net
