// What a Socket receives and sends.
#include "runtime/lua/bind.hpp"
#include "runtime/lua/error.hpp"
#include "stdlib/compat/socket.hpp"
#include "stdlib/io/address.hpp"

#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

namespace neap::internal::stdlib::compat {

namespace {

constexpr std::size_t kLeast = 8192;                       // bytes that one call asks for
constexpr std::size_t kMost = std::size_t{64} * 1024;      // the same
constexpr std::size_t kDatagram = std::size_t{64} * 1024;  // no datagram is longer

thread_local std::array<char, kDatagram> g_datagram;

std::string_view unread(const Socket& socket) { return {socket.ahead.data() + socket.begin, socket.unread()}; }

/// The script has taken so many bytes.
void take(Socket& socket, std::size_t count) {
  socket.begin += count;
  socket.searched = 0;
  if (socket.unread() != 0) return;
  socket.begin = 0;
  socket.ahead.clear();
  socket.ahead.shrink();
}

/// Pushes the bytes, but no carriage return: LuaSocket's lines have none, wherever they were.
void push_line(lua_State* L, std::string_view bytes) {
  luaL_Buffer line;
  luaL_buffinitsize(L, &line, bytes.size());
  for (const char byte : bytes) {
    if (byte != '\r') luaL_addchar(&line, byte);
  }
  luaL_pushresult(&line);
}

/// socket:fill(wanted): receives what there is. true, or false and "timeout" when there is
/// nothing now, or nil and "closed" or another message.
int socket_fill(lua_State* L) {
  Socket& socket = self(L);
  const auto wanted = static_cast<std::size_t>(std::max<lua_Integer>(luaL_optinteger(L, 2, 0), 0));
  if (socket.fd < 0) return push_failure(L, ECONNRESET);
  if (socket.begin != 0) socket.ahead.remove_front(std::exchange(socket.begin, 0));
  const std::size_t room = std::clamp(wanted, kLeast, kMost);
  socket.ahead.reserve_more(room);
  ssize_t got = 0;
  do {
    got = ::recv(socket.fd, socket.ahead.data() + socket.ahead.size(), room, 0);
  } while (got < 0 && errno == EINTR);
  if (got <= 0) return push_failure(L, got == 0 ? ECONNRESET : errno);
  socket.ahead.added(static_cast<std::size_t>(got));
  lua_pushboolean(L, 1);
  return 1;
}

/// socket:take_line(): the next line without its end and the bytes it took, or nil.
int take_line(lua_State* L) {
  Socket& socket = self(L);
  const std::string_view bytes = unread(socket);
  const std::size_t end = bytes.find('\n', socket.searched);
  if (end == std::string_view::npos) {
    socket.searched = bytes.size();
    luaL_pushfail(L);
    return 1;
  }
  push_line(L, bytes.substr(0, end));
  take(socket, end + 1);
  lua_pushinteger(L, static_cast<lua_Integer>(end) + 1);
  return 2;
}

/// socket:take(most, is_line): at most so many bytes; all there are when it is nil. Gives them and their number. Those
/// of a line that has not ended lose their carriage returns.
int take_bytes(lua_State* L) {
  Socket& socket = self(L);
  const std::size_t count = lua_isnoneornil(L, 2)
                                ? socket.unread()
                                : std::min(static_cast<std::size_t>(luaL_checkinteger(L, 2)), socket.unread());
  const std::string_view bytes = unread(socket).substr(0, count);
  lua_toboolean(L, 3) != 0 ? push_line(L, bytes) : push(L, bytes);
  take(socket, count);
  lua_pushinteger(L, static_cast<lua_Integer>(count));
  return 2;
}

int socket_unread(lua_State* L) {
  lua_pushinteger(L, static_cast<lua_Integer>(self(L).unread()));
  return 1;
}

/// socket:send(data, from, to): the number of bytes that the system has taken, or nil and a message.
int socket_send(lua_State* L) {
  const Socket& socket = self(L);
  const std::string_view data = check_view(L, 2);
  const auto from = static_cast<std::size_t>(luaL_checkinteger(L, 3));
  const auto to = static_cast<std::size_t>(luaL_checkinteger(L, 4));
  if (socket.fd < 0) return push_failure(L, EPIPE);
  ssize_t sent = 0;
  do {
    sent = ::send(socket.fd, data.data() + from - 1, to - from + 1, MSG_NOSIGNAL);
  } while (sent < 0 && errno == EINTR);
  if (sent < 0) return push_failure(L, errno);
  lua_pushinteger(L, sent);
  return 1;
}

/// socket:sendto(data, host, port): true, or nil and a message.
int socket_sendto(lua_State* L) {
  const Socket& socket = self(L);
  const std::string_view data = check_view(L, 2);
  sockaddr_storage address;
  if (!io::parse_address(luaL_checkstring(L, 3), static_cast<int>(luaL_checkinteger(L, 4)), &address)) {
    raise(L, ErrorKind::value, "'%s' is no numeric address", lua_tostring(L, 3));
  }
  const socklen_t size = address.ss_family == AF_INET6 ? sizeof(sockaddr_in6) : sizeof(sockaddr_in);
  if (::sendto(socket.fd, data.data(), data.size(), MSG_NOSIGNAL, reinterpret_cast<const sockaddr*>(&address), size) <
      0) {
    return push_failure(L, errno);
  }
  lua_pushboolean(L, 1);
  return 1;
}

/// socket:receivefrom(most): a datagram, of which what is longer is lost, its sender's host and port; or nil and a
/// message.
int socket_receivefrom(lua_State* L) {
  const Socket& socket = self(L);
  const auto most = std::min(static_cast<std::size_t>(luaL_checkinteger(L, 2)), kDatagram);
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  const ssize_t got = ::recvfrom(socket.fd, g_datagram.data(), most, 0, reinterpret_cast<sockaddr*>(&address), &size);
  if (got < 0) return push_failure(L, errno);
  lua_pushlstring(L, g_datagram.data(), static_cast<std::size_t>(got));
  io::push_address(L, reinterpret_cast<sockaddr*>(&address));
  if (lua_isnil(L, -1)) return 1;
  lua_getfield(L, -1, "host");
  lua_getfield(L, -2, "port");
  lua_remove(L, -3);
  return 3;
}

}  // namespace

void add_transferring(lua_State* L) {
  static const luaL_Reg kMethods[] = {
      {"fill", bound<socket_fill>},
      {"take_line", bound<take_line>},
      {"take", bound<take_bytes>},
      {"unread", bound<socket_unread>},
      {"send", bound<socket_send>},
      {"sendto", bound<socket_sendto>},
      {"receivefrom", bound<socket_receivefrom>},
  };
  set_functions(L, kMethods);
}

}  // namespace neap::internal::stdlib::compat
