// A worker thread: an Isolate, and the calls that it runs in it, one after the other.
//
// How a call is interrupted: whoever wants that sets `stop_`, wakes the Isolate's loop and sends the thread SIGURG, as
// the runtime of Go does. If the loop waits, its wake hook cancels the call's task. If Lua code computes, the handler
// of the signal sets a count hook on the coroutine that runs, which raises the CancelledError there. A C function sees
// neither before it is back.
//
// Owner: its Home, which joins the thread once it has ended; a thread that is left behind at the end of the program
// deletes its Runner itself.
#pragma once

#include "runtime/loop/alertness.hpp"
#include "stdlib/thread/call.hpp"
#include "stdlib/thread/isolate.hpp"

#include <pthread.h>

#include <atomic>
#include <condition_variable>
#include <memory>
#include <string>

namespace neap::internal::stdlib::thread {

class Home;

enum class Stop : int {
  none,
  cancel,  // the call's task is cancelled, once
  kill     // every task is, and every instruction raises the CancelledError, until the call has ended
};

class Runner {
 public:
  explicit Runner(std::shared_ptr<Pool> pool);
  ~Runner();
  Runner(const Runner&) = delete;
  Runner& operator=(const Runner&) = delete;

  /// Starts the thread: 0, or an errno.
  int start();
  void join() { pthread_join(thread_, nullptr); }
  void detach() { pthread_detach(thread_); }

  /// Interrupts the call that it runs. Under the pool's mutex, while there is one.
  void interrupt(Stop level);
  /// Once more, when nothing has come of it yet: the signal may have met code between two coroutines.
  void interrupt_again();
  [[nodiscard]] bool is_interrupted() const { return stop_.load() != Stop::none; }

  [[nodiscard]] Pool& pool() { return *pool_; }

  // For the pool, under its mutex.
  Call* current = nullptr;            // the call that it has been given
  std::condition_variable given;      // there is one, or the pool wants its threads to end
  std::atomic<bool> has_call{false};  // as `current` says; for who looks out for it without the mutex
  Alertness alertness;                // the thread's own
  Remote::Posting told;               // has the Home look at who has ended
  void clear_interrupt() { stop_.store(Stop::none); }

 private:
  static void* thread_main(void* self);
  static void on_signal(int);
  static void on_hook(lua_State* L, lua_Debug*);
  static bool install_handler();

  void run();
  void open();
  void close();
  void execute(Call& call);
  void try_to_execute(Call& call);
  void run_task(Call& call);
  void interrupt_loop();
  void interrupt_lua(lua_State* L);

  std::shared_ptr<Pool> pool_;
  pthread_t thread_{};
  std::unique_ptr<Isolate> isolate_;
  std::string problem_;                         // why there is no Isolate
  int problem_code_ = 0;                        // libuv's, when it is the system's
  std::atomic<Scheduler*> scheduler_{nullptr};  // the Isolate's; null when there is none
  std::atomic<Stop> stop_{Stop::none};
  Task* root_ = nullptr;  // the call's, while it runs
};

}  // namespace neap::internal::stdlib::thread
