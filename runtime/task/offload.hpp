// Runs a piece of C++ on libuv's thread pool while the current task waits for it.
//
// A binding that does so reads:
//
//   constexpr WaitKind kRead = offload_wait("fs.read");
//
//   int read(lua_State* L) {
//     const std::string_view path = check_path(L, 1);              // may raise
//     Task& task = check_can_wait(L, kRead.name);                  // may raise; nothing is allocated yet
//     return offload(L, task, kRead, std::make_unique<ReadJob>(path));     // the last act
//   }
//
// Owner: a job belongs to its request; the request belongs to the pool until the loop has been told of the
// end of the work, then to the continuation of the task that waits, or to nobody and is deleted there.
//
// Invariants
//  1. `work` runs on a pool thread and never sees Lua. Everything else, the destructor too, runs on the
//     loop's thread.
//  2. A waiter that is cancelled is taken out of the request at once, so that no completion reaches a task
//     that has stopped waiting. Work that has not begun is never begun (unless `must_run`); work under way
//     runs to its end, its answer is dropped, and the job's destructor gives back what it had taken.
//  3. The job is deleted on every path, also when its answer raises.
//  4. Every request that a state has under way is in that state's list. Closing the state takes them out, so
//     that the loop, which dies later and waits for them, touches nothing of Lua's.
//  5. Nobody waits for the thread of `offload_apart`: when the state is closed before its work has ended, the job is
//     the thread's, which deletes it; the end of the process ends the thread.
#pragma once

#include "runtime/task/park.hpp"

#include <uv.h>

#include <atomic>
#include <memory>

namespace neap::internal {

class Job {
 public:
  Job() = default;
  virtual ~Job() = default;
  Job(const Job&) = delete;
  Job& operator=(const Job&) = delete;

  /// Does the work, on a pool thread.
  virtual void work() noexcept = 0;
  /// Pushes the results and returns their number, or raises. Runs in the task, which cannot wait here. At
  /// index 1 is the first argument of the binding, if it had one.
  virtual int answer(lua_State* L) = 0;
  /// True for work that must be done even when nobody waits for it any more (closing a descriptor).
  [[nodiscard]] virtual bool must_run() const { return false; }

  /// True once nobody waits for the answer. Any thread.
  [[nodiscard]] bool abandoned() const { return abandoned_.load(std::memory_order_relaxed); }
  void abandon() { abandoned_.store(true, std::memory_order_relaxed); }
  /// The same, or the process is ending, which waits for the pool: work that may take long should look from time to
  /// time, and stop. Any thread.
  [[nodiscard]] bool must_stop() const { return abandoned() || process_ending.load(std::memory_order_relaxed); }

  /// Set by std::exit.
  static std::atomic<bool> process_ending;

 private:
  std::atomic<bool> abandoned_{false};
};

/// Stops a wait for a job.
void abandon_offload(Scheduler& scheduler, Task& task);

/// The kind of wait of an operation called `name`.
constexpr WaitKind offload_wait(const char* name) { return WaitKind{abandon_offload, name}; }

/// Prepares the state; to be called when a module that offloads is opened, any number of times.
void open_offload(lua_State* L);

/// To be called before anything is given to libuv's pool: libuv aborts the process when it cannot start its threads,
/// and this finds out first. 0, or a libuv error code; it may be tried again. What others start meanwhile is not
/// foreseen.
int start_pool();

/// Queues the job and parks the task, which gets what `answer` gives. The value at index `keep` (0: none) is
/// kept alive until the work has ended, whatever becomes of the task: the job may use a string's bytes
/// where they are.
int offload(lua_State* L, Task& task, const WaitKind& wait, std::unique_ptr<Job> job, int keep = 0);

/// The same for work that must be done in any case: it is queued even when the task cannot wait or is to be
/// cancelled, which is raised then. Only for what came of an `offload`: that has started the pool.
int offload_always(lua_State* L, const WaitKind& wait, std::unique_ptr<Job> job);

/// The same as `offload` on a thread of its own, for work that may hang and cannot be stopped: it holds up neither the
/// pool nor the end of the process. How many there are at a time is the caller's to limit.
int offload_apart(lua_State* L, Task& task, const WaitKind& wait, std::unique_ptr<Job> job);

/// Queues a job that nobody waits for; its `answer` is never called. For finalizers of what came of an `offload`.
void run_detached(uv_loop_t* loop, std::unique_ptr<Job> job);

}  // namespace neap::internal
