// Landlock, by its system calls: the C library has no functions for it, and older headers no names.
#include "interp/confinement.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/prctl.h>
#include <sys/syscall.h>
#endif

#include <cerrno>
#include <cstddef>
#include <cstdint>

namespace neap::internal {

#ifdef __linux__

namespace {

constexpr long kCreateRuleset = 444;
constexpr long kAddRule = 445;
constexpr long kRestrictSelf = 446;
constexpr unsigned kAskVersion = 1;
constexpr int kPathBeneath = 1;

// What can be done to files, as bits.
constexpr std::uint64_t kExecute = 1U << 0U;
constexpr std::uint64_t kWriteFile = 1U << 1U;
constexpr std::uint64_t kReadFile = 1U << 2U;
constexpr std::uint64_t kReadDirectory = 1U << 3U;
constexpr std::uint64_t kRemove = 1U << 4U | 1U << 5U;
constexpr std::uint64_t kMakeDevice = 1U << 6U | 1U << 11U;
constexpr std::uint64_t kMake = 1U << 7U | 1U << 8U | 1U << 9U | 1U << 10U | 1U << 12U;
constexpr std::uint64_t kMove = 1U << 13U;      // between directories; since version 2
constexpr std::uint64_t kTruncate = 1U << 14U;  // since version 3

constexpr std::uint64_t kToRead = kReadFile | kReadDirectory;
constexpr std::uint64_t kToChange = kWriteFile | kRemove | kMake | kMove | kTruncate;
constexpr std::uint64_t kOfFiles = kExecute | kWriteFile | kReadFile | kTruncate;  // the others are of directories

constexpr std::uint64_t kTcp = 3;          // to bind and to connect; since version 4
constexpr std::uint64_t kOtherScopes = 3;  // abstract sockets of others, signals to others; since version 6

struct Ruleset {
  std::uint64_t files = 0;
  std::uint64_t network = 0;
  std::uint64_t scopes = 0;
};

struct [[gnu::packed]] PathRule {
  std::uint64_t allowed;
  std::int32_t directory;
};

// What the C library reads: time zones always, the rest to look up names.
constexpr const char* kZones[] = {"/etc/localtime", "/usr/share/zoneinfo"};
constexpr const char* kNames[] = {
    "/etc/hosts",    "/etc/resolv.conf", "/etc/nsswitch.conf",   "/etc/host.conf", "/etc/gai.conf",
    "/etc/services", "/etc/protocols",   "/run/systemd/resolve", "/usr/lib",       "/lib",
    "/lib64",        "/etc/ld.so.cache"};
constexpr const char* kDevices[] = {"/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom"};

class Landlock {
 public:
  ~Landlock() {
    if (fd_ >= 0) ::close(fd_);
  }

  int open(bool network) {
    const long version = ::syscall(kCreateRuleset, nullptr, 0, kAskVersion);
    if (version < 1) return errno;
    Ruleset rules;
    rules.files = kExecute | kToRead | kWriteFile | kRemove | kMake | kMakeDevice;
    if (version >= 2) rules.files |= kMove;
    if (version >= 3) rules.files |= kTruncate;
    if (version >= 4 && !network) rules.network = kTcp;
    if (version >= 6) rules.scopes = kOtherScopes;
    handled_ = rules.files;
    const std::size_t size = version >= 6   ? sizeof rules
                             : version >= 4 ? offsetof(Ruleset, scopes)
                                            : offsetof(Ruleset, network);
    fd_ = static_cast<int>(::syscall(kCreateRuleset, &rules, size, 0));
    return fd_ >= 0 ? 0 : errno;
  }

  /// What is not there needs no rule.
  void allow(const std::string& path, std::uint64_t access) const {
    const int fd = ::open(path.c_str(), O_PATH | O_CLOEXEC);
    if (fd < 0) return;
    struct stat status {};
    const bool directory = ::fstat(fd, &status) == 0 && S_ISDIR(status.st_mode);
    const PathRule rule{access & handled_ & (directory ? ~std::uint64_t{0} : kOfFiles), fd};
    ::syscall(kAddRule, fd_, kPathBeneath, &rule, 0);
    ::close(fd);
  }

  void allow(const Grant& grant, std::uint64_t access) const {
    if (grant.all) allow("/", access);
    for (const std::string& path : grant.values) allow(path, access);
  }

  [[nodiscard]] int restrict() const { return ::syscall(kRestrictSelf, fd_, 0) == 0 ? 0 : errno; }

 private:
  int fd_ = -1;
  std::uint64_t handled_ = 0;
};

}  // namespace

int confine_files(const Grants& grants, const std::vector<std::string>& needed) {
  const bool network = !grants.of(Permission::net).none();
  const Grant& native = grants.of(Permission::native);
  Landlock wall;
  if (const int error = wall.open(network); error != 0) return error;
  wall.allow(grants.of(Permission::read), kToRead);
  wall.allow(grants.of(Permission::code), kToRead);
  wall.allow(grants.of(Permission::write), kToChange);
  wall.allow(native, kToRead);
  for (const std::string& path : needed) wall.allow(path, kToRead);
  for (const char* path : kZones) wall.allow(path, kToRead);
  for (const char* path : kDevices) wall.allow(path, kReadFile | kWriteFile);
  if (network || !native.none()) {
    for (const char* path : kNames) wall.allow(path, kToRead);
  }
  // Programs read what they are made of, wherever that is.
  if (!grants.of(Permission::run).none()) wall.allow("/", kToRead | kExecute);
  return wall.restrict();
}

#else

int confine_files(const Grants&, const std::vector<std::string>&) { return ENOSYS; }

#endif

}  // namespace neap::internal
