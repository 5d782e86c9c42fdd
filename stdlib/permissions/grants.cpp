#include "stdlib/permissions/grants.hpp"

#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <utility>

namespace neap::internal {

namespace {

constexpr std::array<const char*, kPermissions> kNames{"read",   "write",  "net",    "run", "env",
                                                       "thread", "signal", "native", "code"};

// Files there are doors to memory, to devices and to the environment: to grant all or a directory above does not open
// them.
constexpr std::string_view kDoors[] = {"/proc", "/sys", "/dev"};
constexpr std::string_view kHarmless[] = {"/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom"};

bool is_path(Permission kind) {
  return kind == Permission::read || kind == Permission::write || kind == Permission::native ||
         kind == Permission::code;
}

/// The directory of kDoors that the path is in, or nothing.
std::string_view door_of(std::string_view path) {
  for (const std::string_view harmless : kHarmless) {
    if (path == harmless) return {};
  }
  for (const std::string_view door : kDoors) {
    if (is_below(path, door)) return door;
  }
  return {};
}

bool path_covers(std::string_view granted, std::string_view path) {
  if (!is_below(path, granted)) return false;
  const std::string_view door = door_of(path);
  return door.empty() || is_below(granted, door);
}

// Hosts and ports.

constexpr int kAnyPort = -1;
constexpr int kNoPort = -2;  // one that is no number

struct NetRule {
  std::string_view host;  // empty: any
  int port = kAnyPort;
};

int parse_port(std::string_view text) {
  if (text.empty() || text.size() > 5) return kNoPort;
  int port = 0;
  for (const char digit : text) {
    if (digit < '0' || digit > '9') return kNoPort;
    port = port * 10 + (digit - '0');
  }
  return port <= 65535 ? port : kNoPort;
}

/// HOST, HOST:PORT, :PORT, [IPV6], [IPV6]:PORT or IPV6.
NetRule parse_net(std::string_view text) {
  NetRule rule;
  if (text.starts_with('[')) {
    const std::size_t end = text.find(']');
    if (end == std::string_view::npos) return {text, kNoPort};
    rule.host = text.substr(1, end - 1);
    text.remove_prefix(end + 1);
    if (!text.empty()) rule.port = text.front() == ':' ? parse_port(text.substr(1)) : kNoPort;
    return rule;
  }
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos || colon != text.rfind(':')) return {text, kAnyPort};
  return {text.substr(0, colon), parse_port(text.substr(colon + 1))};
}

bool host_covers(std::string_view granted, std::string_view host) {
  if (granted.empty() || granted == host) return true;
  // "*.example.org" is every name below, and not example.org itself.
  return granted.starts_with("*.") && host.size() > granted.size() - 1 && host.ends_with(granted.substr(1));
}

bool net_covers(std::string_view granted, std::string_view value) {
  const NetRule rule = parse_net(granted);
  const NetRule wanted = parse_net(value);
  return host_covers(rule.host, wanted.host) && (rule.port == kAnyPort || rule.port == wanted.port);
}

std::string rule_text(std::string_view host, int port) {
  std::string text(host);
  if (host.find(':') != std::string_view::npos) text = "[" + text + "]";
  if (port != kAnyPort) text += ":" + std::to_string(port);
  return text;
}

std::string lower_host(std::string_view host) {
  std::string text(host);
  for (char& letter : text) letter = static_cast<char>(std::tolower(static_cast<unsigned char>(letter)));
  if (text.size() > 1 && text.back() == '.') text.pop_back();
  return text;
}

/// What both rules allow; nothing when they have nothing in common.
std::optional<std::string> common_net(std::string_view a, std::string_view b) {
  const NetRule one = parse_net(a);
  const NetRule other = parse_net(b);
  const bool one_wider = host_covers(one.host, other.host);
  if (!one_wider && !host_covers(other.host, one.host)) return std::nullopt;
  if (one.port != kAnyPort && other.port != kAnyPort && one.port != other.port) return std::nullopt;
  return rule_text(one_wider ? other.host : one.host, one.port != kAnyPort ? one.port : other.port);
}

bool env_covers(std::string_view granted, std::string_view name) {
  if (!granted.ends_with('*')) return granted == name;
  return name.starts_with(granted.substr(0, granted.size() - 1));
}

/// True when what is granted by `a` is all of what `b` grants.
bool covers(Permission kind, std::string_view a, std::string_view b) {
  if (is_path(kind)) return path_covers(a, b);
  if (kind == Permission::net) return net_covers(a, b);
  if (kind == Permission::env) return env_covers(a, b);
  return a == b;
}

std::optional<std::string> common_value(Permission kind, const std::string& a, const std::string& b) {
  if (kind == Permission::net) return common_net(a, b);
  if (covers(kind, a, b)) return b;
  if (covers(kind, b, a)) return a;
  return std::nullopt;
}

Grant common_grant(Permission kind, const Grant& a, const Grant& b) {
  if (a.all) return b;
  if (b.all) return a;
  Grant result;
  for (const std::string& one : a.values) {
    for (const std::string& other : b.values) {
      std::optional<std::string> both = common_value(kind, one, other);
      const auto& known = result.values;
      if (both && std::find(known.begin(), known.end(), *both) == known.end()) result.values.push_back(*both);
    }
  }
  return result;
}

std::string check_net(std::string_view value) {
  const NetRule rule = parse_net(value);
  const std::string quoted = "'" + std::string(value) + "'";
  if (rule.port == kNoPort) return quoted + " has no port from 0 to 65535 behind its colon";
  if (rule.host.empty() && rule.port == kAnyPort) return quoted + " is neither HOST, HOST:PORT nor :PORT";
  if (rule.host.find_first_of("/@[] \t\n") != std::string_view::npos || rule.host.find("..") != std::string_view::npos)
    return quoted + " is no host: give HOST or HOST:PORT";
  const std::size_t star = rule.host.rfind('*');
  if (star != std::string_view::npos && (star != 0 || !rule.host.starts_with("*.") || rule.host.size() == 2)) {
    return quoted + ": a star stands only at the beginning, as in '*.example.org'";
  }
  return "";
}

std::string check_name(std::string_view value) {
  const std::size_t star = value.find('*');
  if (value.find('=') == std::string_view::npos && (star == std::string_view::npos || star == value.size() - 1)) {
    return "";
  }
  return "'" + std::string(value) + "' is no name of a variable: give NAME or PREFIX*";
}

}  // namespace

