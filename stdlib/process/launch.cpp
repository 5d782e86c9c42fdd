#include "stdlib/process/launch.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

extern char** environ;  // NOLINT(readability-redundant-declaration): POSIX leaves the declaration to us

namespace neap::internal::stdlib::process {

namespace {

bool survives_exec(int fd) { return fcntl(fd, F_GETFD) == 0; }

/// The file actions and attributes of one posix_spawn.
class Settings {
 public:
  Settings() {
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
  }
  ~Settings() {
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    for (const int fd : moved_) {
      if (fd >= 0) close(fd);
    }
  }
  Settings(const Settings&) = delete;
  Settings& operator=(const Settings&) = delete;

  /// Makes the descriptors the child's first three.
  int set_descriptors(const std::array<int, 3>& descriptors) {
    std::array<int, 3> from = descriptors;
    for (int i = 0; i < 3; ++i) {
      // One that another is to replace before it is used is moved out of the way.
      const auto place = static_cast<std::size_t>(i);
      if (from[place] > STDERR_FILENO || from[place] == i) continue;
      from[place] = moved_[place] = fcntl(from[place], F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
      if (from[place] < 0) return errno;
    }
    for (int i = 0; i < 3; ++i) {
      const int fd = from[static_cast<std::size_t>(i)];
      // Of a descriptor to itself it takes the mark off that exec closes it.
      if (fd == i && survives_exec(fd)) continue;
      posix_spawn_file_actions_adddup2(&actions, fd, i);
    }
#if defined(__GLIBC__) && __GLIBC_PREREQ(2, 34)
    posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1);
#endif
    return 0;
  }

  void set_attributes(const Launch& what) {
    sigset_t signals;
    sigemptyset(&signals);
    posix_spawnattr_setsigmask(&attributes, &signals);
    sigaddset(&signals, SIGPIPE);
    sigaddset(&signals, SIGXFSZ);
    posix_spawnattr_setsigdefault(&attributes, &signals);
    int flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF;
    if (what.own_session) {
      flags |= POSIX_SPAWN_SETSID;
    } else if (what.own_group) {
      flags |= POSIX_SPAWN_SETPGROUP;
      posix_spawnattr_setpgroup(&attributes, 0);
    }
    posix_spawnattr_setflags(&attributes, static_cast<short>(flags));
  }

  posix_spawn_file_actions_t actions{};
  posix_spawnattr_t attributes{};

 private:
  std::array<int, 3> moved_{-1, -1, -1};
};

bool is_directory(const char* path) {
  struct stat status {};
  if (stat(path, &status) != 0) return false;
  errno = ENOTDIR;
  return S_ISDIR(status.st_mode);
}

}  // namespace

LaunchProblem launch(const Launch& what, pid_t* pid) {
  // posix_spawn would not say what it did not find.
  if (what.directory != nullptr && !is_directory(what.directory)) return {errno, "chdir"};
  Settings settings;
  if (const int error = settings.set_descriptors(what.descriptors); error != 0) return {error, "dup"};
  settings.set_attributes(what);
  if (what.directory != nullptr) posix_spawn_file_actions_addchdir_np(&settings.actions, what.directory);
  char* const* environment = what.environment != nullptr ? what.environment : environ;
  const int error =
      posix_spawnp(pid, what.program, &settings.actions, &settings.attributes, what.arguments, environment);
  return {error, "spawn"};
}

}  // namespace neap::internal::stdlib::process
