// Preloaded into a program whose instructions are counted, so that two runs agree: time passes as if the machine were
// never busy. A look at the clock takes a microsecond, a wait takes as long as it was meant to, and nothing else takes
// any time.
//
// The date stands still. Lua takes the seed of its hashes from it and from addresses (which are fixed under valgrind),
// and the seed decides how many strings share a place in the table of strings.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <time.h>

enum { kLook = 1000, kMillisecond = 1000 * 1000, kSecond = 1000 * 1000 * 1000 };  // nanoseconds
static const time_t kDate = 1700000000;

static int64_t g_now = 1000LL * kSecond;
static int (*g_epoll_wait)(int set, struct epoll_event* events, int size, int timeout);
static int (*g_epoll_pwait)(int set, struct epoll_event* events, int size, int timeout, const sigset_t* mask);
static int (*g_ppoll)(struct pollfd* files, nfds_t size, const struct timespec* timeout, const sigset_t* mask);

__attribute__((constructor)) static void begin(void) {
  *(void**)&g_epoll_wait = dlsym(RTLD_NEXT, "epoll_wait");
  *(void**)&g_epoll_pwait = dlsym(RTLD_NEXT, "epoll_pwait");
  *(void**)&g_ppoll = dlsym(RTLD_NEXT, "ppoll");
}

static int64_t pass(int64_t nanoseconds) { return __atomic_add_fetch(&g_now, nanoseconds, __ATOMIC_RELAXED); }

time_t time(time_t* result) {
  if (result != NULL) *result = kDate;
  return kDate;
}

int clock_gettime(clockid_t clock, struct timespec* result) {
  const int64_t now = pass(kLook);
  result->tv_sec = (clock == CLOCK_REALTIME ? kDate : 0) + now / kSecond;
  result->tv_nsec = now % kSecond;
  return 0;
}

int epoll_wait(int set, struct epoll_event* events, int size, int timeout) {
  const int found = g_epoll_wait(set, events, size, timeout);
  if (found == 0 && timeout > 0) pass((int64_t)timeout * kMillisecond);
  return found;
}

int epoll_pwait(int set, struct epoll_event* events, int size, int timeout, const sigset_t* mask) {
  const int found = g_epoll_pwait(set, events, size, timeout, mask);
  if (found == 0 && timeout > 0) pass((int64_t)timeout * kMillisecond);
  return found;
}

int ppoll(struct pollfd* files, nfds_t size, const struct timespec* timeout, const sigset_t* mask) {
  const int found = g_ppoll(files, size, timeout, mask);
  if (found == 0 && timeout != NULL) pass((int64_t)timeout->tv_sec * kSecond + timeout->tv_nsec);
  return found;
}
