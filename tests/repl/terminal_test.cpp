// The prompt on a pseudo-terminal: tests/repl/drive.py types and looks at the screen.
#include "tests/support/process.hpp"

#include <catch2/catch_test_macros.hpp>

#include <cstdio>
#include <string>

using namespace neap::internal::tests;

namespace {

constexpr const char* kDriver = NEAP_SOURCE_DIR "/tests/repl/drive.py";

/// A Python that has the model of a terminal; empty when none has.
std::string find_python() {
  for (const char* python : {"python3", "/usr/bin/python3"}) {
    if (run({"/usr/bin/env", python, "-c", "import pyte"}).status == 0) return python;
  }
  return {};
}

void drive(const char* name) {
  static const std::string kPython = find_python();
  if (kPython.empty()) SKIP("python3-pyte is not installed");
  const ProcessResult result = run({"/usr/bin/env", kPython, kDriver, NEAP_BINARY, name}, {.limit = 120});
  INFO(result.out << result.err);
  CHECK(result.status == 0);
  if (result.out.starts_with("key to screen")) std::fputs(result.out.c_str(), stderr);
}

/// The same where the program must be reached while it makes no system call.
void drive_busy(const char* name) {
#ifdef __SANITIZE_THREAD__
  SKIP("the sanitizer holds a signal back until the program makes a system call");
#endif
  drive(name);
}

}  // namespace

TEST_CASE("repl prompt: background output five times a second while two lines are typed and pasted",
          "[repl][terminal]") {
  drive("ticker");
}

TEST_CASE("repl prompt: a line that the background has not ended is continued above the entry", "[repl][terminal]") {
  drive("partial_lines");
}

TEST_CASE("repl prompt: ten megabytes of background output while typing", "[repl][terminal]") { drive("flood"); }

TEST_CASE("repl prompt: Ctrl-C ends an entry that waits, and its cleanup runs", "[repl][terminal]") {
  drive("interrupt_wait");
}

TEST_CASE("repl prompt: Ctrl-C ends an entry that computes", "[repl][terminal]") { drive_busy("interrupt_busy"); }

TEST_CASE("repl prompt: Ctrl-C ends an entry that never lets the loop sleep", "[repl][terminal]") {
  drive("interrupt_turning");
}

TEST_CASE("repl prompt: Ctrl-C ends an entry that computes and catches every error", "[repl][terminal]") {
  drive_busy("interrupt_stubborn");
}

TEST_CASE("repl prompt: Ctrl-C ends an entry that computes in short coroutines", "[repl][terminal]") {
  drive_busy("interrupt_busy_coroutine");
}

TEST_CASE("repl prompt: Ctrl-C while typing ends a background task that computes, and keeps the entry",
          "[repl][terminal]") {
  drive_busy("interrupt_busy_background");
}

TEST_CASE("repl prompt: the third Ctrl-C ends a program that is stuck in C", "[repl][terminal]") {
  drive_busy("interrupt_stuck");
}

TEST_CASE("repl prompt: Ctrl-C puts an entry away, and on an empty one tells how to leave", "[repl][terminal]") {
  drive("interrupt_typing");
}

TEST_CASE("repl prompt: Ctrl-Z stops neap, and fg brings the entry back", "[repl][terminal]") { drive("suspend"); }

TEST_CASE("repl prompt: Ctrl-Z sends an entry to the background", "[repl][terminal]") { drive("job"); }

TEST_CASE("repl prompt: an error in the background is reported above the entry", "[repl][terminal]") {
  drive("background_error");
}

TEST_CASE("repl prompt: Ctrl-R finds earlier entries", "[repl][terminal]") { drive("search"); }

TEST_CASE("repl prompt: Tab shows candidates below the entry, and takes them away", "[repl][terminal]") {
  drive("completion");
}

TEST_CASE("repl prompt: the signature of a call is below it, with the parameter marked", "[repl][terminal]") {
  drive("signature");
}

TEST_CASE("repl prompt: Escape alone is a key", "[repl][terminal]") { drive("lone_escape"); }

TEST_CASE("repl prompt: what is typed while an entry runs is there for the next one", "[repl][terminal]") {
  drive("type_ahead");
}

TEST_CASE("repl prompt: a job sent away twice tells once that it is done", "[repl][terminal]") { drive("job_twice"); }
TEST_CASE("repl prompt: io.read in an entry reads from the terminal", "[repl][terminal]") { drive("reads_input"); }

TEST_CASE("repl prompt: who reads standard input in the background gets no keys of the prompt's", "[repl][terminal]") {
  drive("background_read");
}

TEST_CASE("repl prompt: a narrower and a wider window show a long entry laid out again", "[repl][terminal]") {
  drive("resize");
}

TEST_CASE("repl prompt: an entry taller than the screen", "[repl][terminal]") { drive("tall_entry"); }

TEST_CASE("repl prompt: everything that writes to the terminal is shown above the entry", "[repl][terminal]") {
  drive("all_output");
}

TEST_CASE("repl prompt: the terminal's modes are what they were, however the program ends", "[repl][terminal]") {
  drive("leaves_modes");
}

TEST_CASE("repl prompt: a terminal that goes away ends the program", "[repl][terminal]") { drive("hang_up"); }

TEST_CASE("repl prompt: another program edits the entry, and has the screen meanwhile", "[repl][terminal]") {
  drive("external_editor");
}

TEST_CASE("repl prompt: a cleared screen has the prompt at its top", "[repl][terminal]") { drive("clear"); }

TEST_CASE("repl prompt: no colours under NO_COLOR", "[repl][terminal]") { drive("no_colour"); }

TEST_CASE("repl prompt: the object, misused, cancelled, asked by signals, and closed", "[repl][terminal]") {
  drive("prompt_object");
}

TEST_CASE("repl prompt: from a key to the screen while 1,000 tasks tick", "[repl][terminal]") { drive("latency"); }

TEST_CASE("repl prompt: an empty NO_COLOR asks for nothing", "[repl][terminal]") { drive("empty_no_colour"); }

TEST_CASE("repl prompt: a history that cannot be kept is told once", "[repl][terminal]") { drive("history_problem"); }

TEST_CASE("repl prompt: Ctrl-C where nothing can be drawn", "[repl][terminal]") { drive_busy("dumb_interrupt"); }
