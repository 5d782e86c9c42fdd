// --sandbox=process: a script in a process that the kernel holds, and what watches over it.
//
// Not under the sanitizers, which need more than such a process has.
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#include "interp/confinement.hpp"
#include "tests/support/process.hpp"

#include <catch2/catch_test_macros.hpp>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <string>
#include <vector>

using namespace neap::internal;
using namespace neap::internal::tests;

namespace {

constexpr int kSkipped = 77;

/// What `probe` gives in a process that has confined itself: 0 to 76. kSkipped when the kernel cannot hold it.
template <class Probe>
int confined(const Grants& grants, Probe probe) {
  const pid_t pid = fork();
  if (pid == 0) {
    Sandbox sandbox{.enabled = true, .grants = grants, .script_directory = ""};
    try {
      _exit(confine_process(sandbox, {}).empty() ? probe() : kSkipped);
    } catch (...) {
      _exit(76);
    }
  }
  int status = 0;
  REQUIRE(waitpid(pid, &status, 0) == pid);
  REQUIRE(WIFEXITED(status));
  if (WEXITSTATUS(status) == kSkipped) SKIP("this kernel has not all that holds a process");
  return WEXITSTATUS(status);
}

int error_of_open(const std::string& path, int flags) {
  const int fd = ::open(path.c_str(), flags | O_CLOEXEC, 0600);
  return fd >= 0 ? 0 : errno;
}

Grants granted(Permission kind, const std::string& value) {
  Grants grants;
  REQUIRE(add_grant(grants, kind, value).empty());
  return grants;
}

}  // namespace

TEST_CASE("the kernel opens what is allowed, and nothing else", "[interp][sandbox]") {
  const ScratchDirectory scratch;
  const ScratchDirectory other;
  const std::string allowed = scratch.write("x", "x");
  const std::string denied = other.write("x", "x");
  const Grants read = granted(Permission::read, scratch.path());
  CHECK(confined(read, [&] { return error_of_open(allowed, O_RDONLY); }) == 0);
  CHECK(confined(read, [&] { return error_of_open(allowed, O_WRONLY); }) == EACCES);
  CHECK(confined(read, [&] { return error_of_open(denied, O_RDONLY); }) == EACCES);
  CHECK(confined(read, [&] { return error_of_open("/etc/passwd", O_RDONLY); }) == EACCES);
  const Grants write = granted(Permission::write, scratch.path());
  CHECK(confined(write, [&] { return error_of_open(scratch.path() + "/new", O_WRONLY | O_CREAT); }) == 0);
  CHECK(confined(write, [&] { return error_of_open(other.path() + "/new", O_WRONLY | O_CREAT); }) == EACCES);
  CHECK(confined(write, [&] { return ::unlink(denied.c_str()) == 0 ? 0 : errno; }) == EACCES);
}

TEST_CASE("the kernel starts no programs, and makes threads", "[interp][sandbox]") {
  const Grants none;
  CHECK(confined(none, [] { return ::execl("/bin/true", "true", nullptr) == 0 ? 0 : errno; }) == EPERM);
  CHECK(confined(none, [] { return ::fork() >= 0 ? 0 : errno; }) == EPERM);
  CHECK(confined(granted(Permission::run, "true"), [] { return ::execl("/bin/true", "true", nullptr); }) == 0);
  CHECK(confined(none, [] {
          pthread_t thread{};
          const int error = pthread_create(
              &thread, nullptr, [](void* p) { return p; }, nullptr);
          return error != 0 ? error : pthread_join(thread, nullptr);
        }) == 0);
}

TEST_CASE("the kernel gives no sockets, and no network", "[interp][sandbox]") {
  const auto socket_of = [](int family) { return ::socket(family, SOCK_STREAM, 0) >= 0 ? 0 : errno; };
  CHECK(confined({}, [&] { return socket_of(AF_INET); }) == EPERM);
  CHECK(confined({}, [&] { return socket_of(AF_UNIX); }) == EPERM);
  const Grants net = granted(Permission::net, "localhost");
  CHECK(confined(net, [&] { return socket_of(AF_INET); }) == 0);
  CHECK(confined(net, [&] { return socket_of(AF_PACKET); }) == EPERM);
}

