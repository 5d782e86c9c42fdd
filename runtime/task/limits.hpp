// Limits that no script can catch or outlive: memory, time and counts, of an interpreter and of parts of a program.
//
// A LimitGroup is a set of limits and the code that they hold for: a tree of tasks and the callbacks that these have
// set. The code that an `async.limit` scope encloses belongs to its group as well. Groups nest; what is used is counted
// in each of the chain, and the tightest limit is met first.
//
//   open ──a limit is exceeded──> exceeded ──kGrace later──> dead
//
// open      Nothing is looked at but counters; a LimitWatch has the deadlines, the allocator the threshold.
// exceeded  Each task of the group is told once, by a LimitError raised before its next instruction, or where it waits.
//           Nothing catches it: while the running code belongs to such a group (`stopping`), pcall, catch and the coroutine
//           functions pass every error on, whatever it is. Cleanup may run, and wait.
// dead      No wait begins any more, and every instruction raises: what is left of the group unwinds, without running any
//           Lua code. (Tasks are not just dropped: the locks that they hold are handed on.)
//
// Owner: the Scheduler, once there is a limit. Thread: the scheduler's.
//
// Invariants
//  1. Between `begin` and `end` the code of one step or callback runs; `current` is its group, and what it allocates is
//     the group's. Outside, `current` is the root group, if there is one.
//  2. A group lives while its scope is open, or it has tasks, handles or inner groups.
//  3. A task counts in the group in which it was made, and in those around it.
#pragma once

#include "runtime/loop/timer_heap.hpp"
#include "runtime/task/limit_watch.hpp"
#include "runtime/task/task.hpp"

#include <lua.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <unordered_map>

namespace neap::internal {

class Allocator;
class LimitKeeper;
class Scheduler;

enum class LimitKind : std::uint8_t { memory, step, wall, tasks, handles, count_ };

/// 0: no limit.
struct Limits {
  std::size_t memory = 0;   // bytes
  double step = 0;          // seconds of CPU time in one step of a task, or one callback
  double wall = 0;          // seconds on the loop's clock
  std::size_t tasks = 0;    // that are not done
  std::size_t handles = 0;  // that are open: see open_handle.hpp

  [[nodiscard]] bool any() const { return memory != 0 || step > 0 || wall > 0 || tasks != 0 || handles != 0; }
  [[nodiscard]] double of(LimitKind kind) const;
};

struct LimitGroup : TimerNode {
  enum class State : std::uint8_t { open, exceeded, dead };

  LimitGroup(LimitKeeper& owner, LimitGroup* around, const Limits& given)
      : TimerNode(TimerKind::limit),
        keeper(owner),
        parent(around),
        limits(given) {}

  LimitKeeper& keeper;
  LimitGroup* parent;
  Limits limits;
  std::uint32_t id = 0;
  State state = State::open;
  LimitKind exceeded_kind = LimitKind::memory;
  bool left = false;            // its scope has been
  bool reported = false;        // after that: the error of one of its tasks was left to be reported
  double exceeded_by = 0;       // what was used then
  int error = 0;                // anchor of its LimitError; 0 before it is first raised
  Task* opener = nullptr;       // whose scope it is, while that is open
  std::size_t memory = 0;       // bytes that its code has allocated, less what was freed in its steps
  std::size_t memory_base = 0;  // in use when the group began
  std::size_t tasks = 0;
  std::size_t handles = 0;
  std::size_t inner = 0;        // groups
  Deadline step_end = kNever;   // CPU time: of the step that runs
  Deadline wall_end = kNever;   // on the loop's clock
  Deadline grace_end = kNever;  // on uv_hrtime's

  /// True when `other` is the group or inside it.
  [[nodiscard]] bool holds(const LimitGroup* other) const {
    while (other != nullptr && other != this) other = other->parent;
    return other == this;
  }
};

class LimitKeeper {
 public:
  /// Real time, in seconds, that code has for its cleanup once its limit is exceeded.
  static constexpr double kGrace = 0.005;
  static constexpr double kClosing = 1;

  explicit LimitKeeper(Scheduler& scheduler);
  ~LimitKeeper();
  LimitKeeper(const LimitKeeper&) = delete;
  LimitKeeper& operator=(const LimitKeeper&) = delete;

