// Limits and permissions of an embedded interpreter.
#include "neap/neap.hpp"
#include "tests/support/process.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include <stdexcept>
#include <string>

namespace {

using Catch::Matchers::ContainsSubstring;

neap::Options sandboxed() {
  neap::Options options;
  options.sandbox.enabled = true;
  return options;
}

}  // namespace

TEST_CASE("embed limits: a step that computes too long is LimitExceeded, and the next call works") {
  neap::Options options;
  options.limits.step = 0.02;
  neap::Interpreter lua(options);
  lua.run_string("function endless() while true do pcall(error) end end  function fine() return 1 end");
  for (int round = 0; round < 3; ++round) {
    CHECK_THROWS_AS(lua.call("endless"), neap::LimitExceeded);
    CHECK(lua.call<int>("fine") == 1);
    CHECK_THROWS_AS(lua.run_until(lua.spawn("endless")), neap::LimitExceeded);
    CHECK(lua.run_string<int>("return fine()") == 1);
  }
}

TEST_CASE("embed limits: too much memory is LimitExceeded") {
  neap::Options options;
  options.limits.memory = std::size_t{8} << 20;
  neap::Interpreter lua(options);
  CHECK_THROWS_AS(lua.run_string("local t = {} while true do t[#t + 1] = ('x'):rep(1000) .. #t end"),
                  neap::LimitExceeded);
  CHECK(lua.run_string<int>("return 1") == 1);
}

TEST_CASE("embed limits: too many tasks are LimitExceeded") {
  neap::Options options;
  options.limits.tasks = 10;
  neap::Interpreter lua(options);
  CHECK_THROWS_AS(lua.run_string("while true do async.spawn(async.sleep, 1000) end"), neap::LimitExceeded);
}

TEST_CASE("embed sandbox: what is not named is refused with a PermissionError") {
  neap::Interpreter lua(sandboxed());
  for (const char* code :
       {"io.open('/etc/passwd')", "os.execute('true')", "os.remove('/tmp/x')", "require('neap.fs').read('/etc/passwd')",
        "async.open_connection('127.0.0.1', 1)", "async.to_thread(print)"}) {
    INFO(code);
    try {
      lua.run_string(code);
      FAIL("it was allowed");
    } catch (const neap::Error& error) {
      CHECK(error.class_name() == "PermissionError");
      CHECK_THAT(error.what(), ContainsSubstring("allow"));
    }
  }
  CHECK(lua.run_string<int>("async.sleep(0) return 1 + 1") == 2);
}

TEST_CASE("embed sandbox: a path that is named may be read") {
  const neap::internal::tests::ScratchDirectory folder;
  const std::string path = folder.write("file.txt", "content");
  neap::Options options = sandboxed();
  options.sandbox.read = {path};
  neap::Interpreter lua(options);
  CHECK(lua.run_string<std::string>("local file = io.open(...) local text = file:read('a') file:close() return text",
                                    "=read", path) == "content");
  CHECK_THROWS_WITH(lua.run_string("io.open(..., 'w')", "=write", path), ContainsSubstring("not allowed"));
}

TEST_CASE("embed sandbox: a value that means nothing is an error of the constructor") {
  neap::Options options = sandboxed();
  options.sandbox.net = {"host:99999"};
  CHECK_THROWS_AS(neap::Interpreter(options), std::invalid_argument);
}

TEST_CASE("embed sandbox: C++ functions are what they are, and may do what they do") {
  neap::Interpreter lua(sandboxed());
  lua.set_function("secret", [] { return std::string("from C++"); });
  CHECK(lua.run_string<std::string>("return secret()") == "from C++");
}

TEST_CASE("embed modules: what is not named is not to be had, by any way to it") {
  neap::Options options;
  options.modules = {"neap.fs", "game.*"};
  neap::Interpreter lua(options);
  CHECK(lua.run_string<bool>("return io == nil and os == nil and debug == nil and package == nil"));
  CHECK(lua.run_string<bool>("return require('neap.fs') == neap.fs and require('async') == async"));
  CHECK(lua.run_string<int>("async.sleep(0) return #async.gather(function() return 1 end)") == 1);
  CHECK(lua.run_string<std::string>(
            "local names = '' for name in pairs(neap) do names = names .. name end return names") == "fs");
  for (const char* code : {"require 'neap.compat'", "return neap.compat", "require 'io'", "require 'os'",
                           "require 'package'", "require 'socket'", "require 'neap.fs.x'",
                           "return async.open_connection", "async.to_thread(print)", "return async.subprocess.run"}) {
    INFO(code);
    CHECK_THROWS_WITH(lua.run_string(code), ContainsSubstring("is not among those that the host allows"));
  }
  CHECK_THROWS_WITH(lua.run_string("require 'game.missing'"), ContainsSubstring("module 'game.missing' not found"));
  lua.add_module(neap::Module("own").value("answer", 42));
  CHECK(lua.run_string<int>("return require('own').answer") == 42);
}

TEST_CASE("embed modules: named ones are there, also in worker threads") {
  neap::Options options;
  options.modules = {"neap.thread", "os", "neap.*"};
  neap::Interpreter lua(options);
  CHECK(lua.run_string<bool>("return os.time() > 0 and io == nil and require('neap.compat') ~= nil"));
  CHECK(lua.run_string<std::string>("return async.to_thread(function() return type(os) .. type(io) end)") ==
        "tablenil");
}

TEST_CASE("embed input: scripts read the text in place of the process's standard input") {
  for (const char* code :
       {"return io.read('n', 'l', 'L', 'a')", "return io.stdin:read('n', 'l', 'L', 'a')",
        "return async.stdin:read('n'), async.stdin:read('l'), async.stdin:read('L'), async.stdin:read('a')"}) {
    INFO(code);
    neap::Options options;
    options.input = "42 first\nsecond\nrest\n of it";
    neap::Interpreter lua(options);
    const auto [number, line, whole, rest] =
        lua.run_string<std::tuple<int, std::string, std::string, std::string>>(code);
    CHECK(number == 42);
    CHECK(line == " first");
    CHECK(whole == "second\n");
    CHECK(rest == "rest\n of it");
  }
  neap::Options nothing;
  nothing.input = "";
  neap::Interpreter lua(nothing);
  CHECK(lua.run_string<bool>("return io.read() == nil and io.read('a') == '' and async.stdin:read() == nil"));
  CHECK(lua.run_string<bool>("return async.to_thread(function() return io.read() == nil end)"));
}
