// The prompt as plain lines: what every entry gives, whatever reads it.
#include "tests/support/process.hpp"

#include <catch2/catch_test_macros.hpp>

#include <filesystem>
#include <string>

namespace {

using neap::internal::tests::ProcessOptions;
using neap::internal::tests::ProcessResult;
using neap::internal::tests::run_neap;
using neap::internal::tests::ScratchDirectory;

/// Runs `neap -E repl` on the lines.
ProcessResult enter(const std::string& lines, ProcessOptions options = {}) {
  options.input = lines;
  return run_neap({"-E", "repl"}, options);
}

/// What was printed, without the prompts and without the new line at the end of the input.
std::string shown(const std::string& lines, const ProcessOptions& options = {}) {
  const ProcessResult result = enter(lines, options);
  INFO(result.err);
  CHECK(result.status == 0);
  std::string text;
  std::size_t at = 0;
  while (at < result.out.size()) {
    std::size_t digits = at;
    while (digits < result.out.size() && isdigit(static_cast<unsigned char>(result.out[digits])) != 0) ++digits;
    if (digits != at && result.out.compare(digits, 2, "> ") == 0) {
      at = digits + 2;
    } else if (result.out.compare(at, 3, ".. ") == 0) {
      at += 3;
    } else {
      text += result.out[at++];
    }
  }
  if (text.ends_with('\n')) text.pop_back();
  return text;
}

bool holds(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("repl: an expression shows its values, a statement nothing", "[repl]") {
  CHECK(shown("1 + 1\nx = 5\nx, 'a'\nnil\nprint('p')\n") == "2\n5, \"a\"\nnil\np\n");
}

TEST_CASE("repl: the results of earlier entries are _, _1 and so on", "[repl]") {
  CHECK(shown("6\n_ * 7\n_1 + _2\nx = 1\n_\n") == "6\n42\n48\n48\n");
  CHECK(shown("_ = 'mine'\n5\n_\n_2\n") == "5\n\"mine\"\n5\n");
}

TEST_CASE("repl: an entry goes on over lines until it is complete", "[repl]") {
  CHECK(shown("for i = 1, 2 do\n  print(i)\nend\n1 +\n2\n") == "1\n2\n3\n");
}

TEST_CASE("repl: every entry may wait, and others run meanwhile", "[repl]") {
  CHECK(shown("t = async.spawn(function() for i = 1, 3 do async.sleep(0.01) print('tick') end return 'r' end)\n"
              "await(t)\n"
              "for v in coroutine.wrap(function() async.sleep(0.01) coroutine.yield(5) end) do print(v) end\n") ==
        "tick\ntick\ntick\n\"r\"\n5\n");
}

TEST_CASE("repl: async.run works at the prompt, and again", "[repl]") {
  CHECK(shown("async.run(function() async.sleep(0) return 1, 2 end)\nasync.run(async(function() return 3 end)())\n") ==
        "1, 2\n3\n");
}

TEST_CASE("repl: an error names its place in the entry and ends nothing", "[repl]") {
  const ProcessResult result = enter("error('boom')\nlocal t = nil\nlocal x = t.field\nx = = 1\n'on'\n");
  CHECK(result.status == 0);
  CHECK(holds(result.err, "[1]:1: boom\n   1 | error('boom')\n"));
  CHECK(holds(result.err, "[3]:1: attempt to index a nil value (upvalue 't')\n   1 | local x = t.field\n"));
  CHECK(holds(result.err, "[4]:1: unexpected symbol near '='\n   1 | x = = 1\n"));
  CHECK(holds(result.out, "\"on\"\n"));
  CHECK_FALSE(holds(result.err, "neap:repl"));
}

TEST_CASE("repl: an error in awaited work shows the chain of tasks", "[repl]") {
  const ProcessResult result = enter("function work() async.sleep(0) error('deep') end\nasync.gather(work, work)\n");
  CHECK(holds(result.err, "[1]:1: deep\n"));
  CHECK(holds(result.err, "[2]:1: in "));
  CHECK(holds(result.err, "awaited by"));
}

TEST_CASE("repl: an entry that waits for ever is told so and ended", "[repl]") {
  const ProcessResult result = enter("async.Event():wait()\n'on'\n");
  CHECK(holds(result.err, "DeadlockError"));
  CHECK(holds(result.err, "'[1]' waits in event:wait at [1]:1"));
  CHECK_FALSE(holds(result.err, "'main'"));
  CHECK(holds(result.out, "\"on\"\n"));
}

TEST_CASE("repl: errors nobody awaited are reported and end nothing", "[repl]") {
  const ProcessResult result = enter("async.spawn(error, 'lost') async.sleep(0.01)\nasync.sleep(0.5)\n'on'\n");
  CHECK(holds(result.err, "Task exception was never retrieved"));
  CHECK(holds(result.err, "lost"));
  CHECK(holds(result.out, "\"on\"\n"));
  CHECK(result.status == 0);
}

TEST_CASE("repl: values that fail to show themselves are shown all the same", "[repl]") {
  const ProcessResult result = enter(
      "setmetatable({ a = 1 }, { __tostring = function() error('no') end })\n"
      "t = {} t.self = t\nt\nsetmetatable({}, { __index = function(t, k) return k end })\n");
  CHECK(result.status == 0);
  CHECK(holds(result.out, "a = 1"));
  CHECK(holds(result.out, "self"));
}

TEST_CASE("repl: globals of the user's with the names of Lua's do no harm", "[repl]") {
  CHECK(
      shown("table, type, string, print = 1, 2, 3, 4\ndebug, next, pcall, math = 5, 6, 7, 8\n{ table, { type } }\n") ==
      "{1, {2}}\n");
}

TEST_CASE("repl: an entry that takes away what the prompt needs does not end it", "[repl]") {
  const ProcessResult result = enter(
      "local kept = io.stderr io.stderr = nil\nerror('x')\n1 + 1\nio.stderr = kept\n"
      "string.format = nil\n.nosuch\n1\n");
  CHECK(result.status == 0);
  CHECK(holds(result.err, "[2]:1: x\n"));
  CHECK(holds(result.out, "3> 2\n"));
  CHECK(holds(result.err, "attempt to call a nil value (method 'format')"));
  CHECK(holds(result.out, "7> "));
}

TEST_CASE("repl: an error that is no text is shown as a value", "[repl]") {
  const ProcessResult result = enter("error { code = 2 }\nerror()\n");
  CHECK(holds(result.err, "error: {code = 2}\n   1 | error { code = 2 }\n"));
  CHECK(holds(result.err, "error: nil\n   1 | error()\n"));
}

TEST_CASE("repl: an entry has no arguments", "[repl]") {
  CHECK(shown("select('#', ...), ...\nlocal a = 1\na, ...\n") == "0\n1\n");
}

TEST_CASE("repl: leaving tells what still runs and cancels it", "[repl]") {
  const ProcessResult result = enter(
      "async.create_task(function() local c <close> = setmetatable({}, { __close = function() print('closed') end }) "
      "async.sleep(1000) end, { name = 'server' }) async.sleep(0)\n");
  CHECK(result.status == 0);
  CHECK(holds(result.err, "Still running: 1 task, cancelled now.\n  <Task name='server'"));
  CHECK(holds(result.out, "closed\n"));
}

TEST_CASE("repl: a task that does not end when it is cancelled is left behind", "[repl]") {
  const ProcessResult result =
      enter("async.spawn(function() while true do async.catch(async.sleep, 1000) end end) async.sleep(0)\n");
  CHECK(result.status == 0);
  CHECK(holds(result.err, "Not ended after 2 seconds, and left: 1 task.\n"));
}

TEST_CASE("repl: .exit leaves, os.exit gives its status", "[repl]") {
  CHECK(shown("1\n.exit\n2\n") == "1");
  CHECK(enter("os.exit(3)\n").status == 3);
  CHECK(enter("os.exit(4, true)\n").status == 4);
}

TEST_CASE("repl: a command that is none names the nearest", "[repl]") {
  CHECK(holds(enter(".taks\n").err, "there is no command '.taks'; did you mean '.tasks'?\n"));
  CHECK(holds(enter(".xyzzyx\n").err, "there is no command '.xyzzyx'; '.help' lists them\n"));
  CHECK(shown(".5 + 1\n") == "1.5\n");
}

TEST_CASE("repl: .tasks, .tree and .cancel", "[repl]") {
  const ProcessResult result = enter(
      ".tasks\nt = async.create_task(function() async.sleep(1000) end, { name = 'bg' })\n.tasks\n.tree\n"
      "n = tostring(t)\n.cancel 999\n.cancel x\n");
  CHECK(holds(result.out, "no tasks\n"));
  CHECK(holds(result.out, "<Task name='bg'"));
  CHECK(holds(result.err, "there is no task 999; .tasks lists them\n"));
  CHECK(
      holds(result.err, ".cancel takes the number of a task (see .tasks) or a job in brackets (see .jobs), got 'x'\n"));
}

TEST_CASE("repl: .bg starts a job, .fg brings it back", "[repl]") {
  const ProcessResult result = enter(".fg\n.bg async.sleep(0.05) print('side') return 9\n.jobs\n.fg 2\n_2\n");
  CHECK(holds(result.err, "no jobs\n"));
  CHECK(holds(result.err, "[2] goes on in the background: async.sleep(0.05) print('side') return 9\n"));
  CHECK(holds(result.out, "side\n9\n"));
  CHECK(holds(result.out, "5> 9\n"));
}

TEST_CASE("repl: a job that is cancelled is told by its number", "[repl]") {
  CHECK(holds(enter(".bg async.sleep(9)\n.cancel [1]\n").err, "[1] cancelled: async.sleep(9)\n"));
}

TEST_CASE("repl: an error in what is measured shows it as it was typed", "[repl]") {
  const std::string err = enter(".bench 1 +\n.bench error('x')\n").err;
  CHECK(holds(err, "[1]:1: unexpected symbol near '1'\n   1 | 1 +\n"));
  CHECK(holds(err, "[2]:1: x\n   1 | error('x')\n"));
}

TEST_CASE("repl: .time and .bench measure", "[repl]") {
  const ProcessResult result = enter(".time 6 * 7\n.bench 1 + 1\n.bench\n.time x = =\n");
  CHECK(holds(result.out, "42\n"));
  CHECK(holds(result.err, "CPU time of the process"));
  CHECK(holds(result.out, " each (median "));
  CHECK(holds(result.err, ".bench takes an expression or statements"));
  CHECK(holds(result.err, "unexpected symbol near '='"));
}

TEST_CASE("repl: .load runs a file as if it had been typed, .save writes what was entered", "[repl]") {
  const ScratchDirectory scratch;
  scratch.write("part.lua", "#!/usr/bin/env neap\nlocal a = 20\nfunction double(x) return x * 2 end\n");
  ProcessOptions options;
  options.cwd = scratch.path();
  const ProcessResult result = enter(
      "local b = 2\n.load part.lua\ndouble(a) + b\nerror('x')\n.save out.lua\n.save out.lua\n.load none.lua\n"
      "io.open('out.lua'):read('a')\n",
      options);
  CHECK(holds(result.out, "42\n"));
  CHECK(holds(result.out, "2 entries written to out.lua\n"));
  CHECK(holds(result.out, "8> \"local b = 2\\n_ = double(a) + b\\n\"\n"));
  CHECK(holds(result.err, "out.lua is there already; '.save! out.lua' replaces it\n"));
  CHECK(holds(result.err, "cannot load none.lua: No such file or directory\n"));
}

TEST_CASE("repl: .load takes what .save has written", "[repl]") {
  const ScratchDirectory scratch;
  ProcessOptions options;
  options.cwd = scratch.path();
  enter("n = 6\nn * 7\nx = _\nreturn 5\n(print)('in brackets')\nlocal y = 1 return y\nz = 'end'\n.save s.lua\n",
        options);
  const ProcessResult result = enter(".load s.lua\nx, z, _\n", options);
  INFO(result.err);
  CHECK(holds(result.out, "in brackets\n2> 42, \"end\", 1\n"));
}

TEST_CASE("repl: ~/ is the home directory in commands that take a file", "[repl]") {
  const ScratchDirectory scratch;
  const ProcessResult result =
      enter("x = 'saved'\n.save ~/s.lua\nx = 1\n.load ~/s.lua\nx\n", {.env = {"HOME=" + scratch.path()}});
  CHECK(holds(result.out, "1 entries written to " + scratch.path() + "/s.lua\n"));
  CHECK(holds(result.out, "5> \"saved\"\n"));
}

TEST_CASE("repl: .edit runs what was left in the editor", "[repl]") {
  const ProcessResult result = enter("6 * 6\n.edit\n", {.env = {"EDITOR=sed -i s/6/7/g"}});
  INFO(result.err);
  CHECK(holds(result.out, "36\n"));
  CHECK(holds(result.out, "7 * 7\n49\n"));
  CHECK(holds(enter(".edit 5\n").err, "there is no entry 5\n"));
}

TEST_CASE("repl: -i runs a script first, also one that fails", "[repl]") {
  const ScratchDirectory scratch;
  scratch.write("s.lua", "x = ... ; async.sleep(0); if x == 'bad' then error('failed') end\n");
  ProcessOptions options;
  options.cwd = scratch.path();
  options.input = "x, arg[1]\n";
  const ProcessResult good = run_neap({"-E", "-i", "s.lua", "ok"}, options);
  CHECK(holds(good.out, "1> \"ok\", \"ok\"\n"));
  const ProcessResult bad = run_neap({"-E", "-i", "s.lua", "bad"}, options);
  CHECK(holds(bad.err, "s.lua:1: failed"));
  CHECK(holds(bad.out, "1> \"bad\", \"bad\"\n"));
  const ProcessResult missing = run_neap({"-E", "-i", "none.lua"}, options);
  CHECK(holds(missing.err, "none.lua"));
  CHECK(holds(missing.out, "1> nil, nil\n"));
}

TEST_CASE("repl: the start file runs first", "[repl]") {
  const ScratchDirectory scratch;
  std::filesystem::create_directory(scratch.path() + "/neap");
  scratch.write("neap/init.lua", "local hidden = 4\nfunction twice(x) return 2 * x end\n");
  ProcessOptions options;
  options.env = {"XDG_CONFIG_HOME=" + scratch.path()};
  options.input = "twice(hidden)\n";
  CHECK(holds(run_neap({"repl"}, options).out, "1> 8\n"));
  CHECK(holds(run_neap({"-E", "repl"}, options).err, "attempt to call a nil value (global 'twice')"));
}

TEST_CASE("repl: a script opens a prompt with an environment of its own", "[repl]") {
  const ScratchDirectory scratch;
  scratch.write("s.lua",
                "x = 'outer'\nneap.repl.start { env = setmetatable({ x = 'inner' }, { __index = _G }), prompt = '? ', "
                "banner = 'hello' }\n"
                "print('back', x)\n");
  ProcessOptions options;
  options.cwd = scratch.path();
  options.input = "x\ny = 1\n";
  const ProcessResult result = run_neap({"s.lua"}, options);
  CHECK(result.status == 0);
  CHECK(result.out == "? \"inner\"\n? ? \nback\touter\n");
  CHECK(result.err == "hello\n");
}

TEST_CASE("repl: a prompt that is cancelled takes the entry that runs with it", "[repl]") {
  const ProcessResult result = run_neap({"-e",
                                         "started = async.Event()\n"
                                         "local task = async.create_task(neap.repl.start)\n"
                                         "started:wait() task:cancel() async.wait { task } async.sleep(0)\n"
                                         "print('tasks', #async.all_tasks())"},
                                        {.input = "started:set() async.sleep(1000)\n"});
  CHECK(holds(result.out, "tasks\t1\n"));
  CHECK(result.status == 0);
}

TEST_CASE("repl: a prompt may be any bytes", "[repl]") {
  const ProcessResult result = run_neap({"-e", "neap.repl.start { prompt = '\\xff日%d ' }"}, {.input = "(1 +\n1)\n"});
  CHECK(result.out == "\xff日1   .. 2\n\xff日2 \n");
  CHECK(result.status == 0);
}

TEST_CASE("repl: start checks its options", "[repl]") {
  const auto problem = [](const std::string& call) { return run_neap({"-e", call}).err; };
  CHECK(holds(problem("neap.repl.start { env = 1 }"), "the option 'env' of repl.start must be a table, got number"));
  CHECK(holds(problem("neap.repl.start { prompt = true }"), "must be a function or a string, got boolean"));
  CHECK(holds(problem("neap.repl.start { promt = '' }"), "promt"));
  CHECK(holds(problem("neap.repl.start { banner = true }"), "'banner' of repl.start must be a string, got boolean"));
}

TEST_CASE("repl: a task that fails is reported although _ still holds it", "[repl]") {
  const ProcessResult result =
      enter("async.spawn(function() async.sleep(0.01) error('late') end)\nasync.sleep(0.05)\n1\n");
  CHECK(holds(result.err, "Task exception was never retrieved"));
  CHECK(holds(result.err, "[1]:1: late"));
}

TEST_CASE("repl: an editor that fails is told of, once", "[repl]") {
  const ProcessResult result = enter("6\n.edit\n", {.env = {"EDITOR=false"}});
  CHECK(holds(result.err, "the editor failed: false (VISUAL or EDITOR names another)\n"));
  CHECK_FALSE(holds(result.err, "nothing was changed"));
}
