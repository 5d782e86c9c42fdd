// The methods of Stream that write.
#include "runtime/lua/bind.hpp"
#include "runtime/task/park.hpp"
#include "runtime/task/scheduler.hpp"
#include "stdlib/io/problem.hpp"
#include "stdlib/stream/stream.hpp"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>

namespace neap::internal::stdlib {

namespace {

void abandon_write(Scheduler&, Task& task) { task.unlink(); }
constexpr WaitKind kWrite{.abandon = abandon_write, .name = "Stream:write", .describe = describe_first_argument};

constexpr int kSeparate = 16;  // more strings than these are joined before they are written

/// Bytes that libuv writes. What it writes from is kept alive by `anchor`.
struct WriteRequest {
  uv_write_t request{};
  int anchor = 0;
};

std::size_t low_water(const Stream& stream) { return stream.waits_for_all ? 0 : stream.high_water / 4; }

bool must_wait(const Stream& stream) { return stream.queued() > (stream.waits_for_all ? 0 : stream.high_water); }

void wake_writers(Stream& stream, Scheduler& scheduler) {
  if (stream.write_error == 0 && stream.queued() > low_water(stream)) return;
  while (Waiter* writer = stream.writers.pop_front()) scheduler.wake(static_cast<Task&>(*writer));
}

void request_begun(StreamHandle& handle) {
  if (handle.writes++ == 0) ++handle.scheduler->unsent;
}

void request_done(StreamHandle& handle, int status) {
  if (--handle.writes == 0 && handle.scheduler != nullptr) --handle.scheduler->unsent;
  if (status < 0) handle.may_linger = false;
  if (Stream* stream = handle.owner) {
    if (status < 0 && stream->write_error == 0) stream->write_error = status;
    if (handle.scheduler != nullptr) wake_writers(*stream, *handle.scheduler);
  }
  stream_written(handle);
}

void on_written(uv_write_t* raw, int status) {
  auto* request = reinterpret_cast<WriteRequest*>(raw);
  auto& handle = *static_cast<StreamHandle*>(raw->handle->data);
  if (handle.scheduler != nullptr) handle.scheduler->release(handle.scheduler->main_thread(), request->anchor);
  delete request;
  request_done(handle, status);
}

[[noreturn]] void raise_write_error(lua_State* L, const Stream& stream) {
  raise_stream_error(L, stream, stream.write_error, "write");
}

void check_writable(lua_State* L, const Stream& stream, const char* method) {
  if (stream.write_ended) raise(L, ErrorKind::runtime, "%s: write_eof has ended what this stream sends", method);
  if (stream.write_error != 0) raise_write_error(L, stream);
}

/// Removes the first `count` bytes. Returns the first string of which something is left.
int skip(uv_buf_t* strings, int number, std::size_t count) {
  int first = 0;
  while (first < number && strings[first].len <= count) count -= strings[first++].len;
  if (first < number) {
    strings[first].base += count;
    strings[first].len -= count;
  }
  return first;
}

/// Hands the strings, which are at index 2 and above, to libuv.
void queue_strings(lua_State* L, Stream& stream, const uv_buf_t* strings, int number) {
  Scheduler& scheduler = scheduler_of(L);
  const int top = lua_gettop(L);
  if (top == 2) {
    lua_pushvalue(L, 2);
  } else {
    lua_createtable(L, top - 1, 0);
    for (int index = 2; index <= top; ++index) {
      lua_pushvalue(L, index);
      lua_rawseti(L, -2, index - 1);
    }
  }
  const int anchor = scheduler.anchor(L);
  auto* request = new WriteRequest();
  request->anchor = anchor;
  const int code =
      uv_write(&request->request, &stream.handle->stream, strings, static_cast<unsigned>(number), on_written);
  if (code != 0) {
    scheduler.release(L, anchor);
    delete request;
    stream.write_error = code;
    raise_write_error(L, stream);
  }
  request_begun(*stream.handle);
}

/// A file takes everything, at once.
void write_file(lua_State* L, Stream& stream, uv_buf_t* strings, int number) {
  for (int i = 0; i < number; ++i) {
    std::size_t done = 0;
    while (done < strings[i].len) {
      const ssize_t written = ::write(stream.fd, strings[i].base + done, strings[i].len - done);
      if (written >= 0) {
        done += static_cast<std::size_t>(written);
      } else if (errno != EINTR) {
        io::raise_errno(L, errno, "write");
      }
    }
  }
}

/// While a prompt is on the terminal, it shows what standard output and error are sent. True when it does.
bool write_to_console(lua_State* L, const Stream& stream, const uv_buf_t* strings, int number) {
  StandardStreams* console = scheduler_of(L).console;
  if (console == nullptr || stream.stream_kind != StreamKind::tty || !stream.waits_for_all) return false;
  std::fflush(stdout);
  for (int i = 0; i < number; ++i) console->write({strings[i].base, strings[i].len});
  return true;
}

/// Where an application has taken over the output, it gets what standard output and error are sent.
bool write_to_application(lua_State* L, const Stream& stream, const uv_buf_t* strings, int number) {
  const auto& output = scheduler_of(L).output;
  if (!output || stream.standard == 0) return false;
  for (int i = 0; i < number; ++i) output(stream.standard, {strings[i].base, strings[i].len});
  return true;
}

/// Writes what the system takes now, and queues the rest.
void write_strings(lua_State* L, Stream& stream, uv_buf_t* strings, int number) {
  if (write_to_application(L, stream, strings, number) || write_to_console(L, stream, strings, number)) return;
  if (stream.fd == STDOUT_FILENO) std::fflush(stdout);
  if (stream.handle == nullptr) return write_file(L, stream, strings, number);
  int first = 0;
  if (stream.handle->writes == 0) {
    const int written = uv_try_write(&stream.handle->stream, strings, static_cast<unsigned>(number));
    if (written < 0 && written != UV_EAGAIN) {
      stream.write_error = written;
      raise_write_error(L, stream);
    }
    if (written > 0) first = skip(strings, number, static_cast<std::size_t>(written));
  }
  if (first < number) queue_strings(L, stream, strings + first, number - first);
}

[[noreturn]] void raise_no_string(lua_State* L, int index, const char* method) {
  raise(L, ErrorKind::type, "argument %d of %s must be a string or a number, got %s", index - 1, method,
        type_name(L, index));
}

/// Makes one string of all at index 2 and above.
void join(lua_State* L, int top, const char* method) {
  for (int index = 2; index <= top; ++index) {
    if (lua_isstring(L, index) == 0) raise_no_string(L, index, method);
  }
  lua_concat(L, top - 1);
}

/// The strings at index 2 to `top`, but empty ones. Returns how many there are.
int collect(lua_State* L, uv_buf_t* strings, int top, const char* method) {
  int number = 0;
  for (int index = 2; index <= top; ++index) {
    std::size_t size = 0;
    const char* bytes = lua_tolstring(L, index, &size);
    if (bytes == nullptr) raise_no_string(L, index, method);
    if (size != 0) strings[number++] = {const_cast<char*>(bytes), size};
  }
  return number;
}

int write_resumed(lua_State* L, int, lua_KContext) {
  finish_wait(L);
  const auto& stream = *static_cast<Stream*>(lua_touserdata(L, 1));
  if (stream.write_error != 0) raise_write_error(L, stream);
  lua_settop(L, 1);
  return 1;
}

/// Waits until less is queued; the answer is the stream.
int wait_until_less(lua_State* L, Stream& stream) {
  Task& task = check_can_wait(L, kWrite.name);
  stream.writers.push_back(task);
  return park(L, task, kWrite, &stream, write_resumed);
}

/// Writes the strings at index 2 and above, and waits when too much is queued then.
int write_all(lua_State* L, Stream& stream, const char* method) {
  Scheduler& scheduler = scheduler_of(L);
  check_writable(L, stream, method);
  if (scheduler.current() != nullptr) check_can_wait(L, method);  // a cancelled task writes nothing
  int top = lua_gettop(L);
  if (top - 1 > kSeparate) {
    join(L, top, method);
    top = 2;
  }
  uv_buf_t strings[kSeparate];
  const int number = collect(L, strings, top, method);
  if (number != 0) write_strings(L, stream, strings, number);
  if (Task* task = scheduler.current(); task != nullptr) {
    if (must_wait(stream)) return wait_until_less(L, stream);
    if (satisfied_too_often(L)) return park_uninterrupted(L, *task, write_resumed);
  }
  lua_settop(L, 1);
  return 1;
}

/// stream:write(...)
int stream_write(lua_State* L) { return write_all(L, check_open_stream(L, kWrite.name), kWrite.name); }

/// stream:writelines(list)
int stream_writelines(lua_State* L) {
  Stream& stream = check_open_stream(L, "Stream:writelines");
  if (!lua_istable(L, 2)) {
    raise(L, ErrorKind::type, "argument 1 of Stream:writelines must be a list of strings, got %s", type_name(L, 2));
  }
  const auto count = static_cast<int>(std::min<lua_Integer>(luaL_len(L, 2), LUAI_MAXSTACK));
  luaL_checkstack(L, count, "too many strings for Stream:writelines");
  for (int i = 1; i <= count; ++i) lua_geti(L, 2, i);
  lua_remove(L, 2);
  return write_all(L, stream, "Stream:writelines");
}

/// stream:drain(): waits while more than the high-water mark is queued.
int stream_drain(lua_State* L) {
  Stream& stream = check_stream(L, 1, "Stream:drain");
  lua_settop(L, 1);
  if (stream.write_error != 0) raise_write_error(L, stream);
  check_can_wait(L, "Stream:drain");
  return must_wait(stream) ? wait_until_less(L, stream) : 1;
}

bool has_end(const Stream& stream) {
  return stream.stream_kind == StreamKind::tcp || stream.stream_kind == StreamKind::pipe;
}

bool is_socket(const Stream& stream) {
  if (stream.stream_kind != StreamKind::pipe) return stream.stream_kind == StreamKind::tcp;
  char path[1];
  std::size_t size = sizeof path;
  return uv_pipe_getsockname(&stream.handle->pipe, path, &size) != UV_ENOTSOCK;
}

/// stream:write_eof(): the peer meets the end behind what is queued.
int stream_write_eof(lua_State* L) {
  Stream& stream = check_open_stream(L, "Stream:write_eof");
  lua_settop(L, 1);
  if (stream.write_ended) return 1;
  if (stream.write_error != 0) raise_write_error(L, stream);
  if (!has_end(stream)) {
    raise(L, ErrorKind::runtime, "Stream:write_eof: what is written to a terminal or a file has no end to be told of");
  }
  if (!is_socket(stream)) {  // a pipe has one direction
    stream.write_ended = true;
    close_stream(stream, scheduler_of(L), false);
    return 1;
  }
  auto* request = new uv_shutdown_t();
  const int code = uv_shutdown(request, &stream.handle->stream, [](uv_shutdown_t* done, int) {
    auto& handle = *static_cast<StreamHandle*>(done->handle->data);
    delete done;
    request_done(handle, 0);
  });
  if (code != 0) {
    delete request;
    if (code != UV_ENOTCONN) io::raise_uv(L, code, "shutdown");
  } else {
    request_begun(*stream.handle);
  }
  stream.write_ended = true;
  return 1;
}

int stream_can_write_eof(lua_State* L) {
  const Stream& stream = check_stream(L, 1, "Stream:can_write_eof");
  lua_pushboolean(L, has_end(stream));
  return 1;
}

}  // namespace

void add_writing(lua_State* L) {
  static const luaL_Reg kMethods[] = {
      {"write", bound<stream_write>},
      {"writelines", bound<stream_writelines>},
      {"drain", bound<stream_drain>},
      {"write_eof", bound<stream_write_eof>},
      {"can_write_eof", bound<stream_can_write_eof>},
  };
  set_functions(L, kMethods);
}

}  // namespace neap::internal::stdlib
