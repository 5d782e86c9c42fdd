#include "runtime/lua/allocator.hpp"

#include <sys/mman.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>

namespace neap {

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

constexpr std::size_t kPage = 4096;

Allocator::~Allocator() {
  while (chunks_ != nullptr) {
    Chunk* next = chunks_->next;
    std::free(chunks_);
    chunks_ = next;
  }
}

void Allocator::set_limit(std::size_t bytes, LimitHandler handler, void* context) {
  limit_ = bytes;
  limit_handler_ = handler;
  limit_context_ = context;
  told_ = false;
}

void* Allocator::allocate(void* self, void* block, std::size_t old_size, std::size_t new_size) noexcept {
  auto& allocator = *static_cast<Allocator*>(self);
  if (block == nullptr) old_size = 0;  // then Lua passes the kind of object in it
  if (new_size == 0) {
    if (block != nullptr) allocator.give(block, old_size);
    allocator.count(old_size, 0);
    return nullptr;
  }
  if (allocator.limit_ != 0 && new_size > allocator.limit_ && new_size > old_size) return nullptr;
  void* result = block == nullptr ? allocator.take(new_size) : allocator.resize(block, old_size, new_size);
  if (result != nullptr) allocator.count(old_size, new_size);
  return result;
}

inline void* Allocator::take(std::size_t size) {
  if (kPlainMalloc || size > kLargest) return std::malloc(size);
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
  if (kPlainMalloc || size > kLargest) {
    std::free(block);
    return;
  }
  auto* free_block = static_cast<FreeBlock*>(block);
  free_block->next = free_[class_of(size)];
  free_[class_of(size)] = free_block;
}

void* Allocator::resize(void* block, std::size_t old_size, std::size_t new_size) {
  if (kPlainMalloc || (old_size > kLargest && new_size > kLargest)) return std::realloc(block, new_size);
  if (old_size <= kLargest && new_size <= kLargest && class_of(old_size) == class_of(new_size)) return block;
  void* moved = take(new_size);
  if (moved == nullptr) return nullptr;
  std::memcpy(moved, block, std::min(old_size, new_size));
  give(block, old_size);
  return moved;
}

/// The kernel maps a chunk of kLastChunk bytes in one go, where it can: a program with 100,000 tasks touches its
/// memory for the first time, and one page fault for each 4 KiB would be a tenth of the time it takes to make them.
/// (Huge pages took row parked of tests/bench from 995 ns to 485, or to 2,400 when the kernel had to find them first.)
void* Allocator::new_chunk(std::size_t size) {
  if (size < kLastChunk) return std::malloc(size);
  void* chunk = std::aligned_alloc(kPage, size);
#if defined(MADV_POPULATE_WRITE)
  if (chunk != nullptr) madvise(chunk, size, MADV_POPULATE_WRITE);
#endif
  return chunk;
}

void* Allocator::refill(std::size_t size_class) {
  // What is left of the old chunk becomes one free block, so that nothing is lost.
  const auto left = static_cast<std::size_t>(bump_end_ - bump_);
  if (left >= kGrain) give(bump_, left / kGrain * kGrain);
  auto* chunk = static_cast<Chunk*>(new_chunk(next_chunk_));
  if (chunk == nullptr) {
    bump_ = bump_end_ = nullptr;
    return nullptr;
  }
  chunk->next = chunks_;
  chunks_ = chunk;
  bump_ = reinterpret_cast<char*>(chunk) + kGrain;
  bump_end_ = reinterpret_cast<char*>(chunk) + next_chunk_;
  next_chunk_ = std::min(next_chunk_ * 2, kLastChunk);
  void* block = bump_;
  bump_ += size_class * kGrain;
  return block;
}

inline void Allocator::count(std::size_t old_size, std::size_t new_size) {
  in_use_ += new_size - old_size;
  if (in_use_ > peak_) peak_ = in_use_;
  if (limit_ == 0) return;
  const bool over = in_use_ > limit_;
  if (over && !told_ && limit_handler_ != nullptr) limit_handler_(limit_context_);
  told_ = over;
}

}  // namespace neap
