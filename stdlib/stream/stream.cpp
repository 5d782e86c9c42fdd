#include "stdlib/stream/stream.hpp"

#include "runtime/lua/bind.hpp"
#include "runtime/task/park.hpp"
#include "runtime/task/scheduler.hpp"
#include "stdlib/io/address.hpp"
#include "stdlib/io/problem.hpp"
#include "stdlib/registry.hpp"

#include <unistd.h>

#include <new>

namespace neap::internal::stdlib {

namespace {

constexpr UserdataType kStreamsType{"Streams"};
const char kStreams = 0;  // registry key: the list of the state's handles

void abandon_close(Scheduler&, Task& task) { task.unlink(); }
constexpr WaitKind kWaitClosed{
    .abandon = abandon_close, .name = "Stream:wait_closed", .describe = describe_first_argument};

/// For the Stream that is the end.
void leave_stream(StreamHandle& handle) {
  Stream* stream = std::exchange(handle.owner, nullptr);
  if (stream == nullptr) return;
  stream->handle = nullptr;
  while (Waiter* closer = stream->closers.pop_front()) handle.scheduler->wake(static_cast<Task&>(*closer));
}

void on_closed(uv_handle_t* closed) {
  auto* handle = static_cast<StreamHandle*>(closed->data);
  if (handle->listed()) handle->leave_list();
  leave_stream(*handle);
  delete handle;
}

/// A userdata in the registry, so that closing the state finds the handles whose Streams are gone.
struct Streams {
  WaitList handles;
  Lingering lingering;
};

Streams& streams_of(lua_State* L) {
  lua_rawgetp(L, LUA_REGISTRYINDEX, &kStreams);
  auto& streams = *static_cast<Streams*>(lua_touserdata(L, -1));
  lua_pop(L, 1);
  return streams;
}

/// Everything is written.
void finish(StreamHandle& handle) {
  if (!must_linger(handle)) return close_handle(handle);
  leave_stream(handle);
  begin_linger(handle, streams_of(handle.scheduler->main_thread()).lingering);
}

/// Whether the peer may have sent what nobody has read. Of the standard streams others may read it.
bool may_linger(const Stream& stream) {
  const bool connection = stream.stream_kind == StreamKind::tcp || stream.stream_kind == StreamKind::pipe;
  const bool shared = stream.is_stdin || stream.waits_for_all;
  return connection && !shared && !stream.ended && stream.read_error == 0 && stream.write_error == 0;
}

/// Runs when the state is closed: no string of Lua's may be written from now on.
int streams_gc(lua_State* L) {
  auto& streams = *static_cast<Streams*>(lua_touserdata(L, 1));
  while (WaitLink* link = streams.lingering.handles.first()) {
    auto* handle = static_cast<StreamHandle*>(link);
    handle->scheduler = nullptr;
    end_linger(*handle);
  }
  while (WaitLink* link = streams.handles.first()) {
    auto* handle = static_cast<StreamHandle*>(link);
    if (handle->owner != nullptr) handle->owner->handle = nullptr;
    handle->owner = nullptr;
    handle->scheduler = nullptr;
    handle->leave_list();
    close_handle(*handle);
  }
  return 0;
}

int init_handle(uv_loop_t* loop, StreamHandle& handle, StreamKind kind) {
  switch (kind) {
    case StreamKind::tcp: return uv_tcp_init(loop, &handle.tcp);
    default: return uv_pipe_init(loop, &handle.pipe, 0);
  }
}

// Methods.

/// stream:close(): what is queued is still written, in the background.
int stream_close(lua_State* L) {
  close_stream(check_stream(L, 1, "Stream:close"), scheduler_of(L), false);
  return 0;
}

/// stream:abort(): nothing more is written.
int stream_abort(lua_State* L) {
  close_stream(check_stream(L, 1, "Stream:abort"), scheduler_of(L), true);
  return 0;
}

int closed_resumed(lua_State* L, int, lua_KContext) {
  finish_wait(L);
  return 0;
}

int wait_until_closed(lua_State* L, Stream& stream) {
  Task& task = check_can_wait(L, kWaitClosed.name);
  stream.closers.push_back(task);
  return park(L, task, kWaitClosed, &stream, closed_resumed);
}

/// stream:wait_closed()
int stream_wait_closed(lua_State* L) {
  Stream& stream = check_stream(L, 1, kWaitClosed.name);
  if (!stream.closing) {
    raise(L, ErrorKind::runtime, "Stream:wait_closed: the stream is open; close() it first");
  }
  return stream.handle != nullptr ? wait_until_closed(L, stream) : 0;
}

/// At the end of a block: closes it, and waits until what is queued has been written. When the block was left by an
/// error, nothing is waited for.
int stream_leave(lua_State* L) {
  Stream& stream = check_stream(L, 1, "Stream:__close");
  close_stream(stream, scheduler_of(L), false);
  if (!lua_isnil(L, 2) || stream.handle == nullptr || stream.queued() == 0) return 0;
  return wait_until_closed(L, stream);
}

int stream_is_closing(lua_State* L) {
  lua_pushboolean(L, check_stream(L, 1, "Stream:is_closing").closing);
  return 1;
}

/// A Stream that nobody has closed. What is queued is written first.
int stream_gc(lua_State* L) {
  Stream& stream = check_stream(L, 1, "Stream:__gc");
  Scheduler& scheduler = scheduler_of(L);
  stream.collected(scheduler);
  close_stream(stream, scheduler, scheduler.closed());
  if (stream.handle != nullptr) stream.handle->owner = nullptr;
  const StreamKind kind = stream.stream_kind;
  stream.~Stream();
  new (&stream) Stream(kind);  // another finalizer may still hold it
  stream.closing = true;
  return 0;
}

/// Pushes the peer's address, or the own one: nil when there is none.
void push_name(lua_State* L, Stream& stream, bool peer) {
  sockaddr_storage address{};
  int size = sizeof address;
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  if (peer && stream.peer.sin6_family != 0) return io::push_address(L, reinterpret_cast<const sockaddr*>(&stream.peer));
  if (stream.handle == nullptr || stream.closing) return lua_pushnil(L);
  if (stream.stream_kind == StreamKind::tcp) {
    const int code = uv_tcp_getsockname(&stream.handle->tcp, generic, &size);
    return code == 0 && !peer ? io::push_address(L, generic) : lua_pushnil(L);
  }
  if (stream.stream_kind != StreamKind::pipe) return lua_pushnil(L);
  char path[256];
  std::size_t length = sizeof path;
  const auto get = peer ? uv_pipe_getpeername : uv_pipe_getsockname;
  if (get(&stream.handle->pipe, path, &length) != 0) return lua_pushnil(L);
  lua_createtable(L, 0, 1);
  lua_pushlstring(L, path, length);
  lua_setfield(L, -2, "path");
}

/// stream:detach(): the server leaves it open when its handler returns.
int stream_detach(lua_State* L) {
  check_open_stream(L, "Stream:detach").detached = true;
  lua_settop(L, 1);
  return 1;
}

/// stream:get_extra_info(name, default)
int stream_get_extra_info(lua_State* L) {
  Stream& stream = check_stream(L, 1, "Stream:get_extra_info");
  if (lua_type(L, 2) != LUA_TSTRING) {
    raise(L, ErrorKind::type, "argument 1 of Stream:get_extra_info must be a name, got %s", type_name(L, 2));
  }
  const std::string_view name = check_view(L, 2);
  lua_settop(L, 3);
  if (name == "peername" || name == "sockname") {
    push_name(L, stream, name == "peername");
  } else if (name == "fd" && stream.fd >= 0) {
    lua_pushinteger(L, stream.fd);
  } else {
    lua_pushnil(L);
  }
  if (lua_isnil(L, -1)) lua_pushvalue(L, 3);
  return 1;
}

/// stream:set_nodelay(on)
int stream_set_nodelay(lua_State* L) {
  Stream& stream = check_open_stream(L, "Stream:set_nodelay");
  if (stream.stream_kind == StreamKind::tcp) uv_tcp_nodelay(&stream.handle->tcp, lua_toboolean(L, 2));
  lua_settop(L, 1);
  return 1;
}

/// stream:set_keepalive(seconds or false)
int stream_set_keepalive(lua_State* L) {
  Stream& stream = check_open_stream(L, "Stream:set_keepalive");
  const bool on = lua_toboolean(L, 2) != 0;
  const double seconds = on && lua_type(L, 2) == LUA_TNUMBER ? check_seconds(L, 2, "the delay") : 60;
  if (on && (seconds < 1 || seconds > 32767)) {
    raise(L, ErrorKind::value, "the delay of set_keepalive must be from 1 to 32767 seconds, got %f", seconds);
  }
  if (stream.stream_kind == StreamKind::tcp) {
    uv_tcp_keepalive(&stream.handle->tcp, on ? 1 : 0, static_cast<unsigned>(seconds));
  }
  lua_settop(L, 1);
  return 1;
}

int stream_tostring(lua_State* L) {
  static const char* const kKinds[] = {"tcp", "pipe", "tty", "file"};
  Stream& stream = check_stream(L, 1, "Stream:__tostring");
  const char* state = stream.closing ? (stream.handle != nullptr ? "closing" : "closed")
                      : stream.ended ? "ended"
                                     : "open";
  push_name(L, stream, true);
  if (lua_istable(L, -1)) {
    io::push_address_text(L);
    lua_pushfstring(L, "<Stream %s %s %s>", kKinds[static_cast<int>(stream.stream_kind)], lua_tostring(L, -1), state);
  } else {
    lua_pushfstring(L, "<Stream %s %s>", kKinds[static_cast<int>(stream.stream_kind)], state);
  }
  return 1;
}

}  // namespace

std::string Stream::description() const {
  static const char* const kKinds[] = {"TCP connection", "pipe", "terminal", "file"};
  return std::string("Stream of a ") + kKinds[static_cast<int>(stream_kind)];
}

Stream& new_stream(lua_State* L, StreamKind kind) {
  auto* stream = new (lua_newuserdatauv(L, sizeof(Stream), 0)) Stream(kind);
  stream->closing = true;  // until it has a handle
  set_type(L, kStreamType);
  Streams& streams = streams_of(L);
  Scheduler& scheduler = scheduler_of(L);
  auto* handle = new StreamHandle();
  if (const int code = init_handle(scheduler.loop().uv(), *handle, kind); code != 0) {
    delete handle;
    io::raise_uv(L, code, "socket");
  }
  handle->handle.data = handle;
  handle->scheduler = &scheduler;
  handle->owner = stream;
  streams.handles.push_back(*handle);
  stream->handle = handle;
  stream->closing = false;
  return *stream;
}

Stream& new_file_stream(lua_State* L, int fd) {
  auto* stream = new (lua_newuserdatauv(L, sizeof(Stream), 0)) Stream(StreamKind::file);
  set_type(L, kStreamType);
  stream->fd = fd;
  stream->readable = true;
  return *stream;
}

int open_descriptor(Stream& stream, int fd) {
  if (stream.stream_kind == StreamKind::tcp) return uv_tcp_open(&stream.handle->tcp, fd);
  return uv_pipe_open(&stream.handle->pipe, fd);
}

void stream_connected(lua_State* L, Stream& stream) {
  uv_os_fd_t fd = -1;
  uv_fileno(&stream.handle->handle, &fd);
  stream.fd = fd;
  if (stream.stream_kind == StreamKind::tcp) {
    uv_tcp_nodelay(&stream.handle->tcp, 1);
    int size = sizeof stream.peer;
    uv_tcp_getpeername(&stream.handle->tcp, reinterpret_cast<sockaddr*>(&stream.peer), &size);
  }
  stream.opened(L);
}

Stream* to_stream(lua_State* L, int index) { return static_cast<Stream*>(to_userdata(L, index, kStreamType)); }

Stream& check_stream(lua_State* L, int index, const char* method) {
  if (Stream* stream = to_stream(L, index)) return *stream;
  raise(L, ErrorKind::type, "%s must be called with a colon on a Stream, got %s", method, type_name(L, index));
}

Stream& check_open_stream(lua_State* L, const char* method) {
  Stream& stream = check_stream(L, 1, method);
  if (stream.closing) raise(L, ErrorKind::runtime, "%s: the stream is closed", method);
  return stream;
}

void raise_stream_error(lua_State* L, const Stream& stream, int code, const char* syscall) {
  if (stream.peer.sin6_family == 0) io::raise_uv(L, code, syscall);
  char text[io::kAddressSize];
  io::raise_uv(L, code, syscall, io::address_text(reinterpret_cast<const sockaddr*>(&stream.peer), text, sizeof text));
}

int set_stream_limits(lua_State* L) {
  Stream& stream = check_stream(L, 1, "set_limits");
  stream.limit = static_cast<std::size_t>(luaL_optinteger(L, 2, static_cast<lua_Integer>(stream.limit)));
  stream.high_water = static_cast<std::size_t>(luaL_optinteger(L, 3, static_cast<lua_Integer>(stream.high_water)));
  return 0;
}

void close_handle(StreamHandle& handle) {
  if (uv_is_closing(&handle.handle) == 0) uv_close(&handle.handle, on_closed);
}

void stop_watching(Stream& stream) {
  if (!stream.watching) return;
  stream.watching = false;
  uv_read_stop(&stream.handle->stream);
}

void close_stream(Stream& stream, Scheduler& scheduler, bool at_once) {
  if (!stream.closing) {
    stream.closing = true;
    stream.closed();
    if (Task* reader = std::exchange(stream.reader, nullptr)) scheduler.wake(*reader);
    if (stream.handle == nullptr) {
      if (stream.fd > STDERR_FILENO) ::close(stream.fd);
      stream.fd = -1;
      return;
    }
    stop_watching(stream);
    stream.fd = -1;
    stream.handle->may_linger = may_linger(stream);
    stream.handle->read_ahead = stream.has_unread();
  }
  if (stream.handle == nullptr) return;
  if (at_once && stream.handle->writes != 0 && stream.write_error == 0) stream.write_error = UV_ECANCELED;
  while (Waiter* writer = stream.writers.pop_front()) scheduler.wake(static_cast<Task&>(*writer));
  if (at_once) {
    close_handle(*stream.handle);
  } else if (stream.handle->writes == 0) {
    finish(*stream.handle);
  } else {
    stream.handle->close_when_written = true;
  }
}

void stream_written(StreamHandle& handle) {
  if (handle.close_when_written && handle.writes == 0 && uv_is_closing(&handle.handle) == 0) finish(handle);
}

void open_streams(lua_State* L) {
  if (lua_rawgetp(L, LUA_REGISTRYINDEX, &kStreams) != LUA_TNIL) return lua_pop(L, 1);
  lua_pop(L, 1);
  new_type(L, kStreamsType);
  lua_pushcfunction(L, bound<streams_gc>);
  lua_setfield(L, -2, "__gc");
  lua_pop(L, 1);
  new (lua_newuserdatauv(L, sizeof(Streams), 0)) Streams();
  set_type(L, kStreamsType);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &kStreams);
  new_type(L, kStreamType);
  static const luaL_Reg kMethods[] = {
      {"close", bound<stream_close>},
      {"abort", bound<stream_abort>},
      {"wait_closed", bound<stream_wait_closed>},
      {"is_closing", bound<stream_is_closing>},
      {"detach", bound<stream_detach>},
      {"get_extra_info", bound<stream_get_extra_info>},
      {"set_nodelay", bound<stream_set_nodelay>},
      {"set_keepalive", bound<stream_set_keepalive>},
      {"__close", bound<stream_leave>},
      {"__gc", bound<stream_gc>},
      {"__tostring", bound<stream_tostring>},
  };
  set_functions(L, kMethods);
  add_reading(L);
  add_writing(L);
  lua_pop(L, 1);
}

int open_stream(lua_State* L) {
  open_streams(L);
  lua_createtable(L, 0, 4);
  add_stdio(L);
  return 1;
}

}  // namespace neap::internal::stdlib