const char* permission_name(Permission kind) { return kNames[static_cast<std::size_t>(kind)]; }

std::optional<Permission> find_permission(std::string_view name) {
  for (std::size_t i = 0; i < kNamedPermissions; ++i) {
    if (name == kNames[i]) return static_cast<Permission>(i);
  }
  return std::nullopt;
}

bool takes_no_values(Permission kind) { return kind == Permission::thread || kind == Permission::signal; }

std::string add_grant(Grants& grants, Permission kind, std::string_view value) {
  const std::string name = permission_name(kind);
  if (takes_no_values(kind)) return name + " is allowed as a whole: it takes no '" + std::string(value) + "'";
  if (value.empty()) return "an empty value";
  if (value.find('\0') != std::string_view::npos) return "a value with a zero byte in it";
  std::string kept(value);
  std::string problem;
  if (is_path(kind)) {
    kept = real_path(value);
    if (kept.empty()) problem = "'" + std::string(value) + "' is no path while there is no current directory";
  } else if (kind == Permission::net) {
    problem = check_net(value);
    const NetRule rule = parse_net(value);
    if (problem.empty()) kept = rule_text(lower_host(rule.host), rule.port);
  } else if (kind == Permission::run) {
    kept = find_program(value);
    if (kept.empty()) problem = "there is no program '" + std::string(value) + "'";
  } else {
    problem = check_name(value);
  }
  if (problem.empty()) grants.of(kind).values.push_back(std::move(kept));
  return problem;
}

bool grants_value(const Grant& grant, Permission kind, std::string_view value) {
  if (grant.all && (!is_path(kind) || door_of(value).empty())) return true;
  return std::any_of(grant.values.begin(), grant.values.end(),
                     [&](const std::string& granted) { return covers(kind, granted, value); });
}

Grants common_part(const Grants& a, const Grants& b) {
  Grants result;
  for (std::size_t i = 0; i < kPermissions; ++i) {
    result.grants[i] = common_grant(static_cast<Permission>(i), a.grants[i], b.grants[i]);
  }
  return result;
}

bool grants_host(const Grant& grant, std::string_view host) {
  const std::string wanted = lower_host(host);
  return grant.all || std::any_of(grant.values.begin(), grant.values.end(),
                                  [&](const std::string& rule) { return host_covers(parse_net(rule).host, wanted); });
}

std::string net_value(std::string_view host, int port) { return rule_text(lower_host(host), port); }

bool is_below(std::string_view path, std::string_view directory) {
  if (directory == "/") return path.starts_with('/');
  return path.starts_with(directory) && (path.size() == directory.size() || path[directory.size()] == '/');
}

std::string real_path(std::string_view path) {
  std::string existing(path);
  if (!path.starts_with('/')) {
    const std::unique_ptr<char, void (*)(void*)> here(::getcwd(nullptr, 0), std::free);
    if (!here) return "";
    existing = std::string(here.get()) + "/" + existing;
  }
  // What does not exist has no links either: it is taken off until something is left that does.
  std::string rest;
  for (;;) {
    const std::unique_ptr<char, void (*)(void*)> real(::realpath(existing.c_str(), nullptr), std::free);
    if (real) {
      std::string result = real.get();
      return rest.empty() ? result : (result == "/" ? "" : result) + rest;
    }
    while (existing.size() > 1 && existing.back() == '/') existing.pop_back();
    const std::size_t slash = existing.rfind('/');
    const std::string part = existing.substr(slash + 1);
    existing.resize(std::max<std::size_t>(slash, 1));
    if (part == "..") {
      const std::size_t above = existing.rfind('/');
      existing.resize(std::max<std::size_t>(above, 1));
    } else if (part != "." && !part.empty()) {
      rest.insert(0, part).insert(0, 1, '/');
    }
  }
}

std::string find_program(std::string_view name) {
  // Its own name stays: a program of many names (busybox) is another one under each.
  const auto real_program = [](const std::string& path) {
    const std::size_t name_at = path.rfind('/') + 1;
    const bool found = ::access(path.c_str(), X_OK) == 0 && name_at < path.size();
    if (!found) return std::string();
    const std::string directory = real_path(path.substr(0, name_at));
    return (directory == "/" ? "" : directory) + "/" + path.substr(name_at);
  };
  if (name.find('/') != std::string_view::npos) return real_program(std::string(name));
  const char* path = std::getenv("PATH");  // NOLINT(concurrency-mt-unsafe): nothing of neap's sets it
  std::string_view rest = path != nullptr ? path : "/usr/local/bin:/bin:/usr/bin";
  for (;;) {
    const std::string_view directory = rest.substr(0, rest.find(':'));
    const std::string candidate = (directory.empty() ? "." : std::string(directory)) + "/" + std::string(name);
    if (std::string found = real_program(candidate); !found.empty()) return found;
    if (directory.size() == rest.size()) return "";
    rest.remove_prefix(directory.size() + 1);
  }
}

}  // namespace neap::internal
