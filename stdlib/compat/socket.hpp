// A Socket as neap.compat.socket knows it: a descriptor that never blocks, and bytes that were received ahead.
//
// Every operation is one call of the system, which answers at once; a task for which there is nothing yet waits for the
// socket to be ready, and tries again. So a time limit, a number of bytes that were sent before it, and a cancellation
// mean what they mean in LuaSocket, and nothing is written in the background.
//
// Owner: the script's userdata is the Socket; libuv's part is a PollHandle of its own, because closing takes a turn. It
// is made at the first wait, and keeps the loop alive only while a task waits.
//
// Invariants
//  1. `handle` is null before the first wait and once it is closed; `fd` is -1 once it is closed.
//  2. `waits` holds the ReadyEntry of each task that waits for this socket. Closing it wakes them.
#pragma once

#include "runtime/lua/userdata.hpp"
#include "runtime/task/open_handle.hpp"
#include "runtime/task/task.hpp"
#include "stdlib/io/bytes.hpp"

#include <uv.h>

#include <string>

namespace neap::internal::stdlib::compat {

struct Socket;

/// libuv's part of a Socket. Deletes itself when libuv has closed it.
struct PollHandle {
  uv_poll_t poll{};
  Socket* owner = nullptr;         // null once the Socket is closed
  Scheduler* scheduler = nullptr;  // that of the owner
  int events = 0;                  // what libuv looks for
};

struct Socket final : OpenHandle {
  Socket(int descriptor, bool is_owned) : OpenHandle("socket"), fd(descriptor), owned(is_owned) {}
  [[nodiscard]] std::string description() const override { return "socket " + std::to_string(fd); }
  [[nodiscard]] std::size_t unread() const { return ahead.size() - begin; }

  int fd;
  bool owned;  // closing it closes the descriptor
  PollHandle* handle = nullptr;
  WaitList waits;
  io::Bytes ahead;  // received, and not taken yet from `begin` on
  std::size_t begin = 0;
  std::size_t searched = 0;  // from `begin` on: there is no end of line in so many bytes
};

/// What LuaSocket calls the error of the system.
const char* error_text(int error);
/// Pushes nil and that; false and "timeout" of what would have to wait.
int push_failure(lua_State* L, int error);

/// Pushes a Socket of the descriptor.
Socket& push_socket(lua_State* L, int fd, bool owned);
/// The Socket at `index`, closed or not.
Socket& check_socket(lua_State* L, int index);
/// The same at index 1.
inline Socket& self(lua_State* L) { return check_socket(L, 1); }
/// Ends it and wakes who waits for it.
void close_socket(Socket& socket);
/// Wakes every task that waits for the socket.
void wake_waits(Socket& socket, int events);

void new_socket_type(lua_State* L);   // socket.cpp: makes the type and pushes it
void add_transferring(lua_State* L);  // socket_data.cpp: methods of the type on the top of the stack
void add_options(lua_State* L);       // socket_options.cpp: the same
void add_waiting(lua_State* L);       // socket_wait.cpp: the same
void add_making(lua_State* L);        // socket.cpp: functions of the table on the top of the stack
void add_selecting(lua_State* L);     // socket_wait.cpp: the same
void add_naming(lua_State* L);        // names.cpp: the same

}  // namespace neap::internal::stdlib::compat
