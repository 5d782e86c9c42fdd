// What is known of a file and can be changed without opening it: chmod, chown, utime, truncate. And questions: access,
// exists, statvfs.
#include "runtime/lua/bind.hpp"
#include "runtime/lua/error.hpp"
#include "stdlib/fs/arguments.hpp"
#include "stdlib/fs/job.hpp"
#include "stdlib/fs/module.hpp"

#include <fcntl.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <limits>

namespace neap::internal::stdlib::fs {

namespace {

constexpr WaitKind kChmod = offload_wait("fs.chmod");
constexpr WaitKind kChown = offload_wait("fs.chown");
constexpr WaitKind kUtime = offload_wait("fs.utime");
constexpr WaitKind kTruncate = offload_wait("fs.truncate");
constexpr WaitKind kAccess = offload_wait("fs.access");
constexpr WaitKind kExists = offload_wait("fs.exists");
constexpr WaitKind kStatvfs = offload_wait("fs.statvfs");

constexpr int kUnchanged = -1;  // an id for chown
constexpr lua_Integer kMostId = 0xFFFF'FFFE;

bool is_missing(int error) { return error == ENOENT || error == ENOTDIR || error == ELOOP; }

bool is_refused(int error) {
  return is_missing(error) || error == EACCES || error == EPERM || error == EROFS || error == ETXTBSY;
}

/// For a change of what the path leads to, or of the link that it is.
Failure reach_either(Reach& reach, const char* path, bool follow, const char* syscall) {
  return follow ? reach_object(reach, path, kToWrite, syscall) : reach_entry(reach, path, kToWrite, syscall);
}

/// A job that answers true or false.
class QuestionJob : public FsJob {
 public:
  using FsJob::FsJob;

 protected:
  bool yes_ = false;

 private:
  int results(lua_State* L) override {
    lua_pushboolean(L, yes_ ? 1 : 0);
    return 1;
  }
};

class AccessJob final : public QuestionJob {
 public:
  AccessJob(std::string path, int wanted) : QuestionJob(std::move(path)), wanted_(wanted) {}

 private:
  Failure run() override {
    Reach reach;
    if (const Failure reason = reach_object(reach, c_path(), kToRead, "access")) {
      return is_refused(reason.error) ? Failure{} : reason;
    }
    yes_ = ::faccessat(AT_FDCWD, reach.path(), wanted_, AT_EACCESS) == 0;
    return !yes_ && !is_refused(errno) ? failure("access") : Failure{};
  }

  int wanted_;
};

class ExistsJob final : public QuestionJob {
 public:
  ExistsJob(std::string path, bool follow) : QuestionJob(std::move(path)), follow_(follow) {}

 private:
  Failure run() override {
    const char* syscall = follow_ ? "stat" : "lstat";
    Reach reach;
    const int code = follow_ ? reach.object(c_path(), kToRead) : reach.entry(c_path(), kToRead);
    if (code != 0) return is_missing(code) ? Failure{} : Failure{code, syscall};
    struct stat status {};
    yes_ = (follow_ ? ::stat(reach.path(), &status) : ::lstat(reach.path(), &status)) == 0;
    return !yes_ && !is_missing(errno) ? failure(syscall) : Failure{};
  }

  bool follow_;
};

class StatvfsJob final : public FsJob {
 public:
  using FsJob::FsJob;

 private:
  Failure run() override {
    Reach reach;
    if (const Failure reason = reach_object(reach, c_path(), kToRead, "statvfs")) return reason;
    return failure_unless(::statvfs(reach.path(), &status_), "statvfs");
  }

  int results(lua_State* L) override {
    const auto unit = static_cast<lua_Integer>(status_.f_frsize);
    lua_createtable(L, 0, 7);
    set(L, "total", static_cast<lua_Integer>(status_.f_blocks) * unit);
    set(L, "free", static_cast<lua_Integer>(status_.f_bfree) * unit);
    set(L, "available", static_cast<lua_Integer>(status_.f_bavail) * unit);
    set(L, "block_size", static_cast<lua_Integer>(status_.f_bsize));
    set(L, "inodes", static_cast<lua_Integer>(status_.f_files));
    set(L, "inodes_free", static_cast<lua_Integer>(status_.f_ffree));
    set(L, "name_max", static_cast<lua_Integer>(status_.f_namemax));
    return 1;
  }

  static void set(lua_State* L, const char* name, lua_Integer value) {
    lua_pushinteger(L, value);
    lua_setfield(L, -2, name);
  }

