#include "stdlib/base/confined.hpp"

#include "runtime/lua/bind.hpp"
#include "runtime/lua/error.hpp"
#include "stdlib/permissions/gate.hpp"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>

namespace neap::internal::stdlib {

namespace {

// Files of Lua.

/// The bytes of the file; an error number or kDenied.
int read_file(const char* name, std::string& text) {
  Reach reach;
  if (const int code = reach.object(name, kToRun); code != 0) return code;
  const int fd = ::open(reach.path(), O_RDONLY | O_CLOEXEC | O_NOCTTY);
  if (fd < 0) return errno;
  char buffer[16384];
  ssize_t got = 0;
  do {
    got = ::read(fd, buffer, sizeof buffer);
    if (got > 0) text.append(buffer, static_cast<std::size_t>(got));
  } while (got > 0 || (got < 0 && errno == EINTR));
  const int error = got < 0 ? errno : 0;
  ::close(fd);
  return error;
}

/// Without a byte order mark and the text of a first line for the kernel, as luaL_loadfilex has it.
std::string_view lua_part(std::string_view text) {
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  if (text.starts_with('#')) text.remove_prefix(std::min(text.find('\n'), text.size()));
  return text;
}

// debug: what tells, and nothing that reaches into what the script was not given.

/// debug.getinfo(...): no functions, which may be the library's.
int get_info(lua_State* L) {
  const int first = lua_isthread(L, 1) ? 2 : 1;
  lua_settop(L, first + 1);
  if (lua_isnil(L, first + 1)) {
    lua_pushliteral(L, "nSlutr");
    lua_replace(L, first + 1);
  } else if (std::strchr(luaL_checkstring(L, first + 1), 'f') != nullptr) {
    raise_unavailable(L, "debug.getinfo with the option 'f'", "other options");
  }
  if (first == 1 && lua_isinteger(L, 1) != 0) {  // one level more: this function
    lua_pushinteger(L, lua_tointeger(L, 1) + 1);
    lua_replace(L, 1);
  }
  return call_wrapped(L);
}

void confine_debug(lua_State* L) {
  lua_getglobal(L, "debug");
  lua_createtable(L, 0, 2);
  lua_getfield(L, -2, "getinfo");
  lua_pushcclosure(L, get_info, 1);
  lua_setfield(L, -2, "getinfo");
  lua_getfield(L, -2, "traceback");
  lua_setfield(L, -2, "traceback");
  lua_remove(L, -2);
}

// Tables of the script's own.

/// Pushes a copy of the table on the top of the stack.
void push_copy(lua_State* L) {
  lua_newtable(L);
  lua_pushnil(L);
  while (lua_next(L, -3) != 0) {
    lua_pushvalue(L, -2);
    lua_insert(L, -2);
    lua_rawset(L, -4);
  }
}

/// Makes the value on the top of the stack the global and the loaded module of that name.
void give(lua_State* L, const char* name) {
  lua_getfield(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
  lua_pushvalue(L, -2);
  lua_setfield(L, -2, name);
  lua_pop(L, 1);
  lua_setglobal(L, name);
}

/// Methods of strings are found in the library's table first, so that a script which changes `string` changes its own
/// calls alone; and then in the script's, so that what it adds there is a method too.
void confine_strings(lua_State* L) {
  lua_pushliteral(L, "");
  lua_getmetatable(L, -1);
  lua_getfield(L, -1, "__index");
  lua_createtable(L, 0, 1);
  lua_getglobal(L, "string");
  lua_setfield(L, -2, "__index");
  lua_setmetatable(L, -2);
  lua_pop(L, 1);
  lua_pushboolean(L, 0);
  lua_setfield(L, -2, "__metatable");
  lua_pop(L, 2);
}

int call_async(lua_State* L) {
  lua_pushvalue(L, lua_upvalueindex(1));
  lua_replace(L, 1);
  lua_call(L, lua_gettop(L) - 1, LUA_MULTRET);
  return lua_gettop(L);
}

/// pairs(async): everything is loaded, and is the script's table's own then.
int pairs_async(lua_State* L) {
  lua_settop(L, 1);
  luaL_getmetafield(L, lua_upvalueindex(1), "__pairs");
  lua_pushvalue(L, lua_upvalueindex(1));
  lua_call(L, 1, 0);
  lua_pushvalue(L, lua_upvalueindex(1));
  lua_pushnil(L);
  while (lua_next(L, 2) != 0) {
    lua_pushvalue(L, -2);
    if (lua_rawget(L, 1) == LUA_TNIL) {
      lua_pushvalue(L, -3);
      lua_pushvalue(L, -3);
      lua_rawset(L, 1);
    }
    lua_pop(L, 2);
  }
  lua_getglobal(L, "next");
  lua_pushvalue(L, 1);
  lua_pushnil(L);
  return 3;
}

/// The script's `async`: what it puts there, the library does not see.
void confine_async(lua_State* L) {
  lua_newtable(L);
  lua_createtable(L, 0, 5);
  lua_getglobal(L, "async");
  lua_pushvalue(L, -1);
  lua_setfield(L, -3, "__index");
  lua_pushvalue(L, -1);
  lua_pushcclosure(L, call_async, 1);
  lua_setfield(L, -3, "__call");
  lua_pushcclosure(L, pairs_async, 1);
  lua_setfield(L, -2, "__pairs");
  lua_pushliteral(L, "async");
  lua_setfield(L, -2, "__name");
  lua_pushboolean(L, 0);
  lua_setfield(L, -2, "__metatable");
  lua_setmetatable(L, -2);
  give(L, "async");
}

}  // namespace

bool bytecode_allowed(lua_State* L) {
  const Permissions* permissions = permissions_of(L);
  return permissions == nullptr || permissions->allows_all(Permission::native);
}

int load_lua_file(lua_State* L, const char* name, const char* mode) {
  const Permissions* permissions = permissions_of(L);
  if (permissions == nullptr || name == nullptr) return luaL_loadfilex(L, name, mode);
  const char* chunk = lua_pushfstring(L, "@%s", name);
  int code = 0;
  int status = LUA_ERRFILE;
  {
    const Confinement confined(permissions);
    std::string text;
    code = read_file(name, text);
    const std::string_view code_text = lua_part(text);
    if (code == 0) status = luaL_loadbufferx(L, code_text.data(), code_text.size(), chunk, mode);
  }
  if (code == kDenied) raise_denial(L);
  if (code != 0) lua_pushfstring(L, "cannot open %s: %s", name, std::strerror(code));
  lua_remove(L, -2);
  return status;
}

void wrap_field(lua_State* L, const char* name, lua_CFunction function) {
  lua_getfield(L, -1, name);
  lua_pushcclosure(L, function, 1);
  lua_setfield(L, -2, name);
}

int call_wrapped(lua_State* L) {
  lua_pushvalue(L, lua_upvalueindex(1));
  lua_insert(L, 1);
  lua_call(L, lua_gettop(L) - 1, LUA_MULTRET);
  return lua_gettop(L);
}

void confine_globals(lua_State* L) {
  if (permissions_of(L) == nullptr) return;
  confine_io(L);
  confine_package(L);
  confine_debug(L);
  give(L, "debug");
  for (const char* name : {"string", "table", "math", "utf8", "coroutine", "io", "os"}) {
    lua_getglobal(L, name);
    push_copy(L);
    give(L, name);
    lua_pop(L, 1);
  }
  confine_strings(L);
  confine_async(L);
}

}  // namespace neap::internal::stdlib
