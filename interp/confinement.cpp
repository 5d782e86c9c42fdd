#include "interp/confinement.hpp"

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>
#ifdef __linux__
#include <linux/capability.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#endif

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <system_error>

namespace neap::internal {

namespace {

struct Limit {
  int resource;
  rlim_t most;
};

// What the one who starts it has made less stays less.
constexpr Limit kLimits[] = {
    {RLIMIT_CORE, 0},
    {RLIMIT_NOFILE, 1024},
    {RLIMIT_AS, rlim_t{4} << 30U},
};

void lower_limits() {
  for (const Limit& limit : kLimits) {
    rlimit now{};
    const auto resource = static_cast<decltype(RLIMIT_CORE)>(limit.resource);
    if (getrlimit(resource, &now) != 0) throw std::system_error(errno, std::generic_category(), "getrlimit");
    const rlimit lower{std::min(now.rlim_max, limit.most), std::min(now.rlim_max, limit.most)};
    if (setrlimit(resource, &lower) != 0) throw std::system_error(errno, std::generic_category(), "setrlimit");
  }
}

#ifdef __linux__

void write_file(const char* path, const std::string& text) {
  const int fd = ::open(path, O_WRONLY | O_CLOEXEC);
  if (fd < 0) return;
  [[maybe_unused]] const ssize_t written = ::write(fd, text.data(), text.size());
  ::close(fd);
}

/// A network of its own, in which there is nothing. The user stays who he is.
int leave_network() {
  const std::string user = std::to_string(::getuid());
  const std::string group = std::to_string(::getgid());
  if (::unshare(CLONE_NEWUSER | CLONE_NEWNET | CLONE_NEWIPC) != 0) return errno;
  write_file("/proc/self/setgroups", "deny");
  write_file("/proc/self/uid_map", user + " " + user + " 1");
  write_file("/proc/self/gid_map", group + " " + group + " 1");
  return 0;
}

/// None of the powers of the superuser, if it had any.
int drop_capabilities() {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3]{};
  return ::syscall(SYS_capset, &header, none) == 0 ? 0 : errno;
}

void give_up_privileges() {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);  // it ends with whoever watches over it
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
    throw std::system_error(errno, std::generic_category(), "no_new_privs");
  }
}

#endif

}  // namespace

std::vector<std::string> confine_process(const Sandbox& sandbox, const std::vector<std::string>& needed) {
  std::vector<std::string> missing;
  lower_limits();
#ifdef __linux__
  const auto note = [&missing](int error, const char* what) {
    if (error != 0) missing.push_back(std::string(what) + " (" + std::strerror(error) + ")");
  };
  const Grants& grants = sandbox.grants;
  if (grants.of(Permission::net).none()) note(leave_network(), "a network of its own");
  note(drop_capabilities(), "giving up capabilities");
  give_up_privileges();
  note(confine_files(grants, needed), "Landlock, which holds files");
  note(confine_calls(grants), "a filter of system calls");
#else
  (void)sandbox;
  (void)needed;
  missing.emplace_back("everything but limits: this system is not Linux");
#endif
  return missing;
}

}  // namespace neap::internal