  struct statvfs status_ {};
};

/// chmod(path, mode)
int chmod(lua_State* L) {
  const char* path = check_path(L, 1, kChmod.name);
  const unsigned mode = check_mode_bits(L, 2, kChmod.name, "mode");
  return run_change(L, kChmod, path, nullptr, [mode](const char* file, const char*) {
    Reach reach;
    if (const Failure reason = reach_object(reach, file, kToWrite, "chmod")) return reason;
    return failure_unless(::chmod(reach.path(), mode), "chmod");
  });
}

/// Argument `index` as the id of a user or group; nil leaves it as it is.
unsigned check_id(lua_State* L, int index, const char* name) {
  if (lua_isnoneornil(L, index)) return static_cast<unsigned>(kUnchanged);
  return static_cast<unsigned>(check_integer(L, index, kChown.name, name, 0, kMostId));
}

/// chown(path, uid, gid, {follow=})
int chown(lua_State* L) {
  const char* path = check_path(L, 1, kChown.name);
  const unsigned uid = check_id(L, 2, "uid");
  const unsigned gid = check_id(L, 3, "gid");
  check_options(L, 4, kChown.name, {"follow"});
  const int flags = flag_option(L, 4, kChown.name, "follow", true) ? 0 : AT_SYMLINK_NOFOLLOW;
  return run_change(L, kChown, path, nullptr, [uid, gid, flags](const char* file, const char*) {
    Reach reach;
    if (const Failure reason = reach_either(reach, file, flags == 0, "chown")) return reason;
    return failure_unless(::fchownat(AT_FDCWD, reach.path(), uid, gid, flags), "chown");
  });
}

/// utime(path, {atime=, mtime=, follow=})
int utime(lua_State* L) {
  const char* path = check_path(L, 1, kUtime.name);
  check_options(L, 2, kUtime.name, {"atime", "mtime", "follow"});
  const timespec unset{0, UTIME_OMIT};
  timespec atime = time_option(L, 2, kUtime.name, "atime", unset);
  timespec mtime = time_option(L, 2, kUtime.name, "mtime", unset);
  if (atime.tv_nsec == UTIME_OMIT && mtime.tv_nsec == UTIME_OMIT) atime = mtime = {0, UTIME_NOW};
  const int flags = flag_option(L, 2, kUtime.name, "follow", true) ? 0 : AT_SYMLINK_NOFOLLOW;
  return run_change(L, kUtime, path, nullptr, [atime, mtime, flags](const char* file, const char*) {
    Reach reach;
    if (const Failure reason = reach_either(reach, file, flags == 0, "utime")) return reason;
    const timespec times[] = {atime, mtime};
    return failure_unless(::utimensat(AT_FDCWD, reach.path(), times, flags), "utime");
  });
}

/// truncate(path, size)
int truncate(lua_State* L) {
  const char* path = check_path(L, 1, kTruncate.name);
  const auto size =
      lua_isnoneornil(L, 2)
          ? off_t{0}
          : static_cast<off_t>(check_integer(L, 2, kTruncate.name, "size", 0, std::numeric_limits<off_t>::max()));
  return run_change(L, kTruncate, path, nullptr, [size](const char* file, const char*) {
    Reach reach;
    if (const Failure reason = reach_object(reach, file, kToWrite, "truncate")) return reason;
    return failure_unless(::truncate(reach.path(), size), "truncate");
  });
}

/// Argument 2 of access as bits for faccessat.
int check_wanted(lua_State* L) {
  if (lua_isnoneornil(L, 2)) return R_OK;
  if (lua_type(L, 2) != LUA_TSTRING) {
    raise(L, ErrorKind::type, "argument 2 (wanted) of %s must be a string, got %s", kAccess.name, type_name(L, 2));
  }
  const char* wanted = lua_tostring(L, 2);
  int bits = 0;
  for (const char* letter = wanted; *letter != '\0'; ++letter) {
    const char* known = std::strchr("rwx", *letter);
    if (known == nullptr) bits = -1;
    if (bits >= 0) bits |= *letter == 'r' ? R_OK : *letter == 'w' ? W_OK : X_OK;
  }
  if (bits <= 0) {
    raise(L, ErrorKind::value, "argument 2 (wanted) of %s must be made of the letters r, w and x, got '%s'",
          kAccess.name, wanted);
  }
  return bits;
}

/// access(path, wanted)
int access(lua_State* L) {
  const char* path = check_path(L, 1, kAccess.name);
  return run_job<AccessJob>(L, kAccess, 0, path, check_wanted(L));
}

/// exists(path, {follow=})
int exists(lua_State* L) {
  const char* path = check_path(L, 1, kExists.name);
  check_options(L, 2, kExists.name, {"follow"});
  const bool follow = flag_option(L, 2, kExists.name, "follow", true);
  return run_job<ExistsJob>(L, kExists, 0, path, follow);
}

/// statvfs(path)
int statvfs(lua_State* L) { return run_job<StatvfsJob>(L, kStatvfs, 0, check_path(L, 1, kStatvfs.name)); }

}  // namespace

void add_attributes(lua_State* L) {
  static const luaL_Reg kFunctions[] = {
      {"chmod", bound<chmod>},   {"chown", bound<chown>},   {"utime", bound<utime>},     {"truncate", bound<truncate>},
      {"access", bound<access>}, {"exists", bound<exists>}, {"statvfs", bound<statvfs>},
  };
  set_functions(L, kFunctions);
}

}  // namespace neap::internal::stdlib::fs
