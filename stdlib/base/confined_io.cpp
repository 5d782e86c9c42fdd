// The io and os libraries in a sandbox.
#include "runtime/lua/bind.hpp"
#include "runtime/lua/error.hpp"
#include "stdlib/base/confined.hpp"
#include "stdlib/permissions/gate.hpp"

#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <string>

namespace neap::internal::stdlib {

namespace {

constexpr const char* kTemporaries = "/tmp";  // where the C library makes them

/// The flags of open(2) for a mode of fopen; -1 for none.
int flags_of(const char* mode) {
  const char kind = *mode;
  if (kind == '\0' || std::strchr("rwa", kind) == nullptr) return -1;
  const char* rest = mode + 1;
  const bool both = *rest == '+';
  if (both) ++rest;
  while (*rest == 'b') ++rest;
  if (*rest != '\0') return -1;
  const int access = both ? O_RDWR : kind == 'r' ? O_RDONLY : O_WRONLY;
  return access | (kind == 'w' ? O_CREAT | O_TRUNC : kind == 'a' ? O_CREAT | O_APPEND : 0);
}

/// The descriptor of the file, or -1 and errno. Raises what is denied.
int open_file(lua_State* L, const char* name, int flags) {
  int fd = -1;
  {
    const Confinement confined(permissions_of(L));
    fd = open_reached(name, flags | O_CLOEXEC | O_NOCTTY, 0666);
  }
  if (fd < 0 && errno == kDenied) raise_denial(L);
  return fd;
}

int close_file(lua_State* L) {
  const auto* stream = static_cast<luaL_Stream*>(luaL_checkudata(L, 1, LUA_FILEHANDLE));
  errno = 0;
  return luaL_fileresult(L, std::fclose(stream->f) == 0, nullptr);
}

/// Pushes the file and gives true, or leaves errno.
bool push_file(lua_State* L, const char* name, const char* mode) {
  auto* stream = static_cast<luaL_Stream*>(lua_newuserdatauv(L, sizeof(luaL_Stream), 0));
  stream->closef = nullptr;
  stream->f = nullptr;
  luaL_setmetatable(L, LUA_FILEHANDLE);
  const int fd = open_file(L, name, flags_of(mode));
  stream->f = fd >= 0 ? fdopen(fd, mode) : nullptr;
  if (stream->f != nullptr) {
    stream->closef = close_file;
    return true;
  }
  const int error = errno;
  if (fd >= 0) ::close(fd);
  errno = error;
  return false;
}

/// io.open(name, mode)
int io_open(lua_State* L) {
  const char* name = luaL_checkstring(L, 1);
  const char* mode = luaL_optstring(L, 2, "r");
  luaL_argcheck(L, flags_of(mode) >= 0, 2, "invalid mode");
  return push_file(L, name, mode) ? 1 : luaL_fileresult(L, 0, name);
}

/// io.input(file) and io.output(file), where a name is opened first.
int io_default(lua_State* L, const char* mode) {
  if (lua_isstring(L, 1) != 0) {
    const char* name = lua_tostring(L, 1);
    if (!push_file(L, name, mode)) return luaL_error(L, "cannot open file '%s' (%s)", name, std::strerror(errno));
    lua_replace(L, 1);
  }
  return call_wrapped(L);
}

int io_input(lua_State* L) { return io_default(L, "r"); }
int io_output(lua_State* L) { return io_default(L, "w"); }

/// io.lines(name, ...): Lua's own opens the file once more, by way of the descriptor, and closes it at its end.
int io_lines(lua_State* L) {
  if (lua_isnoneornil(L, 1)) return call_wrapped(L);
  const char* name = luaL_checkstring(L, 1);
  const int fd = open_file(L, name, O_RDONLY);
  if (fd < 0) return luaL_error(L, "%s: %s", name, std::strerror(errno));
#ifdef __linux__
  lua_pushfstring(L, "/proc/self/fd/%d", fd);
#else
  lua_pushfstring(L, "/dev/fd/%d", fd);
#endif
  lua_replace(L, 1);
  lua_pushvalue(L, lua_upvalueindex(1));
  lua_insert(L, 1);
  const int status = lua_pcall(L, lua_gettop(L) - 1, LUA_MULTRET, 0);
  ::close(fd);
  return status == LUA_OK ? lua_gettop(L) : lua_error(L);
}

/// io.tmpfile() and os.tmpname()
int make_temporary(lua_State* L) {
  check_permission(L, Permission::write, kTemporaries);
  return call_wrapped(L);
}

/// os.remove(name)
int os_remove(lua_State* L) {
  const char* name = luaL_checkstring(L, 1);
  int code = 0;
  {
    const Confinement confined(permissions_of(L));
    Reach reach;
    code = reach.entry(name, kToWrite);
    if (code == 0 && std::remove(reach.path()) != 0) code = errno;
  }
  if (code == kDenied) raise_denial(L);
  errno = code;
  return luaL_fileresult(L, code == 0, name);
}

/// os.rename(from, to)
int os_rename(lua_State* L) {
  const char* from = luaL_checkstring(L, 1);
  const char* to = luaL_checkstring(L, 2);
  int code = 0;
  {
    const Confinement confined(permissions_of(L));
    Reach old;
    Reach made;
    code = old.entry(from, kToRead | kToWrite);
    if (code == 0) code = made.entry(to, kToWrite);
    if (code == 0 && std::rename(old.path(), made.path()) != 0) code = errno;
  }
  if (code == kDenied) raise_denial(L);
  errno = code;
  return luaL_fileresult(L, code == 0, nullptr);
}

/// os.getenv(name)
int os_getenv(lua_State* L) {
  check_permission(L, Permission::env, luaL_checkstring(L, 1));
  return call_wrapped(L);
}

/// os.setlocale(locale, category): only what it is; the locale is the whole process's.
int os_setlocale(lua_State* L) {
  if (!lua_isnoneornil(L, 1)) raise_unavailable(L, "changing the locale", "");
  return call_wrapped(L);
}

}  // namespace

void confine_io(lua_State* L) {
  lua_getglobal(L, "io");
  wrap_field(L, "open", bound<io_open>);
  wrap_field(L, "lines", bound<io_lines>);
  wrap_field(L, "input", bound<io_input>);
  wrap_field(L, "output", bound<io_output>);
  wrap_field(L, "tmpfile", bound<make_temporary>);
  lua_getglobal(L, "os");
  wrap_field(L, "remove", bound<os_remove>);
  wrap_field(L, "rename", bound<os_rename>);
  wrap_field(L, "tmpname", bound<make_temporary>);
  wrap_field(L, "getenv", bound<os_getenv>);
  wrap_field(L, "setlocale", bound<os_setlocale>);
  lua_pop(L, 2);
}

}  // namespace neap::internal::stdlib
