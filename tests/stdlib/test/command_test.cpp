// The command line of `neap test`.
#include "tests/stdlib/test/suite.hpp"

#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>

using namespace neap::internal::tests;

namespace {

std::string contents(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

Suite three_files() {
  Suite suite;
  for (const char* name : {"b_test.lua", "a_test.lua"}) suite.add(name, "test('x', function() end)");
  std::filesystem::create_directories(suite.path() + "/sub/deep");
  std::filesystem::create_directories(suite.path() + "/.hidden");
  suite.add("sub/deep/c_test.lua", "test('y', function() end)");
  suite.add("sub/helper.lua", "error('not a test file')");
  suite.add(".hidden/d_test.lua", "error('hidden')");
  return suite;
}

}  // namespace

TEST_CASE("neap test: files are found below directories, and sorted", "[test]") {
  const Suite suite = three_files();
  for (const std::vector<std::string>& paths :
       {std::vector<std::string>{}, {"."}, {"./"}, {"sub", "b_test.lua", "./a_test.lua", "a_test.lua"}}) {
    std::vector<std::string> arguments = paths;
    arguments.emplace_back("--list");
    const ProcessResult result = suite.run(arguments);
    CAPTURE(result.err);
    CHECK(result.out == "a_test.lua > x\nb_test.lua > x\nsub/deep/c_test.lua > y\n");
    CHECK(result.status == 0);
  }
}

TEST_CASE("neap test: a file is named as it is given, whatever it is called", "[test]") {
  const Suite suite = three_files();
  suite.add("checks.lua", "test('z', function() end)");
  CHECK(summary(suite.run({"checks.lua"})) == "1 passed, 0 failed");
  CHECK(has(suite.run({suite.path() + "/sub"}).out, suite.path() + "/sub/deep/c_test.lua\n  ok   y\n"));
}

TEST_CASE("neap test: the exit status says how it went", "[test]") {
  Suite suite("test('good', function() end)");
  CHECK(suite.run().status == 0);
  suite.add("b_test.lua", "test('bad', function() error('x') end)");
  CHECK(suite.run().status == 1);
  suite.add_raw("c_test.lua", "x = = 1");
  CHECK(suite.run().status == 2);
  CHECK(suite.run({"a_test.lua", "--filter", "nothing has this name"}).status == 2);
  CHECK(suite.run({"nowhere"}).status == 2);
}

TEST_CASE("neap test: mistakes on the command line are named", "[test]") {
  const Suite suite("test('good', function() end)");
  const std::vector<std::pair<std::vector<std::string>, std::string>> cases = {
      {{"--bogus"}, "unrecognized option '--bogus'"},
      {{"-x"}, "unrecognized option '-x'"},
      {{"--bail=1"}, "unrecognized option '--bail=1'"},
      {{"--filter"}, "--filter needs a value"},
      {{"--repeat", "0"}, "--repeat takes a whole number from 1 on, got '0'"},
      {{"--jobs", "many"}, "--jobs takes a whole number from 1 on, got 'many'"},
      {{"--timeout=-1"}, "--timeout takes a number of seconds, got '-1'"},
      {{"--timeout", "inf"}, "--timeout takes a number of seconds, got 'inf'"},
      {{"--seed=1.5"}, "--seed takes a whole number from 0 on, got '1.5'"},
      {{"--cancel-at", "0"}, "--cancel-at takes a whole number from 1 on, got '0'"},
      {{"--shuffle=x"}, "--shuffle takes a whole number, got 'x'"},
      {{"--reporter", "loud"}, "--reporter takes spec, tap or junit, got 'loud'"},
      {{"--output", "no/such/directory"}, "no/such/directory: No such file or directory"},
      {{"missing.lua"}, "there is no file or directory 'missing.lua'"},
  };
  for (const auto& [arguments, problem] : cases) {
    const ProcessResult result = suite.run(arguments);
    CAPTURE(problem, result.out);
    CHECK(result.err == "neap test: " + problem + "\nTry 'neap test --help' for the options.\n");
    CHECK(result.out.empty());
    CHECK(result.status == 2);
  }
}

TEST_CASE("neap test: a directory without test files is a mistake", "[test]") {
  const Suite suite;
  const ProcessResult result = suite.run();
  CHECK(has(result.err, "no test files: nothing is called *_test.lua in the current directory"));
  CHECK(result.status == 2);
}

TEST_CASE("neap test: --help shows every option", "[test]") {
  const Suite suite;
  const ProcessResult result = suite.run({"--help"});
  CHECK(result.status == 0);
  for (const char* option : {"--filter", "--list", "--shuffle", "--repeat", "--jobs", "--timeout", "--bail",
                             "--fail-fast", "--reporter", "--output", "--seed", "--cancel-at", "--help"}) {
    CAPTURE(option);
    CHECK(has(result.out, option));
  }
  CHECK(has(suite.neap({"--help"}).out, "neap test"));
}

TEST_CASE("neap test: only the word test itself is the command", "[test]") {
  const Suite suite("test('good', function() end)");
  suite.add_raw("test", "print('a script', ...)");
  CHECK(suite.neap({"./test", "x"}).out == "a script\tx\n");
  CHECK(suite.neap({"--", "test", "x"}).out == "a script\tx\n");
  CHECK(has(suite.neap({"test"}).out, "1 passed"));
  CHECK(has(suite.neap({"--debug", "test"}).out, "1 passed"));
  CHECK(has(suite.neap({"-e", "print('first')", "test"}).out, "first\na_test.lua\n"));
}

TEST_CASE("neap test: --filter is a plain part of the full name", "[test]") {
  const Suite suite(R"(
    describe("group", function() test("a.b", function() end) test("axb", function() end) end)
    test("other", function() end))");
  CHECK(suite.run({"--filter", "a.b", "--list"}).out == "a_test.lua > group > a.b\n");
  CHECK(suite.run({"--filter=group > a", "--list"}).out == "a_test.lua > group > a.b\na_test.lua > group > axb\n");
}

TEST_CASE("neap test: --list names a file that does not load or end, and lists the others", "[test]") {
  const Suite suite("x = = 1");
  suite.add("b_test.lua", "test('good', function() end)");
  const ProcessResult result = suite.run({"--list"});
  CHECK(result.out == "b_test.lua > good\n");
  CHECK(has(result.err, "neap test: a_test.lua cannot be run\na_test.lua:2: unexpected symbol near '='"));
  CHECK(result.status == 2);
}

TEST_CASE("neap test: a file that never ends to load is stopped, and the others run", "[test]") {
  needs_watchdog();
  const Suite suite("while true do end");
  suite.add("b_test.lua", "test('good', function() end)");
  CHECK(has(suite.run({"--list", "--timeout=0.05"}).err, "stopped in code that never waits"));
  const ProcessResult result = suite.run({"--timeout", "0.2"});
  CHECK(result.status == 2);
  CHECK(summary(result) == "1 passed, 0 failed, 1 file could not be run");
  CHECK(has(result.out, "stopped in code that never waits:\n   \ta_test.lua:2"));
}

TEST_CASE("neap test: hooks of groups without a chosen test do not run", "[test]") {
  const Suite suite(R"(
    describe("a", function() t.before_all(function() print("hook") end) test("x", function() end) end)
    test("y", function() end))");
  CHECK_FALSE(has(suite.run({"--filter", "y"}).out, "hook"));
}

TEST_CASE("neap test: --shuffle changes the order, and its seed repeats it", "[test]") {
  const Suite suite("for i = 1, 20 do test('t' .. i, function() end) end");
  const auto order = [&](const std::string& option) {
    std::string out = suite.run({option, "--list"}).out;
    CHECK(std::count(out.begin(), out.end(), '\n') == 20);
    return out;
  };
  CHECK(order("--shuffle=1") == order("--shuffle=1"));
  CHECK(order("--shuffle=1") != order("--shuffle=2"));
  const std::string out = suite.run({"--shuffle"}).out;
  const std::size_t at = out.find("the order was that of --shuffle ");
  REQUIRE(at != std::string::npos);
  const std::string seed = out.substr(at + 32, out.find('\n', at) - at - 32);
  const std::string again = suite.run({"--shuffle", seed}).out;
  CHECK(again.substr(0, again.find("\n\n")) == out.substr(0, out.find("\n\n")));
}

TEST_CASE("neap test: --repeat runs a test until it fails", "[test]") {
  const Suite suite(R"(
    local count = 0
    test("third", function() count = count + 1 assert(count < 3) end)
    test("good", function() print("good") end))");
  const ProcessResult result = suite.run({"--repeat", "5"});
  CHECK(summary(result) == "1 passed, 1 failed");
  CHECK(has(result.out, "in run 3 of 5\n"));
  CHECK(has(result.out, "good\ngood\ngood\ngood\ngood\n  ok   good\n"));
  CHECK(has(suite.run({"--repeat", "5", "--seed", "10"}).out, "in run 3 of 5, with --seed 12\n"));
}

TEST_CASE("neap test: --bail ends with the first failure", "[test]") {
  const Suite suite("test('bad', function() error('x') end) test('never', function() end)");
  suite.add("b_test.lua", "test('never', function() end)");
  for (const char* option : {"--bail", "--fail-fast"}) {
    const ProcessResult result = suite.run({option});
    CHECK(summary(result) == "0 passed, 1 failed");
    CHECK(result.status == 1);
  }
}

TEST_CASE("neap test: a file that does not load is reported, and the others run", "[test]") {
  for (const auto& [text, problem] :
       {std::pair{"x = = 1", "a_test.lua:2: unexpected symbol near '='\n      2 | x = = 1"},
        {"error('at load')", "a_test.lua:2: at load"},
        {"async.Event():wait()", "DeadlockError"},
        {"os.exit(0)", "os.exit(0) was called in a test"}}) {
    const Suite suite(text);
    suite.add("b_test.lua", "test('good', function() end)");
    const ProcessResult result = suite.run({"--timeout", "0.2"});
    CAPTURE(text, result.out, result.err);
    CHECK(result.status == 2);
    CHECK(summary(result) == "1 passed, 0 failed, 1 file could not be run");
    CHECK(has(result.out, problem));
  }
}

TEST_CASE("neap test: what a file does to globals and modules, the next does not see", "[test]") {
  const Suite suite(R"(
    mine = 1 _G.theirs = 2 string.mine = nil
    print = function() end
    require("module").count = 1
    test("a", function() expect(mine):to_be(1) expect(rawget(_G, "mine")):to_be_nil() end))");
  suite.add("b_test.lua", R"(
    test("b", function()
      expect(mine):to_be_nil()
      expect(theirs):to_be_nil()
      expect(require("module").count):to_be(0)
      print("printed")
    end))");
  suite.add_raw("module.lua", "return { count = 0 }");
  const ProcessResult result = suite.run();
  INFO(result.out);
  CHECK(summary(result) == "2 passed, 0 failed");
  CHECK(has(result.out, "printed\n"));
}

TEST_CASE("neap test: what a file starts at its top goes on until its tests are over", "[test]") {
  const Suite suite(R"(
    local ticks = 0
    ticker = async.spawn(function()
      local done <close> = setmetatable({}, { __close = function() print("stopped") end })
      while true do async.sleep(0.001) ticks = ticks + 1 end
    end)
    test("a", function() local start = ticks async.sleep(0.02) expect(ticks > start):to_be(true) end))");
  suite.add("b_test.lua", "test('b', function() print('next') end)");
  const ProcessResult result = suite.run();
  CHECK(summary(result) == "2 passed, 0 failed");
  CHECK(result.out.find("stopped") < result.out.find("next"));
}

TEST_CASE("neap test: Ctrl-C cancels the running test and shows the report so far", "[test]") {
  const Suite suite(R"(
    test("done", function() end)
    test("waits", function()
      local done <close> = setmetatable({}, { __close = function() print("cleaned") end })
      print("waiting")
      async.sleep(60)
    end)
    test("never", function() end))");
  ProcessOptions options;
  options.signals = {{SIGINT, "waiting"}};
  const ProcessResult result = suite.run({}, options);
  CHECK(result.status == 130);
  CHECK(summary(result) == "1 passed, 1 failed");
  CHECK(has(result.out, "cleaned"));
  CHECK(has(result.out, "interrupted\n"));
  CHECK_FALSE(has(result.out, "never"));
}

TEST_CASE("neap test: --output writes the report to a file", "[test]") {
  const Suite suite("test('it', function() print('printed') end)");
  const ProcessResult result = suite.run({"--output", "report.txt"});
  CHECK(result.out == "printed\n");
  CHECK(has(contents(suite.path() + "/report.txt"), "  ok   it\n"));
}

TEST_CASE("neap test: colours on a terminal alone, and not under NO_COLOR", "[test]") {
  const Suite suite("test('it', function() expect({ 1 }):to_equal({ 2 }) end)");
  CHECK_FALSE(has(suite.run().out, "\x1b["));
  const auto on_terminal = [&](const std::vector<std::string>& environment, const std::string& arguments = "") {
    ProcessOptions options;
    options.cwd = suite.path();
    options.stderr_is_terminal = true;
    options.env = environment;
    return run({"/bin/sh", "-c", "\"$0\" test " + arguments + " 1>&2", NEAP_BINARY}, options).err;
  };
  const std::string coloured = on_terminal({"NO_COLOR", "TERM=xterm"});
  CHECK(has(coloured, "\x1b[31m-   2,\x1b[0m"));
  CHECK(has(coloured, "\x1b[32m+   1,\x1b[0m"));
  for (const std::string& plain : {on_terminal({"NO_COLOR=1", "TERM=xterm"}), on_terminal({"NO_COLOR", "TERM=dumb"}),
                                   on_terminal({"NO_COLOR", "TERM=xterm"}, "--reporter tap"),
                                   on_terminal({"NO_COLOR"}, "--output x; cat x 1>&2 #")}) {
    CHECK(has(plain, "expected"));
    CHECK_FALSE(has(plain, "\x1b["));
  }
}

TEST_CASE("neap test: what is no regular file is not searched", "[test]") {
  const Suite suite("test('it', function() end)");
  REQUIRE(run({"/bin/sh", "-c", "mkfifo " + suite.path() + "/b_test.lua"}).status == 0);
  CHECK(suite.run({"--list"}).out == "a_test.lua > it\n");
}

TEST_CASE("neap test: a test that a helper declares belongs to the file that runs", "[test]") {
  const Suite suite("require('helper')(test)");
  suite.add_raw("helper.lua", "return function(test) test('shared', function() error('x') end) end");
  const ProcessResult result = suite.run({"--reporter", "tap"});
  CHECK(has(result.out, "not ok 1 - a_test.lua > shared\n"));
  CHECK(has(result.out, "at: \"./helper.lua:1\"\n"));
}

TEST_CASE("neap my_test.lua: a file that is run as a script runs its tests", "[test]") {
  const Suite suite("test('good', function() end) test('bad', function() error('x') end) print('loaded')");
  const ProcessResult result = suite.neap({"a_test.lua"});
  CHECK(has(result.out, "loaded\na_test.lua\n  ok   good\n  FAIL bad\n"));
  CHECK(summary(result) == "1 passed, 1 failed");
  CHECK(result.status == 1);
  CHECK(suite.neap({"a_test.lua", "--filter", "good"}).status == 0);
  CHECK(suite.neap({"a_test.lua", "--list"}).out == "loaded\na_test.lua > good\na_test.lua > bad\n");
  const ProcessResult wrong = suite.neap({"a_test.lua", "--bogus"});
  CHECK(wrong.err == "neap test: unrecognized option '--bogus'\n");
  CHECK(wrong.status == 2);
}

TEST_CASE("neap my_test.lua: a script that declares no test is an ordinary script", "[test]") {
  const Suite suite("expect(1):to_be(1) print('done', ...)");
  const ProcessResult result = suite.neap({"a_test.lua", "--bogus"});
  CHECK(result.out == "done\t--bogus\n");
  CHECK(result.status == 0);
}
