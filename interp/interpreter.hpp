// An interpreter: a Lua state, a loop and a scheduler, with the standard library in it.
//
// Owner: whoever made it. Thread: all calls from the thread that made it.
//
// Order of death: tasks are cancelled and have ended, then the Lua state is closed (finalizers close what
// they own), then the loop closes its handles.
#pragma once

#include "interp/warnings.hpp"
#include "runtime/loop/loop.hpp"
#include "runtime/lua/allocator.hpp"
#include "runtime/lua/collector.hpp"
#include "runtime/task/scheduler.hpp"

#include <lua.hpp>

#include <memory>
#include <optional>
#include <string>

namespace neap::internal {

namespace stdlib::thread {
class IsolateFactory;
}

struct InterpreterOptions {
  /// Bytes that Lua may hold; 0 for no limit. Above it running code gets a "not enough memory" error.
  std::size_t memory_limit = 0;
  /// Time stands still, and jumps to the next deadline when everything waits.
  bool virtual_clock = false;
  bool debug = false;
  /// `lua -E`: LUA_PATH and the like are ignored.
  bool ignore_environment = false;
  /// Where the Lua files of the standard library are read from; empty: those in the binary.
  std::string stdlib_directory;
};

class Interpreter {
 public:
  /// Throws std::runtime_error when the state or the loop cannot be made.
  explicit Interpreter(const InterpreterOptions& options = {});
  ~Interpreter();
  Interpreter(const Interpreter&) = delete;
  Interpreter& operator=(const Interpreter&) = delete;

  [[nodiscard]] lua_State* state() { return state_.get(); }
  [[nodiscard]] Scheduler& scheduler() { return *scheduler_; }
  [[nodiscard]] Loop& loop() { return loop_; }
  [[nodiscard]] Allocator& allocator() { return allocator_; }

  /// Runs the function and `argument_count` arguments on the top of the state's stack as the main task, until
  /// it ends; then cancels the tasks it left and waits for them, and reports errors nobody looked at, but not
  /// that of the main task, which is the caller's. Leaves the finished Task on the stack in their place.
  Task& run_main(int argument_count);
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

  void on_memory_limit();

  Warnings warnings_;
  Allocator allocator_;
  Loop loop_;
  std::unique_ptr<lua_State, CloseState> state_;
  std::optional<CollectorPause> pause_;
  std::unique_ptr<Scheduler> scheduler_;
  const std::shared_ptr<const stdlib::thread::IsolateFactory> isolates_;  // for the state's worker threads
  bool main_ended_ = false;
  bool interrupted_ = false;
  bool interrupted_after_main_ = false;
};

}  // namespace neap::internal
