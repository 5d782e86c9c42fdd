#include "runtime/lua/allocator.hpp"

#include <lua.hpp>

#include <catch2/catch_test_macros.hpp>

#include <cstdlib>
#include <cstring>
#include <random>
#include <vector>

using neap::internal::Allocator;

namespace {

struct Block {
  unsigned char* memory;
  std::size_t size;
  unsigned char fill;
};

bool intact(const Block& block) {
  for (std::size_t i = 0; i < block.size; ++i) {
    if (block.memory[i] != block.fill) return false;
  }
  return true;
}

}  // namespace

TEST_CASE("allocator: blocks keep what is in them through random growth and shrinkage") {
  Allocator allocator;
  std::mt19937 random(7);
  std::vector<Block> blocks;
  std::size_t total = 0;
  for (int round = 0; round < 20'000; ++round) {
    const std::size_t size = 1 + random() % (random() % 20 == 0 ? 100'000 : 300);
    if (blocks.size() < 200 || random() % 3 == 0) {
      Block block{static_cast<unsigned char*>(Allocator::allocate(&allocator, nullptr, 5, size)), size,
                  static_cast<unsigned char>(random())};
      REQUIRE(block.memory != nullptr);
      std::memset(block.memory, block.fill, size);
      blocks.push_back(block);
      total += size;
      continue;
    }
    Block& block = blocks[random() % blocks.size()];
    REQUIRE(intact(block));
    total -= block.size;
    if (random() % 2 == 0) {
      Allocator::allocate(&allocator, block.memory, block.size, 0);
      block = blocks.back();
      blocks.pop_back();
    } else {
      auto* moved = static_cast<unsigned char*>(Allocator::allocate(&allocator, block.memory, block.size, size));
      REQUIRE(moved != nullptr);
      std::memset(moved, block.fill, size);
      block.memory = moved;
      block.size = size;
      total += size;
    }
    REQUIRE(allocator.in_use() == total);
  }
  for (const Block& block : blocks) {
    CHECK(intact(block));
    Allocator::allocate(&allocator, block.memory, block.size, 0);
  }
  CHECK(allocator.in_use() == 0);
  CHECK(allocator.peak() > 0);
}

TEST_CASE("allocator: crossing the limit is told once, and the allocation still succeeds") {
  Allocator allocator;
  int told = 0;
  allocator.set_limit(
      1000, [](void* count) { ++*static_cast<int*>(count); }, &told);
  void* first = Allocator::allocate(&allocator, nullptr, 0, 900);
  CHECK(told == 0);
  void* second = Allocator::allocate(&allocator, nullptr, 0, 900);
  CHECK(second != nullptr);
  CHECK(told == 1);
  CHECK(allocator.over_limit());
  void* third = Allocator::allocate(&allocator, nullptr, 0, 16);
  CHECK(told == 1);
  Allocator::allocate(&allocator, second, 900, 0);
  CHECK_FALSE(allocator.over_limit());
  Allocator::allocate(&allocator, first, 900, 0);
  Allocator::allocate(&allocator, third, 16, 0);
}

TEST_CASE("allocator: a single object larger than the largest is refused, and a block twice as large") {
  Allocator allocator;
  allocator.set_largest(1000);
  CHECK(Allocator::allocate(&allocator, nullptr, LUA_TSTRING, 1001) == nullptr);
  CHECK(Allocator::allocate(&allocator, nullptr, LUA_TUSERDATA, 1001) == nullptr);
  CHECK(Allocator::allocate(&allocator, nullptr, 0, 2002) == nullptr);
  void* block = Allocator::allocate(&allocator, nullptr, LUA_TSTRING, 1000);
  CHECK(Allocator::allocate(&allocator, block, 1000, 3000) == nullptr);
  CHECK(allocator.in_use() == 1000);
  block = Allocator::allocate(&allocator, block, 1000, 2000);
  CHECK(block != nullptr);
  Allocator::allocate(&allocator, block, 2000, 0);
}

#if !defined(__SANITIZE_ADDRESS__)
TEST_CASE("allocator: a large block that was freed is what the next one of about its size gets") {
  Allocator allocator;
  void* block = Allocator::allocate(&allocator, nullptr, 0, 16'409);
  Allocator::allocate(&allocator, block, 16'409, 0);
  CHECK(Allocator::allocate(&allocator, nullptr, 0, 17'000) == block);
  CHECK(Allocator::allocate(&allocator, block, 17'000, 18'000) == block);
  CHECK(allocator.in_use() == 18'000);
  Allocator::allocate(&allocator, block, 18'000, 0);
}
#endif

TEST_CASE("allocator: a block that is offered is the next large one of its size, and no other") {
  Allocator allocator;
  void* block = std::malloc(100'000);
  allocator.offer(block, 100'000);
  CHECK(Allocator::allocate(&allocator, nullptr, 0, 100'000) == block);
  Allocator::allocate(&allocator, block, 100'000, 0);
  block = std::malloc(100'000);
  allocator.offer(block, 100'000);
  void* other = Allocator::allocate(&allocator, nullptr, 0, 90'000);
  CHECK(other != block);
  void* late = Allocator::allocate(&allocator, nullptr, 0, 100'000);
  CHECK(late != block);
  allocator.withdraw();
  Allocator::allocate(&allocator, other, 90'000, 0);
  Allocator::allocate(&allocator, late, 100'000, 0);
  CHECK(allocator.in_use() == 0);
}
