// What other threads know of a loop: how they have something done on its thread. It outlives the loop, and says so.
//
// Owner: the loop, and everybody who may post. Thread: any.
//
// Invariants
//  1. `post` answers true, and the work runs on the loop's thread, in the order of posting; or the loop was closed
//     before its turn came, and the work is destroyed there, unrun.
//  2. Work that was prepared needs no more memory: whoever must tell of the end of something prepares that at its
//     beginning.
//  3. Once `close` has begun, `post` answers false: nothing posted after it runs, and nothing touches the loop.
#pragma once

#include <functional>
#include <list>
#include <mutex>
#include <utility>

namespace neap::internal {

class Loop;

class Remote {
 public:
  using Work = std::function<void()>;
  using Posting = std::list<Work>;  // one, with the memory to be posted

  explicit Remote(Loop& loop) : loop_(&loop) {}
  Remote(const Remote&) = delete;
  Remote& operator=(const Remote&) = delete;

  /// Has `work`, which must not throw, called on the loop's thread, soon; that ends a wait of the loop. False once the
  /// loop is closed: then `work` is destroyed here. Not for signal handlers.
  bool post(Work work) { return post_prepared(prepare(std::move(work))); }
  static Posting prepare(Work work);
  /// The same, which cannot fail for want of memory.
  bool post_prepared(Posting posting) noexcept;
  [[nodiscard]] bool closed() const;

 private:
  friend class Loop;

  /// On the loop's thread: what has been posted since the last time.
  std::list<Work> take() noexcept;
  /// The same; from now on nothing is accepted, and what was not taken is destroyed.
  void close();

  mutable std::mutex mutex_;
  Loop* loop_;  // null once it is closed
  std::list<Work> posted_;
};

}  // namespace neap::internal
