// The test files in the pages, each a block that begins with its name: they must pass.
#include "tests/stdlib/test/suite.hpp"

#include <catch2/catch_test_macros.hpp>

#include <fstream>

using namespace neap::internal::tests;

namespace {

/// Adds the page's files to the suite. Returns how many there are.
int add_files(const Suite& suite, const std::string& path) {
  std::ifstream page(path);
  std::string name;
  std::string text;
  int files = 0;
  for (std::string line; std::getline(page, line);) {
    if (name.empty() && line.starts_with("-- ") && line.ends_with("_test.lua")) {
      name = line.substr(3);
    } else if (!name.empty() && line == "```") {
      suite.add_raw(name, text);
      ++files;
      name.clear();
      text.clear();
    } else if (!name.empty()) {
      text += line + "\n";
    }
  }
  return files;
}

}  // namespace

TEST_CASE("neap test: the files in the pages pass", "[test]") {
  const Suite suite;
  CHECK(add_files(suite, NEAP_SOURCE_DIR "/stdlib/test/README.md") == 5);
  CHECK(add_files(suite, NEAP_SOURCE_DIR "/README.md") == 1);
  const ProcessResult result = suite.run();
  INFO(result.out);
  CHECK(result.status == 0);
}
