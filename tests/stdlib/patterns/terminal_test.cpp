// Progress bars on a pseudo-terminal: tests/stdlib/patterns/terminal.py runs programs and looks at the screen.
#include "tests/support/process.hpp"

#include <catch2/catch_test_macros.hpp>

#include <string>

using namespace neap::internal::tests;

namespace {

constexpr const char* kDriver = NEAP_SOURCE_DIR "/tests/stdlib/patterns/terminal.py";

void drive(const char* name) {
  static const bool there = run({"/usr/bin/env", "python3", "-c", "import pyte"}).status == 0;
  const char* python = there ? "python3" : "/usr/bin/python3";
  if (!there && run({"/usr/bin/env", python, "-c", "import pyte"}).status != 0) SKIP("python3-pyte is not installed");
  const ProcessResult result = run({"/usr/bin/env", python, kDriver, NEAP_BINARY, name}, {.limit = 60});
  INFO(result.out << result.err);
  CHECK(result.status == 0);
}

}  // namespace

TEST_CASE("stdlib/patterns/progress: print prints above the bars of a terminal", "[terminal]") { drive("print_above"); }

TEST_CASE("stdlib/patterns/progress: more bars than a terminal has rows", "[terminal]") { drive("many"); }

TEST_CASE("stdlib/patterns/progress: a terminal becomes narrow", "[terminal]") { drive("resize"); }

TEST_CASE("stdlib/patterns/progress: Ctrl-C leaves the last state", "[terminal]") { drive("interrupt"); }

TEST_CASE("stdlib/patterns/progress: nothing on a dumb terminal", "[terminal]") { drive("dumb"); }

TEST_CASE("stdlib/patterns/progress: at the prompt", "[terminal]") { drive("prompt"); }
