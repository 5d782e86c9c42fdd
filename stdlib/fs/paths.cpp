// Paths as text: join, basename, dirname, extension, normalize, absolute, relative; and cwd. Nothing here waits or asks
// the file system, but for the name of the current directory.
#include "runtime/lua/bind.hpp"
#include "stdlib/fs/arguments.hpp"
#include "stdlib/fs/job.hpp"
#include "stdlib/fs/module.hpp"

#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace neap::internal::stdlib::fs {

namespace {

constexpr std::size_t kMostOfCwd = std::size_t{1} << 20U;

bool is_absolute(std::string_view path) { return !path.empty() && path.front() == '/'; }

/// Without the slashes at its end; the root keeps one.
std::string_view without_trailing_slashes(std::string_view path) {
  while (path.size() > 1 && path.back() == '/') path.remove_suffix(1);
  return path;
}

std::string_view last_part(std::string_view path) {
  path = without_trailing_slashes(path);
  if (path.empty()) return ".";
  const std::size_t slash = path.rfind('/');
  return slash == std::string_view::npos || path.size() == 1 ? path : path.substr(slash + 1);
}

std::string_view extension_of(std::string_view name) {
  const std::size_t start = name.find_first_not_of('.');
  const std::size_t dot = name.rfind('.');
  return dot == std::string_view::npos || start == std::string_view::npos || dot < start ? std::string_view()
                                                                                         : name.substr(dot);
}

/// Takes the first part off the path, which must not begin with a slash.
std::string_view take_part(std::string_view& path) {
  const std::string_view part = path.substr(0, path.find('/'));
  path.remove_prefix(part.size());
  while (is_absolute(path)) path.remove_prefix(1);
  return part;
}

/// Writes the path without "", "." and as many ".." as the text allows. `out` has room for the path and one byte more.
std::size_t normalize_to(char* out, std::string_view path) {
  std::size_t size = 0;
  const bool rooted = is_absolute(path);
  if (rooted) out[size++] = '/';
  std::size_t floor = size;  // parts before it are ".." or the root: nothing there can be taken back
  while (is_absolute(path)) path.remove_prefix(1);
  while (!path.empty()) {
    const std::string_view part = take_part(path);
    if (part == ".") continue;
    if (part == ".." && size > floor) {
      while (size > floor && out[size - 1] != '/') --size;
      if (size > floor) --size;
      continue;
    }
    if (part == ".." && rooted) continue;
    if (size != 0 && out[size - 1] != '/') out[size++] = '/';
    std::memcpy(out + size, part.data(), part.size());
    size += part.size();
    if (part == "..") floor = size;
  }
  if (size == 0) out[size++] = '.';
  return size;
}

void push_normalized(lua_State* L, std::string_view path) {
  luaL_Buffer buffer;
  char* out = luaL_buffinitsize(L, &buffer, path.size() + 1);
  luaL_pushresultsize(&buffer, normalize_to(out, path));
}

/// In a sandbox the name of the current directory is for those who may read it.
void check_cwd(lua_State* L, const char* directory) {
  const Permissions* permissions = permissions_of(L);
  if (permissions != nullptr && !permissions->allows(Permission::read, directory)) {
    raise_denied(L, Permission::read, ".");
  }
}

void push_cwd(lua_State* L) {
  for (std::size_t size = 256;; size *= 2) {
    luaL_Buffer buffer;
    char* out = luaL_buffinitsize(L, &buffer, size);
    if (::getcwd(out, size) != nullptr) {
      luaL_pushresultsize(&buffer, std::strlen(out));
      return check_cwd(L, lua_tostring(L, -1));
    }
    if (errno != ERANGE || size >= kMostOfCwd) raise_failure(L, failure("getcwd"), ".");
    luaL_pushresultsize(&buffer, 0);
    lua_pop(L, 1);
  }
}

/// Pushes the path at the index, absolute and normalized.
void push_absolute(lua_State* L, int index) {
  if (is_absolute(check_view(L, index))) return push_normalized(L, check_view(L, index));
  push_cwd(L);
  lua_pushliteral(L, "/");
  lua_pushvalue(L, index);
  lua_concat(L, 3);
  push_normalized(L, check_view(L, -1));
  lua_remove(L, -2);
}

/// join(...)
int join(lua_State* L) {
  const int count = lua_gettop(L);
  int first = 1;
  for (int index = 1; index <= count; ++index) {
    if (*check_path(L, index, "fs.join") == '/') first = index;
  }
  luaL_Buffer buffer;
  luaL_buffinit(L, &buffer);
  bool slash = true;  // no slash is needed now
  for (int index = first; index <= count; ++index) {
    const std::string_view part = check_view(L, index);
    if (part.empty()) continue;
    if (!slash) luaL_addchar(&buffer, '/');
    luaL_addlstring(&buffer, part.data(), part.size());
    slash = part.back() == '/';
  }
  luaL_pushresult(&buffer);
  if (check_view(L, -1).empty()) lua_pushliteral(L, ".");
  return 1;
}

/// basename(path, suffix)
int basename(lua_State* L) {
  std::string_view name = last_part(check_path(L, 1, "fs.basename"));
  if (!lua_isnoneornil(L, 2)) {
    const std::string_view suffix = check_path(L, 2, "fs.basename", "suffix");
    if (name.size() > suffix.size() && name.ends_with(suffix)) name.remove_suffix(suffix.size());
  }
  push(L, name);
  return 1;
}

/// dirname(path)
int dirname(lua_State* L) {
  const std::string_view path = without_trailing_slashes(check_path(L, 1, "fs.dirname"));
  const std::size_t slash = path.rfind('/');
  if (slash == std::string_view::npos) {
    lua_pushliteral(L, ".");
  } else {
    push(L, without_trailing_slashes(path.substr(0, slash + 1)));
  }
  return 1;
}

/// extension(path): with its dot.
int extension(lua_State* L) {
  push(L, extension_of(last_part(check_path(L, 1, "fs.extension"))));
  return 1;
}

/// normalize(path)
int normalize(lua_State* L) {
  push_normalized(L, check_path(L, 1, "fs.normalize"));
  return 1;
}

/// absolute(path)
int absolute(lua_State* L) {
  check_path(L, 1, "fs.absolute");
  push_absolute(L, 1);
  return 1;
}

/// relative(path, start)
int relative(lua_State* L) {
  check_path(L, 1, "fs.relative");
  lua_settop(L, 2);
  if (lua_isnil(L, 2)) {
    push_cwd(L);
    lua_replace(L, 2);
  }
  check_path(L, 2, "fs.relative", "start");
  push_absolute(L, 1);
  push_absolute(L, 2);
  std::string_view path = check_view(L, 3);
  std::string_view start = check_view(L, 4);
  path.remove_prefix(1);
  start.remove_prefix(1);
  for (;;) {  // what they have in common
    std::string_view rest = path;
    std::string_view start_rest = start;
    if (path.empty() || start.empty() || take_part(rest) != take_part(start_rest)) break;
    path = rest;
    start = start_rest;
  }
  luaL_Buffer buffer;
  luaL_buffinit(L, &buffer);
  const bool below = start.empty();
  while (!start.empty()) {
    take_part(start);
    luaL_addstring(&buffer, start.empty() && path.empty() ? ".." : "../");
  }
  luaL_addlstring(&buffer, path.data(), path.size());
  if (below && path.empty()) luaL_addchar(&buffer, '.');
  luaL_pushresult(&buffer);
  return 1;
}

/// cwd()
int cwd(lua_State* L) {
  push_cwd(L);
  return 1;
}

}  // namespace

void add_paths(lua_State* L) {
  static const luaL_Reg kFunctions[] = {
      {"join", bound<join>},           {"basename", bound<basename>},
      {"dirname", bound<dirname>},     {"extension", bound<extension>},
      {"normalize", bound<normalize>}, {"absolute", bound<absolute>},
      {"relative", bound<relative>},   {"cwd", bound<cwd>},
  };
  set_functions(L, kFunctions);
}

}  // namespace neap::internal::stdlib::fs
