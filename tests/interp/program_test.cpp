// How a run begins and ends: scripts of every kind, and exit statuses.
#include "tests/support/process.hpp"

#include <catch2/catch_test_macros.hpp>

#include <sys/stat.h>
#include <unistd.h>

#include <string>

using namespace neap::internal::tests;

namespace {

struct Script {
  ScratchDirectory scratch{};

  ProcessResult run(const std::string& text, const std::vector<std::string>& arguments = {}) const {
    scratch.write("x.lua", text);
    std::vector<std::string> all{"x.lua"};
    all.insert(all.end(), arguments.begin(), arguments.end());
    ProcessOptions options;
    options.cwd = scratch.path();
    return run_neap(all, options);
  }
};

void check_refused(const std::vector<std::string>& arguments, const std::string& message,
                   const ProcessOptions& options = {}) {
  const ProcessResult result = run_neap(arguments, options);
  CHECK(result.err == "neap: " + message + "\n");
  CHECK(result.status == 1);
  CHECK(result.out.empty());
}

}  // namespace

TEST_CASE("an empty script does nothing, successfully", "[interp][program]") {
  for (const char* text : {"", "\n", "#!/bin/neap", "-- nothing"}) {
    const ProcessResult result = Script().run(text);
    CHECK(result.status == 0);
    CHECK(result.out.empty());
    CHECK(result.err.empty());
  }
}

TEST_CASE("a first line for the kernel is skipped and counted", "[interp][program]") {
  const ProcessResult result = Script().run("#!/usr/bin/env neap\nprint(debug.getinfo(1, 'l').currentline)");
  CHECK(result.out == "2\n");
}

TEST_CASE("a script can be executed by the kernel", "[interp][program]") {
  const ScratchDirectory scratch;
  const std::string path = scratch.write("x", "#!" NEAP_BINARY "\nprint('run', ...)");
  REQUIRE(chmod(path.c_str(), 0755) == 0);
  CHECK(run({path, "a"}).out == "run\ta\n");
}

TEST_CASE("byte order mark and CRLF are read over", "[interp][program]") {
  CHECK(Script().run("\xEF\xBB\xBFprint('bom')\r\nprint('crlf')\r\n").out == "bom\ncrlf\n");
  const ProcessResult result = Script().run("\xEF\xBB\xBF#!/bin/neap\r\n\r\nerror('x')\r\n");
  CHECK(result.err.starts_with("neap: x.lua:3: x\n   3 | error('x')\nstack"));
}

TEST_CASE("a line of a megabyte is a line", "[interp][program]") {
  CHECK(Script().run("print(#'" + std::string(1'000'000, 'x') + "')").out == "1000000\n");
}

TEST_CASE("a missing script", "[interp][program]") {
  check_refused({"nowhere/x.lua"}, "cannot open 'nowhere/x.lua': no such file or directory");
  check_refused({""}, "cannot open '': no such file or directory");
}

TEST_CASE("a directory as script", "[interp][program]") { check_refused({"/"}, "cannot run '/': it is a directory"); }

TEST_CASE("a script that may not be read", "[interp][program]") {
  const ScratchDirectory scratch;
  const std::string path = scratch.write("x.lua", "print(1)");
  REQUIRE(chmod(path.c_str(), 0) == 0);
  if (access(path.c_str(), R_OK) == 0) SKIP("this user may read every file");
  check_refused({path}, "cannot open '" + path + "': permission denied");
}

TEST_CASE("a script that is a link to itself", "[interp][program]") {
  const ScratchDirectory scratch;
  const std::string path = scratch.path() + "/x.lua";
  REQUIRE(symlink("x.lua", path.c_str()) == 0);
  check_refused({path}, "cannot open '" + path + "': too many symbolic links encountered");
}

TEST_CASE("a file in place of a directory of the path", "[interp][program]") {
  check_refused({"/dev/null/x.lua"}, "cannot open '/dev/null/x.lua': not a directory");
}

TEST_CASE("a binary chunk is refused, and the way to load it works", "[interp][program]") {
  const Script script;
  const std::string expected =
      "it is a binary chunk (precompiled Lua), and a malformed one can crash the program.\n"
      "If you trust it, a script can load it: loadfile(name, \"b\") or load(code, name, \"b\")";
  REQUIRE(script.run("io.open('x.luac', 'wb'):write(string.dump(function() print('trusted') end))").status == 0);
  ProcessOptions options;
  options.cwd = script.scratch.path();
  check_refused({"x.luac"}, "cannot run 'x.luac': " + expected, options);
  options.input = "\x1bLua\x54 and something malformed";
  check_refused({"-"}, "cannot run 'standard input': " + expected, options);
  CHECK(run_neap({"-e", "loadfile('x.luac', 'b')()"}, options).out == "trusted\n");
  CHECK(run_neap({"-e", "load(io.open('x.luac', 'rb'):read('a'), 'x', 'b')()"}, options).out == "trusted\n");
  CHECK(run_neap({"-e", "print(pcall(dofile, 'x.luac'))"}, options).out.starts_with("false\t"));
}

