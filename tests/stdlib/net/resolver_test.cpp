// A name server that does not answer: getaddrinfo is replaced by one that never returns for names that end in ".hang".
#include "tests/support/process.hpp"

#include <catch2/catch_test_macros.hpp>

#include <string>

using namespace neap::tests;

namespace {

constexpr const char* kResolver = R"c(
#define _GNU_SOURCE
#include <dlfcn.h>
#include <netdb.h>
#include <string.h>
#include <unistd.h>
typedef int (*Resolve)(const char *, const char *, const struct addrinfo *, struct addrinfo **);
int getaddrinfo(const char *host, const char *service, const struct addrinfo *hints, struct addrinfo **found) {
  const char *end = host != 0 ? strstr(host, ".hang") : 0;
  while (end != 0) pause();
  return ((Resolve)dlsym(RTLD_NEXT, "getaddrinfo"))(host, service, hints, found);
}
)c";

/// Runs the script with the resolver; SKIPs where there can be none.
ProcessResult run_hanging(const std::string& text) {
#if !defined(__linux__) || defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  SKIP("a library can be put before the others on Linux, and not under the sanitizers");
#endif
  const ScratchDirectory scratch;
  const std::string source = scratch.write("resolver.c", kResolver);
  const std::string library = scratch.path() + "/resolver.so";
  if (run({"/bin/sh", "-c", "cc -shared -fPIC -o \"$0\" \"$1\" -ldl", library, source}).status != 0) {
    SKIP("needs a C compiler");
  }
  return run_neap({scratch.write("x.lua", text)}, {.env = {"LD_PRELOAD=" + library}, .limit = 20});
}

void check_ends(const std::string& text, const std::string& out, int status = 0) {
  const ProcessResult result = run_hanging(text);
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
