// What a test is held to: order of hooks, leaks, errors, time.
#include "tests/stdlib/test/suite.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace neap::internal::tests;

namespace {

/// The report of a file that is this test alone, which fails.
std::string failure_of(const std::string& body, const std::vector<std::string>& arguments = {}) {
  const Suite suite("test('it', function()\n" + body + "\nend)");
  const ProcessResult result = suite.run(arguments);
  CAPTURE(result.out, result.err);
  CHECK(result.status == 1);
  CHECK(summary(result) == "0 passed, 1 failed");
  CHECK_FALSE(result.timed_out);
  return result.out;
}

ProcessResult pass(const std::string& text, const std::vector<std::string>& arguments = {}) {
  const Suite suite(text);
  ProcessResult result = suite.run(arguments);
  INFO(result.out << result.err);
  CHECK(result.status == 0);
  return result;
}

}  // namespace

TEST_CASE("test: a test that returns passes", "[test]") {
  const ProcessResult result = pass("test('it', function() async.sleep(0) expect(1):to_be(1) end)");
  CHECK(has(result.out, "a_test.lua\n  ok   it\n\n1 passed, 0 failed in "));
  CHECK(result.err.empty());
}

TEST_CASE("test: hooks run from the outside in and back", "[test]") {
  const ProcessResult result = pass(R"(
    for _, hook in ipairs { "before_all", "before_each", "after_each", "after_all" } do
      t[hook](function() async.sleep(0) print("outer " .. hook) end)
    end
    describe("group", function()
      for _, hook in ipairs { "before_all", "before_each", "after_each", "after_all" } do
        t[hook](function() print("inner " .. hook) end)
      end
      test("one", function() print "one" end)
    end))",
                                    {"--output", "/dev/null"});
  CHECK(result.out ==
        "outer before_all\ninner before_all\nouter before_each\ninner before_each\none\n"
        "inner after_each\nouter after_each\ninner after_all\nouter after_all\n");
}

TEST_CASE("test: groups are shown once, tests below them", "[test]") {
  const ProcessResult result = pass(R"(
    describe("a", function()
      test("1", print)
      describe("b", function() test("2", function() end) test("3", function() end) end)
    end)
    test("4", function() end))");
  CHECK(has(result.out, "  a\n    ok   1\n    b\n      ok   2\n      ok   3\n  ok   4\n"));
}

TEST_CASE("test: after_each runs after a failure, and its own error is reported too", "[test]") {
  const Suite suite(R"(
    t.after_each(function() error("second") end)
    test("it", function() error("first") end))");
  const ProcessResult result = suite.run();
  CHECK(result.status == 1);
  CHECK(has(result.out, "a_test.lua:4: first\n"));
  CHECK(has(result.out, "in after_each: a_test.lua:3: second\n"));
}

TEST_CASE("test: a failed before_each keeps the test from running, not after_each", "[test]") {
  const Suite suite(R"(
    t.before_each(function() error("not ready") end)
    t.after_each(function() print("cleaned") end)
    test("it", function() print("ran") end))");
  const ProcessResult result = suite.run();
  CHECK(summary(result) == "0 passed, 1 failed");
  CHECK(has(result.out, "in before_each: a_test.lua:3: not ready"));
  CHECK(has(result.out, "cleaned\n"));
  CHECK_FALSE(has(result.out, "ran\n"));
}

TEST_CASE("test: a failed before_all is one failure, and its tests are skipped", "[test]") {
  const Suite suite(R"(
    describe("group", function()
      t.before_all(function() error("no server") end)
      t.after_all(function() print("after_all ran") end)
      test("one", function() print("ran") end)
      test("two", function() print("ran") end)
    end)
    test("three", function() end))");
  const ProcessResult result = suite.run();
  CHECK(summary(result) == "1 passed, 1 failed, 2 skipped");
  CHECK(has(result.out, "group > (before_all)\n"));
  CHECK(has(result.out, "no server"));
  CHECK(has(result.out, "after_all ran"));
  CHECK_FALSE(has(result.out, "ran\nran"));
}

