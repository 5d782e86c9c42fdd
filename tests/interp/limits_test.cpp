// The limits of a whole program, on the command line.
#include "tests/support/process.hpp"

#include <catch2/catch_test_macros.hpp>

#include <string>

using namespace neap::internal::tests;

namespace {

/// The program ends with the status of a limit, and its error begins so.
void check_ended(const std::string& option, const std::string& script, const std::string& message) {
  const ProcessResult result = run_neap({option, "-e", script});
  INFO(result.err);
  CHECK(result.status == 124);
  CHECK(result.err.find("LimitError: " + message) != std::string::npos);
  CHECK(result.err.find("(set for the whole program: " + option.substr(0, option.find('=')) + ")") !=
        std::string::npos);
}

}  // namespace

TEST_CASE("limits: a program that exceeds one ends with an error that names it", "[interp][limits]") {
  check_ended("--limit-step=50ms", "while true do pcall(function() while true do end end) end", "computed for 0.0");
  check_ended("--limit-memory=8M", "local t = {} while true do t[#t + 1] = {} end", "8.0 MiB of memory in use");
  check_ended("--limit-wall=0.05", "while true do async.catch(async.sleep, 10) end", "still running after");
  check_ended("--limit-tasks=10", "while true do async.catch(async.spawn, async.sleep, 1) end", "one task more than");
}

TEST_CASE("limits: a task that the main task leaves behind is ended too", "[interp][limits]") {
  check_ended("--limit-wall=0.05", "async.spawn(function() while true do async.catch(async.sleep, 10) end end)",
              "still running after");
}

TEST_CASE("limits: finalizers and errors that loop do not keep the program from ending", "[interp][limits]") {
  const std::string loop = "function() while true do end end";
  CHECK(run_neap({"--limit-step=50ms", "-e", "setmetatable({}, {__gc = " + loop + "})"}).status == 0);
  CHECK(run_neap({"--limit-step=50ms", "-e", "error(setmetatable({}, {__tostring = " + loop + "}))"}).status == 1);
}

TEST_CASE("limits: a program within its limits runs as without", "[interp][limits]") {
  const ProcessResult result = run_neap({"--limit-memory=64M", "--limit-step=5", "--limit-wall=60", "--limit-tasks=9",
                                         "--limit-handles=9", "-e", "print(await(async.spawn(string.rep, 'x', 3)))"});
  CHECK(result.status == 0);
  CHECK(result.out == "xxx\n");
  CHECK(result.err.empty());
}

TEST_CASE("limits: a wrong limit is named", "[interp][limits]") {
  const auto problem_of = [](const std::string& option) {
    const ProcessResult result = run_neap({option, "-e", ""});
    CHECK(result.status == 1);
    return result.err.substr(0, result.err.find('\n'));
  };
  CHECK(problem_of("--limit-tasks=ten") == "neap: --limit-tasks takes a whole number, got 'ten'");
  CHECK(problem_of("--limit-memory=5X") == "neap: --limit-memory takes bytes such as 67108864 or 64M, got '5X'");
  CHECK(problem_of("--limit-wall") == "neap: --limit-wall takes seconds such as 0.1 or 100ms, got ''");
  CHECK(problem_of("--limit-time=1") ==
        "neap: there is no limit 'time'; there are memory, step, wall, tasks and handles");
}
