/* The client of the rows echo64, echo16384, http and idle: the same for every server, and none of theirs.
 *
 * usage: neap_bench_client echo PORT PID CONNECTIONS SIZE REQUESTS
 *        neap_bench_client http PORT PID CONNECTIONS REQUESTS
 *        neap_bench_client idle PORT PID CONNECTIONS
 *
 * echo: every connection sends SIZE bytes, waits until as many have come back, and sends them again. After a
 * quarter of REQUESTS for warming up, so many are measured.
 * http: the same with a GET request, whose answer is a head with a Content-Length and the body that kBody says.
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

enum { kEvents = 128, kQuietMs = 300, kAnswer = 4096 };

static const char kRequest[] =
    "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: neap_bench_client\r\nAccept: */*\r\n\r\n";
static const char kBody[] = "Hello, world!\n";

typedef struct {
  int fd;
  size_t got; /* bytes of the answer that is coming */
  char* head; /* of http: the answer so far, kAnswer bytes */
} Connection;

/* What is sent, and how to know that its answer is there. */
typedef struct Talk {
  const char* request;
  size_t size;
  int (*answered)(Connection* connection, const struct Talk* talk);
} Talk;

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

static void allow_files(long count) {
  const struct rlimit limit = {(rlim_t)count + 100, (rlim_t)count + 100};
  struct rlimit now_allowed;
  getrlimit(RLIMIT_NOFILE, &now_allowed);
  if (now_allowed.rlim_cur < limit.rlim_cur && setrlimit(RLIMIT_NOFILE, &limit) != 0) die("so many connections");
}

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

/* Reads what there is into `room`; the number of bytes, 0 if there are none yet. */
static size_t receive(const Connection* connection, char* room, size_t size) {
  const ssize_t got = read(connection->fd, room, size);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return 0;
  if (got <= 0) die("the server has closed a connection");
  return (size_t)got;
}

/* Of echo: true when as much has come back. */
static int echoed(Connection* connection, const Talk* talk) {
  static char answer[64 * 1024];
  const size_t wanted = talk->size - connection->got;
  const size_t got = receive(connection, answer, wanted < sizeof answer ? wanted : sizeof answer);
  if (got > 0 && answer[0] != talk->request[0]) die("a wrong answer");
  connection->got += got;
  if (connection->got < talk->size) return 0;
  connection->got = 0;
  return 1;
}

/* The bytes of the whole answer, or 0 while its head is not complete. */
static size_t answer_size(const char* head) {
  const char* end = strstr(head, "\r\n\r\n");
  if (end == NULL) return 0;
  const char* length = strcasestr(head, "\r\ncontent-length:");
  if (length == NULL || length > end || strncmp(head, "HTTP/1.1 200 ", 13) != 0) die("not the answer wanted");
  return (size_t)(end + 4 - head) + strtoul(length + strlen("\r\ncontent-length:"), NULL, 10);
}

/* Of http: true when the head and the body that it announces are there. */
static int responded(Connection* connection, const Talk* talk) {
  (void)talk;
  char* head = connection->head;
  connection->got += receive(connection, head + connection->got, kAnswer - 1 - connection->got);
  head[connection->got] = '\0';
  const size_t size = answer_size(head);
  if (size == 0 || connection->got < size) return 0;
  if (connection->got > size || strcmp(strstr(head, "\r\n\r\n") + 4, kBody) != 0) die("a wrong body");
  connection->got = 0;
  return 1;
}

static Connection* connect_all(long port, long count, const Talk* talk, int poll) {
  Connection* connections = calloc((size_t)count, sizeof *connections);
  if (connections == NULL || poll < 0) die("start");
  for (long i = 0; i < count; i++) {
    connections[i].head = malloc(kAnswer);
    if (connections[i].head == NULL) die("start");
    connections[i].fd = connect_to(port);
    fcntl(connections[i].fd, F_SETFL, O_NONBLOCK);
    struct epoll_event interest = {.events = EPOLLIN, .data.ptr = &connections[i]};
    epoll_ctl(poll, EPOLL_CTL_ADD, connections[i].fd, &interest);
    send_all(connections[i].fd, talk->request, talk->size);
  }
  return connections;
}

static void converse(long port, long pid, long count, const Talk* talk, long requests) {
  allow_files(count);
  const int poll = epoll_create1(0);
  connect_all(port, count, talk, poll);
  const long first = requests / 4 + 1, last = first + requests;
  uint64_t wall = 0, cpu = 0;
  /* Beyond the last one measured each connection gets its answer, so that none is reset. */
  for (long done = 0; done < last + count - 1;) {
    struct epoll_event events[kEvents];
    const int ready = epoll_wait(poll, events, kEvents, -1);
    if (ready < 0 && errno != EINTR) die("epoll_wait");
    for (int i = 0; i < ready; i++) {
      Connection* connection = events[i].data.ptr;
      if (!talk->answered(connection, talk)) continue;
      done++;
      if (done == first || done == last) {
        cpu = cpu_of(pid) - cpu;
        wall = now() - wall;
      }
      if (done < last) send_all(connection->fd, talk->request, talk->size);
    }
  }
  const double number_of = (double)requests;
  printf("{\"n\": %ld, \"cpu_ns\": %.1f, \"wall_ns\": %.1f}\n", requests, (double)cpu / number_of,
         (double)wall / number_of);
}

static void echo(long port, long pid, long count, size_t size, long requests) {
  char* message = malloc(size);
  if (message == NULL) die("start");
  memset(message, 'x', size);
  const Talk talk = {message, size, echoed};
  converse(port, pid, count, &talk, requests);
}

static void http(long port, long pid, long count, long requests) {
  const Talk talk = {kRequest, sizeof kRequest - 1, responded};
  converse(port, pid, count, &talk, requests);
}

static void idle(long port, long pid, long count) {
  allow_files(count);
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
  } else if (count == 6 && strcmp(arguments[1], "http") == 0) {
    http(number(arguments[2]), number(arguments[3]), number(arguments[4]), number(arguments[5]));
  } else if (count == 5 && strcmp(arguments[1], "idle") == 0) {
    idle(number(arguments[2]), number(arguments[3]), number(arguments[4]));
  } else {
    fprintf(stderr,
            "usage: %s echo PORT PID CONNECTIONS SIZE REQUESTS\n       %s http PORT PID CONNECTIONS REQUESTS\n"
            "       %s idle PORT PID CONNECTIONS\n",
            arguments[0], arguments[0], arguments[0]);
    return 1;
  }
  return 0;
}
