// The standard streams of a process, and the end of a program that has bytes left to send.
#include "tests/support/process.hpp"

#include <catch2/catch_test_macros.hpp>

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <string>

using namespace neap::internal::tests;

namespace {

ProcessResult run_text(const std::string& text, const ProcessOptions& options = {}) {
  return run_neap({"-e", text}, options);
}

ProcessResult run_shell(const std::string& command) { return run({"/bin/sh", "-c", command, NEAP_BINARY}); }

const char* const kCopy = "for data in async.stdin:lines(4096) do async.stdout:write(data) end";

}  // namespace

TEST_CASE("stdin and stdout: pipes pass everything through", "[stream]") {
  ProcessOptions options;
  for (int i = 0; i < 100'000; ++i) options.input.append(std::to_string(i)).append("\n");
  const ProcessResult result = run_text(kCopy, options);
  CHECK(result.out == options.input);
  CHECK(result.status == 0);
}

TEST_CASE("stdin: lines from a pipe while another task runs", "[stream]") {
  const ProcessResult result = run_shell(
      "(echo one; sleep 0.1; echo two) | \"$0\" -e \"local n = 0 local t = async.spawn(function() while true do "
      "async.sleep(0.01) n = n + 1 end end) for line in async.stdin:lines() do print(line) end print(n > 3) "
      "t:cancel()\"");
  CHECK(result.out == "one\ntwo\ntrue\n");
}

TEST_CASE("stdin: a file, /dev/null and a closed descriptor", "[stream]") {
  const ScratchDirectory scratch;
  const std::string file = scratch.write("in", "one\ntwo\n");
  CHECK(run_shell("\"$0\" -e \"print(async.stdin:read('l', 'a', 'l'))\" < " + file).out == "one\ttwo\n\tnil\n");
  CHECK(run_shell("\"$0\" -e \"print(async.stdin:read('l'), async.stdin:read('a'))\" < /dev/null").out == "nil\t\n");
  const ProcessResult closed = run_shell("\"$0\" -e \"print(pcall(async.stdin.read, async.stdin, 'l'))\" <&-");
  CAPTURE(closed.out, closed.err);
  CHECK(closed.status == 0);
}

TEST_CASE("stdout: what print and io.write have written comes before, what follows behind", "[stream]") {
  const char* text =
      "for i = 1, 1000 do print('print', i) async.stdout:write('stream ', i, '\\n') io.write('io ', i, '\\n') end";
  std::string expected;
  for (int i = 1; i <= 1000; ++i) {
    const std::string number = std::to_string(i);
    expected.append("print\t")
        .append(number)
        .append("\nstream ")
        .append(number)
        .append("\nio ")
        .append(number)
        .append("\n");
  }
  CHECK(run_text(text).out == expected);
  const ScratchDirectory scratch;
  const std::string file = scratch.path() + "/out";
  CHECK(run_shell(std::string("\"$0\" -e \"") + text + "\" > " + file + "; cat " + file).out == expected);
}

TEST_CASE("stdout: a reader that goes away is a ConnectionError EPIPE and no signal", "[stream]") {
  ProcessOptions options;
  options.drop_stdout_after = 10;
  const ProcessResult result = run_text(
      "local ok, err = pcall(function() while true do async.stdout:write(('x'):rep(1000)) end end) "
      "io.stderr:write(tostring(async.is(err, async.ConnectionError)), ' ', err.code)",
      options);
  CHECK(result.err == "true EPIPE");
  CHECK(result.status == 0);
}

TEST_CASE("stdout: a slow reader holds the writer back and gets everything", "[stream]") {
  const ProcessResult result =
      run_shell("\"$0\" -e \"for i = 1, 300 do async.stdout:write(('x'):rep(9999), '\\n') end\" | (sleep 0.1; wc -c)");
  CHECK(result.out == "3000000\n");
}

TEST_CASE("stderr is a Stream too", "[stream]") {
  const ProcessResult result = run_text("async.stderr:write('to stderr\\n')");
  CHECK(result.err == "to stderr\n");
}

TEST_CASE("stdin: a terminal gives lines and its end, and blocks for others as before", "[stream]") {
  const int master = ::posix_openpt(O_RDWR | O_NOCTTY);
  REQUIRE((master >= 0 && ::grantpt(master) == 0 && ::unlockpt(master) == 0));
  const std::string name = ::ptsname(master);
  const int slave = ::open(name.c_str(), O_RDWR | O_NOCTTY);
  REQUIRE(slave >= 0);
  const std::string typed = "one\ntwo\n\4";
  REQUIRE(::write(master, typed.data(), typed.size()) == static_cast<ssize_t>(typed.size()));
  const ProcessResult result = run_shell(
      "\"$0\" -e \"print(async.stdin) for line in async.stdin:lines() do print(line) end print(async.stdin:at_eof())\" "
      "<" +
      name);
  CHECK(result.out == "<Stream tty open>\none\ntwo\ntrue\n");
  CHECK((::fcntl(slave, F_GETFL) & O_NONBLOCK) == 0);
  ::close(slave);
  ::close(master);
}

TEST_CASE("standard streams: a socket that others share blocks again when the process has ended", "[stream]") {
  int ends[2];
  REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
  REQUIRE(::write(ends[0], "line\n", 5) == 5);
  const ProcessResult result = run_shell("\"$0\" -e \"async.stdout:write(async.stdin:read('L'))\" <&" +
                                         std::to_string(ends[1]) + " >&" + std::to_string(ends[1]));
  CHECK(result.status == 0);
  char text[16];
  CHECK(::read(ends[0], text, sizeof text) == 5);
  CHECK((::fcntl(ends[1], F_GETFL) & O_NONBLOCK) == 0);
  ::close(ends[0]);
  ::close(ends[1]);
}

TEST_CASE("standard streams: a pipe that others share is not made non-blocking", "[stream]") {
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  const std::string descriptor = std::to_string(ends[1]);
  const ProcessResult result = run_shell("\"$0\" -e \"async.stdout:write('x')\" >&" + descriptor);
  CHECK(result.status == 0);
  CHECK((::fcntl(ends[1], F_GETFL) & O_NONBLOCK) == 0);
  ::close(ends[0]);
  ::close(ends[1]);
}

TEST_CASE("standard streams: closing one leaves the descriptor to the process", "[stream]") {
  const ProcessResult result = run_text("async.stdout:write('a') async.stdout:close() print('b') async.stdin:close()");
  CHECK(result.out == "ab\n");
  CHECK(result.status == 0);
}

TEST_CASE("the end of a program sends what is queued", "[stream]") {
  const ScratchDirectory scratch;
  const std::string socket = scratch.path() + "/s";
  const std::string reader = scratch.write("reader.lua",
                                           "local total = 0\n"
                                           "local server\n"
                                           "server = async.start_unix_server(function(reader)\n"
                                           "  async.sleep(0.1)\n"
                                           "  total = #reader:read('a')\n"
                                           "  server:close()\n"
                                           "end, '" +
                                               socket +
                                               "')\n"
                                               "server:wait_closed()\n"
                                               "print(total)\n");
  for (const char* end :
       {"", "conn:close()", "conn = nil collectgarbage()", "error('x')", "async.current_task():cancel() async.sleep(1)",
        "coroutine.wrap(function() error('x') end)()"}) {
    const std::string writer = scratch.write(
        "writer.lua", "conn = async.open_unix_connection('" + socket +
                          "')\n"
                          "async.get_running_loop():call_soon(function() conn:write(('x'):rep(5000000)) end)\n"
                          "async.sleep(0.01)\n" +
                          end);
    const ProcessResult result =
        run_shell("\"$0\" " + reader + " & while ! [ -S " + socket + " ]; do sleep 0.01; done; \"$0\" " + writer +
                  " 2>" + scratch.path() + "/err; wait");
    CAPTURE(end, result.err);
    CHECK(result.out == "5000000\n");
  }
}

TEST_CASE("a program that leaves everything open ends", "[stream]") {
  const ProcessResult result = run_text(
      "server = async.start_server(function(r) r:read('a') end, '127.0.0.1', 0) "
      "a = async.open_connection('127.0.0.1', server:address().port) udp = async.open_udp() "
      "async.spawn(a.read, a, 'l') async.spawn(udp.receive, udp) async.spawn(async.stdin.read, async.stdin, 'l') "
      "async.sleep(0.01) print 'end'");
  CAPTURE(result.err);
  CHECK(result.out == "end\n");
  CHECK(result.status == 0);
}

TEST_CASE("a program ends with its last task, whatever is open", "[stream]") {
  for (const char* open : {"server = async.start_server(print, '127.0.0.1', 0)", "udp = async.open_udp()",
                           "server = async.start_server(function(s) kept = s:detach() end, '127.0.0.1', 0) "
                           "conn = async.open_connection('127.0.0.1', server:address().port)"}) {
    for (const char* last : {"async.spawn(async.sleep, 3600)", "async.spawn(function() async.Future():cancel() end)",
                             "async.spawn(await, async.Future())", "error('x')"}) {
      const ProcessResult result = run_text(std::string(open) + " " + last + " async.sleep(0)");
      CAPTURE(open, last, result.err);
      CHECK_FALSE(result.timed_out);
      CHECK(result.status == (std::string(last) == "error('x')" ? 1 : 0));
    }
  }
}
