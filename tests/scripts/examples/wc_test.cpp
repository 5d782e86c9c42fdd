// scripts/examples/wc.lua against find and wc.
#include "tests/support/process.hpp"

#include <catch2/catch_test_macros.hpp>

#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <string>

using namespace neap::internal::tests;

namespace {

const std::string kScript = NEAP_SOURCE_DIR "/scripts/examples/wc.lua";

struct Totals {
  long lines = 0;
  long words = 0;
  long bytes = 0;
  bool operator==(const Totals&) const = default;
};

/// Adds the lines of wc's output that end in " total"; the only line when there was one file.
Totals totals_of(const std::string& text) {
  Totals sum;
  std::size_t from = 0;
  const bool single = text.find(" total\n") == std::string::npos;
  while (from < text.size()) {
    const std::size_t end = text.find('\n', from);
    const std::string line = text.substr(from, end - from);
    from = end + 1;
    Totals one;
    if (!single && !line.ends_with(" total")) continue;
    if (std::sscanf(line.c_str(), "%ld %ld %ld", &one.lines, &one.words, &one.bytes) != 3) continue;
    sum = {sum.lines + one.lines, sum.words + one.words, sum.bytes + one.bytes};
  }
  return sum;
}

Totals counted_by_wc(const std::string& directory, const std::string& locale) {
  ProcessOptions options;
  options.env = {"LC_ALL=" + locale};
  const ProcessResult result = run({"/bin/sh", "-c", "find \"$0\" -type f -print0 | xargs -0 wc", directory}, options);
  return totals_of(result.out);
}

ProcessResult run_wc(const std::vector<std::string>& arguments, ProcessOptions options = {},
                     const std::string& locale = "C") {
  std::vector<std::string> all{kScript};
  all.insert(all.end(), arguments.begin(), arguments.end());
  options.env.push_back("LC_ALL=" + locale);
  return run_neap(all, options);
}

void check_like_wc(const std::string& directory) {
  for (const char* locale : {"C", "C.UTF-8"}) {
    const ProcessResult result = run_wc({directory}, {}, locale);
    CAPTURE(directory, locale, result.out, result.err);
    CHECK(totals_of(result.out) == counted_by_wc(directory, locale));
    CHECK(result.err.empty());
    CHECK(result.status == 0);
  }
}

/// Names and contents of the kinds that programs stumble over.
void make_odd_tree(const ScratchDirectory& scratch) {
  const std::string& top = scratch.path();
  std::filesystem::create_directories(top + "/with space/-dash/.hidden");
  std::filesystem::create_directories(top + "/empty directory");
  scratch.write("plain", "one two\nthree\n");
  scratch.write("with space/new\nline", "a\n\nb");
  scratch.write("with space/-dash/-n", " \t\v\f\r\n");
  scratch.write("with space/-dash/.hidden/.x", "no newline at the end");
  scratch.write("\xff\xfe", "name that is no UTF-8\n");
  scratch.write("empty", "");
  scratch.write("zeros", std::string("a\0b \0c\0\nd", 9));
  scratch.write("utf8", "na\u00efve caf\u00e9 x \u2014 y\u3000z\u00a0w \u65e5\u672c\n");
  scratch.write("one long word", std::string(3'000'000, 'x'));
  std::string text;
  for (int i = 0; i < 300'000; ++i) text.append(std::to_string(i)).append(i % 7 == 0 ? "\n" : " ");
  scratch.write("long", text);
  CHECK(::symlink("plain", (top + "/link").c_str()) == 0);
  CHECK(::symlink(".", (top + "/circle").c_str()) == 0);
  CHECK(::symlink("nowhere", (top + "/broken").c_str()) == 0);
  CHECK(::mkfifo((top + "/fifo").c_str(), 0600) == 0);
}

}  // namespace

TEST_CASE("wc.lua: the totals of this repository are those of wc", "[examples]") {
  for (const char* folder : {"/runtime", "/stdlib", "/scripts", "/tests"}) {
    check_like_wc(std::string(NEAP_SOURCE_DIR) + folder);
  }
}

TEST_CASE("wc.lua: the totals of a tree with odd names and contents are those of wc", "[examples]") {
  const ScratchDirectory scratch;
  make_odd_tree(scratch);
  check_like_wc(scratch.path());
}

TEST_CASE("wc.lua: a word that lies across the pieces of a large file is one word", "[examples]") {
  constexpr int kPiece = 1 << 20;
  for (const char* around : {"xy", "x ", " x", "  ", "\1x", "x\1", "\1\1", " \1", "\1 "}) {
    const ScratchDirectory scratch;
    std::string text(kPiece + 1, 'w');
    text[kPiece - 1] = around[0];
    text[kPiece] = around[1];
    scratch.write("f", text + " end");
    check_like_wc(scratch.path());
  }
}

TEST_CASE("wc.lua: an empty directory has nothing in it", "[examples]") {
  const ScratchDirectory scratch;
  const ProcessResult result = run_wc({scratch.path()});
  CHECK(result.out == "      0       0       0 total\n");
  CHECK(result.status == 0);
}

TEST_CASE("wc.lua: --files prints a line for each file", "[examples]") {
  const ScratchDirectory scratch;
  scratch.write("a", "one two\n");
  const ProcessResult result = run_wc({"--files", scratch.path()});
  CHECK(result.out ==
        std::string("      1       2       8 ").append(scratch.path()) + "/a\n      1       2       8 total\n");
  CHECK(run_wc({"-v", scratch.path()}).out == result.out);
}

TEST_CASE("wc.lua: what cannot be read is reported and left out, and the status is 1", "[examples]") {
  const ScratchDirectory scratch;
  ProcessResult result = run_wc({scratch.path() + "/gone"});
  CHECK(result.err == "wc: ENOENT: no such file or directory, open '" + scratch.path() + "/gone'\n");
  CHECK(result.out == "      0       0       0 total\n");
  CHECK(result.status == 1);
  if (::geteuid() == 0) return;  // root may read everything
  scratch.write("a", "counted\n");
  CHECK(::chmod(scratch.write("b", "secret\n").c_str(), 0) == 0);
  std::filesystem::create_directory(scratch.path() + "/c");
  CHECK(::chmod((scratch.path() + "/c").c_str(), 0) == 0);
  result = run_wc({scratch.path()});
  CHECK(result.out == "      1       1       8 total\n");
  CHECK(result.err.find("wc: EACCES: permission denied, open '" + scratch.path() + "/b'\n") != std::string::npos);
  CHECK(result.err.find("wc: EACCES: permission denied, open '" + scratch.path() + "/c'\n") != std::string::npos);
  CHECK(result.status == 1);
  ::chmod((scratch.path() + "/c").c_str(), 0700);
}

TEST_CASE("wc.lua: at most 64 files are open at a time", "[examples]") {
  const ScratchDirectory scratch;
  const std::string big(3 << 20, 'x');
  for (int i = 0; i < 80; ++i) scratch.write(std::to_string(i), i < 70 ? big : "small\n");
  ProcessOptions options;
  options.cwd = scratch.path();
  // 64 files, and what a process has open anyway: with a limit close to that, nothing fails.
  const ProcessResult result =
      run({"/bin/sh", "-c", "ulimit -n 84; exec \"$0\" \"$1\" .", NEAP_BINARY, kScript}, options);
  CAPTURE(result.err);
  CHECK(result.status == 0);
  CHECK(totals_of(result.out) == Totals{10, 80, 70L * (3 << 20) + 60});
}

TEST_CASE("wc.lua: a line of progress is shown on a terminal, and cleaned up", "[examples]") {
  const ScratchDirectory scratch;
  for (int i = 0; i < 40; ++i) scratch.write(std::to_string(i), std::string(1 << 20, 'x') + "\n");
  ProcessOptions options;
  options.stderr_is_terminal = true;
  const ProcessResult result = run_wc({scratch.path()}, options);
  const std::string clear = "\r\33[K";
  CHECK(result.err.ends_with(clear));
  CHECK(totals_of(result.out).lines == 40);
}

TEST_CASE("wc.lua: --help explains it, and a wrong command line is refused", "[examples]") {
  CHECK(run_wc({"--help"}).out.find("usage: neap wc.lua [--files] DIR") == 0);
  CHECK(run_wc({"-h"}).status == 0);
  for (const std::vector<std::string>& wrong : {std::vector<std::string>{}, {"-x"}, {"a", "b"}}) {
    const ProcessResult result = run_wc(wrong);
    CHECK(result.status == 2);
    CHECK(result.out.empty());
    CHECK(result.err.find("usage:") == 0);
  }
}
