/* The limit of the row http: the same server in C on libuv.
 *
 * usage: neap_bench_http_limit http      prints its port, and answers until it is killed
 *
 * It does what the others do by hand: collects the head of a request up to the empty line, takes it apart, and
 * answers with a length and a body. A request has no body, and the next one may come in the same piece.
 */
#define _GNU_SOURCE /* memmem */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

enum { kBacklog = 511, kHead = 8 * 1024 };

#define HEAD(status, length) "HTTP/1.1 " status "\r\nContent-Type: text/plain\r\nContent-Length: " length "\r\n\r\n"
static char kHello[] = HEAD("200 OK", "14") "Hello, world!\n";
static char kNothing[] = HEAD("404 Not Found", "10") "Not found\n";

typedef struct {
  uv_tcp_t socket; /* first, so that a handle is its connection */
  size_t got;
  char head[kHead];
} Connection;

static uv_loop_t* loop;

static void check(int code, const char* what) {
  if (code >= 0) return;
  fprintf(stderr, "limit: %s: %s\n", what, uv_strerror(code));
  exit(1);
}

static void give_room(uv_handle_t* handle, size_t wanted, uv_buf_t* room) {
  (void)wanted;
  Connection* c = (Connection*)handle;
  *room = uv_buf_init(c->head + c->got, (unsigned)(kHead - c->got));
}

static void free_connection(uv_handle_t* handle) { free(handle); }

static void written(uv_write_t* request, int status) {
  (void)status;
  free(request);
}

static void answer(Connection* c, char* text, size_t size) {
  uv_buf_t all = uv_buf_init(text, (unsigned)size);
  const int sent = uv_try_write((uv_stream_t*)&c->socket, &all, 1);
  const size_t done = sent > 0 ? (size_t)sent : 0;
  if (done == size) return;
  uv_write_t* request = malloc(sizeof *request);
  if (request == NULL) check(UV_ENOMEM, "write");
  all = uv_buf_init(text + done, (unsigned)(size - done)); /* which is static */
  check(uv_write(request, (uv_stream_t*)&c->socket, &all, 1, written), "write");
}

/* Answers the request at the start of what was read; the bytes of its head, 0 while that is not complete. */
static size_t respond(Connection* c) {
  const char* end = memmem(c->head, c->got, "\r\n\r\n", 4);
  if (end == NULL) return 0;
  const char* line_end = memchr(c->head, '\r', c->got);
  const char* path = memchr(c->head, ' ', (size_t)(line_end - c->head));
  const char* version = path == NULL ? NULL : memchr(path + 1, ' ', (size_t)(line_end - path - 1));
  if (version == NULL || strncmp(version, " HTTP/1.1", 9) != 0) return c->got + 1;
  if (strncmp(c->head, "GET / ", 6) == 0) {
    answer(c, kHello, sizeof kHello - 1);
  } else {
    answer(c, kNothing, sizeof kNothing - 1);
  }
  return (size_t)(end + 4 - c->head);
}

static void on_read(uv_stream_t* stream, ssize_t got, const uv_buf_t* room) {
  (void)room;
  Connection* c = (Connection*)stream;
  if (got >= 0) c->got += (size_t)got;
  for (size_t used; got >= 0 && (used = respond(c)) > 0;) {
    if (used > c->got) got = UV_EINVAL; /* not HTTP */
    c->got -= used <= c->got ? used : c->got;
    memmove(c->head, c->head + used, c->got);
  }
  if (got < 0 || c->got == kHead) uv_close((uv_handle_t*)stream, free_connection);
}

static void on_connection(uv_stream_t* listener, int status) {
  check(status, "listen");
  Connection* c = malloc(sizeof *c);
  if (c == NULL) check(UV_ENOMEM, "connection");
  c->got = 0;
  check(uv_tcp_init(loop, &c->socket), "socket");
  check(uv_accept(listener, (uv_stream_t*)&c->socket), "accept");
  uv_tcp_nodelay(&c->socket, 1);
  uv_read_start((uv_stream_t*)&c->socket, give_room, on_read);
}

int main(int count, char** arguments) {
  if (count != 2 || strcmp(arguments[1], "http") != 0) {
    fprintf(stderr, "usage: %s http\n", arguments[0]);
    return 1;
  }
  static uv_tcp_t listener;
  struct sockaddr_in address;
  loop = uv_default_loop();
  uv_ip4_addr("127.0.0.1", 0, &address);
  uv_tcp_init(loop, &listener);
  check(uv_tcp_bind(&listener, (const struct sockaddr*)&address, 0), "bind");
  check(uv_listen((uv_stream_t*)&listener, kBacklog, on_connection), "listen");
  int size = sizeof address;
  uv_tcp_getsockname(&listener, (struct sockaddr*)&address, &size);
  printf("%d\n", ntohs(address.sin_port));
  fflush(stdout);
  return uv_run(loop, UV_RUN_DEFAULT);
}
