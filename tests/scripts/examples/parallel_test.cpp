// scripts/examples/parallel.lua runs commands.
#include "tests/support/process.hpp"

#include <catch2/catch_test_macros.hpp>

#include <csignal>
#include <string>
#include <vector>

using namespace neap::internal::tests;

namespace {

const std::string kScript = NEAP_SOURCE_DIR "/scripts/examples/parallel.lua";

ProcessResult run_parallel(const std::string& commands, const std::vector<std::string>& arguments = {},
                           ProcessOptions options = {}) {
  std::vector<std::string> all{kScript};
  all.insert(all.end(), arguments.begin(), arguments.end());
  options.input = commands;
  return run_neap(all, options);
}

}  // namespace

TEST_CASE("parallel.lua: what a command prints comes in one piece", "[examples]") {
  const ScratchDirectory scratch;
  ProcessOptions options;
  options.cwd = scratch.path();
  // Each goes on when the other one has printed.
  const ProcessResult result = run_parallel(
      "mkfifo p q; echo a1; echo >p; read x <q; echo a2\n"
      "\n  # a comment\n"
      "while [ ! -p q ]; do sleep 0.01; done; echo b1; read x <p; echo >q; echo b2 >&2\n",
      {}, options);
  CHECK((result.out == "a1\na2\nb1\nb2\n" || result.out == "b1\nb2\na1\na2\n"));
  CHECK(result.err.empty());
  CHECK(result.status == 0);
}

TEST_CASE("parallel.lua: no more commands run at a time than --jobs says", "[examples]") {
  const ScratchDirectory scratch;
  ProcessOptions options;
  options.cwd = scratch.path();
  std::string commands;
  for (int i = 0; i < 10; ++i) commands += "mkdir here && sleep 0.005 && rmdir here && echo alone\n";
  const ProcessResult result = run_parallel(commands, {"--jobs", "1"}, options);
  std::string expected;
  for (int i = 0; i < 10; ++i) expected += "alone\n";
  CHECK(result.out == expected);
  CHECK(result.status == 0);
}

TEST_CASE("parallel.lua: a command starts before the next one has been read", "[examples]") {
  const ScratchDirectory scratch;
  ProcessOptions options;
  options.cwd = scratch.path();
  const ProcessResult result = run({"/bin/sh", "-c",
                                    "mkfifo go; { echo 'echo first; echo >go'; read x <go; echo 'echo second'; } | "
                                    "\"$0\" \"$1\" -j 1",
                                    NEAP_BINARY, kScript},
                                   options);
  CHECK(result.out == "first\nsecond\n");
}

TEST_CASE("parallel.lua: commands that fail are named, and the status is 1", "[examples]") {
  const ScratchDirectory scratch;
  const std::string file = scratch.write("commands", "echo out; exit 3\nkill -KILL $$\necho fine");
  const ProcessResult result = run_neap({kScript, "-j", "1", file});
  CHECK(result.out == "out\nfine\n");
  CHECK(result.err == "parallel: 'echo out; exit 3' returned 3\nparallel: 'kill -KILL $$' was ended by signal 9\n");
  CHECK(result.status == 1);
}

TEST_CASE("parallel.lua: a status line is shown on a terminal, and cleaned up", "[examples]") {
  ProcessOptions options;
  options.stderr_is_terminal = true;
  const ProcessResult result = run_parallel("echo x\nfalse\n", {"-j", "1"}, options);
  CHECK(result.out == "x\n");
  CHECK(result.err.find("\r\33[K1 running, 1 done, 0 failed") != std::string::npos);
  CHECK(result.err.find("\r\33[K0 running, 2 done, 1 failed") != std::string::npos);
  CHECK(result.err.ends_with("\r\33[K"));
}

TEST_CASE("parallel.lua: Ctrl-C ends the commands", "[examples]") {
  ProcessOptions options;
  options.stderr_is_terminal = true;
  options.signals = {{SIGINT, "1 running"}};
  // The pipe of stdout is at its end, and this returns, when no command holds it open any more.
  const ProcessResult result = run_parallel("sleep 60\n", {}, options);
  CHECK_FALSE(result.timed_out);
  CHECK(result.status != 0);
}

TEST_CASE("parallel.lua: --help explains it, and a wrong command line is refused", "[examples]") {
  CHECK(run_parallel("", {"--help"}).out.find("usage: neap parallel.lua") == 0);
  for (const std::vector<std::string>& wrong :
       std::vector<std::vector<std::string>>{{"-x"}, {"-j"}, {"-j", "0"}, {"-j", "1.5"}, {"a", "b"}}) {
    const ProcessResult result = run_parallel("", wrong);
    CHECK(result.status == 2);
    CHECK(result.err.find("usage:") == 0);
  }
  const ProcessResult result = run_parallel("", {"/no/such/file"});
  CHECK(result.err == "parallel: /no/such/file: No such file or directory\n");
  CHECK(result.status == 2);
}