TEST_CASE("test: what before_all starts serves every test and is a leak only behind after_all", "[test]") {
  const std::string group = R"(
      local served, server = 0, nil
      t.before_all(function()
        queue = async.Queue()
        server = async.spawn(function() for _ in queue:items() do served = served + 1 end end)
      end)
      for i = 1, 2 do
        test("test " .. i, function() queue:put(i) async.sleep(0) expect(served):to_be(i) end)
      end)";
  pass(group + " t.after_all(function() queue:shutdown() await(server) end)");
  const Suite suite(group);
  const ProcessResult result = suite.run();
  CHECK(summary(result) == "2 passed, 1 failed");
  CHECK(has(result.out, "a_test.lua > (after_all)\n   it left behind:\n     task <Task name="));
  CHECK(has(result.out, "made at a_test.lua:6"));
}

TEST_CASE("test: an error of the code under test is shown as neap shows it", "[test]") {
  const std::string out = failure_of("local file\nreturn file.size");
  CHECK(has(out,
            "   a_test.lua:4: attempt to index a nil value (local 'file')\n"
            "      4 | return file.size\n"
            "        |        ^^^^\n"
            "   stack traceback:\n"
            "   \ta_test.lua:4: in function <a_test.lua:2>\n\n"));
}

TEST_CASE("test: an error that comes from a task shows the chain of tasks", "[test]") {
  const std::string out = failure_of("local task = async.spawn(function() error('deep') end)\nawait(task)");
  CHECK(has(out, "created at a_test.lua:3, awaited by:"));
  CHECK(has(out, "a_test.lua:4: in function <a_test.lua:2>"));
}

TEST_CASE("test: a failed expectation shows its place, its line and no frame of the runner", "[test]") {
  const std::string out = failure_of("local x = 1\nexpect(x):to_equal(2)");
  CHECK(has(out,
            "1) a_test.lua > it\n"
            "   a_test.lua:4: expected 1 to equal 2\n"
            "   expected: 2\n"
            "     actual: 1\n"
            "      4 | expect(x):to_equal(2)\n"
            "\n"));
  CHECK_FALSE(has(out, "traceback"));
}

TEST_CASE("test: an expectation that fails in a task group is shown below the group", "[test]") {
  const std::string out =
      failure_of("local group <close> = async.TaskGroup()\ngroup:spawn(function() expect('a'):to_be('b') end)");
  CHECK(has(out, "ExceptionGroup: 1 error in a TaskGroup"));
  CHECK(has(out, "+- 1: AssertionError: expected \"a\" to be \"b\""));
}

TEST_CASE("test: a task that goes on is a leak, named by the line that made it, and ends before the next test",
          "[test]") {
  const Suite suite(R"(
    test("leaks", function()
      async.create_task(function() async.sleep(1e6) end, { name = "sleeper" })
      async.sleep(0)
    end)
    test("next", function() expect(#async.all_tasks()):to_be(1) end))");
  const ProcessResult result = suite.run();
  CHECK(summary(result) == "1 passed, 1 failed");
  CHECK(has(result.out,
            "it left behind:\n     task <Task name='sleeper' waiting in sleep at a_test.lua:4>, "
            "made at a_test.lua:4\n"));
}

TEST_CASE("test: a task that is about to end is no leak, whatever the order of tasks", "[test]") {
  for (const char* seed : {"1", "2", "3", "4", "5"}) {
    pass(R"(test("it", function()
      local queue = async.Queue()
      for _ = 1, 3 do async.spawn(function() for _ in queue:items() do end end) end
      async.sleep(0)
      queue:shutdown()
    end))",
         {"--seed", seed});
  }
}

TEST_CASE("test: a task that was cancelled and is ending is no leak", "[test]") {
  pass(R"(test("it", function()
    local task = async.spawn(async.sleep, 1e6)
    async.sleep(0)
    task:cancel()
  end))");
}

TEST_CASE("test: a cancelled task whose cleanup goes on is a leak", "[test]") {
  const std::string out = failure_of(R"(
    local task = async.spawn(function()
      local cleanup <close> = setmetatable({}, { __close = function() async.sleep(0.05) end })
      async.sleep(1e6)
    end)
    async.sleep(0)
    task:cancel())");
  CHECK(has(out, "it left behind:\n     task "));
}

