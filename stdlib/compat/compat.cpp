// Opens the compat module's C++ part.
#include "runtime/lua/bind.hpp"
#include "stdlib/compat/socket.hpp"
#include "stdlib/registry.hpp"

namespace neap::internal::stdlib {

int open_compat(lua_State* L) {
  compat::new_socket_type(L);
  compat::add_transferring(L);
  compat::add_options(L);
  compat::add_waiting(L);
  lua_pop(L, 1);
  lua_createtable(L, 0, 12);
  compat::add_making(L);
  compat::add_selecting(L);
  compat::add_naming(L);
  return 1;
}

}  // namespace neap::internal::stdlib
