// The end of programs at any moment: shutdown.py ends them, and looks at what they leave. Here an interpreter is
// destroyed in an application.
#include "interp/interpreter.hpp"
#include "tests/support/inside.hpp"
#include "tests/support/process.hpp"

#include <catch2/catch_test_macros.hpp>

#include <signal.h>  // NOLINT(modernize-deprecated-headers): POSIX, more than <csignal>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

using neap::internal::Interpreter;
using neap::internal::InterpreterOptions;
using namespace neap::internal::tests;

TEST_CASE("shutdown: programs that are ended at any moment leave nothing behind", "[reliability][shutdown]") {
#if !defined(__linux__) || defined(__SANITIZE_THREAD__)
  SKIP("looks at /proc, and the thread sanitizer puts signals off");
#endif
  if (run({"/usr/bin/env", "python3", "-c", ""}).status != 0) SKIP("needs Python");
  ProcessOptions options;
  options.limit = 200;
  const ProcessResult result =
      run({"/usr/bin/env", "python3", NEAP_SOURCE_DIR "/tests/reliability/shutdown.py", NEAP_BINARY, "all"}, options);
  INFO(result.out << result.err);
  CHECK(result.status == 0);
}

TEST_CASE("shutdown: an interpreter that is destroyed closes what its tasks hold", "[reliability][shutdown]") {
  const ScratchDirectory scratch;
  const std::string note = scratch.path() + "/note";
  std::filesystem::create_directory(scratch.path() + "/tmp");
  {
    InterpreterOptions options;
    options.closing_grace = 20;
    Interpreter interpreter(options);
    spawn(interpreter, "local scratch = '" + scratch.path() + R"('
      local cleanup <close> = setmetatable({}, { __close = function()
        async.sleep(0.001)
        neap.fs.append(scratch .. "/note", "cleaned\n")
      end })
      local directory <close> = neap.fs.tempdir { dir = scratch .. "/tmp" }
      neap.fs.write(directory.path .. "/x", "x")
      local file <close> = neap.fs.tempfile { dir = scratch .. "/tmp" }
      local server <close> = async.start_server(function(stream) stream:read("a") end, "127.0.0.1", 0)
      local client <close> = async.open_connection("127.0.0.1", server:address().port)
      local worker <close> = async.Worker(function(parent) parent:receive() end)
      local process <close> = async.create_subprocess_exec("sleep", "600")
      neap.fs.append(scratch .. "/note", process.pid .. "\n")
      ready = 1
      async.spawn(async.to_thread, function() while true do end end)
      process:wait()
    )");
    for (int i = 0; i < 20000 && global_integer(interpreter, "ready") != 1; ++i) {
      interpreter.step(0.001);
      usleep(1000);
    }
    REQUIRE(global_integer(interpreter, "ready") == 1);
  }
  std::ifstream file(note);
  int pid = 0;
  std::string cleaned;
  file >> pid >> cleaned;
  REQUIRE(pid > 1);
  CHECK(::kill(pid, 0) != 0);
  CHECK(cleaned == "cleaned");
  CHECK(std::filesystem::is_empty(scratch.path() + "/tmp"));
}
