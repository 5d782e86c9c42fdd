// The scheduler: which task runs, and when the loop is polled.
//
// It joins a Lua state with a Loop: one of each, on one thread.
//
// Invariants
//  1. Lua code runs only inside a step of a task or a callback of a handle, both started from `turn`; a
//     callback of libuv never runs Lua, it makes a task ready.
//  2. The ready queue is first in, first out; tasks and callbacks share it. A turn runs at most kBatch of
//     them, and ends kSlice nanoseconds after it began (seen every kStepsPerLook steps); then timers and the
//     loop have theirs. So neither can starve the other.
//  3. What runs outside a protected call, or completes a future, has essential memory (EssentialMemory): a task that
//     fails because there is no memory is told so, and those that wait for it as well.
//  4. Every suspended coroutine that belongs to a task is reached through that task: while a task is
//     parked, each coroutine between its base and the one that waits has kWaiting set.
#pragma once

#include "runtime/loop/loop.hpp"
#include "runtime/lua/allocator.hpp"
#include "runtime/lua/state_data.hpp"
#include "runtime/task/drive.hpp"
#include "runtime/task/handle.hpp"
#include "runtime/task/instruments.hpp"
#include "runtime/task/interrupt.hpp"
#include "runtime/task/limits.hpp"
#include "runtime/task/open_handle.hpp"
#include "runtime/task/schedule.hpp"
#include "runtime/task/standard_streams.hpp"
#include "runtime/task/task.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace neap::internal {

struct Gathering;

class Scheduler : public StateData {
 public:
  /// `L` is the state's main thread. Registers itself in the state's extra space, from where every
  /// coroutine made later inherits it.
  Scheduler(lua_State* L, Loop& loop);
  ~Scheduler();
  Scheduler(const Scheduler&) = delete;
  Scheduler& operator=(const Scheduler&) = delete;

  [[nodiscard]] Loop& loop() { return loop_; }
  /// See Loop; when it is not being run, nobody looks out.
  void expect_post() {
    if (driven_) loop_.expect_post();
  }
  [[nodiscard]] lua_State* main_thread() { return main_; }
  /// Of the state.
  [[nodiscard]] Allocator& memory() { return memory_; }
  [[nodiscard]] Task* current() { return current_; }

  // Tasks.

  /// Makes a ready task of the function and the `argument_count` arguments on the top of the stack of `L`,
  /// and leaves it in their place. `level`: the stack level of the code that creates it.
  Task& create_task(lua_State* L, int argument_count, int level = 1);
  /// Makes a parked task ready, because what it waits for is there. Must not be called for any other.
  void wake(Task& task);
  /// Asks the task `first`, or what it awaits, to end. The message (a string or nil) is on the top of the stack of `L`;
  /// it is popped. False when the task is done.
  bool cancel(lua_State* L, Task& first, CancelSource source = kFromOutside);
  /// Cancels every future of the list (a table) on the top of the stack of `L`, and pops it. No task is asked
  /// twice, when one of the list awaits another: a chain takes time in proportion to its length.
  void cancel_list(lua_State* L);
  /// What is done with a task of such a list that waits for the owner in its turn.
  enum class Circles : std::uint8_t {
    told,        // it is cancelled like the others
    told_alone,  // the others are not cancelled: they were before
    left         // it is not cancelled, and taken out of the list: the owner does not wait for it
  };
  /// The same for the task `owner`, which waits until all of them have ended: `ended` tells when, with the same list. A
  /// request never goes round for ever in a circle of tasks that wait for each other: see the top of cancel.cpp.
  /// `asked`: a request to the owner is passed on so.
  void cancel_list(lua_State* L, Task& owner, Circles circles, bool asked);
  /// The owner no longer waits for the list on the top of the stack, which is popped.
  static void ended(lua_State* L, Task& owner);
  /// Ends the wait of a parked task with the error on the top of the stack of `L`, and pops it.
  void interrupt(lua_State* L, Task& task);
  /// Runs the first step of a created task at once, inside the current one.
  void step_now(lua_State* L, Task& task);
  /// Tells everybody who waits for the future, which has just been completed. `index`: its place on `L`; `gathering`:
  /// the number of the Gathering that counts it, or 0.
  void notify(lua_State* L, Future& future, int index, std::int32_t gathering);

  // Running.

