// Opens the net module's C++ part.
#include "runtime/task/offload.hpp"
#include "stdlib/net/module.hpp"
#include "stdlib/registry.hpp"
#include "stdlib/stream/stream.hpp"

namespace neap::internal::stdlib {

int open_net(lua_State* L) {
  open_offload(L);
  open_streams(L);
  lua_createtable(L, 0, 8);
  net::add_connecting(L);
  net::add_listening(L);
  net::add_resolving(L);
  net::add_udp(L);
  return 1;
}

}  // namespace neap::internal::stdlib
