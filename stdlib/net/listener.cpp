// Listeners: sockets on which connections come in.
//
// The socket is watched by a uv_poll_t and not by uv_listen, because a server must be able to stop accepting, when it
// has enough connections or no descriptor is left, without losing those that wait in the system's queue.
//
// Owner: the script's userdata is the Listener; libuv's part is a PollHandle of its own, because closing takes a turn.
#include "runtime/lua/bind.hpp"
#include "runtime/lua/userdata.hpp"
#include "runtime/task/scheduler.hpp"
#include "stdlib/io/address.hpp"
#include "stdlib/io/hand_over.hpp"
#include "stdlib/io/problem.hpp"
#include "stdlib/net/module.hpp"
#include "stdlib/net/socket.hpp"
#include "stdlib/permissions/gate.hpp"
#include "stdlib/stream/stream.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <new>
#include <string>
#include <utility>

namespace neap::internal::stdlib::net {

namespace {

constexpr std::size_t kLongestPath = sizeof(sockaddr_un::sun_path) - 1;
constexpr UserdataType kListenerType{"Listener"};

struct Listener;

struct PollHandle {
  uv_poll_t poll{};
  int fd = -1;
  Listener* owner = nullptr;  // null once it is closed
};

/// User value 1: the Handle of the callback, called when there are connections.
struct Listener final : OpenHandle {
  Listener() : OpenHandle("server") {}
  [[nodiscard]] std::string description() const override { return "server on " + name; }

