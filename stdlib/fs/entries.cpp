// What a directory says of its entries, and changes to them: stat, mkdir, remove, rename.
#include "stdlib/fs/entries.hpp"
#include "runtime/lua/bind.hpp"
#include "stdlib/fs/arguments.hpp"
#include "stdlib/fs/module.hpp"
#include "stdlib/fs/remove_tree.hpp"

#include <unistd.h>

#include <cerrno>
#include <cstdio>

namespace neap::internal::stdlib::fs {

namespace {

/// A point in time as seconds since 1970.
double seconds(const timespec& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

void set_number(lua_State* L, const char* name, double value) {
  lua_pushnumber(L, value);
  lua_setfield(L, -2, name);
}

template <class Integer>
void set_integer(lua_State* L, const char* name, Integer value) {
  lua_pushinteger(L, static_cast<lua_Integer>(value));
  lua_setfield(L, -2, name);
}

class StatJob final : public FsJob {
 public:
  StatJob(std::string path, bool follow) : FsJob(std::move(path)), follow_(follow) {}

 private:
  Failure run() override {
    const char* syscall = follow_ ? "stat" : "lstat";
    Reach reach;
    const int code = follow_ ? reach.object(c_path(), kToRead) : reach.entry(c_path(), kToRead);
    if (code != 0) return {code, syscall};
    return failure_unless(follow_ ? ::stat(reach.path(), &status_) : ::lstat(reach.path(), &status_), syscall);
  }

  int results(lua_State* L) override {
    lua_createtable(L, 0, kStatusFields);
    set_status_fields(L, status_);
    return 1;
  }

  bool follow_;
  struct stat status_ {};
};

struct MkdirOptions {
  bool parents = false;
  bool exist_ok = false;
  unsigned mode = 0777;
};

/// None for a directory, or what leads to one; ENOTDIR for something else, and otherwise why that cannot be told.
Failure check_directory(const char* path) {
  const Failure other{ENOTDIR, "mkdir"};
  Reach reach;
  struct stat status {};
  if (reach.object(path, kToWrite) != 0) return other;
  if (::stat(reach.path(), &status) != 0) return errno == ENOENT ? other : failure("stat");
  return S_ISDIR(status.st_mode) ? Failure{} : other;
}

Failure make_directory(const char* path, unsigned mode) {
  Reach reach;
  if (const Failure reason = reach_entry(reach, path, kToWrite, "mkdir")) return reason;
  return failure_unless(::mkdir(reach.path(), mode), "mkdir");
}

class MkdirJob final : public ChangeJob {
 public:
  MkdirJob(std::string path, const MkdirOptions& options) : ChangeJob(std::move(path)), options_(options) {}

 private:
  Failure run() override {
    Failure reason = make_directory(c_path(), options_.mode);
    if (!reason) return {};
    if (reason.error == ENOENT && options_.parents) {
      if (const Failure above = make_parents()) return above;
      reason = make_directory(c_path(), options_.mode);
      if (!reason) return {};
    }
    if (reason.error != EEXIST || !options_.exist_ok) return reason;
    const Failure there = check_directory(c_path());
    return there.error == ENOTDIR ? reason : there;
  }

  /// Makes what is missing above the path, from the top down. Somebody else may be doing the same.
  Failure make_parents() {
    const std::string whole = path();
    for (std::size_t end = whole.find('/', 1); end != std::string::npos; end = whole.find('/', end + 1)) {
      if (whole.find_first_not_of('/', end) == std::string::npos) break;  // the slashes at the end
      const std::string parent = whole.substr(0, end);
      const Failure reason = make_directory(parent.c_str(), 0777);
      if (!reason) continue;
      // A directory that exists may answer EEXIST, EROFS or EACCES to mkdir; above what is allowed nothing is made, and
      // nothing told.
      if (reason.error == kDenied) continue;
      const Failure there = check_directory(parent.c_str());
      if (!there) continue;
      set_path(parent);
      return reason.error == EEXIST ? there : reason;
    }
    return {};
  }

  MkdirOptions options_;
};

class RemoveJob final : public ChangeJob {
 public:
  RemoveJob(std::string path, bool recursive) : ChangeJob(std::move(path)), recursive_(recursive) {}

 private:
  Failure run() override {
    if (!recursive_) return remove_one();
    std::string failed = path();
    const Failure reason = remove_entry(failed, this);
    set_path(std::move(failed));
    return reason;
  }

  [[nodiscard]] Failure remove_one() const {
    Reach reach;
    if (const Failure reason = reach_entry(reach, c_path(), kToWrite, "unlink")) return reason;
    struct stat status {};
    if (::lstat(reach.path(), &status) != 0) return failure("lstat");
    if (S_ISDIR(status.st_mode)) return failure_unless(::rmdir(reach.path()), "rmdir");
    return failure_unless(::unlink(reach.path()), "unlink");
  }

  bool recursive_;
};

constexpr WaitKind kStat = offload_wait("fs.stat");
constexpr WaitKind kMkdir = offload_wait("fs.mkdir");
constexpr WaitKind kRemove = offload_wait("fs.remove");
constexpr WaitKind kRename = offload_wait("fs.rename");

/// stat(path, {follow=true})
int stat(lua_State* L) {
  const char* path = check_path(L, 1, kStat.name);
  check_options(L, 2, kStat.name, {"follow"});
  const bool follow = flag_option(L, 2, kStat.name, "follow", true);
  return run_job<StatJob>(L, kStat, 0, path, follow);
}

/// mkdir(path, {parents=, exist_ok=, mode=})
int mkdir(lua_State* L) {
  const char* path = check_path(L, 1, kMkdir.name);
  check_options(L, 2, kMkdir.name, {"parents", "exist_ok", "mode"});
  MkdirOptions options;
  options.parents = flag_option(L, 2, kMkdir.name, "parents", false);
  options.exist_ok = flag_option(L, 2, kMkdir.name, "exist_ok", false);
  options.mode = mode_option(L, 2, kMkdir.name, "mode", 0777);
  return run_job<MkdirJob>(L, kMkdir, 0, path, options);
}

/// remove(path, {recursive=})
int remove(lua_State* L) {
  const char* path = check_path(L, 1, kRemove.name);
  check_options(L, 2, kRemove.name, {"recursive"});
  const bool recursive = flag_option(L, 2, kRemove.name, "recursive", false);
  return run_job<RemoveJob>(L, kRemove, 0, path, recursive);
}

/// rename(from, to)
int rename(lua_State* L) {
  const char* from = check_path(L, 1, kRename.name, "from");
  const char* to = check_path(L, 2, kRename.name, "to");
  return run_change(L, kRename, from, to, rename_entry);
}

}  // namespace

Failure rename_entry(const char* from, const char* to) {
  Reach old;
  Reach made;
  if (const Failure reason = reach_entry(old, from, kToRead | kToWrite, "rename")) return reason;
  if (const Failure reason = reach_entry(made, to, kToWrite, "rename")) return reason;
  return failure_unless(::rename(old.path(), made.path()), "rename");
}

void set_status_fields(lua_State* L, const struct stat& status) {
  lua_pushstring(L, file_type_name(status.st_mode));
  lua_setfield(L, -2, "type");
  set_integer(L, "size", status.st_size);
  set_integer(L, "mode", status.st_mode & 07777);
  set_integer(L, "uid", status.st_uid);
  set_integer(L, "gid", status.st_gid);
  set_integer(L, "ino", status.st_ino);
  set_integer(L, "dev", status.st_dev);
  set_integer(L, "nlink", status.st_nlink);
  set_number(L, "atime", seconds(access_time(status)));
  set_number(L, "mtime", seconds(change_time(status)));
#ifdef __APPLE__
  set_number(L, "ctime", seconds(status.st_ctimespec));
#else
  set_number(L, "ctime", seconds(status.st_ctim));
#endif
}

void add_entries(lua_State* L) {
  static const luaL_Reg kFunctions[] = {
      {"stat", bound<stat>},
      {"mkdir", bound<mkdir>},
      {"remove", bound<remove>},
      {"rename", bound<rename>},
  };
  set_functions(L, kFunctions);
}

}  // namespace neap::internal::stdlib::fs
