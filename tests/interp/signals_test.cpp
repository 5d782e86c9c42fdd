// Ctrl-C, SIGUSR1, and output whose reader has gone.
#include "tests/support/process.hpp"

#include <catch2/catch_test_macros.hpp>

#include <unistd.h>

#include <csignal>
#include <string>

using namespace neap::internal::tests;

namespace {

constexpr const char* kCleanup =
    "local _ <close> = setmetatable({}, {__close = function() async.sleep(0.001) print('cleaned') end}) ";

ProcessResult interrupt(const std::string& code) { return run_neap({"-e", code}, {.signals = {{SIGINT, "ready"}}}); }

void check_cancelled(const std::string& code) {
  const ProcessResult result = interrupt(code);
  CHECK(result.status == 130);
  CHECK(result.out == "ready\ncleaned\n");
  CHECK(result.err.empty());
}

}  // namespace

TEST_CASE("SIGINT cancels the main task, whose cleanup may wait; exit status 130", "[interp][sigint]") {
  check_cancelled(std::string(kCleanup) + "print('ready') async.sleep(3600)");
}

TEST_CASE("SIGINT reaches a main task that never lets the loop sleep", "[interp][sigint]") {
  check_cancelled(std::string(kCleanup) + "print('ready') while true do async.sleep(0) end");
}

TEST_CASE("SIGINT reaches a main task between waits of less than a millisecond", "[interp][sigint]") {
  check_cancelled(std::string(kCleanup) + "print('ready') while true do async.sleep(0.0003) end");
}

TEST_CASE("SIGINT reaches a main task that awaits others", "[interp][sigint]") {
  check_cancelled(
      std::string(kCleanup) +
      "local t = async.spawn(async.sleep, 3600) print('ready') async.gather(t, function() async.sleep(3600) end)");
}

TEST_CASE("SIGINT cancels what async.run runs", "[interp][sigint]") {
  check_cancelled(std::string("async.run(function() ") + kCleanup + "print('ready') async.sleep(3600) end)");
}

TEST_CASE("SIGINT: the other tasks are cancelled too, and their cleanup runs", "[interp][sigint]") {
  const ProcessResult result = interrupt(std::string("async.spawn(function() ") + kCleanup +
                                         "async.sleep(3600) end) async.sleep(0) print('ready') async.sleep(3600)");
  CHECK(result.status == 130);
  CHECK(result.out == "ready\ncleaned\n");
}

TEST_CASE("a script that catches the cancellation and returns exits 0", "[interp][sigint]") {
  const ProcessResult result =
      interrupt("print('ready') print(async.catch(async.sleep, 3600)) async.sleep(0.001) print('went on')");
  CHECK(result.status == 0);
  CHECK(result.out == "ready\nfalse\tCancelledError\nwent on\n");
  CHECK(result.err.empty());
}

TEST_CASE("an error raised by the cleanup after SIGINT is reported, exit status 1", "[interp][sigint]") {
  const ProcessResult result = interrupt(
      "local _ <close> = setmetatable({}, {__close = function() error('in cleanup') end}) print('ready') "
      "async.sleep(3600)");
  CHECK(result.status == 1);
  CHECK(result.err.starts_with("neap: (command line):1: in cleanup\n"));
}

TEST_CASE("one SIGINT waits for code that computes until its next wait", "[interp][sigint]") {
  const ProcessResult result =
      interrupt(std::string(kCleanup) + "print('ready') for i = 1, 3e7 do end print('computed') async.sleep(3600)");
  CHECK(result.status == 130);
  CHECK(result.out == "ready\ncomputed\ncleaned\n");
}

TEST_CASE("a second SIGINT ends code that never waits", "[interp][sigint]") {
#ifdef __SANITIZE_THREAD__
  SKIP("the sanitizer holds a signal back until the program makes a system call");
#endif
  const ProcessResult result = run_neap({"-e", "print('ready') while true do end"},
                                        {.signals = {{.number = SIGINT, .after = "ready", .repeated = true}}});
  CHECK(result.status == 130);
  CHECK_FALSE(result.timed_out);
}

TEST_CASE("a second SIGINT ends cleanup that does not end", "[interp][sigint]") {
  const ProcessResult result =
      run_neap({"-e",
                "local _ <close> = setmetatable({}, {__close = function() print('cleaning') async.sleep(3600) end}) "
                "print('ready') async.sleep(3600)"},
               {.signals = {{SIGINT, "ready"}, {SIGINT, "cleaning"}}});
  CHECK(result.status == 130);
  CHECK_FALSE(result.timed_out);
}

