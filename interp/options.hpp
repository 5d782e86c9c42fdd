// The command line as a plain struct: everything the stock `lua` accepts, and neap's own options. Parsing
// acts on nothing, so that every decision about a run is made in one place (program.cpp).
#pragma once

#include "runtime/task/limits.hpp"
#include "stdlib/permissions/grants.hpp"

#include <string>
#include <vector>

namespace neap::internal {

/// What runs before the script, in the order of the command line.
struct Action {
  enum class Kind { execute, require, enable_warnings };

  Kind kind;
  const char* text = "";  // the statement, or "module" or "global=module"
};

/// --allow-KIND=VALUE, or without a value.
struct Allowance {
  Permission kind;
  std::string value;
  bool all = false;
};

struct CommandLine {
  std::vector<Action> actions;
  /// Index of the script's name in argv; argc when there is none. `arg` counts from it.
  int script = 0;
  /// The script is `-`: standard input. After `--` it would be a file of that name.
  bool script_is_stdin = false;
  bool interactive = false;         // -i
  bool show_version = false;        // -v
  bool ignore_environment = false;  // -E
  bool debug = false;               // --debug
  bool help = false;                // -h, --help: nothing else is done
  bool only_version = false;        // --version: nothing else is done
  bool executes = false;            // there is an -e
  bool sandbox = false;             // --sandbox, or something is allowed
  bool unsandboxed = false;         // --sandbox=none
  bool in_child = false;            // --sandbox=process: in a process of its own, which is confined
  bool confined = false;            // --sandbox=confined: this process is that one
  bool isolate = false;             // --isolate: this process is one of neap.isolate's
  std::string isolate_directory;    // --isolate=DIR: where its code finds modules
  std::vector<Allowance> allowed;   // in the sandbox
  Limits limits;                    // --limit-NAME=VALUE
  /// The first word that is no option is `test`: what follows is for the test runner.
  bool test = false;
  /// It is `repl`: the prompt, wherever standard input comes from.
  bool repl = false;
  /// It is `init`: what follows is for stdlib/base/setup.lua.
  bool setup = false;
  /// It is `doc`: what follows is for repl/doc.lua.
  bool doc = false;
  /// What is wrong, for people; empty when nothing is.
  std::string problem;

  /// True when nothing else is asked for than to run what standard input holds (or, on a terminal, to prompt).
  [[nodiscard]] bool reads_stdin(int argc) const { return script == argc && !show_version && !executes; }
  /// True when the prompt is asked for.
  [[nodiscard]] bool prompts(int argc, bool stdin_is_terminal) const {
    return interactive || repl || (stdin_is_terminal && reads_stdin(argc));
  }
};

/// The views in the result point into argv.
CommandLine parse_command_line(int argc, char** argv);

}  // namespace neap::internal
