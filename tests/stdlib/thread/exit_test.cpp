// The end of a program whose threads run on.
#include "tests/support/process.hpp"

#include <catch2/catch_test_macros.hpp>

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
