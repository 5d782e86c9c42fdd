// Debug mode, however it is turned on: what it warns of on stderr.
#include "tests/support/process.hpp"

#include <catch2/catch_test_macros.hpp>

#include <string>
#include <vector>

using namespace neap::tests;

namespace {

/// Runs the text as x.lua in a directory of its own: with --debug, with NEAP_DEBUG=1, and in async.run.
std::vector<ProcessResult> run_each_way(const std::string& text) {
  std::vector<ProcessResult> results;
  for (const int way : {0, 1, 2}) {
    const ScratchDirectory scratch;
    ProcessOptions options;
    options.cwd = scratch.path();
    if (way == 1) options.env = {"NEAP_DEBUG=1"};
    scratch.write("x.lua", way == 2 ? "async.run(function()" + text + "\nend, {debug = true})" : text);
    results.push_back(
        run_neap(way == 0 ? std::vector<std::string>{"--debug", "x.lua"} : std::vector<std::string>{"x.lua"}, options));
  }
  return results;
}

ProcessResult run_plain(const std::string& text) {
  const ScratchDirectory scratch;
  scratch.write("x.lua", text);
  ProcessOptions options;
  options.cwd = scratch.path();
  return run_neap({"x.lua"}, options);
}

constexpr const char* kOpenedAt2 = "neap: warning: the File 'out' opened at x.lua:2 was never closed\n";

}  // namespace

TEST_CASE("debug mode names the line that opened a file which was never closed", "[interp][debug]") {
  for (const char* text : {"\nkept = neap.fs.open('out', 'w')", "\nneap.fs.open('out', 'w') collectgarbage()",
                           "\nkept = neap.fs.open('out', 'w') async.get_running_loop():set_debug(false)"}) {
    for (const ProcessResult& result : run_each_way(text)) {
      CAPTURE(text);
      CHECK(result.err == kOpenedAt2);
      CHECK(result.status == 0);
    }
    CHECK(run_plain(text).err.empty());
  }
}

TEST_CASE("debug mode says nothing of files that were closed", "[interp][debug]") {
  for (const char* text :
       {"\nneap.fs.open('out', 'w'):close()", "\ndo local f <close> = neap.fs.open('out', 'w') end collectgarbage()"}) {
    for (const ProcessResult& result : run_each_way(text)) CHECK(result.err.empty());
  }
}
