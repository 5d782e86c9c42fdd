// The C++ parts of the net module. Each adds its functions to the table on the top of the stack, which the module's Lua
// files know as `core`.
#pragma once

#include <lua.hpp>

namespace neap::internal::stdlib::net {

void add_connecting(lua_State* L);  // connect.cpp: connections made from here
void add_listening(lua_State* L);   // listener.cpp: connections that come in
void add_resolving(lua_State* L);   // resolve.cpp: names to addresses
void add_udp(lua_State* L);         // udp.cpp: datagrams

}  // namespace neap::internal::stdlib::net
