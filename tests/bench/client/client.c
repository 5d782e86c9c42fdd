/* The client of the rows echo64, echo16384 and idle: the same for every server, and none of theirs.
 *
 * usage: neap_bench_client echo PORT PID CONNECTIONS SIZE REQUESTS
 *        neap_bench_client idle PORT PID CONNECTIONS
 *
 * echo: every connection sends SIZE bytes, waits until as many have come back, and sends them again. After a
 * quarter of REQUESTS for warming up, so many are measured.
 * idle: every connection has one byte echoed, and is quiet from then on.
 *
 * The server is process PID on this machine. Prints one line of JSON: the processor time of all its threads and the
 * wall time for one request, in nanoseconds; or the bytes by which its resident memory grew for one connection.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { kEvents = 128, kQuietMs = 300 };

typedef struct {
  int fd;
  size_t got; /* bytes of the answer that is coming */
} Connection;

static void die(const char* what) {
  fprintf(stderr, "client: %s: %s\n", what, strerror(errno));
  exit(1);
}

static long number(const char* text) {
  char* end;
  const long value = strtol(text, &end, 10);
  if (*end != '\0' || value <= 0) {
    fprintf(stderr, "client: '%s' is not a positive number\n", text);
    exit(1);
  }
  return value;
}

/* ---- the server's process ---- */

static uint64_t now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (uint64_t)time.tv_sec * 1000000000U + (uint64_t)time.tv_nsec;
}

/* Nanoseconds that all threads of the process have run. */
static uint64_t cpu_of(long pid) {
  char path[320];
  snprintf(path, sizeof path, "/proc/%ld/task", pid);
  DIR* threads = opendir(path);
  if (threads == NULL) die(path);
  uint64_t sum = 0;
  for (struct dirent* entry; (entry = readdir(threads)) != NULL;) {
    if (entry->d_name[0] == '.') continue;
    snprintf(path, sizeof path, "/proc/%ld/task/%s/schedstat", pid, entry->d_name);
    FILE* file = fopen(path, "r");
    if (file == NULL) continue; /* the thread has ended */
    unsigned long long ran = 0;
    if (fscanf(file, "%llu", &ran) == 1) sum += ran;
    fclose(file);
  }
  closedir(threads);
  return sum;
}

static long resident_of(long pid) {
  char path[64];
  snprintf(path, sizeof path, "/proc/%ld/statm", pid);
  FILE* file = fopen(path, "r");
  if (file == NULL) die(path);
  long pages = 0;
  if (fscanf(file, "%*d %ld", &pages) != 1) die(path);
  fclose(file);
  return pages * sysconf(_SC_PAGESIZE);
}

/* ---- connections ---- */

static int connect_to(long port) {
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  if (fd < 0) die("socket");
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (connect(fd, (const struct sockaddr*)&address, sizeof address) != 0) die("connect");
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return fd;
}

static void send_all(int fd, const char* bytes, size_t size) {
  for (size_t done = 0; done < size;) {
    const ssize_t sent = write(fd, bytes + done, size - done);
    if (sent > 0) {
      done += (size_t)sent;
    } else if (errno != EAGAIN && errno != EINTR) {
      die("write");
    }
  }
}

/* Reads what there is of the answer; true when it is complete. */
static int answered(Connection* connection, char* buffer, size_t size) {
  const ssize_t got = read(connection->fd, buffer, size - connection->got);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return 0;
  if (got <= 0) die("the server has closed a connection");
  connection->got += (size_t)got;
  if (connection->got < size) return 0;
  connection->got = 0;
  return 1;
}

static void echo(long port, long pid, long count, size_t size, long requests) {
  Connection* connections = calloc((size_t)count, sizeof *connections);
  char* message = malloc(size);
  char* answer = malloc(size);
  const int poll = epoll_create1(0);
  if (connections == NULL || message == NULL || answer == NULL || poll < 0) die("start");
  memset(message, 'x', size);
  for (long i = 0; i < count; i++) {
    connections[i].fd = connect_to(port);
    fcntl(connections[i].fd, F_SETFL, O_NONBLOCK);
    struct epoll_event interest = {.events = EPOLLIN, .data.ptr = &connections[i]};
    epoll_ctl(poll, EPOLL_CTL_ADD, connections[i].fd, &interest);
    send_all(connections[i].fd, message, size);
  }
  const long first = requests / 4, last = first + requests;
  uint64_t wall = 0, cpu = 0;
  /* Beyond the last one measured each connection gets its answer, so that none is reset. */
  for (long done = 0; done < last + count - 1;) {
    struct epoll_event events[kEvents];
    const int ready = epoll_wait(poll, events, kEvents, -1);
    if (ready < 0 && errno != EINTR) die("epoll_wait");
    for (int i = 0; i < ready; i++) {
      Connection* connection = events[i].data.ptr;
      if (!answered(connection, answer, size)) continue;
      if (answer[0] != 'x') die("a wrong answer");
      done++;
      if (done == first || done == last) {
        cpu = cpu_of(pid) - cpu;
        wall = now() - wall;
      }
      if (done < last) send_all(connection->fd, message, size);
    }
  }
  const double number_of = (double)requests;
  printf("{\"n\": %ld, \"cpu_ns\": %.1f, \"wall_ns\": %.1f}\n", requests, (double)cpu / number_of,
         (double)wall / number_of);
}

static void idle(long port, long pid, long count) {
  const struct rlimit limit = {(rlim_t)count + 100, (rlim_t)count + 100};
  struct rlimit now_allowed;
  getrlimit(RLIMIT_NOFILE, &now_allowed);
  if (now_allowed.rlim_cur < limit.rlim_cur && setrlimit(RLIMIT_NOFILE, &limit) != 0) die("so many connections");
  char byte = 'x';
  const int first = connect_to(port); /* what the server makes once is made now */
  send_all(first, &byte, 1);
  if (read(first, &byte, 1) != 1) die("read");
  usleep(kQuietMs * 1000);
  const long before = resident_of(pid);
  for (long i = 0; i < count; i++) {
    const int fd = connect_to(port);
    send_all(fd, &byte, 1);
    if (read(fd, &byte, 1) != 1) die("read");
  }
  usleep(kQuietMs * 1000);
  const long after = resident_of(pid);
  printf("{\"n\": %ld, \"bytes_each\": %.1f}\n", count, (double)(after - before) / (double)count);
}

int main(int count, char** arguments) {
  if (count == 7 && strcmp(arguments[1], "echo") == 0) {
    echo(number(arguments[2]), number(arguments[3]), number(arguments[4]), (size_t)number(arguments[5]),
         number(arguments[6]));
  } else if (count == 5 && strcmp(arguments[1], "idle") == 0) {
    idle(number(arguments[2]), number(arguments[3]), number(arguments[4]));
  } else {
    fprintf(stderr, "usage: %s echo PORT PID CONNECTIONS SIZE REQUESTS\n       %s idle PORT PID CONNECTIONS\n",
            arguments[0], arguments[0]);
    return 1;
  }
  return 0;
}
