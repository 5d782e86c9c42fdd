// Runs neap with functions of the system replaced.
#pragma once

#include "tests/support/process.hpp"

#include <string>

namespace neap::internal::tests {

/// Runs the script with the functions of the C source before the system's of the same names. SKIPs the test where that
/// cannot be: off Linux, under the sanitizers, without a C compiler.
ProcessResult run_preloaded(const std::string& source, const std::string& script);

}  // namespace neap::internal::tests
