// What the command line accepts, checked against the program itself.
#include "tests/support/process.hpp"

#include <neap/version.hpp>

#include <catch2/catch_test_macros.hpp>

#include <string>

using namespace neap::internal::tests;

namespace {

std::string output_of(const std::vector<std::string>& arguments, const ProcessOptions& options = {}) {
  const ProcessResult result = run_neap(arguments, options);
  CHECK(result.err.empty());
  CHECK(result.status == 0);
  return result.out;
}

}  // namespace

TEST_CASE("-e takes its statement from the next word or from the same one", "[interp][options]") {
  CHECK(output_of({"-e", "print(1)"}) == "1\n");
  CHECK(output_of({"-eprint(2)"}) == "2\n");
}

TEST_CASE("-e, -l and -W take effect in their order, before the script", "[interp][options]") {
  const ScratchDirectory scratch;
  scratch.write("one.lua", "print('one') return 1");
  scratch.write("two.lua", "warn('seen') print('two') return 2");
  scratch.write("main.lua", "print('script', one, g)");
  ProcessOptions options;
  options.cwd = scratch.path();
  const ProcessResult result = run_neap(
      {"-e", "warn('unseen') print('a')", "-l", "one", "-W", "-e", "print('b')", "-lg=two", "main.lua"}, options);
  CHECK(result.out == "a\none\nb\ntwo\nscript\t1\t2\n");
  CHECK(result.err == "Lua warning: seen\n");
  CHECK(result.status == 0);
}

TEST_CASE("-l keeps a module with a version suffix in the global without it", "[interp][options]") {
  const ScratchDirectory scratch;
  scratch.write("mod-v2.lua", "return 'second'");
  ProcessOptions options;
  options.cwd = scratch.path();
  CHECK(output_of({"-l", "mod-v2", "-e", "print(mod)"}, options) == "second\n");
}

TEST_CASE("a module that -l does not find is named with the places searched", "[interp][options]") {
  const ProcessResult result = run_neap({"-l", "no_such_module"});
  CHECK(result.status == 1);
  CHECK(result.err.starts_with("neap: module 'no_such_module' not found:\n\tno field package.preload"));
}

TEST_CASE("actions may wait", "[interp][options]") {
  const ScratchDirectory scratch;
  scratch.write("slow.lua", "async.sleep(0.001) return 'loaded'");
  ProcessOptions options;
  options.cwd = scratch.path();
  CHECK(output_of({"-e", "async.sleep(0.001) print('e')", "-l", "slow", "-e", "print(slow)"}, options) ==
        "e\nloaded\n");
}

TEST_CASE("arg holds the command line around the script, as in the stock lua", "[interp][options]") {
  const ScratchDirectory scratch;
  scratch.write("show.lua", R"(
    for i = -4, 4 do io.write(i, "=", tostring(arg[i]):match("[^/]*$"), " ") end
    print(select("#", ...), ...))");
  ProcessOptions options;
  options.cwd = scratch.path();
  CHECK(output_of({"-e", "x=1", "show.lua", "a", "-b"}, options) ==
        "-4=nil -3=neap -2=-e -1=x=1 0=show.lua 1=a 2=-b 3=nil 4=nil 2\ta\t-b\n");
}

TEST_CASE("without a script arg counts from the program", "[interp][options]") {
  CHECK(output_of({"-e", "print(arg[0]:match('[^/]*$'), arg[1], arg[-1])", "-v"}).ends_with("neap\t-e\tnil\n"));
}

TEST_CASE("the script gets what -e made of arg", "[interp][options]") {
  const ProcessResult good = run_neap({"-e", "arg = {'x', 'y'}", "-", "z"}, {.input = "print(...)"});
  CHECK(good.out == "x\ty\n");
  const ProcessResult bad = run_neap({"-e", "arg = nil", "-", "z"}, {.input = "print(...)"});
  CHECK(bad.err == "neap: 'arg' is not a table\n");
  CHECK(bad.status == 1);
}

TEST_CASE("- runs standard input with arguments", "[interp][options]") {
  CHECK(output_of({"-", "a", "b"}, {.input = "print('in', ...)"}) == "in\ta\tb\n");
}

TEST_CASE("no script: standard input is run when it is no terminal", "[interp][options]") {
  CHECK(output_of({}, {.input = "print('in', arg[0]:match('[^/]*$'))"}) == "in\tneap\n");
  CHECK(output_of({"-l", "table"}, {.input = "print('after -l', select('#', ...))"}) == "after -l\t0\n");
}

TEST_CASE("-- ends the options, and the word - behind it is a file", "[interp][options]") {
  const ScratchDirectory scratch;
  scratch.write("-", "print('a file called -')");
  scratch.write("-v", "print('a file called -v')");
  ProcessOptions options;
  options.cwd = scratch.path();
  options.input = "print('stdin')";
  CHECK(output_of({"--", "-"}, options) == "a file called -\n");
  CHECK(output_of({"--", "-v"}, options) == "a file called -v\n");
  CHECK(output_of({"--"}, options) == "stdin\n");
}

TEST_CASE("-v prints the versions and goes on; alone it reads no standard input", "[interp][options]") {
  const std::string version = output_of({"-v"}, {.input = "print('not run')"});
  CHECK(version.starts_with("neap " NEAP_VERSION " (Lua 5.4."));
  CHECK(version.find("libuv 1.") != std::string::npos);
  CHECK(output_of({"-v", "-e", "print('run')"}) == version + "run\n");
  CHECK(output_of({"--version", "-e", "print('not run')"}) == version);
}

