// The sandbox on the command line: what its options accept, and what they allow.
#include "tests/support/process.hpp"

#include <catch2/catch_test_macros.hpp>

#include <string>
#include <vector>

using namespace neap::internal::tests;

namespace {

/// `print(...)` of the expression in a sandbox.
std::string value_of(const std::string& expression, std::vector<std::string> options = {"--sandbox"}) {
  options.insert(options.end(), {"-e", "print(" + expression + ")"});
  const ProcessResult result = run_neap(options);
  CHECK(result.err.empty());
  return result.out;
}

void check_refused(const std::vector<std::string>& arguments, const std::string& message) {
  const ProcessResult result = run_neap(arguments);
  CHECK(result.err.find("neap: " + message) == 0);
  CHECK(result.status == 1);
  CHECK(result.out.empty());
}

const char* const kSandboxed = "require('neap.permissions').is_sandboxed()";

}  // namespace

TEST_CASE("--sandbox, --sandbox=pure and every --allow option turn the sandbox on", "[interp][sandbox]") {
  CHECK(value_of(kSandboxed, {}) == "false\n");
  for (const char* option :
       {"--sandbox", "--sandbox=pure", "--allow-read", "--allow-read=/", "--allow-write", "--allow-net", "--allow-run",
        "--allow-env", "--allow-thread", "--allow-signal", "--allow-native"}) {
    CHECK(value_of(kSandboxed, {option}) == "true\n");
  }
}

TEST_CASE("--sandbox=none is no sandbox", "[interp][sandbox]") {
  CHECK(value_of(kSandboxed, {"--sandbox=none"}) == "false\n");
}

TEST_CASE("values that no sandbox can have are named", "[interp][sandbox]") {
  check_refused({"--sandbox=hard", "x"}, "there is no sandbox 'hard', only 'pure', 'process' and 'none'");
  check_refused({"--sandbox=none", "--allow-read", "x"},
                "'--sandbox=none' and an option of a sandbox contradict each other");
  check_refused({"--allow-reed", "x"},
                "there is no permission 'reed', only read, write, net, run, env, thread, signal and native");
  check_refused({"--allow-code=/", "x"},
                "there is no permission 'code', only read, write, net, run, env, thread, signal and native");
  check_refused({"--allow-read=", "x"}, "'--allow-read=' has an empty value");
  check_refused({"--allow-read=a,,b", "x"}, "'--allow-read=a,,b' has an empty value");
  check_refused({"--allow-thread=2", "x"}, "'--allow-thread' takes no value");
  check_refused({"--allow-net=host:99999", "x"},
                "--allow-net: 'host:99999' has no port from 0 to 65535 behind its colon");
  check_refused({"--allow-net=http://host/", "x"}, "--allow-net: 'http://host/' has no port from 0 to 65535");
  check_refused({"--allow-net=::1]x", "x"}, "--allow-net: '::1]x' is no host");
  check_refused({"--allow-net=a.*", "x"}, "--allow-net: 'a.*': a star stands only at the beginning");
  check_refused({"--allow-net=*.", "x"}, "--allow-net: '*.': a star stands only at the beginning");
  check_refused({"--allow-net=::1]x", "x"}, "--allow-net: '::1]x' is no host");
  check_refused({"--allow-net=a..", "x"}, "--allow-net: 'a..' is no host");
  check_refused({"--allow-env=A=B", "x"}, "--allow-env: 'A=B' is no name of a variable: give NAME or PREFIX*");
  check_refused({"--allow-run=no-such-program", "x"}, "--allow-run: there is no program 'no-such-program'");
}

TEST_CASE("a sandbox is for scripts, and not for the prompt or the tests", "[interp][sandbox]") {
  const std::string message = "a sandbox is for scripts: it goes neither with 'test', 'repl', 'init', 'doc' nor '-i'";
  check_refused({"--sandbox", "repl"}, message);
  check_refused({"--sandbox", "test"}, message);
  check_refused({"--sandbox", "init"}, message);
  check_refused({"--sandbox", "-i", "x"}, message);
}

TEST_CASE("values are taken from lists with commas and from options that are repeated", "[interp][sandbox]") {
  CHECK(value_of("table.concat(require('neap.permissions').list().env, ' ')", {"--allow-env=A,B_*", "--allow-env=C"}) ==
        "A B_* C\n");
}

TEST_CASE("paths are kept absolute and without links", "[interp][sandbox]") {
  const ScratchDirectory scratch;
  ProcessOptions options;
  options.cwd = scratch.path();
  const ProcessResult result = run_neap({"--allow-read=a/../b,.", "-e",
                                         "local l = require('neap.permissions').list().read "
                                         "print(l[1] == l[2] .. '/b', l[1]:sub(1, 1))"},
                                        options);
  CHECK(result.out == "true\t/\n");
}

TEST_CASE("LUA_INIT, LUA_PATH and LUA_CPATH are ignored in a sandbox", "[interp][sandbox]") {
  ProcessOptions options;
  options.env = {"LUA_INIT=print('init')", "LUA_PATH=/tmp/?.lua", "LUA_CPATH=/tmp/?.so"};
  const ProcessResult result = run_neap({"--sandbox", "-e", "print(package.path, package.cpath)"}, options);
  CHECK(result.out == "\t\n");
}

TEST_CASE("modules beside the script are found, and what is not Lua there is not read", "[interp][sandbox]") {
  const ScratchDirectory scratch;
  scratch.write("helper.lua", "return 'helper'");
  scratch.write("data.txt", "return 'data'");
  const std::string script = scratch.write("main.lua", R"(
    print(require "helper", dofile(arg[0]:gsub("main", "helper")))
    print(pcall(dofile, (arg[0]:gsub("main.lua", "data.txt"))))
    print(pcall(io.open, (arg[0]:gsub("main", "helper"))))
  )");
  const ProcessResult result = run_neap({"--sandbox", script});
  CHECK(result.out.find("helper\thelper") == 0);
  CHECK(result.out.find("'data'") == std::string::npos);
  CHECK(result.out.find("data.txt' is not allowed") != std::string::npos);
  CHECK(result.out.find("helper.lua' is not allowed") != std::string::npos);
}

TEST_CASE("a program in a sandbox ends with the status that it gives to os.exit", "[interp][sandbox]") {
  CHECK(run_neap({"--sandbox", "-e", "os.exit(7)"}).status == 7);
}

TEST_CASE("a program reads its standard input and writes its output in a sandbox", "[interp][sandbox]") {
  ProcessOptions options;
  options.input = "one\ntwo\n";
  const ProcessResult result =
      run_neap({"--sandbox", "-e", "print(io.read()) print(async.stdin:read('l')) io.stderr:write('e')"}, options);
  CHECK(result.out == "one\ntwo\n");
  CHECK(result.err == "e");
}
