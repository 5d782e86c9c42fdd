// The benchmark itself: that every row runs in every program that is installed, and that the figures, tables and
// pictures made of the samples are right. check_*.py do it.
#include "tests/support/process.hpp"

#include <catch2/catch_test_macros.hpp>

#include <string>

using namespace neap::internal::tests;

namespace {

constexpr const char* kFolder = NEAP_SOURCE_DIR "/tests/bench/";

ProcessResult python(const std::string& script, std::vector<std::string> arguments = {}) {
  arguments.insert(arguments.begin(), {"/usr/bin/env", "python3", kFolder + script});
  ProcessOptions options;
  options.limit = 240;
  options.env = {"PYTHONDONTWRITEBYTECODE=1"};
  return run(arguments, options);
}

}  // namespace

TEST_CASE("bench: tables, growth, picture and the arguments of the command", "[bench]") {
  const ProcessResult result = python("check_parts.py");
  INFO(result.err);
  CHECK(result.status == 0);
}

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__) && defined(__linux__)

TEST_CASE("bench: every row runs in every program that is installed", "[bench]") {
  const std::string limit = NEAP_BINARY_DIR "/tests/bench/neap_bench_limit";
  const ProcessResult result = python("check_rows.py", {"--neap", NEAP_BINARY, "--limit", limit});
  INFO(result.out << result.err);
  CHECK(result.status == 0);
}

#endif
