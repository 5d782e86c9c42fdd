// neap.isolate with what the kernel holds.
//
// Not under the sanitizers, which need more than such a process has.
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#include "tests/support/process.hpp"

#include <catch2/catch_test_macros.hpp>

#include <signal.h>

#include <chrono>
#include <string>
#include <thread>

using namespace neap::internal::tests;

namespace {

/// Waits until there is no such process, for some seconds at most.
bool ends(pid_t pid) {
  for (int i = 0; i < 500; ++i) {
    if (::kill(pid, 0) != 0) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return false;
}

}  // namespace

TEST_CASE("an isolate is confined, computes, and calls back", "[interp][sandbox]") {
  const ProcessResult result = run_neap({"-e", R"lua(
    local box <close> = require("neap.isolate").start { limits = { memory = 50e6 } }
    box:set("log", function(...) print("log", ...) return ... end)
    print(box:run("log(1) async.sleep(0.01) return log('two') .. '!'"))
    print(pcall(box.run, box, "return io.open('/etc/passwd')"))
    for line in io.lines("/proc/" .. box.pid .. "/status") do
      if line:find("^NoNewPrivs") then print(line) end
    end)lua"});
  INFO(result.err);
  CHECK(result.status == 0);
  CHECK(result.out.starts_with("log\t1\nlog\ttwo\ntwo!\nfalse\tPermissionError: reading '/etc/passwd'"));
  CHECK(result.out.ends_with("NoNewPrivs:\t1\n"));
}

TEST_CASE("an isolate ends with the process that started it, however that ends", "[interp][sandbox]") {
  const ProcessResult result = run_neap({"-e", R"lua(
    local box = require("neap.isolate").start()
    async.spawn(box.run, box, "while true do end")
    async.sleep(0.05)
    io.write(box.pid)
    io.flush()
    os.execute("kill -9 $PPID"))lua"});
  CHECK(result.status == -SIGKILL);
  const int pid = std::stoi(result.out);
  REQUIRE(pid > 1);
  CHECK(ends(pid));
}

TEST_CASE("--isolate by hand is told what it lacks", "[interp][sandbox]") {
  const ProcessResult result = run_neap({"--isolate"}, {.input = "nonsense"});
  CHECK(result.status == 1);
  CHECK(result.err.find("--isolate is what neap.isolate starts") != std::string::npos);
}
#endif
