// What operations cost, counted, is what tests/bench/counts.txt says: a change of it is seen in review.
#include "tests/support/process.hpp"

#include <catch2/catch_test_macros.hpp>

#include <string>

using namespace neap::internal::tests;

TEST_CASE("bench: instructions, allocations and system calls per operation are those of counts.txt",
          "[bench][counts]") {
  constexpr int kNotCompared = 77;
  ProcessOptions options;
  options.limit = 600;
  options.env = {"PYTHONDONTWRITEBYTECODE=1"};
  const std::string root = NEAP_SOURCE_DIR;
  const auto result =
      run({"/usr/bin/env", "python3", root + "/tests/bench/run.py", "--counts", "--quiet", "--build", NEAP_BINARY_DIR},
          options);
  if (result.status == kNotCompared) SKIP(result.out);
  INFO(result.out << result.err);
  CHECK(result.status == 0);
}
