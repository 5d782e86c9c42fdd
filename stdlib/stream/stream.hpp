// A Stream: bytes in and out, over TCP, a Unix socket, a pipe, a terminal or a file.
//
//   open ──> closing ──> closed
//               └──> lingering ──> closed      of a connection whose peer has sent what nobody has read: linger.cpp
//
// Reading. libuv only says when there is something to read; the task that waits then reads it itself, straight into
// the string that the script gets. Without a reader nothing is fetched: what arrives stays with the system, whose flow
// control holds the peer back, and a cancelled read has taken nothing.
//
// Writing. What the system takes at once is written at once. The rest is queued by reference (the strings are kept
// alive), and a writer waits while more than `high_water` bytes are queued.
//
// Owner: the script's userdata is the Stream; libuv's part is a StreamHandle of its own, because closing takes a turn
// of the loop, and because what is queued is written even when the script has forgotten the Stream.
//
// Invariants
//  1. At most one task reads. `reader` is parked until something comes; `reader_ready` is true while it does not run
//     for another reason: it was woken, or lets others run.
//  2. `handle` is null for a file, which never blocks, and once everything is closed.
//  3. Every StreamHandle is in its state's list until libuv has closed it; closing the state takes their Lua part off.
#pragma once

#include "runtime/lua/userdata.hpp"
#include "runtime/task/open_handle.hpp"
#include "runtime/task/task.hpp"
#include "stdlib/io/read_plan.hpp"

#include <netinet/in.h>
#include <uv.h>

#include <string>

namespace neap::internal::stdlib {

enum class StreamKind : std::uint8_t { tcp, pipe, tty, file };

struct Stream;

struct StreamHandle;

/// The handles of a state that linger, the oldest first.
struct Lingering {
  WaitList handles;
  int count = 0;
};

/// What a StreamHandle needs while it lingers. Deleted when libuv has closed the timer.
struct Linger {
  uv_timer_t quiet{};
  std::uint64_t began = 0;  // in libuv's milliseconds
  std::size_t discarded = 0;
  Lingering* lingering = nullptr;
};

/// libuv's part of a Stream. Deletes itself when libuv has closed it.
struct StreamHandle : WaitLink {
  union {
    uv_handle_t handle;
    uv_stream_t stream;
    uv_tcp_t tcp;
    uv_pipe_t pipe;  // of a terminal too
  };
  uv_connect_t connecting{};
  Task* connector = nullptr;  // parked until it is connected
  int connect_status = 0;
  Stream* owner = nullptr;         // null once the script's object is gone
  Scheduler* scheduler = nullptr;  // null once the state is being closed
  int writes = 0;                  // requests under way, write_eof's among them
  bool close_when_written = false;
  bool may_linger = false;   // closed by the script, and its peer may have sent what nobody has read
  bool read_ahead = false;   // it has
  Linger* linger = nullptr;  // while it lingers

  StreamHandle() : handle() {}
  [[nodiscard]] bool listed() const { return next != nullptr; }
  void leave_list() {
    prev->next = next;
    next->prev = prev;
    prev = next = nullptr;
  }
};

struct Stream final : OpenHandle {
  explicit Stream(StreamKind of_kind) : OpenHandle("stream"), stream_kind(of_kind) {}
  [[nodiscard]] std::string description() const override;
  [[nodiscard]] bool has_unread() const { return begin != ahead.size(); }
  [[nodiscard]] std::size_t queued() const { return handle != nullptr ? handle->stream.write_queue_size : 0; }

  StreamKind stream_kind;
  bool reader_ready = false;
  bool watching = false;       // libuv looks for something to read
  bool readable = false;       // there may be something to read
  bool ended = false;          // the peer has ended what it sends
  bool write_ended = false;    // write_eof was called
  bool closing = false;        // close was called
  bool detached = false;       // the server that made it does not close it
  bool is_stdin = false;       // io.read may have read what comes first
  unsigned char standard = 0;  // 1 and 2: standard output and error
  bool waits_for_all = false;  // a write waits until nothing is queued: for what ends with the process
  int fd = -1;
  int read_error = 0;   // errno of a read that failed
  int write_error = 0;  // libuv's code of a write that failed
  StreamHandle* handle = nullptr;
  Task* reader = nullptr;
  WaitList writers;  // wait until less is queued
  WaitList closers;  // wait until it is closed
  io::Bytes ahead;   // read, and not taken yet: what follows a line, say
  std::size_t begin = 0;
  std::size_t last_size = 0;  // of the last string that read(n) gave as it came
  bool sizes_alike = false;   // that and the one before it
  io::ReadPlan plan;
  std::size_t limit = kLimit;
  std::size_t high_water = kHighWater;
  sockaddr_in6 peer{};  // of TCP, also when it is gone; an IPv4 one too

  static constexpr std::size_t kLimit = std::size_t{64} * 1024;
  static constexpr std::size_t kHighWater = std::size_t{64} * 1024;
};

/// Makes the type, once per state; to be called by every module that has Streams.
void open_streams(lua_State* L);

/// Pushes a new Stream with a fresh handle of the kind, of no connection yet. Raises what libuv says.
Stream& new_stream(lua_State* L, StreamKind kind);
/// Pushes a new Stream of a file's descriptor.
Stream& new_file_stream(lua_State* L, int fd);
/// Makes a new Stream be of the descriptor, which it owns then. Returns libuv's code.
int open_descriptor(Stream& stream, int fd);
/// The handle of the new Stream is connected: it can be read and written.
void stream_connected(lua_State* L, Stream& stream);

/// The Stream at `index`, or null.
Stream* to_stream(lua_State* L, int index);
/// The same; TypeError for anything else. `method` is what it is called for.
Stream& check_stream(lua_State* L, int index, const char* method);
/// The Stream at index 1, which must not be closed.
Stream& check_open_stream(lua_State* L, const char* method);

/// Raises the OSError of libuv's code, with the peer's address.
[[noreturn]] void raise_stream_error(lua_State* L, const Stream& stream, int code, const char* syscall);

/// Ends it: what is queued is still written, unless `at_once`.
void close_stream(Stream& stream, Scheduler& scheduler, bool at_once);
/// A request of the handle has ended.
void stream_written(StreamHandle& handle);
/// Lua function `set_limits(stream, limit, high_water)`: nil leaves one as it is.
int set_stream_limits(lua_State* L);
/// No further readiness is wanted.
void stop_watching(Stream& stream);
/// Closes libuv's part, now.
void close_handle(StreamHandle& handle);

// linger.cpp

/// True when the handle, of which everything is written, must linger: it has shut down what it sends then.
bool must_linger(const StreamHandle& handle);
/// The handle has no Stream any more.
void begin_linger(StreamHandle& handle, Lingering& lingering);
void end_linger(StreamHandle& handle);

void add_reading(lua_State* L);  // read.cpp: the methods that read
void add_writing(lua_State* L);  // write.cpp: those that write
void add_stdio(lua_State* L);    // stdio.cpp

}  // namespace neap::internal::stdlib
