// Paths in a sandbox: from what a script passes to what the system is given, with a check between them that nothing can
// come between.
//
// The check is not of the path but of what it leads to. That is opened first (Linux: O_PATH, which does nothing to it),
// its real path is asked for, and what is allowed is then done by way of the open descriptor. Whoever changes a
// symbolic link or moves a directory meanwhile changes nothing any more. Where the system has no such descriptors, the
// real path itself is used, and somebody outside of the sandbox who changes directories may win a race.
//
// A thread works for a sandbox while it has a Confinement; without one nothing here does anything.
#pragma once

#include "stdlib/permissions/sandbox.hpp"

#include <fcntl.h>
#include <sys/types.h>

#include <memory>
#include <string>

namespace neap::internal {

/// In place of an error number: the sandbox does not allow it.
inline constexpr int kDenied = 1 << 20;

/// What is asked for. A Lua file that is run as code may be one that can be read, or one of the script's own.
enum Access : unsigned char { kToRead = 1, kToWrite = 2, kToRun = 4 };

/// What was not allowed.
struct Denial {
  Permission kind = Permission::read;
  std::string value;
};

/// The thread works for the sandbox as long as this lives; null: for none.
class Confinement {
 public:
  explicit Confinement(const Permissions* permissions);
  ~Confinement();
  Confinement(const Confinement&) = delete;
  Confinement& operator=(const Confinement&) = delete;

 private:
  const Permissions* before_;
};

/// The sandbox that this thread works for, or null.
const Permissions* confinement();
/// What was denied last on this thread.
Denial take_denial();

/// A path on its way to the system. The functions give 0, an error number or kDenied.
class Reach {
 public:
  Reach() = default;
  ~Reach();
  Reach(const Reach&) = delete;
  Reach& operator=(const Reach&) = delete;

  /// What the path leads to, symbolic links followed. It must exist.
  int object(const char* path, int access);
  /// The entry of a directory itself, which need not exist; a symbolic link is not followed. Only for calls of the
  /// system that follow none either.
  int entry(const char* path, int access);

  /// What the system is to be given.
  [[nodiscard]] const char* path() const { return path_; }
  /// Its real path; only in a sandbox.
  [[nodiscard]] const std::string& real() const { return real_; }

 private:
  int missing(const char* path, int access, int error);

  int fd_ = -1;
  const char* path_ = "";
  std::string text_;
  std::string real_;
};

/// open(2). -1 with errno, which may be kDenied.
int open_reached(const char* path, int flags, mode_t mode);

/// 0 when a symbolic link at `path` may lead to `target`.
int check_link(const char* target, const char* path);

/// True, and no denial, when the object may be reached so; else false.
bool may_reach(const char* path, int access);

}  // namespace neap::internal
