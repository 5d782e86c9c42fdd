// The version has one source: interp/include/neap/version.hpp.
#include <neap/version.hpp>

#include <catch2/catch_test_macros.hpp>

#include <string>

TEST_CASE("the version is the same as a function, as text and as numbers", "[interp][embed]") {
  CHECK(neap::version() == std::string(NEAP_VERSION));
  CHECK(std::to_string(NEAP_VERSION_MAJOR) + "." + std::to_string(NEAP_VERSION_MINOR) + "." +
            std::to_string(NEAP_VERSION_PATCH) ==
        NEAP_VERSION);
}
