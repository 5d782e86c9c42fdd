// scripts/examples/portscan.lua against servers of the test's own.
#include "tests/support/process.hpp"

#include <catch2/catch_test_macros.hpp>

#include <string>
#include <vector>

using namespace neap::internal::tests;

namespace {

const std::string kScript = NEAP_SOURCE_DIR "/scripts/examples/portscan.lua";

/// Runs the text as a script that can call scan(arguments): what the scan prints, and its exit status.
ProcessResult run_beside_servers(const std::string& text) {
  const ScratchDirectory scratch;
  const std::string script = scratch.write("x.lua", R"(
    local neap, portscan = ...
    function serve()
      local server = async.start_server(function() end, "127.0.0.1", 0)
      return server, server:address().port
    end
    function scan(arguments)
      local command = io.popen(("'%s' '%s' %s"):format(neap, portscan, arguments))
      return command:read("a"), select(3, command:close())
    end
  )" + text);
  return run_neap({script, NEAP_BINARY, kScript});
}

}  // namespace

TEST_CASE("portscan.lua: finds the open ports, in order", "[examples]") {
  const ProcessResult result = run_beside_servers(R"(
    local first, a = serve()
    local second, b = serve()
    local closed, c = serve()
    closed:shutdown()
    if a > b then a, b = b, a end
    local found, status = scan(("--jobs 2 127.0.0.1 %d,%d-%d %d"):format(a, c, c, b))
    print(found == a .. "\n" .. b .. "\n", status)
    print(scan("127.0.0.1 " .. c))
  )");
  CAPTURE(result.err);
  CHECK(result.out == "true\t0\n\t1\n");
}

TEST_CASE("portscan.lua: a host or a port that does not exist", "[examples]") {
  ProcessResult result = run_neap({kScript, "no such host", "80"});
  CHECK(result.err == "portscan: EAI_NONAME: unknown node or service, getaddrinfo 'no such host'\n");
  CHECK(result.status == 2);
  for (const char* port : {"0", "65536", "9-3", "5-", "x", "1-2-3"}) {
    result = run_neap({kScript, "127.0.0.1", port});
    CHECK(result.err == std::string("portscan: '") + port + "' is no port or range of ports from 1 to 65535\n");
    CHECK(result.status == 2);
  }
}

TEST_CASE("portscan.lua: --help explains it, and a wrong command line is refused", "[examples]") {
  CHECK(run_neap({kScript, "--help"}).out.find("usage: neap portscan.lua") == 0);
  for (const std::vector<std::string>& wrong : std::vector<std::vector<std::string>>{{},
                                                                                     {"host"},
                                                                                     {"-x"},
                                                                                     {"-j", "0", "host", "1"},
                                                                                     {"-t", "0", "host", "1"},
                                                                                     {"-t", "x", "host", "1"},
                                                                                     {"-j"}}) {
    std::vector<std::string> all{kScript};
    all.insert(all.end(), wrong.begin(), wrong.end());
    const ProcessResult result = run_neap(all);
    CHECK(result.status == 2);
    CHECK(result.out.empty());
    CHECK(result.err.find("usage:") == 0);
  }
}
