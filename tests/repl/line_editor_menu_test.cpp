// Tab: what it inserts, and the menu of candidates.
#include "tests/repl/typing.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace neap::internal::repl;
using namespace neap::internal::tests;
using namespace neap::internal::tests::keys;
using namespace std::literals;
using Outcome = LineEditor::Outcome;
using Lines = std::vector<std::string>;

namespace {

/// Completes the letters before the cursor by these words.
Typist completing(std::vector<Candidate> words, const std::vector<std::string>& history = {}) {
  LineEditor::Hooks hooks;
  hooks.complete = [words = std::move(words)](std::string_view entry, std::size_t cursor) {
    Completion completion;
    completion.from = cursor;
    while (completion.from > 0 && is_word(entry.substr(completion.from - 1, 1))) --completion.from;
    const std::string_view typed = entry.substr(completion.from, cursor - completion.from);
    for (const Candidate& word : words) {
      if (word.text.starts_with(typed)) completion.candidates.push_back(word);
    }
    return completion;
  };
  return Typist(std::move(hooks), history);
}

std::vector<Candidate> words(const std::vector<std::string>& texts) {
  std::vector<Candidate> candidates;
  candidates.reserve(texts.size());
  for (const std::string& text : texts) candidates.push_back({text, "", ""});
  return candidates;
}

std::vector<Candidate> numbered(int count) {
  std::vector<Candidate> candidates;
  candidates.reserve(static_cast<std::size_t>(count));
  for (int i = 0; i < count; ++i) candidates.push_back({"name" + std::to_string(100 + i), "", ""});
  return candidates;
}

/// The label that is marked.
std::string marked(const Typist& user, int columns = 80, int rows = 24) {
  for (const StyledText& line : user.view(columns, rows).below) {
    for (const StyledSpan& span : line.spans) {
      if (span.style == Style::selected) return line.text.substr(span.begin, span.end - span.begin);
    }
  }
  return "";
}

}  // namespace

TEST_CASE("repl editor: one candidate is inserted at once") {
  Typist user = completing(words({"print", "pairs"}));
  CHECK(user.type("x = pri\t") == Outcome::changed);
  CHECK(user.shown() == "x = print|");
  CHECK(user.type("\t") == Outcome::bell);  // nothing to add
  CHECK(user.below().empty());
  user.type(ctrl('_'));
  CHECK(user.shown() == "x = pri|");
}

TEST_CASE("repl editor: no candidate, no completion") {
  Typist user = completing(words({"print"}));
  CHECK(user.type("zz\t") == Outcome::bell);
  CHECK(user.shown() == "zz|");
  Typist other;
  CHECK(other.type("zz\t") == Outcome::bell);
}

TEST_CASE("repl editor: several candidates: what they share, and a menu") {
  Typist user = completing(words({"setmetatable", "setmode", "x"}));
  user.type("se\t");
  CHECK(user.shown() == "setm|");
  CHECK(user.below() == Lines{"setmetatable  setmode"});
  CHECK(marked(user).empty());
  user.type("\t");
  CHECK(marked(user) == "setmetatable");
  CHECK(user.shown() == "setmetatable|");  // shown as if it were inserted
  CHECK(user.text() == "setm");
  user.type("\t");
  CHECK(user.shown() == "setmode|");
  user.type("\t" + std::string(kShiftTab));
  CHECK(user.shown() == "setmode|");
  CHECK(user.type("\r") == Outcome::changed);
  CHECK(user.text() == "setmode");
  CHECK(user.below().empty());
}

TEST_CASE("repl editor: what they share does not end in the middle of a character") {
  Typist user = completing(words({"größe", "grün"}));
  user.type("g\t");
  CHECK(user.shown() == "gr|");
}

TEST_CASE("repl editor: Escape and Ctrl-G leave the menu as if nothing had been selected") {
  for (const auto& key : {std::string(kEscape), ctrl('g'), std::string(kBackspace)}) {
    Typist user = completing(words({"aa", "ab"}));
    user.type("x a\t\t");
    CHECK(user.shown() == "x aa|");
    user.type(key);
    CHECK(user.shown() == "x a|");
    CHECK(user.below().empty());
  }
}

TEST_CASE("repl editor: typing while none is selected leaves fewer candidates, or none") {
  Typist user = completing(words({"foobar", "foobaz", "fool"}));
  user.type("f\t");
  CHECK(user.shown() == "foo|");
  CHECK(user.below() == Lines{"foobar  foobaz  fool"});
  user.type("b");
  CHECK(user.below() == Lines{"foobar  foobaz"});
  user.type("\x7f");
  CHECK(user.below() == Lines{"foobar  foobaz  fool"});
  user.type("l");
  CHECK(user.below().empty());
  CHECK(user.shown() == "fool|");
}

TEST_CASE("repl editor: Tab accepts the candidate that is left alone") {
  Typist user = completing(words({"foobar", "fool"}));
  user.type("f\tb\t");
  CHECK(user.text() == "foobar");
  CHECK(user.below().empty());
}

