// docs/design/adding-a-module.md: the files that it shows are those of tests/docs/latch, and their tests pass.
#include "tests/support/process.hpp"

#include <catch2/catch_test_macros.hpp>

#include <fstream>
#include <iterator>
#include <string>

namespace {

std::string text_of(const std::string& path) {
  std::ifstream file(NEAP_SOURCE_DIR "/" + path);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

TEST_CASE("docs/design/adding-a-module.md shows the files of tests/docs/latch") {
  const std::string page = text_of("docs/design/adding-a-module.md");
  for (const char* file : {"latch/latch.cpp", "latch/init.lua", "latch/latch.d.lua", "checks.lua"}) {
    INFO(file);
    const std::string text = text_of(std::string("tests/docs/latch/") + file);
    CHECK_FALSE(text.empty());
    CHECK(page.find("\n" + text + "```\n") != std::string::npos);
  }
}

TEST_CASE("the module of docs/design/adding-a-module.md passes its tests") {
  const auto result = neap::internal::tests::run({NEAP_BINARY_DIR "/examples/neap_latch_tests"});
  INFO(result.out << result.err);
  CHECK(result.status == 0);
  CHECK(result.out.find("5 test cases") != std::string::npos);
}
