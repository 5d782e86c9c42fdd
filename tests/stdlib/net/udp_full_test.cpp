// UDP when the system takes no datagram for a while: sendto is replaced by one that refuses as often as the data says,
// "3 times" three times, and "never" always.
#include "tests/support/preload.hpp"

#include <catch2/catch_test_macros.hpp>

#include <string>

using namespace neap::internal::tests;

namespace {

constexpr const char* kSending = R"c(
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
typedef ssize_t (*Send)(int, const void *, size_t, int, const struct sockaddr *, socklen_t);
ssize_t sendto(int fd, const void *data, size_t size, int flags, const struct sockaddr *to, socklen_t length) {
  static int refused;
  if (memmem(data, size, "never", 5) != 0 || (memmem(data, size, "times", 5) != 0 && refused++ < atoi(data))) {
    errno = EAGAIN;
    return -1;
  }
  refused = 0;
  return ((Send)dlsym(RTLD_NEXT, "sendto"))(fd, data, size, flags, to, length);
}
)c";

/// The script has two sockets, a and b, and sees the port of b.
std::string run_sending(const std::string& text) {
  const ProcessResult result = run_preloaded(kSending, R"lua(
    local a <close> = async.open_udp { host = "127.0.0.1" }
    local b <close> = async.open_udp { host = "127.0.0.1" }
    local port = b:address().port
)lua" + text);
  CAPTURE(text, result.err);
  CHECK(result.status == 0);
  return result.out;
}

}  // namespace

TEST_CASE("net: a datagram that the system does not take is sent when it does", "[net]") {
  const std::string printed = run_sending(R"lua(
    print(a:send("3 times", "127.0.0.1", port) == a, (b:receive()))
    a:connect("127.0.0.1", port)
    print(a:send("2 times") == a, (b:receive()))
  )lua");
  CHECK(printed == "true\t3 times\ntrue\t2 times\n");
}

TEST_CASE("net: tasks whose datagrams the system does not take all send in the end", "[net]") {
  const std::string printed = run_sending(R"lua(
    local senders, seen = {}, {}
    for i = 1, 5 do senders[i] = async.spawn(a.send, a, "2 times " .. i, "127.0.0.1", port) end
    for _ = 1, 5 do seen[#seen + 1] = (b:receive()) end
    async.gather(table.unpack(senders))
    table.sort(seen)
    print(table.concat(seen, ","))
  )lua");
  CHECK(printed == "2 times 1,2 times 2,2 times 3,2 times 4,2 times 5\n");
}

TEST_CASE("net: others run while a datagram is not taken, and its send can be given up", "[net]") {
  const std::string printed = run_sending(R"lua(
    local sender = async.spawn(a.send, a, "never", "127.0.0.1", port)
    async.sleep(0.01)
    print(sender:done())
    sender:cancel()
    async.wait { sender }
    print(sender:cancelled(), pcall(async.timeout, 0.01, a.send, a, "never", "127.0.0.1", port))
    print(a:send("x", "127.0.0.1", port) == a, (b:receive()))
  )lua");
  CHECK(printed == "false\ntrue\tfalse\tTimeoutError: timed out after 0.01 seconds\ntrue\tx\n");
}

TEST_CASE("net: closing the socket wakes a send that waits", "[net]") {
  const std::string printed = run_sending(R"lua(
    local sender = async.spawn(a.send, a, "never", "127.0.0.1", port)
    async.sleep(0.01)
    a:close()
    print(async.is(select(2, pcall(await, sender)), async.RuntimeError))
  )lua");
  CHECK(printed == "true\n");
}