  PollHandle* handle = nullptr;  // null once it is closed
  Scheduler* scheduler = nullptr;
  Handle* callback = nullptr;
  int anchor = 0;         // of the callback
  bool silenced = false;  // not watched until the callback has run
  StreamKind kind = StreamKind::tcp;
  std::string name;
  std::string path;  // of a Unix socket: removed when the listener is closed
};

Listener& check_listener(lua_State* L, const char* method) {
  if (void* listener = to_userdata(L, 1, kListenerType)) return *static_cast<Listener*>(listener);
  raise(L, ErrorKind::type, "%s must be called with a colon on a Listener, got %s", method, type_name(L, 1));
}

void on_ready(uv_poll_t* poll, int, int) {
  Listener* listener = static_cast<PollHandle*>(poll->data)->owner;
  if (listener == nullptr) return;
  if (listener->callback->linked()) {
    // At the end of the program it runs no more, and the loop would come here without a pause.
    listener->silenced = true;
    uv_poll_stop(poll);
    return;
  }
  Scheduler& scheduler = *listener->scheduler;
  lua_State* L = scheduler.main_thread();
  scheduler.push_anchored(L, listener->anchor);
  call_soon(L, scheduler, *listener->callback);
  lua_pop(L, 1);
}

void watch(Listener& listener) {
  listener.silenced = false;
  uv_poll_start(&listener.handle->poll, UV_READABLE, on_ready);
}

/// `remove`: the path of a Unix socket too.
void close_listener(lua_State* L, Listener& listener, bool remove) {
  if (listener.anchor != 0) {
    cancel_handle(L, *listener.scheduler, *listener.callback);
    listener.scheduler->release(L, std::exchange(listener.anchor, 0));
  }
  if (listener.handle == nullptr) return;
  listener.closed();
  PollHandle* handle = std::exchange(listener.handle, nullptr);
  handle->owner = nullptr;
  uv_poll_stop(&handle->poll);
  ::close(handle->fd);
  uv_close(reinterpret_cast<uv_handle_t*>(&handle->poll),
           [](uv_handle_t* closed) { delete static_cast<PollHandle*>(closed->data); });
  if (remove && !listener.path.empty()) ::unlink(listener.path.c_str());
}

// Making one.

struct Problem {
  int error = 0;
  const char* syscall = "";
};

Problem bind_and_listen(int fd, const sockaddr* address, socklen_t size, int backlog) {
  if (::bind(fd, address, size) != 0) return {errno, "bind"};
  if (::listen(fd, backlog) != 0) return {errno, "listen"};
  return {};
}

/// Pushes a Listener without a socket. The callback is at `callback`.
Listener& new_listener(lua_State* L, StreamKind kind, int callback) {
  auto* listener = new (lua_newuserdatauv(L, sizeof(Listener), 0)) Listener();
  set_type(L, kListenerType);
  listener->kind = kind;
  listener->scheduler = &scheduler_of(L);
  lua_pushvalue(L, callback);
  listener->callback = &new_handle(L, 0);
  listener->anchor = listener->scheduler->anchor(L);
  return *listener;
}

/// Pushes the Listener of the socket, or closes that and raises.
void push_listener(lua_State* L, int fd, StreamKind kind, const char* name, int callback) {
  Listener* listener = nullptr;
  const int code = io::hand_over(L, fd, [&] {
    listener = &new_listener(L, kind, callback);
    listener->name = name;
    auto handle = std::make_unique<PollHandle>();
    handle->poll.data = handle.get();
    handle->fd = fd;
    handle->owner = listener;
    const int error = uv_poll_init(listener->scheduler->loop().uv(), &handle->poll, fd);
    if (error == 0) listener->handle = handle.release();
    return error;
  });
  if (code != 0) {
    ::close(fd);
    io::raise_uv(L, code, "epoll_ctl", name);
  }
  watch(*listener);
  listener->opened(L);
}

/// listen_tcp(host, port, backlog, reuse_port, callback): the host is numeric.
int listen_tcp(lua_State* L) {
  sockaddr_storage address;
  const char* host = luaL_checkstring(L, 1);
  const int port = io::check_port(L, 2, "start_server");
  if (!io::parse_address(host, port, &address)) raise(L, ErrorKind::value, "'%s' is no numeric address", host);
  const auto backlog = static_cast<int>(luaL_checkinteger(L, 3));
  luaL_checktype(L, 5, LUA_TFUNCTION);
  const auto* generic = reinterpret_cast<const sockaddr*>(&address);
  check_net(L, generic);
  char text[io::kAddressSize];
  io::address_text(generic, text, sizeof text);
  const int fd = open_socket(generic->sa_family, SOCK_STREAM);
  if (fd < 0) io::raise_errno(L, errno, "socket", text);
  set_option(fd, SOL_SOCKET, SO_REUSEADDR);
  if (lua_toboolean(L, 4) != 0) set_option(fd, SOL_SOCKET, SO_REUSEPORT);
  const bool ipv6 = generic->sa_family == AF_INET6;
  if (ipv6) set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY);
  const Problem problem = bind_and_listen(fd, generic, ipv6 ? sizeof(sockaddr_in6) : sizeof(sockaddr_in), backlog);
  if (problem.error != 0) {
    ::close(fd);
    io::raise_errno(L, problem.error, problem.syscall, text);
  }
  socklen_t size = sizeof address;  // a port that the system has picked is known now
  if (getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    const int error = errno;
    ::close(fd);
    io::raise_errno(L, error, "getsockname", text);
  }
  io::address_text(generic, text, sizeof text);
  push_listener(L, fd, StreamKind::tcp, text, 5);
  return 1;
}

/// Raises unless the sandbox lets the path be read and written. Asked for a second time, with the socket that is closed
/// then, it finds out whether somebody has changed directories meanwhile.
void check_socket_path(lua_State* L, const char* path, int fd = -1) {
  bool denied = false;
  {
    const Confinement confined(permissions_of(L));
    Reach reach;
    denied = reach.entry(path, kToRead | kToWrite) == kDenied;
  }
  if (!denied) return;
  if (fd >= 0) ::close(fd);
  raise_denial(L);
}

/// listen_pipe(path, backlog, callback): a socket that is there already, and that nobody listens on, is replaced.
int listen_pipe(lua_State* L) {
  const std::string_view path = check_view(L, 1);
  const auto backlog = static_cast<int>(luaL_checkinteger(L, 2));
  luaL_checktype(L, 3, LUA_TFUNCTION);
  check_socket_path(L, path.data());
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.data(), std::min(path.size(), kLongestPath));
  const int fd = open_socket(AF_UNIX, SOCK_STREAM);
  if (fd < 0) io::raise_errno(L, errno, "socket", path.data());
  struct stat status {};
  const auto* generic = reinterpret_cast<const sockaddr*>(&address);
  if (::stat(path.data(), &status) == 0 && S_ISSOCK(status.st_mode)) {
    const int probe = open_socket(AF_UNIX, SOCK_STREAM);
    const bool in_use = probe >= 0 && (::connect(probe, generic, sizeof address) == 0 || errno == EAGAIN);
    if (probe >= 0) ::close(probe);
    if (!in_use) ::unlink(path.data());
  }
  const Problem problem = bind_and_listen(fd, generic, sizeof address, backlog);
  if (problem.error == 0) check_socket_path(L, path.data(), fd);
  if (problem.error != 0) {
    ::close(fd);
    io::raise_errno(L, problem.error, problem.syscall, path.data());
  }
  push_listener(L, fd, StreamKind::pipe, path.data(), 3);
  static_cast<Listener*>(lua_touserdata(L, -1))->path = path;
  return 1;
}

