// scripts/examples/echo.lua: its server and its client as processes, and clients of the test's own.
#include "tests/support/process.hpp"

#include <catch2/catch_test_macros.hpp>

#include <string>
#include <vector>

using namespace neap::internal::tests;

namespace {

const std::string kScript = NEAP_SOURCE_DIR "/scripts/examples/echo.lua";

/// Runs the text as a script in which `server` is the server's process, connect() gives a connection to it and
/// send(input) the result of the example's client. Prints the server's exit status after it.
ProcessResult run_beside_server(const std::string& text) {
  const ScratchDirectory scratch;
  const std::string script = scratch.write("x.lua", R"(
    local neap, echo = ...
    server = async.create_subprocess_exec(neap, echo, "serve", { stdout = async.subprocess.PIPE })
    local port = server.stdout:readline():match("%d+")
    function connect() return (async.open_connection("127.0.0.1", tonumber(port))) end
    function send(input)
      return async.subprocess.run({ neap, echo, "send", port }, { input = input, capture = true })
    end
  )" + text + R"(
    server:terminate()
    print(server:wait())
  )");
  return run_neap({script, NEAP_BINARY, kScript});
}

}  // namespace

TEST_CASE("echo.lua: what is sent comes back, the end of a line or not", "[examples]") {
  const ProcessResult result = run_beside_server(R"(
    for _, input in ipairs { "one\ntwo\nthree", "", "\0\n" } do
      local result = send(input)
      print(result.stdout == input, result.stderr, result.returncode)
    end
  )");
  CHECK(result.err.empty());
  CHECK(result.out == "true\t\t0\ntrue\t\t0\ntrue\t\t0\n0\n");
}

TEST_CASE("echo.lua: more comes back than the buffers between client and server hold", "[examples]") {
  const ProcessResult result = run_beside_server(R"(
    local input = ("x"):rep(20000000)
    print(send(input).stdout == input)
  )");
  CHECK(result.err.empty());
  CHECK(result.out == "true\n0\n");
}

TEST_CASE("echo.lua: a client that is idle or hangs up keeps nobody from being served", "[examples]") {
  const ProcessResult result = run_beside_server(R"(
    local idle, lost = connect(), connect()
    lost:write("never read"):abort()
    print(send("hello").stdout)
    idle:write("still there\n")
    print(idle:read("l"))
  )");
  CHECK(result.err.empty());
  CHECK(result.out == "hello\nstill there\n0\n");
}

TEST_CASE("echo.lua: the client tells when there is no server, or it ends", "[examples]") {
  ProcessResult result = run_neap({kScript, "send", "1"});
  CHECK(result.status == 1);
  CHECK(result.err == "echo: ECONNREFUSED: connection refused, connect '127.0.0.1:1'\n");

  const ScratchDirectory scratch;
  const std::string script = scratch.write("x.lua", R"(
    local neap, echo = ...
    local server <close> = async.start_server(function(reader) reader:readline() end, "127.0.0.1", 0)
    local PIPE = async.subprocess.PIPE
    local client <close> = async.create_subprocess_exec(neap, echo, "send", tostring(server:address().port),
      { stdin = PIPE, stderr = PIPE })
    client.stdin:write("hello\n")
    print(client.stderr:read("a"), client:wait())
  )");
  result = run_neap({script, NEAP_BINARY, kScript});
  CHECK(result.err.empty());
  CHECK(result.out == "echo: the server has closed the connection\n\t1\n");
}

TEST_CASE("echo.lua: --help explains it, and a wrong command line is refused", "[examples]") {
  CHECK(run_neap({kScript, "--help"}).out.find("usage: neap echo.lua serve") == 0);
  for (const std::vector<std::string>& wrong : std::vector<std::vector<std::string>>{
           {}, {"send"}, {"send", "x"}, {"serve", "-1"}, {"serve", "65536"}, {"serve", "1", "2"}, {"receive", "1"}}) {
    std::vector<std::string> all{kScript};
    all.insert(all.end(), wrong.begin(), wrong.end());
    const ProcessResult result = run_neap(all);
    CHECK(result.status == 2);
    CHECK(result.out.empty());
    CHECK(result.err.find("usage:") == 0);
  }
}