TEST_CASE("test: a pending timer is a leak, and does not fire in the next test", "[test]") {
  const Suite suite(R"(
    test("leaks", function() async.get_running_loop():call_later(0.01, function() print("fired") end) end)
    test("next", function() async.sleep(0.03) end))");
  const ProcessResult result = suite.run();
  CHECK(summary(result) == "1 passed, 1 failed");
  CHECK(has(result.out, "call_later callback, the function at a_test.lua:3"));
  CHECK_FALSE(has(result.out, "fired"));
}

TEST_CASE("test: debug mode knows the line that set a timer", "[test]") {
  const Suite suite("test('it', function() async.get_running_loop():call_later(9, print) end)");
  const ProcessResult result = suite.neap({"--debug", "test"});
  CHECK(has(result.out, "call_later callback, a C function, set at a_test.lua:2, due in 9 s"));
}

TEST_CASE("test: an open file is a leak, named by the line that opened it", "[test]") {
  const std::string out = failure_of("file = fs.open('/dev/null')");
  CHECK(has(out, "it left behind:\n     open File '/dev/null', opened at a_test.lua:3\n"));
}

TEST_CASE("test: a file that was open before is no leak of the test", "[test]") {
  pass("file = fs.open('/dev/null') test('it', function() end)");
}

TEST_CASE("test: an error that nobody receives fails the test", "[test]") {
  const std::string of_task = failure_of("async.spawn(function() error('unseen') end) async.sleep(0)");
  CHECK(has(of_task, "Task exception was never retrieved: task 'Task-"));
  CHECK(has(of_task, "made at a_test.lua:3"));
  CHECK(has(of_task, "a_test.lua:3: unseen\n"));
  const std::string of_callback =
      failure_of("async.get_running_loop():call_soon(function() error('thrown') end) async.sleep(0)");
  CHECK(has(of_callback, "Exception in callback"));
  CHECK(has(of_callback, "a_test.lua:3: thrown"));
}

TEST_CASE("test: a test may receive such errors itself, and its handler ends with it", "[test]") {
  const Suite suite(R"(
    test("handles", function()
      local seen
      async.get_running_loop():set_exception_handler(function(_, context) seen = context.exception end)
      async.get_running_loop():call_soon(error, "x")
      async.sleep(0)
      expect(seen):to_match("x")
    end)
    test("does not", function() async.get_running_loop():call_soon(error, "y") async.sleep(0) end))");
  const ProcessResult result = suite.run();
  CHECK(summary(result) == "1 passed, 1 failed");
  CHECK(has(result.out, "does not\n   Exception in callback\n   y\n"));
}

TEST_CASE("test: a deadlock is found at once and names the test's tasks alone", "[test]") {
  const std::string out = failure_of("async.Event():wait()");
  CHECK(has(out, "DeadlockError: every task waits, and nothing can wake one:\n     'test' waits in "));
  CHECK_FALSE(has(out, "'main'"));
  CHECK(has(failure_of("async.gather(async.Future(), async.Future())"), "'test' waits in "));
}

TEST_CASE("test: a test that cancels itself fails", "[test]") {
  CHECK(has(failure_of("async.current_task():cancel() async.sleep(0)"), "the test was cancelled"));
  CHECK(has(failure_of("async.current_task():cancel()"), "the test was cancelled"));
}

TEST_CASE("test: a test that waits too long is cancelled, and shows where it waited", "[test]") {
  const std::string out = failure_of(
      "async.create_task(function() async.sleep(50) end, { name = 'other' })\n"
      "local done <close> = setmetatable({}, { __close = function() print('cleaned') end })\n"
      "async.sleep(60)",
      {"--timeout", "0.05"});
  CHECK(has(out,
            "the test did not end in 0.05 s; it was waiting:\n   \t[C]: in function 'async.sleep'\n"
            "   \ta_test.lua:5: in function <a_test.lua:2>\n"));
  CHECK(has(out, "other tasks:\n     <Task name='other' waiting in sleep at a_test.lua:3>"));
  CHECK(has(out, "cleaned"));
}

