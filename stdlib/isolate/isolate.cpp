// What the isolate module needs of the system: the connection, the program, and its environment.
#include "runtime/lua/bind.hpp"
#include "runtime/lua/error.hpp"
#include "stdlib/io/problem.hpp"
#include "stdlib/permissions/environment.hpp"
#include "stdlib/registry.hpp"
#include "stdlib/stream/stream.hpp"

#include <dlfcn.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>

namespace neap::internal::stdlib {

namespace {

/// adopt(fd): a Stream of the descriptor, which owns it then.
int adopt(lua_State* L) {
  const auto fd = static_cast<int>(luaL_checkinteger(L, 1));
  Stream& stream = new_stream(L, StreamKind::pipe);
  if (const int code = open_descriptor(stream, fd); code != 0) {
    ::close(fd);
    io::raise_uv(L, code, "open");
  }
  stream_connected(L, stream);
  return 1;
}

/// pair(): two Streams, the ends of a connection.
int make_pair(lua_State* L) {
  Stream* const streams[] = {&new_stream(L, StreamKind::pipe), &new_stream(L, StreamKind::pipe)};
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0) io::raise_errno(L, errno, "socketpair");
  for (const int fd : ends) fcntl(fd, F_SETFD, FD_CLOEXEC);
  for (int i = 0; i < 2; ++i) {
    const int code = open_descriptor(*streams[i], ends[i]);
    if (code == 0) continue;
    for (; i < 2; ++i) ::close(ends[i]);
    io::raise_uv(L, code, "open");
  }
  for (Stream* stream : streams) stream_connected(L, *stream);
  return 2;
}

bool is_program(const std::string& path) { return ::access(path.c_str(), X_OK) == 0; }

std::string directory_of(const std::string& path) { return path.substr(0, path.rfind('/')); }

/// Where this code is: the library, or the program that it is linked into.
std::string own_path() {
  char path[4096];
  std::size_t size = sizeof path;
  Dl_info info;
  if (dladdr(reinterpret_cast<const void*>(&own_path), &info) != 0 && info.dli_fname != nullptr &&
      std::string_view(info.dli_fname).find(".so") != std::string_view::npos) {
    return info.dli_fname;
  }
  return uv_exepath(path, &size) == 0 ? std::string(path, size) : std::string();
}

/// The neap program: this one; one beside this code, or where an installation has it; one in PATH. Empty when there is
/// none.
std::string find_program() {
  char own[4096];
  std::size_t size = sizeof own;
  if (uv_exepath(own, &size) == 0 && std::string_view(own, size).ends_with("/neap")) return {own, size};
  const std::string directory = directory_of(own_path());
  for (const char* place : {"/neap", "/../bin/neap", "/../../bin/neap"}) {
    if (is_program(directory + place)) return directory + place;
  }
  const char* path = std::getenv("PATH");
  for (std::string_view rest = path != nullptr ? path : ""; !rest.empty();) {
    const std::size_t end = std::min(rest.find(':'), rest.size());
    std::string program = std::string(rest.substr(0, end)) + "/neap";
    if (end != 0 && is_program(program)) return program;
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return {};
}

/// find_program(): its path; nil when there is none.
int push_program(lua_State* L) {
  char path[4096];
  path[find_program().copy(path, sizeof path - 1)] = '\0';
  if (*path == '\0') return 0;
  lua_pushstring(L, path);
  return 1;
}

/// What a sandboxed process gets of this one's environment: NAME=VALUE and a zero, one after the other. The names at
/// index 1 are strings. Raises nothing.
std::string environment_text(lua_State* L) {
  Sandbox sandbox{.enabled = true, .grants = {}, .script_directory = ""};
  const auto count = static_cast<lua_Integer>(lua_rawlen(L, 1));
  for (lua_Integer i = 1; i <= count; ++i) {
    lua_rawgeti(L, 1, i);
    add_grant(sandbox.grants, Permission::env, lua_tostring(L, -1));
    lua_pop(L, 1);
  }
  const auto permissions = std::make_shared<Permissions>(std::move(sandbox), nullptr);
  std::string text;
  for (const std::string& variable : child_environment(*permissions)) text.append(variable).push_back('\0');
  for (const char* name : {"NEAP_STDLIB", "NEAP_DEBUG", "NO_COLOR"}) {
    if (const char* value = std::getenv(name)) text.append(name).append("=").append(value).push_back('\0');
  }
  return text;
}

/// environment(names): that as {NAME = value}. The names have been checked; NAME* is all that begin so.
int push_environment(lua_State* L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_settop(L, 1);
  lua_newtable(L);
  const std::size_t size = environment_text(L).size();
  // Made twice, so that nothing of C++'s is alive where Lua may raise.
  auto* text = static_cast<char*>(lua_newuserdatauv(L, size + 1, 0));
  char* const end = text + environment_text(L).copy(text, size);
  *end = '\0';
  for (const char* variable = text; variable < end; variable += std::strlen(variable) + 1) {
    const std::string_view whole = variable;
    const std::size_t equals = whole.find('=');
    push(L, whole.substr(0, equals));
    push(L, whole.substr(equals + 1));
    lua_rawset(L, 2);
  }
  lua_settop(L, 2);
  return 1;
}

}  // namespace

int open_isolate(lua_State* L) {
  open_streams(L);
  lua_createtable(L, 0, 4);
  static const luaL_Reg kFunctions[] = {{"adopt", bound<adopt>},
                                        {"pair", bound<make_pair>},
                                        {"find_program", bound<push_program>},
                                        {"environment", bound<push_environment>}};
  set_functions(L, kFunctions);
  return 1;
}

}  // namespace neap::internal::stdlib
