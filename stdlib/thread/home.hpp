// What one Lua state has in other threads: where their answers arrive.
//
// Owner: a userdata in the state's registry, and every pool. Closing the state closes the Home: running calls are
// interrupted, and their threads waited for, for kGrace at most.
//
// Invariants
//  1. Calls that have ended are delivered on the loop's thread, some at a time, each in a protected call.
//  2. Once it is closed nothing reaches the loop or the state any more.
#pragma once

#include "stdlib/thread/call.hpp"
#include "stdlib/thread/runner.hpp"

#include <uv.h>

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

namespace neap::internal::stdlib::thread {

class Home : public std::enable_shared_from_this<Home> {
 public:
  /// The state's, made at first use. Raises Lua errors.
  static Home& of(lua_State* L);

  Home(lua_State* L, std::shared_ptr<const IsolateFactory> factory);
  ~Home();
  Home(const Home&) = delete;
  Home& operator=(const Home&) = delete;

  // On the owner's thread.

  [[nodiscard]] Scheduler& scheduler() { return scheduler_; }
  /// A call that is being prepared; here it survives an error.
  std::unique_ptr<Call>& draft();
  /// Starts a thread for the pool: 0, or an errno.
  int start_thread(Pool& pool, Call& first);
  /// The Future of the call, at `future` on the stack, will have its answer. Raises errors.
  void expect(lua_State* L, int future, Call& call);
  /// The opposite.
  void forget(Call& call);
  /// Interrupts what the pool's threads run.
  void interrupt(const Pool& pool, Stop level);
  /// Asks running calls again that were interrupted, until they have heard of it.
  void watch_interrupts();
  void close();

  // On any thread.

  [[nodiscard]] const IsolateFactory& factory() const { return *factory_; }
  /// Has `work` done on the owner's thread, or forgets it when that state has been closed.
  void post(std::function<void()> work);
  void call_ended(std::unique_ptr<Call> call);
  /// The last that a thread does.
  void thread_ended(Runner* runner);

 private:
  static constexpr std::size_t kBatch = 256;  // answers delivered between two turns
  static constexpr std::chrono::seconds kGrace{5};
  static constexpr std::chrono::seconds kPatience{1};  // of it, for calls that were cancelled to end by themselves
  static constexpr std::chrono::milliseconds kTick{50};

  Remote::Posting prepare_delivery();
  void post_delivery(Remote::Posting& told);
  void deliver();
  void deliver(Call& call);
  Runner* take_ended();
  void bury(Runner* runner);
  void repeat_interrupts();
  void wait_for_threads();
  void leave_behind();

  Scheduler& scheduler_;
  lua_State* const main_;
  const std::shared_ptr<const IsolateFactory> factory_;
  std::unique_ptr<Call> draft_;
  std::vector<Runner*> runners_;  // whose threads have not been joined
  EndedCalls inbox_;              // answers to deliver
  uv_timer_t* timer_ = nullptr;
  std::size_t expected_ = 0;  // calls, except those that may never end

  std::mutex mutex_;
  std::condition_variable ended_;
  bool open_ = true;
  bool left_behind_ = false;  // what still runs is on its own
  bool posted_ = false;
  EndedCalls answers_;
  std::vector<Runner*> ended_runners_;  // with room for all
};

}  // namespace neap::internal::stdlib::thread
