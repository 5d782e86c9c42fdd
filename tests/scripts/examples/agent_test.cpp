// scripts/examples/agent: the whole program, with its server as a process of its own; its users are scripts of the
// tests. What its modules do is tested by the Lua tests beside them, which the last test here runs.
#include "tests/support/process.hpp"

#include <catch2/catch_test_macros.hpp>

#include <string>
#include <vector>

using namespace neap::internal::tests;

namespace {

const std::string kFolder = NEAP_SOURCE_DIR "/scripts/examples/agent/";
const std::string kMain = kFolder + "main.lua";

/// The server, quicker than a person would like it.
std::string server_command(const std::string& seconds = "0.01") {
  return std::string("exec '") + NEAP_BINARY + "' '" + kFolder + "notes_server.lua' '" + kFolder + "notes' " + seconds;
}

/// The module that the program cannot do without; ./dev test installs it.
void need_cjson() {
  if (run_neap({"-e", "os.exit(package.searchpath('cjson', package.cpath) and 0 or 3)"}).status == 3) {
    SKIP("the Lua module cjson is not installed");
  }
}

/// The program with these lines as its input.
ProcessResult say(const std::string& lines, const std::vector<std::string>& arguments = {}) {
  need_cjson();
  std::vector<std::string> all{kMain, "--delay", "0.001", "--server", server_command()};
  all.insert(all.end(), arguments.begin(), arguments.end());
  ProcessOptions options;
  options.input = lines;
  return run_neap(all, options);
}

/// Runs the text as a script that has started the program: read_to(text) reads what it says up to the text, say(line)
/// writes a line, interrupt() is a Ctrl-C, and finish() ends its input and gives the rest of what it says, and its
/// status.
ProcessResult drive(const std::string& text, const std::string& server = server_command()) {
  need_cjson();
  const ScratchDirectory scratch;
  const std::string script = scratch.write("x.lua", R"lua(
    local neap, agent, server = ...
    local PIPE = async.subprocess.PIPE
    program = async.create_subprocess_exec(neap, agent, "--delay", "0.01", "--server", server,
      { stdin = PIPE, stdout = PIPE, stderr = async.subprocess.STDOUT })
    function read_to(text) return program.stdout:readuntil(text) end
    function say(line) program.stdin:write(line, "\n") end
    function interrupt() program:send_signal("SIGINT") end
    function finish()
      program.stdin:close()
      return program.stdout:read("a"), program:wait()
    end
  )lua" + text);
  return run_neap({script, NEAP_BINARY, kMain, server});
}

}  // namespace

TEST_CASE("agent: a conversation with tools, from a pipe", "[examples]") {
  const ProcessResult result = say("add 2 and 3\nsearch for rope\ndelete moon\n");
  CHECK(result.status == 0);
  CHECK(result.err == "[notes] 3 notes in " + kFolder + "notes\n[notes] the client has gone\n");
  CHECK(result.out ==
        "> add 2 and 3\n"
        "Let me work it out.\n"
        "  -> add(a=2, b=3)\n"
        "  <- add: 5\n"
        "The sum of 2 and 3 is 5.\n"
        "> search for rope\n"
        "I look through the notes.\n"
        "  -> search_notes(word=rope)\n"
        "  .. search_notes 1/3 harbour\n"
        "  .. search_notes 2/3 moon\n"
        "  .. search_notes 3/3 shopping\n"
        "  <- search_notes: shopping\n"
        "The word rope is in: shopping.\n"
        "> delete moon\n"
        "  -> delete_note(name=moon)\n"
        "  !! delete_note: the notes are read-only\n"
        "That was not possible: the notes are read-only.\n");
}

TEST_CASE("agent: tools of the server and its own in one turn", "[examples]") {
  const ProcessResult result = say("what about tides?\n");
  CHECK(result.status == 0);
  CHECK(result.out.find("35 words about tides, in the notes harbour, moon. In short: New moon") != std::string::npos);
}

TEST_CASE("agent: several sessions go on at the same time, and no line is torn", "[examples]") {
  const ProcessResult result = say("@ann search for tide\n@bob story\n@bob hi\n@ann add 1 and 2\n");
  CHECK(result.status == 0);
  CAPTURE(result.out);
  for (const char* line : {
           "[ann] The word tide is in: harbour, moon.\n",
           "[ann] The sum of 1 and 2 is 3.\n",
           "[bob] Once upon a time there was a boat that lay on the sand, and waited",
           " the moon was half, it did not try very hard.\n",
           "[bob] Hello. Ask me to add 2 and 3, to search for a word, about the tides, for the time, or for a story.\n",
       }) {
    CHECK(result.out.find(line) != std::string::npos);
  }
  CHECK(result.out.find("[bob] Once") < result.out.find("[ann] The word tide"));
  CHECK(result.out.find("very hard.\n") < result.out.find("[bob] > hi\n"));
}

TEST_CASE("agent: an error of the model ends its turn alone", "[examples]") {
  const ProcessResult result = say("crash\nadd 1 and 1\n");
  CHECK(result.status == 0);
  CHECK(result.out.find("error: the model is overloaded\n> add 1 and 1\n") != std::string::npos);
  CHECK(result.out.ends_with("The sum of 1 and 1 is 2.\n"));
}

