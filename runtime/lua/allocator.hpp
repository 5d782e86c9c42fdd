// The memory of one Lua state: size classes in front of malloc, counted, with a limit.
//
// Owner: one per Lua state, alive until after lua_close. Thread: that of the state.
//
// Invariants
//  1. A block of up to kLargest bytes comes from the class of its size rounded up to 16 and goes back
//     to that class: Lua passes the old size with every free, so blocks carry no header.
//  2. Memory taken for these small blocks is kept until the state is gone. Larger ones come from malloc and go back
//     to it; but up to kMostKept bytes of those of up to kLargestKept are kept, in classes of their own: a program
//     that reads large messages frees and takes the same few sizes all the time.
//  3. `in_use()` is the sum of what Lua has asked for and not given back.
//  4. The limit is soft. Crossing it calls the limit handler once until use falls below it again; the
//     allocation itself succeeds, because a failing allocation makes Lua 5.4.4 collect in the middle of an
//     operation, and that collection has a use-after-free where a weak table grows. Only a single huge request is
//     refused: an object larger than `largest`, or a block twice as large. (A table that doubles has come past the
//     limit before.)
//  5. While `essential` is set, a block that cannot be had is taken from a reserve of kReserve bytes, made before the
//     first task: code that runs outside any protected call, or between two steps that belong together, must not fail.
#pragma once

#include <lua.hpp>

#include <array>
#include <cstddef>
#include <cstdint>

namespace neap::internal {

class Allocator {
 public:
  using LimitHandler = void (*)(void* context);
  using Observer = bool (*)(void* context, std::size_t in_use);
  using Refusal = bool (*)(void* context);

  static constexpr std::size_t kLargest = 1024;  // bytes of a small block

  static constexpr std::size_t kReserve = std::size_t{96} << 10;

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
  /// True while more than the limit is in use.
  [[nodiscard]] bool over_limit() const { return limit_ != 0 && in_use_ > limit_; }

  /// Sets the limit in bytes (0: none) and who is told when it is crossed. The handler runs inside an
  /// allocation: it may set a hook and nothing else.
  void set_limit(std::size_t bytes, LimitHandler handler, void* context);
  /// A single object (a string, a userdata) of more bytes than that is refused, and any block of more than twice as
  /// many; 0: none is.
  void set_largest(std::size_t bytes) {
    largest_ = bytes;
    look_at_sizes();
  }
  [[nodiscard]] std::size_t largest() const { return largest_; }

  /// The next block that is asked for, if it is of so many bytes, will be this one, which is malloc's. 0 bytes: it will
  /// not, but is kept all the same. The allocator has it from now on: see string_block.hpp.
  void offer(void* block, std::size_t size);
  /// Frees what was offered and not taken.
  void withdraw();
  /// A block to be offered, of so many bytes, which are more than kLargest; null without memory. Lua does not have it
  /// yet.
  void* reserve(std::size_t size) { return take_large(size); }
  /// It is not offered after all.
  void put_back(void* block, std::size_t size) { give_large(block, size); }
  bool offers_known = false;  // was it tried whether offers work?
  bool offers_work = false;

  /// What Lua asks for now must be had: see invariant 5. Set by EssentialMemory.
  bool essential = false;
  /// True when some of the reserve has been used.
  [[nodiscard]] bool is_short() const { return reserve_size_ != kReserve; }
  /// Makes the reserve whole again, if there is memory for it.
  void restock() noexcept;
  /// For tests: `refusal` is asked before each block that Lua wants or resizes, and when it answers true there is no
  /// memory for it. It runs inside an allocation.
  void set_refusal(Refusal refusal, void* context);

  /// The observer is told when the bytes in use have come to another multiple of kBand, up to kBands of it: how many
  /// there are at most now. It runs inside an allocation. When it returns false, it is told again.
  void set_observer(Observer observer, void* context);