TEST_CASE("test: a test's own time limit goes before that of the command line", "[test]") {
  const Suite suite("test('it', { timeout = 0.05 }, function() async.sleep(60) end)");
  CHECK(has(suite.run({"--timeout=50"}).out, "did not end in 0.05 s"));
  pass("test('it', { timeout = 0 }, function() async.sleep(0.1) end)", {"--timeout", "0.01"});
}

TEST_CASE("test: the limit is one of real time under the virtual clock too", "[test]") {
  const std::string out = failure_of("t.clock() while true do async.sleep(1) end", {"--timeout", "0.05"});
  CHECK(has(out, "did not end in 0.05 s; it was waiting"));
  pass("test('it', { clock = 'virtual' }, function() async.sleep(1e6) end)", {"--timeout", "5"});
}

TEST_CASE("test: Lua code that never waits is stopped where it is", "[test]") {
  needs_watchdog();
  const std::string out = failure_of("while true do end", {"--timeout", "0.05"});
  CHECK(has(out,
            "did not end in 0.05 s; it was stopped in code that never waits:\n"
            "   \ta_test.lua:3: in function <a_test.lua:2>\n"));
}

TEST_CASE("test: no protected call in a loop keeps it from being stopped", "[test]") {
  needs_watchdog();
  for (const char* call : {"pcall", "async.catch"}) {
    CAPTURE(call);
    const std::string loop = std::string("while true do ") + call + "(function() while true do end end) end";
    CHECK(has(failure_of(loop, {"--timeout", "0.05"}), "stopped in code that never waits"));
  }
}

TEST_CASE("test: code that never waits is stopped in a child, a coroutine and a callback too", "[test]") {
  needs_watchdog();
  const std::string busy = "function() while true do end end";
  for (const std::string& body :
       {"await(async.spawn(" + busy + "))", "coroutine.wrap(" + busy + ")()",
        "async.get_running_loop():call_soon(" + busy + ") async.sleep(60)",
        "local group <close> = async.TaskGroup() group:spawn(" + busy + ") group:spawn(async.sleep, 60)"}) {
    CAPTURE(body);
    CHECK(has(failure_of(body, {"--timeout", "0.05"}), "stopped in code that never waits:\n   \ta_test.lua:3"));
  }
}

TEST_CASE("test: what a test closes at its end is no leak, and may fail it", "[test]") {
  pass(R"(test("it", function()
    local read = async.generator and async.generator(function()
      local file <close> = fs.open("/dev/null")
      coroutine.yield(1)
    end)
    if read then read():next() end
  end))");
}

TEST_CASE("test: debug mode that a test sets ends with it", "[test]") {
  pass(R"(
    test("sets", function() async.get_running_loop():set_debug(true) end)
    test("next", function() expect(async.get_running_loop():get_debug()):to_be(false) end))");
}

TEST_CASE("test: after a timeout the other tests run", "[test]") {
  needs_watchdog();
  const Suite suite(R"(
    test("slow", function() async.sleep(60) end)
    test("busy", function() while true do end end)
    test("fine", function() for i = 1, 1e5 do local _ = i end async.sleep(0) end))");
  CHECK(summary(suite.run({"--timeout", "0.05"})) == "1 passed, 2 failed");
}

TEST_CASE("test: what cannot be stopped ends its process, with a message", "[test]") {
  needs_watchdog();
  const Suite suite(
      "test('swallows', function() while true do async.catch(async.sleep, 60) end end)\n"
      "test('next', function() end)");
  suite.add("b_test.lua", "test('in C', function() os.execute('mkfifo p') io.open('p') end)");
  const ProcessResult result = suite.run({"--timeout", "0.05", "--jobs", "2"});
  CAPTURE(result.out);
  CHECK(result.status == 1);
  CHECK(summary(result) == "0 passed, 3 failed");
  CHECK(has(result.out,
            "a_test.lua > swallows\n   it does not end, though it was cancelled again and again: "
            "the run ends here\n"));
  CHECK(has(result.out,
            "neap test: the test 'in C' is over its time limit, in a C function that cannot be stopped; "
            "the run ends here\n"));
  CHECK(has(result.out, "a_test.lua > (process)\n   the process of this file ended with exit status 1 before"));
  CHECK(has(result.out, "b_test.lua > (process)\n   the process of this file ended with exit status 1 before"));
}

