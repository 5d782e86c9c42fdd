// One call of a Lua function in another thread.
//
//   queued ──> running ──> ended
//
// Owner: the draft of its Home, then the queue of its Pool, then the Runner that runs it, then the Home's list of what
// has ended; the Home deletes it. It is linked into the waiters of the Future of its result, whose anchor it holds,
// until it has been delivered or dropped.
//
// Invariants
//  1. `state`, `runner` and the links belong to the pool's mutex; `anchor`, `place` and `dropped` to the owner's
//     thread; the parcels, the texts and `outcome` to whoever owns the call.
//  2. Dropped is a call whose Future was completed by somebody else, mostly cancelled. If it is queued it is deleted;
//     if it is running it is interrupted, and what becomes of it is of no interest.
//  3. It has all the memory from the start that the telling of its end needs.
#pragma once

#include "runtime/loop/remote.hpp"
#include "runtime/task/future.hpp"
#include "stdlib/thread/parcel.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

namespace neap::internal::stdlib::thread {

class Pool;
class Runner;

struct Call : FutureHook {
  enum class State : std::uint8_t { queued, running, ended };
  enum class Outcome : std::uint8_t {
    returned,   // `answer` holds the results
    raised,     // it holds the error, and `trace` its traceback
    cancelled,  // it was never begun
    lost        // nothing can be told but `problem`
  };

  Parcel arguments;  // the function, and what it is called with
  Parcel answer;
  std::string trace;
  std::string problem;
  int problem_code = 0;  // libuv's, when it is the system's
  std::shared_ptr<Pool> pool;
  Remote::Posting told;  // has the Home deliver what has ended
  Call* prev_queued = nullptr;
  Call* next_queued = nullptr;
  Runner* runner = nullptr;
  std::uint32_t place = 0;  // of the call in the script: a number of the Scheduler's
  int anchor = 0;           // of the Future
  State state = State::queued;
  Outcome outcome = Outcome::lost;
  bool dropped = false;
  bool endless = false;         // it may never end: a Worker's
  const char* entry = nullptr;  // a Lua file of the library; the function that it returns is called with all arguments
};

/// Calls that have ended, in this order, by their links.
class EndedCalls {
 public:
  EndedCalls() = default;
  ~EndedCalls() { clear(); }
  EndedCalls(const EndedCalls&) = delete;
  EndedCalls& operator=(const EndedCalls&) = delete;

  [[nodiscard]] bool empty() const { return first_ == nullptr; }

  void push_back(std::unique_ptr<Call> call) {
    Call* added = call.release();
    added->next_queued = nullptr;
    (last_ != nullptr ? last_->next_queued : first_) = added;
    last_ = added;
  }

  std::unique_ptr<Call> pop_front() {
    Call* call = std::exchange(first_, first_->next_queued);
    if (first_ == nullptr) last_ = nullptr;
    return std::unique_ptr<Call>(call);
  }

  /// Appends all of the other.
  void take(EndedCalls& other) {
    if (other.empty()) return;
    (last_ != nullptr ? last_->next_queued : first_) = std::exchange(other.first_, nullptr);
    last_ = std::exchange(other.last_, nullptr);
  }

  void clear() {
    while (!empty()) pop_front();
  }

 private:
  Call* first_ = nullptr;
  Call* last_ = nullptr;
};

}  // namespace neap::internal::stdlib::thread
