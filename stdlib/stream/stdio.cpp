// The standard streams of the process.
#include "runtime/loop/process_end.hpp"
#include "runtime/lua/bind.hpp"
#include "runtime/task/scheduler.hpp"
#include "stdlib/io/problem.hpp"
#include "stdlib/io/stdin_bytes.hpp"
#include "stdlib/stream/stream.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdio>

namespace neap::internal::stdlib {

namespace {

// Of what is shared with others, as they were. Several threads may look at once, and see the same.
std::atomic<int> g_flags[STDERR_FILENO + 1] = {-1, -1, -1};

void restore_flags() {
  for (int fd = 0; fd <= STDERR_FILENO; ++fd) {
    if (g_flags[fd] != -1) fcntl(fd, F_SETFL, g_flags[fd].load());
  }
}

/// Makes the end of the process undo what not blocking changes for all who share the descriptor.
void remember_flags(int fd) {
  static const bool kRegistered = at_process_end(restore_flags);
  int unknown = -1;
  if (kRegistered) g_flags[fd].compare_exchange_strong(unknown, fcntl(fd, F_GETFL));
}

/// A descriptor of the same thing that does not block. A pipe is opened once more, because not to block is a property
/// that all who have it share, the shell and C's stdio included; what cannot be opened again is shared.
int unblocked(int fd, int access) {
#ifdef __linux__
  char path[32];
  std::snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
  const int fresh = ::open(path, access | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
  if (fresh >= 0) return fresh;
#else
  (void)access;
#endif
  remember_flags(fd);
  return fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
}

/// stdio(number): the Stream of standard input (0), output (1) or error (2).
int stdio(lua_State* L) {
  const auto number = static_cast<int>(luaL_checkinteger(L, 1));
  const int fd = number == STDIN_FILENO ? fileno(scheduler_of(L).standard_input) : number;
  const int access = number == STDIN_FILENO ? O_RDONLY : O_WRONLY;
  const uv_handle_type type = uv_guess_handle(fd);
  if (type != UV_TTY && type != UV_NAMED_PIPE && type != UV_TCP) {
    Stream& file = new_file_stream(L, fd);
    file.standard = static_cast<unsigned char>(number);
    file.opened(L);
    file.closed();  // the process has it open, not the script
    return 1;
  }
  const StreamKind kind = type == UV_TCP ? StreamKind::tcp : type == UV_TTY ? StreamKind::tty : StreamKind::pipe;
  Stream& stream = new_stream(L, kind);
  stream.waits_for_all = number != STDIN_FILENO;
  stream.standard = static_cast<unsigned char>(number);
  const int own = unblocked(fd, access);
  if (own < 0) io::raise_errno(L, errno, "dup");
  if (const int code = open_descriptor(stream, own); code != 0) {
    ::close(own);
    io::raise_uv(L, code, "open");
  }
  stream_connected(L, stream);
  stream.closed();
  if (number == STDIN_FILENO) {
    stream.is_stdin = true;
    io::set_stdin_bytes(L, io::StdinReader::stream, stream.ahead, stream.begin);
  }
  return 1;
}

}  // namespace

void add_stdio(lua_State* L) {
  lua_pushcfunction(L, bound<stdio>);
  lua_setfield(L, -2, "stdio");
}

}  // namespace neap::internal::stdlib
