#include "runtime/loop/process_end.hpp"

#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <future>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

namespace neap::internal {

namespace {

/// Never destroyed: threads may end the process when static objects are gone.
struct Works {
  std::mutex mutex;
  std::vector<void (*)()> list;
};

Works& works() {
  static auto* const kAll = new Works;
  return *kAll;
}

/// The last one, which is taken out; null when there is none.
void (*take_last())() {
  Works& all = works();
  const std::lock_guard lock(all.mutex);
  if (all.list.empty()) return nullptr;
  void (*const last)() = all.list.back();
  all.list.pop_back();
  return last;
}

/// Writes out what C's files hold. A thread that is stuck in one of them has its lock: so it is done beside, and not
/// waited for longer than that.
void flush_files() {
  constexpr std::chrono::seconds kPatience{1};
  std::promise<void> done;
  const std::future<void> flushed = done.get_future();
  try {
    std::thread([done = std::move(done)]() mutable {
      std::fflush(nullptr);
      done.set_value();
    }).detach();
    flushed.wait_for(kPatience);
  } catch (const std::system_error&) {
    std::fflush(stdout);
  }
}

}  // namespace

bool at_process_end(void (*work)()) {
  Works& all = works();
  {
    const std::lock_guard lock(all.mutex);
    all.list.push_back(work);
  }
  // Each at its place among what others gave to std::atexit.
  std::atexit([] {
    if (void (*const last)() = take_last()) last();
  });
  return true;
}

void end_process(int status) {
  static std::atomic<bool> ending{false};
  while (ending.exchange(true)) pause();  // another thread ends it
  while (void (*const last)() = take_last()) last();
  flush_files();
  std::_Exit(status);
}

}  // namespace neap::internal
