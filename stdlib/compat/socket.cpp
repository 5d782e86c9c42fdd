// Sockets: making, connecting, accepting, closing.
#include "stdlib/compat/socket.hpp"

#include "runtime/lua/bind.hpp"
#include "runtime/lua/error.hpp"
#include "runtime/task/scheduler.hpp"
#include "stdlib/io/address.hpp"
#include "stdlib/io/hand_over.hpp"
#include "stdlib/permissions/gate.hpp"

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <new>
#include <utility>

namespace neap::internal::stdlib::compat {

namespace {

constexpr UserdataType kSocketType{"Socket"};

socklen_t size_of(const sockaddr* address) {
  return address->sa_family == AF_INET6 ? sizeof(sockaddr_in6) : sizeof(sockaddr_in);
}

void prepare(int fd) {
  fcntl(fd, F_SETFD, FD_CLOEXEC);
  fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
}

/// LuaSocket's objects have descriptors that a script can read and set, which no sandbox can hold.
void check_available(lua_State* L) {
  if (permissions_of(L) != nullptr) raise_unavailable(L, "a socket of LuaSocket's", "async.open_connection");
}

/// socket(family, kind): "inet" or "inet6", "stream" or "dgram". A Socket, or nil and a message.
int new_socket(lua_State* L) {
  check_available(L);
  const int family = check_view(L, 1) == "inet6" ? AF_INET6 : AF_INET;
  const int fd = ::socket(family, check_view(L, 2) == "dgram" ? SOCK_DGRAM : SOCK_STREAM, 0);
  if (fd < 0) return push_failure(L, errno);
  prepare(fd);
  if (family == AF_INET6) {  // as LuaSocket's
    const int on = 1;
    setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
  }
  push_socket(L, fd, true);
  return 1;
}

/// adopt(fd, owned): a Socket of a descriptor that is there, which may be somebody else's; a closed one of -1.
int adopt(lua_State* L) {
  check_available(L);
  const auto fd = static_cast<int>(luaL_checkinteger(L, 1));
  push_socket(L, fd, fd >= 0 && lua_toboolean(L, 2) != 0);
  return 1;
}

/// The address of the numeric host at index 2 and the port at index 3.
sockaddr_storage check_address(lua_State* L) {
  sockaddr_storage address;
  if (!io::parse_address(luaL_checkstring(L, 2), static_cast<int>(luaL_checkinteger(L, 3)), &address)) {
    raise(L, ErrorKind::value, "'%s' is no numeric address", lua_tostring(L, 2));
  }
  return address;
}

using Operation = int (*)(int fd, const sockaddr* address, socklen_t size);

/// Does it with the address. true, or false and "timeout" when it has only begun, or nil and a message.
template <Operation operation>
int with_address(lua_State* L) {
  const Socket& socket = self(L);
  const sockaddr_storage address = check_address(L);
  const auto* generic = reinterpret_cast<const sockaddr*>(&address);
  int code = 0;
  do {
    code = operation(socket.fd, generic, size_of(generic));
  } while (code != 0 && errno == EINTR);
  if (code != 0) return push_failure(L, errno == EINPROGRESS ? EAGAIN : errno);
  lua_pushboolean(L, 1);
  return 1;
}

/// socket:disconnect(): a datagram socket has no peer any more.
int socket_disconnect(lua_State* L) {
  sockaddr none{};
  none.sa_family = AF_UNSPEC;
  if (::connect(self(L).fd, &none, sizeof none) != 0 && errno != EAFNOSUPPORT) return push_failure(L, errno);
  lua_pushboolean(L, 1);
  return 1;
}

/// socket:connected(): how an attempt that was under way has ended.
int socket_connected(lua_State* L) {
  const Socket& socket = self(L);
  int error = EBADF;
  socklen_t size = sizeof error;
  if (getsockopt(socket.fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0) error = errno;
  if (error != 0) return push_failure(L, error);
  lua_pushboolean(L, 1);
  return 1;
}

/// socket:listen(backlog)
int socket_listen(lua_State* L) {
  if (::listen(self(L).fd, static_cast<int>(luaL_checkinteger(L, 2))) != 0) return push_failure(L, errno);
  lua_pushboolean(L, 1);
  return 1;
}

/// socket:accept(): a Socket, or false and "timeout" when there is no connection, or nil and a message.
int socket_accept(lua_State* L) {
  const Socket& socket = self(L);
  int fd = -1;
  do {
    fd = ::accept(socket.fd, nullptr, nullptr);
  } while (fd < 0 && (errno == EINTR || errno == ECONNABORTED));
  if (fd < 0) return push_failure(L, errno);
  prepare(fd);
  push_socket(L, fd, true);
  return 1;
}

using NameFunction = int (*)(int, sockaddr*, socklen_t*);

/// The host, the port and the family, or nil and a message.
template <NameFunction get>
int get_name(lua_State* L) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  if (get(self(L).fd, generic, &size) != 0) return push_failure(L, errno);
  io::push_address(L, generic);
  if (lua_isnil(L, -1)) return 1;
  lua_getfield(L, -1, "host");
  lua_getfield(L, -2, "port");
  lua_pushstring(L, generic->sa_family == AF_INET6 ? "inet6" : "inet");
  return 3;
}

/// socket:shutdown(how): "receive", "send" or "both".
int socket_shutdown(lua_State* L) {
  const std::string_view how = check_view(L, 2);
  ::shutdown(self(L).fd, how == "receive" ? SHUT_RD : how == "send" ? SHUT_WR : SHUT_RDWR);
  return 0;
}

int socket_fd(lua_State* L) {
  lua_pushinteger(L, self(L).fd);
  return 1;
}

int socket_close(lua_State* L) {
  close_socket(self(L));
  return 0;
}

/// socket:release(): ends it, and leaves the descriptor to somebody else.
int socket_release(lua_State* L) {
  Socket& socket = self(L);
  socket.owned = false;
  close_socket(socket);
  return 0;
}

int socket_gc(lua_State* L) {
  Socket& socket = self(L);
  socket.collected(scheduler_of(L));
  close_socket(socket);
  socket.~Socket();
  new (&socket) Socket(-1, false);  // another finalizer may still hold it
  return 0;
}

int socket_tostring(lua_State* L) {
  lua_pushfstring(L, "<Socket fd=%d>", self(L).fd);
  return 1;
}

}  // namespace

const char* error_text(int error) {
  switch (error) {
    case EAGAIN:
    case ETIMEDOUT: return "timeout";
    case EADDRINUSE: return "address already in use";
    case EISCONN: return "already connected";
    case EACCES: return "permission denied";
    case ECONNREFUSED: return "connection refused";
    case ECONNABORTED:
    case ECONNRESET:
    case EPIPE: return "closed";
    default: return std::strerror(error);
  }
}

int push_failure(lua_State* L, int error) {
  if (error == EAGAIN) {
    lua_pushboolean(L, 0);
  } else {
    luaL_pushfail(L);
  }
  lua_pushstring(L, error_text(error));
  return 2;
}

Socket& push_socket(lua_State* L, int fd, bool owned) {
  auto* socket = io::hand_over(L, owned ? fd : -1, [&] {
    auto* made = new (lua_newuserdatauv(L, sizeof(Socket), 0)) Socket(fd, owned);
    set_type(L, kSocketType);
    return made;
  });
  if (owned) socket->opened(L);
  return *socket;
}

Socket& check_socket(lua_State* L, int index) {
  if (void* socket = to_userdata(L, index, kSocketType)) return *static_cast<Socket*>(socket);
  raise(L, ErrorKind::type, "argument %d must be a Socket, got %s", index, type_name(L, index));
}

void close_socket(Socket& socket) {
  if (socket.fd < 0) return;
  socket.closed();
  if (socket.handle != nullptr) {
    wake_waits(socket, UV_READABLE | UV_WRITABLE);
    PollHandle* handle = std::exchange(socket.handle, nullptr);
    handle->owner = nullptr;
    uv_poll_stop(&handle->poll);
    uv_close(reinterpret_cast<uv_handle_t*>(&handle->poll),
             [](uv_handle_t* closed) { delete static_cast<PollHandle*>(closed->data); });
  }
  if (socket.owned) ::close(socket.fd);
  socket.fd = -1;
}

void new_socket_type(lua_State* L) {
  new_type(L, kSocketType);
  static const luaL_Reg kMethods[] = {
      {"connect", bound<with_address<::connect>>},
      {"bind", bound<with_address<::bind>>},
      {"connected", bound<socket_connected>},
      {"disconnect", bound<socket_disconnect>},
      {"listen", bound<socket_listen>},
      {"accept", bound<socket_accept>},
      {"getpeername", bound<get_name<::getpeername>>},
      {"getsockname", bound<get_name<::getsockname>>},
      {"shutdown", bound<socket_shutdown>},
      {"fd", bound<socket_fd>},
      {"close", bound<socket_close>},
      {"release", bound<socket_release>},
      {"__gc", bound<socket_gc>},
      {"__tostring", bound<socket_tostring>},
  };
  set_functions(L, kMethods);
}

void add_making(lua_State* L) {
  static const luaL_Reg kFunctions[] = {{"socket", bound<new_socket>}, {"adopt", bound<adopt>}};
  set_functions(L, kFunctions);
}

}  // namespace neap::internal::stdlib::compat
