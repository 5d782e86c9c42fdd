// tempfile and tempdir.
#include "runtime/lua/bind.hpp"
#include "runtime/lua/error.hpp"
#include "runtime/lua/userdata.hpp"
#include "runtime/task/scheduler.hpp"
#include "stdlib/fs/arguments.hpp"
#include "stdlib/fs/file_jobs.hpp"
#include "stdlib/fs/module.hpp"
#include "stdlib/fs/temporary.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <new>

namespace neap::internal::stdlib::fs {

namespace {

constexpr WaitKind kTempfile = offload_wait("fs.tempfile");
constexpr WaitKind kTempdir = offload_wait("fs.tempdir");
constexpr WaitKind kClose = offload_wait("TempDir:close");

constexpr UserdataType kTempDirType{"TempDir"};
constexpr int kAttempts = 100;  // at a name that is not there yet

/// Where a temporary entry is to be, and its name but for the middle. The strings belong to the script.
struct Template {
  const char* directory = nullptr;
  const char* prefix = "";
  const char* suffix = "";

  [[nodiscard]] std::string random() const {
    std::string start = directory;
    if (start.empty() || start.back() != '/') start += '/';
    return random_path(start + prefix, suffix);
  }
};

/// 0 when something may be made in the directory: so that a denial names it, and not a random name.
int may_make_in(const std::string& directory) {
  Reach reach;
  const int code = reach.object(directory.c_str(), kToWrite);
  return code == kDenied ? code : 0;
}

/// Tries random names until the call does not find one taken. On failure the path is the directory.
template <class Make>
Failure make_random(const Template& wanted, std::string* path, Make make) {
  Failure reason;
  for (int i = 0; i < kAttempts; ++i) {
    *path = wanted.random();
    reason = make(path->c_str());
    if (reason.error != EEXIST) break;
  }
  return reason;
}

/// What a script holds of a temporary directory. It is open while it has it.
struct TempDir final : OpenHandle {
  TempDir() : OpenHandle("directory") {}
  [[nodiscard]] std::string description() const override { return "TempDir '" + path + "'"; }

  std::shared_ptr<Temporary> temporary;  // null once it is closed
  std::string path;
};

class TempfileJob final : public FsJob {
 public:
  explicit TempfileJob(const Template& wanted)
      : FsJob(wanted.directory),
        directory_(wanted.directory),
        prefix_(wanted.prefix),
        suffix_(wanted.suffix) {}

 private:
  Failure run() override {
    if (const int denied = may_make_in(directory_); denied != 0) return {denied, "open"};
    Descriptor file;
    std::string made;
    const Template wanted{directory_.c_str(), prefix_.c_str(), suffix_.c_str()};
    const Failure reason = make_random(
        wanted, &made, [&](const char* name) { return file.open(name, O_RDWR | O_CREAT | O_EXCL, *this, 0600); });
    set_path(made);
    if (reason) return reason;
    auto temporary = std::make_unique<Temporary>(std::move(made), file.status());
    state_ = std::make_shared<BufferedFile>(std::move(file), true);
    state_->temporary = std::move(temporary);
    return {};
  }

  int results(lua_State* L) override {
    push_file(L, path(), true, true, state_);
    push(L, path());
    return 2;
  }

  std::string directory_;
  std::string prefix_;
  std::string suffix_;
  std::shared_ptr<BufferedFile> state_;
};

class TempdirJob final : public FsJob {
 public:
  explicit TempdirJob(const Template& wanted)
      : FsJob(wanted.directory),
        directory_(wanted.directory),
        prefix_(wanted.prefix),
        suffix_(wanted.suffix) {}

 private:
  Failure run() override {
    if (const int denied = may_make_in(directory_); denied != 0) return {denied, "mkdir"};
    std::string made;
    const Template wanted{directory_.c_str(), prefix_.c_str(), suffix_.c_str()};
    const Failure reason = make_random(wanted, &made, [](const char* name) {
      Reach reach;
      if (const Failure denied = reach_entry(reach, name, kToWrite, "mkdir")) return denied;
      return failure_unless(::mkdir(reach.path(), 0700), "mkdir");
    });
    set_path(made);
    if (reason) return reason;
    Reach reach;
    if (const Failure denied = reach_entry(reach, made.c_str(), kToWrite, "lstat")) return denied;
    struct stat status {};
    if (::lstat(reach.path(), &status) != 0) return failure("lstat");
    temporary_ = std::make_shared<Temporary>(std::move(made), status);
    return {};
  }

  int results(lua_State* L) override {
    auto* directory = new (lua_newuserdatauv(L, sizeof(TempDir), 0)) TempDir();
    directory->path = path();
    directory->temporary = std::move(temporary_);
    set_type(L, kTempDirType);
    directory->opened(L);
    return 1;
  }

