#include "runtime/loop/timer_heap.hpp"

#include <catch2/catch_test_macros.hpp>

#include <deque>
#include <map>
#include <random>
#include <utility>
#include <vector>

using neap::internal::Deadline;
using neap::internal::TimerHeap;
using neap::internal::TimerKind;
using neap::internal::TimerNode;

namespace {

std::vector<TimerNode*> pop_all(TimerHeap& heap, Deadline now) {
  std::vector<TimerNode*> popped;
  while (TimerNode* node = heap.pop_due(now)) popped.push_back(node);
  return popped;
}

}  // namespace

TEST_CASE("timer heap: an empty heap has no next deadline") {
  TimerHeap heap;
  CHECK(heap.empty());
  CHECK(heap.next() == neap::internal::kNever);
  CHECK(heap.pop_due(neap::internal::kNever) == nullptr);
}

TEST_CASE("timer heap: nothing fires before its deadline") {
  TimerHeap heap;
  TimerNode node(TimerKind::task);
  heap.arm(node, 100);
  CHECK(heap.pop_due(99) == nullptr);
  CHECK(node.armed());
  CHECK(heap.pop_due(100) == &node);
  CHECK_FALSE(node.armed());
}

TEST_CASE("timer heap: equal deadlines fire in the order in which they were armed") {
  TimerHeap heap;
  std::deque<TimerNode> nodes(1000, TimerNode(TimerKind::task));
  for (TimerNode& node : nodes) heap.arm(node, 7);
  const auto popped = pop_all(heap, 7);
  REQUIRE(popped.size() == nodes.size());
  for (std::size_t i = 0; i < nodes.size(); ++i) CHECK(popped[i] == &nodes[i]);
}

TEST_CASE("timer heap: disarming a node that is not armed does nothing") {
  TimerHeap heap;
  TimerNode node(TimerKind::task);
  heap.disarm(node);
  heap.arm(node, 1);
  heap.disarm(node);
  heap.disarm(node);
  CHECK(heap.empty());
}

TEST_CASE("timer heap: random arming and disarming agrees with a sorted map") {
  std::mt19937 random(20);  // any seed must do; a fixed one repeats
  TimerHeap heap;
  std::deque<TimerNode> nodes(500, TimerNode(TimerKind::handle));
  std::map<std::pair<Deadline, int>, TimerNode*> model;
  std::map<TimerNode*, std::pair<Deadline, int>> place;
  int sequence = 0;
  Deadline now = 0;
  for (int round = 0; round < 50'000; ++round) {
    TimerNode& node = nodes[random() % nodes.size()];
    if (node.armed()) {
      heap.disarm(node);
      model.erase(place[&node]);
    } else {
      place[&node] = {now + static_cast<Deadline>(random() % 100), sequence++};
      heap.arm(node, place[&node].first);
      model[place[&node]] = &node;
    }
    if (round % 10 != 0) continue;
    now += static_cast<Deadline>(random() % 20);
    while (!model.empty() && model.begin()->first.first <= now) {
      REQUIRE(heap.pop_due(now) == model.begin()->second);
      model.erase(model.begin());
    }
    REQUIRE(heap.pop_due(now) == nullptr);
    REQUIRE(heap.size() == model.size());
  }
}

TEST_CASE("timer heap: what is disarmed among others leaves nothing behind for long") {
  TimerHeap heap;
  std::deque<TimerNode> nodes(10'000, TimerNode(TimerKind::task));
  for (int round = 0; round < 20; ++round) {
    for (TimerNode& node : nodes) heap.arm(node, 1 + round);
    for (TimerNode& node : nodes) heap.disarm(node);
    REQUIRE(heap.size() == 0);
  }
  CHECK(heap.empty());
  CHECK(heap.slots() <= nodes.size());
  // With one that stays before them all, no disarmed one ever comes to the top.
  TimerNode first(TimerKind::task);
  heap.arm(first, 0);
  for (int round = 0; round < 20; ++round) {
    for (TimerNode& node : nodes) heap.arm(node, 1 + round);
    for (TimerNode& node : nodes) heap.disarm(node);
    REQUIRE(heap.size() == 1);
  }
  CHECK(heap.slots() <= nodes.size() + 66);
  CHECK(heap.pop_due(0) == &first);
  CHECK(heap.empty());
}

TEST_CASE("timer heap: the order of equal deadlines outlives the numbers that keep it") {
  TimerHeap heap(UINT32_MAX - 500);
  std::deque<TimerNode> nodes(1000, TimerNode(TimerKind::task));
  for (TimerNode& node : nodes) heap.arm(node, 7);
  heap.disarm(nodes[3]);
  const auto popped = pop_all(heap, 7);
  REQUIRE(popped.size() == nodes.size() - 1);
  for (std::size_t i = 0; i < popped.size(); ++i) CHECK(popped[i] == &nodes[i < 3 ? i : i + 1]);
}

TEST_CASE("timer heap: every armed node has a slot, and no other") {
  TimerHeap heap;
  std::deque<TimerNode> nodes(100, TimerNode(TimerKind::task));
  for (TimerNode& node : nodes) heap.arm(node, 1);
  for (std::size_t i = 0; i < nodes.size(); i += 3) heap.disarm(nodes[i]);
  std::size_t armed = 0;
  for (std::size_t i = 0; i < heap.slots(); ++i) {
    if (heap.at(i) == nullptr) continue;
    CHECK(heap.at(i)->armed());
    ++armed;
  }
  CHECK(armed == heap.size());
  CHECK(armed == 66);
}
