// Random keys: nothing that a person can press breaks the editor.
#include "repl/highlight.hpp"
#include "tests/repl/typing.hpp"

#include <catch2/catch_test_macros.hpp>

#include <random>

using namespace neap::internal::repl;
using namespace neap::internal::tests;
using Outcome = LineEditor::Outcome;

namespace {

const std::vector<std::string>& likely_keys() {
  static const std::vector<std::string> kKeys = [] {
    std::vector<std::string> all = {"a",
                                    "e",
                                    "x",
                                    " ",
                                    "  ",
                                    "(",
                                    ")",
                                    "{",
                                    "}",
                                    "'",
                                    "\"",
                                    "[[",
                                    "]]",
                                    "--",
                                    "é",
                                    "e\u0301",
                                    "\u0301",
                                    "日",
                                    "👨‍👩‍👧",
                                    "🇩",
                                    "🇪",
                                    "\u200d",
                                    "\xff",
                                    "\xe6",
                                    "do",
                                    "end",
                                    "else",
                                    "function",
                                    "then",
                                    "until",
                                    "local x = 1",
                                    "\r",
                                    "\r",
                                    "\n",
                                    "\t",
                                    "\t",
                                    "\x1b[Z",
                                    "\x7f",
                                    "\x1b[3~",
                                    "\x1b\r",
                                    "\x1b",
                                    "\x1b[H",
                                    "\x1b[F",
                                    "\x1b[1;5C",
                                    "\x1b[1;5D",
                                    "\x1b[5~",
                                    "\x1b[6~",
                                    "\x1b[200~pasted\n\ttext\x1b[201~",
                                    "\x1b[200~🇫🇷\x1b[201~",
                                    "\x18\x15",
                                    "\x18\x05",
                                    "\x18\x7f",
                                    "\x1b[1;5H",
                                    "\x1b[1;5F",
                                    "\x16\t",
                                    "\x16\x1b",
                                    "\x1b[1;3A",
                                    "\x1b[1;3B"};
    for (const char* letter : {"A", "B", "C", "D"}) {
      for (int i = 0; i < 4; ++i) all.push_back(std::string("\x1b[") + letter);
    }
    for (char code = 1; code < 0x20; ++code) all.emplace_back(1, code);
    for (const char c : std::string("bfdulctyn<>_/r.\\pq")) all.push_back(alt(std::string(1, c)));
    return all;
  }();
  return kKeys;
}

LineEditor::Hooks hooks() {
  LineEditor::Hooks hooks;
  hooks.is_complete = [](std::string_view entry) { return entry.find("do") == std::string_view::npos; };
  hooks.complete = [](std::string_view entry, std::size_t cursor) {
    Completion completion;
    completion.from = cursor == 0 ? 0 : cluster_begin(entry, cursor);
    for (const char* word : {"a", "abc", "ab日", "e\u0301", "ende", "endo"}) {
      if (std::string_view(word).starts_with(entry.substr(completion.from, cursor - completion.from))) {
        completion.candidates.push_back({word, "", "detail"});
      }
    }
    return completion;
  };
  hooks.highlight = [](std::string_view entry, std::size_t cursor) { return highlight(entry, cursor, {}); };
  return hooks;
}

void check(const Typist& user, int columns, int rows) {
  const View view = user.view(columns, rows);
  REQUIRE(view.cursor <= view.text.size());
  REQUIRE(cluster_boundary(view.text, view.cursor) == view.cursor);
  REQUIRE((view.hint.empty() || view.cursor == view.text.size()));
  std::size_t last = 0;
  for (const StyledSpan& span : view.spans) {
    REQUIRE((span.begin >= last && span.end > span.begin && span.end <= view.text.size()));
    last = span.end;
  }
  for (const StyledText& line : view.below) REQUIRE(line.text.find('\n') == std::string::npos);
}

}  // namespace

TEST_CASE("repl editor: a hundred thousand random keys") {
  std::minstd_rand random(20260711);
  const auto below = [&](std::size_t limit) { return static_cast<std::size_t>(random()) % limit; };
  Typist user(hooks(), {"do\n  x()\nend", "print(1)", "local x = 1", "日本 = 2", "end"});
  for (int pressed = 0; pressed < 100'000; ++pressed) {
    const Outcome outcome = user.type(likely_keys()[below(likely_keys().size())]);
    REQUIRE(user.editor().cursor() <= user.text().size());
    REQUIRE(cluster_boundary(user.text(), user.editor().cursor()) == user.editor().cursor());
    if (pressed % 7 == 0) check(user, 1 + static_cast<int>(below(100)), 1 + static_cast<int>(below(30)));
    if (outcome == Outcome::submitted && user.history().size() < 200) user.history().add(user.text());
    const bool over =
        outcome == Outcome::submitted || outcome == Outcome::interrupted || outcome == Outcome::end_of_input;
    if (over || user.text().size() > 400) user.begin();
  }
}

TEST_CASE("repl editor: undoing all the way gives back the beginning, doing it again the end") {
  std::minstd_rand random(4711);
  const auto below = [&](std::size_t limit) { return static_cast<std::size_t>(random()) % limit; };
  int changed = 0;
  for (int round = 0; round < 1'000; ++round) {
    Typist user(hooks());  // without a history, the entry is the same one
    const std::string first = round % 2 == 0 ? "" : "x e\u0301 = 🇩🇪\n  y";
    user.begin(first);
    for (int pressed = 0; pressed < 100; ++pressed) {
      const Outcome outcome = user.type(likely_keys()[below(likely_keys().size())]);
      if (outcome == Outcome::submitted || outcome == Outcome::interrupted || outcome == Outcome::end_of_input) break;
    }
    user.type(ctrl('g') + ctrl('g'));  // leaves search, menu and half a key
    const std::string last = user.text();
    changed += last != first ? 1 : 0;
    int steps = 0;
    for (; user.type(ctrl('_')) == Outcome::changed; ++steps) check(user, 80, 24);
    REQUIRE(user.text() == first);
    for (; steps > 0; --steps) REQUIRE(user.type(alt("_")) == Outcome::changed);
    REQUIRE(user.text() == last);
  }
  CHECK(changed > 500);
}
