// neap test --jobs.
#include "tests/stdlib/test/suite.hpp"

#include <catch2/catch_test_macros.hpp>

#include <csignal>

using namespace neap::internal::tests;

TEST_CASE("neap test --jobs: every file in one piece, in order, as without", "[test]") {
  const Suite suite;
  for (int i = 1; i <= 6; ++i) {
    suite.add("f" + std::to_string(i) + "_test.lua", "local n = " + std::to_string(i) + R"(
      for i = 1, 3 do test("t" .. i, function() print(n, i) async.sleep((7 - n) / 200) print(n, i) end) end
      test("bad", function() expect({ n }):to_equal({ 0 }) end))");
  }
  const auto body = [](const std::string& out) {
    const std::size_t end = out.rfind(" in ");
    return out.substr(0, end);
  };
  const ProcessResult alone = suite.run();
  const ProcessResult together = suite.run({"--jobs", "4"});
  CHECK(body(together.out) == body(alone.out));
  CHECK(summary(together) == "18 passed, 6 failed");
  CHECK(together.status == 1);
}

TEST_CASE("neap test --jobs: options reach the processes", "[test]") {
  const Suite suite("for i = 1, 9 do test('t' .. i, function() print(math.random(1e6)) end) end");
  suite.add("b_test.lua", "test('t3', function() async.sleep(60) end)");
  const ProcessResult result = suite.run({"--jobs=2", "--filter", "t3", "--repeat=2", "--seed=5", "--timeout=0.2"});
  CHECK(summary(result) == "1 passed, 1 failed");
  CHECK(has(result.out, "did not end in 0.2 s"));
  CHECK(has(result.out, "in run 1 of 2, with --seed 5"));
  CHECK(suite.run({"--jobs=2", "a_test.lua", "a_test.lua", "--filter", "t1"}).status == 0);
}

TEST_CASE("neap test --jobs: a process that crashes is a failure of its file", "[test]") {
  const Suite suite("test('fine', function() end) test('crash', function() os.execute('kill -9 $PPID') end)");
  suite.add("b_test.lua", "test('good', function() end)");
  const ProcessResult result = suite.run({"--jobs", "2"});
  CHECK(summary(result) == "2 passed, 1 failed");
  CHECK(has(result.out,
            "a_test.lua > (process)\n   the process of this file was ended by signal 9 before its tests "
            "were over\n"));
  CHECK(result.status == 1);
}

TEST_CASE("neap test --jobs: a file that does not load", "[test]") {
  const Suite suite("x = = 1");
  suite.add("b_test.lua", "test('good', function() end)");
  const ProcessResult result = suite.run({"--jobs", "2"});
  CHECK(summary(result) == "1 passed, 0 failed, 1 file could not be run");
  CHECK(result.status == 2);
}

TEST_CASE("neap test --jobs: nobody waits for a process that a test has left", "[test]") {
  const Suite suite("test('leaves one', function() os.execute('sleep 20 &') end)");
  suite.add("b_test.lua", "test('good', function() end)");
  ProcessOptions options;
  options.limit = 10;
  const ProcessResult result = suite.run({"--jobs", "2"}, options);
  CHECK(summary(result) == "2 passed, 0 failed");
  CHECK_FALSE(result.timed_out);
}

TEST_CASE("neap test --jobs: much output does not block", "[test]") {
  const Suite suite("test('it', function() for i = 1, 2000 do print(('x'):rep(500)) end end)");
  suite.add("b_test.lua", "test('it', function() io.stderr:write(('y'):rep(300000)) end)");
  const ProcessResult result = suite.run({"--jobs", "2"});
  CHECK(summary(result) == "2 passed, 0 failed");
  CHECK(result.out.size() > 1300000);
}

TEST_CASE("neap test --jobs: Ctrl-C ends the processes and shows what they had done", "[test]") {
  const Suite suite("test('first', function() while not pcall(fs.stat, 'started') do async.sleep(0.01) end end)");
  suite.add("b_test.lua",
            "test('done', function() end)\n"
            "test('waits', function() fs.write('started', '') async.sleep(60) end)");
  ProcessOptions options;
  options.signals = {{SIGINT, "ok   first"}};
  const ProcessResult result = suite.run({"--jobs", "2"}, options);
  CAPTURE(result.out, result.err);
  CHECK(result.status == 130);
  CHECK(summary(result) == "2 passed, 1 failed");
  CHECK(has(result.out, "ok   done"));
  CHECK(has(result.out, "interrupted"));
}
