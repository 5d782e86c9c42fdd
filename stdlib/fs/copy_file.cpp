// The copy of one file or link.
#include "stdlib/fs/copy.hpp"

#include <fcntl.h>
#include <unistd.h>
#ifdef __linux__
#include <linux/fs.h>
#include <sys/ioctl.h>
#endif

#include <cerrno>

namespace neap::internal::stdlib::fs {

namespace {

constexpr std::size_t kPiece = std::size_t{1} << 20U;
constexpr std::size_t kMostAtOnce = std::size_t{16}
                                    << 20U;  // bytes in one call: then a look whether anybody still waits

/// Lets the file system do the work, as far as it will: sharing the blocks, or copying without us.
[[maybe_unused]] Failure copy_inside(int from, int to, const Job& job) {
#ifdef __linux__
  if (::ioctl(to, FICLONE, from) == 0) {
    ::lseek(from, 0, SEEK_END);
    return {};
  }
  for (;;) {
    if (job.must_stop()) return {ECANCELED, "copy_file_range"};
    const ssize_t count = ::copy_file_range(from, nullptr, to, nullptr, kMostAtOnce, 0);
    // At the end, and where it cannot be done, reading goes on from here, and meets the real error if there is one.
    if (count == 0 || (count < 0 && errno != EINTR)) return {};
  }
#else
  return {};
#endif
}

Failure copy_bytes(const Descriptor& from, const Descriptor& to, const Job& job) {
  if (const Failure reason = copy_inside(from.get(), to.get(), job)) return reason;
  Bytes bytes;
  for (;;) {
    bytes.clear();
    bytes.reserve_more(kPiece);
    std::size_t count = 0;
    if (const Failure reason = from.read_some(bytes, kPiece, &count, job)) return reason;
    if (count == 0) return {};
    if (const Failure reason = to.write_all({bytes.data(), bytes.size()}, &count, &job)) return reason;
  }
}

/// Opens what is to become the copy; `*created` tells that it was not there.
Failure open_copy(Descriptor& file, const char* path, mode_t mode, bool overwrite, bool* created, const Job& job) {
  const Failure reason = file.open(path, O_WRONLY | O_CREAT | O_EXCL, job, mode);
  *created = !reason;
  if (reason.error != EEXIST || !overwrite) return reason;
  return file.open(path, O_WRONLY | O_CREAT, job, mode);
}

Failure fill(const Descriptor& from, Descriptor& to, bool created, const CopyOptions& options, const Job& job) {
  const struct stat& status = from.status();
  if (!to.is_regular() || same_file(status, to.status())) return {EINVAL, "copyfile"};
  if (to.status().st_size != 0 && ::ftruncate(to.get(), 0) != 0) return failure("ftruncate");
  if (const Failure reason = copy_bytes(from, to, job)) return reason;
  // A file of somebody else's that may be written keeps its permission bits.
  if (::fchmod(to.get(), status.st_mode & 07777) != 0 && (created || errno != EPERM)) return failure("fchmod");
  if (options.times) {
    const timespec times[] = {access_time(status), change_time(status)};
    if (::futimens(to.get(), times) != 0) return failure("futimens");
  }
  return to.close();
}

}  // namespace

Failure copy_file(const CopyPaths& paths, const CopyOptions& options, const Job& job) {
  Descriptor from;
  const int flags = options.follow ? O_RDONLY : O_RDONLY | O_NOFOLLOW;
  if (const Failure reason = from.open(paths.from.c_str(), flags, job)) return reason;
  if (!from.is_regular()) return {EINVAL, "copyfile"};
  Descriptor to;
  bool created = false;
  const mode_t mode = from.status().st_mode & 0777;
  if (const Failure reason = open_copy(to, paths.to.c_str(), mode, options.overwrite, &created, job)) return reason;
  const Failure reason = fill(from, to, created, options, job);
  Reach made;
  if (reason && created && made.entry(paths.to.c_str(), kToWrite) == 0) ::unlink(made.path());
  return reason;
}

Failure copy_link(const CopyPaths& paths, const CopyOptions& options) {
  Reach from;
  Reach to;
  if (const Failure reason = reach_entry(from, paths.from.c_str(), kToRead, "lstat")) return reason;
  if (const Failure reason = reach_entry(to, paths.to.c_str(), kToWrite, "symlink")) return reason;
  struct stat status {};
  if (::lstat(from.path(), &status) != 0) return failure("lstat");
  std::string target(static_cast<std::size_t>(status.st_size) + 1, '\0');
  const ssize_t size = ::readlink(from.path(), target.data(), target.size());
  if (size < 0) return failure("readlink");
  target.resize(static_cast<std::size_t>(size));
  if (const int code = check_link(target.c_str(), paths.to.c_str()); code != 0) return {code, "symlink"};
  int result = ::symlink(target.c_str(), to.path());
  if (result != 0 && errno == EEXIST && options.overwrite) {
    if (::unlink(to.path()) != 0) return failure("unlink");
    result = ::symlink(target.c_str(), to.path());
  }
  if (result != 0) return failure("symlink");
  const timespec times[] = {access_time(status), change_time(status)};
  if (options.times) ::utimensat(AT_FDCWD, to.path(), times, AT_SYMLINK_NOFOLLOW);
  return {};
}

}  // namespace neap::internal::stdlib::fs