  /// The limits of the whole interpreter.
  void set_root(const Limits& limits);
  [[nodiscard]] LimitGroup* root() { return root_; }
  [[nodiscard]] bool root_was_exceeded() const { return root_was_exceeded_; }
  /// The state is about to be closed: its finalizers run within the limits, or, if only parts of the program had any,
  /// for kClosing seconds.
  void begin_closing();
  /// The task runs, in a step that began before there was any limit.
  void adopt(Task& task) {
    task_ = &task;
    runs_ = true;
  }
  /// A group within the current one, for the code of the current task from now on.
  LimitGroup& open(const Limits& limits);
  /// The scope of the group is left. Pushes its LimitError and returns true when a limit was exceeded, and no group
  /// around it is being stopped.
  bool leave(lua_State* L, std::uint32_t id);
  /// Null when it is no more.
  [[nodiscard]] LimitGroup* find(std::uint32_t id);

  [[nodiscard]] bool active() const { return !groups_.empty(); }
  [[nodiscard]] LimitGroup* current() { return current_; }
  [[nodiscard]] std::uint32_t current_id() const { return current_ != nullptr ? current_->id : 0; }
  /// Bytes counted for the group, up to now.
  std::size_t memory_of(const LimitGroup& group);

  /// Code of the group begins to run, in `L`, in a task or null: how the scheduler and what calls Lua outside steps say
  /// it.
  void begin(LimitGroup* group, Task* task, lua_State* L);
  void end();
  /// For a step inside the step of another task, and finalizers.
  struct Code {
    LimitGroup* group;
    Task* task;
    bool runs = true;
  };
  [[nodiscard]] Code running() const { return {current_, task_, runs_}; }
  void switch_to(Code code);
  /// Code of the group is called, in no task, wherever others are. Returns what to switch back to.
  Code enter(LimitGroup& group);

  /// Before a task is made: raises when it would be one too many.
  void check_tasks(lua_State* L);
  void task_made(Task& task);
  void task_ended(Task& task);
  /// The task ends, with the `*count` values on its stack: with a LimitError instead when it belongs to a group that is
  /// being stopped.
  void task_ends(Task& task, int* status, int* count);
  /// True when no callback of that group runs any more: it is being stopped, or nothing else of it is left.
  [[nodiscard]] bool stopped(std::uint32_t group);
  /// Pushes the LimitError of the group that stops code of `group`.
  void push_error(lua_State* L, LimitGroup* group);
  /// Counts an open handle in the current group, which is returned.
  LimitGroup* handle_opened();
  void handle_closed(LimitGroup* group);

  /// Raises the LimitError of the current group when it has one to raise. The action of the interrupt.
  void check(lua_State* L);
  /// Raises the LimitError for a task whose wait was ended for it.
  [[noreturn]] void raise_error(lua_State* L);
  void timer_fired(LimitGroup& group);
  /// True when the LimitError of the code that runs is, or will be, raised elsewhere as well, or has been reported: to
  /// be asked once for each place where it ends.
  bool is_known() { return is_known(stopper_of(current_)); }

 private:
  void set_current(LimitGroup* group);
  static void begin_step(LimitGroup* group, const LimitGroup* outermost);
  void settle();
  void arm();
  void check_memory(lua_State* L);
  void check_outside(lua_State* L);
  void push_new_error(lua_State* L, const LimitGroup& group, LimitKind kind, double used);
  void check_times();
  void exceed(LimitGroup& group, LimitKind kind, double used);
  void kill(LimitGroup& group);
  void stop_waits(LimitGroup& group);
  bool is_known(LimitGroup* stopper);
  void release(LimitGroup* group);
  [[nodiscard]] LimitGroup* stopper_of(LimitGroup* group) const;
  LimitGroup* birth_group(const Task& task);
  template <typename Function>
  void each_task(const LimitGroup& group, Function function);

  Scheduler& scheduler_;
  Allocator& allocator_;
  LimitWatch watch_;
  std::unordered_map<std::uint32_t, std::unique_ptr<LimitGroup>> groups_;
  std::uint32_t next_id_ = 1;
  LimitGroup* root_ = nullptr;
  bool root_was_exceeded_ = false;
  LimitGroup* current_ = nullptr;
  Task* task_ = nullptr;           // that runs
  bool told_ = false;              // code that is in no task
  bool runs_ = false;              // between begin and end
  std::size_t memory_before_ = 0;  // in use when the current code began
};

/// Around a protected call of Lua code that is no step and no callback: it is the root group's.
class LimitedCall {
 public:
  explicit LimitedCall(Scheduler& scheduler);
  ~LimitedCall();
  LimitedCall(const LimitedCall&) = delete;
  LimitedCall& operator=(const LimitedCall&) = delete;

 private:
  LimitKeeper* limits_;
};

}  // namespace neap::internal
