// The examples of scripts/examples/embed: each is built as a project of its own, and says what it should.
#include "tests/support/process.hpp"

#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

namespace {

using neap::internal::tests::run;

const std::string kPrograms = NEAP_BINARY_DIR "/examples/";
const std::string kSources = NEAP_SOURCE_DIR "/scripts/examples/embed/";

std::string output_of(std::vector<std::string> argv) {
  argv.front() = kPrograms + argv.front();
  const std::string path = std::getenv("PATH");  // where neap::Isolate looks for the program
  const auto result = run(argv, {.env = {"PATH=" NEAP_BINARY_DIR ":" + path}});
  INFO(result.err);
  CHECK(result.status == 0);
  return result.out;
}

/// Where an endless loop goes on: the thread sanitizer holds back the signal that ends it.
void skip_endless_loops() {
#ifdef __SANITIZE_THREAD__
  SKIP("endless loops are not ended under the thread sanitizer");
#endif
}

std::string text_of(const std::string& path) {
  std::ifstream file(NEAP_SOURCE_DIR "/" + path);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// The pages that may have programs in C++, as tests/CMakeLists.txt takes them: without ".md".
std::vector<std::string> pages() {
  std::vector<std::string> names{"interp/README"};
  for (const auto& entry : std::filesystem::recursive_directory_iterator(NEAP_SOURCE_DIR "/docs")) {
    std::filesystem::path path = std::filesystem::relative(entry.path(), NEAP_SOURCE_DIR);
    if (path.extension() == ".md") names.push_back(path.replace_extension().string());
  }
  return names;
}

/// Runs the programs of a page, which must say what the `output` behind each has. Returns how many there are.
int check_page(const std::string& page) {
  const std::string text = text_of(page + ".md");
  std::string name = page;
  std::replace(name.begin(), name.end(), '/', '_');
  int number = 0;
  for (std::size_t at = text.find("\n```cpp\n"); at != std::string::npos;) {
    const std::string program = name + "_" + std::to_string(++number);
    const std::size_t next = text.find("\n```cpp\n", at + 1);
    const std::string begin = "\n```output\n";
    at = text.find(begin, at) + begin.size();
    INFO(program << " has no output behind it");
    REQUIRE(at > begin.size());
    REQUIRE(at < next);
    INFO(program);
    CHECK(output_of({program}) == text.substr(at, text.find("```", at) - at));
    at = next;
  }
  return number;
}

}  // namespace

TEST_CASE("examples: the C++ programs of the pages say what stands below them") {
  skip_endless_loops();
  int number = 0;
  for (const std::string& page : pages()) number += check_page(page);
  CHECK(number >= 3);
}

TEST_CASE("examples: a game's frames run its scripted entities") {
  CHECK(output_of({"neap_example_game", kSources + "game/entities.lua"}) ==
        "cat turns at frame 9\nguard turns at frame 24\ncat turns at frame 29\ncat turns at frame 49\n"
        "cat is at -3\nguard is at -22\n"
        "script ended: LimitError\nscript ended: ValueError\n");
}

TEST_CASE("examples: a server's handlers in Lua wait for C++ threads and coroutines") {
  CHECK(output_of({"neap_example_server", kSources + "server/handlers.lua"}) ==
        "value of colour\nhello, world\nerror: what is that?\nvalue of size\n");
}

TEST_CASE("examples: plug-ins that are not trusted are kept within their limits") {
  skip_endless_loops();
  const std::string folder = kSources + "plugins/";
  CHECK(output_of({"neap_example_plugins", folder + "good.lua", folder + "curious.lua", folder + "endless.lua",
                   folder + "greedy.lua"}) ==
        "good.lua: six times seven is 42\ncurious.lua: PermissionError\n"
        "endless.lua: ended by its limit: step\ngreedy.lua: ended by its limit: memory\n");
}

TEST_CASE("examples: neap on the application's uv loop, and on a poll loop") {
  CHECK(output_of({"neap_example_loops"}) ==
        "uv 1\nuv 2\nuv 3\nuv done: 1\nuv closed: 0\npoll 1\npoll 2\npoll 3\npoll done: 1\n");
}
