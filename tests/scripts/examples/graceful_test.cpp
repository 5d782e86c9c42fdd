// scripts/examples/graceful.lua: its clients are in a script of the test's.
#include "tests/support/process.hpp"

#include <catch2/catch_test_macros.hpp>

#include <string>
#include <vector>

using namespace neap::internal::tests;

namespace {

const std::string kScript = NEAP_SOURCE_DIR "/scripts/examples/graceful.lua";

/// Runs the text as a script in which `server` is the server's process and connect() gives a connection to it.
ProcessResult run_clients(const std::string& arguments, const std::string& text) {
  const ScratchDirectory scratch;
  const std::string script = scratch.write("x.lua", R"(
    local neap, graceful = ...
    server = async.create_subprocess_exec(neap, graceful, )" +
                                                        arguments + R"({ stdout = async.subprocess.PIPE })
    local port = tonumber(server.stdout:readline():match("%d+"))
    function connect() return (async.open_connection("localhost", port)) end
  )" + text);
  return run_neap({script, NEAP_BINARY, kScript});
}

}  // namespace

TEST_CASE("graceful.lua: a request that was begun is answered, idle clients are let go, new ones are not accepted",
          "[examples]") {
  for (const char* signal : {"SIGTERM", "SIGINT"}) {
    const ProcessResult result = run_clients("'--work', '0.1', ", std::string("local signal = '") + signal + R"('
      local busy, idle = connect(), connect()
      busy:write("hello\n")
      print(server.stdout:read("l"))
      server:send_signal(signal)
      print(server.stdout:read("l"))
      print(pcall(connect))
      print(idle:read("a") == "", busy:read("a"))
      print(server.stdout:read("a"), server:wait())
    )");
    CAPTURE(result.err);
    CHECK(result.out.find(std::string("request: hello\n") + signal + ": no new requests\nfalse\tConnectionError") == 0);
    CHECK(result.out.ends_with("\ntrue\tHELLO\n\nanswered 1 requests\n\t0\n"));
  }
}

TEST_CASE("graceful.lua: a request that takes longer than the grace is given up", "[examples]") {
  const ProcessResult result = run_clients("'--work', '60', '--grace', '0.05', ", R"(
    local busy = connect()
    busy:write("hello\n")
    print(server.stdout:read("l"))
    server:terminate()
    print(server.stdout:read("a"), server:wait())
    print(busy:read("a") == "")
  )");
  CHECK(result.out == "request: hello\nSIGTERM: no new requests\nanswered 0 requests\n\t0\ntrue\n");
}

TEST_CASE("graceful.lua: the second signal ends it at once", "[examples]") {
  const ProcessResult result = run_clients("'--work', '60', '--grace', '60', ", R"(
    local busy = connect()
    busy:write("hello\n")
    print(server.stdout:read("l"))
    server:terminate()
    print(server.stdout:read("l"))
    server:terminate()
    print(server:wait())
  )");
  CHECK(result.out == "request: hello\nSIGTERM: no new requests\n-15\n");
}

TEST_CASE("graceful.lua: --help explains it, and a wrong command line is refused", "[examples]") {
  CHECK(run_neap({kScript, "--help"}).out.find("usage: neap graceful.lua") == 0);
  for (const std::vector<std::string>& wrong :
       std::vector<std::vector<std::string>>{{"-x", "1"}, {"--port"}, {"--port", "x"}, {"--grace", "-1"}, {"5"}}) {
    std::vector<std::string> all{kScript};
    all.insert(all.end(), wrong.begin(), wrong.end());
    const ProcessResult result = run_neap(all);
    CHECK(result.status == 2);
    CHECK(result.err.find("usage:") == 0);
  }
}
