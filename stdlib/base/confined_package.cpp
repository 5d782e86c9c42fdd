// The package library in a sandbox: Lua files from where they may be read, C modules only where that is allowed.
#include "runtime/lua/bind.hpp"
#include "runtime/lua/error.hpp"
#include "stdlib/base/confined.hpp"
#include "stdlib/permissions/gate.hpp"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>
#include <string_view>

namespace neap::internal::stdlib {

namespace {

std::string replaced(std::string_view text, std::string_view what, std::string_view with) {
  if (what.empty()) return std::string(text);
  std::string result;
  for (;;) {
    const std::size_t at = text.find(what);
    result += text.substr(0, at);
    if (at == std::string_view::npos) return result;
    result += with;
    text.remove_prefix(at + what.size());
  }
}

/// The first of the path's files that is there and may be used so, or nothing; `missed` tells of the others.
template <class Allowed>
std::string find_in(std::string_view path, const std::string& name, std::string& missed, Allowed allowed) {
  while (!path.empty()) {
    const std::string_view pattern = path.substr(0, path.find(';'));
    path.remove_prefix(std::min(pattern.size() + 1, path.size()));
    if (pattern.empty()) continue;
    std::string file = replaced(pattern, "?", name);
    const int code = file.find('\0') == std::string::npos ? allowed(file) : ENOENT;
    if (code == 0) return file;
    missed += (missed.empty() ? "no file '" : "\n\tno file '") + file + "'" + (code == kDenied ? " (not allowed)" : "");
  }
  return "";
}

int may_run(const std::string& file) {
  Reach reach;
  return reach.object(file.c_str(), kToRun);
}

/// Pushes the file's name and gives true, or what was missed.
bool push_lua_file(lua_State* L, std::string_view name, std::string_view path) {
  std::string missed;
  std::string file;
  {
    const Confinement confined(permissions_of(L));
    file = find_in(path, std::string(name), missed, may_run);
  }
  push(L, file.empty() ? missed : file);
  return !file.empty();
}

/// The field of `package`, which is the upvalue.
std::string_view push_path(lua_State* L, const char* field) {
  lua_getfield(L, lua_upvalueindex(1), field);
  if (lua_type(L, -1) != LUA_TSTRING) luaL_error(L, "'package.%s' must be a string", field);
  return check_view(L, -1);
}

/// Pushes the module's name as a part of a path.
std::string_view push_file_name(lua_State* L, const char* name) { return luaL_gsub(L, name, ".", LUA_DIRSEP); }

/// The searcher of Lua files.
int search_lua(lua_State* L) {
  const char* name = luaL_checkstring(L, 1);
  lua_settop(L, 1);
  const std::string_view path = push_path(L, "path");
  if (!push_lua_file(L, push_file_name(L, name), path)) return 1;
  const char* file = lua_tostring(L, -1);
  if (load_lua_file(L, file, "t") != LUA_OK) {
    return luaL_error(L, "error loading module '%s' from file '%s':\n\t%s", name, file, lua_tostring(L, -1));
  }
  lua_pushvalue(L, -2);
  return 2;
}

/// package.searchpath(name, path, separator, replacement)
int search_path(lua_State* L) {
  const char* name = luaL_checkstring(L, 1);
  const std::string_view path = check_view(L, 2);
  const char* separator = luaL_optstring(L, 3, ".");
  const char* replacement = luaL_optstring(L, 4, LUA_DIRSEP);
  if (*separator != '\0') name = luaL_gsub(L, name, separator, replacement);
  if (push_lua_file(L, name, path)) return 1;
  luaL_pushfail(L);
  lua_insert(L, -2);
  return 2;
}

// C modules.

/// Pushes the real path of the module's file and gives true, or what was missed.
bool push_native_file(lua_State* L, std::string_view name, std::string_view path) {
  const Permissions& permissions = *permissions_of(L);
  std::string missed;
  const std::string file = find_in(path, std::string(name), missed, [&](const std::string& candidate) {
    const std::string real = real_path(candidate);
    if (!permissions.allows(Permission::native, real)) return kDenied;
    return ::access(real.c_str(), R_OK) == 0 ? 0 : ENOENT;
  });
  push(L, file.empty() ? missed : real_path(file));
  return !file.empty();
}

/// The searcher of C modules. Upvalues: package, the stock loadlib.
int search_native(lua_State* L) {
  const char* name = luaL_checkstring(L, 1);
  lua_settop(L, 1);
  if (!permissions_of(L)->allows_some(Permission::native)) {
    lua_pushliteral(L, "no C modules in the sandbox (allow them with --allow-native)");
    return 1;
  }
  const std::string_view path = push_path(L, "cpath");
  if (!push_native_file(L, push_file_name(L, name), path)) return 1;
  const int file = lua_gettop(L);
  const char* dash = std::strchr(name, '-');
  const char* function = luaL_gsub(L, dash != nullptr ? dash + 1 : name, ".", "_");
  lua_pushvalue(L, lua_upvalueindex(2));
  lua_pushvalue(L, file);
  lua_pushfstring(L, "luaopen_%s", function);
  lua_call(L, 2, 2);
  if (lua_isnil(L, -2)) {
    return luaL_error(L, "error loading module '%s' from file '%s':\n\t%s", name, lua_tostring(L, file),
                      lua_tostring(L, -1));
  }
  lua_pop(L, 1);
  lua_pushvalue(L, file);
  return 2;
}

/// package.loadlib(path, function)
int load_library(lua_State* L) {
  const char* path = luaL_checkstring(L, 1);
  bool allowed = false;
  {
    const std::string real = real_path(path);
    allowed = permissions_of(L)->allows(Permission::native, real);
    if (allowed) push(L, real);
  }
  if (!allowed) raise_denied(L, Permission::native, path);
  lua_replace(L, 1);
  return call_wrapped(L);
}

/// Where the script's modules are, and nothing else: the script may add what it may read.
void set_search_path(lua_State* L) {
  {
    const std::string& directory = permissions_of(L)->sandbox().script_directory;
    push(L, directory.empty() ? "" : directory + "/?.lua;" + directory + "/?/init.lua");
  }
  lua_setfield(L, -2, "path");
  if (permissions_of(L)->allows_some(Permission::native)) return;
  lua_pushliteral(L, "");
  lua_setfield(L, -2, "cpath");
}

/// In place of the searchers of Lua files and of C modules, which are the stock ones from `first` on.
void replace_searchers(lua_State* L, int first) {
  lua_getfield(L, -1, "searchers");
  lua_pushvalue(L, -2);
  lua_pushcclosure(L, bound<search_lua>, 1);
  lua_rawseti(L, -2, first);
  lua_pushvalue(L, -2);
  lua_getfield(L, -3, "loadlib");
  lua_pushcclosure(L, bound<search_native>, 2);
  lua_rawseti(L, -2, first + 1);
  // The one for all C modules in one file goes.
  const auto count = static_cast<int>(lua_rawlen(L, -1));
  for (int i = first + 2; i <= count; ++i) {
    lua_rawgeti(L, -1, i + 1);
    lua_rawseti(L, -2, i);
  }
  lua_pop(L, 1);
}

constexpr int kFirstStock = 4;  // of package.searchers: after preload and neap's own two (init.lua)

}  // namespace

void confine_package(lua_State* L) {
  lua_getglobal(L, "package");
  replace_searchers(L, kFirstStock);
  wrap_field(L, "loadlib", bound<load_library>);
  wrap_field(L, "searchpath", bound<search_path>);
  set_search_path(L);
  lua_pop(L, 1);
}

}  // namespace neap::internal::stdlib
