#include "runtime/lua/string_block.hpp"

#include "runtime/lua/allocator.hpp"

#include <catch2/catch_test_macros.hpp>

#include <cstring>
#include <string_view>

using neap::internal::Allocator;

namespace {

constexpr std::size_t kSize = 10'000;

/// A Lua state with the allocator.
struct State {
  Allocator allocator;
  lua_State* L = lua_newstate(Allocator::allocate, &allocator);

  State() = default;
  ~State() { lua_close(L); }
  State(const State&) = delete;
  State& operator=(const State&) = delete;
};

}  // namespace

TEST_CASE("string blocks: what was read into a block is a string in its place") {
  State state;
  char* block = neap::internal::new_string_block(state.L, kSize);
  REQUIRE(block != nullptr);
  std::memset(block + neap::internal::kBeforeString, 'x', kSize);
  neap::internal::push_string_block(state.L, block, kSize);
  std::size_t size = 0;
  const char* bytes = lua_tolstring(state.L, -1, &size);
  CHECK(static_cast<const void*>(bytes) == block + neap::internal::kBeforeString);
  REQUIRE(size == kSize);
  CHECK(std::string_view(bytes, size).find_first_not_of('x') == std::string_view::npos);
  CHECK(bytes[size] == '\0');
}

TEST_CASE("string blocks: one that becomes no string is not counted as Lua's") {
  State state;
  neap::internal::drop_string_block(state.L, neap::internal::new_string_block(state.L, kSize), kSize);
  lua_gc(state.L, LUA_GCCOLLECT);
  const std::size_t before = state.allocator.in_use();
  char* block = neap::internal::new_string_block(state.L, kSize);
  CHECK(state.allocator.in_use() == before);
  neap::internal::drop_string_block(state.L, block, kSize);
  CHECK(state.allocator.in_use() == before);
}

TEST_CASE("string blocks: there is none for little, and none above the limit of the memory") {
  State state;
  CHECK(neap::internal::new_string_block(state.L, neap::internal::kLeastRead - 1) == nullptr);
  state.allocator.set_largest(kSize);
  CHECK(neap::internal::new_string_block(state.L, kSize) == nullptr);
}