TEST_CASE("agent: a tool may be forbidden, or need the user's consent", "[examples]") {
  CHECK(say("add 1 and 1\n", {"--deny", "add"}).out.find("!! add: not allowed: --deny add\n") != std::string::npos);
  const ProcessResult result = say("add 1 and 1\nno\nadd 1 and 1\nyes\nadd 1 and 1\n", {"--ask"});
  CHECK(result.out ==
        "> add 1 and 1\nLet me work it out.\n  -> add(a=1, b=1)\ncall add? [y/n]\n"
        "  !! add: not allowed: the user said no\nThe sum of 1 and 1 is not allowed: the user said no.\n"
        "> add 1 and 1\nLet me work it out.\n  -> add(a=1, b=1)\ncall add? [y/n]\n"
        "  <- add: 2\nThe sum of 1 and 1 is 2.\n"
        "> add 1 and 1\nLet me work it out.\n  -> add(a=1, b=1)\ncall add? [y/n]\n"
        "  !! add: not allowed: the user said no\nThe sum of 1 and 1 is not allowed: the user said no.\n");
}

TEST_CASE("agent: a tool that takes too long is given up, and the turn goes on", "[examples]") {
  const ProcessResult result =
      say("search for rope\nadd 1 and 1\n", {"--server", server_command("60"), "--timeout", "0.05"});
  CHECK(result.status == 0);
  CHECK(result.out.find("  !! search_notes: no result within 0.05 seconds\n") != std::string::npos);
  CHECK(result.out.ends_with("The sum of 1 and 1 is 2.\n"));
}

TEST_CASE("agent: Ctrl-C cancels the turn, the server hears of it, and the program goes on", "[examples]") {
  const ProcessResult result = drive(R"lua(
    say "search for rope"
    read_to("-> search_notes(word=rope)\n")
    interrupt()
    print(read_to("\n"))
    say "add 2 and 3"
    print(read_to("is 5.\n"))
    print(finish())
  )lua",
                                     server_command("60"));
  CHECK(result.err.empty());
  CHECK(
      result.out ==
      "(cancelled)\n\n> add 2 and 3\nLet me work it out.\n  -> add(a=2, b=3)\n  <- add: 5\nThe sum of 2 and 3 is 5.\n\n"
      "[notes] the client has gone\n\t0\n");
}

TEST_CASE("agent: Ctrl-C cancels every turn that is under way or waits", "[examples]") {
  const ProcessResult result = drive(R"lua(
    say "story"
    say "hi"
    say "@bob story"
    read_to("bob] > story\n")
    interrupt()
    local rest = finish()
    print(select(2, rest:gsub("%(cancelled%)", "")), (rest:find("Hello", 1, true)), program.returncode)
  )lua");
  CHECK(result.err.empty());
  CHECK(result.out == "3\tnil\t0\n");
}

TEST_CASE("agent: Ctrl-C at the prompt, or a second one, ends the program in order", "[examples]") {
  const ProcessResult idle = drive(R"lua(
    say "add 2 and 3"
    read_to("is 5.\n")
    repeat say "/sessions" until not read_to("\n"):find("in a turn")
    interrupt()
    print(program.stdout:read("a"), program:wait())
  )lua");
  CHECK(idle.out == "[notes] the client has gone\n\t130\n");
  const ProcessResult twice = drive(R"lua(
    say "story"
    read_to("Once")
    interrupt()
    read_to("(cancelled)\n")
    interrupt()
    print(program.stdout:read("a"), program:wait())
  )lua");
  CHECK(twice.out == "[notes] the client has gone\n\t130\n");
}

TEST_CASE("agent: SIGTERM ends the program in order, also in the middle of a turn", "[examples]") {
  const ProcessResult result = drive(R"lua(
    say "search for rope"
    read_to("-> search_notes(word=rope)\n")
    program:terminate()
    print(program.stdout:read("a"), program:wait())
  )lua",
                                     server_command("60"));
  CHECK(result.out == "(cancelled)\n[notes] the client has gone\n\t143\n");
}

TEST_CASE("agent: on a terminal, where Ctrl-C is sent to every process", "[examples][terminal]") {
  need_cjson();
  const std::string driver = NEAP_SOURCE_DIR "/tests/scripts/examples/agent_terminal.py";
  for (const char* python : {"python3", "/usr/bin/python3"}) {
    if (run({"/usr/bin/env", python, "-c", "import pyte"}).status != 0) continue;
    const ProcessResult result =
        run({"/usr/bin/env", python, driver, NEAP_BINARY, kMain, server_command("0.5")}, {.limit = 120});
    INFO(result.out << result.err);
    CHECK(result.status == 0);
    return;
  }
  SKIP("python3-pyte is not installed");
}

