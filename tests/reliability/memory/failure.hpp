// What makes memory fail in this program: the n-th block that somebody asks for, once or from then on.
#pragma once

#include "runtime/lua/allocator.hpp"

#include <cstdint>

namespace neap::internal::tests::memory {

enum class Source : std::uint8_t { lua, cpp, uv };

/// Which blocks fail.
struct Plan {
  Source source = Source::lua;
  bool from_then_on = false;  // every block from the n-th on, until it is disarmed
  bool elsewhere = false;     // those that other threads ask for, not that which arms
};

/// Puts libuv's blocks under this program's counting. Before the first loop is made.
void replace_uv_allocator();

/// Watches the interpreter's own blocks from now on; null: no more.
void watch(Allocator* allocator);
/// The n-th block from now on fails, of those that this thread asks for, or the others together. (Lua asks a second
/// time, when it has collected: that fails too.) 0: none, they are only counted.
void arm(const Plan& plan, std::uint64_t n);
void disarm();
/// Blocks that were asked for since `arm`.
std::uint64_t asked();
/// How many of these failed.
std::uint64_t failed();

/// Blocks that are there now.
std::int64_t live_cpp();
std::int64_t live_uv();

/// While it exists nothing fails: what the tests themselves do.
class Spared {
 public:
  Spared();
  ~Spared();
  Spared(const Spared&) = delete;
  Spared& operator=(const Spared&) = delete;

 private:
  bool before_;
};

}  // namespace neap::internal::tests::memory