 private:
  static constexpr std::size_t kGrain = 16;
  static constexpr std::size_t kClasses = kLargest / kGrain + 1;
  static constexpr std::size_t kLargestKept = std::size_t{64} << 10;
  static constexpr std::size_t kMostKept = std::size_t{4} << 20;
  static constexpr std::size_t kSteps = 8;  // classes of larger blocks in each doubling of the size
  static constexpr std::size_t kKeptClasses = 6 * kSteps;
  static constexpr std::size_t kBand = std::size_t{256} << 10;
  static constexpr std::size_t kBands = 12;
  static constexpr std::size_t kFirstChunk = std::size_t{16} << 10;
  static constexpr std::size_t kLastChunk = std::size_t{2} << 20;   // a huge page of x86-64 and ARM
  static constexpr std::size_t kLeastChunk = std::size_t{8} << 10;  // where memory is short

  struct FreeBlock {
    FreeBlock* next;
  };
  struct Chunk {
    Chunk* next;
    std::size_t size;
  };

  /// A class of larger blocks: which one it is, and the size of them all.
  struct Kept {
    std::size_t index;
    std::size_t bytes;
  };

  static std::size_t class_of(std::size_t size) { return (size + kGrain - 1) / kGrain; }
  static Kept kept_class_of(std::size_t size);
  /// True when a block of the one size can be one of the other.
  static bool same_class(std::size_t old_size, std::size_t new_size);
  void* take(std::size_t size);
  void* take_large(std::size_t size);
  void give_large(void* block, std::size_t size);
  void give(void* block, std::size_t size);
  void* resize(void* block, std::size_t old_size, std::size_t new_size);
  void* refill(std::size_t size_class);
  void look_at_sizes();
  [[nodiscard]] bool refuses(std::size_t kind, std::size_t size) const;
  Chunk* new_chunk(std::size_t size);
  void populate(void* memory);
  [[nodiscard]] bool admits(std::size_t kind, std::size_t old_size, std::size_t new_size);
  void* obtain(void* block, std::size_t old_size, std::size_t new_size);
  bool spend_reserve(std::size_t size);
  void count(std::size_t old_size, std::size_t new_size);
  void tell_observer();

  std::array<FreeBlock*, kClasses> free_{};
  std::array<FreeBlock*, kKeptClasses> kept_{};
  std::size_t kept_bytes_ = 0;
  void* offered_ = nullptr;
  std::size_t offered_size_ = 0;  // 0: not, or no more
  char* bump_ = nullptr;
  char* bump_end_ = nullptr;
  Chunk* chunks_ = nullptr;
  std::size_t next_chunk_ = kFirstChunk;
  int small_pages_ = 0;  // so many of the next chunks do without a huge page
  std::size_t in_use_ = 0;
  std::size_t peak_ = 0;
  // The observer is not told while from band_ to band_ + band_size_ bytes are in use.
  std::size_t band_ = 0;
  std::size_t band_size_ = SIZE_MAX;
  Observer observer_ = nullptr;
  void* observer_context_ = nullptr;
  std::size_t limit_ = 0;
  std::size_t largest_ = 0;
  std::size_t looked_at_ = SIZE_MAX;  // a block of as many bytes, or more, may be refused
  Refusal refusal_ = nullptr;
  void* refusal_context_ = nullptr;
  void* reserve_ = nullptr;
  std::size_t reserve_size_ = 0;
  std::size_t released_ = 0;  // bytes of the reserve that were given back to malloc, and not asked for yet
  bool told_ = false;
  LimitHandler limit_handler_ = nullptr;
  void* limit_context_ = nullptr;
};

/// The allocator of a state, which has one of ours.
inline Allocator& allocator_of(lua_State* L) {
  void* allocator = nullptr;
  lua_getallocf(L, &allocator);
  return *static_cast<Allocator*>(allocator);
}

/// While it exists, what Lua needs is taken from the reserve if it cannot be had otherwise. A Lua error that jumps over
/// its end leaves it set until the step of the task ends: it should not be alive where the reserve is no help.
class EssentialMemory {
 public:
  explicit EssentialMemory(Allocator& allocator) : allocator_(allocator), before_(allocator.essential) {
    allocator.essential = true;
  }
  ~EssentialMemory() { allocator_.essential = before_; }
  EssentialMemory(const EssentialMemory&) = delete;
  EssentialMemory& operator=(const EssentialMemory&) = delete;

 private:
  Allocator& allocator_;
  const bool before_;
};

}  // namespace neap::internal
