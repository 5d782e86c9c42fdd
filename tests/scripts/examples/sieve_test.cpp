// scripts/examples/sieve.lua finds primes, and ends although its tasks would go on for ever.
#include "tests/support/process.hpp"

#include <catch2/catch_test_macros.hpp>

#include <string>

using namespace neap::internal::tests;

namespace {

const std::string kScript = NEAP_SOURCE_DIR "/scripts/examples/sieve.lua";

}  // namespace

TEST_CASE("sieve.lua: prints the first primes, in order", "[examples]") {
  const ProcessResult result = run_neap({kScript, "10"});
  CHECK(result.err.empty());
  CHECK(result.status == 0);
  CHECK(result.out == "2\n3\n5\n7\n11\n13\n17\n19\n23\n29\n");
}

TEST_CASE("sieve.lua: 200 filters", "[examples]") {
  const ProcessResult result = run_neap({kScript, "200"});
  CHECK(result.status == 0);
  CHECK(result.out.ends_with("\n1217\n1223\n"));
}

TEST_CASE("sieve.lua: another argument is answered with the usage", "[examples]") {
  for (const char* argument : {"0", "-1", "many", "1.5"}) {
    const ProcessResult result = run_neap({kScript, argument});
    CAPTURE(argument);
    CHECK(result.status == 2);
    CHECK(result.out.empty());
    CHECK(result.err == "usage: neap sieve.lua [COUNT]\n");
  }
}
