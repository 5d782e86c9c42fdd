// scripts/examples/follow.lua while a shell writes, moves and truncates files.
#include "tests/support/process.hpp"

#include <catch2/catch_test_macros.hpp>

#include <string>
#include <vector>

using namespace neap::internal::tests;

namespace {

const std::string kScript = NEAP_SOURCE_DIR "/scripts/examples/follow.lua";

/// Runs the shell commands, which can `follow ARGUMENTS`, and `wait_for TEXT` until it has been shown, or told of.
ProcessResult run_shell(const std::string& commands) {
  const ScratchDirectory scratch;
  ProcessOptions options;
  options.cwd = scratch.path();
  const std::string prelude =
      "follow() { : >out; \"$0\" \"$1\" -i 0.01 \"$@\" >out 2>&1 & pid=$!; }\n"
      "wait_for() { until grep -q \"$1\" out; do sleep 0.01; done; }\n";
  std::string text = prelude + commands + "\nkill $pid; wait $pid 2>/dev/null; cat out";
  text.replace(text.find("\"$1\" -i"), 4, "'" + kScript + "'");
  return run({"/bin/sh", "-c", text, NEAP_BINARY}, options);
}

}  // namespace

TEST_CASE("follow.lua: shows what is added to several files, whole lines", "[examples]") {
  const ProcessResult result = run_shell(
      "echo 1 >a; echo 2 >b; follow --all a b; wait_for 'a: 1'; wait_for 'b: 2'\n"
      "printf 'be' >>a; echo x >>b; wait_for 'b: x'; echo 'gin' >>a; wait_for 'a: begin'");
  CHECK((result.out == "a: 1\nb: 2\nb: x\na: begin\n" || result.out == "b: 2\na: 1\nb: x\na: begin\n"));
}

TEST_CASE("follow.lua: goes on with the new file after a rotation, and misses nothing of the old one", "[examples]") {
  const ProcessResult result = run_shell(
      "echo one >a; follow --all a; wait_for one\n"
      "mv a a.1; echo late >>a.1; printf rest >>a.1; echo two >a; wait_for two; echo three >>a; wait_for three");
  CHECK(result.out == "one\nlate\nrest\ntwo\nthree\n");
}

TEST_CASE("follow.lua: begins again with a file that was truncated", "[examples]") {
  const ProcessResult result = run_shell(
      "echo long line >a; follow --all a; wait_for long; : >a; wait_for truncated; echo new >>a; wait_for new");
  CHECK(result.out == "long line\nfollow: a: was truncated\nnew\n");
}

TEST_CASE("follow.lua: a file that comes later is shown from its beginning", "[examples]") {
  const ProcessResult result = run_shell("follow a; wait_for ENOENT; echo first >a; wait_for first");
  CHECK(result.out == "follow: a: ENOENT: no such file or directory, open 'a'\nfirst\n");
}

TEST_CASE("follow.lua: without --all what is there already is left out", "[examples]") {
  const ProcessResult result =
      run_shell("echo old >a; follow a; until grep -q new out; do echo new >>a; sleep 0.01; done");
  CHECK(result.out.find("new\n") == 0);
  CHECK(result.out.find("old") == std::string::npos);
}

TEST_CASE("follow.lua: --help explains it, and a wrong command line is refused", "[examples]") {
  CHECK(run_neap({kScript, "--help"}).out.find("usage: neap follow.lua") == 0);
  for (const std::vector<std::string>& wrong :
       std::vector<std::vector<std::string>>{{}, {"-x"}, {"-i"}, {"-i", "0", "a"}, {"-i", "x", "a"}}) {
    std::vector<std::string> all{kScript};
    all.insert(all.end(), wrong.begin(), wrong.end());
    const ProcessResult result = run_neap(all);
    CHECK(result.status == 2);
    CHECK(result.err.find("usage:") == 0);
  }
}