  std::string directory_;
  std::string prefix_;
  std::string suffix_;
  std::shared_ptr<Temporary> temporary_;
};

/// Removes the directory, whether anybody waits or not.
class RemoveTempJob final : public ChangeJob {
 public:
  explicit RemoveTempJob(std::shared_ptr<Temporary> temporary)
      : ChangeJob(temporary->path()),
        temporary_(std::move(temporary)) {}
  [[nodiscard]] bool must_run() const override { return true; }

 private:
  Failure run() override { return temporary_->remove(); }

  std::shared_ptr<Temporary> temporary_;
};

/// The option as a part of a name; its value stays on the stack.
const char* name_option(lua_State* L, const char* function, const char* name) {
  const char* part = string_option(L, 1, function, name, "");
  if (std::strchr(part, '/') != nullptr) {
    raise(L, ErrorKind::value, "option '%s' of %s is part of a name and cannot have a slash in it, got '%s'", name,
          function, part);
  }
  return part;
}

/// Argument 1: {dir=, prefix=, suffix=}
Template check_template(lua_State* L, const char* function) {
  check_options(L, 1, function, {"dir", "prefix", "suffix"});
  lua_settop(L, 1);
  const char* standard = std::getenv("TMPDIR");  // NOLINT(concurrency-mt-unsafe): nothing of neap's sets it
  if (standard == nullptr || *standard == '\0') standard = "/tmp";
  return {.directory = string_option(L, 1, function, "dir", standard),
          .prefix = name_option(L, function, "prefix"),
          .suffix = name_option(L, function, "suffix")};
}

/// tempfile({dir=, prefix=, suffix=}): a File and its path.
int tempfile(lua_State* L) { return run_job<TempfileJob>(L, kTempfile, 0, check_template(L, kTempfile.name)); }

/// tempdir({dir=, prefix=, suffix=}): a TempDir.
int tempdir(lua_State* L) { return run_job<TempdirJob>(L, kTempdir, 0, check_template(L, kTempdir.name)); }

TempDir& check_tempdir(lua_State* L, const char* method) {
  if (void* directory = to_userdata(L, 1, kTempDirType)) return *static_cast<TempDir*>(directory);
  raise(L, ErrorKind::type, "%s must be called with a colon on a TempDir, got %s", method, type_name(L, 1));
}

/// directory:close(): true. Once more: nothing.
int tempdir_close(lua_State* L) {
  TempDir& directory = check_tempdir(L, kClose.name);
  lua_pushboolean(L, 1);
  if (!directory.temporary) return 1;
  auto job = std::make_unique<RemoveTempJob>(std::move(directory.temporary));
  job->confine(L);
  directory.temporary.reset();
  directory.closed();
  return offload_always(L, kClose, std::move(job));
}

int tempdir_gc(lua_State* L) {
  TempDir& directory = check_tempdir(L, "TempDir:__gc");
  directory.collected(scheduler_of(L));
  if (directory.temporary) {
    auto job = std::make_unique<RemoveTempJob>(std::move(directory.temporary));
    job->confine(L);
    run_detached(scheduler_of(L).loop().uv(), std::move(job));
  }
  directory.~TempDir();
  new (&directory) TempDir();  // another finalizer may still hold it
  return 0;
}

/// directory.path, and methods.
int tempdir_index(lua_State* L) {
  const TempDir& directory = check_tempdir(L, "TempDir:__index");
  if (lua_type(L, 2) == LUA_TSTRING && check_view(L, 2) == "path") {
    push(L, directory.path);
    return 1;
  }
  lua_getmetatable(L, 1);
  lua_pushvalue(L, 2);
  lua_rawget(L, -2);
  return 1;
}

int tempdir_tostring(lua_State* L) {
  const TempDir& directory = check_tempdir(L, "TempDir:__tostring");
  lua_pushfstring(L, "<TempDir '%s'%s>", directory.path.c_str(), directory.temporary ? "" : " removed");
  return 1;
}

}  // namespace

void add_temporaries(lua_State* L) {
  new_type(L, kTempDirType);
  static const luaL_Reg kMethods[] = {{"close", bound<tempdir_close>},
                                      {"__close", bound<tempdir_close>},
                                      {"__gc", bound<tempdir_gc>},
                                      {"__index", bound<tempdir_index>},
                                      {"__tostring", bound<tempdir_tostring>}};
  set_functions(L, kMethods);
  lua_pop(L, 1);
  static const luaL_Reg kFunctions[] = {{"tempfile", bound<tempfile>}, {"tempdir", bound<tempdir>}};
  set_functions(L, kFunctions);
}

}  // namespace neap::internal::stdlib::fs
