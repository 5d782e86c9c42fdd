#include "stdlib/permissions/reach.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <string_view>
#include <utility>

namespace neap::internal {

namespace {

constexpr int kMostLinks = 40;      // that lead to a file which does not exist yet
constexpr int kMostAttempts = 100;  // at a file that others make and remove

thread_local const Permissions* t_permissions = nullptr;
thread_local Denial t_denial;

/// kDenied, unless the real path may be used so. A denial names the path that was passed.
int check(const std::string& real, const char* path, int access) {
  const Permissions& permissions = *t_permissions;
  const bool readable = (access & (kToRead | kToRun)) == 0 || permissions.allows(Permission::read, real);
  const bool code = (access & kToRun) != 0 && real.ends_with(".lua") && permissions.allows(Permission::code, real);
  if (!readable && !code) {
    t_denial = {Permission::read, path};
    return kDenied;
  }
  if ((access & kToWrite) != 0 && !permissions.allows(Permission::write, real)) {
    t_denial = {Permission::write, path};
    return kDenied;
  }
  return 0;
}

/// The directory and the name of a path; the name is empty when it is the root.
std::pair<std::string, std::string> split(std::string_view path) {
  while (path.size() > 1 && path.ends_with('/')) path.remove_suffix(1);
  const std::size_t slash = path.rfind('/');
  if (slash == std::string_view::npos) return {".", std::string(path)};
  return {std::string(path.substr(0, slash + 1)), std::string(path.substr(slash + 1))};
}

std::string joined(const std::string& directory, const std::string& name) {
  return directory == "/" ? "/" + name : directory + "/" + name;
}

#ifdef O_PATH

/// The path of an open descriptor, for the system.
std::string descriptor_path(int fd) { return "/proc/self/fd/" + std::to_string(fd); }

/// The real path of what is open; empty when there is none.
std::string real_of(int fd) {
  const std::string link = descriptor_path(fd);
  std::string real(256, '\0');
  for (;;) {
    const ssize_t size = ::readlink(link.c_str(), real.data(), real.size());
    if (size < 0) return "";
    if (static_cast<std::size_t>(size) < real.size()) {
      real.resize(static_cast<std::size_t>(size));
      return real;
    }
    real.resize(real.size() * 2);
  }
}

/// Opens what the path leads to without touching it. Sets the descriptor, to -1 with errno where that fails, and then
/// the two paths of it, for which memory may lack.
void hold(const char* path, int& fd, std::string& usable, std::string& real) {
  fd = ::open(path, O_PATH | O_CLOEXEC);
  if (fd < 0) return;
  usable = descriptor_path(fd);
  real = real_of(fd);
}

#else

void hold(const char* path, int& fd, std::string& usable, std::string& real) {
  const std::unique_ptr<char, void (*)(void*)> found(::realpath(path, nullptr), std::free);
  fd = -1;
  if (!found) return;
  usable = real = found.get();
  fd = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
}

#endif

int access_of(int flags) {
  switch (flags & O_ACCMODE) {
    case O_RDONLY: return kToRead;
    case O_WRONLY: return kToWrite;
    default: return kToRead | kToWrite;
  }
}

int fail(int error) {
  errno = error;
  return -1;
}

/// Where the symbolic link leads, from the root on; empty when it is none.
std::string target_of(const Reach& link) {
  std::string target(4096, '\0');
  const ssize_t size = ::readlink(link.path(), target.data(), target.size());
  if (size < 0) return "";
  target.resize(static_cast<std::size_t>(size));
  return target.starts_with('/') ? target : joined(split(link.real()).first, target);
}

}  // namespace

Confinement::Confinement(const Permissions* permissions) : before_(std::exchange(t_permissions, permissions)) {}

Confinement::~Confinement() { t_permissions = before_; }

const Permissions* confinement() { return t_permissions; }

Denial take_denial() { return std::exchange(t_denial, {}); }

Reach::~Reach() {
  if (fd_ >= 0) ::close(fd_);
}

/// What there is to say of a path that leads nowhere: outside of what is allowed, nothing.
int Reach::missing(const char* path, int access, int error) {
  real_ = real_path(path);
  const int denied = check(real_, path, access);
  return denied != 0 ? denied : error;
}

int Reach::object(const char* path, int access) {
  path_ = path;
  if (t_permissions == nullptr) return 0;
  if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  hold(path, fd_, text_, real_);
  if (fd_ < 0) return missing(path, access, errno);
  path_ = text_.c_str();
  return check(real_, path, access);
}

int Reach::entry(const char* path, int access) {
  path_ = path;
  if (t_permissions == nullptr) return 0;
  const auto [directory, name] = split(path);
  if (name.empty() || name == "." || name == "..") {
    const int result = object(path, access);
    if (result != 0) return result;
    text_ += "/.";
    path_ = text_.c_str();
    return 0;
  }
  if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  hold(directory.c_str(), fd_, text_, real_);
  if (fd_ < 0) return missing(path, access, errno);
  real_ = joined(real_, name);
  text_ = joined(text_, name);
  path_ = text_.c_str();
  return check(real_, path, access);
}

int open_reached(const char* path, int flags, mode_t mode) {
  if (t_permissions == nullptr) return ::open(path, flags, mode);
  const int access = access_of(flags) | ((flags & (O_CREAT | O_TRUNC)) != 0 ? kToWrite : 0);
  std::string following = path;
  for (int links = 0, attempts = 0; links < kMostLinks && attempts < kMostAttempts; ++attempts) {
    Reach entry;
    if ((flags & O_NOFOLLOW) != 0) {
      struct stat status {};
      if (const int code = entry.entry(following.c_str(), access); code != 0) return fail(code);
      if (::lstat(entry.path(), &status) == 0 && S_ISLNK(status.st_mode)) return fail(ELOOP);
    }
    Reach object;
    const int code = object.object(following.c_str(), access);
    if (code == 0) {
      if ((flags & O_CREAT) != 0 && (flags & O_EXCL) != 0) return fail(EEXIST);
      return ::open(object.path(), flags & ~(O_CREAT | O_EXCL | O_NOFOLLOW), mode);
    }
    if (code != ENOENT || (flags & O_CREAT) == 0) return fail(code);
    if (const int denied = entry.entry(following.c_str(), access); denied != 0) return fail(denied);
    const int fd = ::open(entry.path(), flags | O_EXCL | O_NOFOLLOW, mode);
    if (fd >= 0 || errno != EEXIST || (flags & O_EXCL) != 0) return fd;
    // A link that leads to a file which is to be made, or something that was made just now.
    if (std::string target = target_of(entry); !target.empty()) {
      following = std::move(target);
      ++links;
    }
  }
  return fail(ELOOP);
}

int check_link(const char* target, const char* path) {
  if (t_permissions == nullptr) return 0;
  std::string goal = target;
  if (!goal.starts_with('/')) {
    Reach link;
    if (const int code = link.entry(path, kToWrite); code != 0) return code;
    goal = joined(split(link.real()).first, goal);
  }
  return check(real_path(goal), target, kToRead | kToWrite);
}

bool may_reach(const char* path, int access) {
  Reach reach;
  return reach.object(path, access) == 0;
}

}  // namespace neap::internal
