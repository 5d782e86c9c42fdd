// Socket addresses as scripts see them: {host=, port=} and {path=}.
#pragma once

#include <uv.h>
#include <lua.hpp>

#include <cstddef>

namespace neap::internal::stdlib::io {

inline constexpr std::size_t kAddressSize = 64;  // of address_text's longest

/// Pushes {host=, port=} (with `scope_id` for a link-local one), or nil for an address of another family.
void push_address(lua_State* L, const sockaddr* address);
/// Replaces the table on the top of the stack by text: "127.0.0.1:80", "[::1]:80", or the path.
void push_address_text(lua_State* L);

/// Reads a numeric IPv4 or IPv6 host, with a zone perhaps ("fe80::1%eth0"), and a port. False when the host is none.
bool parse_address(const char* host, int port, sockaddr_storage* address);
/// The port at `index`: 0 to 65535. `method` is what it is for.
int check_port(lua_State* L, int index, const char* method);
/// "host:port" for messages, in a buffer of the caller's.
const char* address_text(const sockaddr* address, char* buffer, std::size_t size);

}  // namespace neap::internal::stdlib::io
