#include "stdlib/permissions/environment.hpp"

#include <algorithm>

extern char** environ;  // NOLINT(readability-redundant-declaration): POSIX leaves the declaration to us

namespace neap::internal {

namespace {

constexpr std::string_view kNeeded[] = {"PATH", "HOME", "LANG", "TERM", "TMPDIR", "TZ"};
constexpr std::string_view kLoaders[] = {"LD_", "DYLD_"};

bool is_needed(std::string_view name) {
  return name.starts_with("LC_") || std::find(std::begin(kNeeded), std::end(kNeeded), name) != std::end(kNeeded);
}

bool is_loaders(std::string_view name) {
  return std::any_of(std::begin(kLoaders), std::end(kLoaders),
                     [name](std::string_view prefix) { return name.starts_with(prefix); });
}

bool allows_name(const Permissions& permissions, std::string_view name) {
  return permissions.allows(Permission::env, name) && (!is_loaders(name) || permissions.allows_all(Permission::run));
}

}  // namespace

std::vector<std::string> child_environment(const Permissions& permissions) {
  std::vector<std::string> list;
  for (char** variable = environ; variable != nullptr && *variable != nullptr; ++variable) {
    const std::string_view text = *variable;
    const std::string_view name = text.substr(0, text.find('='));
    if (is_needed(name) || allows_name(permissions, name)) list.emplace_back(text);
  }
  return list;
}

bool may_give(const Permissions& permissions, std::string_view variable) {
  const std::string_view name = variable.substr(0, variable.find('='));
  if (allows_name(permissions, name)) return true;
  for (char** own = environ; own != nullptr && *own != nullptr; ++own) {
    if (variable == *own) return is_needed(name);
  }
  return false;
}

}  // namespace neap::internal