  /// Runs turns until the future is done (or an exit was asked for). It becomes the root: what deadlock
  /// detection and SIGINT address.
  void run_until(Task& root);
  /// Runs until no task is left (or an exit was asked for). When every task waits for ever the oldest is told so.
  void run_all();
  /// Makes `task` the root until `pop_root`.
  void push_root(Task& task) { roots_.push_back(&task); }
  void pop_root(Task& task);
  /// True for the root below all others.
  [[nodiscard]] bool is_main(const Task& task) const { return !roots_.empty() && roots_.front() == &task; }
  /// Cancels every task that is not done, and runs until they have ended; then those that were made
  /// meanwhile, until none is left; until `limit` on uv_hrtime's clock at the latest.
  void cancel_all_and_wait(Deadline limit = kNever);
  // All of these but the next three throw std::logic_error when the scheduler is being run already.

  /// Runs what is ready and what the loop brings, without waiting: until nothing is left that could run at once, or
  /// `budget` nanoseconds of real time have passed; one turn at least. Nothing is a deadlock here, because what is
  /// outside may bring work. True when work is left that could run at once.
  bool run_some(Deadline budget);
  /// How long `run_some` has nothing to do unless the loop's descriptor becomes readable, in nanoseconds of real time.
  [[nodiscard]] Deadline time_left();
  /// True while a task can run, or a timer, a request or an open handle can bring work.
  [[nodiscard]] bool has_work() const;
  [[nodiscard]] bool is_driven() const { return driven_; }
  /// `hook` is called when a run has ended, and when something becomes ready while nobody runs the scheduler.
  void set_work_hook(std::function<void()> hook);
  /// True while a broken pipe that we write to must not end the process, whose SIGPIPE is not ours.
  bool shields_broken_pipes = false;

  /// At the end of the program: lets the loop send what is queued (`unsent`), for `sending_grace` at most.
  void finish_sending();
  /// True in a worker thread, whose program is another state's.
  bool is_worker = false;
  /// Things that have bytes under way which the end of the program should not lose: connections and pipes.
  int unsent = 0;
  /// True when the process is this program's: `os.exit` ends it, and it may have signal handlers.
  bool owns_process = false;
  /// In nanoseconds of real time.
  Deadline sending_grace = 5'000'000'000;
  /// Takes over the standard streams; null unless an interactive prompt is on the terminal.
  StandardStreams* console = nullptr;
  /// What the io library and `async.stdin` read.
  std::FILE* standard_input = stdin;
  /// Gets what is written to standard output (1) and error (2), by this thread; empty when the process's streams do.
  std::function<void(int stream, std::string_view text)> output;
  /// Writes for people, to standard error. What was printed before comes first.
  void write_error(std::string_view text);
  /// What a SIGINT does: cancels the root. Call it on the loop's thread.
  void interrupt_root();
  /// Asks for the end of the run: `run_until` returns before the next step.
  void request_exit(int status);
  [[nodiscard]] bool exit_requested() const { return exit_requested_; }
  [[nodiscard]] int exit_status() const { return exit_status_; }
  /// To be called before the state is closed: from then on nothing is reported or run any more.
  void close() { closed_ = true; }
  [[nodiscard]] bool closed() const { return closed_; }
  [[nodiscard]] bool interrupted() const { return interrupted_; }

  /// Names a C function that calls Lua and can be suspended, so that no message blames it for keeping a task
  /// from waiting.
  void add_suspendable(lua_CFunction function) { suspendable_.push_back(function); }
  [[nodiscard]] bool is_suspendable(lua_CFunction function) const;

  // Inspection.

  /// Pushes a list of the tasks that are not done, oldest first. (A list of Lua's and no vector: filling it may
  /// raise.)
  void push_tasks(lua_State* L);
  /// The task, or null when it is done.
  [[nodiscard]] Task* find(TaskRef ref) const {
    Task* task = ref.id != 0 ? slots_[ref.slot].task : nullptr;
    return task != nullptr && task->id == ref.id ? task : nullptr;
  }
  [[nodiscard]] std::size_t task_count() const { return live_tasks_; }
  [[nodiscard]] std::uint64_t last_task_id() const { return next_id_ - 1; }
  /// "file:line" where the task was created; empty when unknown.
  [[nodiscard]] const std::string& place(const Task& task) const { return places_[task.origin]; }
  /// The same of a number from intern_place.
  [[nodiscard]] const std::string& place(std::uint32_t number) const { return places_[number]; }
  /// The number of the line of the innermost script frame of `L` from `level` on; 0 when there is none. Raises
  /// nothing of Lua's.
  std::uint32_t intern_place(lua_State* L, int level);
  /// The same of the line where the function at `function` is defined; a chunk begins at line 1.
  std::uint32_t intern_definition(lua_State* L, int function);
  [[nodiscard]] bool debug() const { return debug_; }
  void set_debug(bool on) {
    debug_ = on;
    look_again();
  }
  /// In debug mode a step or callback that takes longer, in seconds, is warned of.
  double slow_callback_duration = 0.1;

