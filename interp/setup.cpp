#include "interp/setup.hpp"

#include "runtime/lua/bind.hpp"
#include "stdlib/registry.hpp"

#include <sys/stat.h>
#include <uv.h>

#include <climits>
#include <cstdio>
#include <cstring>

namespace neap::internal {

namespace {

/// A list of {name=, text=}. That of Lua's own names is the prompt's: lua-language-server knows better ones.
void push_stubs(lua_State* L) {
  lua_newtable(L);
  lua_Integer count = 0;
  for (const stdlib::Library* library : stdlib::libraries()) {
    for (const stdlib::Stub& stub : library->stubs) {
      if (stub.module == "lua54") continue;
      lua_createtable(L, 0, 2);
      push(L, stub.module);
      lua_setfield(L, -2, "name");
      push(L, stub.text);
      lua_setfield(L, -2, "text");
      lua_rawseti(L, -2, ++count);
    }
  }
}

/// share/neap/stubs beside the program's bin, where cmake --install puts them; nil when it is not there.
void push_installed_stubs(lua_State* L) {
  constexpr const char* kStubs = "/share/neap/stubs";
  char path[PATH_MAX + 32];
  std::size_t size = PATH_MAX;
  if (uv_exepath(path, &size) == 0) {
    for (int folder = 0; folder < 2; ++folder) {
      if (char* slash = std::strrchr(path, '/')) *slash = '\0';
    }
    std::strcat(path, kStubs);
    struct stat found {};
    if (stat(path, &found) == 0 && S_ISDIR(found.st_mode)) {
      lua_pushstring(L, path);
      return;
    }
  }
  lua_pushnil(L);
}

}  // namespace

void push_setup(lua_State* L) {
  lua_pushcfunction(L, stdlib::use_module_file);
  lua_pushliteral(L, "base/setup");
  lua_call(L, 1, 1);
  push_stubs(L);
  push_installed_stubs(L);
}

}  // namespace neap::internal
