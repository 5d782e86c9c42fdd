// Work on the pool that may fail: the failure is raised in the task as an OSError.
#pragma once

#include "stdlib/fs/system.hpp"
#include "stdlib/permissions/gate.hpp"

#include <memory>
#include <string>
#include <utility>

namespace neap::internal::stdlib::fs {

class FsJob : public Job {
 public:
  /// `path` is what an error names.
  explicit FsJob(std::string path) : path_(std::move(path)) {}

  void work() noexcept final;
  int answer(lua_State* L) final;

  /// The work is done with the permissions of the state.
  void confine(lua_State* L) {
    if (const Permissions* permissions = permissions_of(L)) permissions_ = permissions->shared_from_this();
  }

 protected:
  /// Does the work; std::bad_alloc becomes ENOMEM.
  virtual Failure run() = 0;
  /// Pushes the results of work that succeeded.
  virtual int results(lua_State* L) = 0;
  /// The second path of work that has two, else null.
  [[nodiscard]] virtual const char* target() const { return nullptr; }
  /// Gives back what takes much memory, before a failure is raised.
  virtual void release() {}

  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] const char* c_path() const { return path_.c_str(); }
  /// For work on many files: which one an error names.
  void set_path(std::string path) { path_ = std::move(path); }

 private:
  std::string path_;
  Failure failure_;
  std::shared_ptr<const Permissions> permissions_;
  Denial denial_;
};

/// A job that changes something and has no result but `true`.
class ChangeJob : public FsJob {
 public:
  using FsJob::FsJob;

 private:
  int results(lua_State* L) override {
    lua_pushboolean(L, 1);
    return 1;
  }
};

/// One such change: `call`, of the path and the target, which says how it failed.
template <class Call>
class CallJob final : public ChangeJob {
 public:
  CallJob(std::string path, const char* target, Call call)
      : ChangeJob(std::move(path)),
        target_(target != nullptr ? target : ""),
        has_target_(target != nullptr),
        call_(call) {}

 private:
  Failure run() override { return call_(c_path(), target_.c_str()); }
  [[nodiscard]] const char* target() const override { return has_target_ ? target_.c_str() : nullptr; }

  std::string target_;
  bool has_target_;
  Call call_;
};

/// Raises the failure as an OSError that names the path, and the target if there is one.
[[noreturn]] void raise_failure(lua_State* L, const Failure& failure, const char* path, const char* target = nullptr);

/// Runs a job of the type in the pool, made of the arguments, while the task waits: the last act of a
/// binding. `keep` as in `offload`.
template <class JobType, class... Arguments>
int run_job(lua_State* L, const WaitKind& wait, int keep, Arguments&&... arguments) {
  Task& task = check_can_wait(L, wait.name);
  auto job = std::make_unique<JobType>(std::forward<Arguments>(arguments)...);
  job->confine(L);
  return offload(L, task, wait, std::move(job), keep);
}

/// The same for a change made by one call, which holds nothing but numbers; `target` may be null.
template <class Call>
int run_change(lua_State* L, const WaitKind& wait, const char* path, const char* target, Call call) {
  return run_job<CallJob<Call>>(L, wait, 0, path, target, call);
}

}  // namespace neap::internal::stdlib::fs
