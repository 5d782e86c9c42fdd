// The copy of a directory with everything in it.
#include "stdlib/fs/copy.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <utility>
#include <vector>

namespace neap::internal::stdlib::fs {

namespace {

/// True when `path`, which need not exist, would be the directory or below it.
bool is_inside(const std::string& path, const struct stat& directory) {
  struct stat status {};
  if (::stat(path.c_str(), &status) == 0 && same_file(status, directory)) return true;
  const std::size_t end = path.find_last_not_of('/');
  const std::size_t slash = end == std::string::npos ? end : path.rfind('/', end);
  std::string above = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  struct stat below {};
  while (::stat(above.c_str(), &status) == 0 && !same_file(status, below)) {
    if (same_file(status, directory)) return true;
    below = status;
    above += "/..";
  }
  return false;
}

/// A directory on the way down from the top.
struct Level {
  CopyPaths paths;
  struct stat status {};
  std::vector<std::string> names;  // in it, still to be copied
};

class TreeCopier {
 public:
  TreeCopier(CopyPaths& current, const CopyOptions& options, const Job& job)
      : current_(current),
        options_(options),
        job_(job) {}

  Failure run(const struct stat& top) {
    if (const Failure reason = enter(top)) return reason;
    while (!levels_.empty()) {
      if (job_.must_stop()) return {ECANCELED, "copyfile"};
      if (const Failure reason = levels_.back().names.empty() ? finish() : copy_next()) return reason;
    }
    return {};
  }

 private:
  /// Makes the copy of the directory at hand, and finds out what is in it.
  Failure enter(const struct stat& status) {
    for (const Level& above : levels_) {
      if (same_file(above.status, status)) return {ELOOP, "copyfile"};  // by way of links
    }
    if (const Failure reason = make_directory(status)) return reason;
    Level level{current_, status, {}};
    if (const Failure reason = read_names(level.names)) return reason;
    levels_.push_back(std::move(level));
    return {};
  }

  Failure make_directory(const struct stat& status) {
    Reach made;
    if (const Failure reason = reach_entry(made, current_.to.c_str(), kToWrite, "mkdir")) return reason;
    const char* path = made.path();
    if (::mkdir(path, 0700 | (status.st_mode & 0777)) == 0) return {};
    const Failure reason = failure("mkdir");
    if (reason.error != EEXIST || !options_.overwrite) return reason;
    struct stat there {};
    // Only at the top a link to a directory will do: one below might lead out of the tree.
    const int result = levels_.empty() ? ::stat(path, &there) : ::lstat(path, &there);
    return result == 0 && S_ISDIR(there.st_mode) ? Failure{} : reason;
  }

  Failure read_names(std::vector<std::string>& names) const {
    Reach from;
    if (const Failure reason = reach_object(from, current_.from.c_str(), kToRead, "opendir")) return reason;
    const std::unique_ptr<DIR, int (*)(DIR*)> stream(::opendir(from.path()), ::closedir);
    if (!stream) return failure("opendir");
    for (;;) {
      errno = 0;
      const dirent* entry = ::readdir(stream.get());
      if (entry == nullptr) break;
      if (std::strcmp(entry->d_name, ".") != 0 && std::strcmp(entry->d_name, "..") != 0) {
        names.emplace_back(entry->d_name);
      }
    }
    if (errno != 0) return failure("readdir");
    std::sort(names.begin(), names.end(), std::greater<>());  // taken from the end
    return {};
  }

  Failure copy_next() {
    Level& level = levels_.back();
    const std::string name = std::move(level.names.back());
    level.names.pop_back();
    current_ = {level.paths.from + "/" + name, level.paths.to + "/" + name};
    struct stat status {};
    if (const Failure reason = look(status)) return reason.error == ENOENT ? Failure{} : reason;
    if (S_ISDIR(status.st_mode)) return enter(status);
    return S_ISLNK(status.st_mode) ? copy_link(current_, options_) : copy_file(current_, options_, job_);
  }

  /// What the entry at hand is; a link that leads nowhere is itself.
  Failure look(struct stat& status) const {
    if (options_.follow) {
      Reach object;
      const int code = object.object(current_.from.c_str(), kToRead);
      if (code == kDenied) return {code, "stat"};
      if (code == 0 && ::stat(object.path(), &status) == 0) return {};
    }
    Reach entry;
    if (const Failure reason = reach_entry(entry, current_.from.c_str(), kToRead, "lstat")) return reason;
    return failure_unless(::lstat(entry.path(), &status), "lstat");
  }

  /// Gives a directory that is complete what making entries in it would have changed.
  Failure finish() {
    Level done = std::move(levels_.back());
    levels_.pop_back();
    current_ = std::move(done.paths);
    Reach to;
    if (const Failure reason = reach_object(to, current_.to.c_str(), kToWrite, "chmod")) return reason;
    if (::chmod(to.path(), done.status.st_mode & 07777) != 0) return failure("chmod");
    if (!options_.times) return {};
    const timespec times[] = {access_time(done.status), change_time(done.status)};
    return failure_unless(::utimensat(AT_FDCWD, to.path(), times, 0), "utime");
  }

  CopyPaths& current_;  // the entry at hand
  const CopyOptions& options_;
  const Job& job_;
  std::vector<Level> levels_;
};

}  // namespace

Failure copy_entry(CopyPaths& paths, const CopyOptions& options, const Job& job) {
  struct stat status {};
  const char* syscall = options.follow ? "stat" : "lstat";
  Reach from;
  const int code = options.follow ? from.object(paths.from.c_str(), kToRead) : from.entry(paths.from.c_str(), kToRead);
  if (code != 0) return {code, syscall};
  const int result = options.follow ? ::stat(from.path(), &status) : ::lstat(from.path(), &status);
  if (result != 0) return failure(syscall);
  if (S_ISLNK(status.st_mode)) return copy_link(paths, options);
  if (!S_ISDIR(status.st_mode)) return copy_file(paths, options, job);
  if (!options.recursive) return {EISDIR, "copyfile"};
  if (is_inside(paths.to, status)) return {EINVAL, "copyfile"};
  return TreeCopier(paths, options, job).run(status);
}

}  // namespace neap::internal::stdlib::fs
