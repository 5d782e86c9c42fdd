// copy and move.
#include "stdlib/fs/copy.hpp"

#include "runtime/lua/bind.hpp"
#include "stdlib/fs/arguments.hpp"
#include "stdlib/fs/entries.hpp"
#include "stdlib/fs/job.hpp"
#include "stdlib/fs/module.hpp"
#include "stdlib/fs/remove_tree.hpp"
#include "stdlib/fs/temporary.hpp"

#include <unistd.h>

#include <cerrno>
#include <cstdio>

namespace neap::internal::stdlib::fs {

namespace {

constexpr WaitKind kCopy = offload_wait("fs.copy");
constexpr WaitKind kMove = offload_wait("fs.move");

class CopyJob final : public ChangeJob {
 public:
  CopyJob(std::string from, std::string to, const CopyOptions& options)
      : ChangeJob(std::move(from)),
        to_(std::move(to)),
        options_(options) {}

 private:
  Failure run() override {
    CopyPaths paths{path(), to_};
    const Failure reason = copy_entry(paths, options_, *this);
    set_path(std::move(paths.from));
    to_ = std::move(paths.to);
    return reason;
  }
  [[nodiscard]] const char* target() const override { return to_.c_str(); }

  std::string to_;
  CopyOptions options_;
};

/// Between file systems: a copy beside the target takes its place in one step, and then the original goes.
class MoveJob final : public ChangeJob {
 public:
  MoveJob(std::string from, std::string to) : ChangeJob(std::move(from)), to_(std::move(to)) {}

 private:
  Failure run() override {
    const Failure reason = rename_entry(c_path(), to_.c_str());
    return reason.error == EXDEV ? move_across() : reason;
  }
  [[nodiscard]] const char* target() const override { return to_.c_str(); }

  Failure move_across() {
    CopyPaths paths{path(), name_beside(to_)};
    std::string copy = paths.to;
    Failure reason = copy_entry(paths, {.recursive = true, .overwrite = false, .times = true, .follow = false}, *this);
    if (reason) set_path(paths.from);
    if (!reason) reason = rename_entry(copy.c_str(), to_.c_str());
    if (reason) {
      remove_entry(copy, nullptr);
      return reason;
    }
    std::string failed = path();
    reason = remove_entry(failed, nullptr);
    set_path(std::move(failed));
    return reason;
  }

  std::string to_;
};

/// copy(from, to, {recursive=, overwrite=true, times=, follow=})
int copy(lua_State* L) {
  const char* from = check_path(L, 1, kCopy.name, "from");
  const char* to = check_path(L, 2, kCopy.name, "to");
  check_options(L, 3, kCopy.name, {"recursive", "overwrite", "times", "follow"});
  CopyOptions options;
  options.recursive = flag_option(L, 3, kCopy.name, "recursive", false);
  options.overwrite = flag_option(L, 3, kCopy.name, "overwrite", true);
  options.times = flag_option(L, 3, kCopy.name, "times", false);
  options.follow = flag_option(L, 3, kCopy.name, "follow", !options.recursive);
  return run_job<CopyJob>(L, kCopy, 0, from, to, options);
}

/// move(from, to)
int move(lua_State* L) {
  const char* from = check_path(L, 1, kMove.name, "from");
  const char* to = check_path(L, 2, kMove.name, "to");
  return run_job<MoveJob>(L, kMove, 0, from, to);
}

}  // namespace

void add_copies(lua_State* L) {
  static const luaL_Reg kFunctions[] = {{"copy", bound<copy>}, {"move", bound<move>}};
  set_functions(L, kFunctions);
}

}  // namespace neap::internal::stdlib::fs
