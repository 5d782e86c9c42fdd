// The examples of scripts/examples/embed: each is built as a project of its own, and says what it should.
#include "tests/support/process.hpp"

#include <catch2/catch_test_macros.hpp>

#include <cstddef>
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
  const auto result = run(argv);
  INFO(result.err);
  CHECK(result.status == 0);
  return result.out;
}

}  // namespace

TEST_CASE("examples: the programs of interp/README.md say what stands below them") {
  std::ifstream file(NEAP_SOURCE_DIR "/interp/README.md");
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  const std::string begin = "\n```output\n";
  int number = 0;
  for (std::size_t at = text.find(begin); at != std::string::npos; at = text.find(begin, at)) {
    at += begin.size();
    const std::string program = "readme_" + std::to_string(++number);
    INFO(program);
    CHECK(output_of({program}) == text.substr(at, text.find("```", at) - at));
  }
  CHECK(number == 3);
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