  // Limits, and what stops code that computes.

  [[nodiscard]] Interrupt& interrupt() { return interrupt_; }
  /// Null while there has been no limit.
  [[nodiscard]] LimitKeeper* limits() { return limits_.get(); }
  LimitKeeper& need_limits();
  /// True while the running code belongs to a LimitGroup that is being stopped: then nothing catches any error.
  bool stopping = false;

  // What the script has open.

  void add_open(OpenHandle& handle) { open_.push_back(handle); }
  /// The handle opened after that one, the first one for null; null behind the last.
  OpenHandle* next_open(const OpenHandle* handle);
  /// Warns that it was never closed.
  void warn_of_open(OpenHandle& handle);
  /// The same of all that were opened in debug mode, at the end of the program.
  void warn_of_open_handles();

  // The running code's context: see context.hpp.

  [[nodiscard]] bool has_context() const;
  /// Makes the value on the top of the stack the context of the callback that is about to run, and pops it.
  void enter_callback_context(lua_State* L);
  void leave_callback_context(lua_State* L);

  // What a task owns, and closes at its end.

  /// Pushes the table of it; the current task gets one. Nil outside a task.
  void push_owned(lua_State* L);
  /// The function on the top of the stack, which is popped, closes what is in such a table. It runs in the task, and
  /// may wait.
  void set_close_owned(lua_State* L);

  // Tests and instruments: see schedule.hpp and instruments.hpp.

  /// The order of tasks depends on the seed from now on.
  void set_seed(std::uint64_t seed);
  void clear_seed();
  /// The `number`-th suspension from now on is answered by a cancel request; 0 is none.
  void cancel_at(std::uint64_t number);
  /// A number below `count`, at random: the same ones in every run of a program, other ones with another seed.
  [[nodiscard]] std::uint32_t choose(std::uint32_t count) { return schedule_.numbers.below(count); }
  [[nodiscard]] std::uint64_t suspensions() const { return schedule_.suspensions; }
  /// The function on the top of the stack, which is popped, is told of the event; nil is nobody.
  void set_instrument(lua_State* L, Event event);

  // Errors that nobody can receive.

  /// Hands the context table on the top of the stack of `L` to the exception handler, and pops it.
  void report(lua_State* L);
  /// Writes a warning of debug mode to stderr.
  void warn(const char* format, ...) __attribute__((format(printf, 2, 3)));
  /// Reports the errors that nobody has retrieved, oldest first: of futures that were collected, and of those
  /// that failed after the first `after` ones.
  void report_unretrieved(lua_State* L, std::uint64_t after = 0);
  /// How many futures have failed so far.
  [[nodiscard]] std::uint64_t failures() const { return failures_; }
  /// Remembers that the failed future at `index` must be reported unless somebody retrieves its error.
  void note_failure(lua_State* L, int index);
  /// What note_failure keeps for a future is gone, together with the future.
  void note_collected() { ++notes_collected_; }
  [[nodiscard]] std::size_t reported() const { return reported_; }
  /// What prints a context when no handler is set; it may run Lua in protected calls, and leaves the stack as it was.
  /// It gets what it was set with.
  using DefaultHandler = void (*)(void* self, lua_State* L, int context);
  void set_default_handler(DefaultHandler handler, void* self = nullptr) {
    default_handler_ = handler;
    default_handler_self_ = self;
  }
  /// Sets the handler to the function (or nil) on the top of the stack, and pops it; it is called with the
  /// context table.
  void set_exception_handler(lua_State* L);

  // Queues and anchors, for handles and parking.

