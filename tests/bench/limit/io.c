/* The limit of the rows with sockets, processes and threads: the same programs in C on libuv, without Lua.
 *
 * usage: neap_bench_io_limit serve      prints its port, and echoes until it is killed
 *        neap_bench_io_limit ROW N      prints one line of JSON
 *
 * sub_big is posix_spawn and waitpid alone: the fork of libuv 1.44 takes longer the larger its process is.
 */
#define _GNU_SOURCE
#include <inttypes.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h> /* environ */
#include <uv.h>

enum { kBacklog = 511, kRead = 64 * 1024, kAtATime = 8, kBig = 1 << 30 };

static uv_loop_t* loop;

static void check(int code, const char* what) {
  if (code >= 0) return;
  fprintf(stderr, "limit: %s: %s\n", what, uv_strerror(code));
  exit(1);
}

/* ---- serve ---- */

typedef struct {
  uv_write_t request;
  char rest[];
} Write;

static char buffer[kRead]; /* what is read is written before anything else is read */

static void give_buffer(uv_handle_t* handle, size_t wanted, uv_buf_t* room) {
  (void)handle, (void)wanted;
  *room = uv_buf_init(buffer, sizeof buffer);
}

static void free_connection(uv_handle_t* handle) { free(handle); }

static void written(uv_write_t* request, int status) {
  (void)status;
  free(request);
}

static void on_read(uv_stream_t* stream, ssize_t got, const uv_buf_t* room) {
  if (got < 0) {
    uv_close((uv_handle_t*)stream, free_connection);
    return;
  }
  const uv_buf_t all = uv_buf_init(room->base, (unsigned)got);
  const int sent = uv_try_write(stream, &all, 1);
  const size_t rest = (size_t)(got - (sent > 0 ? sent : 0));
  if (rest == 0) return;
  Write* write = malloc(sizeof *write + rest);
  memcpy(write->rest, room->base + got - rest, rest);
  const uv_buf_t queued = uv_buf_init(write->rest, (unsigned)rest);
  check(uv_write(&write->request, stream, &queued, 1, written), "write");
}

static void on_connection(uv_stream_t* listener, int status) {
  check(status, "listen");
  uv_tcp_t* connection = malloc(sizeof *connection);
  check(uv_tcp_init(loop, connection), "socket");
  check(uv_accept(listener, (uv_stream_t*)connection), "accept");
  uv_tcp_nodelay(connection, 1);
  uv_read_start((uv_stream_t*)connection, give_buffer, on_read);
}

static void serve(void) {
  static uv_tcp_t listener;
  struct sockaddr_in address;
  uv_ip4_addr("127.0.0.1", 0, &address);
  uv_tcp_init(loop, &listener);
  check(uv_tcp_bind(&listener, (const struct sockaddr*)&address, 0), "bind");
  check(uv_listen((uv_stream_t*)&listener, kBacklog, on_connection), "listen");
  int size = sizeof address;
  uv_tcp_getsockname(&listener, (struct sockaddr*)&address, &size);
  printf("%d\n", ntohs(address.sin_port));
  fflush(stdout);
  uv_run(loop, UV_RUN_DEFAULT);
}

/* ---- sub_seq, sub_8 ---- */

static long to_start; /* of sub_seq and sub_8: how many are left */

static void start_next(uv_process_t* process);

static void freed_next(uv_handle_t* handle) {
  if (to_start > 0) start_next((uv_process_t*)handle);
}

static void on_exit_of(uv_process_t* process, int64_t status, int signal) {
  if (status != 0 || signal != 0) check(UV_EIO, "true has failed");
  uv_close((uv_handle_t*)process, freed_next);
}

