// Other names of a file: symlink, link, readlink, realpath.
#include "runtime/lua/bind.hpp"
#include "stdlib/fs/arguments.hpp"
#include "stdlib/fs/job.hpp"
#include "stdlib/fs/module.hpp"

#include <unistd.h>

#include <cstdlib>
#include <memory>

namespace neap::internal::stdlib::fs {

namespace {

constexpr WaitKind kSymlink = offload_wait("fs.symlink");
constexpr WaitKind kLink = offload_wait("fs.link");
constexpr WaitKind kReadlink = offload_wait("fs.readlink");
constexpr WaitKind kRealpath = offload_wait("fs.realpath");

/// A job whose result is another path.
class PathJob : public FsJob {
 public:
  using FsJob::FsJob;

 protected:
  std::string found_;

 private:
  int results(lua_State* L) override {
    push(L, found_);
    return 1;
  }
  void release() override { std::string().swap(found_); }
};

class ReadlinkJob final : public PathJob {
 public:
  using PathJob::PathJob;

 private:
  Failure run() override {
    Reach reach;
    if (const Failure reason = reach_entry(reach, c_path(), kToRead, "readlink")) return reason;
    for (found_.resize(256);; found_.resize(found_.size() * 2)) {
      const ssize_t size = ::readlink(reach.path(), found_.data(), found_.size());
      if (size < 0) return failure("readlink");
      if (static_cast<std::size_t>(size) == found_.size()) continue;  // it may have been cut
      found_.resize(static_cast<std::size_t>(size));
      return {};
    }
  }
};

class RealpathJob final : public PathJob {
 public:
  using PathJob::PathJob;

 private:
  Failure run() override {
    if (confinement() != nullptr) {
      Reach reach;
      const Failure reason = reach_object(reach, c_path(), kToRead, "realpath");
      found_ = reach.real();
      return reason;
    }
    const std::unique_ptr<char, void (*)(void*)> real(::realpath(c_path(), nullptr), std::free);
    if (!real) return failure("realpath");
    found_ = real.get();
    return {};
  }
};

/// symlink(target, path)
int symlink(lua_State* L) {
  const char* target = check_path(L, 1, kSymlink.name, "target");
  const char* path = check_path(L, 2, kSymlink.name);
  return run_change(L, kSymlink, target, path, [](const char* to, const char* from) {
    Reach reach;
    if (const Failure reason = reach_entry(reach, from, kToWrite, "symlink")) return reason;
    if (const int code = check_link(to, from); code != 0) return Failure{code, "symlink"};
    return failure_unless(::symlink(to, reach.path()), "symlink");
  });
}

/// link(existing, path)
int link(lua_State* L) {
  const char* existing = check_path(L, 1, kLink.name, "existing");
  const char* path = check_path(L, 2, kLink.name);
  return run_change(L, kLink, existing, path, [](const char* from, const char* to) {
    Reach old;
    Reach made;
    if (const Failure reason = reach_entry(old, from, kToRead | kToWrite, "link")) return reason;
    if (const Failure reason = reach_entry(made, to, kToRead | kToWrite, "link")) return reason;
    return failure_unless(::link(old.path(), made.path()), "link");
  });
}

/// readlink(path)
int readlink(lua_State* L) { return run_job<ReadlinkJob>(L, kReadlink, 0, check_path(L, 1, kReadlink.name)); }

/// realpath(path)
int realpath(lua_State* L) { return run_job<RealpathJob>(L, kRealpath, 0, check_path(L, 1, kRealpath.name)); }

}  // namespace

void add_links(lua_State* L) {
  static const luaL_Reg kFunctions[] = {
      {"symlink", bound<symlink>},
      {"link", bound<link>},
      {"readlink", bound<readlink>},
      {"realpath", bound<realpath>},
  };
  set_functions(L, kFunctions);
}

}  // namespace neap::internal::stdlib::fs
