#include "tests/fuzz/target.hpp"

#include <vector>

namespace neap::internal::fuzz {

namespace {

constexpr const char* kArguments[] = {
    "\n",      "-e",     "-l",        "-i",        "-v",        "-W",      "-E",     "-",      "--",
    "-h",      "--help", "--version", "--debug",   "print(1)",  "g=mod",   "a.lua",  "test",   "repl",
    "init",    "doc",    "",          "--sandbox", "=process",  "=none",   "=pure",  "=x",     "--allow-",
    "read",    "write",  "net",       "run",       "env",       "thread",  "signal", "native", "=",
    ",",       "/tmp",   "..",        "*.a.org",   ":80",       "[::1]:5", "PATH*",  "/",      "--limit-",
    "memory=", "step=",  "wall=",     "tasks=",    "handles=",  "64M",     "1e308",  "0.1",    "ms",
    "-1",      "nan",    "9e15",      "99999999",  "--isolate="};

constexpr const char* kEditor[] = {"a",
                                   "e",
                                   " ",
                                   "(",
                                   ")",
                                   "'",
                                   "\"",
                                   "[[",
                                   "]]",
                                   "--",
                                   "\u00e9",
                                   "e\u0301",
                                   "\u0301",
                                   "\u65e5",
                                   "\u200d",
                                   "\xff",
                                   "\xe6",
                                   "do",
                                   "end",
                                   "function",
                                   "\r",
                                   "\n",
                                   "\t",
                                   "\x1b[Z",
                                   "\x7f",
                                   "\x1b[3~",
                                   "\x1b\r",
                                   "\x1b",
                                   "\x1b[H",
                                   "\x1b[F",
                                   "\x1b[A",
                                   "\x1b[B",
                                   "\x1b[C",
                                   "\x1b[D",
                                   "\x1b[1;5C",
                                   "\x1b[1;5D",
                                   "\x1b[200~",
                                   "\x1b[201~",
                                   "\x1b[",
                                   "\x1bO",
                                   "\x12",
                                   "\x13",
                                   "\x0b",
                                   "\x19",
                                   "\x1by",
                                   "\x1f",
                                   "\x18\x15",
                                   "\x16",
                                   "\x14",
                                   "\x1bt",
                                   "\xFD\x01",
                                   "\xFD\x01",
                                   "\xFD\x01",
                                   "\xFD\x03\x09\x02",
                                   "\xFD\x02\x21\x05",
                                   "\xFD\x04",
                                   "\xFD",
                                   "\xFD\x05\x61\x0d\x62\x04",
                                   "\x01",
                                   "\x05",
                                   "\x0f",
                                   "\x07",
                                   "\x1b<",
                                   "\x1b>",
                                   "\x1b_",
                                   "\U0001F1E9",
                                   "\U0001F468\u200d\U0001F469",
                                   "x = 1"};

constexpr const char* kLoader[] = {
    "local",        " ",     "x",     "=",    "1",     "\n",        "function", "end",       "do",        "if",
    "then",         "(",     ")",     "{",    "}",     "\"",        "'",        "[[",        "]]",        "--",
    "--[[",         "\\",    "0x",    "1e",   "...",   "goto",      "::",       "return",    "#!",        "\x1b",
    "\xEF\xBB\xBF", "# ",    "**",    "`",    "```",   "| a | b |", "- ",       "[a](b)",    "<!--",      "-->",
    "\x02",         "1\x03", "\x01",  "---@", "class", "param",     "return ",  "fun(",      "table<",    "field ",
    "overload",     "|",     "a.b.c", "?",    "/",     "--jobs=",   "--seed",   "--timeout", "--shuffle", "-h"};

// Codes and arguments of operations: see NAMES in schedule_program.lua.
constexpr const char* kSchedule[] = {"\x20\x01", "\x20\x03", "\x21\x01", "\x21\x82", "\x21\x05", "\x22\x01", "\x22\x02",
                                     "\x23\x01", "\x23\x02", "\x24\x01", "\x25\x01", "\x26\x01", "\x27\x01", "\x26\x02",
                                     "\x27\x02", "\x28\x01", "\x29\x01", "\x2a\x01", "\x2b\x01", "\x2c\x01", "\x2d\x01",
                                     "\x2e\x01", "\x2f\x01", "\x30\x01", "\x31\x02", "\x31\x05", "\x32\x02", "\x33\x01",
                                     "\x34\x01", "\x35\x01", "\x36\x01", "\x37\x01", "\x38\x01", "\x39\x01", "\x3a\x01",
                                     "\x3b\x0a", "\x3c\x01", "\x3d\x01", "\x3e\x01", "\x3f\x0a"};

constexpr Target kTargets[] = {
    {"arguments", fuzz_arguments, kArguments}, {"copy", fuzz_copy, {}},
    {"editor", fuzz_editor, kEditor},          {"loader", fuzz_loader, kLoader},
    {"schedule", fuzz_schedule, kSchedule},
};

std::vector<void (*)()>& releases() {
  static std::vector<void (*)()> all;
  return all;
}

}  // namespace

void when_released(void (*release)()) { releases().push_back(release); }

void release_kept() {
  for (void (*release)() : releases()) release();
  releases().clear();
}

std::span<const Target> targets() { return kTargets; }

}  // namespace neap::internal::fuzz
