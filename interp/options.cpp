#include "interp/options.hpp"

#include "interp/limit_option.hpp"

#include <string_view>

namespace neap::internal {

namespace {

using namespace std::literals;

/// --sandbox=PROFILE
void parse_sandbox(std::string_view profile, CommandLine& result) {
  if (profile == "none"sv) {
    result.unsandboxed = true;
  } else if (profile == "pure"sv) {
    result.sandbox = true;
  } else if (profile == "process"sv) {
    result.sandbox = result.in_child = true;
  } else if (profile == "confined"sv) {
    result.sandbox = result.confined = true;
  } else {
    result.problem = "there is no sandbox '" + std::string(profile) + "', only 'pure', 'process' and 'none'";
  }
}

/// --allow-KIND[=VALUE[,VALUE...]]; `option` is what follows "--allow-".
void parse_allowance(std::string_view option, CommandLine& result) {
  const std::size_t equals = option.find('=');
  const std::string name(option.substr(0, equals));
  const auto kind = find_permission(name);
  if (!kind) {
    result.problem =
        "there is no permission '" + name + "', only read, write, net, run, env, thread, signal and native";
    return;
  }
  result.sandbox = true;
  if (equals == std::string_view::npos) return result.allowed.push_back({*kind, "", true});
  if (takes_no_values(*kind)) {
    result.problem = "'--allow-" + name + "' takes no value";
    return;
  }
  for (std::string_view rest = option.substr(equals + 1);;) {
    const std::string_view value = rest.substr(0, rest.find(','));
    if (value.empty()) result.problem = "'--allow-" + std::string(option) + "' has an empty value";
    result.allowed.push_back({*kind, std::string(value), false});
    if (value.size() == rest.size()) return;
    rest.remove_prefix(value.size() + 1);
  }
}

/// Options that begin with two dashes. False when there is no such option.
bool parse_long(std::string_view option, CommandLine& result) {
  constexpr std::string_view kSandbox = "--sandbox=";
  constexpr std::string_view kAllow = "--allow-";
  constexpr std::string_view kLimit = "--limit-";
  constexpr std::string_view kIsolate = "--isolate=";
  if (option == "--help"sv) {
    result.help = true;
  } else if (option == "--version"sv) {
    result.only_version = true;
  } else if (option == "--debug"sv) {
    result.debug = true;
  } else if (option == "--sandbox"sv) {
    result.sandbox = true;
  } else if (option == "--isolate"sv) {
    result.isolate = true;
  } else if (option.starts_with(kIsolate)) {
    result.isolate = true;
    result.isolate_directory = option.substr(kIsolate.size());
  } else if (option.starts_with(kSandbox)) {
    parse_sandbox(option.substr(kSandbox.size()), result);
  } else if (option.starts_with(kAllow)) {
    parse_allowance(option.substr(kAllow.size()), result);
  } else if (option.starts_with(kLimit)) {
    result.problem = parse_limit(option.substr(kLimit.size()), result.limits);
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
      result.doc = word == "doc"sv;
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

void check_sandbox(CommandLine& result) {
  if (result.sandbox && result.unsandboxed) {
    result.problem = "'--sandbox=none' and an option of a sandbox contradict each other";
  } else if (result.sandbox && (result.test || result.repl || result.setup || result.doc || result.interactive)) {
    result.problem = "a sandbox is for scripts: it goes neither with 'test', 'repl', 'init', 'doc' nor '-i'";
  }
}

}  // namespace

CommandLine parse_command_line(int argc, char** argv) {
  CommandLine result;
  result.script = parse_options(argc, argv, result);
  if (result.repl && result.script + 1 < argc) {
    result.problem =
        "'repl' takes no arguments, got '"s + argv[result.script + 1] + "' ('neap -i SCRIPT' runs a script first)";
  }
  if (result.problem.empty()) check_sandbox(result);
  return result;
}

}  // namespace neap::internal
