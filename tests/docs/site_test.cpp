// The site that docs/site.lua builds with mkdocs, where that is installed.
#include "tests/support/process.hpp"

#include <catch2/catch_test_macros.hpp>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

using namespace neap::internal::tests;

namespace {

namespace fs = std::filesystem;

bool has_mkdocs() {
  const char* command =
      "command -v mkdocs && { [ -d /usr/share/mkdocs/themes/material ] || python3 -c 'import material'; }";
  return run({"/bin/sh", "-c", command}).status == 0;
}

/// What the attribute has in the text, each time.
std::vector<std::string> values_of(const std::string& text, const std::string& attribute) {
  std::vector<std::string> values;
  const std::string begin = " " + attribute + "=\"";
  for (std::size_t at = text.find(begin); at != std::string::npos; at = text.find(begin, at)) {
    at += begin.size();
    values.push_back(text.substr(at, text.find('"', at) - at));
  }
  return values;
}

/// Whether the target of a page is in the site; targets elsewhere and within the page are.
bool leads_somewhere(const fs::path& page, const std::string& target) {
  const std::string path = target.substr(0, target.find('#'));
  if (path.empty() || path.find(':') != std::string::npos || path[0] == '/') return true;
  return fs::exists(page.parent_path() / path);
}

}  // namespace

TEST_CASE("docs: the site is built without warnings, and its links lead somewhere", "[docs]") {
  if (!has_mkdocs()) SKIP("mkdocs-material is not installed");
  const ScratchDirectory folder;
  ProcessOptions options;
  options.limit = 120;
  const ProcessResult result = run_neap({NEAP_SOURCE_DIR "/docs/site.lua", folder.path() + "/out"}, options);
  INFO(result.err);
  REQUIRE(result.status == 0);
  int pages = 0;
  for (const auto& entry : fs::recursive_directory_iterator(folder.path() + "/out/site")) {
    if (entry.path().extension() != ".html" || entry.path().filename() == "404.html") continue;
    ++pages;
    std::ifstream file(entry.path());
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    for (const std::string& target : values_of(text, "href")) {
      INFO(entry.path() << ": " << target);
      CHECK(leads_somewhere(entry.path(), target));
    }
    for (const std::string& target : values_of(text, "src")) {
      INFO(entry.path() << ": " << target);
      CHECK_FALSE(target.starts_with("http"));
    }
  }
  CHECK(pages > 20);
  CHECK(fs::exists(folder.path() + "/out/site/reference/async.html"));
  CHECK(fs::exists(folder.path() + "/out/site/search/search_index.json"));
}
