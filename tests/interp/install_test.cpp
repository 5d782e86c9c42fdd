// What cmake --install and cpack make of the build tree, and three projects that use it: tests/consumers.
#include "tests/support/process.hpp"

#include <neap/version.hpp>

#include <catch2/catch_test_macros.hpp>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <sstream>
#include <string>

using namespace neap::internal::tests;
namespace fs = std::filesystem;

namespace {

const std::string kConsumers = NEAP_SOURCE_DIR "/tests/consumers/";

std::string contents(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// Runs a command that must succeed, and gives its standard output.
std::string output_of(std::vector<std::string> argv, ProcessOptions options = {}) {
  argv.insert(argv.begin(), "/usr/bin/env");
  options.limit = 200;
  const ProcessResult result = run(argv, options);
  INFO(argv[1] << ": " << result.out << result.err);
  REQUIRE(result.status == 0);
  return result.out;
}

bool can_run(const std::string& program) { return run({"/usr/bin/env", program, "--version"}).status == 0; }

void needs_installation() {
  if (!NEAP_INSTALLS) SKIP("an instrumented build is not what is installed");
}

/// The installation, made once, in a folder that it was not made for: it was moved there.
const fs::path& installation() {
  needs_installation();
  static const ScratchDirectory scratch;
  static const fs::path prefix = [] {
    const fs::path first = fs::path(scratch.path()) / "first";
    const fs::path moved = fs::path(scratch.path()) / "moved";
    output_of({NEAP_CMAKE, "--install", NEAP_BINARY_DIR, "--prefix", first, "--strip"});
    fs::rename(first, moved);
    return moved;
  }();
  return prefix;
}

/// The folder below the prefix that has the file.
fs::path folder_of(const fs::path& prefix, const std::string& name) {
  for (const auto& entry : fs::recursive_directory_iterator(prefix)) {
    if (entry.path().filename() == name) return entry.path().parent_path();
  }
  FAIL(name << " is not installed");
  return {};
}

ProcessOptions with_pkg_config() {
  return {.env = {"PKG_CONFIG_PATH=" + folder_of(installation(), "neap.pc").string()}};
}

/// What app.cpp prints.
const std::string kAppOutput = NEAP_VERSION " " NEAP_VERSION "\n";

/// Configures and builds a consumer, and gives the folder it was built in.
std::string build(const ScratchDirectory& scratch, const std::string& consumer, const std::string& target,
                  const std::vector<std::string>& options) {
  std::vector<std::string> configure{NEAP_CMAKE, "-G", "Ninja", "-S", kConsumers + consumer, "-B", scratch.path()};
  configure.insert(configure.end(), options.begin(), options.end());
  output_of(configure);
  output_of({NEAP_CMAKE, "--build", scratch.path(), "--target", target});
  return scratch.path();
}

}  // namespace

TEST_CASE("the installation has the program, its page, completions and stubs", "[interp][install]") {
  const fs::path& prefix = installation();
  for (const char* file :
       {"bin/neap", "share/man/man1/neap.1", "share/bash-completion/completions/neap",
        "share/fish/vendor_completions.d/neap.fish", "share/neap/stubs/async.d.lua", "share/neap/doc/docs/tutorial.md",
        "share/neap/doc/stdlib/fs/README.md", "include/neap/version.hpp"}) {
    INFO(file);
    CHECK(fs::exists(prefix / file));
  }
  CHECK_FALSE(fs::exists(prefix / "share/neap/stubs/lua54.d.lua"));
  CHECK(output_of({prefix / "bin/neap", "-e", "print(await(async.sleep(0, 'runs')))"}) == "runs\n");
  CHECK(output_of({prefix / "bin/neap", "doc", "tutorial"}, {.cwd = "/"}).starts_with("Tutorial\n"));
}

TEST_CASE("neap init of an installation leads to its stubs", "[interp][install]") {
  const fs::path& prefix = installation();
  const ScratchDirectory scratch;
  output_of({prefix / "bin/neap", "init"}, {.cwd = scratch.path()});
  const std::string stubs = fs::canonical(prefix / "share/neap/stubs");
  CHECK(contents(scratch.path() + "/.luarc.json").find("[\"" + stubs + "\"]") != std::string::npos);
  CHECK_FALSE(fs::exists(scratch.path() + "/.neap"));
}

TEST_CASE("no installed file knows where it was built", "[interp][install]") {
  std::size_t count = 0;
  for (const auto& entry : fs::recursive_directory_iterator(installation())) {
    if (!entry.is_regular_file() || entry.path().extension() == ".a") continue;  // those keep their line tables
    INFO(entry.path());
    const std::string text = contents(entry.path());
    CHECK(text.find(NEAP_SOURCE_DIR) == std::string::npos);
    CHECK(text.find(NEAP_BINARY_DIR) == std::string::npos);
    ++count;
  }
  CHECK(count > 15);
}

TEST_CASE("every installed header compiles by itself", "[interp][install]") {
  const fs::path& prefix = installation();
  const std::string flags = output_of({"pkg-config", "--cflags", "lua5.4"});
  std::string source;
  for (const auto& entry : fs::recursive_directory_iterator(prefix / "include")) {
    if (entry.path().extension() != ".hpp") continue;
    const std::string name = fs::relative(entry.path(), prefix / "include");
    source += "echo '#include <" + name + ">' | ${CXX:-c++} -std=c++20 -Wall -Wextra -Werror -fsyntax-only -I\"$0\" " +
              (name == "neap/lua.hpp" ? flags.substr(0, flags.find('\n')) : "") + " -x c++ - || exit 1\n";
  }
  output_of({"sh", "-c", source, prefix / "include"});
}

TEST_CASE("a project finds the installed package, and builds with the static library", "[interp][install]") {
  const ScratchDirectory scratch;
  const std::string folder = build(scratch, "find_package", "app", {"-DCMAKE_PREFIX_PATH=" + installation().string()});
  CHECK(output_of({folder + "/app"}) == kAppOutput);
  CHECK(output_of({"ldd", folder + "/app"}).find("libneap") == std::string::npos);
}

TEST_CASE("a project finds the installed package, and builds with the shared library", "[interp][install]") {
  const ScratchDirectory scratch;
  const std::string folder = build(scratch, "find_package", "app",
                                   {"-DCMAKE_PREFIX_PATH=" + installation().string(), "-DBUILD_SHARED_LIBS=ON"});
  CHECK(output_of({folder + "/app"}) == kAppOutput);
  CHECK(output_of({"ldd", folder + "/app"}).find("libneap.so.0.1 => ") != std::string::npos);
}

TEST_CASE("C modules load in a plug-in whose symbols its host hides, with either library", "[interp][install]") {
  for (const char* module : {"lpeg", "cjson"}) {
    const std::string code = std::string("os.exit(package.searchpath('") + module + "', package.cpath) and 0 or 3)";
    if (run_neap({"-e", code}).status == 3) SKIP("the Lua module " << module << " is not installed");
  }
  for (const char* shared : {"OFF", "ON"}) {
    const ScratchDirectory scratch;
    const std::string folder =
        build(scratch, "find_package", "host",
              {"-DCMAKE_PREFIX_PATH=" + installation().string(), std::string("-DBUILD_SHARED_LIBS=") + shared});
    CHECK(output_of({"ldd", folder + "/host"}).find("lua") == std::string::npos);
    CHECK(output_of({folder + "/host", folder + "/plugin.so",
                     "async.sleep(0) return require('cjson').encode({1, require('lpeg').P('a'):match('a')})"}) ==
          "[1,2]\n");
  }
}

TEST_CASE("find_package refuses another version", "[interp][install]") {
  const ScratchDirectory scratch;
  scratch.write("CMakeLists.txt",
                "cmake_minimum_required(VERSION 3.25)\nproject(x LANGUAGES CXX)\nfind_package(neap 0.2 REQUIRED)\n");
  const ProcessResult result = run({NEAP_CMAKE, "-G", "Ninja", "-S", scratch.path(), "-B", scratch.path() + "/b",
                                    "-DCMAKE_PREFIX_PATH=" + installation().string()});
  CHECK(result.status != 0);
  CHECK(result.err.find("version: " NEAP_VERSION) != std::string::npos);
}

TEST_CASE("a compiler and pkg-config are enough, for both libraries", "[interp][install]") {
  const ProcessOptions options = with_pkg_config();
  const ScratchDirectory scratch;
  const std::string script = kConsumers + "pkg_config/build.sh";
  output_of({script, scratch.path() + "/shared"}, options);
  CHECK(output_of({scratch.path() + "/shared"}) == kAppOutput);
  output_of({script, scratch.path() + "/static", "static"}, options);
  CHECK(output_of({scratch.path() + "/static"}) == kAppOutput);
  CHECK(output_of({"ldd", scratch.path() + "/static"}).find("libneap") == std::string::npos);
}

// Building neap once more takes a minute: that is the test below, which is run by name.
TEST_CASE("neap is a part of a project that it changes nothing of", "[interp][install]") {
  needs_installation();
  const ScratchDirectory scratch;
  build(scratch, "subdirectory", "app_object", {"-DNEAP_SOURCE=" NEAP_SOURCE_DIR});
}

TEST_CASE("neap as a part of a project is built by it", "[.slow][interp][install]") {
  needs_installation();
  const ScratchDirectory scratch;
  const std::string folder = build(scratch, "subdirectory", "app", {"-DNEAP_SOURCE=" NEAP_SOURCE_DIR});
  CHECK(output_of({folder + "/app"}) == kAppOutput);
}

TEST_CASE("cpack makes three packages that say what they need", "[interp][install]") {
  needs_installation();
  for (const char* tool : {"dpkg-deb", "dpkg-shlibdeps", "file"}) {
    if (!can_run(tool)) SKIP(tool << " is not installed");
  }
  const ScratchDirectory scratch;
  output_of({NEAP_CPACK, "--config", NEAP_BINARY_DIR "/CPackConfig.cmake", "-B", scratch.path(), "-D",
             "CPACK_DEBIAN_COMPRESSION_TYPE=gzip"});  // xz takes its time
  const std::string root = scratch.path() + "/root";
  std::set<std::string> names;
  for (const auto& entry : fs::directory_iterator(scratch.path())) {
    const std::string path = entry.path();
    if (!path.ends_with(".deb")) continue;
    const auto field = [&path](const std::string& name) { return output_of({"dpkg-deb", "--field", path, name}); };
    const std::string name = field("Package").substr(0, field("Package").find('\n'));
    INFO(name);
    names.insert(name);
    CHECK(field("Version") == NEAP_VERSION "\n");
    const std::string needs = field("Depends");
    if (name == "libneap-dev") {
      CHECK(needs.starts_with("libneap0.1 (= " NEAP_VERSION "), liblua5.4-dev, libuv1-dev"));
    } else {
      CHECK(needs.find("liblua5.4-0 (>= 5.4.") != std::string::npos);
      CHECK(needs.find("libuv1") != std::string::npos);
    }
    output_of({"dpkg-deb", "-x", path, root});
  }
  CHECK(names == std::set<std::string>{"libneap-dev", "libneap0.1", "neap"});
  CHECK(output_of({root + "/usr/bin/neap", "-e", "print(1)"}) == "1\n");
  CHECK(output_of({"gzip", "-dc", root + "/usr/share/man/man1/neap.1.gz"}) ==
        contents(NEAP_SOURCE_DIR "/interp/share/neap.1"));
  CHECK(fs::exists(root + "/usr/share/doc/libneap0.1/copyright"));
  const ScratchDirectory consumer;
  const std::string folder = build(consumer, "find_package", "app", {"-DCMAKE_PREFIX_PATH=" + root + "/usr"});
  CHECK(output_of({folder + "/app"}) == kAppOutput);
}
