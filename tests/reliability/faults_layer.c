/*
 * A layer between a program and the C library, for tests: LD_PRELOAD=neap_faults.so lets chosen calls of the system
 * fail. One rule holds at a time: the calls FIRST to FIRST + COUNT - 1 of NAME on descriptors of KIND answer with
 * ERROR. A rule is set
 *
 *   - by the program, while it runs: getenv("NEAP_FAULT: NAME KIND ERROR FIRST COUNT"); getenv("NEAP_FAULT: off")
 *     ends it and gives "SEEN FIRED": the calls it was compared with, and those that failed.
 *     getenv("NEAP_FAULT: calls") gives the calls counted since the last time, "NAME KIND N" on a line each.
 *   - from the beginning, by the variable NEAP_FAULT=NAME KIND ERROR FIRST COUNT, which children do not get. With
 *     NEAP_FAULT_REPORT=FILE the calls counted are appended to that file when the program ends.
 *
 * KIND is what the descriptor is: file, dir, sock, pipe, tty or other; low for one of the three standard streams; or
 * any. Calls without a descriptor are "any". Descriptors 0 to 2 are met by "low" alone, so that what a test says
 * arrives. ERROR is a number; -1 stands for a short count: one byte is read or written.
 * A process that was forked shares rule and counts; a program it executes begins without.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

/* Every name a rule may have. */
// clang-format off
#define CALLS(X) \
  X(open) X(openat) X(read) X(readv) X(pread) X(recv) X(recvfrom) X(recvmsg) X(write) X(writev) X(pwrite) \
  X(send) X(sendto) X(sendmsg) X(accept4) X(connect) X(bind) X(listen) X(socket) X(socketpair) \
  X(setsockopt) X(getsockname) X(shutdown) X(pipe2) X(eventfd) X(epoll_create1) X(epoll_try) X(epoll_ctl) X(epoll_wait) \
  X(poll) X(dup) X(fcntl_dup) X(fcntl_flags) X(ioctl) X(close) X(fstat) X(stat) X(lstat) X(fstatat) \
  X(fsync) X(fdatasync) X(ftruncate) X(lseek) X(copy_file_range) X(sendfile) X(opendir) X(fdopendir) \
  X(readdir) X(mkdir) X(rmdir) X(rename) X(unlink) X(unlinkat) X(link) X(symlink) X(readlink) X(realpath) \
  X(chmod) X(fchmod) X(fopen) X(tmpfile) X(inotify_init1) X(inotify_add_watch) X(posix_spawn) X(fork) \
  X(waitpid) X(pidfd_open) X(getaddrinfo) X(pthread_create) X(sigaction) X(tcgetattr) X(tcsetattr) \
  X(getcwd)
// clang-format on
#define AS_ENUM(name) call_##name,
enum Call { CALLS(AS_ENUM) call_count };
#define AS_NAME(name) #name,
static const char* const call_names[] = {CALLS(AS_NAME)};

enum Kind { kind_any, kind_file, kind_dir, kind_sock, kind_pipe, kind_tty, kind_other, kind_low, kind_count };
static const char* const kind_names[] = {"any", "file", "dir", "sock", "pipe", "tty", "other", "low"};

struct Shared {
  atomic_int active, call, kind, error, first, count, seen, fired;
  atomic_int counted[call_count][kind_count];
};
static struct Shared* shared;

enum { kShort = -1, kNone = 0 };

