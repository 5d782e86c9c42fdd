// `--limit-NAME=VALUE` on the command line.
#pragma once

#include "runtime/task/limits.hpp"

#include <string>
#include <string_view>

namespace neap::internal {

/// Adds the limit of "memory=64M" to `limits`. What is wrong with it, for people; empty when nothing is.
std::string parse_limit(std::string_view item, Limits& limits);

}  // namespace neap::internal
