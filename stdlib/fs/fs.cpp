// Opens the fs module's C++ part: the table `core` for its Lua files.
#include "runtime/lua/bind.hpp"
#include "runtime/task/offload.hpp"
#include "stdlib/fs/module.hpp"
#include "stdlib/registry.hpp"

namespace neap::internal::stdlib {

namespace {

/// Future(): a pending one. For walk.lua, whose tasks take turns.
int future(lua_State* L) {
  new_future(L);
  return 1;
}

/// wait(future): cancelling the waiter does not cancel the future.
int wait(lua_State* L) {
  Future& awaited = check_future(L, 1);
  lua_settop(L, 1);
  return await_future(L, awaited, true);
}

}  // namespace

int open_fs(lua_State* L) {
  open_offload(L);
  lua_createtable(L, 0, 48);
  static const luaL_Reg kFunctions[] = {{"Future", bound<future>}, {"wait", bound<wait>}};
  set_functions(L, kFunctions);
  fs::add_contents(L);
  fs::add_entries(L);
  fs::add_attributes(L);
  fs::add_links(L);
  fs::add_listing(L);
  fs::add_paths(L);
  fs::add_files(L);
  fs::add_copies(L);
  fs::add_temporaries(L);
  fs::add_watch(L);
  return 1;
}

}  // namespace neap::internal::stdlib
