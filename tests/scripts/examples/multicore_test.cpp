// scripts/examples/multicore.lua: its server as a process, and clients of the test's own.
#include "tests/support/process.hpp"

#include <catch2/catch_test_macros.hpp>

#include <string>

using namespace neap::internal::tests;

namespace {

const std::string kScript = NEAP_SOURCE_DIR "/scripts/examples/multicore.lua";

}  // namespace

TEST_CASE("multicore.lua: the workers share the requests of one port", "[examples]") {
  const ScratchDirectory scratch;
  const std::string script = scratch.write("x.lua", R"lua(
    local neap, example = ...
    local server = async.create_subprocess_exec(neap, example, "--workers", "3", { stdout = async.subprocess.PIPE })
    local port = tonumber(server.stdout:readline():match("^3 workers on port (%d+)"))
    local function get(n)
      local conn <close> = async.open_connection("127.0.0.1", port)
      conn:write("GET /?", n, " HTTP/1.1\r\n\r\n")
      local answer = conn:read("a")
      assert(answer:find("^HTTP/1.1 200 OK\r\n"), answer)
      return answer:match("fibonacci%(%d+%) = (%d+), from worker %d")
    end
    print(async.gather(function() return get(1) end, function() return get(10) end)[2])
    local ns = {}
    for i = 1, 60 do ns[i] = i % 10 end
    async.map(ns, get, { limit = 10 })
    server:terminate()
    local total, busy = 0, 0
    for line in server.stdout:lines() do
      local served = tonumber(line:match("^worker %d served (%d+)$"))
      total = total + served
      if served > 0 then busy = busy + 1 end
    end
    print(total, busy > 1, server:wait())
  )lua");
  const ProcessResult result = run_neap({script, NEAP_BINARY, kScript});
  CHECK(result.err.empty());
  CHECK(result.out == "55\n62\ttrue\t0\n");
}

TEST_CASE("multicore.lua: wrong arguments, and --help", "[examples]") {
  const ProcessResult wrong = run_neap({kScript, "--workers", "x"});
  CHECK(wrong.status == 1);
  CHECK(wrong.err.starts_with("usage: neap multicore.lua"));
  const ProcessResult help = run_neap({kScript, "--help"});
  CHECK(help.status == 0);
  CHECK(help.out.starts_with("usage: neap multicore.lua"));
}
