// setoption and getoption, by LuaSocket's names.
#include "runtime/lua/bind.hpp"
#include "runtime/lua/error.hpp"
#include "stdlib/compat/socket.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <string_view>

namespace neap::internal::stdlib::compat {

namespace {

enum class ValueKind : std::uint8_t { boolean, number, linger, error };

struct Option {
  std::string_view name;
  int level;
  int number;
  ValueKind kind;
  std::string_view protocol;  // of the objects that have it; empty: of all
};

#ifdef TCP_KEEPIDLE
constexpr int kKeepIdle = TCP_KEEPIDLE;
#else
constexpr int kKeepIdle = TCP_KEEPALIVE;
#endif

constexpr Option kOptions[] = {
    {"keepalive", SOL_SOCKET, SO_KEEPALIVE, ValueKind::boolean, "tcp"},
    {"reuseaddr", SOL_SOCKET, SO_REUSEADDR, ValueKind::boolean, ""},
    {"reuseport", SOL_SOCKET, SO_REUSEPORT, ValueKind::boolean, ""},
    {"dontroute", SOL_SOCKET, SO_DONTROUTE, ValueKind::boolean, "udp"},
    {"broadcast", SOL_SOCKET, SO_BROADCAST, ValueKind::boolean, "udp"},
    {"linger", SOL_SOCKET, SO_LINGER, ValueKind::linger, "tcp"},
    {"error", SOL_SOCKET, SO_ERROR, ValueKind::error, "tcp"},
    {"recv-buffer-size", SOL_SOCKET, SO_RCVBUF, ValueKind::number, ""},
    {"send-buffer-size", SOL_SOCKET, SO_SNDBUF, ValueKind::number, ""},
    {"tcp-nodelay", IPPROTO_TCP, TCP_NODELAY, ValueKind::boolean, "tcp"},
    {"tcp-keepidle", IPPROTO_TCP, kKeepIdle, ValueKind::number, "tcp"},
    {"tcp-keepcnt", IPPROTO_TCP, TCP_KEEPCNT, ValueKind::number, "tcp"},
    {"tcp-keepintvl", IPPROTO_TCP, TCP_KEEPINTVL, ValueKind::number, "tcp"},
    {"ipv6-v6only", IPPROTO_IPV6, IPV6_V6ONLY, ValueKind::boolean, ""},
    {"ipv6-unicast-hops", IPPROTO_IPV6, IPV6_UNICAST_HOPS, ValueKind::number, "udp"},
    {"ipv6-multicast-hops", IPPROTO_IPV6, IPV6_MULTICAST_HOPS, ValueKind::number, "udp"},
    {"ipv6-multicast-loop", IPPROTO_IPV6, IPV6_MULTICAST_LOOP, ValueKind::boolean, "udp"},
    {"ip-multicast-ttl", IPPROTO_IP, IP_MULTICAST_TTL, ValueKind::number, "udp"},
    {"ip-multicast-loop", IPPROTO_IP, IP_MULTICAST_LOOP, ValueKind::boolean, "udp"},
};

/// The option that index 2 names, or null.
const Option* find_option(lua_State* L) {
  const std::string_view name = check_view(L, 2);
  for (const Option& option : kOptions) {
    if (option.name == name) return &option;
  }
  return nullptr;
}

int failed(lua_State* L, const char* message) {
  luaL_pushfail(L);
  lua_pushstring(L, message);
  return 2;
}

/// socket:option_kind(name, protocol): what setoption takes: "boolean", "number" or "table"; false for what is only
/// read; nil for an option that objects of the protocol do not have.
int option_kind(lua_State* L) {
  static const char* const kKinds[] = {"boolean", "number", "table"};
  const Option* option = find_option(L);
  if (option == nullptr || (!option->protocol.empty() && option->protocol != check_view(L, 3))) {
    luaL_pushfail(L);
  } else if (option->kind == ValueKind::error) {
    lua_pushboolean(L, 0);
  } else {
    lua_pushstring(L, kKinds[static_cast<int>(option->kind)]);
  }
  return 1;
}

/// socket:setoption(name, value): of the right type.
int set_option(lua_State* L) {
  const int fd = self(L).fd;
  const Option& option = *find_option(L);
  int code = 0;
  if (option.kind == ValueKind::linger) {
    lua_getfield(L, 3, "on");
    lua_getfield(L, 3, "timeout");
    linger value{};
    value.l_onoff = lua_toboolean(L, -2);
    value.l_linger = static_cast<int>(lua_tonumber(L, -1));
    code = setsockopt(fd, option.level, option.number, &value, sizeof value);
  } else {
    const int value = option.kind == ValueKind::boolean ? lua_toboolean(L, 3) : static_cast<int>(lua_tonumber(L, 3));
    code = setsockopt(fd, option.level, option.number, &value, sizeof value);
  }
  if (code != 0) return failed(L, "setsockopt failed");
  lua_pushnumber(L, 1);
  return 1;
}

int push_linger(lua_State* L, int fd) {
  linger value{};
  socklen_t size = sizeof value;
  if (getsockopt(fd, SOL_SOCKET, SO_LINGER, &value, &size) != 0) return failed(L, "getsockopt failed");
  lua_createtable(L, 0, 2);
  lua_pushboolean(L, value.l_onoff);
  lua_setfield(L, -2, "on");
  lua_pushinteger(L, value.l_linger);
  lua_setfield(L, -2, "timeout");
  return 1;
}

/// socket:getoption(name)
int get_option(lua_State* L) {
  const int fd = self(L).fd;
  const Option& option = *find_option(L);
  if (option.kind == ValueKind::linger) return push_linger(L, fd);
  int value = 0;
  socklen_t size = sizeof value;
  if (getsockopt(fd, option.level, option.number, &value, &size) != 0) return failed(L, "getsockopt failed");
  switch (option.kind) {
    case ValueKind::boolean: lua_pushboolean(L, value); break;
    case ValueKind::error: lua_pushstring(L, value != 0 ? error_text(value) : nullptr); break;
    default: lua_pushnumber(L, value); break;
  }
  return 1;
}

}  // namespace

void add_options(lua_State* L) {
  static const luaL_Reg kMethods[] = {
      {"option_kind", bound<option_kind>}, {"setoption", bound<set_option>}, {"getoption", bound<get_option>}};
  set_functions(L, kMethods);
}

}  // namespace neap::internal::stdlib::compat
