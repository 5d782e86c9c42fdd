// Whole files in one go: read, write, append. Each is one job: open, do, close.
#include "runtime/lua/bind.hpp"
#include "stdlib/fs/arguments.hpp"
#include "stdlib/fs/entries.hpp"
#include "stdlib/fs/job.hpp"
#include "stdlib/fs/module.hpp"
#include "stdlib/fs/temporary.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <memory>

namespace neap::internal::stdlib::fs {

namespace {

class ReadJob final : public FsJob {
 public:
  using FsJob::FsJob;

 private:
  Failure run() override {
    Descriptor file;
    if (const Failure reason = file.open(c_path(), O_RDONLY, *this)) return reason;
    return file.read_rest(bytes_, *this);
  }

  int results(lua_State* L) override {
    push(L, {bytes_.data(), bytes_.size()});
    return 1;
  }

  void release() override { bytes_ = Bytes(); }

  Bytes bytes_;
};

/// The bytes belong to a Lua string that is kept alive meanwhile. Work that has begun is not interrupted by a
/// cancellation, so that a regular file is never left half written.
class WriteJob final : public FsJob {
 public:
  WriteJob(std::string path, std::string_view bytes, int flags, mode_t mode)
      : FsJob(std::move(path)),
        bytes_(bytes),
        flags_(flags),
        mode_(mode) {}

 private:
  Failure run() override {
    Descriptor file;
    if (const Failure reason = file.open(c_path(), O_WRONLY | O_CREAT | flags_, *this, mode_)) return reason;
    std::size_t written = 0;
    if (const Failure reason = file.write_all(bytes_, &written, this)) return reason;
    return file.close();
  }

  int results(lua_State* L) override {
    lua_pushinteger(L, static_cast<lua_Integer>(bytes_.size()));
    return 1;
  }

  std::string_view bytes_;
  int flags_;
  mode_t mode_;
};

/// Writes a file beside the one at the path, and gives it that path in one step. Nobody sees a half of it, and it may
/// be interrupted until that step.
class AtomicWriteJob final : public FsJob {
 public:
  AtomicWriteJob(std::string path, std::string_view bytes, mode_t mode)
      : FsJob(std::move(path)),
        bytes_(bytes),
        mode_(mode) {}

 private:
  Failure run() override {
    std::string goal = path();
    if (const Failure reason = find_goal(goal)) return reason;
    const std::string beside = name_beside(goal);
    Descriptor file;
    const mode_t mode = exists_ ? 0600 : mode_;
    if (const Failure reason = file.open(beside.c_str(), O_WRONLY | O_CREAT | O_EXCL, *this, mode)) return reason;
    Failure reason = fill(file);
    if (!reason && must_stop()) reason = {ECANCELED, "write"};
    if (!reason) reason = rename_entry(beside.c_str(), goal.c_str());
    if (!reason) return sync_directory_of(goal);
    Reach made;
    if (made.entry(beside.c_str(), kToWrite) == 0) ::unlink(made.path());
    return reason;
  }

  /// What is to be replaced: where a link leads, and no directory or device.
  Failure find_goal(std::string& goal) {
    Reach there;
    const int code = there.object(goal.c_str(), kToWrite);
    if (code != 0 && code != ENOENT) return {code, "stat"};
    exists_ = code == 0 && ::stat(there.path(), &there_) == 0;
    if (code == 0 && !exists_ && errno != ENOENT) return failure("stat");
    if (exists_ && !S_ISREG(there_.st_mode)) return {S_ISDIR(there_.st_mode) ? EISDIR : EINVAL, "open"};
    if (confinement() != nullptr) {  // by its real path, which every step below checks again
      if (exists_) goal = there.real();
      return {};
    }
    struct stat link {};
    if (::lstat(goal.c_str(), &link) != 0 || !S_ISLNK(link.st_mode)) return {};
    const std::unique_ptr<char, void (*)(void*)> real(::realpath(goal.c_str(), nullptr), std::free);
    if (!real) return failure("realpath");
    goal = real.get();
    return {};
  }

  Failure fill(Descriptor& file) {
    std::size_t written = 0;
    if (const Failure reason = file.write_all(bytes_, &written, this)) return reason;
    if (exists_) {
      // Where that is not allowed the file is the writer's own from now on, as with any other way to replace it.
      [[maybe_unused]] const int owned = ::fchown(file.get(), there_.st_uid, there_.st_gid);
      if (::fchmod(file.get(), there_.st_mode & 07777) != 0) return failure("fchmod");
    }
    if (::fsync(file.get()) != 0) return failure("fsync");
    return file.close();
  }

  Failure sync_directory_of(const std::string& goal) const {
    const std::size_t slash = goal.rfind('/');
    const std::string directory = slash == std::string::npos ? "." : goal.substr(0, slash + 1);
    Descriptor descriptor;
    // A directory that may be written in and not read, or that has no fsync, is left to the system.
    if (descriptor.open(directory.c_str(), O_RDONLY | O_DIRECTORY, *this)) return {};
    const bool done = ::fsync(descriptor.get()) == 0 || errno == EINVAL;
    return done ? Failure{} : failure("fsync");
  }

  int results(lua_State* L) override {
    lua_pushinteger(L, static_cast<lua_Integer>(bytes_.size()));
    return 1;
  }

  std::string_view bytes_;
  mode_t mode_;
  bool exists_ = false;
  struct stat there_ {};
};

constexpr WaitKind kRead = offload_wait("fs.read");
constexpr WaitKind kWrite = offload_wait("fs.write");
constexpr WaitKind kAppend = offload_wait("fs.append");

constexpr unsigned kMode = 0666;  // of a new file, before the umask

/// read(path)
int read(lua_State* L) {
  const char* path = check_path(L, 1, kRead.name);
  return run_job<ReadJob>(L, kRead, 0, path);
}

/// write(path, data, {atomic=, mode=}): the number of bytes.
int write(lua_State* L) {
  const char* path = check_path(L, 1, kWrite.name);
  const std::string_view bytes = check_data(L, 2, kWrite.name);
  check_options(L, 3, kWrite.name, {"atomic", "mode"});
  const mode_t mode = mode_option(L, 3, kWrite.name, "mode", kMode);
  if (flag_option(L, 3, kWrite.name, "atomic", false)) {
    return run_job<AtomicWriteJob>(L, kWrite, 2, path, bytes, mode);
  }
  return run_job<WriteJob>(L, kWrite, 2, path, bytes, O_TRUNC, mode);
}

/// append(path, data, {mode=}): the number of bytes.
int append(lua_State* L) {
  const char* path = check_path(L, 1, kAppend.name);
  const std::string_view bytes = check_data(L, 2, kAppend.name);
  check_options(L, 3, kAppend.name, {"mode"});
  const mode_t mode = mode_option(L, 3, kAppend.name, "mode", kMode);
  return run_job<WriteJob>(L, kAppend, 2, path, bytes, O_APPEND, mode);
}

}  // namespace

void add_contents(lua_State* L) {
  static const luaL_Reg kFunctions[] = {
      {"read", bound<read>},
      {"write", bound<write>},
      {"append", bound<append>},
  };
  set_functions(L, kFunctions);
}

}  // namespace neap::internal::stdlib::fs
