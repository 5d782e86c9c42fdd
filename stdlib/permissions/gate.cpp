#include "stdlib/permissions/gate.hpp"

#include "runtime/lua/error.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <string>

namespace neap::internal {

namespace {

const char* what_of(Permission kind) {
  switch (kind) {
    case Permission::read:
    case Permission::code: return "reading ";
    case Permission::write: return "writing ";
    case Permission::net: return "reaching ";
    case Permission::run: return "running ";
    case Permission::env: return "the environment variable ";
    case Permission::thread: return "starting threads";
    case Permission::signal: return "handling signals";
    case Permission::native: return "loading ";
  }
  return "";
}

void set_field(lua_State* L, const char* name, const char* value) {
  lua_pushstring(L, value);
  lua_setfield(L, -2, name);
}

/// Makes the message on the top of the stack the error, and raises it.
[[noreturn]] void raise_message(lua_State* L, const char* permission, const char* value, bool is_path) {
  wrap_message(L, ErrorKind::permission);
  set_field(L, "code", "EACCES");
  lua_pushinteger(L, EACCES);
  lua_setfield(L, -2, "errno");
  if (permission != nullptr) set_field(L, "permission", permission);
  if (*value != '\0') set_field(L, "value", value);
  if (is_path) set_field(L, "path", value);
  raise_value(L);
}

}  // namespace

void raise_denied(lua_State* L, Permission kind, const char* value) {
  const char* name = permission_name(kind == Permission::code ? Permission::read : kind);
  const bool is_path = kind == Permission::read || kind == Permission::write || kind == Permission::code;
  if (*value == '\0' && kind == Permission::native) {
    lua_pushliteral(L, "loading bytecode is not allowed in the sandbox; allow it with --allow-native");
  } else if (*value == '\0') {
    lua_pushfstring(L, "%sis not allowed in the sandbox; allow it with --allow-%s",
                    takes_no_values(kind) ? lua_pushfstring(L, "%s ", what_of(kind)) : what_of(kind), name);
  } else {
    lua_pushfstring(L, "%s'%s' is not allowed in the sandbox; allow it with --allow-%s=%s", what_of(kind), value, name,
                    value);
  }
  raise_message(L, name, value, is_path);
}

void raise_unavailable(lua_State* L, const char* what, const char* instead) {
  lua_pushfstring(L, "%s is not available in the sandbox%s%s", what, *instead != '\0' ? "; use " : "", instead);
  raise_message(L, nullptr, what, false);
}

void raise_denial(lua_State* L) {
  Permission kind{};
  {
    const Denial denial = take_denial();
    kind = denial.kind;
    lua_pushlstring(L, denial.value.data(), denial.value.size());
  }
  raise_denied(L, kind, lua_tostring(L, -1));
}

std::string numeric_host(const sockaddr* address) {
  char host[INET6_ADDRSTRLEN] = "";
  if (address->sa_family == AF_INET) {
    inet_ntop(AF_INET, &reinterpret_cast<const sockaddr_in*>(address)->sin_addr, host, sizeof host);
  } else if (address->sa_family == AF_INET6) {
    const in6_addr& six = reinterpret_cast<const sockaddr_in6*>(address)->sin6_addr;
    if (IN6_IS_ADDR_V4MAPPED(&six)) {
      inet_ntop(AF_INET, &six.s6_addr[12], host, sizeof host);
    } else {
      inet_ntop(AF_INET6, &six, host, sizeof host);
    }
  }
  return host;
}

void check_address_slowly(lua_State* L, const sockaddr* address) {
  const auto port = ntohs(reinterpret_cast<const sockaddr_in*>(address)->sin_port);  // sin6_port has the same place
  {
    const std::string host = numeric_host(address);
    if (permissions_of(L)->allows_address(host, port)) return;
    const std::string value = net_value(host, port);
    lua_pushlstring(L, value.data(), value.size());
  }
  raise_denied(L, Permission::net, lua_tostring(L, -1));
}

}  // namespace neap::internal