static void start_next(uv_process_t* process) {
  to_start--;
  char* arguments[] = {"true", NULL};
  uv_stdio_container_t streams[3];
  for (int i = 0; i < 3; i++) {
    streams[i].flags = UV_INHERIT_FD;
    streams[i].data.fd = i;
  }
  uv_process_options_t options = {
      .exit_cb = on_exit_of, .file = "true", .args = arguments, .stdio_count = 3, .stdio = streams};
  check(uv_spawn(loop, process, &options), "spawn");
}

static void spawn_many(long n, int at_a_time) {
  uv_process_t processes[kAtATime];
  to_start = n;
  for (int i = 0; i < at_a_time && to_start > 0; i++) start_next(&processes[i]);
  uv_run(loop, UV_RUN_DEFAULT);
}

static long sub_seq(long n) {
  spawn_many(n, 1);
  return n;
}

static long sub_8(long n) {
  spawn_many(n, kAtATime);
  return n;
}

/* ---- sub_capture ---- */

static char* output;
static size_t output_size, output_room;

static void give_room(uv_handle_t* handle, size_t wanted, uv_buf_t* room) {
  (void)handle;
  if (output_room - output_size < wanted) {
    output_room = output_room == 0 ? wanted : 2 * output_room;
    output = realloc(output, output_room);
    if (output == NULL) check(UV_ENOMEM, "output");
  }
  *room = uv_buf_init(output + output_size, (unsigned)wanted);
}

static void on_output(uv_stream_t* stream, ssize_t got, const uv_buf_t* room) {
  (void)room;
  if (got >= 0) {
    output_size += (size_t)got;
  } else {
    uv_close((uv_handle_t*)stream, NULL);
  }
}

static void on_exit_closing(uv_process_t* process, int64_t status, int signal) {
  (void)status, (void)signal;
  uv_close((uv_handle_t*)process, NULL);
}

static long sub_capture(long n) {
  char size[32];
  snprintf(size, sizeof size, "%ld", n);
  char* arguments[] = {"head", "-c", size, "/dev/zero", NULL};
  uv_pipe_t pipe;
  uv_pipe_init(loop, &pipe, 0);
  uv_stdio_container_t streams[3] = {
      {.flags = UV_IGNORE}, {.flags = UV_CREATE_PIPE | UV_WRITABLE_PIPE}, {.flags = UV_INHERIT_FD}};
  streams[1].data.stream = (uv_stream_t*)&pipe;
  streams[2].data.fd = 2;
  uv_process_options_t options = {
      .exit_cb = on_exit_closing, .file = "head", .args = arguments, .stdio_count = 3, .stdio = streams};
  uv_process_t process;
  check(uv_spawn(loop, &process, &options), "spawn");
  uv_read_start((uv_stream_t*)&pipe, give_room, on_output);
  uv_run(loop, UV_RUN_DEFAULT);
  if (output_size != (size_t)n) check(UV_EIO, "capture");
  return n;
}

/* ---- sub_big ---- */

static char* ballast;

static void make_ballast(size_t size) {
  ballast = malloc(size);
  if (ballast == NULL) check(UV_ENOMEM, "ballast");
  memset(ballast, 1, size);
}

static void one_gibibyte(void) { make_ballast(kBig); }
static void ten_mebibytes(void) { make_ballast(kBig / 1024 * 10); }
static void hundred_mebibytes(void) { make_ballast(kBig / 1024 * 100); }

static long sub_big(long n) {
  char* arguments[] = {"true", NULL};
  for (long i = 0; i < n; i++) {
    pid_t pid;
    int status;
    check(-posix_spawnp(&pid, "true", NULL, NULL, arguments, environ), "spawn");
    if (waitpid(pid, &status, 0) != pid || status != 0) check(UV_EIO, "true has failed");
  }
  return n;
}

/* ---- offload, parallel2 ---- */

static long calls_left;

static void call_work(uv_work_t* call) { call->data = (char*)call->data + 1; }

static void call_ended(uv_work_t* call, int status) {
  check(status, "offload");
  if (--calls_left > 0) uv_queue_work(loop, call, call_work, call_ended);
}

