#include "stdlib/fs/system.hpp"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <new>
#include <utility>

namespace neap::internal::stdlib::fs {

namespace {

constexpr std::size_t kMostAtOnce = std::size_t{16}
                                    << 20U;  // bytes in one call: then a look whether anybody still waits
constexpr int kLook = 100;                   // milliseconds between looks whether anybody still waits
constexpr int kOpenRetry = 20;               // milliseconds between attempts to open a FIFO that nobody reads

/// Waits until the descriptor may be ready. False when nobody waits for the job any more.
bool wait_ready(int fd, short events, const Job* job) {
  for (;;) {
    if (job == nullptr || job->must_stop()) return false;
    pollfd entry{fd, events, 0};
    if (const int count = ::poll(&entry, 1, kLook); count > 0 || (count < 0 && errno != EINTR)) return true;
  }
}

bool is_fifo(const char* path) {
  struct stat status {};
  return ::stat(path, &status) == 0 && S_ISFIFO(status.st_mode);
}

}  // namespace

Failure failure(const char* syscall) { return {errno, syscall}; }

Failure reach_object(Reach& reach, const char* path, int access, const char* syscall) {
  return {reach.object(path, access), syscall};
}

Failure reach_entry(Reach& reach, const char* path, int access, const char* syscall) {
  return {reach.entry(path, access), syscall};
}

Descriptor& Descriptor::operator=(Descriptor&& other) noexcept {
  std::swap(fd_, other.fd_);
  std::swap(status_, other.status_);
  return *this;
}

Failure Descriptor::open(const char* path, int flags, const Job& job, mode_t mode) {
  for (;;) {
    fd_ = open_reached(path, flags | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, mode);
    if (fd_ >= 0) break;
    const Failure reason = failure("open");
    const bool no_reader = reason.error == ENXIO && is_fifo(path) && !job.must_stop();
    if (no_reader) ::poll(nullptr, 0, kOpenRetry);
    if (!no_reader && reason.error != EINTR) return reason;
  }
  if (::fstat(fd_, &status_) == 0) return {};
  const Failure reason = failure("fstat");
  close();
  return reason;
}

Failure Descriptor::close() {
  if (fd_ < 0) return {};
  const int result = ::close(std::exchange(fd_, -1));
  // After EINTR the descriptor is gone all the same, and may belong to somebody else by now.
  return result == 0 || errno == EINTR ? Failure{} : failure("close");
}

Failure Descriptor::read_some(Bytes& bytes, std::size_t count, std::size_t* got, const Job& job) const {
  bool sure = !S_ISFIFO(status_.st_mode);
  for (;;) {
    if (job.must_stop()) return {ECANCELED, "read"};
    const ssize_t result = ::read(fd_, bytes.data() + bytes.size(), std::min(count, kMostAtOnce));
    if (result >= 0) {
      if (result == 0 && !sure) {
        // A FIFO that no writer has opened yet looks like one at its end; poll tells the difference.
        pollfd entry{fd_, POLLIN, 0};
        sure = ::poll(&entry, 1, kLook) != 0;
        continue;
      }
      *got = static_cast<std::size_t>(result);
      bytes.added(*got);
      return {};
    }
    if (errno == EAGAIN || errno == EWOULDBLOCK) {
      if (!wait_ready(fd_, POLLIN, &job)) return {ECANCELED, "read"};
    } else if (errno != EINTR) {
      return failure("read");
    }
  }
}

Failure Descriptor::read_rest(Bytes& bytes, const Job& job) const {
  // One byte more than the size, so that one call sees the end. Files of /proc say 0 and have more.
  if (is_regular() && status_.st_size > 0) {
    const off_t position = ::lseek(fd_, 0, SEEK_CUR);
    const off_t left = status_.st_size - std::max<off_t>(position, 0);
    if (left > 0) bytes.reserve_more(static_cast<std::size_t>(left) + 1);
  }
  for (;;) {
    bytes.reserve_more(1);
    std::size_t got = 0;
    if (const Failure reason = read_some(bytes, bytes.room(), &got, job)) return reason;
    if (got == 0) return {};
  }
}

Failure Descriptor::write_all(std::string_view bytes, std::size_t* written, const Job* job) const {
  *written = 0;
  while (*written < bytes.size()) {
    const std::size_t count = std::min(bytes.size() - *written, kMostAtOnce);
    const ssize_t result = ::write(fd_, bytes.data() + *written, count);
    if (result >= 0) {
      *written += static_cast<std::size_t>(result);
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      if (!wait_ready(fd_, POLLOUT, job)) return {ECANCELED, "write"};
    } else if (errno != EINTR) {
      return failure("write");
    }
  }
  return {};
}

const char* file_type_name(mode_t mode) {
  switch (mode & S_IFMT) {
    case S_IFREG: return "file";
    case S_IFDIR: return "directory";
    case S_IFLNK: return "link";
    case S_IFIFO: return "fifo";
    case S_IFSOCK: return "socket";
    case S_IFCHR: return "char";
    case S_IFBLK: return "block";
    default: return "unknown";
  }
}

}  // namespace neap::internal::stdlib::fs