/* The C library's own function of the name. */
#define REAL(type, name, ...)       \
  static type (*real)(__VA_ARGS__); \
  if (real == NULL) *(void**)&real = dlsym(RTLD_NEXT, #name)

static enum Kind kind_of(int fd) {
  if (fd < 0) return kind_any;
  if (fd <= STDERR_FILENO) return kind_low;
  static int (*real)(int, struct stat*);
  if (real == NULL) *(void**)&real = dlsym(RTLD_NEXT, "fstat");
  struct stat status;
  const int before = errno;
  if (real(fd, &status) != 0) {
    errno = before;
    return kind_other;
  }
  switch (status.st_mode & S_IFMT) {
    case S_IFREG: return kind_file;
    case S_IFDIR: return kind_dir;
    case S_IFSOCK: return kind_sock;
    case S_IFIFO: return kind_pipe;
    case S_IFCHR: return kind_tty;
    default: return kind_other;
  }
}

/* The error that this call of the name shall give: kNone for none. */
static int fault(enum Call call, int fd) {
  if (shared == NULL) return kNone;
  const enum Kind kind = kind_of(fd);
  atomic_fetch_add(&shared->counted[call][kind], 1);
  if (!atomic_load(&shared->active) || (int)call != atomic_load(&shared->call)) return kNone;
  const int wanted = atomic_load(&shared->kind);
  if (wanted == kind_any ? kind == kind_low : wanted != (int)kind) return kNone;
  const int number = 1 + atomic_fetch_add(&shared->seen, 1);
  const int first = atomic_load(&shared->first);
  if (number < first || number - first >= atomic_load(&shared->count)) return kNone;
  atomic_fetch_add(&shared->fired, 1);
  return atomic_load(&shared->error);
}

static int position_of(const char* name, const char* const* names, int count) {
  for (int i = 0; i < count; ++i) {
    if (strcmp(names[i], name) == 0) return i;
  }
  return -1;
}

static void set_rule(const char* rule) {
  char name[32];
  char kind[16];
  int error, first, count;
  if (sscanf(rule, "%31s %15s %d %d %d", name, kind, &error, &first, &count) != 5) abort();
  const int call = position_of(name, call_names, call_count);
  const int which = position_of(kind, kind_names, kind_count);
  if (call < 0 || which < 0) abort();
  atomic_store(&shared->active, 0);
  atomic_store(&shared->call, call);
  atomic_store(&shared->kind, which);
  atomic_store(&shared->error, error);
  atomic_store(&shared->first, first);
  atomic_store(&shared->count, count);
  atomic_store(&shared->seen, 0);
  atomic_store(&shared->fired, 0);
  atomic_store(&shared->active, 1);
}

static void list_calls(char* text, size_t size) {
  size_t length = 0;
  text[0] = '\0';
  for (int call = 0; call < call_count; ++call) {
    for (int kind = 0; kind < kind_count; ++kind) {
      const int number = atomic_exchange(&shared->counted[call][kind], 0);
      if (number == 0 || length + 80 > size) continue;
      length +=
          (size_t)snprintf(text + length, size - length, "%s %s %d\n", call_names[call], kind_names[kind], number);
    }
  }
}

static const char* report_path;
static pid_t owner;

static char* own_getenv(const char* name) {
  REAL(char*, getenv, const char*);
  return real(name);
}

__attribute__((constructor)) static void begin(void) {
  void* memory = mmap(NULL, sizeof(struct Shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) abort();
  shared = memory;
  owner = getpid();
  const char* rule = own_getenv("NEAP_FAULT");
  const char* report = own_getenv("NEAP_FAULT_REPORT");
  if (report != NULL) report_path = strdup(report);
  if (rule != NULL) set_rule(rule);
  unsetenv("NEAP_FAULT");
  unsetenv("NEAP_FAULT_REPORT");
}

__attribute__((destructor)) static void end(void) {
  if (report_path == NULL || getpid() != owner) return;
  static char text[8192];
  atomic_store(&shared->active, 0);
  const int fired = atomic_load(&shared->fired);
  list_calls(text, sizeof text);
  FILE* file = fopen(report_path, "a");
  if (file == NULL) return;
  fprintf(file, "%sfired any %d\n", text, fired);
  fclose(file);
}

char* getenv(const char* name) {
  static const char prefix[] = "NEAP_FAULT: ";
  static char answer[8192];
  if (shared == NULL || strncmp(name, prefix, sizeof prefix - 1) != 0) return own_getenv(name);
  const char* order = name + sizeof prefix - 1;
  if (strcmp(order, "off") == 0) {
    atomic_store(&shared->active, 0);
    snprintf(answer, sizeof answer, "%d %d", atomic_load(&shared->seen), atomic_load(&shared->fired));
  } else if (strcmp(order, "calls") == 0) {
    list_calls(answer, sizeof answer);
  } else {
    set_rule(order);
    answer[0] = '\0';
  }
  return answer;
}

/* A call that answers -1 and sets errno. */
#define FAIL_WITH(failure) \
  if (error > 0) {         \
    errno = error;         \
    return failure;        \
  }
#define FAULT(name, fd, failure)            \
  const int error = fault(call_##name, fd); \
  FAIL_WITH(failure)

#define PLAIN(type, name, rule, fd, failure, parameters, arguments) \
  type name parameters {                                            \
    REAL(type, name, PASS parameters);                              \
    FAULT(rule, fd, failure)                                        \
    return real arguments;                                          \
  }
#define PASS(...) __VA_ARGS__

/* Counts of bytes may be short. */
#define COUNTED(name, rule, parameters, arguments, one) \
  ssize_t name parameters {                             \
    REAL(ssize_t, name, PASS parameters);               \
    FAULT(rule, fd, -1)                                 \
    if (error == kShort && size > 1) return real one;   \
    return real arguments;                              \
  }

COUNTED(read, read, (int fd, void* bytes, size_t size), (fd, bytes, size), (fd, bytes, 1))
COUNTED(pread, pread, (int fd, void* bytes, size_t size, off_t at), (fd, bytes, size, at), (fd, bytes, 1, at))
COUNTED(pread64, pread, (int fd, void* bytes, size_t size, off_t at), (fd, bytes, size, at), (fd, bytes, 1, at))
COUNTED(recv, recv, (int fd, void* bytes, size_t size, int flags), (fd, bytes, size, flags), (fd, bytes, 1, flags))
COUNTED(write, write, (int fd, const void* bytes, size_t size), (fd, bytes, size), (fd, bytes, 1))
COUNTED(pwrite, pwrite, (int fd, const void* bytes, size_t size, off_t at), (fd, bytes, size, at), (fd, bytes, 1, at))
COUNTED(pwrite64, pwrite, (int fd, const void* bytes, size_t size, off_t at), (fd, bytes, size, at), (fd, bytes, 1, at))
COUNTED(send, send, (int fd, const void* bytes, size_t size, int flags), (fd, bytes, size, flags),
        (fd, bytes, 1, flags))
COUNTED(sendfile, sendfile, (int fd, int from, off_t* at, size_t size), (fd, from, at, size), (fd, from, at, 1))
COUNTED(sendfile64, sendfile, (int fd, int from, off_t* at, size_t size), (fd, from, at, size), (fd, from, at, 1))
COUNTED(copy_file_range, copy_file_range, (int from, off_t* begin, int fd, off_t* at, size_t size, unsigned flags),
        (from, begin, fd, at, size, flags), (from, begin, fd, at, 1, flags))

static struct iovec first_byte(const struct iovec* parts, int count) {
  struct iovec one = {NULL, 0};
  for (int i = 0; i < count; ++i) {
    if (parts[i].iov_len == 0) continue;
    one = parts[i];
    one.iov_len = 1;
    break;
  }
  return one;
}

#define VECTORED(name)                                                 \
  ssize_t name(int fd, const struct iovec* parts, int count) {         \
    REAL(ssize_t, name, int, const struct iovec*, int);                \
    FAULT(name, fd, -1)                                                \
    const struct iovec one = first_byte(parts, count);                 \
    if (error == kShort && one.iov_len == 1) return real(fd, &one, 1); \
    return real(fd, parts, count);                                     \
  }
VECTORED(readv)
VECTORED(writev)

ssize_t sendmsg(int fd, const struct msghdr* message, int flags) {
  REAL(ssize_t, sendmsg, int, const struct msghdr*, int);
  FAULT(sendmsg, fd, -1)
  struct iovec one = first_byte(message->msg_iov, (int)message->msg_iovlen);
  if (error != kShort || one.iov_len == 0) return real(fd, message, flags);
  struct msghdr less = *message;
  less.msg_iov = &one;
  less.msg_iovlen = 1;
  return real(fd, &less, flags);
}

PLAIN(ssize_t, recvmsg, recvmsg, fd, -1, (int fd, struct msghdr* message, int flags), (fd, message, flags))
PLAIN(ssize_t, recvfrom, recvfrom, fd, -1,
      (int fd, void* bytes, size_t size, int flags, struct sockaddr* from, socklen_t* length),
      (fd, bytes, size, flags, from, length))
PLAIN(ssize_t, sendto, sendto, fd, -1,
      (int fd, const void* bytes, size_t size, int flags, const struct sockaddr* to, socklen_t length),
      (fd, bytes, size, flags, to, length))

/* open and its like have a mode only sometimes. */
#define MODE_OF(flags)                          \
  mode_t mode = 0;                              \
  if (((flags) & (O_CREAT | O_TMPFILE)) != 0) { \
    va_list rest;                               \
    va_start(rest, flags);                      \
    mode = va_arg(rest, mode_t);                \
    va_end(rest);                               \
  }
#define OPEN(name)                             \
  int name(const char* path, int flags, ...) { \
    MODE_OF(flags)                             \
    REAL(int, name, const char*, int, ...);    \
    FAULT(open, -1, -1)                        \
    return real(path, flags, mode);            \
  }
#define OPENAT(name)                                   \
  int name(int fd, const char* path, int flags, ...) { \
    MODE_OF(flags)                                     \
    REAL(int, name, int, const char*, int, ...);       \
    FAULT(openat, -1, -1)                              \
    return real(fd, path, flags, mode);                \
  }
OPEN(open)
OPEN(open64)
OPENAT(openat)
OPENAT(openat64)

static int fcntl_as(const char* name, int fd, int order, void* argument) {
  static int (*plain)(int, int, ...);
  static int (*large)(int, int, ...);
  int (**real)(int, int, ...) = strcmp(name, "fcntl") == 0 ? &plain : &large;
  if (*real == NULL) *(void**)real = dlsym(RTLD_NEXT, name);
  if (order == F_DUPFD_CLOEXEC || order == F_DUPFD) {
    FAULT(fcntl_dup, -1, -1)
  } else if (order == F_SETFL || order == F_SETFD) {
    FAULT(fcntl_flags, fd, -1)
  }
  return (*real)(fd, order, argument);
}
#define FCNTL(name)                              \
  int name(int fd, int order, ...) {             \
    va_list rest;                                \
    va_start(rest, order);                       \
    void* argument = va_arg(rest, void*);        \
    va_end(rest);                                \
    return fcntl_as(#name, fd, order, argument); \
  }
FCNTL(fcntl)
FCNTL(fcntl64)

int ioctl(int fd, unsigned long order, ...) {
  va_list rest;
  va_start(rest, order);
  void* argument = va_arg(rest, void*);
  va_end(rest);
  REAL(int, ioctl, int, unsigned long, ...);
  FAULT(ioctl, fd, -1)
  return real(fd, order, argument);
}

/* It is closed whatever the answer, as on Linux. */
int close(int fd) {
  REAL(int, close, int);
  const int error = fault(call_close, fd);
  const int answer = real(fd);
  FAIL_WITH(-1)
  return answer;
}

int accept4(int fd, struct sockaddr* address, socklen_t* length, int flags) {
  REAL(int, accept4, int, struct sockaddr*, socklen_t*, int);
  FAULT(accept4, fd, -1)
  return real(fd, address, length, flags);
}
PLAIN(int, connect, connect, fd, -1, (int fd, const struct sockaddr* address, socklen_t length), (fd, address, length))
PLAIN(int, bind, bind, fd, -1, (int fd, const struct sockaddr* address, socklen_t length), (fd, address, length))
PLAIN(int, listen, listen, fd, -1, (int fd, int backlog), (fd, backlog))
PLAIN(int, socket, socket, -1, -1, (int domain, int type, int protocol), (domain, type, protocol))
PLAIN(int, socketpair, socketpair, -1, -1, (int domain, int type, int protocol, int ends[2]),
      (domain, type, protocol, ends))
PLAIN(int, setsockopt, setsockopt, fd, -1, (int fd, int level, int name, const void* value, socklen_t length),
      (fd, level, name, value, length))
PLAIN(int, getsockname, getsockname, fd, -1, (int fd, struct sockaddr* address, socklen_t* length),
      (fd, address, length))
PLAIN(int, shutdown, shutdown, fd, -1, (int fd, int how), (fd, how))
PLAIN(int, pipe2, pipe2, -1, -1, (int ends[2], int flags), (ends, flags))
PLAIN(int, eventfd, eventfd, -1, -1, (unsigned first, int flags), (first, flags))
PLAIN(int, epoll_create1, epoll_create1, -1, -1, (int flags), (flags))
/* epoll_try is how uv_poll_init finds out whether a descriptor can be watched. When any other call fails, libuv ends the
 * process. */
int epoll_ctl(int epoll, int order, int fd, struct epoll_event* event) {
  REAL(int, epoll_ctl, int, int, int, struct epoll_event*);
  const int tries = order == EPOLL_CTL_ADD && event->data.fd == -1;
  const int error = fault(tries ? call_epoll_try : call_epoll_ctl, -1);
  FAIL_WITH(-1)
  return real(epoll, order, fd, event);
}
PLAIN(int, epoll_wait, epoll_wait, -1, -1, (int epoll, struct epoll_event* events, int most, int timeout),
      (epoll, events, most, timeout))
PLAIN(int, epoll_pwait, epoll_wait, -1, -1,
      (int epoll, struct epoll_event* events, int most, int timeout, const sigset_t* mask),
      (epoll, events, most, timeout, mask))
PLAIN(int, poll, poll, -1, -1, (struct pollfd * entries, nfds_t count, int timeout), (entries, count, timeout))
PLAIN(int, ppoll, poll, -1, -1,
      (struct pollfd * entries, nfds_t count, const struct timespec* timeout, const sigset_t* mask),
      (entries, count, timeout, mask))
PLAIN(int, dup, dup, -1, -1, (int fd), (fd))
PLAIN(int, dup2, dup, -1, -1, (int fd, int to), (fd, to))
PLAIN(int, fstat, fstat, fd, -1, (int fd, struct stat* status), (fd, status))
PLAIN(int, fstat64, fstat, fd, -1, (int fd, struct stat64* status), (fd, status))
PLAIN(int, stat, stat, -1, -1, (const char* path, struct stat* status), (path, status))
PLAIN(int, lstat, lstat, -1, -1, (const char* path, struct stat* status), (path, status))
PLAIN(int, fstatat, fstatat, -1, -1, (int fd, const char* path, struct stat* status, int flags),
      (fd, path, status, flags))
PLAIN(int, ftruncate, ftruncate, fd, -1, (int fd, off_t size), (fd, size))
PLAIN(off_t, lseek, lseek, fd, -1, (int fd, off_t offset, int whence), (fd, offset, whence))
PLAIN(off_t, lseek64, lseek, fd, -1, (int fd, off_t offset, int whence), (fd, offset, whence))
PLAIN(DIR*, opendir, opendir, -1, NULL, (const char* path), (path))
PLAIN(DIR*, fdopendir, fdopendir, fd, NULL, (int fd), (fd))
PLAIN(struct dirent*, readdir, readdir, -1, NULL, (DIR * directory), (directory))
PLAIN(int, mkdir, mkdir, -1, -1, (const char* path, mode_t mode), (path, mode))
PLAIN(int, rmdir, rmdir, -1, -1, (const char* path), (path))
PLAIN(int, rename, rename, -1, -1, (const char* from, const char* to), (from, to))
PLAIN(int, unlink, unlink, -1, -1, (const char* path), (path))
PLAIN(int, unlinkat, unlinkat, -1, -1, (int fd, const char* path, int flags), (fd, path, flags))
PLAIN(int, link, link, -1, -1, (const char* from, const char* to), (from, to))
PLAIN(int, symlink, symlink, -1, -1, (const char* from, const char* to), (from, to))
PLAIN(ssize_t, readlink, readlink, -1, -1, (const char* path, char* text, size_t size), (path, text, size))
PLAIN(char*, realpath, realpath, -1, NULL, (const char* path, char* text), (path, text))
PLAIN(int, chmod, chmod, -1, -1, (const char* path, mode_t mode), (path, mode))
PLAIN(int, fchmod, fchmod, fd, -1, (int fd, mode_t mode), (fd, mode))
PLAIN(FILE*, fopen, fopen, -1, NULL, (const char* path, const char* mode), (path, mode))
PLAIN(FILE*, fopen64, fopen, -1, NULL, (const char* path, const char* mode), (path, mode))
PLAIN(FILE*, tmpfile, tmpfile, -1, NULL, (void), ())
PLAIN(int, inotify_init1, inotify_init1, -1, -1, (int flags), (flags))
PLAIN(int, inotify_add_watch, inotify_add_watch, -1, -1, (int fd, const char* path, uint32_t mask), (fd, path, mask))
PLAIN(pid_t, fork, fork, -1, -1, (void), ())
PLAIN(pid_t, waitpid, waitpid, -1, -1, (pid_t pid, int* status, int options), (pid, status, options))
PLAIN(int, sigaction, sigaction, -1, -1, (int number, const struct sigaction* now, struct sigaction* before),
      (number, now, before))
PLAIN(int, tcgetattr, tcgetattr, -1, -1, (int fd, struct termios* attributes), (fd, attributes))
PLAIN(int, tcsetattr, tcsetattr, -1, -1, (int fd, int when, const struct termios* attributes), (fd, when, attributes))
PLAIN(char*, getcwd, getcwd, -1, NULL, (char* text, size_t size), (text, size))

/* Nothing is brought to the disk: that would only take time. */
int fsync(int fd) {
  FAULT(fsync, fd, -1)
  return 0;
}
int fdatasync(int fd) {
  FAULT(fdatasync, fd, -1)
  return 0;
}

/* Those that answer with the error itself. */
#define ANSWERING(name, parameters, arguments) \
  int name parameters {                        \
    REAL(int, name, PASS parameters);          \
    const int error = fault(call_##name, -1);  \
    if (error != kNone) return error;          \
    return real arguments;                     \
  }
ANSWERING(posix_spawn,
          (pid_t * pid, const char* path, const posix_spawn_file_actions_t* actions,
           const posix_spawnattr_t* attributes, char* const argv[], char* const environment[]),
          (pid, path, actions, attributes, argv, environment))
ANSWERING(pthread_create, (pthread_t * thread, const pthread_attr_t* attributes, void* (*run)(void*), void* argument),
          (thread, attributes, run, argument))

int posix_spawnp(pid_t* pid, const char* path, const posix_spawn_file_actions_t* actions,
                 const posix_spawnattr_t* attributes, char* const argv[], char* const environment[]) {
  REAL(int, posix_spawnp, pid_t*, const char*, const posix_spawn_file_actions_t*, const posix_spawnattr_t*,
       char* const*, char* const*);
  const int error = fault(call_posix_spawn, -1);
  if (error != kNone) return error;
  return real(pid, path, actions, attributes, argv, environment);
}

/* The error is an EAI number, of which those of the system are negative: the rule gives it with the sign changed; one
 * above 1000 is EAI_SYSTEM with errno. */
int getaddrinfo(const char* host, const char* service, const struct addrinfo* hints, struct addrinfo** found) {
  REAL(int, getaddrinfo, const char*, const char*, const struct addrinfo*, struct addrinfo**);
  const int error = fault(call_getaddrinfo, -1);
  if (error > 1000) {
    errno = error - 1000;
    return EAI_SYSTEM;
  }
  if (error > 0) return -error;
  return real(host, service, hints, found);
}

/* What has no function in every C library. */
long syscall(long number, ...) {
  va_list rest;
  va_start(rest, number);
  long argument[6];
  for (int i = 0; i < 6; ++i) argument[i] = va_arg(rest, long);
  va_end(rest);
  REAL(long, syscall, long, ...);
#ifdef SYS_pidfd_open
  if (number == SYS_pidfd_open) {
    FAULT(pidfd_open, -1, -1)
  }
#endif
  return real(number, argument[0], argument[1], argument[2], argument[3], argument[4], argument[5]);
}
