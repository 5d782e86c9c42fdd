#include "stdlib/fs/remove_tree.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <utility>
#include <vector>

namespace neap::internal::stdlib::fs {

namespace {

constexpr int kOpenDirectory = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;

/// A directory on the way down from the top.
struct Level {
  std::string name;  // in the one above
  dev_t device = 0;
  ino_t inode = 0;
  std::vector<std::string> directories;  // in it, still to be removed
};

class TreeRemover {
 public:
  /// `top` is the path for the system.
  TreeRemover(const char* top, const Job* job) : top_(top), job_(job) {}
  ~TreeRemover() { leave(); }
  TreeRemover(const TreeRemover&) = delete;
  TreeRemover& operator=(const TreeRemover&) = delete;

  /// `name` is that of the top in messages.
  Failure run(const std::string& name) {
    if (const Failure reason = enter(AT_FDCWD, name, top_)) return reason;
    while (!levels_.empty()) {
      Level& level = levels_.back();
      if (level.directories.empty()) {
        if (const Failure reason = finish()) return reason;
      } else {
        const std::string next = std::move(level.directories.back());
        level.directories.pop_back();
        if (const Failure reason = enter(directory_, next, next.c_str())) return reason;
      }
    }
    return {};
  }

  /// The path of what it failed at.
  [[nodiscard]] std::string where() const {
    std::string path;
    for (const Level& level : levels_) path += (path.empty() ? "" : "/") + level.name;
    return path + (path.empty() || failed_.empty() ? "" : "/") + failed_;
  }

 private:
  Failure fail(const char* syscall, const std::string& name) {
    const Failure reason = failure(syscall);
    failed_ = name;
    return reason;
  }

  void leave() {
    if (directory_ >= 0) ::close(std::exchange(directory_, -1));
  }

  /// openat of a directory, which a signal may interrupt on a file system of the network.
  static int open_directory(int above, const char* name) {
    for (;;) {
      const int fd = ::openat(above, name, kOpenDirectory);
      if (fd >= 0 || errno != EINTR) return fd;
    }
  }

  /// Goes into the directory `name` and removes everything in it that is not a directory.
  Failure enter(int above, const std::string& name, const char* usable) {
    const int fd = open_directory(above, usable);
    if (fd < 0) return fail("open", name);
    leave();
    directory_ = fd;
    struct stat status {};
    if (::fstat(fd, &status) != 0) return fail("fstat", name);
    levels_.push_back({name, status.st_dev, status.st_ino, {}});
    return remove_files();
  }

  Failure remove_files() {
    const int copy = open_directory(directory_, ".");  // closedir takes its descriptor with it
    if (copy < 0) return fail("open", "");
    const std::unique_ptr<DIR, int (*)(DIR*)> entries(::fdopendir(copy), ::closedir);
    if (!entries) {
      const Failure reason = fail("opendir", "");
      ::close(copy);
      return reason;
    }
    for (;;) {
      if (job_ != nullptr && job_->must_stop()) return {ECANCELED, "unlink"};
      errno = 0;
      const dirent* entry = ::readdir(entries.get());
      if (entry == nullptr) return errno == 0 ? Failure{} : fail("readdir", "");
      if (std::strcmp(entry->d_name, ".") == 0 || std::strcmp(entry->d_name, "..") == 0) continue;
      if (const Failure reason = remove_entry(*entry)) return reason;
    }
  }

  Failure remove_entry(const dirent& entry) {
    bool is_directory = entry.d_type == DT_DIR;
    if (entry.d_type == DT_UNKNOWN) {
      struct stat status {};
      if (::fstatat(directory_, entry.d_name, &status, AT_SYMLINK_NOFOLLOW) != 0) {
        return errno == ENOENT ? Failure{} : fail("lstat", entry.d_name);
      }
      is_directory = S_ISDIR(status.st_mode);
    }
    if (is_directory) {
      levels_.back().directories.emplace_back(entry.d_name);
    } else if (::unlinkat(directory_, entry.d_name, 0) != 0 && errno != ENOENT) {
      return fail("unlink", entry.d_name);
    }
    return {};
  }

  /// Goes back to the directory above and removes the one it was in, which is empty now.
  Failure finish() {
    const Level done = std::move(levels_.back());
    levels_.pop_back();
    if (levels_.empty()) {
      leave();
      return ::rmdir(top_) == 0 || errno == ENOENT ? Failure{} : fail("rmdir", done.name);
    }
    const int above = open_directory(directory_, "..");
    if (above < 0) return fail("open", done.name);
    leave();
    directory_ = above;
    struct stat status {};
    if (::fstat(above, &status) != 0) return fail("fstat", done.name);
    if (status.st_dev != levels_.back().device || status.st_ino != levels_.back().inode) {
      errno = ENOENT;  // somebody has moved the directory: `..` is not where we came from
      return fail("open", done.name);
    }
    const bool removed = ::unlinkat(above, done.name.c_str(), AT_REMOVEDIR) == 0 || errno == ENOENT;
    return removed ? Failure{} : fail("rmdir", done.name);
  }

  const char* top_;
  const Job* job_;
  int directory_ = -1;
  std::vector<Level> levels_;
  std::string failed_;
};

}  // namespace

Failure remove_entry(std::string& path, const Job* job) {
  Reach reach;
  if (const Failure reason = reach_entry(reach, path.c_str(), kToWrite, "lstat")) return reason;
  struct stat status {};
  if (::lstat(reach.path(), &status) != 0) return failure("lstat");
  if (S_ISDIR(status.st_mode)) return remove_tree(path, job);
  return failure_unless(::unlink(reach.path()), "unlink");
}

Failure remove_tree(std::string& path, const Job* job) {
  Reach reach;
  if (const Failure reason = reach_entry(reach, path.c_str(), kToWrite, "open")) return reason;
  TreeRemover remover(reach.path(), job);
  const Failure reason = remover.run(path);
  if (reason) path = remover.where();
  return reason;
}

}  // namespace neap::internal::stdlib::fs
