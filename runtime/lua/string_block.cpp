#include "runtime/lua/string_block.hpp"

#include "runtime/lua/allocator.hpp"

#include <cstdlib>

namespace neap::internal {

namespace {

constexpr std::size_t kAround = kBeforeString + kAfterString;
constexpr std::size_t kTried = 4096;  // bytes of the string with which it is tried

/// The state's allocator; null when it is not one of ours.
Allocator* own_allocator(lua_State* L) {
  void* context = nullptr;
  return lua_getallocf(L, &context) == Allocator::allocate ? static_cast<Allocator*>(context) : nullptr;
}

/// Does Lua make a string in a block that is offered, and put the bytes where they are expected?
bool try_offer(lua_State* L, Allocator& allocator) {
  static const char kBytes[kTried] = {};
  // Of a size that the allocator may keep, so that it can be one of its own when Lua frees it.
  auto* block = static_cast<char*>(std::malloc(2 * kTried));
  if (block == nullptr) return false;
  allocator.offer(block, kTried + kAround);
  const bool there = lua_pushlstring(L, kBytes, kTried) == block + kBeforeString;
  allocator.withdraw();
  lua_pop(L, 1);
  return there;
}

bool offers_work(lua_State* L, Allocator& allocator) {
  if (!allocator.offers_known) {
    allocator.offers_known = true;
    allocator.offers_work = try_offer(L, allocator);
  }
  return allocator.offers_work;
}

bool within_limit(const Allocator& allocator, std::size_t size) {
  return allocator.largest() == 0 || size + kAround <= allocator.largest();
}

}  // namespace

bool can_push_block(lua_State* L, std::size_t size) {
  const Allocator* allocator = own_allocator(L);
  return size >= kLeastBlock && allocator != nullptr && within_limit(*allocator, size);
}

void push_string_block(lua_State* L, char* block, std::size_t size) {
  Allocator* allocator = own_allocator(L);
  allocator->offer(block, offers_work(L, *allocator) ? size + kAround : 0);
  lua_pushlstring(L, block + kBeforeString, size);
  allocator->withdraw();
}

char* new_string_block(lua_State* L, std::size_t size) {
  static_assert(kLeastRead > Allocator::kLargest);
  if (size < kLeastRead) return nullptr;
  Allocator* allocator = own_allocator(L);
  if (allocator == nullptr || !within_limit(*allocator, size) || !offers_work(L, *allocator)) return nullptr;
  return static_cast<char*>(allocator->reserve(size + kAround));
}

void drop_string_block(lua_State* L, char* block, std::size_t size) {
  own_allocator(L)->put_back(block, size + kAround);
}

}  // namespace neap::internal