// Methods.

/// The connection that waits longest, or -1 with errno.
int next_connection(int fd) {
  for (;;) {
#ifdef __linux__
    const int accepted = ::accept4(fd, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
#else
    const int accepted = ::accept(fd, nullptr, nullptr);
    if (accepted >= 0) fcntl(accepted, F_SETFD, FD_CLOEXEC);
#endif
    // One that was given up before it was accepted is no failure.
    if (accepted >= 0 || (errno != EINTR && errno != ECONNABORTED && errno != EPROTO)) return accepted;
  }
}

/// listener:accept(): a Stream, or nil when no connection waits.
int listener_accept(lua_State* L) {
  Listener& listener = check_listener(L, "accept");
  if (listener.handle == nullptr) return 0;
  if (listener.silenced) watch(listener);
  const int fd = next_connection(listener.handle->fd);
  if (fd < 0) {
    if (errno == EAGAIN || errno == EWOULDBLOCK) return 0;
    io::raise_errno(L, errno, "accept", listener.name.c_str());
  }
  Stream& stream = io::hand_over(L, fd, [&]() -> Stream& { return new_stream(L, listener.kind); });
  if (const int code = open_descriptor(stream, fd); code != 0) {
    ::close(fd);
    close_stream(stream, scheduler_of(L), true);
    io::raise_uv(L, code, "accept", listener.name.c_str());
  }
  stream_connected(L, stream);
  return 1;
}

/// listener:pause(), listener:resume(): connections wait in the system's queue meanwhile.
int listener_pause(lua_State* L) {
  Listener& listener = check_listener(L, "pause");
  listener.silenced = false;
  if (listener.handle != nullptr) uv_poll_stop(&listener.handle->poll);
  return 0;
}

int listener_resume(lua_State* L) {
  Listener& listener = check_listener(L, "resume");
  if (listener.handle != nullptr) watch(listener);
  return 0;
}

int listener_address(lua_State* L) {
  Listener& listener = check_listener(L, "address");
  if (listener.handle == nullptr) return 0;
  if (!listener.path.empty()) {
    lua_createtable(L, 0, 1);
    push(L, listener.path);
    lua_setfield(L, -2, "path");
    return 1;
  }
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  if (getsockname(listener.handle->fd, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    io::raise_errno(L, errno, "getsockname");
  }
  io::push_address(L, reinterpret_cast<const sockaddr*>(&address));
  return 1;
}

int listener_close(lua_State* L) {
  close_listener(L, check_listener(L, "close"), true);
  return 0;
}

int listener_gc(lua_State* L) {
  Listener& listener = check_listener(L, "__gc");
  listener.collected(scheduler_of(L));
  close_listener(L, listener, true);
  listener.~Listener();
  new (&listener) Listener();
  return 0;
}

}  // namespace

void add_listening(lua_State* L) {
  new_type(L, kListenerType);
  static const luaL_Reg kMethods[] = {
      {"accept", bound<listener_accept>},   {"pause", bound<listener_pause>}, {"resume", bound<listener_resume>},
      {"address", bound<listener_address>}, {"close", bound<listener_close>}, {"__gc", bound<listener_gc>},
  };
  set_functions(L, kMethods);
  lua_pop(L, 1);
  static const luaL_Reg kFunctions[] = {{"listen_tcp", bound<listen_tcp>}, {"listen_pipe", bound<listen_pipe>}};
  set_functions(L, kFunctions);
  lua_pushinteger(L, kLongestPath);
  lua_setfield(L, -2, "longest_path");
}

}  // namespace neap::internal::stdlib::net
