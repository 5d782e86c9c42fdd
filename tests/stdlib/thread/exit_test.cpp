// The end of a program whose threads run on.
#include "tests/support/process.hpp"

#include <catch2/catch_test_macros.hpp>

#include <sys/types.h>
#include <unistd.h>

#include <signal.h>  // NOLINT(modernize-deprecated-headers): POSIX, more than <csignal>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>

using namespace neap::internal::tests;

namespace {

ProcessResult run_script(const std::string& text) {
  const ScratchDirectory scratch;
  ProcessOptions options;
  options.cwd = scratch.path();
  scratch.write("x.lua", text);
  return run_neap({"x.lua"}, options);
}

/// True when the process is gone, or soon is: what reaps orphans may take a moment, or never do it.
bool ends(pid_t pid) {
  for (int i = 0; i < 500; ++i) {
    if (::kill(pid, 0) != 0) return true;
    std::ifstream status("/proc/" + std::to_string(pid) + "/stat");
    std::string number;
    std::string name;
    std::string state;
    if (status >> number >> name >> state && state == "Z") return true;
    usleep(10'000);
  }
  ::kill(pid, SIGKILL);
  return false;
}

std::string content(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

// The thread sanitizer puts signals off until the C library is called: there the loops call memchr.
#ifdef __SANITIZE_THREAD__
const std::string kSpin = "local function spin() while true do ('x'):find('y', 1, true) end end\n";
#else
const std::string kSpin = "local function spin() while true do end end\n";
#endif

}  // namespace

TEST_CASE("thread: a program ends although its threads compute, wait, or have calls queued", "[thread]") {
  const ProcessResult result = run_script(kSpin + R"(
    local executor = async.ThreadPoolExecutor(2)
    executor:submit(spin)
    executor:submit(async.sleep, 1000)
    for _ = 1, 1000 do executor:submit(print, "never") end
    local worker = async.Worker(function(parent) parent:send(1) parent:receive() end)
    worker:receive()
    print("ends")
  )");
  CHECK(result.out == "ends\n");
  CHECK(result.err.empty());
  CHECK(result.status == 0);
}

TEST_CASE("thread: a call that catches its cancellation is stopped at the end of the program", "[thread]") {
  const ProcessResult result = run_script(kSpin + R"(
    local ready = async.thread_channel()
    async.ThreadPoolExecutor(1):submit(function()
      ready:send(true)
      while true do async.catch(spin) end
    end)
    ready:receive()
  )");
  CHECK(result.err.empty());
  CHECK(result.status == 0);
}

TEST_CASE("thread: a call that is stuck in C is left behind, with a message", "[thread]") {
  const ProcessResult result = run_script(R"(
    local ready = async.thread_channel()
    async.ThreadPoolExecutor(1):submit(function()
      ready:send(true)
      return ("a"):rep(1000000):find(".-.-.-.-.-.-b")
    end)
    ready:receive()
    async.sleep(0.5)  -- nobody can tell when it is in C
    print("ends")
  )");
  CHECK(result.out == "ends\n");
  CHECK(result.err ==
        "neap: a call in another thread, made at x.lua:3, has not ended 5 seconds after the program, and is left "
        "behind\n");
  CHECK(result.status == 0);
}

TEST_CASE("thread: os.exit ends the program from any thread", "[thread]") {
  CHECK(run_script("async.spawn(async.to_thread, function() while true do end end) async.sleep(0.01) os.exit(3)")
            .status == 3);
  CHECK(run_script("async.spawn(async.to_thread, function() while true do end end) async.sleep(0.01) os.exit(4, true)")
            .status == 4);
  const ProcessResult inside = run_script("async.to_thread(function() io.write('out') os.exit(5, true) end)");
  CHECK(inside.status == 5);
  CHECK(inside.out == "out");
}

TEST_CASE("thread: os.exit in a worker thread ends the program's children, of its own thread and of others",
          "[thread]") {
  const ProcessResult result = run_script(R"(
    local PIPE = async.subprocess.PIPE
    local first = async.create_subprocess_exec("sleep", "600", { stdout = PIPE })
    async.to_thread(function(first)
      local second = async.create_subprocess_exec("sleep", "600", { stdout = PIPE })
      print(first, second.pid)
      os.exit(6)
    end, first.pid)
  )");
  CHECK(result.status == 6);
  pid_t first = 0;
  pid_t second = 0;
  std::istringstream(result.out) >> first >> second;
  REQUIRE(first > 1);
  REQUIRE(second > 1);
  CHECK(ends(first));
  CHECK(ends(second));
}

TEST_CASE("thread: os.exit in a worker thread writes what is written, and removes what is temporary", "[thread]") {
  const ScratchDirectory scratch;
  ProcessOptions options;
  options.cwd = scratch.path();
  std::filesystem::create_directory(scratch.path() + "/tmp");
  options.env = {"TMPDIR=" + scratch.path() + "/tmp"};
  scratch.write("x.lua", R"(
    local mine = io.open("main", "w")
    mine:write("main")
    local buffered = neap.fs.open("buffered", "w", { buffering = "full" })
    buffered:write("buffered")
    local directory <close> = neap.fs.tempdir()
    local file <close> = neap.fs.tempfile()
    async.to_thread(function()
      local theirs = io.open("worker", "w")
      theirs:write("worker")
      local directory <close> = neap.fs.tempdir()
      os.exit(true)
    end)
  )");
  const ProcessResult result = run_neap({"x.lua"}, options);
  CHECK(result.status == 0);
  CHECK(result.err.empty());
  CHECK(content(scratch.path() + "/main") == "main");
  CHECK(content(scratch.path() + "/worker") == "worker");
  CHECK(content(scratch.path() + "/buffered") == "buffered");
  CHECK(std::filesystem::is_empty(scratch.path() + "/tmp"));
}

TEST_CASE("thread: os.exit in a worker thread does not wait for a thread that is stuck in a file", "[thread]") {
  const ScratchDirectory scratch;
  ProcessOptions options;
  options.cwd = scratch.path();
  options.limit = 20;
  scratch.write("x.lua", R"(
    os.execute("mkfifo fifo")
    local held = neap.fs.open("fifo", "r+")
    local executor = async.ThreadPoolExecutor(2)
    executor:submit(function()
      local stuck = assert(io.open("fifo", "r"))
      stuck:read(1)
    end)
    async.sleep(0.2)
    await(executor:submit(os.exit, 7))
  )");
  const ProcessResult result = run_neap({"x.lua"}, options);
  CHECK_FALSE(result.timed_out);
  CHECK(result.status == 7);
}

TEST_CASE("thread: an uncaught error of a call is reported with both traces", "[thread]") {
  const ProcessResult result = run_script("async.to_thread(function()\n  error('boom')\nend)");
  CHECK(result.err ==
        "neap: x.lua:2: boom\n"
        "   2 | error('boom')\n"
        "stack traceback:\n"
        "\t[C]: in function 'error'\n"
        "\tx.lua:2: in function <x.lua:1>\n"
        "\t-- thread of to_thread, called at x.lua:1, awaited by:\n"
        "\tx.lua:1: in main chunk\n");
  CHECK(result.status == 1);
}
