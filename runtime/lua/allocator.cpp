#include "runtime/lua/allocator.hpp"

#include <lua.hpp>

#include <sys/mman.h>

#include <algorithm>
#include <bit>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <new>
#include <utility>

namespace neap::internal {

// Under AddressSanitizer every block comes from malloc, so that a use after free of anything that lives in
// Lua's memory (tasks and futures do) is seen.
#if defined(__SANITIZE_ADDRESS__)
constexpr bool kPlainMalloc = true;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
constexpr bool kPlainMalloc = true;
#else
constexpr bool kPlainMalloc = false;
#endif
#else
constexpr bool kPlainMalloc = false;
#endif

Allocator::~Allocator() {
  withdraw();
  std::free(reserve_);
  while (chunks_ != nullptr) {
    Chunk* chunk = std::exchange(chunks_, chunks_->next);
    if (chunk->size < kLastChunk) {
      std::free(chunk);
    } else {
      munmap(chunk, chunk->size);
    }
  }
  for (FreeBlock* block : kept_) {
    while (block != nullptr) std::free(std::exchange(block, block->next));
  }
}

void Allocator::set_limit(std::size_t bytes, LimitHandler handler, void* context) {
  limit_ = bytes;
  limit_handler_ = handler;
  limit_context_ = context;
  told_ = false;
}

void Allocator::offer(void* block, std::size_t size) {
  withdraw();
  offered_ = block;
  offered_size_ = size;
}

void Allocator::withdraw() {
  std::free(std::exchange(offered_, nullptr));
  offered_size_ = 0;
}

void Allocator::set_observer(Observer observer, void* context) {
  observer_ = observer;
  observer_context_ = context;
  band_ = 0;
  band_size_ = observer != nullptr ? 0 : SIZE_MAX;
}

void Allocator::tell_observer() {
  const std::size_t band = std::min(in_use_ / kBand, kBands);
  if (!observer_(observer_context_, (band + 1) * kBand)) return;
  band_ = band * kBand;
  band_size_ = band < kBands ? kBand : std::size_t{0} - band_;  // the last one has no end
}

void* Allocator::allocate(void* self, void* block, std::size_t old_size, std::size_t new_size) noexcept {
  auto& allocator = *static_cast<Allocator*>(self);
  const std::size_t kind =
      block == nullptr ? std::exchange(old_size, 0) : 0;  // then Lua passes the kind of object in it
  if (new_size == 0) {
    if (block != nullptr) allocator.give(block, old_size);
    allocator.count(old_size, 0);
    return nullptr;
  }
  if (new_size >= allocator.looked_at_ && !allocator.admits(kind, old_size, new_size)) {
    allocator.offered_size_ = 0;
    return nullptr;
  }
  void* result = allocator.obtain(block, old_size, new_size);
  if (result == nullptr && allocator.spend_reserve(new_size)) result = allocator.obtain(block, old_size, new_size);
  if (result != nullptr) allocator.count(old_size, new_size);
  return result;
}

inline void* Allocator::obtain(void* block, std::size_t old_size, std::size_t new_size) {
  return block == nullptr ? take(new_size) : resize(block, old_size, new_size);
}

void Allocator::look_at_sizes() { looked_at_ = refusal_ != nullptr ? 0 : largest_ != 0 ? largest_ + 1 : SIZE_MAX; }

void Allocator::set_refusal(Refusal refusal, void* context) {
  refusal_ = refusal;
  refusal_context_ = context;
  look_at_sizes();
}

bool Allocator::admits(std::size_t kind, std::size_t old_size, std::size_t new_size) {
  if (refusal_ != nullptr && refusal_(refusal_context_) && !spend_reserve(new_size)) return false;
  return largest_ == 0 || new_size <= largest_ || new_size <= old_size || !refuses(kind, new_size);
}

void Allocator::restock() noexcept {
  if (!is_short() || (refusal_ != nullptr && refusal_(refusal_context_))) return;
  void* whole = std::realloc(reserve_, kReserve);
  if (whole == nullptr) return;
  reserve_ = whole;
  reserve_size_ = kReserve;
  released_ = 0;
}

/// Gives as much of the reserve back to malloc as the block needs. For small ones that is a chunk.
bool Allocator::spend_reserve(std::size_t size) {
  if (!essential) return false;
  if (released_ < size) {
    const std::size_t piece = std::max(kFirstChunk, (size + kGrain - 1) / kGrain * kGrain);
    if (piece > reserve_size_) return false;
    reserve_size_ -= piece;
    released_ += piece;
    if (reserve_size_ == 0) {
      std::free(std::exchange(reserve_, nullptr));
    } else if (void* rest = std::realloc(reserve_, reserve_size_)) {
      reserve_ = rest;
    }
  }
  released_ -= size;
  return true;
}

/// `kind`: of the new object; 0 for a table's or a buffer's block.
bool Allocator::refuses(std::size_t kind, std::size_t size) const {
  return kind == LUA_TSTRING || kind == LUA_TUSERDATA || size / 2 > largest_;
}

inline void* Allocator::take(std::size_t size) {
  if (kPlainMalloc || size > kLargest) return take_large(size);
  const std::size_t size_class = class_of(size);
  if (FreeBlock* block = free_[size_class]) {
    free_[size_class] = block->next;
    return block;
  }
  const std::size_t bytes = size_class * kGrain;
  if (static_cast<std::size_t>(bump_end_ - bump_) >= bytes) {
    void* block = bump_;
    bump_ += bytes;
    return block;
  }
  return refill(size_class);
}

inline void Allocator::give(void* block, std::size_t size) {
  if (kPlainMalloc || size > kLargest) return give_large(block, size);
  auto* free_block = static_cast<FreeBlock*>(block);
  free_block->next = free_[class_of(size)];
  free_[class_of(size)] = free_block;
}

/// The classes of a doubling are equally far apart, so that at most an eighth of a block is wasted.
Allocator::Kept Allocator::kept_class_of(std::size_t size) {
  const auto doubling = static_cast<std::size_t>(std::bit_width((size - 1) / kLargest | 1U)) - 1;
  const std::size_t from = kLargest << doubling;
  const std::size_t step = from / kSteps;
  const std::size_t steps = (size - from + step - 1) / step;  // from 1 to kSteps
  return {doubling * kSteps + steps - 1, from + steps * step};
}

void* Allocator::take_large(std::size_t size) {
  if (size == std::exchange(offered_size_, 0) && size != 0) return std::exchange(offered_, nullptr);
  if (kPlainMalloc || size > kLargestKept) return std::malloc(size);
  const Kept kept = kept_class_of(size);
  FreeBlock* block = kept_[kept.index];
  if (block == nullptr) return std::malloc(kept.bytes);
  kept_[kept.index] = block->next;
  kept_bytes_ -= kept.bytes;
  return block;
}

void Allocator::give_large(void* block, std::size_t size) {
  if (kPlainMalloc || size > kLargestKept) return std::free(block);
  const Kept kept = kept_class_of(size);
  if (kept_bytes_ + kept.bytes > kMostKept) return std::free(block);
  auto* free_block = static_cast<FreeBlock*>(block);
  free_block->next = kept_[kept.index];
  kept_[kept.index] = free_block;
  kept_bytes_ += kept.bytes;
}

bool Allocator::same_class(std::size_t old_size, std::size_t new_size) {
  if (old_size > kLargestKept || new_size > kLargestKept) return false;
  if (old_size > kLargest && new_size > kLargest) return kept_class_of(old_size).index == kept_class_of(new_size).index;
  return old_size <= kLargest && new_size <= kLargest && class_of(old_size) == class_of(new_size);
}

void* Allocator::resize(void* block, std::size_t old_size, std::size_t new_size) {
  if (kPlainMalloc || (old_size > kLargestKept && new_size > kLargestKept)) return std::realloc(block, new_size);
  if (same_class(old_size, new_size)) return block;
  void* moved = take(new_size);
  if (moved == nullptr) return nullptr;
  std::memcpy(moved, block, std::min(old_size, new_size));
  give(block, old_size);
  return moved;
}

/// Memory of so many bytes, a power of two, whose address is a multiple of them if that can be had; null without
/// memory.
static void* map_aligned(std::size_t size) {
  constexpr int kProtection = PROT_READ | PROT_WRITE;
  constexpr int kFlags = MAP_PRIVATE | MAP_ANONYMOUS;
  void* memory = mmap(nullptr, size, kProtection, kFlags, -1, 0);
  if (memory == MAP_FAILED) return nullptr;
  if (reinterpret_cast<std::uintptr_t>(memory) % size == 0) return memory;  // mostly: beside the one before it
  void* larger = mmap(nullptr, 2 * size, kProtection, kFlags, -1, 0);
  if (larger == MAP_FAILED) return memory;
  munmap(memory, size);
  const std::size_t before = size - reinterpret_cast<std::uintptr_t>(larger) % size;
  char* aligned = static_cast<char*>(larger) + before;
  munmap(larger, before);
  if (before != size) munmap(aligned + size, size - before);
  return aligned;
}

/// Nanoseconds of the thread's processor time.
static std::int64_t cpu_time() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

/// Has the kernel map a chunk of kLastChunk bytes in one go, and as a huge page where it has one. A program with
/// 100,000 tasks touches its memory for the first time, and a page fault for each 4 KiB would be a tenth of the time it
/// takes to make them; and with huge pages the addresses of all its tasks fit into the processor's cache of them
/// (tests/bench: row parked takes 0.58 of the time, switch100k 0.78). But where memory is fragmented, or a virtual
/// machine has not had it from its host yet, a huge page takes milliseconds: then the next chunks do without.
void Allocator::populate(void* memory) {
#if defined(MADV_POPULATE_WRITE)
  constexpr std::int64_t kSlow = 1'000'000;  // a huge page takes 90 microseconds, small ones for as much memory 650
  constexpr int kWithout = 64;
  if (small_pages_ > 0) {
    --small_pages_;
    madvise(memory, kLastChunk, MADV_POPULATE_WRITE);
    return;
  }
  const std::int64_t begin = cpu_time();
  madvise(memory, kLastChunk, MADV_HUGEPAGE);
  madvise(memory, kLastChunk, MADV_POPULATE_WRITE);
  if (cpu_time() - begin > kSlow) small_pages_ = kWithout;
#else
  static_cast<void>(memory);
#endif
}

Allocator::Chunk* Allocator::new_chunk(std::size_t size) {
  void* memory = size < kLastChunk ? std::malloc(size) : map_aligned(size);
  if (memory != nullptr && size == kLastChunk) populate(memory);
  return memory == nullptr ? nullptr : new (memory) Chunk{chunks_, size};
}

void* Allocator::refill(std::size_t size_class) {
  // What is left of the old chunk becomes one free block, so that nothing is lost.
  const auto left = static_cast<std::size_t>(bump_end_ - bump_);
  if (left >= kGrain) give(bump_, left / kGrain * kGrain);
  bump_ = bump_end_ = nullptr;
  std::size_t bytes = next_chunk_;
  Chunk* chunk = new_chunk(bytes);
  while (chunk == nullptr && bytes > kLeastChunk) {
    bytes /= 2;
    chunk = new_chunk(bytes);
  }
  if (chunk == nullptr) return nullptr;
  chunks_ = chunk;
  bump_ = reinterpret_cast<char*>(chunk) + kGrain;
  bump_end_ = reinterpret_cast<char*>(chunk) + bytes;
  next_chunk_ = std::min(bytes * 2, kLastChunk);
  void* block = bump_;
  bump_ += size_class * kGrain;
  return block;
}

inline void Allocator::count(std::size_t old_size, std::size_t new_size) {
  in_use_ += new_size - old_size;
  if (in_use_ > peak_) peak_ = in_use_;
  if (in_use_ - band_ >= band_size_) tell_observer();  // below the band it wraps
  if (limit_ == 0) return;
  const bool over = in_use_ > limit_;
  if (over && !told_ && limit_handler_ != nullptr) limit_handler_(limit_context_);
  told_ = over;
}

}  // namespace neap::internal
