// What a person sees of an error that nothing caught.
#include "tests/support/process.hpp"

#include <catch2/catch_test_macros.hpp>

#include <string>

using namespace neap::internal::tests;

namespace {

/// Runs the text as x.lua, which must fail; the report.
std::string report_of(const std::string& text, const ProcessOptions& given = {}) {
  const ScratchDirectory scratch;
  scratch.write("x.lua", text);
  ProcessOptions options = given;
  options.cwd = scratch.path();
  const ProcessResult result = run_neap({"x.lua"}, options);
  CHECK(result.status == 1);
  CHECK_FALSE(result.timed_out);
  return result.err;
}

/// The source line of the report and the line below it.
std::string excerpt_of(const std::string& text) {
  std::string report = report_of(text);
  const std::size_t begin = report.find(" | ");
  if (begin == std::string::npos) return report;
  const std::size_t end = report.find('\n', begin);
  std::string result = report.substr(begin + 3, end - begin - 3);
  const std::string below = report.substr(end + 1, report.find('\n', end + 1) - end - 1);
  if (below.starts_with("     | ")) result.append("\n").append(below, 7);
  return result;
}

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("a runtime error: message, source line with the variable marked, trace", "[interp][report]") {
  CHECK(report_of("local function f(x)\n  return x.y\nend\nlocal function g()\n  f()\nend\ng()\n") ==
        "neap: x.lua:2: attempt to index a nil value (local 'x')\n"
        "   2 | return x.y\n"
        "     |        ^\n"
        "stack traceback:\n"
        "\tx.lua:2: in upvalue 'f'\n"
        "\tx.lua:5: in local 'g'\n"
        "\tx.lua:7: in main chunk\n");
}

TEST_CASE("a syntax error marks the token and has no trace", "[interp][report]") {
  CHECK(report_of("x = = 1\n") ==
        "neap: x.lua:1: unexpected symbol near '='\n"
        "   1 | x = = 1\n"
        "     |     ^\n");
}

TEST_CASE("a syntax error at the end of the file has no line to show", "[interp][report]") {
  CHECK(report_of("if x then\n") == "neap: x.lua:2: 'end' expected (to close 'if' at line 1) near <eof>\n");
}

TEST_CASE("of several equal tokens the failing one is marked", "[interp][report]") {
  CHECK(excerpt_of("f(a) f(b) f(c)) f(d)") == "f(a) f(b) f(c)) f(d)\n              ^");
  CHECK(excerpt_of("#!/bin/neap\nlocal end1 = 1 end end") == "local end1 = 1 end end\n               ^^^");
  CHECK(excerpt_of("if a == b = c then end") == "if a == b = c then end\n          ^");
}

TEST_CASE("the marked name is the one that the message means", "[interp][report]") {
  CHECK(excerpt_of("local y = {} local x = y.y.y") == "local y = {} local x = y.y.y\n                         ^");
  CHECK(excerpt_of("local t = {} t.f(t.g, f)") == "local t = {} t.f(t.g, f)\n               ^");
  CHECK(excerpt_of("local t = {} print('t:m()') t:m() -- m") ==
        "local t = {} print('t:m()') t:m() -- m\n                              ^");
  CHECK(excerpt_of("undefined(1)") == "undefined(1)\n^^^^^^^^^");
  CHECK(excerpt_of("local a = 'x' .. ('y'):rep(2) .. b") ==
        "local a = 'x' .. ('y'):rep(2) .. b\n                                 ^");
  CHECK(excerpt_of("table.insert(nil, 1)") == "table.insert(nil, 1)\n      ^^^^^^");
  CHECK(excerpt_of("string.rep()") == "string.rep()\n       ^^^");
}

TEST_CASE("the mark stands below wide and tabbed text", "[interp][report]") {
  CHECK(excerpt_of("\t\tlocal s = 'äöü' .. b") == "local s = 'äöü' .. b\n                   ^");
}

TEST_CASE("control characters of the source do not reach the terminal", "[interp][report]") {
  CHECK_FALSE(contains(report_of("local s = '\x1b[2J' error('x')"), "\x1b"));
}

TEST_CASE("a very long line is shown around the mark", "[interp][report]") {
  std::string text;
  for (int i = 0; i < 100'000; ++i) text += "x = 1; ";
  const std::string report = report_of(text + "y = = 2; " + text);
  CHECK(report.size() < 400);
  CHECK(contains(report, "   1 | ..."));
  CHECK(contains(report, "x = 1; y = = 2; x = 1;"));
  CHECK(contains(report, "...\n     |                                            ^\n"));
}

TEST_CASE("the chain of awaiting tasks is in the trace", "[interp][report]") {
  const std::string report = report_of(
      "local inner = async(function() async.sleep(0) error('deep') end)\n"
      "local t = async.spawn(function() await(inner()) end)\n"
      "await(t)\n");
  CHECK(report.starts_with("neap: x.lua:1: deep\n   1 | local inner"));
  CHECK(contains(report, "\tx.lua:2: in function <x.lua:2>\n\t-- task 'Task-2', created at x.lua:2, awaited by:\n"));
  CHECK(report.ends_with("\tx.lua:3: in main chunk\n"));
}

TEST_CASE("an error object: its text, the line that raised it, its cause", "[interp][report]") {
  const std::string report = report_of(
      "local ok, low = pcall(error, async.OSError('low', {code = 'EIO'}))\n"
      "error(async.ValueError('high', {cause = low}))\n");
  CHECK(report.starts_with("neap: ValueError: high\n   2 | error(async.ValueError"));
  CHECK(contains(report, "\ncaused by: OSError: low\n   1 | local ok"));
}

TEST_CASE("causes in a circle end", "[interp][report]") {
  const std::string report =
      report_of("local a, b = async.Error('a'), async.Error('b') a.cause = b b.cause = a error(a)");
  CHECK(contains(report, "caused by: Error: b\n"));
  CHECK(contains(report, "caused by: (an error that is already shown above)\n"));
}

TEST_CASE("an ExceptionGroup is a tree of its members", "[interp][report]") {
  const std::string report = report_of(
      "local function fail(e) error(e, 0) end\n"
      "async.with(async.TaskGroup(), function(tg)\n"
      "  tg:spawn(fail, async.ValueError('first'))\n"
      "  tg:spawn(function() fail(async.ExceptionGroup('inner', {'plain', false, async.TypeError('two\\nlines')})) "
      "end)\n"
      "end)\n");
  CHECK(report.starts_with("neap: ExceptionGroup: 2 errors in a TaskGroup\n"));
  CHECK(contains(report, "\n  +- 1: ValueError: first\n  |     1 | local function fail"));
  CHECK(contains(report, "\n  |  stack traceback:\n  |  \t"));
  CHECK(contains(report, "\n  +- 2: ExceptionGroup: inner\n"));
  CHECK(contains(report, "\n       +- 1: plain\n       +- 2: (error object is a boolean value)\n"));
  CHECK(contains(report, "\n       +- 3: TypeError: two\n          lines\n"));
}

TEST_CASE("a group with very many members is cut", "[interp][report]") {
  const std::string report =
      report_of("local list = {} for i = 1, 200 do list[i] = 'e' .. i end error(async.ExceptionGroup('many', list))");
  CHECK(contains(report, "  +- 50: e50\n  +- and 150 more\n"));
}

TEST_CASE("error values of other types are described as the stock lua does", "[interp][report]") {
  const auto first_line = [](const std::string& value) {
    const std::string report = report_of("error(" + value + ")");
    return report.substr(0, report.find('\n'));
  };
  CHECK(first_line("nil") == "neap: nil");
  CHECK(first_line("") == "neap: nil");
  CHECK(first_line("42") == "neap: 42");
  CHECK(first_line("{}") == "neap: (error object is a table value)");
  CHECK(first_line("true") == "neap: (error object is a boolean value)");
  CHECK(first_line("io.stdout").starts_with("neap: file (0x"));
  CHECK(first_line("setmetatable({}, {__tostring = function() return 'mine' end})") == "neap: mine");
  CHECK(first_line("setmetatable({}, {__tostring = function() error('bad', 0) end})") ==
        "neap: (error object is a table value, and its __tostring failed: bad)");
  CHECK(first_line("setmetatable({}, {__tostring = function() error({}) end})") ==
        "neap: (error object is a table value, and its __tostring failed: table)");
  CHECK(first_line("setmetatable({}, {__tostring = function() return {} end})") ==
        "neap: (error object is a table value, and its __tostring failed: '__tostring' must return a string)");
  CHECK(contains(first_line("setmetatable({}, {__tostring = function() async.sleep(1) end})"), "__tostring failed: "));
  CHECK(contains(first_line("setmetatable({}, {__tostring = function(s) return tostring(s) end})"), "stack overflow"));
}

TEST_CASE("an error object whose fields are of any type is reported", "[interp][report]") {
  CHECK(report_of("local e = async.Error({}) e.traceback = 1 e.cause = 2 error(e)")
            .starts_with("neap: Error: table: 0x"));
  CHECK(contains(report_of("local e = async.ExceptionGroup('g', {1}) e.exceptions = 5 error(e)"),
                 "neap: ExceptionGroup: g"));
}

TEST_CASE("an error in a task that nobody awaited: reported, exit status 1", "[interp][report]") {
  const std::string report =
      report_of("async.spawn(function()\n  error('lost')\nend)\nasync.sleep(0.001)\nprint('end')\n");
  CHECK(
      report.starts_with("neap: Task exception was never retrieved: task 'Task-2', created at x.lua:1\nx.lua:2: lost\n "
                         "  2 | error('lost')\n"));
  CHECK(contains(report, "\tx.lua:2: in function <x.lua:1>\n"));
}

TEST_CASE("an error in a callback: reported, exit status 1", "[interp][report]") {
  CHECK(report_of("async.get_running_loop():call_soon(function() error('cb') end) async.sleep(0.001)")
            .starts_with("neap: Exception in callback\nx.lua:1: cb\n"));
  CHECK(report_of("local t = async.spawn(function() end) t:add_done_callback(function() error('done') end) await(t) "
                  "async.sleep(0.001)")
            .starts_with("neap: Exception in callback\nx.lua:1: done\n"));
}

TEST_CASE("an error in the exception handler itself is reported", "[interp][report]") {
  CHECK(contains(
      report_of("local loop = async.get_running_loop() loop:set_exception_handler(function() error('handler') end) "
                "loop:call_soon(error) async.sleep(0.001)"),
      "neap: Exception in the exception handler\nx.lua:1: handler\n"));
}

TEST_CASE("a context that a script made itself is reported whatever is in it", "[interp][report]") {
  CHECK(report_of("async.get_running_loop():call_exception_handler{}") ==
        "neap: Unhandled exception in the event loop\n");
  CHECK(report_of("async.get_running_loop():call_exception_handler{message = 'm', task = 1, traceback = {}}") ==
        "neap: m\n");
  CHECK(report_of("async.get_running_loop():call_exception_handler(setmetatable({}, {__index = error}))")
            .starts_with("neap: an error, and another while reporting it"));
}

TEST_CASE("a __close that raises: its error ends the program", "[interp][report]") {
  const std::string report =
      report_of("local c <close> = setmetatable({}, {__close = function() error('close') end})\nerror('first')\n");
  CHECK(report.starts_with("neap: x.lua:1: close\n"));
}

TEST_CASE("a main task that cancels itself ends with a report", "[interp][report]") {
  CHECK(report_of("async.current_task():cancel('enough') async.sleep(0)") == "neap: CancelledError: enough\n");
}

TEST_CASE("a deadlock names the waiting tasks", "[interp][report]") {
  const std::string report = report_of("await(async.Future())");
  CHECK(report.starts_with("neap: DeadlockError: every task waits"));
  CHECK(contains(report, "\n  'main' waits in await at x.lua:1 for "));
}

TEST_CASE("errors in statements and on standard input show their source too", "[interp][report]") {
  CHECK(contains(run_neap({"-e", "local a a.b = 1"}).err, "   1 | local a a.b = 1\n     |         ^\n"));
  CHECK(contains(run_neap({"-"}, {.input = "\nlocal a a.b = 1"}).err, "neap: stdin:2: attempt"));
  CHECK(contains(run_neap({"-"}, {.input = "\nlocal a a.b = 1"}).err, "   2 | local a a.b = 1\n"));
}

TEST_CASE("a script whose path Lua shortens in messages still shows its source", "[interp][report]") {
  const ScratchDirectory scratch;
  const std::string path = scratch.write(std::string(80, 'd') + "/x.lua", "local a a.b = 1");
  const std::string report = run_neap({path}).err;
  CHECK(contains(report, "neap: ..."));
  CHECK(contains(report, "   1 | local a a.b = 1\n"));
}

TEST_CASE("colour: only on a terminal that wants it", "[interp][report]") {
  const std::string code = "local a a.b = 1";
  const auto report = [&](const ProcessOptions& options) { return run_neap({"-e", code}, options).err; };
  const std::string coloured = report({.stderr_is_terminal = true});
  CHECK(contains(coloured, "\x1b[1;31mneap: \x1b[0m(command line):1:"));
  CHECK(contains(coloured, "\x1b[1;31m        ^\x1b[0m"));
  CHECK_FALSE(contains(report({}), "\x1b"));
  CHECK_FALSE(contains(report({.env = {"NO_COLOR=1"}, .stderr_is_terminal = true}), "\x1b"));
  CHECK(contains(report({.env = {"NO_COLOR="}, .stderr_is_terminal = true}), "\x1b"));
  CHECK_FALSE(contains(report({.env = {"TERM=dumb"}, .stderr_is_terminal = true}), "\x1b"));
}

TEST_CASE("what the script wrote stands before the report", "[interp][report]") {
  const ProcessResult result =
      run({"/bin/sh", "-c", "exec \"$0\" -e \"io.write('written ') error('x')\" 2>&1", NEAP_BINARY});
  CHECK(result.out.starts_with("written neap: "));
}