  void queue(Waiter& waiter) {
    ready_.push_back(waiter);
    if (tells_work_) [[unlikely]]
      tell_work();
  }
  void make_ready(Task& task) {
    task.task_state = TaskState::ready;
    queue(task);
    if (observed_) note(Event::task_scheduled, task);
  }
  /// True when a `sleep(0)` need not suspend: nobody else is ready, and nobody counts suspensions.
  [[nodiscard]] bool nothing_ready() const { return ready_.empty() && !observed_; }
  /// Keeps the value on the top of the stack alive, and pops it.
  int anchor(lua_State* L);
  void release(lua_State* L, int anchor);
  void push_anchored(lua_State* L, int anchor) { lua_rawgeti(L, LUA_REGISTRYINDEX, anchor); }

  /// Gives a Gathering a number from 1 on, by which the futures that it counts name it.
  std::int32_t add_gathering(Gathering& gathering);
  void remove_gathering(std::int32_t number) { gatherings_[static_cast<std::size_t>(number)] = nullptr; }
  [[nodiscard]] Gathering& gathering(std::int32_t number) { return *gatherings_[static_cast<std::size_t>(number)]; }

  /// True when the code running in `L` can be suspended.
  [[nodiscard]] bool can_suspend(lua_State* L) const {
    return running_ == L && blocked_resumes == 0 && current_ != nullptr && lua_isyieldable(L) != 0;
  }
  /// The coroutine that runs now, as far as neap resumed it.
  [[nodiscard]] lua_State* running() { return running_; }
  void set_running(lua_State* L) { running_ = L; }
  /// True between a call of `park` and the scheduler's regaining control.
  bool parking = false;
  /// How many of the resumes under way went through a C function that cannot be suspended.
  int blocked_resumes = 0;
  /// Coroutines that have resumed one another, as far as they are on the C stack.
  int resume_depth = 0;
  /// Nested awaits since the running step began: how deep they are on the C stack.
  int await_depth = 0;
  /// True while a task runs its first step inside the step of its maker, which goes on right after it.
  bool eager = false;
  /// How often a task has become the owner of a generator.
  std::uint64_t adoptions = 0;
  /// Waits in a row that were satisfied without suspending.
  int satisfied_in_a_row = 0;

 private:
  /// A place in the registry: of a task that is not done, or of an idle coroutine, or of nothing.
  struct Slot {
    Task* task = nullptr;
    int anchor = 0;
  };
  friend void push_task(lua_State* L, const Task& task);
  friend class Driving;
  friend class LimitKeeper;

  static constexpr int kBatch = 128;
  static constexpr int kStepsPerLook = 16;
  static constexpr Deadline kSlice = 1'000'000;
  static constexpr std::uint16_t kMostRequests = 60'000;  // counted of one task
  static constexpr int kDeadlocksInShutdown = 1000;       // then tasks that wait for ever in their cleanup are left
  static constexpr std::size_t kPooled = 16384;           // idle coroutines kept for the next tasks

  void turn();
  void turn_at_once();
  void tell_work();
  void run_ready();
  void run_batch();
  void fire_timers();
  void fire(TimerNode& timer);
  void poll();
  void dispatch(Waiter& next);
  void run_one(Waiter& next);
  void run_one_timed(Waiter& next);
  void run_one_looked_at(Waiter& next);
  void run_one_limited(Waiter& next);
  /// Keeps the traceback of what creates the task on the top of the stack.
  static void keep_creation(lua_State* L, int level);
  void run_one_observed();
  /// To be called when a reason to observe steps has come or gone.
  void look_again() {
    observed_ = debug_ || schedule_.counts() || instruments_.any() || !instruments_.notes.empty() ||
                (limits_ != nullptr && limits_->active());
  }
  Waiter* take_any_ready();
  void count_suspension(Task& task);
  void note(Event event, const Task& task);
  void tell(Event event);
  void tell_notes();
  void tell_poll(Event event);
  int close_owned(lua_State* L);
  static int owned_closed(lua_State* L, int status, lua_KContext ended);
  void step(lua_State* from, Task& task);
  lua_State* push_coroutine(lua_State* L, std::uint32_t* slot);
  void finish(Task& task, int status, int count);
  void recycle(Task& task);
  void add_slots(lua_State* L);
  std::uint32_t intern(const lua_Debug& chunk, int line);
  [[nodiscard]] bool is_last_place(const lua_Debug& chunk, int line) const;
  void raise_deadlock();
  static void push_deadlock_error(lua_State* L);
  static int describe_deadlock(lua_State* L);
  void add_circles(lua_State* L, int list);
  void interrupt_wait(Task& task, WakeReason reason);
  Future* forward_cancel(lua_State* L, Task& task);
  bool closes_circle(lua_State* L, Task& next);
  static void count_request(Task& task);
  bool waits_for(lua_State* L, Task& from, const Task& whom);
  bool search_waits(lua_State* L, Task& from, const Task& whom);
  void cancel_each(lua_State* L, Task* owner, Circles circles);
  static int task_entry(lua_State* L);
  static int task_returned(lua_State* L, int status, lua_KContext context);

