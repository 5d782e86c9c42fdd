// The methods of Stream that read.
#include "runtime/lua/bind.hpp"
#include "runtime/lua/continuation.hpp"
#include "runtime/lua/string_block.hpp"
#include "runtime/task/park.hpp"
#include "runtime/task/scheduler.hpp"
#include "stdlib/io/formats.hpp"
#include "stdlib/io/problem.hpp"
#include "stdlib/io/stdin_bytes.hpp"
#include "stdlib/stream/stream.hpp"

#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

namespace neap::internal::stdlib {

namespace {

constexpr std::size_t kReadSize = std::size_t{64} * 1024;
constexpr int kReadsInARow = 16;
constexpr int kBlocked = -1;  // what an attempt gives that has to wait

/// One for all: what is read into it is made a string, or moved to a stream's buffer, at once.
thread_local std::array<char, kReadSize> g_buffer;

void abandon_read(Scheduler&, Task& task) { static_cast<Stream*>(task.wait_object)->reader = nullptr; }
constexpr WaitKind kRead{.abandon = abandon_read, .name = "Stream:read", .describe = describe_first_argument};

// Getting bytes.

/// True while what is typed at the terminal is an interactive prompt's.
bool is_for_prompt(const Scheduler& scheduler) {
  return scheduler.console != nullptr && scheduler.console->takes_input();
}

/// Reads what there is, as far as there is room in the two places, of which the second may be empty. Returns the number
/// of bytes; 0 at the end, after a failure, and when there is nothing now: see the flags of the stream.
std::size_t read_some(Stream& stream, const iovec& place, const iovec& behind = {}) {
  if (!stream.readable || stream.ended) return 0;
  if (stream.is_stdin && stream.handle != nullptr && is_for_prompt(*stream.handle->scheduler)) {
    stream.readable = false;
    return 0;
  }
  ssize_t got = 0;
  do {
    if (behind.iov_len == 0) {
      got = ::read(stream.fd, place.iov_base, place.iov_len);
    } else {
      const iovec places[] = {place, behind};
      got = ::readv(stream.fd, places, 2);
    }
  } while (got < 0 && errno == EINTR);
  if (got > 0) {
    // Less than was asked for: there is no more, or libuv will tell of it.
    const std::size_t room = place.iov_len + behind.iov_len;
    stream.readable = static_cast<std::size_t>(got) == room || stream.handle == nullptr;
    return static_cast<std::size_t>(got);
  }
  stream.readable = false;
  if (got == 0) {
    stream.ended = true;
  } else if (errno != EAGAIN && errno != EWOULDBLOCK) {
    stream.read_error = errno == EIO && stream.stream_kind == StreamKind::tty ? 0 : errno;
    stream.ended = stream.read_error == 0;  // a terminal that has hung up is at its end
  }
  if (stream.handle != nullptr && (stream.ended || stream.read_error != 0)) stop_watching(stream);
  return 0;
}

/// A Stream as a ReadPlan knows it.
class StreamSource final : public io::ReadSource {
 public:
  explicit StreamSource(Stream& stream) : ReadSource(stream.ahead, stream.begin), stream_(stream) {}

  io::More more(std::size_t) override {
    // Others have their turn before a peer that sends as fast as this end reads.
    if (left_ == 0 && stream_.handle != nullptr) return io::More::blocked;
    --left_;
    if (begin != 0) {
      ahead.remove_front(begin);
      begin = 0;
    }
    // Where much is ahead already, the room for more is not wasted on a connection that waits for little.
    const bool direct = ahead.size() >= kReadSize;
    if (direct) ahead.reserve_more(kReadSize);
    char* place = direct ? ahead.data() + ahead.size() : g_buffer.data();
    const std::size_t got = read_some(stream_, {place, kReadSize});
    if (got == 0) {
      if (stream_.read_error != 0) return io::More::failed;
      return stream_.ended ? io::More::end : io::More::blocked;
    }
    if (direct) {
      ahead.added(got);
    } else {
      ahead.append({g_buffer.data(), got});
    }
    return io::More::got;
  }

  io::More rest() override {
    for (;;) {
      const io::More outcome = more(0);
      if (outcome != io::More::got) return outcome;
    }
  }

