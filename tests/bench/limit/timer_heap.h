/* A stable min-heap of deadlines with four children to a node.
 *
 * The Timer belongs to whoever waits and is linked by address: it must not move while armed.
 *
 * Invariants:
 * 1. entries[i].timer->index == i for every armed timer; a timer that is not armed has kNotArmed.
 * 2. Equal deadlines leave in the order in which they were armed (`order` counts up).
 */
#ifndef NEAP_BENCH_TIMER_HEAP_H
#define NEAP_BENCH_TIMER_HEAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

enum { kArity = 4 };
static const uint32_t kNotArmed = UINT32_MAX;

typedef struct Timer {
  uint32_t index;
  uint32_t kind; /* for the owner: what to do when it fires */
} Timer;

typedef struct TimerEntry {
  uint64_t deadline; /* ns on uv_hrtime's clock */
  uint64_t order;
  Timer* timer;
} TimerEntry;

typedef struct TimerHeap {
  TimerEntry* entries;
  uint32_t size, capacity;
  uint64_t armed; /* how many were ever armed */
} TimerHeap;

static inline bool fires_before(const TimerEntry* a, const TimerEntry* b) {
  return a->deadline != b->deadline ? a->deadline < b->deadline : a->order < b->order;
}

static inline void heap_place(TimerHeap* h, uint32_t index, TimerEntry entry) {
  h->entries[index] = entry;
  entry.timer->index = index;
}

static inline void heap_sift_up(TimerHeap* h, uint32_t hole, TimerEntry entry) {
  while (hole > 0) {
    uint32_t parent = (hole - 1) / kArity;
    if (!fires_before(&entry, &h->entries[parent])) break;
    heap_place(h, hole, h->entries[parent]);
    hole = parent;
  }
  heap_place(h, hole, entry);
}

static inline uint32_t heap_first_child(const TimerHeap* h, uint32_t hole) {
  uint32_t first = hole * kArity + 1;
  uint32_t end = first + kArity < h->size ? first + kArity : h->size;
  uint32_t best = first;
  for (uint32_t i = first + 1; i < end; i++)
    if (fires_before(&h->entries[i], &h->entries[best])) best = i;
  return best;
}

static inline void heap_sift_down(TimerHeap* h, uint32_t hole, TimerEntry entry) {
  while (hole * kArity + 1 < h->size) {
    uint32_t child = heap_first_child(h, hole);
    if (!fires_before(&h->entries[child], &entry)) break;
    heap_place(h, hole, h->entries[child]);
    hole = child;
  }
  heap_place(h, hole, entry);
}

static inline void heap_arm(TimerHeap* h, Timer* timer, uint64_t deadline) {
  if (h->size == h->capacity) {
    h->capacity = h->capacity ? h->capacity * 2 : 64;
    h->entries = realloc(h->entries, h->capacity * sizeof *h->entries);
    if (!h->entries) abort();
  }
  heap_sift_up(h, h->size++, (TimerEntry){deadline, h->armed++, timer});
}

static inline void heap_disarm(TimerHeap* h, Timer* timer) {
  uint32_t hole = timer->index;
  if (hole == kNotArmed) return;
  timer->index = kNotArmed;
  TimerEntry last = h->entries[--h->size];
  if (hole == h->size) return;
  if (hole > 0 && fires_before(&last, &h->entries[(hole - 1) / kArity]))
    heap_sift_up(h, hole, last);
  else
    heap_sift_down(h, hole, last);
}

static inline Timer* heap_take_due(TimerHeap* h, uint64_t now) {
  if (h->size == 0 || h->entries[0].deadline > now) return NULL;
  Timer* timer = h->entries[0].timer;
  heap_disarm(h, timer);
  return timer;
}

#endif
