// The direction of knowledge between the folders, as README states it.
#include <catch2/catch_test_macros.hpp>

#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace {

namespace fs = std::filesystem;

const fs::path kRoot = NEAP_SOURCE_DIR;

// What a folder may include from: other folders of the repository, and libraries outside.
const std::map<std::string, std::set<std::string>> kKnows = {
    {"runtime/lua", {"runtime/lua", "lua"}},
    {"runtime/loop", {"runtime/loop", "uv"}},
    {"runtime/task", {"runtime/task", "runtime/loop", "runtime/lua", "lua", "uv"}},
    {"stdlib", {"stdlib", "runtime/task", "runtime/loop", "runtime/lua", "lua", "uv"}},
    {"repl", {"repl", "stdlib", "runtime/task", "runtime/loop", "runtime/lua", "lua", "uv"}},
    {"interp", {"interp", "neap", "stdlib", "runtime/task", "runtime/loop", "runtime/lua", "lua", "uv"}},
    {"interp/include", {"neap"}},
    {"interp/include/neap/lua.hpp", {"neap", "lua", "uv"}},
};

/// The key of kKnows with the longest match at the start of the path, or "".
std::string room_of(const std::string& path) {
  std::string room;
  for (const auto& [name, known] : kKnows) {
    if ((path == name || path.starts_with(name + "/")) && name.size() > room.size()) room = name;
  }
  return room;
}

/// What an include names: a folder of the repository, "lua", "uv", or "" for the rest.
std::string target_of(const std::string& include) {
  if (include == "uv.h") return "uv";
  if (include.starts_with("lua") || include == "lauxlib.h") return "lua";
  if (include.starts_with("runtime/")) return include.substr(0, include.find('/', 8));
  for (const char* folder : {"stdlib", "interp", "repl", "tests", "neap"}) {
    if (include.starts_with(std::string(folder) + "/")) return folder;
  }
  return "";
}

std::vector<std::string> includes_of(const fs::path& file) {
  std::vector<std::string> includes;
  std::ifstream input(file);
  for (std::string line; std::getline(input, line);) {
    if (!line.starts_with("#include ")) continue;
    const std::size_t end = line.find_first_of("\">", 10);
    includes.push_back(line.substr(10, end - 10));
  }
  return includes;
}

std::vector<fs::path> sources() {
  std::vector<fs::path> files;
  for (const char* folder : {"runtime", "stdlib", "interp", "repl"}) {
    if (!fs::exists(kRoot / folder)) continue;
    for (const auto& entry : fs::recursive_directory_iterator(kRoot / folder)) {
      const std::string extension = entry.path().extension();
      if (extension == ".cpp" || extension == ".hpp") files.push_back(entry.path());
    }
  }
  return files;
}

}  // namespace

TEST_CASE("architecture: no file includes from a folder that its own must not know") {
  REQUIRE(sources().size() > 20);
  for (const fs::path& file : sources()) {
    const std::string path = fs::relative(file, kRoot);
    const std::string room = room_of(path);
    INFO(path << " belongs to no room that this test knows");
    REQUIRE_FALSE(room.empty());
    for (const std::string& include : includes_of(file)) {
      const std::string target = target_of(include);
      // The two places that join them: the program, and libneap for those who want the prompt.
      if ((path == "interp/main.cpp" || path == "interp/embed/prompt.cpp") && target == "repl") continue;
      INFO(path << " includes " << include);
      CHECK((target.empty() || kKnows.at(room).contains(target)));
    }
  }
}

TEST_CASE("architecture: every header guards itself with #pragma once") {
  for (const fs::path& file : sources()) {
    if (file.extension() != ".hpp") continue;
    std::ifstream input(file);
    const std::string text((std::istreambuf_iterator<char>(input)), std::istreambuf_iterator<char>());
    INFO(file);
    CHECK(text.find("#pragma once") != std::string::npos);
  }
}
