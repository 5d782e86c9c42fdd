#include "runtime/loop/loop.hpp"

#include <catch2/catch_test_macros.hpp>

#include <poll.h>
#include <sys/resource.h>
#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

using neap::internal::Clock;
using neap::internal::Loop;
using neap::internal::TimerKind;
using neap::internal::TimerNode;

TEST_CASE("loop: a fresh loop has nothing that could bring work") {
  Loop loop;
  CHECK_FALSE(loop.alive());
}

TEST_CASE("loop: wait does not return a timer before its deadline") {
  Loop loop;
  for (const double seconds : {0.0002, 0.0009, 0.0021, 0.0054}) {
    TimerNode node(TimerKind::handle);
    const neap::internal::Deadline deadline = loop.clock().after(seconds);
    loop.timers().arm(node, deadline);
    while (loop.timers().pop_due(loop.clock().now()) == nullptr) loop.wait();
    CHECK(loop.clock().now() >= deadline);
  }
}

TEST_CASE("loop: work posted from other threads runs on the loop's thread, all of it") {
  Loop loop;
  constexpr int kThreads = 4;
  constexpr int kEach = 2000;
  int ran = 0;  // on the loop's thread alone
  loop.hold();
  std::vector<std::thread> threads;
  threads.reserve(kThreads);
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < kEach; ++i) loop.post([&ran] { ++ran; });
    });
  }
  while (ran < kThreads * kEach) loop.wait();
  loop.release();
  for (std::thread& thread : threads) thread.join();
  CHECK(ran == kThreads * kEach);
  CHECK_FALSE(loop.alive());
}

TEST_CASE("loop: work that is expected runs too, whether the loop looks out for it, is busy, or sleeps") {
  Loop loop;
  constexpr int kPosts = 5000;
  std::atomic<int> ran{0};
  loop.hold();
  // Each is posted when the one before has run: none can take the wake-up of another with it.
  std::thread poster([&] {
    for (int i = 0; i < kPosts; ++i) {
      while (ran.load() != i) std::this_thread::yield();
      if (i % 64 == 0) std::this_thread::sleep_for(std::chrono::microseconds(i % 3 * 50));
      loop.post([&ran] { ++ran; });
    }
  });
  while (ran.load() < kPosts) {
    loop.expect_post();
    if (ran.load() % 3 == 0) loop.poll();
    loop.wait();
  }
  loop.release();
  poster.join();
  CHECK_FALSE(loop.alive());
}

TEST_CASE("loop: what is posted to a loop that rests wakes it") {
  Loop loop;
  loop.poll_all();  // which tells the kernel what to look at
  loop.expect_post();
  std::thread([&] { loop.post([] {}); }).join();
  loop.rest();
  pollfd entry{uv_backend_fd(loop.uv()), POLLIN, 0};
  CHECK(::poll(&entry, 1, 0) == 1);
  std::thread([&] { loop.post([] {}); }).join();
  loop.poll();
  CHECK_FALSE(loop.alive());
}

TEST_CASE("loop: wake ends a wait for a far deadline") {
  Loop loop;
  TimerNode node(TimerKind::handle);
  loop.timers().arm(node, loop.clock().after(3600));
  std::thread waker([&] { loop.wake(); });
  loop.wait();
  waker.join();
  CHECK(node.armed());
  loop.timers().disarm(node);
}

TEST_CASE("loop: posted work keeps the loop alive until it has run") {
  Loop loop;
  bool ran = false;
  loop.post([&] { ran = true; });
  CHECK(loop.alive());
  loop.poll();
  CHECK(ran);
  CHECK_FALSE(loop.alive());
}

TEST_CASE("loop: the virtual clock stands still until the loop waits") {
  Loop loop(true);
  TimerNode node(TimerKind::handle);
  const neap::internal::Deadline start = loop.clock().now();
  loop.timers().arm(node, loop.clock().after(86'400));
  CHECK(loop.clock().now() == start);
  loop.wait();
  CHECK(loop.timers().pop_due(loop.clock().now()) == &node);
  CHECK(Clock::seconds(loop.clock().now() - start) == 86'400);
}

TEST_CASE("loop: delays at the borders become deadlines without overflow") {
  const Clock clock;
  const neap::internal::Deadline at_once = clock.after(0);
  CHECK(at_once <= clock.now() + 1);
  CHECK(clock.after(4.6e9) == neap::internal::kNever);
  CHECK(Clock::at(1e300) == neap::internal::kNever);
  CHECK(Clock::at(-1) == 0);
}

TEST_CASE("loop: a loop that cannot be made for want of descriptors is an exception") {
#ifdef __SANITIZE_ADDRESS__
  SKIP("the sanitizers need descriptors of their own");
#endif
  rlimit saved{};
  REQUIRE(getrlimit(RLIMIT_NOFILE, &saved) == 0);
  const rlimit none{0, saved.rlim_max};
  bool threw = false;
  REQUIRE(setrlimit(RLIMIT_NOFILE, &none) == 0);
  try {
    const Loop loop;
  } catch (const std::runtime_error&) {
    threw = true;
  }
  setrlimit(RLIMIT_NOFILE, &saved);
  CHECK(threw);
}
