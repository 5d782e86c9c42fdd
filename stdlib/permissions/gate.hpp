// The gates: where the library reaches the system it asks here first. Without a sandbox a gate is one test of a
// pointer.
#pragma once

#include "runtime/lua/state_data.hpp"
#include "stdlib/permissions/reach.hpp"

#include <lua.hpp>

struct sockaddr;

namespace neap::internal {

/// The state's permissions; null without a sandbox.
inline const Permissions* permissions_of(lua_State* L) { return state_data(L).permissions; }

/// Raises the PermissionError. The value must be kept alive by the stack, or for ever.
[[noreturn]] void raise_denied(lua_State* L, Permission kind, const char* value);
/// Raises that something is not to be had in a sandbox, whatever is allowed; `instead` says what is, or is empty.
[[noreturn]] void raise_unavailable(lua_State* L, const char* what, const char* instead);
/// Raises what was denied last on this thread.
[[noreturn]] void raise_denial(lua_State* L);

/// Raises unless the value is allowed.
inline void check_permission(lua_State* L, Permission kind, const char* value) {
  const Permissions* permissions = permissions_of(L);
  if (permissions != nullptr && !permissions->allows(kind, value)) raise_denied(L, kind, value);
}
/// The same for what is allowed as a whole: thread, signal.
inline void check_permission(lua_State* L, Permission kind) {
  const Permissions* permissions = permissions_of(L);
  if (permissions != nullptr && !permissions->allows_all(kind)) raise_denied(L, kind, "");
}

/// The host of an IPv4 or IPv6 address, without a zone; one of IPv4 in IPv6's clothes as what it is.
std::string numeric_host(const sockaddr* address);
void check_address_slowly(lua_State* L, const sockaddr* address);
/// Raises unless the numeric address and its port are allowed.
inline void check_net(lua_State* L, const sockaddr* address) {
  if (permissions_of(L) != nullptr) check_address_slowly(L, address);
}
/// Raises unless the host may be looked up.
inline void check_lookup(lua_State* L, const char* host) {
  const Permissions* permissions = permissions_of(L);
  if (permissions != nullptr && !permissions->allows_name(host)) raise_denied(L, Permission::net, host);
}

}  // namespace neap::internal
