// The native part of the module.
#include "repl/folder.hpp"
#include "repl/lexer.hpp"
#include "repl/library.hpp"
#include "repl/plain_signals.hpp"
#include "repl/prompt_object.hpp"
#include "repl/text.hpp"
#include "runtime/lua/bind.hpp"
#include "runtime/task/future.hpp"
#include "stdlib/registry.hpp"

#include <sys/ioctl.h>
#include <unistd.h>
#include <uv.h>

#include <climits>
#include <string_view>
#include <vector>

namespace neap::internal::repl {

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

/// width(text): the columns of a text without newlines.
int width(lua_State* L) {
  const std::string_view text = check_view(L, 1);
  lua_pushinteger(L, width_of(text));
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

/// Calls a function that the interpreter has put into the registry; false when there is none. Its arguments are on the
/// stack from index 1 on.
bool call_registered(lua_State* L, const char* name, int results) {
  if (lua_getfield(L, LUA_REGISTRYINDEX, name) != LUA_TFUNCTION) return false;
  lua_insert(L, 1);
  lua_call(L, lua_gettop(L) - 1, results);
  return true;
}

/// format_error(err, trace or nil, colour): the report of an error, as text that ends in a newline.
int format_error(lua_State* L) {
  lua_settop(L, 3);
  if (call_registered(L, stdlib::kFormatError, 1)) return 1;
  luaL_tolstring(L, 1, nullptr);
  lua_pushliteral(L, "\n");
  lua_concat(L, 2);
  return 1;
}

/// remember_source(name, text): error reports show lines of the text.
int remember_source(lua_State* L) {
  lua_settop(L, 2);
  call_registered(L, stdlib::kRememberSource, 0);
  return 0;
}

/// is_terminal(fd)
int is_terminal(lua_State* L) {
  lua_pushboolean(L, isatty(static_cast<int>(luaL_checkinteger(L, 1))) != 0);
  return 1;
}

/// terminal_size(): columns and rows of the terminal that standard output is; nothing when it is none.
int terminal_size(lua_State* L) {
  winsize size{};
  if (isatty(STDOUT_FILENO) == 0 || ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return 0;
  lua_pushinteger(L, size.ws_col);
  lua_pushinteger(L, size.ws_row);
  return 2;
}

/// program_folder(): where the program is; nil when the system does not tell.
int program_folder(lua_State* L) {
  char path[PATH_MAX];
  std::size_t size = sizeof path;
  if (uv_exepath(path, &size) != 0) return 0;
  const std::string_view whole(path, size);
  push(L, whole.substr(0, whole.rfind('/')));
  return 1;
}

/// failure(task): the error of a failed or cancelled task, and its trace or nil.
int failure(lua_State* L) {
  check_future(L, 1);
  push_exception(L, 1);
  push_extra(L, 1, "traceback");
  return 2;
}

}  // namespace

int open_repl(lua_State* L) {
  luaL_newmetatable(L, "neap.repl.tokens");
  lua_pushcfunction(L, delete_tokens);
  lua_setfield(L, -2, "__gc");
  open_folders(L);
  lua_createtable(L, 0, 8);
  static const luaL_Reg kFunctions[] = {
      {"tokens", bound<tokens>},
      {"stubs", bound<stubs>},
      {"format_error", bound<format_error>},
      {"remember_source", bound<remember_source>},
      {"failure", bound<failure>},
      {"is_terminal", bound<is_terminal>},
      {"list_folder", bound<list_folder>},
      {"width", bound<width>},
      {"terminal_size", bound<terminal_size>},
      {"program_folder", bound<program_folder>},
  };
  set_functions(L, kFunctions);
  add_prompt(L);
  add_plain_signals(L);
  return 1;
}

}  // namespace neap::internal::repl