TEST_CASE("a script from a pipe", "[interp][program]") {
  CHECK(run({"/bin/sh", "-c", "echo 'print(1)' | \"$0\" /dev/stdin", NEAP_BINARY}).out == "1\n");
}

TEST_CASE("standard input that is a directory", "[interp][program]") {
  const ProcessResult result = run({"/bin/sh", "-c", "\"$0\" - < /", NEAP_BINARY});
  CHECK(result.status == 1);
  CHECK(result.err.starts_with("neap: cannot read standard input: "));
}

TEST_CASE("a script gets its arguments, and may wait at its top level", "[interp][program]") {
  CHECK(Script().run("async.sleep(0.001) print(select('#', ...), ...)", {"a", "", "-e"}).out == "3\ta\t\t-e\n");
}

TEST_CASE("the end of the script cancels what it left, and waits for it", "[interp][program]") {
  const ProcessResult result = Script().run(
      "async.spawn(function()\n"
      "  local c <close> = setmetatable({}, {__close = function() async.sleep(0.001) print('cleaned') end})\n"
      "  async.sleep(3600)\n"
      "end)\n"
      "async.sleep(0)\n");
  CHECK(result.out == "cleaned\n");
  CHECK(result.status == 0);
}

TEST_CASE("os.exit gives its status, from anywhere, and what was written arrives", "[interp][program]") {
  for (const char* code : {"io.write('x') os.exit(7)", "io.write('x') os.exit(7, true)",
                           "async.spawn(function() io.write('x') os.exit(7, true) end) async.sleep(3600)",
                           "pcall(function() io.write('x') os.exit(7, true) end)",
                           "io.write('x') async.get_running_loop():call_soon(os.exit, 7, true) async.sleep(3600)",
                           "coroutine.wrap(function() io.write('x') os.exit(7, true) end)()",
                           "io.write('x') table.sort({1, 2}, function() os.exit(7, true) end)"}) {
    INFO(code);
    const ProcessResult result = run_neap({"-e", code});
    CHECK(result.status == 7);
    CHECK(result.out == "x");
    CHECK(result.err.empty());
  }
  CHECK(run_neap({"-e", "os.exit()"}).status == 0);
  CHECK(run_neap({"-e", "os.exit(true)"}).status == 0);
  CHECK(run_neap({"-e", "os.exit(false)"}).status == 1);
}

TEST_CASE("os.exit(code, true) closes the state: finalizers run", "[interp][program]") {
  const char* code = "setmetatable({}, {__gc = function() print('collected') end}) os.exit(3, true)";
  const ProcessResult result = run_neap({"-e", code});
  CHECK(result.out == "collected\n");
  CHECK(result.status == 3);
}

TEST_CASE("the end of the program runs finalizers", "[interp][program]") {
  CHECK(run_neap({"-e", "t = setmetatable({}, {__gc = function() print('collected') end})"}).out == "collected\n");
}

TEST_CASE("a script that reads standard input itself", "[interp][program]") {
  CHECK(run_neap({"-e", "for line in io.lines() do io.write('<', line, '>') end"}, {.input = "a\nb"}).out == "<a><b>");
}

TEST_CASE("an endless recursion is an error", "[interp][program]") {
  const ProcessResult result = Script().run("local function f() return 1 + f() end f()");
  CHECK(result.status == 1);
  CHECK(result.err.find("stack overflow") != std::string::npos);
  CHECK(result.err.find("levels left out") != std::string::npos);
}

TEST_CASE("too few descriptors for a loop: a message, whatever their number", "[interp][program]") {
#ifdef __SANITIZE_ADDRESS__
  SKIP("the sanitizers need descriptors of their own");
#endif
  for (int limit = 4; limit <= 12; ++limit) {  // below, the dynamic linker fails first
    const std::string command = "ulimit -n " + std::to_string(limit) + "; exec \"$0\" -e 'print(1)'";
    const ProcessResult result = run({"/bin/sh", "-c", command, NEAP_BINARY});
    INFO(limit);
    if (result.status == 0) continue;
    CHECK(result.status == 1);
    CHECK(result.err == "neap: cannot make an event loop: too many open files\n");
  }
}