TEST_CASE("SIGINT after the main chunk has returned ends the tasks it left", "[interp][sigint]") {
  const ProcessResult result =
      run_neap({"-e",
                "async.spawn(function() local _ <close> = setmetatable({}, {__close = function() print('ready') "
                "async.sleep(3600) end}) async.sleep(3600) end) async.sleep(0)"},
               {.signals = {{SIGINT, "ready"}}});
  CHECK(result.status == 130);
  CHECK_FALSE(result.timed_out);
}

TEST_CASE("SIGINT does not keep a deadlock from being found", "[interp][sigint]") {
  const ProcessResult result = interrupt(
      "print('ready') async.catch(async.sleep, 3600) local ok, err = pcall(await, async.Future()) "
      "print(async.is(err, async.DeadlockError))");
  CHECK(result.status == 0);
  CHECK(result.out == "ready\ntrue\n");
}

TEST_CASE("SIGINT leaves a blocking read of Lua's own alone", "[interp][sigint]") {
  const ProcessResult result = run_neap({"-e", "print('ready') print(io.read('a')) async.sleep(3600)"},
                                        {.input = "text", .signals = {{SIGINT, "ready"}}});
  CHECK(result.status == 130);
  CHECK(result.out == "ready\ntext\n");
}

TEST_CASE("a reader that goes away ends the program, with one line", "[interp][pipe]") {
  for (const char* code : {"while true do print('line') end", "while true do io.write('line\\n') end",
                           "while true do print('line') async.sleep(0) end",
                           "async.with(async.TaskGroup(), function(tg) tg:spawn(function() while true do print('line') "
                           "async.sleep(0) end end) end)"}) {
    INFO(code);
    const ProcessResult result = run_neap({"-e", code}, {.drop_stdout_after = 5});
    CHECK(result.status == 1);
    CHECK(result.err == "neap: cannot write to standard output: broken pipe\n");
  }
}

TEST_CASE("programs that a script starts die of a broken pipe as they should", "[interp][pipe]") {
  const ProcessResult result = run_neap({"-e", "os.execute('yes | head -n 1')"});
  CHECK(result.out == "y\n");
  CHECK(result.err.empty());
}

TEST_CASE("output that cannot be written is an error, however the program ends", "[interp][pipe]") {
  const auto check_fails = [](const char* code, const ProcessOptions& options, const char* reason) {
    INFO(code);
    const ProcessResult result = run_neap({"-e", code}, options);
    CHECK(result.status == 1);
    CHECK(result.err == std::string("neap: cannot write to standard output: ") + reason + "\n");
  };
  for (const char* code :
       {"print('x')", "io.write('x')", "io.write('x') os.exit(0)", "io.write('x') os.exit(true, true)"}) {
    if (access("/dev/full", F_OK) == 0) check_fails(code, {.stdout_path = "/dev/full"}, "no space left on device");
    check_fails(code, {.close_stdout = true}, "bad file descriptor");
  }
}

TEST_CASE("a program that writes nothing runs with stdout closed", "[interp][pipe]") {
  // And what it opens is not taken for standard output.
  const ScratchDirectory scratch;
  const std::string path = scratch.path() + "/out";
  const ProcessResult result = run_neap(
      {"-e", "local f = io.open('" + path +
                 "', 'w') pcall(print, 'x') f:write('y') f:close() io.stderr:write(io.open('" + path + "'):read('a'))"},
      {.close_stdout = true});
  CHECK(result.err.starts_with("y"));
  CHECK(run_neap({"-e", "local x = 1"}, {.close_stdout = true}).status == 0);
}

// SIGUSR1: the tree of tasks.

namespace {

/// Runs the code in debug mode, and sends SIGUSR1 once it is ready; when the tasks have been shown, SIGINT ends it.
ProcessResult show_tasks(const std::string& code) {
  return run_neap({"--debug", "-e", code},
                  {.signals = {{SIGUSR1, "ready"}, {.number = SIGINT, .after = "+- ", .repeated = true}}});
}

}  // namespace

TEST_CASE("SIGUSR1 in debug mode shows the tasks while the loop sleeps, and the program goes on", "[interp][sigusr1]") {
  const ProcessResult result = show_tasks(
      "async.spawn(await, async.Future())\nasync.get_running_loop():call_soon(print, 'ready')\nasync.sleep(3600)");
  CHECK(result.err ==
        "neap: 2 tasks\n+- <Task name='main' waiting in sleep at (command line):3>\n+- <Task name='Task-2' waiting in "
        "await "
        "at (command line):1> for <Future pending>\n");
  CHECK(result.status == 130);
}