TEST_CASE("agent: a server that dies fails the calls that wait, and the program goes on", "[examples]") {
  const ProcessResult result = drive(R"lua(
    local pid = read_to("notes\n"):match("server (%d+)")
    say "search for rope"
    read_to("-> search_notes(word=rope)\n")
    async.subprocess.run { "kill", "-KILL", pid }
    print(read_to("rope is in"))
    say "what time is it"
    print(read_to("It is "))
    finish()
    print(program.returncode)
  )lua",
                                     "echo server $$ >&2; " + server_command("60"));
  CHECK(result.out.find("[notes] was killed by signal 9\n") == 0);
  CHECK(result.out.find("\n  !! search_notes: the server 'notes' was killed by signal 9\n") != std::string::npos);
  CHECK(result.out.ends_with("\n0\n"));
}

TEST_CASE("agent: a server that cannot be used ends the program with status 1", "[examples]") {
  const ProcessResult result = say("hi\n", {"--server", "exit 3"});
  CHECK(result.status == 1);
  CHECK(result.out.empty());
  CHECK(result.err == "agent: the server 'notes' has ended with status 3\n");
}

TEST_CASE("agent: without a server it has its own tools", "[examples]") {
  const ProcessResult result = say("/tools\nadd 1 and 1\n", {"--no-server"});
  CHECK(result.status == 0);
  CHECK(result.err.empty());
  CHECK(result.out.find("  clock          Tells the time.\n") == 0);
  CHECK(result.out.find("!! add: there is no tool 'add'\n") != std::string::npos);
}

TEST_CASE("agent: what the server answers to a client that makes mistakes", "[examples]") {
  need_cjson();
  const auto request = [](const std::string& id, const std::string& method, const std::string& params) {
    return R"({"jsonrpc":"2.0","id":)" + id + R"(,"method":")" + method + R"(","params":)" + params + "}\n";
  };
  const std::string lines =
      request("1", "tools/list", "{}") + request("2", "ping", "{}") +
      request("3", "initialize", R"({"protocolVersion":"1999-01-01"})") +
      request("4", "tools/list", R"({"cursor":"9"})") + request("5", "tools/list", R"({"cursor":"4"})") +
      request("6", "resources/list", "{}") + request("7", "tools/call", R"({"name":"nope"})") +
      request("8", "tools/call", R"({"name":"add","arguments":{"a":1,"b":"2"}})") +
      request("10", "tools/call", R"({"name":"add","arguments":{"long":")" + std::string(70000, 'x') + "\"}}") +
      request("9", "tools/call", R"({"name":"read_note","arguments":{"name":"../notes/moon"}})") + "what?\n";
  const ScratchDirectory scratch;
  const std::string script = scratch.write("x.lua", R"lua(
    local neap, server, lines = ...
    local PIPE = async.subprocess.PIPE
    local process <close> = async.create_subprocess_exec(neap, server, { stdin = PIPE, stdout = PIPE })
    process.stdin:write(lines)
    for _ in lines:gmatch("\n") do print(process.stdout:read("l")) end
    process.stdin:close()
    print(process:wait())
  )lua");
  const ProcessResult result = run_neap({script, NEAP_BINARY, kFolder + "notes_server.lua", lines});
  CAPTURE(result.out);
  for (const char* part : {"'tools\\/list' before 'initialize'", R"("result":{})", R"("protocolVersion":"2025-11-25")",
                           "there is no page '9'", R"("name":"delete_note")", "there is no method 'resources\\/list'",
                           "there is no tool 'nope'", "'b' has to be a number", "the argument 'a' is missing",
                           "there is no note '..\\/notes\\/moon'", R"("id":null)", "-32700"}) {
    CAPTURE(part);
    CHECK(result.out.find(part) != std::string::npos);
  }
  CHECK(result.out.ends_with("\n0\n"));
}

TEST_CASE("agent: without the module cjson it says what to install", "[examples]") {
  const ProcessResult result = run_neap({kMain}, {.env = {"LUA_CPATH=/nowhere/?.so"}});
  CHECK(result.status == 1);
  CHECK(result.out.empty());
  CHECK(result.err.find("agent: the Lua module 'cjson' is needed. Install it with\n  sudo apt install lua-cjson ") ==
        0);
}

TEST_CASE("agent: --help explains it, and a wrong command line is refused", "[examples]") {
  CHECK(run_neap({kMain, "--help"}).out.find("usage: neap main.lua [options]") == 0);
  for (const std::vector<std::string>& wrong : std::vector<std::vector<std::string>>{
           {"x"}, {"--x"}, {"--deny"}, {"--timeout"}, {"--timeout", "x"}, {"--delay", "-1"}}) {
    std::vector<std::string> all{kMain};
    all.insert(all.end(), wrong.begin(), wrong.end());
    const ProcessResult result = run_neap(all);
    CHECK(result.status == 2);
    CHECK(result.out.empty());
    CHECK(result.err.find("usage:") != std::string::npos);
  }
}

TEST_CASE("agent: the tests of its modules pass", "[examples]") {
  need_cjson();
  const ProcessResult result = run_neap({"test", kFolder, "--timeout", "20"});
  INFO(result.out << result.err);
  CHECK(result.out.find(" passed, 0 failed") != std::string::npos);
  CHECK(result.status == 0);
}
