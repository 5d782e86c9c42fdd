// UDP sockets.
//
// A datagram is received by the task that waits for it, when it runs: one that is cancelled has taken nothing.
//
// Owner: the script's userdata is the Datagrams; libuv's part is a UdpHandle of its own, because closing takes a turn.
//
// Invariant: `receiver` is parked; `receiver_ready` is true from its waking to its running.
#include "runtime/lua/bind.hpp"
#include "runtime/lua/userdata.hpp"
#include "runtime/task/park.hpp"
#include "runtime/task/scheduler.hpp"
#include "stdlib/io/address.hpp"
#include "stdlib/io/hand_over.hpp"
#include "stdlib/io/problem.hpp"
#include "stdlib/net/module.hpp"
#include "stdlib/net/socket.hpp"
#include "stdlib/permissions/gate.hpp"

#include <unistd.h>

#include <array>
#include <cerrno>
#include <memory>
#include <new>
#include <string>
#include <utility>

namespace neap::internal::stdlib::net {

namespace {

constexpr UserdataType kDatagramsType{"Datagrams"};
constexpr std::size_t kLargest = 65536;  // no datagram is longer

struct Datagrams;

struct UdpHandle {
  uv_poll_t poll{};
  int fd = -1;
  int events = 0;
  Datagrams* owner = nullptr;  // null once it is closed
};

struct Datagrams final : OpenHandle {
  Datagrams() : OpenHandle("udp") {}
  [[nodiscard]] std::string description() const override { return "UDP socket " + name; }

