#include "interp/options.hpp"

#include <string_view>

namespace neap::internal {

namespace {

using namespace std::literals;

/// Options that begin with two dashes. False when there is no such option.
bool parse_long(std::string_view option, CommandLine& result) {
  if (option == "--help"sv) {
    result.help = true;
  } else if (option == "--version"sv) {
    result.only_version = true;
  } else if (option == "--debug"sv) {
    result.debug = true;
  } else {
    return false;
  }
  return true;
}

/// Options of one letter without an argument. False when there is no such option.
bool parse_flag(std::string_view option, CommandLine& result) {
  if (option.size() != 2) return false;
  switch (option[1]) {
    case 'E': result.ignore_environment = true; return true;
    case 'W': result.actions.push_back({Action::Kind::enable_warnings}); return true;
    case 'i': result.interactive = true; return true;
    case 'v': result.show_version = true; return true;
    case 'h': result.help = true; return true;
    default: return false;
  }
}

/// `-e` and `-l`, whose argument follows at once or is the next word; `i` is moved to the last word used.
void parse_action(char** argv, int& i, CommandLine& result) {
  const char* option = argv[i];
  const auto kind = option[1] == 'e' ? Action::Kind::execute : Action::Kind::require;
  const char* argument = option + 2;
  if (*argument == '\0') {
    // As in the stock lua, an argument that looks like an option is taken for a forgotten one.
    argument = argv[i + 1];
    if (argument == nullptr || *argument == '-') {
      result.problem = "'"s + option + "' needs argument";
      return;
    }
    ++i;
  }
  result.actions.push_back({kind, argument});
  result.executes = result.executes || kind == Action::Kind::execute;
}

/// Options up to the script. Returns the index of the first word that is none.
int parse_options(int argc, char** argv, CommandLine& result) {
  for (int i = 1; i < argc; ++i) {
    const std::string_view word = argv[i];
    if (word.empty() || word[0] != '-') {
      result.test = word == "test"sv;
      result.repl = word == "repl"sv;
      result.setup = word == "init"sv;
      return i;
    }
    if (word == "-"sv) {
      result.script_is_stdin = true;
      return i;
    }
    if (word == "--"sv) return i + 1;
    if (word[1] == 'e' || word[1] == 'l') {
      parse_action(argv, i, result);
    } else if (!parse_long(word, result) && !parse_flag(word, result)) {
      result.problem = "unrecognized option '" + std::string(word) + "'";
    }
    if (!result.problem.empty() || result.help || result.only_version) return argc;
  }
  return argc;
}

}  // namespace

CommandLine parse_command_line(int argc, char** argv) {
  CommandLine result;
  result.script = parse_options(argc, argv, result);
  if (result.repl && result.script + 1 < argc) {
    result.problem =
        "'repl' takes no arguments, got '"s + argv[result.script + 1] + "' ('neap -i SCRIPT' runs a script first)";
  }
  return result;
}

}  // namespace neap::internal