TEST_CASE("repl editor: a sign closes the menu") {
  Typist user = completing(words({"foo", "fox"}));
  user.type("f\t(");
  CHECK(user.shown() == "fo(|");
  CHECK(user.below().empty());
}

TEST_CASE("repl editor: typing on behind the selected candidate accepts it") {
  Typist user = completing(words({"foo", "fox"}));
  user.type("f\t\t(");
  CHECK(user.text() == "foo(");
  CHECK(user.below().empty());
  user.type(ctrl('_') + ctrl('_'));
  CHECK(user.text() == "fo");
}

TEST_CASE("repl editor: other keys accept the selected candidate and do what they do") {
  Typist user = completing(words({"foo", "fox"}));
  user.type("f\t\t" + ctrl('a'));
  CHECK(user.shown() == "|foo");
  user.begin();
  CHECK(user.type("f\t\t" + ctrl('c')) == Outcome::interrupted);
  CHECK(user.text() == "fo");
}

TEST_CASE("repl editor: Enter submits when none is selected") {
  Typist user = completing(words({"foo", "fox"}));
  CHECK(user.type("f\t\r") == Outcome::submitted);
  CHECK(user.text() == "fo");
}

TEST_CASE("repl editor: the menu has columns, and arrows move in them") {
  Typist user = completing(words({"a1", "a2", "a3", "a4", "a5"}));
  user.type("x a\t");
  CHECK(user.below(11) == Lines{"a1  a3  a5", "a2  a4"});
  user.type(kDown);
  CHECK(marked(user, 11) == "a1");
  user.type(kRight);
  CHECK(marked(user, 11) == "a3");
  user.type(kDown);
  CHECK(marked(user, 11) == "a4");
  user.type(kRight);
  CHECK(marked(user, 11) == "a2");
  user.type(kLeft);
  CHECK(marked(user, 11) == "a4");
  user.type(kUp);
  user.type(kUp);
  CHECK(marked(user, 11) == "a4");
  user.type(kLeft);
  user.type(kLeft);
  CHECK(marked(user, 11) == "a4");
}

TEST_CASE("repl editor: Up while none is selected is Up") {
  Typist user = completing(words({"foo", "fox"}), {"before"});
  user.type("f\t" + std::string(kHome) + std::string(kUp));
  CHECK(user.text() == "before");
}

TEST_CASE("repl editor: a menu too long for the screen tells how many more there are") {
  Typist user = completing(numbered(30));
  user.type("n\t");
  CHECK(user.below(20, 12) == Lines{"name100  name115", "name101  name116", "name102  name117", "name103  name118",
                                    "name104  name119", "… and 20 more"});
  for (int i = 0; i < 8; ++i) user.type("\t");
  CHECK(user.below(20, 12) == Lines{"name103  name118", "name104  name119", "name105  name120", "name106  name121",
                                    "name107  name122", "… and 20 more"});
  CHECK(marked(user, 20, 12) == "name107");
}

TEST_CASE("repl editor: a menu on the smallest terminal has a line") {
  Typist user = completing(numbered(30));
  user.type("n\t\t");
  CHECK(user.below(3, 1).size() == 1);
  CHECK(user.below(1, 1).size() == 1);
  CHECK(user.below(200, 2).size() <= 2);
}

TEST_CASE("repl editor: the signature of the selected candidate is below the menu") {
  Typist user = completing({{"print", "print()", "print(...)\nmore"}, {"pairs", "", "pairs(t)"}, {"p", "", ""}});
  user.type("x = p\t");
  CHECK(user.below() == Lines{"print()  pairs  p"});
  user.type("\t");
  CHECK(user.below() == Lines{"print()  pairs  p", "print(...)"});
  CHECK(user.view().below[1].spans == StyledSpans{{0, 10, Style::faint}});
  CHECK(user.below(9, 24).back() == "print(..…");
  user.type("\t");
  CHECK(user.below().back() == "pairs(t)");
}

TEST_CASE("repl editor: Tab in the middle of a line completes what stands before the cursor") {
  Typist user = completing(words({"print"}));
  user.type("pri(1)" + std::string(3, '\x02') + "\t");
  CHECK(user.shown() == "print|(1)");
}

TEST_CASE("repl editor: candidates that make no sense are none") {
  LineEditor::Hooks hooks;
  hooks.complete = [](std::string_view, std::size_t) { return Completion{99, {{"a", "", ""}, {"b", "", ""}}}; };
  Typist user(std::move(hooks));
  CHECK(user.type("x\t") == Outcome::bell);
}

TEST_CASE("repl editor: a description is shown below the entry, a menu in its place") {
  LineEditor::Hooks hooks;
  hooks.describe = [](std::string_view entry, std::size_t) { return StyledText{entry == "f(" ? "f(x, y)" : "", {}}; };
  hooks.complete = [](std::string_view, std::size_t) { return Completion{2, {{"a", "", ""}, {"b", "", ""}}}; };
  Typist user(std::move(hooks));
  user.type("f(");
  CHECK(user.below() == Lines{"f(x, y)"});
  user.type("\t");
  CHECK(user.below() == Lines{"a  b"});
}