  lua_State* main_;
  Allocator& memory_;
  Loop& loop_;
  Interrupt interrupt_{*this};
  std::unique_ptr<LimitKeeper> limits_;
  Task* current_ = nullptr;
  lua_State* running_;
  WaitList ready_;
  std::vector<Slot> slots_;
  std::vector<std::uint32_t> free_slots_;  // slots whose coroutine is idle
  std::vector<std::uint32_t> bare_slots_;  // slots without a coroutine
  std::vector<int> free_anchors_;
  std::vector<Gathering*> gatherings_{nullptr};  // by number; null where none is
  std::size_t live_tasks_ = 0;
  std::uint32_t sweeps_ = 0;     // walks over tasks so far, each of which marks those that it has seen
  bool sweeping_ = false;        // a list is being cancelled
  std::uint32_t waves_ = 0;      // cancel requests so far
  std::uint32_t wave_ = 0;       // the one that is on its way
  const Task* owner_ = nullptr;  // the task that passes it on and waits then, if one does
  std::vector<Task*> reached_;   // by a search of waits_for
  std::uint64_t next_id_ = 1;
  std::vector<Task*> roots_;
  const Task* last_ = nullptr;  // that cancel_all_and_wait waits for: its end ends the turn
  std::vector<lua_CFunction> suspendable_;
  int final_status_ = LUA_OK;  // how the function of the task that ended last ended
  std::vector<std::string> places_{std::string()};
  struct PlaceKey {
    const char* source;
    int line;
    bool operator==(const PlaceKey&) const = default;
  };
  struct PlaceHash {
    std::size_t operator()(const PlaceKey& key) const {
      return std::hash<const void*>()(key.source) * 31 + static_cast<std::size_t>(key.line);
    }
  };
  struct LastPlace {
    PlaceKey key{nullptr, 0};
    std::uint32_t number = 0;
    std::size_t length = 0;  // of the chunk's name in it
  };
  LastPlace last_place_;  // that intern was asked for
  std::unordered_map<PlaceKey, std::uint32_t, PlaceHash> place_index_;
  WaitList open_;
  std::size_t reported_ = 0;
  std::uint64_t failures_ = 0;
  std::uint64_t notes_collected_ = 0;
  DefaultHandler default_handler_ = nullptr;
  void* default_handler_self_ = nullptr;
  Schedule schedule_;
  Instruments instruments_;
  std::function<void()> work_hook_;
  Deadline slice_ = kSlice;           // how long what is ready runs in this turn
  Deadline shutdown_limit_ = kNever;  // on uv_hrtime's clock
  bool driven_ = false;               // there is a Driving
  bool tells_work_ = false;           // somebody wants to know, and has not been told since the last run
  bool observed_ = false;             // each step is looked at: debug mode, a schedule of its own, or instruments
  bool callback_context_ = false;
  bool debug_ = false;
  bool exit_requested_ = false;
  bool interrupted_ = false;
  bool closed_ = false;
  int deadlocks_in_shutdown_ = 0;
  int exit_status_ = 0;
};

/// The scheduler of the state.
inline Scheduler& scheduler_of(lua_State* L) { return static_cast<Scheduler&>(state_data(L)); }

/// To be asked by a wait that is satisfied already: true when that has happened so often in a row that it must let
/// others run all the same, by park_ready.
inline bool satisfied_too_often(lua_State* L) {
  constexpr int kSatisfiedInARow = 64;
  Scheduler& scheduler = scheduler_of(L);
  return ++scheduler.satisfied_in_a_row >= kSatisfiedInARow && scheduler.can_suspend(L);
}

}  // namespace neap::internal