  UdpHandle* handle = nullptr;  // null once it is closed
  Scheduler* scheduler = nullptr;
  Task* receiver = nullptr;
  bool receiver_ready = false;
  WaitList senders;  // wait until the system takes more
  std::string name;
};

void abandon_receive(Scheduler&, Task& task) { static_cast<Datagrams*>(task.wait_object)->receiver = nullptr; }
void abandon_send(Scheduler&, Task& task) { task.unlink(); }
constexpr WaitKind kReceive{.abandon = abandon_receive, .name = "UdpSocket:receive"};
constexpr WaitKind kSend{.abandon = abandon_send, .name = "UdpSocket:send"};

void on_ready(uv_poll_t* poll, int status, int events);

/// Watches for what somebody waits for.
void watch(Datagrams& socket) {
  UdpHandle& handle = *socket.handle;
  const int events = (socket.receiver != nullptr ? UV_READABLE : 0) | (socket.senders.empty() ? 0 : UV_WRITABLE);
  if (events == handle.events) return;
  handle.events = events;
  if (events == 0) {
    uv_poll_stop(&handle.poll);
  } else {
    uv_poll_start(&handle.poll, events, on_ready);
  }
}

void wake_receiver(Datagrams& socket) {
  Task* receiver = std::exchange(socket.receiver, nullptr);
  if (receiver == nullptr) return;
  socket.receiver_ready = true;
  socket.scheduler->wake(*receiver);
}

void wake_senders(Datagrams& socket) {
  while (Waiter* sender = socket.senders.pop_front()) socket.scheduler->wake(static_cast<Task&>(*sender));
}

void on_ready(uv_poll_t* poll, int status, int events) {
  Datagrams* socket = static_cast<UdpHandle*>(poll->data)->owner;
  if (socket == nullptr) return;
  // libuv tells of an error as of an event of its own; the call that meets it raises it.
  if (status < 0 || (events & UV_READABLE) != 0) wake_receiver(*socket);
  if (status < 0 || (events & UV_WRITABLE) != 0) wake_senders(*socket);
  watch(*socket);
}

void close_socket(Datagrams& socket) {
  if (socket.handle == nullptr) return;
  socket.closed();
  UdpHandle* handle = std::exchange(socket.handle, nullptr);
  handle->owner = nullptr;
  uv_poll_stop(&handle->poll);
  ::close(handle->fd);
  uv_close(reinterpret_cast<uv_handle_t*>(&handle->poll),
           [](uv_handle_t* closed) { delete static_cast<UdpHandle*>(closed->data); });
  wake_receiver(socket);
  wake_senders(socket);
}

Datagrams& to_socket(lua_State* L, const char* method) {
  if (void* socket = to_userdata(L, 1, kDatagramsType)) return *static_cast<Datagrams*>(socket);
  raise(L, ErrorKind::type, "%s must be called with a colon on a UdpSocket, got %s", method, type_name(L, 1));
}

Datagrams& to_open_socket(lua_State* L, const char* method) {
  Datagrams& socket = to_socket(L, method);
  if (socket.handle == nullptr) raise(L, ErrorKind::runtime, "%s: the socket is closed", method);
  return socket;
}

/// The address at `host` and `host` + 1, numeric.
sockaddr_storage check_address(lua_State* L, int host) {
  sockaddr_storage address;
  const char* text = luaL_checkstring(L, host);
  if (!io::parse_address(text, static_cast<int>(luaL_checkinteger(L, host + 1)), &address)) {
    raise(L, ErrorKind::value, "'%s' is no numeric address", text);
  }
  return address;
}

const sockaddr* generic(const sockaddr_storage& address) { return reinterpret_cast<const sockaddr*>(&address); }

socklen_t size_of(const sockaddr_storage& address) {
  return address.ss_family == AF_INET6 ? sizeof(sockaddr_in6) : sizeof(sockaddr_in);
}

[[noreturn]] void raise_address(lua_State* L, int error, const char* syscall, const sockaddr_storage& address) {
  char text[io::kAddressSize];
  io::raise_errno(L, error, syscall, io::address_text(generic(address), text, sizeof text));
}

// Making one.

/// In a sandbox that allows any host, a port of the system's choice is none that needs to be allowed.
void check_bind(lua_State* L, const sockaddr_storage& address) {
  const bool any_port = reinterpret_cast<const sockaddr_in&>(address).sin_port == 0;  // sin6_port has the same place
  const Permissions* permissions = permissions_of(L);
  if (permissions != nullptr && any_port && permissions->allows_some(Permission::net)) return;
  check_net(L, generic(address));
}

/// open_udp(host, port, broadcast, reuse_address, reuse_port): the host is numeric.
int open_udp(lua_State* L) {
  lua_settop(L, 5);
  const sockaddr_storage address = check_address(L, 1);
  check_bind(L, address);
  const int fd = open_socket(address.ss_family, SOCK_DGRAM);
  if (fd < 0) raise_address(L, errno, "socket", address);
  if (lua_toboolean(L, 3) != 0) set_option(fd, SOL_SOCKET, SO_BROADCAST);
  if (lua_toboolean(L, 4) != 0) set_option(fd, SOL_SOCKET, SO_REUSEADDR);
  if (lua_toboolean(L, 5) != 0) set_option(fd, SOL_SOCKET, SO_REUSEPORT);
  if (::bind(fd, generic(address), size_of(address)) != 0) {
    const int error = errno;
    ::close(fd);
    raise_address(L, error, "bind", address);
  }
  Datagrams* socket = nullptr;
  const int code = io::hand_over(L, fd, [&] {
    socket = new (lua_newuserdatauv(L, sizeof(Datagrams), 0)) Datagrams();
    set_type(L, kDatagramsType);
    socket->scheduler = &scheduler_of(L);
    auto handle = std::make_unique<UdpHandle>();
    handle->poll.data = handle.get();
    handle->fd = fd;
    handle->owner = socket;
    const int error = uv_poll_init(socket->scheduler->loop().uv(), &handle->poll, fd);
    if (error == 0) socket->handle = handle.release();
    return error;
  });
  if (code != 0) {
    ::close(fd);
    io::raise_uv(L, code, "epoll_ctl");
  }
  socket->opened(L);
  return 1;
}

// Methods.

/// The buffer of all: a datagram is made a string at once.
thread_local std::array<char, kLargest> g_datagram;

int receive_resumed(lua_State* L, int, lua_KContext waited);

/// Pushes data, host and port, or waits for them.
int receive(lua_State* L, Datagrams& socket) {
  sockaddr_storage from{};
  socklen_t size = sizeof from;
  ssize_t got = 0;
  do {
    got = ::recvfrom(socket.handle->fd, g_datagram.data(), kLargest, 0, reinterpret_cast<sockaddr*>(&from), &size);
  } while (got < 0 && errno == EINTR);
  if (got >= 0) {
    lua_pushlstring(L, g_datagram.data(), static_cast<std::size_t>(got));
    io::push_address(L, generic(from));
    return 2;
  }
  if (errno != EAGAIN && errno != EWOULDBLOCK) io::raise_errno(L, errno, "recvfrom", socket.name.c_str());
  Task& task = check_can_wait(L, kReceive.name);
  socket.receiver = &task;
  watch(socket);
  return park(L, task, kReceive, &socket, receive_resumed, 1);
}

int receive_resumed(lua_State* L, int, lua_KContext waited) {
  auto& socket = *static_cast<Datagrams*>(lua_touserdata(L, 1));
  if (waited == 0 || scheduler_of(L).current()->wake_reason == WakeReason::granted) socket.receiver_ready = false;
  finish_wait(L);
  if (socket.handle == nullptr) {
    raise(L, ErrorKind::runtime, "UdpSocket:receive: the socket was closed by another task");
  }
  return receive(L, socket);
}

/// socket:receive(): data and its sender's address.
int udp_receive(lua_State* L) {
  Datagrams& socket = to_open_socket(L, kReceive.name);
  lua_settop(L, 1);
  Task& task = check_can_wait(L, kReceive.name);
  if (socket.receiver != nullptr || socket.receiver_ready) {
    raise(L, ErrorKind::runtime, "UdpSocket:receive: another task is receiving from the socket; one at a time can");
  }
  if (!satisfied_too_often(L)) return receive(L, socket);
  socket.receiver_ready = true;
  return park_ready(L, task, receive_resumed);
}

int send_resumed(lua_State* L, int, lua_KContext);

/// Sends the data at index 2 to the address at 3 and 4, or to that of `connect`; waits while the system takes nothing.
int send_data(lua_State* L, Datagrams& socket) {
  const std::string_view data = check_view(L, 2);
  const bool addressed = !lua_isnil(L, 3);
  sockaddr_storage to{};
  if (addressed) to = check_address(L, 3);
  if (addressed) check_net(L, generic(to));
  ssize_t sent = 0;
  do {
    sent = ::sendto(socket.handle->fd, data.data(), data.size(), 0, addressed ? generic(to) : nullptr,
                    addressed ? size_of(to) : 0);
  } while (sent < 0 && errno == EINTR);
  if (sent >= 0) return 0;
  if (errno == EAGAIN || errno == EWOULDBLOCK) {
    Task& task = check_can_wait(L, kSend.name);
    socket.senders.push_back(task);
    watch(socket);
    return park(L, task, kSend, &socket, send_resumed);
  }
  if (addressed) raise_address(L, errno, "sendto", to);
  io::raise_errno(L, errno, "sendto", socket.name.c_str());
}

int send_resumed(lua_State* L, int, lua_KContext) {
  finish_wait(L);
  auto& socket = *static_cast<Datagrams*>(lua_touserdata(L, 1));
  if (socket.handle == nullptr) raise(L, ErrorKind::runtime, "UdpSocket:send: the socket was closed by another task");
  return send_data(L, socket);
}

/// socket:send(data, host, port)
int udp_send(lua_State* L) {
  Datagrams& socket = to_open_socket(L, kSend.name);
  lua_settop(L, 4);
  Task& task = check_can_wait(L, kSend.name);
  if (satisfied_too_often(L)) return park_ready(L, task, send_resumed);
  return send_data(L, socket);
}

/// socket:connect(host, port)
int udp_connect(lua_State* L) {
  Datagrams& socket = to_open_socket(L, "UdpSocket:connect");
  const sockaddr_storage address = check_address(L, 2);
  check_net(L, generic(address));
  if (::connect(socket.handle->fd, generic(address), size_of(address)) != 0) {
    raise_address(L, errno, "connect", address);
  }
  char text[io::kAddressSize];
  socket.name = io::address_text(generic(address), text, sizeof text);
  return 0;
}

/// socket:address(peer): the own address, or that of `connect`; nil when there is none.
int udp_address(lua_State* L) {
  Datagrams& socket = to_socket(L, "UdpSocket:address");
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  if (socket.handle == nullptr) return 0;
  const bool peer = lua_toboolean(L, 2) != 0;
  const auto get = peer ? ::getpeername : ::getsockname;
  if (get(socket.handle->fd, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    if (peer) return 0;
    io::raise_errno(L, errno, "getsockname");
  }
  io::push_address(L, generic(address));
  return 1;
}

int udp_close(lua_State* L) {
  close_socket(to_socket(L, "UdpSocket:close"));
  return 0;
}

int udp_gc(lua_State* L) {
  Datagrams& socket = to_socket(L, "__gc");
  socket.collected(scheduler_of(L));
  close_socket(socket);
  socket.~Datagrams();
  new (&socket) Datagrams();
  return 0;
}

}  // namespace

void add_udp(lua_State* L) {
  new_type(L, kDatagramsType);
  static const luaL_Reg kMethods[] = {
      {"receive", bound<udp_receive>}, {"send", bound<udp_send>},   {"connect", bound<udp_connect>},
      {"address", bound<udp_address>}, {"close", bound<udp_close>}, {"__gc", bound<udp_gc>},
  };
  set_functions(L, kMethods);
  lua_pop(L, 1);
  lua_pushcfunction(L, bound<open_udp>);
  lua_setfield(L, -2, "open_udp");
}

}  // namespace neap::internal::stdlib::net
