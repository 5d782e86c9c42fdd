// Threads that take calls from one queue.
//
// A call goes to an idle thread, the one that was idle last; else to a new thread while there are fewer than `most`;
// else to the queue. Threads end when the pool has been shut down and the queue is empty.
//
// Owner: shared by the script's object, its calls and its threads.
#pragma once

#include "stdlib/thread/call.hpp"
#include "stdlib/thread/home.hpp"
#include "stdlib/thread/runner.hpp"

#include <cstddef>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace neap::internal::stdlib::thread {

/// Where an Isolate finds modules: `package.path` and `package.cpath` of the state that made the pool.
struct SearchPaths {
  std::string lua;
  std::string c;
};

class Pool : public std::enable_shared_from_this<Pool> {
 public:
  Pool(std::shared_ptr<Home> home, SearchPaths paths, int most, std::string name);

  // On the owner's thread.

  /// Takes the call: 0; or an errno, and the call stays the caller's, when there is no thread and none can be started.
  int submit(std::unique_ptr<Call>& call);
  /// The call is of no interest any more: see Call.
  void drop(Call& call);
  /// Takes no more calls. With `discard` those in the queue are taken out of it, and returned: they are the caller's.
  std::vector<Call*> shut_down(bool discard);
  [[nodiscard]] bool is_shut_down() const { return shut_down_; }
  /// Interrupts what the runner, one of the pool's, runs now.
  void interrupt(Runner& runner, Stop level);
  /// Asks again for an interruption of which nothing has come yet.
  void interrupt_again(Runner& runner);
  /// Where the script called what it runs, a number of the Scheduler's; 0 when it runs nothing.
  [[nodiscard]] std::uint32_t place_of(Runner& runner);
  [[nodiscard]] std::size_t queued();
  [[nodiscard]] std::size_t idle();
  /// Before a thread is started: from then on being idle needs no memory.
  void make_room();

  [[nodiscard]] int most() const { return most_; }
  [[nodiscard]] const std::string& name() const { return name_; }
  int threads = 0;        // that have been started and have not ended
  int ending_anchor = 0;  // of the Future that is completed when the last one has

  // On a runner's thread.

  /// Waits for a call; null when the thread shall end.
  Call* next_call(Runner& runner);
  /// The call has ended: hands it to the Home, and goes on as next_call.
  Call* call_ended(Runner& runner, Call& call);
  [[nodiscard]] const std::shared_ptr<Home>& home() { return home_; }
  [[nodiscard]] const SearchPaths& paths() const { return paths_; }

 private:
  static void give(Runner& runner, Call& call);
  void push_queued(Call& call);
  void unlink_queued(Call& call);
  Call* take_queued();

  const std::shared_ptr<Home> home_;
  const SearchPaths paths_;
  const int most_;
  const std::string name_;
  bool shut_down_ = false;  // the owner's

  std::mutex mutex_;
  bool ending_ = false;
  Call* first_ = nullptr;
  Call* last_ = nullptr;
  std::size_t queued_ = 0;
  std::vector<Runner*> idle_;
};

}  // namespace neap::internal::stdlib::thread
