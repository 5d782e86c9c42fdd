// `neap init`.
#include "tests/support/process.hpp"

#include <catch2/catch_test_macros.hpp>

#include <filesystem>
#include <fstream>
#include <iterator>

using namespace neap::internal::tests;
namespace fs = std::filesystem;

namespace {

std::string contents(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

ProcessResult init(const ScratchDirectory& scratch, std::vector<std::string> arguments = {}) {
  arguments.insert(arguments.begin(), "init");
  return run_neap(arguments, {.cwd = scratch.path()});
}

}  // namespace

TEST_CASE("neap init writes the settings, and the stubs of all of neap's modules", "[interp][init]") {
  const ScratchDirectory scratch;
  const ProcessResult result = init(scratch, {"--copy"});
  CHECK(result.err.empty());
  CHECK(result.status == 0);
  const fs::path root = scratch.path();
  CHECK(contents(root / ".luarc.json") ==
        "{\n  \"runtime.version\": \"Lua 5.4\",\n  \"workspace.library\": [\".neap/stubs\"],\n"
        "  \"workspace.checkThirdParty\": false\n}\n");
  std::size_t count = 0;
  for (const char* folder : {"stdlib", "repl"}) {
    for (const auto& entry : fs::recursive_directory_iterator(fs::path(NEAP_SOURCE_DIR) / folder)) {
      const std::string name = entry.path().filename();
      if (!name.ends_with(".d.lua") || name == "lua54.d.lua") continue;
      INFO(name);
      CHECK(contents(root / ".neap/stubs" / name) == contents(entry.path()));
      ++count;
    }
  }
  CHECK(count >= 8);
  CHECK(result.out == "wrote " + std::to_string(count) +
                          " stubs into ./.neap/stubs\n"
                          "wrote ./.luarc.json: lua-language-server reads the stubs in .neap/stubs\n");
}

TEST_CASE("neap init makes the directory it is given", "[interp][init]") {
  const ScratchDirectory scratch;
  CHECK(init(scratch, {"--copy", "new/project"}).status == 0);
  CHECK(fs::exists(scratch.path() + "/new/project/.luarc.json"));
  CHECK(fs::exists(scratch.path() + "/new/project/.neap/stubs/async.d.lua"));
}

TEST_CASE("neap init leaves a file that is there, and replaces it with --force", "[interp][init]") {
  const ScratchDirectory scratch;
  const std::string path = scratch.write(".luarc.json", "mine");
  const ProcessResult refused = init(scratch, {"--copy"});
  CHECK(refused.status == 1);
  CHECK(refused.err.starts_with("neap init: ./.luarc.json exists already, and stays as it is; --force replaces it\n"));
  CHECK(refused.out.empty());
  CHECK(contents(path) == "mine");
  CHECK_FALSE(fs::exists(scratch.path() + "/.neap"));
  CHECK(init(scratch, {"--copy", "--force"}).status == 0);
  CHECK(contents(path).starts_with("{"));
}

TEST_CASE("neap init leaves a link that leads nowhere", "[interp][init]") {
  const ScratchDirectory scratch;
  fs::create_symlink("nowhere", scratch.path() + "/.luarc.json");
  CHECK(init(scratch).status == 1);
  CHECK_FALSE(fs::exists(scratch.path() + "/nowhere"));
}

TEST_CASE("neap init says what cannot be written", "[interp][init]") {
  const ScratchDirectory scratch;
  scratch.write("file", "");
  const ProcessResult result = init(scratch, {"file"});
  CHECK(result.status == 1);
  CHECK(result.err == "neap init: OSError: EEXIST: file already exists, mkdir 'file'\n");
}

TEST_CASE("neap init refuses words that it does not know", "[interp][init]") {
  const ScratchDirectory scratch;
  const std::string hint = "\nTry 'neap init --help' for the options.\n";
  CHECK(init(scratch, {"--copi"}).err == "neap init: unrecognized option '--copi'" + hint);
  CHECK(init(scratch, {"a", "b"}).err == "neap init: takes one directory, got 'a' and 'b'" + hint);
  CHECK(init(scratch, {""}).err == "neap init: the name of the directory is empty" + hint);
  CHECK(init(scratch, {"a", "b"}).status == 2);
  CHECK(fs::is_empty(scratch.path()));
}

TEST_CASE("neap init takes a name with a dash behind --", "[interp][init]") {
  const ScratchDirectory scratch;
  CHECK(init(scratch, {"--", "--force"}).status == 0);
  CHECK(fs::exists(scratch.path() + "/--force/.luarc.json"));
}

TEST_CASE("neap init shows its options", "[interp][init]") {
  const ScratchDirectory scratch;
  const ProcessResult result = init(scratch, {"--help"});
  CHECK(result.status == 0);
  CHECK(result.out.starts_with("usage: neap init "));
  CHECK(fs::is_empty(scratch.path()));
}
