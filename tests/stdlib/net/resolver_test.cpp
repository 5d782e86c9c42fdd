// Names, with getaddrinfo replaced: it never returns for names that end in ".hang", as if the name server did not
// answer; "127.0.0.2+127.0.0.1.list" has these addresses.
#include "tests/support/preload.hpp"

#include <catch2/catch_test_macros.hpp>

#include <string>

using namespace neap::internal::tests;

namespace {

constexpr const char* kResolver = R"c(
#define _GNU_SOURCE
#include <dlfcn.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
typedef int (*Resolve)(const char *, const char *, const struct addrinfo *, struct addrinfo **);
int getaddrinfo(const char *host, const char *service, const struct addrinfo *hints, struct addrinfo **found) {
  Resolve resolve = (Resolve)dlsym(RTLD_NEXT, "getaddrinfo");
  if (host != 0 && strstr(host, ".hang") != 0) {
    for (;;) pause();
  }
  if (host == 0 || strstr(host, ".list") == 0) return resolve(host, service, hints, found);
  char list[256], *rest = list, *address;
  snprintf(list, sizeof list, "%.*s", (int)(strstr(host, ".list") - host), host);
  while ((address = strsep(&rest, "+")) != 0) {
    int code = resolve(address, service, hints, found);
    if (code != 0) return code;
    while (*found != 0) found = &(*found)->ai_next;
  }
  return 0;
}
)c";

void check_ends(const std::string& text, const std::string& out, int status = 0) {
  const ProcessResult result = run_preloaded(kResolver, text);
  CAPTURE(text, result.err);
  CHECK_FALSE(result.timed_out);
  CHECK(result.out == out);
  CHECK(result.status == status);
}

}  // namespace

TEST_CASE("net: the end of the program waits for no look-up", "[net]") {
  const std::string hang =
      "local asked = async.spawn(async.getaddrinfo, 'a.hang') async.sleep(0.01) assert(not asked:done()) ";
  check_ends(hang + "print 'end'", "end\n");
  check_ends(hang + "print 'exit' os.exit(3)", "exit\n", 3);
  check_ends(hang + "print 'close' os.exit(4, true)", "close\n", 4);
  check_ends(hang + "io.write 'unflushed' error('x', 0)", "unflushed", 1);
}

TEST_CASE("net: a look-up that hangs can be given up", "[net]") {
  check_ends(
      "local function is_timeout(...) local _, err = pcall(...) return async.is(err, async.TimeoutError) end "
      "print(is_timeout(async.timeout, 0.01, async.getaddrinfo, 'a.hang')) "
      "print(is_timeout(async.open_connection, 'b.hang', 80, { timeout = 0.01 })) "
      "print(#async.getaddrinfo('127.0.0.1') > 0, #async.open_handles())",
      "true\ntrue\ntrue\t0\n");
}

TEST_CASE("net: look-ups that hang keep no file waiting, and are bounded", "[net]") {
  check_ends(
      "local asked = {} "
      "for i = 1, 20 do asked[i] = async.spawn(async.getaddrinfo, i .. '.hang') end "
      "async.sleep(0.01) "
      "print(neap.fs.stat('/').type, #neap.fs.list('/proc/self/task') < 20) "
      "print((async.move_on_after(0.2, async.getaddrinfo, '127.0.0.1')))",
      "directory\ttrue\nfalse\n");
}

namespace {

/// The script sees fill(host, port): the port of a server there that answers no further connection.
const std::string kFill = R"lua(
    local open = {}
    function fill(host, at)
      local full = async.start_server(function(s) open[#open + 1] = s:detach() async.sleep(3600) end, host, at or 0,
        { backlog = 1, max_connections = 1 })
      local port = full:address().port
      repeat
        local ok, conn = async.move_on_after(0.1, async.open_connection, host, port)
        open[#open + 1] = conn
      until not ok
      return port
    end
    function descriptors() return #neap.fs.list("/proc/self/fd") end
)lua";

}  // namespace

TEST_CASE("net: when the first address of a name is silent the second is tried, and wins", "[net]") {
  const ProcessResult result = run_preloaded(kResolver, kFill + R"lua(
    local port = fill("127.0.0.2")
    async.start_server(function(_, writer) writer:write("second") end, "127.0.0.1", port)
    local loop, before = async.get_running_loop(), descriptors()
    local began = loop:time()
    local conn = async.open_connection("127.0.0.2+127.0.0.1.list", port, { timeout = 10 })
    print(loop:time() - began >= 0.25, conn:get_extra_info("peername").host, conn:read("a"))
    conn:close()
    conn:wait_closed()
    while descriptors() > before do async.sleep(0.001) end
    print("closed", #async.all_tasks())
    os.exit(0, true)
  )lua");
  CAPTURE(result.err);
  CHECK(result.out == "true\t127.0.0.1\tsecond\nclosed\t2\n");
}

TEST_CASE("net: the timeout ends the attempts at every address of a name", "[net]") {
  const ProcessResult result = run_preloaded(kResolver, kFill + R"lua(
    local port = fill("127.0.0.2")
    fill("127.0.0.3", port)
    local before = descriptors()
    local asked = async.spawn(async.open_connection, "127.0.0.2+127.0.0.3.list", port, { timeout = 0.4 })
    while descriptors() < before + 2 do async.sleep(0.001) end
    local ok, err = pcall(await, asked)
    print(ok, async.is(err, async.TimeoutError))
    while descriptors() > before do async.sleep(0.001) end
    print("closed", #async.all_tasks())
    os.exit(0, true)
  )lua");
  CAPTURE(result.err);
  CHECK(result.out == "false\ttrue\nclosed\t3\n");
}

TEST_CASE("net: when the first address of a name refuses the second is tried at once", "[net]") {
  const ProcessResult result = run_preloaded(kResolver, R"lua(
    local server = async.start_server(function(_, writer) writer:write("second") end, "127.0.0.1", 0)
    async.run(function()
      local loop = async.get_running_loop()
      local began = loop:time()
      local conn = async.open_connection("127.0.0.2+127.0.0.1.list", server:address().port)
      print(loop:time() - began, conn:read("a"))
      conn:close()
    end, { clock = "virtual" })
    server:close()
  )lua");
  CAPTURE(result.err);
  CHECK(result.out == "0.0\tsecond\n");
}