TEST_CASE("the kernel keeps other processes away", "[interp][sandbox]") {
  const pid_t other = getppid();
  CHECK(confined({}, [&] { return ::kill(other, 0) == 0 ? 0 : errno; }) == EPERM);
  CHECK(confined({}, [&] { return ::ptrace(PTRACE_ATTACH, other, nullptr, nullptr) == 0 ? 0 : errno; }) == EPERM);
  CHECK(confined({}, [] { return ::kill(::getpid(), 0) == 0 ? 0 : errno; }) == 0);
}

TEST_CASE("a script in a process of its own has its arguments, its streams and its status", "[interp][sandbox]") {
  const ScratchDirectory scratch;
  const std::string script = scratch.write("x.lua", "print(io.read(), ...) io.stderr:write('e') os.exit(7)");
  ProcessOptions options;
  options.input = "in\n";
  const ProcessResult result = run_neap({"--sandbox=process", script, "a", "--sandbox=process"}, options);
  CHECK(result.out == "in\ta\t--sandbox=process\n");
  CHECK(result.err.ends_with("e"));
  CHECK(result.status == 7);
}

TEST_CASE("a process of its own is in the sandbox", "[interp][sandbox]") {
  const ProcessResult result = run_neap({"--sandbox=process", "-e", "print(pcall(io.open, '/etc/passwd'))"});
  CHECK(result.out.find("PermissionError: reading '/etc/passwd'") != std::string::npos);
  CHECK(result.status == 0);
}

TEST_CASE("what a process of its own may do it can do", "[interp][sandbox]") {
  const ScratchDirectory scratch;
  const ProcessResult result =
      run_neap({"--sandbox=process", "--allow-read=" + scratch.path(), "--allow-write=" + scratch.path(),
                "--allow-thread", "--allow-net=localhost", "-e", "local d = '" + scratch.path() + R"('
    neap.fs.write(d .. "/x", "text")
    print(neap.fs.read(d .. "/x"), io.open(d .. "/x"):read "a")
    print(async.to_thread(function() return 5 end))
    local server <close> = async.start_server(function(s) s:write "hello" end, "localhost", 0)
    local stream <close> = async.open_connection("localhost", server:address().port)
    print(stream:read "a")
    print(os.date("%Y", 0) == "1970" or os.date("%Y", 0) == "1969")
  )"});
  CHECK(result.out == "text\ttext\n5\nhello\ntrue\n");
  CHECK(result.status == 0);
}

TEST_CASE("a process of its own has no environment but what is allowed", "[interp][sandbox]") {
  ProcessOptions options;
  options.env = {"KEPT=1", "GONE=1"};
  const ProcessResult result =
      run_neap({"--sandbox=process", "--allow-env", "-e", "print(os.getenv('KEPT'), os.getenv('GONE'))"}, options);
  CHECK(result.out == "1\t1\n");
  const ProcessResult less =
      run_neap({"--sandbox=process", "--allow-env=KEPT", "-e", "print(os.getenv('KEPT'))"}, options);
  CHECK(less.out == "1\n");
}

TEST_CASE("a program started in a process of its own has no more rights than it", "[interp][sandbox]") {
  const ScratchDirectory scratch;
  const ProcessResult result =
      run_neap({"--sandbox=process", "--allow-run=sh", "-e", "print(os.execute('echo x > " + scratch.path() + "/x'))"});
  if (result.err.find("without") != std::string::npos) SKIP(result.err);
  CHECK(result.out.starts_with("nil\texit"));
  CHECK(::access((scratch.path() + "/x").c_str(), F_OK) != 0);
}

TEST_CASE("signals are handed to the process of its own, and its end is passed on", "[interp][sandbox]") {
  ProcessOptions options;
  options.signals = {{.number = SIGINT, .after = "ready"}};
  const std::string script = "print('ready') local ok, e = async.catch(async.sleep, 60) print(e) error(e, 0)";
  const ProcessResult result = run_neap({"--sandbox=process", "-e", script}, options);
  CHECK(result.out.starts_with("ready\nCancelledError"));
  CHECK(result.status == 130);
  options.signals = {{.number = SIGTERM, .after = "ready"}};
  CHECK(run_neap({"--sandbox=process", "-e", "print('ready') async.sleep(60)"}, options).status == 128 + SIGTERM);
}

TEST_CASE("what a process of its own leaves in its group is killed", "[interp][sandbox]") {
  const ProcessResult result =
      run_neap({"--sandbox=process", "--allow-run=sh", "-e", "os.execute('sleep 300 & echo started')"}, {.limit = 20});
  CHECK(result.out == "started\n");
  CHECK_FALSE(result.timed_out);
}
#endif
