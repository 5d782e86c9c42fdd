// The native part of the module.
#include "repl/lexer.hpp"
#include "repl/library.hpp"
#include "runtime/lua/bind.hpp"
#include "stdlib/registry.hpp"

#include <vector>

namespace neap::repl {

int open_repl(lua_State* L);

namespace {

constexpr const char* kKinds[] = {"name", "keyword", "number", "string", "comment", "sign", "error"};

/// tokens(text): a list of {kind, first, last, open}, with the numbers of the first and the last byte.
int tokens(lua_State* L) {
  const std::string_view text = check_view(L, 1);
  std::vector<Token>* list = new (lua_newuserdatauv(L, sizeof(std::vector<Token>), 0)) std::vector<Token>;
  luaL_setmetatable(L, "neap.repl.tokens");
  *list = tokens_of(text);
  lua_createtable(L, static_cast<int>(list->size()), 0);
  lua_Integer count = 0;
  for (const Token& token : *list) {
    lua_createtable(L, 4, 0);
    lua_pushstring(L, kKinds[static_cast<std::size_t>(token.kind)]);
    lua_rawseti(L, -2, 1);
    lua_pushinteger(L, static_cast<lua_Integer>(token.begin) + 1);
    lua_rawseti(L, -2, 2);
    lua_pushinteger(L, static_cast<lua_Integer>(token.end));
    lua_rawseti(L, -2, 3);
    lua_pushboolean(L, token.open ? 1 : 0);
    lua_rawseti(L, -2, 4);
    lua_rawseti(L, -2, ++count);
  }
  return 1;
}

int delete_tokens(lua_State* L) {
  using Tokens = std::vector<Token>;
  static_cast<Tokens*>(lua_touserdata(L, 1))->~Tokens();
  return 0;
}

/// stubs(): the stubs of all modules, a list of {name=, text=}.
int stubs(lua_State* L) {
  lua_newtable(L);
  lua_Integer count = 0;
  for (const stdlib::Library* library : stdlib::libraries()) {
    for (const stdlib::Stub& stub : library->stubs) {
      lua_createtable(L, 0, 2);
      push(L, stub.module);
      lua_setfield(L, -2, "name");
      push(L, stub.text);
      lua_setfield(L, -2, "text");
      lua_rawseti(L, -2, ++count);
    }
  }
  return 1;
}

}  // namespace

int open_repl(lua_State* L) {
  luaL_newmetatable(L, "neap.repl.tokens");
  lua_pushcfunction(L, delete_tokens);
  lua_setfield(L, -2, "__gc");
  lua_createtable(L, 0, 8);
  static const luaL_Reg kFunctions[] = {
      {"tokens", bound<tokens>},
      {"stubs", bound<stubs>},
  };
  set_functions(L, kFunctions);
  return 1;
}

}  // namespace neap::repl