static void call_many(long n) {
  uv_work_t call = {.data = NULL};
  calls_left = n;
  uv_queue_work(loop, &call, call_work, call_ended);
  uv_run(loop, UV_RUN_DEFAULT);
}

static void start_threads(void) { call_many(1); }

static long offload(long n) {
  call_many(n);
  return n;
}

static double two_to_one;

static void compute(void* steps) {
  volatile uint64_t x = 1;
  for (long i = 0; i < *(long*)steps; i++) x = x * 16807 % 2147483647;
}

static void compute_in_threads(long n, int count) {
  uv_thread_t threads[2];
  for (int i = 0; i < count; i++) check(uv_thread_create(&threads[i], compute, &n), "thread");
  for (int i = 0; i < count; i++) uv_thread_join(&threads[i]);
}

static long parallel2(long n) {
  const uint64_t begun = uv_hrtime();
  compute_in_threads(n, 1);
  const uint64_t one = uv_hrtime();
  compute_in_threads(n, 2);
  two_to_one = (double)(uv_hrtime() - one) / (double)(one - begun);
  return n;
}

/* ---- a row ---- */

static uint64_t cpu(void) {
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  const int64_t seconds = usage.ru_utime.tv_sec + usage.ru_stime.tv_sec;
  const int64_t micros = usage.ru_utime.tv_usec + usage.ru_stime.tv_usec;
  return (uint64_t)(seconds * 1000000000 + micros * 1000);
}

/* The most bytes that were ever resident: VmHWM, for ru_maxrss begins with that of the program's parent. */
static uint64_t peak(void) {
  uint64_t kib = 0;
  char line[128];
  FILE* status = fopen("/proc/self/status", "r");
  if (status == NULL) return 0;
  while (fgets(line, sizeof line, status) != NULL && sscanf(line, "VmHWM: %" SCNu64, &kib) != 1) continue;
  fclose(status);
  return kib * 1024;
}

static const struct {
  const char* name;
  void (*prepare)(void);
  long (*run)(long n);
} kRows[] = {
    {"sub_seq", NULL, sub_seq},
    {"sub_8", NULL, sub_8},
    {"sub_capture", NULL, sub_capture},
    {"sub_big", one_gibibyte, sub_big},
    {"sub_big10m", ten_mebibytes, sub_big},
    {"sub_big100m", hundred_mebibytes, sub_big},
    {"offload", start_threads, offload},
    {"parallel2", NULL, parallel2},
};

static int measure(const char* name, long n) {
  for (size_t i = 0; i < sizeof kRows / sizeof *kRows; i++) {
    if (strcmp(kRows[i].name, name) != 0) continue;
    if (kRows[i].prepare != NULL) kRows[i].prepare();
    const uint64_t wall = uv_hrtime(), used = cpu();
    const long ops = kRows[i].run(n);
    const double cpu_ns = (double)(cpu() - used) / (double)ops, wall_ns = (double)(uv_hrtime() - wall) / (double)ops;
    printf("{\"row\": \"%s\", \"n\": %ld, \"cpu_ns\": %.4f, \"wall_ns\": %.4f", name, ops, cpu_ns, wall_ns);
    printf(", \"peak_rss\": %" PRIu64, peak());
    if (two_to_one != 0) printf(", \"two_to_one\": %.4f", two_to_one);
    printf("}\n");
    return 0;
  }
  fprintf(stderr, "limit: no such row: %s\n", name);
  return 1;
}

int main(int count, char** arguments) {
  loop = uv_default_loop();
  if (count == 2 && strcmp(arguments[1], "serve") == 0) {
    serve();
    return 0;
  }
  if (count == 3) return measure(arguments[1], strtol(arguments[2], NULL, 10));
  fprintf(stderr, "usage: %s serve\n       %s ROW N\n", arguments[0], arguments[0]);
  return 1;
}