TEST_CASE("SIGUSR1 shows the tasks of a program that never lets the loop sleep", "[interp][sigusr1]") {
  const ProcessResult result = show_tasks("print('ready')\nwhile true do async.sleep(0) end");
  CHECK(result.err.starts_with("neap: 1 task\n+- <Task name='main' r"));
  CHECK(result.err.find("(command line):2") != std::string::npos);
  CHECK(result.status == 130);
}

TEST_CASE("SIGUSR1 shows where a task computes that never waits", "[interp][sigusr1]") {
#ifdef __SANITIZE_THREAD__
  SKIP("the sanitizer holds a signal back until the program makes a system call");
#endif
  const ProcessResult result = show_tasks("local function hang()\n\nprint('ready') while true do end\nend\nhang()");
  CHECK(result.err.starts_with("neap: 1 task\n+- <Task name='main' running> at (command line):3\n"));
  CHECK(result.status == 130);
}

TEST_CASE("SIGUSR1 shows where a task computes in a coroutine of its own", "[interp][sigusr1]") {
#ifdef __SANITIZE_THREAD__
  SKIP("the sanitizer holds a signal back until the program makes a system call");
#endif
  const ProcessResult result = show_tasks("coroutine.wrap(function()\n\nprint('ready') while true do end\nend)()");
  CHECK(result.err.starts_with("neap: 1 task\n+- <Task name='main' running> at (command line):3\n"));
  CHECK(result.status == 130);
}

TEST_CASE("SIGUSR1 leaves a hook of the script alone, and shows the tasks when the loop turns", "[interp][sigusr1]") {
  // One SIGINT: the main task waits by then, and another would meet the end of the process.
  const std::string code =
      "async.get_running_loop().slow_callback_duration = 99 local hook = function() end debug.sethook(hook, '', "
      "1000)\nprint('ready')\nfor i = 1, 3e7 do end\n"
      "assert(debug.gethook() == hook)\nasync.sleep(3600)";
  const ProcessResult result = run_neap({"--debug", "-e", code}, {.signals = {{SIGUSR1, "ready"}, {SIGINT, "+- "}}});
  CHECK(result.err == "neap: 1 task\n+- <Task name='main' waiting in sleep at (command line):5>\n");
  CHECK(result.status == 130);
}

TEST_CASE("NEAP_DEBUG=1 turns SIGUSR1 on too", "[interp][sigusr1]") {
  const ProcessResult result = run_neap({"-e", "print('ready') async.sleep(3600)"},
                                        {.env = {"NEAP_DEBUG=1"}, .signals = {{SIGUSR1, "ready"}, {SIGINT, "+- "}}});
  CHECK(result.err.starts_with("neap: 1 task\n"));
  CHECK(result.status == 130);
}

TEST_CASE("SIGUSR1 again and again disturbs nothing", "[interp][sigusr1]") {
  const ProcessResult result = run_neap({"--debug", "-e",
                                         "print('ready') local sum = 0 for i = 1, 30000 do sum = sum + "
                                         "await(async.spawn(function() async.sleep(0) return i end)) "
                                         "end for i = 1, 1e7 do sum = sum + 1 end print(sum)"},
                                        {.signals = {{.number = SIGUSR1, .after = "ready", .repeated = true}}});
  CHECK(result.out == "ready\n460015000\n");
  CHECK(result.status == 0);
  CHECK(result.err.find("+- <Task name='main' ") != std::string::npos);
}

TEST_CASE("SIGUSR1 without debug mode ends the process, as it does by default", "[interp][sigusr1]") {
  const ProcessResult result =
      run_neap({"-e", "async.get_running_loop():set_debug(true) print('ready') async.sleep(3600)"},
               {.signals = {{SIGUSR1, "ready"}}});
  CHECK(result.status == -SIGUSR1);
}

TEST_CASE("SIGUSR1 with a format_tasks that fails hurts nobody", "[interp][sigusr1]") {
#ifdef __SANITIZE_THREAD__
  SKIP("the sanitizer holds a signal back until the program makes a system call");
#endif
  const ProcessResult result =
      run_neap({"--debug", "-e",
                "async.format_tasks = function() stop = true error('mine') end print('ready') while not stop do end"},
               {.signals = {{SIGUSR1, "ready"}}});
  CHECK(result.err == "neap: the tasks cannot be shown\n");
  CHECK(result.status == 0);
}
