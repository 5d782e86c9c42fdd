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
#include <memory>
#include <string>
#include <string_view>
#include <vector>

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
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0) io::raise_errno(L, errno, "socketpair");
  for (const int fd : ends) fcntl(fd, F_SETFD, FD_CLOEXEC);
  for (const int fd : ends) {
    lua_pushcfunction(L, bound<adopt>);
    lua_pushinteger(L, fd);
    lua_call(L, 1, 1);
  }
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

/// The neap program: this one; one beside this code, or where an installation has it; one in PATH. Empty when there is none.
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
  const std::string program = find_program();
  if (program.empty()) return 0;
  push(L, program);
  return 1;
}

/// environment(names): what a sandboxed process gets of this one's, {NAME = value}. The names have been checked; NAME* is all that begin so.
int push_environment(lua_State* L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_newtable(L);
  Sandbox sandbox{.enabled = true, .grants = {}, .script_directory = ""};
  const auto count = static_cast<lua_Integer>(lua_rawlen(L, 1));
  for (lua_Integer i = 1; i <= count; ++i) {
    lua_rawgeti(L, 1, i);
    add_grant(sandbox.grants, Permission::env, check_view(L, -1));
    lua_pop(L, 1);
  }
  const auto permissions = std::make_shared<Permissions>(std::move(sandbox), nullptr);
  std::vector<std::string> variables = child_environment(*permissions);
  for (const char* name : {"NEAP_STDLIB", "NEAP_DEBUG", "NO_COLOR"}) {
    if (const char* value = std::getenv(name)) variables.push_back(std::string(name) + "=" + value);
  }
  for (const std::string& variable : variables) {
    const std::size_t equals = variable.find('=');
    push(L, std::string_view(variable).substr(0, equals));
    push(L, std::string_view(variable).substr(equals + 1));
    lua_rawset(L, 2);
  }
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
