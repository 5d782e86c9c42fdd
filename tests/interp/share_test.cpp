// The man page and the shells' completions, compared with what the program says of itself.
#include "tests/support/process.hpp"

#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <set>
#include <sstream>
#include <string>

using namespace neap::internal::tests;

namespace {

using Names = std::set<std::string>;

const std::string kShare = NEAP_SOURCE_DIR "/interp/share/";
const std::string kShells = NEAP_SOURCE_DIR "/tests/interp/shells/";

std::string contents(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::string help_of(std::vector<std::string> arguments) {
  arguments.emplace_back("--help");
  const ProcessResult result = run_neap(arguments);
  REQUIRE(result.status == 0);
  return result.out;
}

/// The words "-x" and "--name" that the lines of options begin with; without the values behind them.
Names options_in(const std::string& help) {
  Names names;
  std::istringstream lines(help);
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with("  -")) continue;
    std::istringstream words(line);
    for (std::string word; words >> word && word[0] == '-';) {
      const bool more = word.ends_with(",");
      names.insert(word.substr(0, std::min(word.find_first_of(",=["), word.size())));
      if (!more) break;
    }
  }
  return names;
}

/// The variables that the help describes.
Names variables_in(const std::string& help) {
  Names names;
  std::istringstream lines(help.substr(help.find("\nEnvironment:\n") + 14));
  for (std::string line; std::getline(lines, line) && !line.empty();) {
    if (line[2] == ' ') continue;
    std::istringstream words(line);
    for (std::string word; words >> word;) {
      names.insert(word.substr(0, std::min(word.find_first_of(",="), word.size())));
      if (!word.ends_with(",")) break;
    }
  }
  return names;
}

/// The names of the man page's entries ".It MACRO name , name", with `prefix` before each.
Names entries_in(const std::string& page, const std::string& macro, const std::string& prefix) {
  Names names;
  std::istringstream lines(page);
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with(".It " + macro)) continue;
    std::istringstream words(line.substr(4 + macro.size()));
    std::string name;
    do {
      name.clear();
      words >> name;
      names.insert(prefix + name);
    } while (words >> name && name == ",");
  }
  return names;
}

Names lines_of(const std::string& text) {
  Names names;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) names.insert(line);
  return names;
}

bool starts_with_dash(const std::string& name) { return name[0] == '-'; }

/// Everything that the shell offers for the last of the words, in a directory with some files.
class Shell {
 public:
  explicit Shell(std::string name) : name_(std::move(name)) {
    if (run({"/usr/bin/env", name_, "-c", ":"}).status != 0) SKIP(name_ << " is not installed");
    for (const char* file : {"a.lua", "b_test.lua", "c.txt", "sub/d.lua"}) files_.write(file, "");
  }

  [[nodiscard]] Names offers(const std::vector<std::string>& words) const {
    std::string line = words.front();
    for (std::size_t i = 1; i < words.size(); ++i) line += " " + words[i];
    std::vector<std::string> argv;
    if (name_ == "bash") {
      argv = {"bash", "--norc", kShells + "complete.bash", kShare + "neap.bash"};
      argv.insert(argv.end(), words.begin(), words.end());
    } else if (name_ == "zsh") {
      argv = {"zsh", "-f", kShells + "complete.zsh", kShare, line};
    } else {
      argv = {"fish", "--no-config", kShells + "complete.fish", kShare + "neap.fish", line};
    }
    argv.insert(argv.begin(), "/usr/bin/env");
    const ProcessResult result = run(argv, {.env = {"HOME=" + home_.path()}, .cwd = files_.path()});
    INFO(line << "\n" << result.err);
    CHECK(result.status == 0);
    return lines_of(result.out);
  }

  /// The options among what is offered for "-" and "--" behind the words.
  [[nodiscard]] Names options(std::vector<std::string> words) const {
    Names names;
    words.emplace_back();
    for (const char* begin : {"-", "--"}) {
      words.back() = begin;
      for (const std::string& name : offers(words)) {
        if (starts_with_dash(name) && name != "-" && name != "--") names.insert(name);
      }
    }
    return names;
  }

 private:
  std::string name_;
  ScratchDirectory files_;
  ScratchDirectory home_;  // fish keeps things there
};

void check_completions(const Shell& shell) {
  for (const std::vector<std::string>& command : {std::vector<std::string>{}, {"test"}, {"init"}, {"doc"}}) {
    std::vector<std::string> words = command;
    words.insert(words.begin(), "neap");
    Names expected = options_in(help_of(command));
    expected.erase("-");
    expected.erase("--");
    CHECK(shell.options(words) == expected);
  }
  const Names first = shell.offers({"neap", ""});
  for (const char* word : {"test", "repl", "init", "doc", "a.lua"}) {
    INFO(word);
    CHECK(first.contains(word));
  }
  CHECK(shell.offers({"neap", "--debug", "te"}).contains("test"));
  CHECK(shell.offers({"neap", "test", "b"}) == Names{"b_test.lua"});
  CHECK(shell.offers({"neap", "test", "--reporter", ""}) == Names{"junit", "spec", "tap"});
  CHECK(shell.offers({"neap", "init", "s"}).size() == 1);
  CHECK(shell.offers({"neap", "a.lua", "c"}) == Names{"c.txt"});
  CHECK(shell.options({"neap", "a.lua"}).empty());
}

}  // namespace

TEST_CASE("the man page has the options of the help, and no others", "[interp][share]") {
  const std::string page = contents(kShare + "neap.1");
  CHECK(entries_in(page, "Fl", "-") == options_in(help_of({})));
}

TEST_CASE("the man page has the environment variables of the help, and no others", "[interp][share]") {
  const Names variables = variables_in(help_of({}));
  CHECK(variables.contains("NEAP_DEBUG"));
  CHECK(entries_in(contents(kShare + "neap.1"), "Ev", "") == variables);
}

TEST_CASE("the man page has no mistake that man warns of", "[interp][share]") {
  if (run({"/usr/bin/env", "man", "--version"}).status != 0) SKIP("man is not installed");
  const ProcessResult result = run({"/usr/bin/env", "LC_ALL=C", "man", "--warnings", "-l", kShare + "neap.1"});
  CHECK(result.status == 0);
  CHECK(result.err.empty());
  CHECK(result.out.find("neap") != std::string::npos);
}

TEST_CASE("bash completes the command line", "[interp][share]") { check_completions(Shell("bash")); }

TEST_CASE("zsh completes the command line", "[interp][share]") { check_completions(Shell("zsh")); }

TEST_CASE("fish completes the command line", "[interp][share]") { check_completions(Shell("fish")); }
