// The calls of the operating system that the module is made of. They run on pool threads and block there.
//
// Files that may make a reader or writer wait for ever (a FIFO, a terminal) are opened without blocking and
// polled, so that a job that nobody waits for any more frees its thread soon.
#pragma once

#include "runtime/task/offload.hpp"
#include "stdlib/io/bytes.hpp"
#include "stdlib/permissions/reach.hpp"

#include <sys/stat.h>

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

namespace neap::internal::stdlib::fs {

using io::Bytes;

/// What went wrong: errno and the name of the call; no error when `error` is 0.
struct Failure {
  int error = 0;
  const char* syscall = "";

  explicit operator bool() const { return error != 0; }
};

/// The failure of `syscall`, from errno.
Failure failure(const char* syscall);
/// The same when `result` is not 0.
inline Failure failure_unless(int result, const char* syscall) { return result == 0 ? Failure{} : failure(syscall); }

/// `path` on its way to `syscall`, which follows symbolic links, or does not: see stdlib/permissions/reach.hpp.
Failure reach_object(Reach& reach, const char* path, int access, const char* syscall);
Failure reach_entry(Reach& reach, const char* path, int access, const char* syscall);

/// An open file, closed with its owner.
class Descriptor {
 public:
  Descriptor() = default;
  ~Descriptor() { close(); }
  Descriptor(Descriptor&& other) noexcept { *this = static_cast<Descriptor&&>(other); }
  Descriptor& operator=(Descriptor&& other) noexcept;
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;

  /// open(2), with EINTR and waiting FIFOs dealt with. Directories open for reading.
  /// `mode` is for a file that is created, before the umask.
  Failure open(const char* path, int flags, const Job& job, mode_t mode = 0666);
  Failure close();
  /// Gives the descriptor to somebody else, who closes it.
  int release() { return std::exchange(fd_, -1); }

  [[nodiscard]] int get() const { return fd_; }
  [[nodiscard]] bool is_open() const { return fd_ >= 0; }
  /// A regular file: reading and writing never wait for anybody.
  [[nodiscard]] bool is_regular() const { return S_ISREG(status_.st_mode); }
  /// What fstat said when it was opened.
  [[nodiscard]] const struct stat& status() const { return status_; }

  /// Reads at most `count` bytes behind the end of `bytes`, which must have the room; `*got` is 0 at the end
  /// of the file.
  Failure read_some(Bytes& bytes, std::size_t count, std::size_t* got, const Job& job) const;
  /// Reads from the current position to the end of the file.
  Failure read_rest(Bytes& bytes, const Job& job) const;
  /// Writes all of it; `*written` counts what was written, also when the rest failed.
  Failure write_all(std::string_view bytes, std::size_t* written, const Job* job) const;

 private:
  int fd_ = -1;
  struct stat status_ {};
};

/// True when both tell of one file.
inline bool same_file(const struct stat& a, const struct stat& b) {
  return a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

#ifdef __APPLE__
inline timespec access_time(const struct stat& status) { return status.st_atimespec; }
inline timespec change_time(const struct stat& status) { return status.st_mtimespec; }
#else
inline timespec access_time(const struct stat& status) { return status.st_atim; }
inline timespec change_time(const struct stat& status) { return status.st_mtim; }
#endif

/// The word for the file type in `mode`: "file", "directory", "link", ...
const char* file_type_name(mode_t mode);

}  // namespace neap::internal::stdlib::fs