 private:
  Stream& stream_;
  int left_ = kReadsInARow;
};

/// The script has taken the bytes before `end`.
void take(Stream& stream, std::size_t end) {
  stream.begin = end;
  if (stream.has_unread()) return;
  stream.begin = 0;
  stream.ahead = io::Bytes();
}

[[noreturn]] void raise_read_error(lua_State* L, const Stream& stream) {
  raise_stream_error(L, stream, uv_translate_sys_error(stream.read_error), "read");
}

// Waiting.

void on_readable(uv_stream_t* raw, ssize_t, const uv_buf_t*) {
  auto* handle = static_cast<StreamHandle*>(raw->data);
  Stream* stream = handle->owner;
  if (stream == nullptr) {
    uv_read_stop(raw);
    return;
  }
  stream->readable = true;
  if (Task* reader = std::exchange(stream->reader, nullptr)) {
    stream->reader_ready = true;
    handle->scheduler->wake(*reader);
  } else if (!stream->reader_ready) {
    stop_watching(*stream);
  }
}

/// An attempt to read: the number of its results, or kBlocked.
using Attempt = int (*)(lua_State* L, Stream& stream);

void check_single(lua_State* L, const Stream& stream) {
  if (stream.reader == nullptr && !stream.reader_ready) return;
  raise(L, ErrorKind::runtime, "Stream:read: another task is reading from the stream; one at a time can");
}

template <Attempt attempt>
int resumed(lua_State* L, int, lua_KContext waited);

/// Waits for something to read, and attempts again.
template <Attempt attempt>
int wait_to_read(lua_State* L, Stream& stream, Task& task) {
  if (!stream.watching) {
    // Without room for anything libuv tells that there is something, and reads nothing.
    const auto no_room = [](uv_handle_t*, std::size_t, uv_buf_t* buffer) { *buffer = uv_buf_init(nullptr, 0); };
    const int code = uv_read_start(&stream.handle->stream, no_room, on_readable);
    if (code != 0) io::raise_uv(L, code, "read");
    stream.watching = true;
  }
  stream.reader = &task;
  return park(L, task, kRead, &stream, bound_continuation<resumed<attempt>>, 1);
}

template <Attempt attempt>
int resumed(lua_State* L, int, lua_KContext waited) {
  auto& stream = *static_cast<Stream*>(lua_touserdata(L, 1));
  // One that was interrupted in its wait for data has been taken off by abandon_read.
  if (waited == 0 || scheduler_of(L).current()->wake_reason == WakeReason::granted) stream.reader_ready = false;
  finish_wait(L);
  if (stream.closing) raise(L, ErrorKind::runtime, "Stream:read: the stream was closed by another task");
  const int results = attempt(L, stream);
  if (results != kBlocked) return results;
  Task& task = check_can_wait(L, kRead.name);
  check_single(L, stream);
  return wait_to_read<attempt>(L, stream, task);
}

/// The beginning of every method that reads.
template <Attempt attempt>
int start(lua_State* L, Stream& stream) {
  Task& task = check_can_wait(L, kRead.name);
  check_single(L, stream);
  if (stream.is_stdin) io::take_over_stdin(L, io::StdinReader::stream);
  if (satisfied_too_often(L)) {
    stream.reader_ready = true;
    return park_ready(L, task, bound_continuation<resumed<attempt>>);
  }
  const int results = attempt(L, stream);
  return results != kBlocked ? results : wait_to_read<attempt>(L, stream, task);
}

// What is attempted.

std::size_t check_count(lua_State* L, int index, const char* method, bool zero) {
  int exact = 0;
  const lua_Integer count = lua_tointegerx(L, index, &exact);
  if (lua_type(L, index) != LUA_TNUMBER) {
    raise(L, ErrorKind::type, "argument %d of %s must be a number of bytes, got %s", index - 1, method,
          type_name(L, index));
  }
  if (exact == 0 || count < (zero ? 0 : 1)) {
    raise(L, ErrorKind::value, "argument %d of %s must be a %s number of bytes, got %s", index - 1, method,
          zero ? "whole" : "positive", luaL_tolstring(L, index, nullptr));
  }
  return static_cast<std::size_t>(count);
}

/// Reads to the buffer, but to the block as much as the string had that was read last: mostly this one has as much too.
/// True when the block is the string; otherwise all of it is in the buffer.
bool read_to_block(Stream& stream, char* block, std::size_t most, std::size_t* got) {
  const std::size_t expected = stream.last_size;
  char* bytes = block + kBeforeString;
  *got = read_some(stream, {bytes, expected}, {g_buffer.data() + expected, most - expected});
  if (*got == expected) return true;
  std::memcpy(g_buffer.data(), bytes, std::min(*got, expected));
  return false;
}

/// Pushes what there is to read as a string of at most so many bytes. False when there is nothing.
bool push_what_comes(lua_State* L, Stream& stream, std::size_t most) {
  const bool guess = stream.sizes_alike && stream.last_size <= most && stream.readable;
  const std::size_t expected = stream.last_size;
  char* block = guess ? new_string_block(L, expected) : nullptr;
  std::size_t got = 0;
  if (block == nullptr) {
    got = read_some(stream, {g_buffer.data(), most});
  } else if (read_to_block(stream, block, most, &got)) {
    push_string_block(L, block, expected);
    return true;
  } else {
    drop_string_block(L, block, expected);
  }
  if (got == 0) return false;
  stream.sizes_alike = got == expected;
  stream.last_size = got;
  lua_pushlstring(L, g_buffer.data(), got);
  return true;
}

/// At most as many bytes as index 2 says: what comes first.
int attempt_some(lua_State* L, Stream& stream) {
  const auto count = static_cast<std::size_t>(lua_tointeger(L, 2));
  if (stream.has_unread()) {
    const std::size_t taken = std::min(count, stream.ahead.size() - stream.begin);
    lua_pushlstring(L, stream.ahead.data() + stream.begin, taken);
    take(stream, stream.begin + taken);
    return 1;
  }
  if (push_what_comes(L, stream, std::min(count, kReadSize))) return 1;
  if (stream.read_error != 0) raise_read_error(L, stream);
  if (!stream.ended) return kBlocked;
  luaL_pushfail(L);
  return 1;
}

/// The answer is all that is ahead, and so much that it is not copied.
bool answers_everything(lua_State* L, const Stream& stream) {
  if (stream.plan.results.size() != 1 || !can_push_block(L, stream.ahead.size())) return false;
  const io::ReadResult& result = stream.plan.results.front();
  return result.found && !result.number && result.from == 0 && result.size == stream.ahead.size();
}

/// What the stream's plan says.
int attempt_plan(lua_State* L, Stream& stream) {
  StreamSource source(stream);
  if (!stream.plan.run(source)) {
    if (stream.plan.overrun()) {
      raise(L, ErrorKind::limit_overrun,
            "there is no end of line in the first %d bytes, the limit of the stream; read a number of bytes",
            static_cast<int>(stream.limit));
    }
    if (stream.read_error != 0) raise_read_error(L, stream);
    return kBlocked;
  }
  if (answers_everything(L, stream)) {
    const std::size_t size = stream.ahead.size();
    stream.begin = 0;
    push_string_block(L, stream.ahead.release(), size);
    return 1;
  }
  const int count = io::push_results(L, stream.ahead, stream.plan);
  take(stream, stream.plan.end());
  return count;
}

/// Raises an IncompleteReadError with what is left, which is taken. `expected` may be -1: unknown.
[[noreturn]] void raise_incomplete(lua_State* L, Stream& stream, lua_Integer expected) {
  const std::size_t got = stream.ahead.size() - stream.begin;
  if (expected >= 0) {
    lua_pushfstring(L, "the stream ended after %I of %I bytes", static_cast<lua_Integer>(got), expected);
  } else {
    lua_pushfstring(L, "the stream ended after %I bytes without the separator", static_cast<lua_Integer>(got));
  }
  wrap_message(L, ErrorKind::incomplete_read);
  lua_pushlstring(L, stream.ahead.data() + stream.begin, got);
  lua_setfield(L, -2, "partial");
  if (expected >= 0) {
    lua_pushinteger(L, expected);
    lua_setfield(L, -2, "expected");
  }
  take(stream, stream.ahead.size());
  raise_value(L);
}

/// Exactly as many bytes as index 2 says.
int attempt_exactly(lua_State* L, Stream& stream) {
  const auto count = static_cast<std::size_t>(lua_tointeger(L, 2));
  StreamSource source(stream);
  while (stream.ahead.size() - stream.begin < count) {
    const io::More outcome = source.more(0);
    if (outcome == io::More::blocked) return kBlocked;
    if (outcome == io::More::failed) raise_read_error(L, stream);
    if (outcome == io::More::end) raise_incomplete(L, stream, static_cast<lua_Integer>(count));
  }
  lua_pushlstring(L, stream.ahead.data() + stream.begin, count);
  take(stream, stream.begin + count);
  return 1;
}

/// Everything up to the separator at index 2, and that. Index 3: how many bytes have been searched.
int attempt_until(lua_State* L, Stream& stream) {
  const std::string_view separator = check_view(L, 2);
  StreamSource source(stream);
  auto searched = static_cast<std::size_t>(lua_tointeger(L, 3));
  for (;;) {
    const std::string_view unread(stream.ahead.data() + stream.begin, stream.ahead.size() - stream.begin);
    const std::size_t place = unread.find(separator, searched);
    if (place != std::string_view::npos && place <= stream.limit) {
      const std::size_t size = place + separator.size();
      lua_pushlstring(L, unread.data(), size);
      take(stream, stream.begin + size);
      return 1;
    }
    if (place != std::string_view::npos || unread.size() >= stream.limit + separator.size()) {
      raise(L, ErrorKind::limit_overrun,
            "there is no separator in the first %d bytes, the limit of the stream; read a number of bytes",
            static_cast<int>(stream.limit));
    }
    searched = unread.size() >= separator.size() ? unread.size() - separator.size() + 1 : 0;
    const io::More outcome = source.more(0);
    if (outcome == io::More::got) continue;
    if (outcome == io::More::failed) raise_read_error(L, stream);
    if (outcome == io::More::end) raise_incomplete(L, stream, -1);
    lua_pushinteger(L, static_cast<lua_Integer>(searched));
    lua_replace(L, 3);
    return kBlocked;
  }
}

// Methods.

/// stream:read(n), stream:read(format, ...)
int stream_read(lua_State* L) {
  Stream& stream = check_open_stream(L, "Stream:read");
  if (lua_gettop(L) == 2 && lua_type(L, 2) == LUA_TNUMBER) {
    check_count(L, 2, "Stream:read", false);
    return start<attempt_some>(L, stream);
  }
  check_single(L, stream);
  io::check_formats(L, stream.plan, "Stream:read");
  stream.plan.limit = stream.limit;
  return start<attempt_plan>(L, stream);
}

/// stream:readline(): with its end; nil at the end of the stream.
int stream_readline(lua_State* L) {
  Stream& stream = check_open_stream(L, "Stream:readline");
  check_single(L, stream);
  lua_settop(L, 1);
  stream.plan.items.assign(1, {io::Format::line_with_end, 0});
  stream.plan.limit = stream.limit;
  return start<attempt_plan>(L, stream);
}

/// stream:readexactly(n)
int stream_readexactly(lua_State* L) {
  Stream& stream = check_open_stream(L, "Stream:readexactly");
  check_count(L, 2, "Stream:readexactly", true);
  lua_settop(L, 2);
  return start<attempt_exactly>(L, stream);
}

/// stream:readuntil(separator)
int stream_readuntil(lua_State* L) {
  Stream& stream = check_open_stream(L, "Stream:readuntil");
  if (lua_isnoneornil(L, 2)) {
    lua_settop(L, 1);
    lua_pushliteral(L, "\n");
  }
  if (lua_type(L, 2) != LUA_TSTRING) {
    raise(L, ErrorKind::type, "the separator of Stream:readuntil must be a string, got %s", type_name(L, 2));
  }
  if (check_view(L, 2).empty()) raise(L, ErrorKind::value, "the separator of Stream:readuntil must not be empty");
  lua_settop(L, 2);
  lua_pushinteger(L, 0);
  return start<attempt_until>(L, stream);
}

int stream_lines(lua_State* L) {
  check_open_stream(L, "Stream:lines");
  return io::push_lines<stream_read>(L, "Stream:lines");
}

/// stream:at_eof(): the end has been met, and everything before it was taken.
int stream_at_eof(lua_State* L) {
  const Stream& stream = check_stream(L, 1, "Stream:at_eof");
  lua_pushboolean(L, stream.closing || (stream.ended && !stream.has_unread()));
  return 1;
}

}  // namespace

void add_reading(lua_State* L) {
  static const luaL_Reg kMethods[] = {
      {"read", bound<stream_read>},
      {"readline", bound<stream_readline>},
      {"readexactly", bound<stream_readexactly>},
      {"readuntil", bound<stream_readuntil>},
      {"lines", bound<stream_lines>},
      {"at_eof", bound<stream_at_eof>},
  };
  set_functions(L, kMethods);
}

}  // namespace neap::internal::stdlib
