// Wrong arguments and odd places: arguments.lua calls the functions and methods of a group of modules with both.
//
//   NEAP_ARGUMENTS=long build/release/neap_tests "arguments:*"     every value at every place, not a choice of them
#include "tests/support/process.hpp"

#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <cstdlib>
#include <string>

using namespace neap::internal::tests;

namespace {

void check_group(const std::string& group) {
  const ScratchDirectory scratch;
  const char* length = std::getenv("NEAP_ARGUMENTS");
  ProcessOptions options;
  options.cwd = scratch.path();
  options.env = {"TMPDIR=" + scratch.path()};
  options.limit = length != nullptr ? 1800 : 120;
  const ProcessResult result = run_neap({NEAP_SOURCE_DIR "/tests/reliability/arguments.lua", NEAP_SOURCE_DIR, group,
                                         length != nullptr ? length : "short"},
                                        options);
  INFO(result.out.substr(0, 10'000));
  INFO("the last that was called, and what was written there: "
       << result.err.substr(result.err.size() - std::min<std::size_t>(result.err.size(), 2000)));
  CHECK_FALSE(result.timed_out);
  CHECK(result.status == 0);
  CHECK(result.out.find(", 0 problems\n") != std::string::npos);
}

}  // namespace

#define ARGUMENTS(group, what) \
  TEST_CASE("arguments: " what, "[reliability][arguments]") { check_group(group); }

ARGUMENTS("async", "the functions of async")
ARGUMENTS("classes", "the methods of the classes of async")
ARGUMENTS("fs", "files and directories")
ARGUMENTS("net", "the network, subprocesses, signals")
ARGUMENTS("process", "processes, isolates, permissions")
ARGUMENTS("patterns", "patterns")
ARGUMENTS("test", "the functions of tests, outside of one")
ARGUMENTS("compat", "LuaSocket's functions")
ARGUMENTS("lua", "Lua's own functions that neap has replaced")
