/* A size-class allocator for one Lua state.
 *
 * Owned by one thread. Small blocks (up to kLargestSmall bytes) are cut from big chunks and
 * kept, when freed, in one list per class; Lua passes the old size of every block, so no block
 * has a header. Everything larger goes to malloc.
 *
 * Invariants:
 * 1. A block of class c came from a chunk and goes back to list c; it never goes to free().
 * 2. Chunks are never given back: the program ends with its state.
 */
#ifndef NEAP_BENCH_ALLOCATOR_H
#define NEAP_BENCH_ALLOCATOR_H

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

enum {
  kGranule = 16,
  kLargestSmall = 1024,
  kClasses = kLargestSmall / kGranule,
  kChunk = 1 << 20,
};

typedef struct FreeBlock {
  struct FreeBlock* next;
} FreeBlock;

typedef struct Allocator {
  FreeBlock* free_[kClasses];
  char* cursor;
  char* limit;
} Allocator;

static inline size_t size_class(size_t size) { return (size - 1) / kGranule; }

static inline void* small_new(Allocator* a, size_t class) {
  FreeBlock* block = a->free_[class];
  if (block) {
    a->free_[class] = block->next;
    return block;
  }
  size_t size = (class + 1) * kGranule;
  if ((size_t)(a->limit - a->cursor) < size) {
    /* The rest of the old chunk is lost: less than 1 KiB in each MiB. */
    a->cursor = malloc(kChunk);
    if (!a->cursor) {
      a->limit = NULL;
      return NULL;
    }
    a->limit = a->cursor + kChunk;
  }
  void* fresh = a->cursor;
  a->cursor += size;
  return fresh;
}

static inline void small_free(Allocator* a, void* block, size_t class) {
  FreeBlock* freed = block;
  freed->next = a->free_[class];
  a->free_[class] = freed;
}

static inline void* block_new(Allocator* a, size_t size) {
  return size <= kLargestSmall ? small_new(a, size_class(size)) : malloc(size);
}

static inline void block_free(Allocator* a, void* block, size_t size) {
  if (size <= kLargestSmall)
    small_free(a, block, size_class(size));
  else
    free(block);
}

static void* block_resize(Allocator* a, void* old, size_t old_size, size_t new_size) {
  if (old_size > kLargestSmall && new_size > kLargestSmall) return realloc(old, new_size);
  if (old_size <= kLargestSmall && new_size <= kLargestSmall && size_class(old_size) == size_class(new_size))
    return old;
  void* fresh = block_new(a, new_size);
  if (!fresh) return NULL;
  memcpy(fresh, old, old_size < new_size ? old_size : new_size);
  block_free(a, old, old_size);
  return fresh;
}

/* The lua_Alloc of the state. For a new object `old_size` is a type tag, not a size. */
static void* allocate(void* self, void* old, size_t old_size, size_t new_size) {
  Allocator* a = self;
  if (!old) return new_size ? block_new(a, new_size) : NULL;
  if (new_size) return block_resize(a, old, old_size, new_size);
  if (old_size) block_free(a, old, old_size);
  return NULL;
}

#endif
