// scripts/examples/chat.lua: its guests are in a script of the test's.
#include "tests/support/process.hpp"

#include <catch2/catch_test_macros.hpp>

#include <string>
#include <vector>

using namespace neap::internal::tests;

namespace {

const std::string kScript = NEAP_SOURCE_DIR "/scripts/examples/chat.lua";

/// Runs the text as a script in which `server` is the server's process, connect() gives a connection that was asked for
/// its name, and enter(name) one that has said it and read who is here. The server is ended after it.
ProcessResult run_guests(const std::string& text) {
  const ScratchDirectory scratch;
  const std::string script = scratch.write("x.lua", R"(
    local neap, chat = ...
    server = async.create_subprocess_exec(neap, chat, { stdout = async.subprocess.PIPE })
    local port = tonumber(server.stdout:readline():match("%d+"))
    function connect()
      local conn = async.open_connection("127.0.0.1", port)
      conn:readuntil("your name? ")
      return conn
    end
    function enter(name)
      local conn = connect():write(name, "\n")
      conn:readline()
      return conn
    end
  )" + text + R"(
    server:terminate()
    print(server:wait())
  )");
  return run_neap({script, NEAP_BINARY, kScript});
}

}  // namespace

TEST_CASE("chat.lua: guests hear each other, and of those who come and leave", "[examples]") {
  const ProcessResult result = run_guests(R"(
    local ann = connect():write("Ann\n")
    print(ann:read("l"))
    local bob = connect():write("Bob\n")
    print(bob:read("l"))
    print(ann:read("l"))
    ann:write("hello\n")
    print(bob:read("l"))
    bob:write("hi\nbye\n"):close()
    print(ann:read("l", "l", "l"))
  )");
  CHECK(result.err.empty());
  CHECK(result.out ==
        "* here: nobody\n* here: Ann\n* Bob has come\nAnn: hello\nBob: hi\tBob: bye\t* Bob has left\n0\n");
}

TEST_CASE("chat.lua: a name that is taken, empty or too long is asked for again", "[examples]") {
  const ProcessResult result = run_guests(R"(
    local ann, other = enter("Ann"), connect()
    for _, name in ipairs { "Ann", " Ann\r", "", " ", ("x"):rep(31) } do
      other:write(name, "\n")
      print(other:readuntil(": "))
    end
    other:write("Bob\n")
    print(other:read("l"), ann:read("l"))
  )");
  CHECK(result.err.empty());
  std::string expected;
  for (int i = 0; i < 5; ++i) expected += "another name, please: \n";
  CHECK(result.out == expected + "* here: Ann\t* Bob has come\n0\n");
}

TEST_CASE("chat.lua: who leaves without a name is not spoken of, and a name is free again", "[examples]") {
  const ProcessResult result = run_guests(R"(
    local ann = enter("Ann")
    connect():close()
    local bob = enter("Bob")
    bob:close()
    print(ann:read("l", "l"))
    enter("Bob")
    print(ann:read("l"))
  )");
  CHECK(result.err.empty());
  CHECK(result.out == "* Bob has come\t* Bob has left\n* Bob has come\n0\n");
}

TEST_CASE("chat.lua: control characters are left out", "[examples]") {
  const ProcessResult result = run_guests(R"(
    local ann, bob = enter("Ann"), enter("B\27ob")
    print(ann:read("l"))
    bob:write("\27[31mred\7\r\n")
    print(ann:read("l"))
  )");
  CHECK(result.err.empty());
  CHECK(result.out == "* Bob has come\nBob: [31mred\n0\n");
}

TEST_CASE("chat.lua: many lines that come at once reach a guest who reads", "[examples]") {
  const ProcessResult result = run_guests(R"(
    local ann, bob = enter("Ann"), enter("Bob")
    local lines = {}
    for i = 1, 5000 do lines[i] = i .. "\n" end
    bob:write(table.concat(lines))
    ann:readline()
    local count = 0
    while count < 5000 and ann:read("l") == "Bob: " .. count + 1 do count = count + 1 end
    print(count)
  )");
  CHECK(result.err.empty());
  CHECK(result.out == "5000\n0\n");
}

TEST_CASE("chat.lua: a guest who does not read holds nobody up, and has to leave", "[examples]") {
  const ProcessResult result = run_guests(R"(
    local ann, bob, slow = enter("Ann"), enter("Bob"), enter("Slow")
    print(bob:readline() == "* Slow has come\n")
    local text = ("x"):rep(4000)
    local line
    repeat
      ann:write(text, "\n")
      line = bob:read("l")
    until line ~= "Ann: " .. text
    print(line)
  )");
  CHECK(result.err.empty());
  CHECK(result.out == "true\n* Slow has left\n0\n");
}

TEST_CASE("chat.lua: a guest with a line that is too long has to leave, the others stay", "[examples]") {
  const ProcessResult result = run_guests(R"(
    local ann, bob = enter("Ann"), enter("Bob")
    bob:write(("x"):rep(5000))
    print(ann:read("l", "l"))
  )");
  CHECK(result.err.empty());
  CHECK(result.out == "* Bob has come\t* Bob has left\n0\n");
}

TEST_CASE("chat.lua: SIGTERM and SIGINT end it after a word to everybody", "[examples]") {
  for (const char* signal : {"SIGTERM", "SIGINT"}) {
    const ProcessResult result = run_guests(std::string("local signal = '") + signal + R"('
      local ann, nameless = enter("Ann"), connect()
      server:send_signal(signal)
      print(ann:read("a") .. nameless:read("a"))
      print(server.stdout:read("a") == "", server:wait())
    )");
    CHECK(result.err.empty());
    CHECK(result.out == "* the server ends\n* the server ends\n\ntrue\t0\n0\n");
  }
}

TEST_CASE("chat.lua: --help explains it, and a wrong command line is refused", "[examples]") {
  CHECK(run_neap({kScript, "--help"}).out.find("usage: neap chat.lua") == 0);
  for (const std::vector<std::string>& wrong :
       std::vector<std::vector<std::string>>{{"x"}, {"-1"}, {"65536"}, {"1.5"}, {"0", "0"}, {"--port"}}) {
    std::vector<std::string> all{kScript};
    all.insert(all.end(), wrong.begin(), wrong.end());
    const ProcessResult result = run_neap(all);
    CHECK(result.status == 2);
    CHECK(result.out.empty());
    CHECK(result.err.find("usage:") == 0);
  }
}
