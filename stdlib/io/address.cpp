#include "stdlib/io/address.hpp"

#include "runtime/lua/bind.hpp"
#include "runtime/lua/error.hpp"

#include <netinet/in.h>

#include <cstdio>
#include <cstring>

namespace neap::internal::stdlib::io {

namespace {

constexpr std::size_t kHostSize = INET6_ADDRSTRLEN;

/// The host as text, and the port; -1 for an address of another family.
int split(const sockaddr* address, char* host) {
  if (address->sa_family == AF_INET) {
    const auto* ipv4 = reinterpret_cast<const sockaddr_in*>(address);
    uv_ip4_name(ipv4, host, kHostSize);
    return ntohs(ipv4->sin_port);
  }
  if (address->sa_family == AF_INET6) {
    const auto* ipv6 = reinterpret_cast<const sockaddr_in6*>(address);
    uv_ip6_name(ipv6, host, kHostSize);
    return ntohs(ipv6->sin6_port);
  }
  return -1;
}

}  // namespace

void push_address(lua_State* L, const sockaddr* address) {
  char host[kHostSize];
  const int port = split(address, host);
  if (port < 0) return lua_pushnil(L);
  lua_createtable(L, 0, 2);
  lua_pushstring(L, host);
  lua_setfield(L, -2, "host");
  lua_pushinteger(L, port);
  lua_setfield(L, -2, "port");
  if (address->sa_family != AF_INET6) return;
  const auto scope = reinterpret_cast<const sockaddr_in6*>(address)->sin6_scope_id;
  if (scope == 0) return;
  lua_pushinteger(L, scope);
  lua_setfield(L, -2, "scope_id");
}

void push_address_text(lua_State* L) {
  const int table = lua_gettop(L);
  if (lua_getfield(L, table, "path") == LUA_TNIL) {
    lua_getfield(L, table, "host");
    lua_getfield(L, table, "port");
    const char* host = lua_tostring(L, -2);
    const char* form = host != nullptr && std::strchr(host, ':') != nullptr ? "[%s]:%d" : "%s:%d";
    lua_pushfstring(L, form, host, static_cast<int>(lua_tointeger(L, -1)));
  }
  lua_replace(L, table);
  lua_settop(L, table);
}

bool parse_address(const char* host, int port, sockaddr_storage* address) {
  std::memset(address, 0, sizeof *address);
  return uv_ip4_addr(host, port, reinterpret_cast<sockaddr_in*>(address)) == 0 ||
         uv_ip6_addr(host, port, reinterpret_cast<sockaddr_in6*>(address)) == 0;
}

int check_port(lua_State* L, int index, const char* method) {
  constexpr lua_Integer kHighest = 65535;
  int exact = 0;
  const lua_Integer port = lua_tointegerx(L, index, &exact);
  if (exact != 0 && port >= 0 && port <= kHighest) return static_cast<int>(port);
  if (lua_type(L, index) != LUA_TNUMBER && exact == 0) {
    raise(L, ErrorKind::type, "the port of %s must be an integer from 0 to 65535, got %s", method, type_name(L, index));
  }
  raise(L, ErrorKind::value, "the port of %s must be an integer from 0 to 65535, got %s", method,
        luaL_tolstring(L, index, nullptr));
}

const char* address_text(const sockaddr* address, char* buffer, std::size_t size) {
  char host[kHostSize] = "?";
  const int port = split(address, host);
  std::snprintf(buffer, size, address->sa_family == AF_INET6 ? "[%s]:%d" : "%s:%d", host, port);
  return buffer;
}

}  // namespace neap::internal::stdlib::io