TEST_CASE("--help names every option and variable", "[interp][options]") {
  const std::string help = output_of({"--help"});
  CHECK(output_of({"-h"}) == help);
  for (const char* word : {"-e stat",      "-l mod",
                           "-l g=mod",     "-i ",
                           "-v ",          "-E ",
                           "-W ",          "-- ",
                           "- ",           "-h, --help",
                           "--version",    "--debug",
                           "LUA_INIT",     "LUA_INIT_5_4",
                           "LUA_PATH",     "LUA_CPATH",
                           "NEAP_DEBUG",   "NEAP_STDLIB",
                           "NO_COLOR",     "130",
                           "NEAP_HISTORY", "XDG_CONFIG_HOME",
                           "VISUAL",       "EDITOR",
                           "TERM=dumb",    " repl"}) {
    INFO(word);
    CHECK(help.find(word) != std::string::npos);
  }
  std::size_t begin = 0;
  for (std::size_t end = help.find('\n'); end != std::string::npos; begin = end + 1, end = help.find('\n', begin)) {
    CHECK(end - begin <= 80);
  }
}

TEST_CASE("a mistake on the command line is named, and nothing runs", "[interp][options]") {
  const auto problem_of = [](const std::vector<std::string>& arguments) {
    const ProcessResult result = run_neap(arguments);
    CHECK(result.status == 1);
    CHECK(result.out.empty());
    CHECK(result.err.find("\nusage: neap [options] [script [args]]\n") != std::string::npos);
    return result.err.substr(0, result.err.find('\n'));
  };
  CHECK(problem_of({"-e", "print(1)", "-x"}) == "neap: unrecognized option '-x'");
  CHECK(problem_of({"--what"}) == "neap: unrecognized option '--what'");
  CHECK(problem_of({"-vE"}) == "neap: unrecognized option '-vE'");
  CHECK(problem_of({"-e"}) == "neap: '-e' needs argument");
  CHECK(problem_of({"-l", "-v"}) == "neap: '-l' needs argument");
}

TEST_CASE("LUA_INIT runs first: code or a file, the versioned one before the other", "[interp][options]") {
  const ScratchDirectory scratch;
  const std::string file = scratch.write("init.lua", "async.sleep(0) print('file')");
  CHECK(output_of({"-e", "print(2)"}, {.env = {"LUA_INIT=print(1)"}}) == "1\n2\n");
  CHECK(output_of({"-e", "print(2)"}, {.env = {"LUA_INIT=@" + file}}) == "file\n2\n");
  CHECK(output_of({"-e", "print(2)"}, {.env = {"LUA_INIT=print(1)", "LUA_INIT_5_4=print(54)"}}) == "54\n2\n");
}

TEST_CASE("an error in LUA_INIT names the variable and ends the run", "[interp][options]") {
  const ProcessResult result = run_neap({"-e", "print(2)"}, {.env = {"LUA_INIT=error('no')"}});
  CHECK(result.status == 1);
  CHECK(result.out.empty());
  CHECK(result.err.starts_with("neap: LUA_INIT:1: no\n"));
}

TEST_CASE("LUA_PATH and LUA_CPATH are heeded", "[interp][options]") {
  const ProcessOptions options{.env = {"LUA_PATH=/here/?.lua;;", "LUA_CPATH=/there/?.so"}};
  const std::string paths = output_of({"-e", "print(package.path) print(package.cpath)"}, options);
  CHECK(paths.starts_with("/here/?.lua;"));
  CHECK(paths.ends_with("\n/there/?.so\n"));
}

TEST_CASE("-E ignores the environment", "[interp][options]") {
  const ProcessOptions options{.env = {"LUA_INIT=print('init')", "LUA_PATH=/here/?.lua", "NEAP_DEBUG=1"}};
  const std::string path =
      output_of({"-E", "-e", "print(package.path, async.get_running_loop():get_debug())"}, options);
  CHECK(path.find("/here/") == std::string::npos);
  CHECK(path.ends_with("\tfalse\n"));
}

TEST_CASE("--debug and NEAP_DEBUG turn debug mode on", "[interp][options]") {
  const char* show = "print(async.get_running_loop():get_debug())";
  CHECK(output_of({"-e", show}) == "false\n");
  CHECK(output_of({"--debug", "-e", show}) == "true\n");
  CHECK(output_of({"-e", show}, {.env = {"NEAP_DEBUG=1"}}) == "true\n");
  CHECK(output_of({"-e", show}, {.env = {"NEAP_DEBUG=0"}}) == "false\n");
}

TEST_CASE("NEAP_STDLIB names the directory of the library's Lua files", "[interp][options]") {
  const ProcessOptions options{.env = {"NEAP_STDLIB=" NEAP_SOURCE_DIR "/stdlib"}};
  CHECK(output_of({"-e", "print(type(async.TaskGroup))"}, options) == "function\n");
}

TEST_CASE("'neap repl' takes no arguments", "[interp][options]") {
  const ProcessResult result = run_neap({"repl", "x.lua"});
  CHECK(result.status == 1);
  CHECK(
      result.err.starts_with("neap: 'repl' takes no arguments, got 'x.lua' ('neap -i SCRIPT' runs a script first)\n"));
}

TEST_CASE("warnings are off until @on", "[interp][options]") {
  const auto warnings_of = [](const char* code) { return run_neap({"-e", code}).err; };
  CHECK(warnings_of("warn('a')").empty());
  CHECK(warnings_of("warn('@on') warn('a', 'b') warn('@off') warn('c')") == "Lua warning: ab\n");
  CHECK(warnings_of("warn('@on') warn('@', 'on') warn('@what')") == "Lua warning: @on\n");
}
