// Calls of the system that fail: faults.lua runs its scenarios with the layer of faults_layer.c before the C library,
// and here programs are started with a failing call somewhere between main and the script.
//
//   NEAP_FAULTS=long build/release/neap_tests "faults:*"     every call of every scenario, not a choice of them
#include "tests/support/process.hpp"

#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

using namespace neap::internal::tests;

namespace {

/// The layer before the others, and what else the scenarios need.
std::vector<std::string> environment(const ScratchDirectory& scratch) {
#if !defined(NEAP_FAULTS_LAYER) || defined(__SANITIZE_THREAD__)
  (void)scratch;
  SKIP("a library can be put before the others on Linux, and not under the thread sanitizer");
  return {};
#else
  std::vector<std::string> variables{"LD_PRELOAD=" NEAP_FAULTS_LAYER, "TMPDIR=" + scratch.path()};
#ifdef __SANITIZE_ADDRESS__
  const char* options = std::getenv("ASAN_OPTIONS");
  variables.push_back("ASAN_OPTIONS=" + (options != nullptr ? std::string(options) + ":" : "") +
                      "verify_asan_link_order=0");
#endif
  return variables;
#endif
}

void check_scenario(const std::string& name) {
  const ScratchDirectory scratch;
  const char* length = std::getenv("NEAP_FAULTS");
  ProcessOptions options;
  options.env = environment(scratch);
  options.limit = length != nullptr ? 1800 : 120;
  const ProcessResult result =
      run_neap({NEAP_SOURCE_DIR "/tests/reliability/faults.lua", name, length != nullptr ? length : "short"}, options);
  INFO(result.out);
  INFO("the last that was tried, and what was written there: "
       << result.err.substr(result.err.size() - std::min<std::size_t>(result.err.size(), 2000)));
  CHECK_FALSE(result.timed_out);
  CHECK(result.status == 0);
  CHECK(result.out.find(", 0 problems\n") != std::string::npos);
}

struct Counted {
  std::string call;
  std::string kind;
  int number = 0;
};

std::vector<Counted> read_report(const std::string& path) {
  std::vector<Counted> list;
  std::ifstream file(path);
  Counted one;
  while (file >> one.call >> one.kind >> one.number) list.push_back(one);
  return list;
}

/// Programs end with what they should print, or tell why not.
void check_start(const std::string& call, const std::string& error, const std::vector<std::string>& arguments) {
  const ScratchDirectory scratch;
  ProcessOptions options;
  options.env = environment(scratch);
  const std::string report = scratch.path() + "/report";
  const std::vector<std::string> quiet = options.env;
  options.env.push_back("NEAP_FAULT_REPORT=" + report);
  REQUIRE(run_neap(arguments, options).out == "ok\n");
  int number = 0;
  for (const Counted& counted : read_report(report)) {
    if (counted.call == call && counted.kind != "low") number += counted.number;
  }
  for (int first = 1; first <= number; ++first) {
    options.env = quiet;
    options.env.push_back("NEAP_FAULT=" + call + " any " + error + " " + std::to_string(first) + " 1");
    const ProcessResult result = run_neap(arguments, options);
    CAPTURE(call, error, first, result.out, result.err, result.status);
    const bool fine = result.status == 0 && result.out == "ok\n";
    const bool honest = result.status == 1 && result.out.empty() && result.err.starts_with("neap: ");
    CHECK((fine || honest));
  }
}

}  // namespace

#define FAULTS(scenario, what) \
  TEST_CASE("faults: " what, "[reliability][faults]") { check_scenario(scenario); }

FAULTS("file", "reading and writing files")
FAULTS("atomic", "an atomic write is whole or not at all")
FAULTS("tree", "copying, moving and removing a tree")
FAULTS("temporary", "temporary files")
FAULTS("stock", "Lua's own files")
FAULTS("tcp", "messages over TCP")
FAULTS("unix", "messages over a Unix socket")
FAULTS("clients", "several clients of a server")
FAULTS("udp", "datagrams")
FAULTS("process", "a child with pipes")
FAULTS("run", "a child that is run to its end")
FAULTS("popen", "io.popen")
FAULTS("names", "names that are looked up")
FAULTS("threads", "calls in threads, workers and executors")
FAULTS("signals", "signals")
FAULTS("watch", "changes in a directory")
FAULTS("isolate", "an isolate")

TEST_CASE("faults: the prompt ends in order, answers what it can, and loses no entry", "[reliability][faults]") {
  const ScratchDirectory scratch;
  const std::vector<std::string> variables = environment(scratch);
  if (run({"/usr/bin/env", "python3", "-c", ""}).status != 0) SKIP("needs Python");
  const std::string layer = variables[0].substr(variables[0].find('=') + 1);
  ProcessOptions options;
  options.limit = 300;
  options.env.assign(variables.begin() + 1, variables.end());  // the driver itself is not disturbed
  const ProcessResult result = run({"/usr/bin/env", "python3", NEAP_SOURCE_DIR "/tests/reliability/prompt_faults.py",
                                    NEAP_BINARY, layer, std::getenv("NEAP_FAULTS") != nullptr ? "1" : "5"},
                                   options);
  INFO(result.out << result.err);
  CHECK(result.status == 0);
}

TEST_CASE("faults: a program that cannot start says why, whatever call fails", "[reliability][faults]") {
  const ScratchDirectory scratch;
  const std::string script = scratch.write("x.lua", "async.sleep(0) print('ok')");
  // Not pipe2: libuv aborts when it gets no pipe for its signals. Loop looks for free descriptors before.
  struct Case {
    const char* call;
    const char* error;
  };
  for (const Case& each :
       {Case{"epoll_create1", "24"}, Case{"eventfd", "24"}, Case{"fcntl_dup", "24"}, Case{"open", "4"},
        Case{"open", "24"}, Case{"read", "4"}, Case{"read", "5"}, Case{"fopen", "24"}, Case{"fstat", "5"},
        Case{"getcwd", "2"}, Case{"sigaction", "22"}, Case{"epoll_wait", "4"}, Case{"pthread_create", "11"}}) {
    check_start(each.call, each.error, {script});
  }
}
