// What other threads know of a loop: how they have something done on its thread. It outlives the loop, and says so.
//
// Owner: the loop, and everybody who may post. Thread: any.
//
// Invariants
//  1. `post` answers true, and the work runs on the loop's thread, in the order of posting; or the loop was closed before
//     its turn came, and the work is destroyed there, unrun.
//  2. Once `close` has begun, `post` answers false: nothing posted after it runs, and nothing touches the loop.
#pragma once

#include <functional>
#include <mutex>
#include <vector>

namespace neap::internal {

class Loop;

class Remote {
 public:
  using Work = std::function<void()>;

  explicit Remote(Loop& loop) : loop_(&loop) {}
  Remote(const Remote&) = delete;
  Remote& operator=(const Remote&) = delete;

  /// Has `work`, which must not throw, called on the loop's thread, soon; that ends a wait of the loop. False once the loop
  /// is closed: then `work` is destroyed here. Not for signal handlers.
  bool post(Work work);
  [[nodiscard]] bool closed() const;

 private:
  friend class Loop;

  /// On the loop's thread: what has been posted since the last time.
  std::vector<Work> take();
  /// The same; from now on nothing is accepted, and what was not taken is destroyed.
  void close();

  mutable std::mutex mutex_;
  Loop* loop_;  // null once it is closed
  std::vector<Work> posted_;
};

}  // namespace neap::internal
