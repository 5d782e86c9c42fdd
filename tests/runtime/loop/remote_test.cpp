#include "runtime/loop/remote.hpp"

#include "runtime/loop/loop.hpp"

#include <catch2/catch_test_macros.hpp>

#include <atomic>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

using neap::internal::Loop;
using neap::internal::Remote;

namespace {

/// Counts what becomes of posted work.
struct Count {
  std::atomic<long> accepted{0};
  std::atomic<long> ran{0};
  std::atomic<long> dropped{0};    // destroyed unrun, on the loop's thread
  std::atomic<long> refused{0};    // destroyed unrun, elsewhere
  std::atomic<long> misplaced{0};  // run on another thread than the loop's
};

/// Posted work that tells what became of it.
class Token {
 public:
  Token(Count& count, std::thread::id home) : count_(count), home_(home) {}
  ~Token() {
    if (!ran_) ++(std::this_thread::get_id() == home_ ? count_.dropped : count_.refused);
  }
  Token(const Token&) = delete;
  Token& operator=(const Token&) = delete;

  void run() {
    ran_ = true;
    ++(std::this_thread::get_id() == home_ ? count_.ran : count_.misplaced);
  }

 private:
  Count& count_;
  const std::thread::id home_;
  bool ran_ = false;
};

bool post_token(Remote& remote, Count& count, std::thread::id home) {
  auto token = std::make_shared<Token>(count, home);
  const bool accepted = remote.post([token = std::move(token)] { token->run(); });
  if (accepted) ++count.accepted;
  return accepted;
}

/// Where the posters find the loop of this round.
class Published {
 public:
  void set(std::shared_ptr<Remote> remote) {
    const std::lock_guard lock(mutex_);
    remote_ = std::move(remote);
  }
  std::shared_ptr<Remote> get() {
    const std::lock_guard lock(mutex_);
    return remote_;
  }

 private:
  std::mutex mutex_;
  std::shared_ptr<Remote> remote_;
};

}  // namespace

TEST_CASE("remote: work runs in the order in which it was posted") {
  Loop loop;
  std::vector<int> order;
  for (int i = 0; i < 100; ++i) CHECK(loop.remote()->post([&order, i] { order.push_back(i); }));
  loop.poll();
  REQUIRE(order.size() == 100);
  for (int i = 0; i < 100; ++i) CHECK(order[static_cast<std::size_t>(i)] == i);
}

TEST_CASE("remote: what is posted by posted work runs in the next turn") {
  Loop loop;
  int ran = 0;
  loop.remote()->post([&] {
    ++ran;
    loop.remote()->post([&] { ++ran; });
  });
  loop.poll();
  CHECK(ran == 1);
  CHECK(loop.alive());
  loop.poll();
  CHECK(ran == 2);
}

TEST_CASE("remote: it outlives the loop, and refuses work then") {
  std::shared_ptr<Remote> remote;
  {
    const Loop loop;
    remote = loop.remote();
    CHECK_FALSE(remote->closed());
  }
  CHECK(remote->closed());
  bool ran = false;
  CHECK_FALSE(remote->post([&] { ran = true; }));
  CHECK_FALSE(ran);
}

TEST_CASE("remote: what has not run when the loop ends is destroyed with it, unrun") {
  Count count;
  const auto home = std::this_thread::get_id();
  {
    const Loop loop;
    std::thread poster([&] { post_token(*loop.remote(), count, home); });
    poster.join();
    CHECK(count.dropped == 0);
  }
  CHECK(count.dropped == 1);
  CHECK(count.ran == 0);
}

TEST_CASE("remote: what is destroyed with the loop may post, and is refused") {
  bool refused = false;
  {
    const Loop loop;
    std::shared_ptr<void> last_word(nullptr,
                                    [&refused, remote = loop.remote()](void*) { refused = !remote->post([] {}); });
    loop.remote()->post([last_word] {});
  }
  CHECK(refused);
}

TEST_CASE("remote: threads that post while loops are made and destroyed lose nothing and reach no dead loop") {
  constexpr int kRounds = 1000;
  constexpr int kPosters = 4;
  constexpr int kMostEach = 10;  // in a row
  Count count;
  Published published;
  std::atomic<bool> stop{false};
  const auto home = std::this_thread::get_id();
  std::vector<std::thread> posters;
  posters.reserve(kPosters);
  for (int i = 0; i < kPosters; ++i) {
    posters.emplace_back([&] {
      while (!stop) {
        const std::shared_ptr<Remote> remote = published.get();
        int posted = 0;
        while (remote != nullptr && posted < kMostEach && post_token(*remote, count, home)) ++posted;
        std::this_thread::yield();
      }
    });
  }
  for (int round = 0; round < kRounds; ++round) {
    Loop loop;
    published.set(loop.remote());
    const long before = count.ran;
    for (int turn = 0; turn < round % 4 || count.ran == before; ++turn) loop.poll();
  }
  stop = true;
  for (std::thread& poster : posters) poster.join();
  CHECK(count.misplaced == 0);
  CHECK(count.ran + count.dropped == count.accepted);
  CHECK(count.ran >= kRounds);
}
