// scripts/examples/tour.lua runs to its end, and says what happens in the order in which it happens.
#include "tests/support/process.hpp"

#include <catch2/catch_test_macros.hpp>

#include <string>

using namespace neap::internal::tests;

TEST_CASE("tour.lua: shows everything and ends by itself", "[examples]") {
  const ProcessResult result = run_neap({NEAP_SOURCE_DIR "/scripts/examples/tour.lua"});
  CAPTURE(result.out);
  CHECK(result.err.empty());
  CHECK(result.status == 0);
  std::size_t place = 0;
  for (const char* text : {"egg is ready",
                           "tea is ready",
                           "data from a, data from b, data from c",
                           "data from quick",
                           "data from medium",
                           "data from slow",
                           "gave up: timed out after 0.2 seconds",
                           "did it finish? false",
                           "worker 3 is done",
                           "the block is left",
                           "put its tools away",
                           "caught ValueError: the oven is on fire",
                           "the kitchen is closed",
                           "cancelled all the same: true",
                           "the payment is ready",
                           "3 ...",
                           "1 ...",
                           "CD",
                           "the letters are put away",
                           "3 5 9 letters",
                           "it is 42",
                           "monday: rain",
                           "tuesday: snow",
                           "is gone: true (code ENOENT)",
                           "The end",
                           "goodbye"}) {
    place = result.out.find(text, place);
    CAPTURE(text);
    REQUIRE(place != std::string::npos);
  }
}
