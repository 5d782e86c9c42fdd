// Preloaded into a program, counts what it allocates: the blocks that Lua asks its allocator for, and those that
// anything else asks malloc for. A block that grows is one more, of as many bytes as it grew. Lua's allocator takes
// memory for many blocks at once from malloc: that is not counted again.
//
// NEAP_COUNTS names the file that gets the two figures when the program ends. Children of the program are not counted.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <lua.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

// The C library's own, which malloc and the others are besides.
extern void* __libc_malloc(size_t size);
extern void* __libc_calloc(size_t count, size_t size);
extern void* __libc_realloc(void* block, size_t size);
extern void* __libc_memalign(size_t alignment, size_t size);

static unsigned long g_blocks;
static unsigned long g_bytes;
static char g_file[4096];
static lua_Alloc g_allocate;                                              // the program's
static __thread int t_inside __attribute__((tls_model("initial-exec")));  // within Lua's allocator

static void count(size_t bytes) {
  __atomic_fetch_add(&g_blocks, 1, __ATOMIC_RELAXED);
  __atomic_fetch_add(&g_bytes, bytes, __ATOMIC_RELAXED);
}

void* malloc(size_t size) {
  if (!t_inside) count(size);
  return __libc_malloc(size);
}

void* calloc(size_t number, size_t size) {
  if (!t_inside) count(number * size);
  return __libc_calloc(number, size);
}

void* realloc(void* block, size_t size) {
  if (!t_inside) count(size);
  return __libc_realloc(block, size);
}

void* aligned_alloc(size_t alignment, size_t size) {
  if (!t_inside) count(size);
  return __libc_memalign(alignment, size);
}

int posix_memalign(void** result, size_t alignment, size_t size) {
  if (!t_inside) count(size);
  void* block = __libc_memalign(alignment, size);
  if (block == NULL) return ENOMEM;
  *result = block;
  return 0;
}

static void* counted(void* context, void* block, size_t old_size, size_t new_size) {
  if (block == NULL) old_size = 0;
  if (new_size > old_size) count(new_size - old_size);
  ++t_inside;
  void* result = g_allocate(context, block, old_size, new_size);
  --t_inside;
  return result;
}

typedef lua_State* (*NewState)(lua_Alloc allocate, void* context);
typedef lua_Alloc (*GetAllocator)(lua_State* L, void** context);

lua_State* lua_newstate(lua_Alloc allocate, void* context) {
  NewState next = NULL;
  *(void**)&next = dlsym(RTLD_NEXT, "lua_newstate");
  if (g_allocate == NULL) g_allocate = allocate;
  return next(allocate == g_allocate ? counted : allocate, context);
}

/// The program looks whether the allocator is its own.
lua_Alloc lua_getallocf(lua_State* L, void** context) {
  static GetAllocator next;
  if (next == NULL) *(void**)&next = dlsym(RTLD_NEXT, "lua_getallocf");
  const lua_Alloc found = next(L, context);
  return found == counted ? g_allocate : found;
}

__attribute__((constructor)) static void begin(void) {
  const char* file = getenv("NEAP_COUNTS");
  if (file != NULL) snprintf(g_file, sizeof g_file, "%s", file);
  unsetenv("NEAP_COUNTS");
  unsetenv("LD_PRELOAD");
}

__attribute__((destructor)) static void end(void) {
  char text[64];
  const int size = snprintf(text, sizeof text, "%lu %lu\n", g_blocks, g_bytes);
  const int file = open(g_file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (file < 0 || write(file, text, (size_t)size) != size) _exit(EXIT_FAILURE);
  close(file);
}
