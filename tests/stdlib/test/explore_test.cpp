// test.explore, and how a failure of it is repeated.
#include "tests/stdlib/test/suite.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace neap::internal::tests;

namespace {

/// What follows `option` in the line that says how to replay.
std::string replayed(const std::string& out, const std::string& option) {
  const std::size_t line = out.find("replay: neap test a_test.lua --filter ");
  REQUIRE(line != std::string::npos);
  const std::size_t at = out.find(option + " ", line);
  REQUIRE(at < out.find('\n', line));
  const std::size_t begin = at + option.size() + 1;
  return out.substr(begin, out.find_first_of(" \n", begin) - begin);
}

}  // namespace

TEST_CASE("explore: finds an order in which the code fails, and its seed repeats it", "[test]") {
  const Suite suite(R"(
    test("it's a race", function()
      t.explore(function()
        local log = {}
        do
          local group <close> = async.TaskGroup()
          for i = 1, 4 do group:spawn(function() async.sleep(1) log[#log + 1] = i end) end
        end
        if log[1] == 4 then error("four first") end
      end, { cancel = false })
    end))");
  const ProcessResult result = suite.run();
  CHECK(result.status == 1);
  CHECK(has(result.out, "the code fails with seed "));
  CHECK(has(result.out, "--filter 'it'\\''s a race' --seed "));
  CHECK(has(result.out, "a_test.lua:10: four first"));
  const std::string seed = replayed(result.out, "--seed");
  const ProcessResult again = suite.run({"--seed", seed});
  CHECK(has(again.out, "the code fails with seed " + seed + "\n"));
}

TEST_CASE("explore: cancels at every suspension, finds what is lost then, and repeats it", "[test]") {
  const Suite suite(R"(
    test("hand-made lock", function()
      local runs = t.explore(function()
        local locked = false
        local function work()
          while locked do async.sleep(0.1) end
          locked = true
          async.sleep(1)
          locked = false
        end
        local group <close> = async.TaskGroup()
        group:spawn(work)
        group:spawn(function() async.wait_for(work, 60) end)
      end, { seeds = 0 })
    end))");
  const ProcessResult result = suite.run();
  CHECK(result.status == 1);
  CHECK(has(result.out, "the code fails in the usual order, a task cancelled at suspension "));
  CHECK(has(result.out, "TimeoutError: timed out after 60.0 seconds"));
  const std::string k = replayed(result.out, "--cancel-at");
  CHECK(has(suite.run({"--cancel-at", k}).out, "a task cancelled at suspension " + k + "\n"));
  CHECK(suite.run({"--cancel-at", "100000"}).status == 0);
}

TEST_CASE("explore: --repeat goes through the seeds from --seed on", "[test]") {
  const Suite suite(R"(
    test("it", function()
      t.explore(function()
        local log, group <close> = {}, async.TaskGroup()
        for i = 1, 4 do group:spawn(function() async.sleep(1) log[#log + 1] = i end) end
        group:spawn(function() async.sleep(2) if log[1] == 4 then error("four first") end end)
      end)
    end))");
  const ProcessResult result = suite.run({"--seed", "1", "--repeat", "100"});
  const std::string seed = replayed(result.out, "--seed");
  CHECK(has(result.out, "in run " + seed + " of 100, with --seed " + seed + "\n"));
  CHECK(has(suite.run({"--seed", seed}).out, "the code fails with seed " + seed + "\n"));
}

TEST_CASE("explore: correct code passes in every run, and the runs are counted", "[test]") {
  const Suite suite(R"(
    test("counts", function()
      local calls = 0
      local function body()
        calls = calls + 1
        local group <close> = async.TaskGroup()
        group:spawn(async.sleep, 1)
        group:spawn(function() async.sleep(1) async.sleep(1) end)
      end
      expect(t.explore(body, { seeds = 5 })):to_be(9)
      expect(calls):to_be(9)
      expect(t.explore(body, { seeds = 5, cancel = false })):to_be(6)
      expect(t.explore(body)):to_be(204)
    end))");
  const ProcessResult result = suite.run();
  INFO(result.out);
  CHECK(result.status == 0);
}

TEST_CASE("explore: a run that leaves a task behind fails, and nothing of it goes on", "[test]") {
  const Suite suite(R"(
    test("it", function()
      local ok, err = pcall(t.explore, function() async.spawn(async.sleep, 100) end)
      expect(ok):to_be(false)
      expect(err.message):to_contain("it left behind:")
      expect(#async.all_tasks()):to_be(1)
    end))");
  const ProcessResult result = suite.run();
  INFO(result.out);
  CHECK(result.status == 0);
}

TEST_CASE("explore: the run that deadlocks is named, and the next test runs", "[test]") {
  const Suite suite(R"(
    test("it", function()
      t.explore(function()
        local event, group <close> = async.Event(), async.TaskGroup()
        group:spawn(function() async.sleep(1) event:set() end)
        group:spawn(event.wait, event)
      end)
    end)
    test("next", function() async.sleep(0) end))");
  const ProcessResult result = suite.run();
  CHECK(summary(result) == "1 passed, 1 failed");
  CHECK(has(result.out, "DeadlockError: every task waits"));
}

TEST_CASE("explore: belongs to a test's time limit", "[test]") {
  const Suite suite("test('it', function() t.explore(function() while true do async.sleep(1) end end) end)");
  CHECK(has(suite.run({"--timeout", "0.1"}).out, "the test did not end in 0.1 s"));
}

TEST_CASE("explore: wrong arguments", "[test]") {
  const Suite suite(R"(
    local outside = select(2, pcall(t.explore, print))
    test("it", function()
      expect(tostring(outside)):to_be("RuntimeError: explore is called in a test")
      t.raises(async.TypeError, t.explore)
      t.raises("no option 'seed'", t.explore, print, { seed = 1 })
      t.raises(async.ValueError, t.explore, print, { seeds = -1 })
      t.raises(async.ValueError, t.explore, print, { seeds = 1.5 })
      t.raises(async.TypeError, t.explore, print, 5)
    end))");
  const ProcessResult result = suite.run();
  INFO(result.out);
  CHECK(result.status == 0);
}

TEST_CASE("scripts/examples/queue_test.lua passes", "[examples]") {
  const std::string file = NEAP_SOURCE_DIR "/scripts/examples/queue_test.lua";
  for (const ProcessResult& result : {run_neap({"test", file}), run_neap({file, "--shuffle=4"})}) {
    INFO(result.out << result.err);
    CHECK(summary(result) == "6 passed, 0 failed");
    CHECK(result.status == 0);
  }
}
