// Debug mode, however it is turned on: what it warns of on stderr.
#include "tests/support/process.hpp"

#include <catch2/catch_test_macros.hpp>

#include <string>
#include <vector>

using namespace neap::internal::tests;

namespace {

/// Runs the text as x.lua in a directory of its own: with --debug, with NEAP_DEBUG=1, and in async.run.
std::vector<ProcessResult> run_each_way(const std::string& text) {
  std::vector<ProcessResult> results;
  for (const int way : {0, 1, 2}) {
    const ScratchDirectory scratch;
    ProcessOptions options;
    options.cwd = scratch.path();
    if (way == 1) options.env = {"NEAP_DEBUG=1"};
    scratch.write("x.lua", way == 2 ? "async.run(function()" + text + "\nend, {debug = true})" : text);
    results.push_back(
        run_neap(way == 0 ? std::vector<std::string>{"--debug", "x.lua"} : std::vector<std::string>{"x.lua"}, options));
  }
  return results;
}

/// The same for what has nothing to do with slow steps: on a busy machine any step may be slow.
std::vector<ProcessResult> run_patiently(const std::string& text) {
  return run_each_way("async.get_running_loop().slow_callback_duration = 60 " + text);
}

ProcessResult run_plain(const std::string& text) {
  const ScratchDirectory scratch;
  scratch.write("x.lua", text);
  ProcessOptions options;
  options.cwd = scratch.path();
  return run_neap({"x.lua"}, options);
}

constexpr const char* kOpenedAt2 = "neap: warning: the File 'out' opened at x.lua:2 was never closed\n";

}  // namespace

TEST_CASE("debug mode names the line that opened a file which was never closed", "[interp][debug]") {
  for (const char* text : {"\nkept = neap.fs.open('out', 'w')", "\nneap.fs.open('out', 'w') collectgarbage()",
                           "\nkept = neap.fs.open('out', 'w') async.get_running_loop():set_debug(false)"}) {
    for (const ProcessResult& result : run_patiently(text)) {
      CAPTURE(text);
      CHECK(result.err == kOpenedAt2);
      CHECK(result.status == 0);
    }
    CHECK(run_plain(text).err.empty());
  }
}

TEST_CASE("debug mode says nothing of files that were closed", "[interp][debug]") {
  for (const char* text :
       {"\nneap.fs.open('out', 'w'):close()", "\ndo local f <close> = neap.fs.open('out', 'w') end collectgarbage()"}) {
    for (const ProcessResult& result : run_patiently(text)) CHECK(result.err.empty());
  }
}

// Coroutines that nobody awaits.

TEST_CASE("debug mode names the line that made a Coroutine which was never awaited", "[interp][debug]") {
  for (const char* text : {"local f = async(print)\nf()", "local f = async(print)\nkept = f()",
                           "local f = async(print)\nf() collectgarbage()"}) {
    for (const ProcessResult& result : run_patiently(text)) {
      CAPTURE(text);
      CHECK(result.err == "neap: warning: the Coroutine made at x.lua:2 was never awaited\n");
      CHECK(result.status == 0);
    }
    CHECK(run_plain(text).err.empty());
  }
}

TEST_CASE("debug mode says nothing of Coroutines that were awaited or made a task", "[interp][debug]") {
  for (const char* text : {"await(async(print)())", "async.spawn(async(print)())", "async.gather(async(print)())"}) {
    for (const ProcessResult& result : run_patiently(text)) CHECK(result.err.empty());
  }
}

// Steps that block.

namespace {

constexpr const char* kBusy =
    "local function busy() local t = os.clock() + 0.11 while os.clock() < t do end end local loop = "
    "async.get_running_loop()\n";

/// Runs code that is busy for longer than the limit in each way. The warning must begin and end so; and there must be
/// none without debug mode.
void check_slow(const std::string& code, const std::string& who, const std::string& where) {
  const std::string text = kBusy + code;
  for (const ProcessResult& result : run_each_way(text)) {
    CAPTURE(code, result.err);
    CHECK(result.err.starts_with("neap: warning: " + who + " ran for "));
    CHECK(result.err.ends_with(" seconds without waiting" + where + "\n"));
    CHECK(result.err.find('\n') == result.err.size() - 1);
  }
  CHECK(run_plain(text).err.empty());
}

}  // namespace

TEST_CASE("debug mode names the lines between which a task blocked", "[interp][debug]") {
  check_slow("await(async.create_task(function()\nasync.sleep(0.001)\nbusy()\nasync.sleep(0)\nend, {name = 't'}))",
             "task 't'", ", from x.lua:3 to x.lua:5");
}

TEST_CASE("debug mode names the function of a task that blocks from the beginning", "[interp][debug]") {
  check_slow("await(async.create_task(function()\nbusy()\nasync.sleep(0)\nend, {name = 't'}))", "task 't'",
             ", from the beginning of the function at x.lua:2 to x.lua:4");
}

TEST_CASE("debug mode names a line of a task that blocks and ends", "[interp][debug]") {
  check_slow("await(async.create_task(busy, {name = 't'}))", "task 't'",
             ", from the beginning of the function at x.lua:1 to its end");
  check_slow("await(async.create_task(function()\nasync.sleep(0.001)\nbusy()\nend, {name = 't'}))", "task 't'",
             ", from x.lua:3 to its end");
  check_slow(
      "local t = async.spawn(function()\nasync.sleep(0.001)\nbusy() error('e')\nend) t:set_name('t') pcall(await, t)",
      "task 't'", ", from x.lua:3 to its end");
}

