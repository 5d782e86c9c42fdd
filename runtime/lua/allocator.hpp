// The memory of one Lua state: size classes in front of malloc, counted, with a limit.
//
// Owner: one per Lua state, alive until after lua_close. Thread: that of the state.
//
// Invariants
//  1. A block of up to kLargest bytes comes from the class of its size rounded up to 16 and goes back
//     to that class: Lua passes the old size with every free, so blocks carry no header.
//  2. Memory taken for small blocks is kept until the state is gone; large blocks go back to malloc.
//  3. `in_use()` is the sum of what Lua has asked for and not given back.
//  4. The limit is soft. Crossing it calls the limit handler once until use falls below it again; the
//     allocation itself succeeds, because a failing allocation makes Lua 5.4.4 collect in the middle of an
//     operation, and that collection has a use-after-free. Only a single request larger than the whole
//     limit is refused.
#pragma once

#include <array>
#include <cstddef>

namespace neap {

class Allocator {
 public:
  using LimitHandler = void (*)(void* context);

  Allocator() = default;
  ~Allocator();
  Allocator(const Allocator&) = delete;
  Allocator& operator=(const Allocator&) = delete;

  /// The lua_Alloc function; `self` is the Allocator.
  static void* allocate(void* self, void* block, std::size_t old_size, std::size_t new_size) noexcept;

  /// Bytes that Lua holds now.
  [[nodiscard]] std::size_t in_use() const { return in_use_; }
  /// The largest number of bytes that Lua ever held.
  [[nodiscard]] std::size_t peak() const { return peak_; }
  [[nodiscard]] std::size_t limit() const { return limit_; }
  /// True while more than the limit is in use.
  [[nodiscard]] bool over_limit() const { return limit_ != 0 && in_use_ > limit_; }

  /// Sets the limit in bytes (0: none) and who is told when it is crossed. The handler runs inside an
  /// allocation: it may set a hook and nothing else.
  void set_limit(std::size_t bytes, LimitHandler handler, void* context);

 private:
  static constexpr std::size_t kGrain = 16;
  static constexpr std::size_t kLargest = 1024;
  static constexpr std::size_t kClasses = kLargest / kGrain + 1;
  static constexpr std::size_t kFirstChunk = std::size_t{16} << 10;
  static constexpr std::size_t kLastChunk = std::size_t{1} << 20;

  struct FreeBlock {
    FreeBlock* next;
  };
  struct Chunk {
    Chunk* next;
  };

  static std::size_t class_of(std::size_t size) { return (size + kGrain - 1) / kGrain; }
  void* take(std::size_t size);
  void give(void* block, std::size_t size);
  void* resize(void* block, std::size_t old_size, std::size_t new_size);
  void* refill(std::size_t size_class);
  static void* new_chunk(std::size_t size);
  void count(std::size_t old_size, std::size_t new_size);

  std::array<FreeBlock*, kClasses> free_{};
  char* bump_ = nullptr;
  char* bump_end_ = nullptr;
  Chunk* chunks_ = nullptr;
  std::size_t next_chunk_ = kFirstChunk;
  std::size_t in_use_ = 0;
  std::size_t peak_ = 0;
  std::size_t limit_ = 0;
  bool told_ = false;
  LimitHandler limit_handler_ = nullptr;
  void* limit_context_ = nullptr;
};

}  // namespace neap
