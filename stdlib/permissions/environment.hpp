// What a sandboxed script's child processes are given of the environment.
#pragma once

#include "stdlib/permissions/sandbox.hpp"

#include <string>
#include <vector>

namespace neap::internal {

/// "NAME=VALUE" of the variables that are allowed, and of those that programs cannot do without (PATH, HOME, LANG,
/// ...).
std::vector<std::string> child_environment(const Permissions& permissions);

/// True when a child may be given the variable, "NAME=VALUE": it is allowed, or is what every child gets. One that
/// makes the loader load other code (LD_PRELOAD) is only for scripts that may run everything.
bool may_give(const Permissions& permissions, std::string_view variable);

}  // namespace neap::internal