TEST_CASE("debug mode names the line that made a task of a C function which blocks", "[interp][debug]") {
  check_slow(
      "local t = async.spawn(table.sort, {2, 1}, function(a, b) busy() return a < b end)\nt:set_name('t') await(t)",
      "task 't'", ", from its beginning (created at x.lua:2) to its end");
}

TEST_CASE("debug mode names the script when that blocks and never waits", "[interp][debug]") {
  const ScratchDirectory scratch;
  scratch.write("x.lua", std::string(kBusy) + "busy()");
  ProcessOptions options;
  options.cwd = scratch.path();
  const ProcessResult result = run_neap({"--debug", "x.lua"}, options);
  CHECK(result.err.starts_with("neap: warning: task 'main' ran for "));
  CHECK(result.err.ends_with(" seconds without waiting, from its beginning (created at x.lua:1) to its end\n"));
}

TEST_CASE("debug mode names a callback that blocks, and the line that set it", "[interp][debug]") {
  check_slow("loop:call_soon(function()\nbusy() end)\nasync.sleep(0.001)", "the callback at x.lua:2",
             ", set at x.lua:2");
  check_slow("loop:call_later(0.001, busy)\nasync.sleep(0.01)", "the callback at x.lua:1", ", set at x.lua:2");
  check_slow("local f = async.Future()\nf:add_done_callback(busy)\nf:set_result()\nasync.sleep(0.001)",
             "the callback at x.lua:1", ", set at x.lua:3");
}

TEST_CASE("slow_callback_duration is how long a step may take", "[interp][debug]") {
  for (const ProcessResult& result :
       run_each_way(std::string(kBusy) + "loop.slow_callback_duration = 5 await(async.spawn(busy))")) {
    CHECK(result.err.empty());
  }
  for (const ProcessResult& result : run_each_way(
           std::string(kBusy) + "loop.slow_callback_duration = 0 await(async.create_task(print, {name = 't'}))")) {
    CHECK(result.err.find("neap: warning: task 't' ran for ") != std::string::npos);
  }
}

// Where tasks were created.

TEST_CASE("debug mode shows the traceback of a task's creation in an error that went through it", "[interp][debug]") {
  const std::string text =
      "local function fail() error('boom') end\nlocal function make() local t = async.spawn(fail) return t end"
      "\nlocal t = make()\nawait(t)";
  const std::string created =
      "\t-- task 'Task-2', created at:\n\t--   x.lua:2: in local 'make'\n\t--   x.lua:3: in main chunk\n\t-- awaited "
      "by:\n";
  const std::vector<ProcessResult> results = run_each_way(text);
  CHECK(results[0].err.find(created) != std::string::npos);
  CHECK(results[1].err.find(created) != std::string::npos);
  CHECK(results[2].err.find("created at:\n\t--   x.lua:2: in local 'make'\n\t--   x.lua:3: in function <x.lua:1>\n\t-- "
                            "awaited by:\n") != std::string::npos);
  CHECK(run_plain(text).err.find("\t-- task 'Task-2', created at x.lua:2, awaited by:\n") != std::string::npos);
}

TEST_CASE("debug mode shows the traceback of the creation of a task whose error nobody retrieved", "[interp][debug]") {
  const std::string text =
      "local function fail() error('boom') end\nlocal function make() async.spawn(fail) end\nmake()";
  for (const ProcessResult& result : run_patiently(text)) {
    CAPTURE(result.err);
    CHECK(result.err.starts_with("neap: Task exception was never retrieved: task 'Task-"));
    CHECK(result.err.find("\ntask created by:\n\tx.lua:2: in local 'make'\n\tx.lua:3: in ") != std::string::npos);
    CHECK(result.status == 1);
  }
  CHECK(run_plain(text).err.find("task created by") == std::string::npos);
}

TEST_CASE("the exception handler gets the traceback of the creation in debug mode", "[interp][debug]") {
  for (const ProcessResult& result :
       run_patiently("async.get_running_loop():set_exception_handler(function(_, c) print(c.source_traceback) end)\n"
                     "async.spawn(error, 'boom')\nasync.sleep(0) collectgarbage() async.sleep(0)")) {
    CHECK(result.out.starts_with("\tx.lua:2: in "));
  }
}

TEST_CASE("NEAP_DEBUG=0 and an empty NEAP_DEBUG leave debug mode off, and -E ignores it", "[interp][debug]") {
  const char* code = "print(async.get_running_loop():get_debug())";
  CHECK(run_neap({"-e", code}, {.env = {"NEAP_DEBUG=0"}}).out == "false\n");
  CHECK(run_neap({"-e", code}, {.env = {"NEAP_DEBUG="}}).out == "false\n");
  CHECK(run_neap({"-e", code}, {.env = {"NEAP_DEBUG=1"}}).out == "true\n");
  CHECK(run_neap({"-E", "-e", code}, {.env = {"NEAP_DEBUG=1"}}).out == "false\n");
  CHECK(run_neap({"-E", "--debug", "-e", code}).out == "true\n");
}