TEST_CASE("test: os.exit is an error in a test", "[test]") {
  CHECK(has(failure_of("os.exit(0)"), "RuntimeError: os.exit(0) was called in a test"));
  CHECK(has(failure_of("local exit = os.exit async.spawn(exit, 3) async.sleep(0)"), "os.exit(3) was called"));
}

TEST_CASE("test: an expectation without a matcher fails the test", "[test]") {
  CHECK(has(failure_of("expect(1)\nexpect(2):to_be(2)"), "a_test.lua:3: expect() without a matcher checks nothing"));
  CHECK(has(failure_of("local _ = expect(1).never"), "a_test.lua:3: expect() without a matcher"));
}

TEST_CASE("test: skipped tests are shown with their reason and do not run", "[test]") {
  const ProcessResult result = pass(R"(
    test("a", { skip = "too slow" }, function() print("ran") end)
    test("b", { skip = true }, function() print("ran") end)
    t.skip("c", function() print("ran") end)
    test("d", function() t.skip("no display") print("ran") end)
    describe("e", function() t.before_all(function() t.skip("no server") end) test("f", function() print("ran") end) end)
    test("g", function() end))");
  CHECK(summary(result) == "1 passed, 0 failed, 5 skipped");
  CHECK(has(result.out, "skip a (too slow)\n  skip b\n  skip c\n  skip d (no display)\n  e\n    skip f (no server)\n"));
  CHECK_FALSE(has(result.out, "ran\n"));
}

TEST_CASE("test: only leaves the others of the file out", "[test]") {
  const Suite suite("t.only('a', function() end) test('b', function() error() end)");
  suite.add("b_test.lua", "test('c', function() end)");
  const ProcessResult result = suite.run();
  CHECK(result.status == 0);
  CHECK(summary(result) == "2 passed, 0 failed");
  CHECK(has(result.out, "only: other tests of the same file were left out\n"));
}

TEST_CASE("test: the clock that a test made virtual is real in the next", "[test]") {
  pass(R"(
    test("virtual", function() local clock = t.clock() async.sleep(1e5) expect(clock:time()):to_be_close_to(1e5, 1) end)
    test("real", function()
      local loop = async.get_running_loop()
      local start = loop:time()
      async.sleep(0.02)
      expect(loop:time() - start):to_be_between(0.02, 2)
    end))");
}

TEST_CASE("test: advance lets everything happen that is due, in its order", "[test]") {
  pass(R"(
    test("it", function()
      local clock, log = t.clock(), {}
      local tasks = {}
      for i = 1, 3 do
        tasks[i] = async.spawn(function() async.sleep(i) async.sleep(0) log[#log + 1] = i end)
      end
      clock:advance(2)
      expect(log):to_equal { 1, 2 }
      clock:advance(0)
      expect(#log):to_be(2)
      clock:advance(1)
      expect(log):to_equal { 1, 2, 3 }
      expect(clock:time()):to_be(3)
      for _, bad in ipairs { -1, 0 / 0, math.huge, "1" } do t.raises(async.ValueError, clock.advance, clock, bad) end
    end))");
}

TEST_CASE("test: declarations in a running test are refused", "[test]") {
  CHECK(has(failure_of("test('inner', function() end)"), "RuntimeError: test('inner') belongs at the top of the file"));
  CHECK(has(failure_of("t.before_each(function() end)"), "RuntimeError: before_each belongs at the top"));
}

TEST_CASE("test: a seed decides the order of tasks and math.random", "[test]") {
  const Suite suite(R"(
    for i = 1, 2 do
      test("it " .. i, function()
        local log, group <close> = {}, async.TaskGroup()
        for task = 1, 6 do group:spawn(function() async.sleep(0) log[#log + 1] = task end) end
        async.sleep(0) async.sleep(0) async.sleep(0)
        print(table.concat(log, " "), math.random(1000))
      end)
    end)");
  const auto printed = [&](const std::string& seed) {
    std::string out = suite.run({"--output", "/dev/null", "--seed", seed}).out;
    CHECK(out.substr(0, out.size() / 2) == out.substr(out.size() / 2));  // both tests alike
    return out;
  };
  CHECK(printed("1") == printed("1"));
  CHECK(printed("1") != printed("2"));
}
