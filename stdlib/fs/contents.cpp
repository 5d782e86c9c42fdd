// Whole files in one go: read, write, append. Each is one job: open, do, close.
#include "runtime/lua/bind.hpp"
#include "stdlib/fs/arguments.hpp"
#include "stdlib/fs/job.hpp"
#include "stdlib/fs/module.hpp"

#include <fcntl.h>

namespace neap::stdlib::fs {

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
  WriteJob(std::string path, std::string_view bytes, int flags)
      : FsJob(std::move(path)),
        bytes_(bytes),
        flags_(flags) {}

 private:
  Failure run() override {
    Descriptor file;
    if (const Failure reason = file.open(c_path(), O_WRONLY | O_CREAT | flags_, *this)) return reason;
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
};

constexpr WaitKind kRead = offload_wait("fs.read");
constexpr WaitKind kWrite = offload_wait("fs.write");
constexpr WaitKind kAppend = offload_wait("fs.append");

/// read(path)
int read(lua_State* L) {
  const char* path = check_path(L, 1, kRead.name);
  return run_job<ReadJob>(L, kRead, 0, path);
}

int write_whole(lua_State* L, const WaitKind& wait, int flags) {
  const char* path = check_path(L, 1, wait.name);
  const std::string_view bytes = check_data(L, 2, wait.name);
  return run_job<WriteJob>(L, wait, 2, path, bytes, flags);
}

/// write(path, data): the number of bytes.
int write(lua_State* L) { return write_whole(L, kWrite, O_TRUNC); }

/// append(path, data): the number of bytes.
int append(lua_State* L) { return write_whole(L, kAppend, O_APPEND); }

}  // namespace

void add_contents(lua_State* L) {
  static const luaL_Reg kFunctions[] = {
      {"read", bound<read>},
      {"write", bound<write>},
      {"append", bound<append>},
  };
  set_functions(L, kFunctions);
}

}  // namespace neap::stdlib::fs
