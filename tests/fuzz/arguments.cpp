// Any words as a command line, one per line: it is refused with a reason, or understood; and of what the stock `lua`
// takes too the same is understood as there.
#include "interp/options.hpp"
#include "tests/fuzz/target.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <optional>
#include <utility>
#include <vector>

namespace neap::internal::fuzz {

namespace {

/// argv as a program gets it: words that may be written to, and a null behind them.
class Words {
 public:
  explicit Words(std::string_view input) {
    texts_.emplace_back("neap");
    while (!input.empty() && texts_.size() < 64) {
      const std::string_view line = input.substr(0, input.find('\n'));
      texts_.emplace_back(line.substr(0, line.find('\0')));
      input.remove_prefix(std::min(line.size() + 1, input.size()));
    }
    for (std::string& text : texts_) pointers_.push_back(text.data());
    pointers_.push_back(nullptr);
  }

  [[nodiscard]] int count() const { return static_cast<int>(texts_.size()); }
  [[nodiscard]] const std::string& operator[](int i) const { return texts_[static_cast<std::size_t>(i)]; }
  char** argv() { return pointers_.data(); }
  [[nodiscard]] bool holds(const char* text) const {
    return *text == '\0' || std::any_of(texts_.begin(), texts_.end(), [text](const std::string& word) {
      return text >= word.data() && text <= word.data() + word.size();
    });
  }

 private:
  std::vector<std::string> texts_;
  std::vector<char*> pointers_;
};

using Named = std::pair<char, std::string>;  // the letter of an option, and its argument

/// What the manual of Lua 5.4 says of a command line.
struct Stock {
  std::vector<Named> actions;
  int script = 0;
  bool is_stdin = false;
  bool wrong = false;
};

/// Nothing for one with an option that stock Lua has not.
std::optional<Stock> read_as_stock(const Words& words) {
  Stock result;
  int i = 1;
  for (; i < words.count(); ++i) {
    const std::string& word = words[i];
    if (word.empty() || word[0] != '-') break;
    if (word == "-") {
      result.is_stdin = true;
      break;
    }
    if (word == "--") {
      ++i;
      break;
    }
    const char letter = word[1];
    if (letter == '-' || letter == 'h') return std::nullopt;
    if (letter == 'e' || letter == 'l') {
      std::string argument = word.substr(2);
      if (argument.empty()) {
        if (i + 1 == words.count() || words[i + 1].starts_with('-')) {
          result.wrong = true;
          return result;
        }
        argument = words[++i];
      }
      result.actions.emplace_back(letter, argument);
    } else if (word.size() == 2 && std::strchr("ivWE", letter) != nullptr) {
      if (letter == 'W') result.actions.emplace_back(letter, "");
    } else {
      result.wrong = true;
      return result;
    }
  }
  result.script = i;
  return result;
}

std::vector<Named> named(const std::vector<Action>& actions) {
  std::vector<Named> result;
  for (const Action& action : actions) {
    const char letter = action.kind == Action::Kind::execute ? 'e' : action.kind == Action::Kind::require ? 'l' : 'W';
    result.emplace_back(letter, action.text);
  }
  return result;
}

void check_against_stock(const Words& words, const CommandLine& line) {
  const std::optional<Stock> stock = read_as_stock(words);
  if (!stock) return;
  if (stock->wrong) return require(!line.problem.empty(), "stock lua refuses it");
  if (line.repl || line.test || line.setup || line.doc) return;
  require(line.problem.empty(), "stock lua takes it");
  require(line.script == stock->script, "stock lua takes another word for the script");
  require(line.script_is_stdin == stock->is_stdin, "stock lua does not agree about standard input");
  require(named(line.actions) == stock->actions, "stock lua does other things before the script");
}

void check_limits(const Limits& limits) {
  constexpr std::size_t kMost = 9'000'000'000'000'000;
  require(limits.memory <= kMost && limits.tasks <= kMost && limits.handles <= kMost, "a count that is too large");
  for (const double seconds : {limits.step, limits.wall}) {
    require(std::isfinite(seconds) && seconds >= 0, "a time that is none");
  }
}

/// What is granted is granted to itself, and two times the same are the same.
void check_grants(const CommandLine& line) {
  Grants grants;
  for (const Allowance& allowance : line.allowed) {
    if (allowance.all) {
      grants.of(allowance.kind).all = true;
      continue;
    }
    const std::string problem = add_grant(grants, allowance.kind, allowance.value);
    if (!problem.empty()) continue;
    const std::string kept = grants.of(allowance.kind).values.back();
    Grants again;
    require(add_grant(again, allowance.kind, kept).empty(), "what was kept of a permission is refused");
    require(again.of(allowance.kind).values.back() == kept, "what was kept of a permission changes");
  }
  const Grants both = common_part(grants, grants);
  for (std::size_t kind = 0; kind < kPermissions; ++kind) {
    require(both.grants[kind].all == grants.grants[kind].all, "a permission has another part in common with itself");
    for (const std::string& value : grants.grants[kind].values) {
      if (value.find('*') != std::string::npos || grants.grants[kind].all) continue;
      const auto permission = static_cast<Permission>(kind);
      if (permission == Permission::net) continue;  // asked with a port, which the value may be without
      require(grants_value(grants.grants[kind], permission, value), "a permission does not grant its own value");
      require(grants_value(both.grants[kind], permission, value), "two times the same permission is less than once");
    }
  }
}

}  // namespace

void fuzz_arguments(std::string_view input) {
  Words words(input);
  const CommandLine line = parse_command_line(words.count(), words.argv());
  require(line.script >= 1 && line.script <= words.count(), "the script is no word of the command line");
  for (const Action& action : line.actions) require(words.holds(action.text), "an action is of no word");
  check_limits(line.limits);
  check_against_stock(words, line);
  if (!line.problem.empty()) return require(line.problem.size() > 5, "the reason says nothing");
  if (line.help || line.only_version) return;
  require(!line.confined || line.sandbox, "confined without a sandbox");
  require(!line.in_child || line.sandbox, "in a child without a sandbox");
  check_grants(line);
}

}  // namespace neap::internal::fuzz
