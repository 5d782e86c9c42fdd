// C modules as Debian and LuaRocks install them.
#include "tests/support/process.hpp"

#include <catch2/catch_test_macros.hpp>

#include <string>

using namespace neap::internal::tests;

namespace {

void check_module(const std::string& name, const std::string& code, const std::string& expected) {
  if (run_neap({"-e", "os.exit(package.searchpath('" + name + "', package.cpath) and 0 or 3)"}).status == 3) {
    SKIP("the Lua module " + name + " is not installed");
  }
  const ProcessResult result = run_neap({"-l", name, "-e", code});
  CHECK(result.err.empty());
  CHECK(result.out == expected);
  CHECK(result.status == 0);
}

}  // namespace

TEST_CASE("lpeg loads and matches", "[interp][modules]") {
  check_module("lpeg", "print(lpeg.match(lpeg.R('az') ^ 1, 'abc1'))", "4\n");
}

TEST_CASE("cjson loads and converts", "[interp][modules]") {
  check_module("cjson", "print(cjson.decode('[1, 2, true]')[3], cjson.encode({a = 'b'}))", "true\t{\"a\":\"b\"}\n");
}

TEST_CASE("lfs loads and reads directories", "[interp][modules]") {
  check_module("lfs", "print(lfs.attributes('/', 'mode'))", "directory\n");
}

TEST_CASE("luv loads, and its own loop runs inside a task", "[interp][modules]") {
  check_module("luv",
               "local t = luv.new_timer() t:start(1, 0, function() t:close() print('timer') end) luv.run() "
               "async.sleep(0.001) print('task')",
               "timer\ntask\n");
}

TEST_CASE("a tree as LuaRocks makes it is found through LUA_PATH and LUA_CPATH", "[interp][modules]") {
  const ScratchDirectory scratch;
  scratch.write("share/lua/5.4/rock/init.lua", "return {part = require 'rock.part'}");
  scratch.write("share/lua/5.4/rock/part.lua", "async.sleep(0.001) return ...");
  const std::string share = scratch.path() + "/share/lua/5.4/";
  const ProcessOptions options{.env = {"LUA_PATH=" + share + "?.lua;" + share + "?/init.lua",
                                       "LUA_CPATH=" + scratch.path() + "/lib/lua/5.4/?.so"}};
  const ProcessResult result = run_neap({"-e", "print(require('rock').part)"}, options);
  CHECK(result.out == "rock.part\n");
  CHECK(result.err.empty());
}
