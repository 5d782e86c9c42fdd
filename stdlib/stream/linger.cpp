// Lingering: the end of a connection whose peer has sent what nobody has read.
//
// A system that closes a connection with unread bytes, or that gets bytes for one it has closed, resets it; and a reset
// may cost the peer what was written to it last. So the peer is told first that nothing more comes, and what it still
// sends is read and thrown away:
//
//   flushed ──unread bytes──> lingering ──> closing        when the peer has ended too, or is quiet for kQuiet, or
//      └──────nothing unread──────────────────^            after kLongest or kMost bytes, or as the oldest of kTogether
//
// Owner: the StreamHandle, which has no Stream from then on: for the script the stream is closed. Neither handle is
// referenced, so that they keep no program waiting; `unsent` counts them, which gives them the grace at its end.
#include "runtime/task/scheduler.hpp"
#include "stdlib/stream/stream.hpp"

#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace neap::internal::stdlib {

namespace {

constexpr std::uint64_t kQuiet = 1'000;     // milliseconds
constexpr std::uint64_t kLongest = 30'000;  // milliseconds
constexpr std::size_t kMost = std::size_t{64} << 20;
constexpr int kTogether = 128;  // in one state: each holds a descriptor
constexpr std::size_t kReadSize = std::size_t{32} * 1024;
constexpr int kReadsInARow = 16;

/// Reads what there is. False at the end, and when enough was read.
bool discard(Linger& linger, int fd) {
  char bytes[kReadSize];
  for (int reads = 0; reads < kReadsInARow; ++reads) {
    const ssize_t got = ::read(fd, bytes, sizeof bytes);
    if (got == 0) return false;
    if (got < 0) return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
    linger.discarded += static_cast<std::size_t>(got);
    if (linger.discarded > kMost) return false;
  }
  return true;
}

int descriptor(const StreamHandle& handle) {
  uv_os_fd_t fd = -1;
  uv_fileno(&handle.handle, &fd);
  return fd;
}

/// Reads on, and ends what has lingered enough. True while it has not.
bool proceed(StreamHandle& handle) {
  const bool in_time = uv_now(handle.handle.loop) - handle.linger->began <= kLongest;
  if (in_time && discard(*handle.linger, descriptor(handle))) return true;
  end_linger(handle);
  return false;
}

void on_more(uv_stream_t* stream, ssize_t, const uv_buf_t*) {
  auto& handle = *static_cast<StreamHandle*>(stream->data);
  if (proceed(handle)) uv_timer_again(&handle.linger->quiet);
}

void on_quiet(uv_timer_t* timer) {
  auto& handle = *static_cast<StreamHandle*>(timer->data);
  // It is late when the script has computed for long: something may have come.
  const std::size_t before = handle.linger->discarded;
  if (proceed(handle) && handle.linger->discarded == before) end_linger(handle);
}

}  // namespace

bool must_linger(const StreamHandle& handle) {
  if (!handle.may_linger) return false;
  const int fd = descriptor(handle);
  int unread = 0;
  if (!handle.read_ahead && (::ioctl(fd, FIONREAD, &unread) != 0 || unread == 0)) return false;
  return ::shutdown(fd, SHUT_WR) == 0;  // not of a pipe
}

void begin_linger(StreamHandle& handle, Lingering& lingering) {
  if (lingering.count == kTogether) end_linger(*static_cast<StreamHandle*>(lingering.handles.first()));
  auto* linger = new Linger();
  handle.linger = linger;
  handle.leave_list();
  lingering.handles.push_back(handle);
  ++lingering.count;
  linger->lingering = &lingering;
  ++handle.scheduler->unsent;
  uv_loop_t* loop = handle.handle.loop;
  uv_update_time(loop);  // the script may have computed for long
  linger->began = uv_now(loop);
  uv_timer_init(loop, &linger->quiet);
  linger->quiet.data = &handle;
  uv_timer_start(&linger->quiet, on_quiet, kQuiet, kQuiet);
  const auto no_room = [](uv_handle_t*, std::size_t, uv_buf_t* buffer) { *buffer = uv_buf_init(nullptr, 0); };
  const int code = uv_read_start(&handle.stream, no_room, on_more);
  uv_unref(reinterpret_cast<uv_handle_t*>(&linger->quiet));
  uv_unref(&handle.handle);
  if (code != 0) end_linger(handle);
}

void end_linger(StreamHandle& handle) {
  Linger* linger = std::exchange(handle.linger, nullptr);
  --linger->lingering->count;
  if (handle.scheduler != nullptr) --handle.scheduler->unsent;
  handle.leave_list();
  linger->quiet.data = linger;
  uv_close(reinterpret_cast<uv_handle_t*>(&linger->quiet),
           [](uv_handle_t* closed) { delete static_cast<Linger*>(closed->data); });
  close_handle(handle);
}

}  // namespace neap::internal::stdlib
