// An interpreter: a Lua state, a loop and a scheduler, with the standard library in it.
//
// Owner: whoever made it. Thread: all calls from the thread that made it, but those of its Remote. There may be any
// number, on one thread or on several; one may run while another does.
//
// Whose loop: its own, which `run`, `run_until` and `run_main` wait on; or an application's uv_loop_t
// (InterpreterOptions::uv_loop), which then runs it; or any other loop, which watches `backend_fd`, waits for
// `next_timeout` at most, and calls `step`. These may be mixed. While one of them is under way, what it calls (a
// task, a callback, posted work, a handler) may not call another of the same interpreter: std::logic_error.
//
// Order of death: tasks are cancelled and have the grace to end; what was posted and has not run is destroyed, and
// nothing can be posted any more; the Lua state is closed (finalizers close what they own, and other threads are waited
// for); the loop closes its handles, and what it has in the thread pool ends. No callback of an application's loop
// runs.
#pragma once

#include "interp/warnings.hpp"
#include "runtime/loop/host_loop.hpp"
#include "runtime/loop/loop.hpp"
#include "runtime/lua/allocator.hpp"
#include "runtime/lua/collector.hpp"
#include "runtime/task/scheduler.hpp"
#include "stdlib/permissions/sandbox.hpp"

#include <lua.hpp>

#include <cstdio>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace neap::internal {

namespace stdlib::thread {
class IsolateFactory;
}

struct InterpreterOptions {
  /// What all code in the interpreter may use; that of worker threads has the same limits, each thread for itself.
  Limits limits;
  /// Time stands still, and jumps to the next deadline when everything waits.
  bool virtual_clock = false;
  bool debug = false;
  /// `lua -E`: LUA_PATH and the like are ignored.
  bool ignore_environment = false;
  /// Where the Lua files of the standard library are read from; empty: those in the binary.
  std::string stdlib_directory;
  /// The process is this interpreter's: `os.exit` ends it, and a signal handler may be installed to interrupt worker
  /// threads. Otherwise `os.exit` ends the interpreter's run (`Scheduler::exit_requested`), and a broken pipe that it
  /// writes to never ends the process.
  bool owns_process = false;
  /// The application's loop that shall run it; null: none. It must outlive the interpreter, and be run once more before
  /// it is closed.
  uv_loop_t* uv_loop = nullptr;
  /// How long, in seconds, the tasks that are left when it is destroyed have to end; then they are dropped where they
  /// wait.
  double closing_grace = 0.25;
  /// Gets what the script prints (1) and what is reported (2) in place of the process's standard output and error, in
  /// any pieces. It is called by worker threads too, by one at a time, and must not throw or run the interpreter.
  std::function<void(int stream, std::string_view text)> output;
  /// What scripts read from standard input; none: that of the process.
  std::optional<std::string> input;
  /// The modules that scripts may have: see `stdlib::restrict_modules`. None: all.
  std::optional<std::vector<std::string>> modules;
  /// What scripts may do. LUA_PATH and the like are ignored in a sandbox.
  Sandbox sandbox;
  /// Of the interpreter that makes this one for a worker thread: what is allowed there is the most that is allowed
  /// here.
  std::shared_ptr<const Permissions> permissions_above;
};

class Interpreter : Guest {
 public:
  /// Throws std::runtime_error when the state or the loop cannot be made.
  explicit Interpreter(const InterpreterOptions& options = {});
  /// Must not be called from within its own run: that aborts the process. What runs Lua or C code and never waits is
  /// waited for without limit.
  ~Interpreter() override;
  Interpreter(const Interpreter&) = delete;
  Interpreter& operator=(const Interpreter&) = delete;

  [[nodiscard]] lua_State* state() { return state_.get(); }
  [[nodiscard]] Scheduler& scheduler() { return *scheduler_; }
  [[nodiscard]] Loop& loop() { return loop_; }
  [[nodiscard]] Allocator& allocator() { return allocator_; }

  /// Cancels every task and runs them until they have ended, and what they have written is sent, for `closing_grace` at
  /// most; reports errors nobody looked at. The destructor does the same: a wrapper may do it while it is still whole.
  void end_tasks();
  /// Ends the process, with a message, in code that it runs: it is about to be destroyed.
  void check_idle() const;

  /// Runs the function and `argument_count` arguments on the top of the state's stack as the main task, until
  /// it ends; then cancels the tasks it left and waits for them, and reports errors nobody looked at, but not
  /// that of the main task, which is the caller's. Leaves the finished Task on the stack in their place.
  Task& run_main(int argument_count);
  // Running it from outside. All throw std::logic_error while it is being run already.

  /// Runs until the task is done, or an exit was asked for. When nothing can bring the task on that is a deadlock,
  /// which ends it with a DeadlockError.
  void run_until(Task& task) { scheduler_->run_until(task); }
  /// Runs until no task is left, or an exit was asked for; then sends what is unsent, and reports errors nobody looked
  /// at.
  void run();
  /// Runs what is ready and what the loop brings, without waiting, for about `budget` seconds: at least one turn, and
  /// it ends between two steps of tasks. True when work is left that could run at once. Nothing is a deadlock here.
  bool step(double budget) { return scheduler_->run_some(to_deadline(budget)); }

  /// Seconds until `step` has something to do: 0 is now, infinity when only `backend_fd` can tell.
  [[nodiscard]] double next_timeout();
  /// A descriptor that is readable when there is something to do; it stays so until the next step. Valid for life.
  [[nodiscard]] int backend_fd() const { return loop_.backend_fd(); }
  [[nodiscard]] bool has_tasks() const { return scheduler_->task_count() != 0; }
  /// True while something can happen by itself: a task can run, or a timer, a request or an open handle can bring work.
  [[nodiscard]] bool alive() const { return scheduler_->has_work(); }
  /// For other threads, which may keep it: posted work runs on this interpreter's thread, whoever runs it.
  [[nodiscard]] const std::shared_ptr<Remote>& remote() const { return loop_.remote(); }

  /// What Ctrl-C does: cancels the main task; once that has ended, the tasks it left, again. Call it on the
  /// loop's thread.
  void interrupt();
  [[nodiscard]] bool interrupted() const { return interrupted_; }
  /// True when the interruption met the tasks that the main task had left.
  [[nodiscard]] bool interrupted_after_main() const { return interrupted_after_main_; }

 private:
  struct CloseState {
    void operator()(lua_State* L) const { lua_close(L); }
  };
  struct CloseFile {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };

  static Deadline to_deadline(double seconds);
  void run_on_host() override;
  Deadline time_left() override { return scheduler_->time_left(); }
  bool has_work() const override { return scheduler_->has_work(); }

  void open(const InterpreterOptions& options);
  void open_input(const std::string& text);

  const std::shared_ptr<Permissions> permissions_;  // null without a sandbox
  const double closing_grace_;
  Warnings warnings_;
  Allocator allocator_;
  Loop loop_;
  std::shared_ptr<const stdlib::thread::IsolateFactory> isolates_;  // for the state's worker threads
  std::unique_ptr<Scheduler> scheduler_;                            // finalizers use it
  std::unique_ptr<std::FILE, CloseFile> input_;                     // in place of the process's standard input
  std::unique_ptr<lua_State, CloseState> state_;
  std::optional<CollectorPause> pause_;
  std::optional<HostLoop> host_;
  bool main_ended_ = false;
  bool interrupted_ = false;
  bool interrupted_after_main_ = false;
};

}  // namespace neap::internal
