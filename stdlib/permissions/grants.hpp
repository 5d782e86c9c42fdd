// What a sandboxed interpreter may do: a plain value, a list for each kind of permission.
//
// A value names what is granted: a path (read, write, code, native), HOST, HOST:PORT or :PORT (net), the path of a
// program (run), the name of a variable, perhaps with a star at its end (env). Those of paths and programs are kept as
// what they are at the time: absolute, and without symbolic links.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace neap::internal {

enum class Permission : unsigned char {
  read,
  write,
  net,
  run,
  env,
  thread,
  signal,
  native,  // what no sandbox holds: C modules, bytecode
  code,    // Lua files that `require`, `dofile` and `loadfile` may read; given with the script, not by name
};

inline constexpr std::size_t kPermissions = 9;
/// Those that people and scripts name; `code` is none of them.
inline constexpr std::size_t kNamedPermissions = 8;

struct Grant {
  bool all = false;
  std::vector<std::string> values;

  [[nodiscard]] bool none() const { return !all && values.empty(); }
};

struct Grants {
  std::array<Grant, kPermissions> grants;

  [[nodiscard]] const Grant& of(Permission kind) const { return grants[static_cast<std::size_t>(kind)]; }
  [[nodiscard]] Grant& of(Permission kind) { return grants[static_cast<std::size_t>(kind)]; }
};

/// "read", "net", ...
const char* permission_name(Permission kind);
/// The permission of that name, unless there is none.
std::optional<Permission> find_permission(std::string_view name);
/// True for a permission that is granted as a whole or not at all.
bool takes_no_values(Permission kind);

/// Adds the value to what is granted. What is wrong with it, for people; empty when nothing is.
std::string add_grant(Grants& grants, Permission kind, std::string_view value);

/// True when `value` (a whole one, as `add_grant` keeps it; of net with a port) is granted.
bool grants_value(const Grant& grant, Permission kind, std::string_view value);
/// True when the host is granted with some port.
bool grants_host(const Grant& grant, std::string_view host);
/// What both grant.
Grants common_part(const Grants& a, const Grants& b);

/// "host:port", with brackets for an IPv6 address; the host in lower case and without a dot at its end.
std::string net_value(std::string_view host, int port);

/// The path, absolute and without symbolic links as far as it exists, and without "." and "..".
std::string real_path(std::string_view path);
/// Where the program is: as exec finds it on PATH when it has no slash. Empty when it is nowhere.
std::string find_program(std::string_view name);
/// True when `path` is `directory` or below it. Both are real paths.
bool is_below(std::string_view path, std::string_view directory);

}  // namespace neap::internal
