// Entries of before: Up and Down, the search, and what the hint offers.
#include "tests/repl/typing.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace neap::internal::repl;
using namespace neap::internal::tests;
using namespace neap::internal::tests::keys;
using namespace std::literals;
using Outcome = LineEditor::Outcome;

namespace {

std::string up(std::size_t times = 1) {
  std::string bytes;
  for (; times > 0; --times) bytes += kUp;
  return bytes;
}

std::string down(std::size_t times = 1) {
  std::string bytes;
  for (; times > 0; --times) bytes += kDown;
  return bytes;
}

}  // namespace

TEST_CASE("repl editor: Up and Down go through the entries of before") {
  Typist user({}, {"a = 1", "b = 2"});
  CHECK(user.type(down()) == Outcome::bell);
  user.type(up());
  CHECK(user.shown() == "b = 2|");
  user.type(ctrl('p'));
  CHECK(user.shown() == "a = 1|");
  CHECK(user.type(up()) == Outcome::bell);
  user.type(down());
  CHECK(user.shown() == "b = 2|");
  user.type(ctrl('n'));
  CHECK(user.shown() == "|");
  CHECK(user.type(down()) == Outcome::bell);
}

TEST_CASE("repl editor: only entries that begin with what stands before the cursor") {
  Typist user({}, {"for i", "x = 1", "for j", "for j"});
  user.type("fo" + up());
  CHECK(user.shown() == "for j|");
  user.type(up());
  CHECK(user.shown() == "for i|");
  CHECK(user.type(up()) == Outcome::bell);
  user.type(down(2));
  CHECK(user.shown() == "fo|");
  user.type("x" + std::string(kLeft) + up());
  CHECK(user.shown() == "for j|");  // what stands behind the cursor does not count
  user.type(down());
  CHECK(user.shown() == "fo|x");
}

TEST_CASE("repl editor: an entry only looked at is no beginning for the next") {
  Typist user({}, {"a", "b", "c"});
  user.type(up() + ctrl('e') + up());
  CHECK(user.shown() == "b|");
  user.type(std::string(kLeft) + kRight.data() + up());
  CHECK(user.shown() == "a|");
}

TEST_CASE("repl editor: what was searched for is followed and preceded by what was then") {
  Typist user({}, {"one", "local x", "two", "local y"});
  user.type("local" + up());
  user.begin();
  user.type(ctrl('r') + "x" + down());
  CHECK(user.shown() == "two|");
  user.type(alt("<") + down() + down());
  CHECK(user.shown() == "two|");
}

TEST_CASE("repl editor: an entry of several lines is gone through line by line first") {
  Typist user({}, {"old", "do\n  x\nend"});
  user.type(up());
  CHECK(user.shown() == "do\n  x\nend|");
  user.type(up(2));
  CHECK(user.shown() == "do|\n  x\nend");
  user.type(up());
  CHECK(user.shown() == "old|");
  user.type(down());
  CHECK(user.shown() == "do\n  x\nend|");
  user.type(down());
  CHECK(user.shown() == "|");
}

TEST_CASE("repl editor: Page Up, Alt-Up and Alt-P go to whole entries at once") {
  Typist user({}, {"old", "do\nend", "if\nend"});
  user.type("\x1b[5~");
  CHECK(user.text() == "if\nend");
  user.type("\x1b[1;3A");
  CHECK(user.text() == "do\nend");
  user.type(alt("p"));
  CHECK(user.text() == "old");
  user.type("\x1b[6~" + alt("n"));
  CHECK(user.text() == "if\nend");
}

TEST_CASE("repl editor: Alt-< and Alt-> go to the oldest and back") {
  Typist user({}, {"a", "b", "c"});
  user.type("typed" + alt("<"));
  CHECK(user.shown() == "a|");
  user.type(alt(">"));
  CHECK(user.shown() == "typed|");
  CHECK(user.type(alt(">")) == Outcome::bell);
}

TEST_CASE("repl editor: what is changed in an old entry stays until one is submitted") {
  Typist user({}, {"a", "b"});
  user.type("new" + std::string(kHome) + up() + "X" + ctrl('a') + alt("p"));
  CHECK(user.shown() == "a|");
  user.type(alt("n"));
  CHECK(user.shown() == "|bX");
  user.type(ctrl('_'));
  CHECK(user.shown() == "b|");  // each has its own undo
  user.type("Y");
  user.type(alt(">"));
  CHECK(user.shown() == "|new");
  CHECK(user.type("\r") == Outcome::submitted);
  user.begin();
  user.type(up());
  CHECK(user.shown() == "b|");
}

TEST_CASE("repl editor: Ctrl-O submits and goes on with the entry that came next") {
  Typist user({}, {"a", "b", "c"});
  user.type(up(3));
  CHECK(user.type(ctrl('o')) == Outcome::submitted);
  user.history().add("a");
  user.begin();
  CHECK(user.shown() == "b|");
  CHECK(user.type(ctrl('o')) == Outcome::submitted);
  user.begin();
  CHECK(user.shown() == "c|");
  user.type("\r");
  user.begin();
  CHECK(user.shown() == "|");
}

TEST_CASE("repl editor: the rest of the newest entry that begins like this is offered") {
  Typist user({}, {"print(1)", "print(2)", "x"});
  CHECK(user.hint().empty());
  user.type("pr");
  CHECK(user.hint() == "int(2)");
  CHECK(user.text() == "pr");
  user.type("o");
  CHECK(user.hint().empty());
  user.type("\x7f");
  CHECK(user.hint() == "int(2)");
  user.type(kLeft);
  CHECK(user.hint().empty());  // only at the end
  user.type(kRight);
  CHECK(user.hint() == "int(2)");
}

TEST_CASE("repl editor: Right, End, Ctrl-E and Ctrl-F take what is offered, in one step") {
  for (const auto& key : {std::string(kRight), std::string(kEnd), ctrl('e'), ctrl('f')}) {
    Typist user({}, {"do\n  print(2)\nend"});
    user.type("do" + key);
    CHECK(user.shown() == "do\n  print(2)\nend|");
    user.type(ctrl('_'));
    CHECK(user.shown() == "do|");
  }
}

TEST_CASE("repl editor: of an offer that is too long for half of the screen the first lines are shown") {
  Typist user({}, {"do\n  a()\n  b()\n  c()\nend"});
  user.type("d");
  CHECK(user.view(80, 24).hint == "o\n  a()\n  b()\n  c()\nend");
  CHECK(user.view(80, 6).hint == "o\n  a()\n  b() …");
  CHECK(user.view(80, 1).hint == "o …");
  user.type(kRight);
  CHECK(user.shown() == "do\n  a()\n  b()\n  c()\nend|");
}

TEST_CASE("repl editor: Alt-F takes a word of what is offered") {
  Typist user({}, {"print(foo.bar)"});
  user.type("p" + alt("f"));
  CHECK(user.shown() == "print|");
  CHECK(user.hint() == "(foo.bar)");
  user.type("\x1b[1;5C");
  CHECK(user.shown() == "print(foo|");
  user.type(alt("f") + alt("f"));
  CHECK(user.shown() == "print(foo.bar)|");
  CHECK(user.type(alt("f")) == Outcome::bell);
}

TEST_CASE("repl editor: going through the history offers nothing") {
  Typist user({}, {"a", "ab"});
  user.type(alt("<"));
  CHECK(user.shown() == "a|");
  CHECK(user.hint().empty());
}

TEST_CASE("repl editor: Ctrl-R finds what is typed, ever older") {
  Typist user({}, {"local foo = 1", "print(foo)", "x = 2"});
  user.type("typed" + ctrl('r'));
  CHECK(user.shown() == "typed|");
  CHECK(user.below() == std::vector{"search back: "s});
  user.type("fo");
  CHECK(user.shown() == "print(|foo)");
  CHECK(user.below() == std::vector{"search back: fo"s});
  const View view = user.view();
  CHECK(view.spans == StyledSpans{{6, 8, Style::match}});
  user.type(ctrl('r'));
  CHECK(user.shown() == "local |foo = 1");
  CHECK(user.type(ctrl('r')) == Outcome::bell);
  CHECK(user.shown() == "local |foo = 1");
  CHECK(user.below() == std::vector{"no more: search back: fo"s});
  user.type(ctrl('s'));
  CHECK(user.shown() == "print(|foo)");
  CHECK(user.below() == std::vector{"search forward: fo"s});
}

TEST_CASE("repl editor: Backspace takes back the last step of a search") {
  Typist user({}, {"foo", "fix", "other"});
  user.type(ctrl('r') + "f");
  CHECK(user.shown() == "|fix");
  user.type("o");
  CHECK(user.shown() == "|foo");
  user.type("z");
  CHECK(user.below() == std::vector{"no more: search back: foz"s});
  user.type("\x7f\x7f");
  CHECK(user.shown() == "|fix");
  user.type("\x7f");
  CHECK(user.shown() == "|");
  CHECK(user.type("\x7f") == Outcome::bell);
}

TEST_CASE("repl editor: Ctrl-G ends a search and gives back what was typed") {
  Typist user({}, {"foo"});
  user.type("abc" + std::string(kLeft) + ctrl('r') + "o" + ctrl('g'));
  CHECK(user.shown() == "ab|c");
  CHECK(user.below().empty());
}

TEST_CASE("repl editor: Escape ends a search and keeps what it has found") {
  Typist user({}, {"foo", "bar"});
  user.type(ctrl('r') + "oo");
  user.type(kEscape);
  CHECK(user.shown() == "f|oo");
  user.type("x");
  CHECK(user.shown() == "fx|oo");  // and it is not Alt-X
}

TEST_CASE("repl editor: Enter submits what a search has found") {
  Typist user({}, {"do\n  foo()\nend", "bar"});
  CHECK(user.type(ctrl('r') + "foo\r") == Outcome::submitted);
  CHECK(user.text() == "do\n  foo()\nend");
}

TEST_CASE("repl editor: other keys keep what a search has found, and do what they do") {
  Typist user({}, {"foo bar", "x"});
  user.type(ctrl('r') + "bar" + ctrl('a') + "!");
  CHECK(user.shown() == "!|foo bar");
  user.begin();
  user.type(ctrl('r') + "bar" + std::string(kRight));
  CHECK(user.shown() == "foo b|ar");
  user.begin();
  user.type(ctrl('r') + "bar" + alt("d"));
  CHECK(user.shown() == "foo |");
}

TEST_CASE("repl editor: a search goes on from the entry found last, and Ctrl-R twice looks for the same again") {
  Typist user({}, {"foo 1", "foo 2", "foo 3"});
  user.type(ctrl('r') + "foo" + ctrl('r') + std::string(kHome));
  CHECK(user.shown() == "|foo 2");
  user.begin();
  user.type(ctrl('r') + ctrl('r'));
  CHECK(user.shown() == "|foo 3");
  user.type(ctrl('r'));
  CHECK(user.shown() == "|foo 2");
}

TEST_CASE("repl editor: a search shows equal entries once, and takes a paste") {
  Typist user({}, {"a 1", "b", "a 2", "b", "a 2"});
  user.type(ctrl('r') + pasted("a "));
  CHECK(user.shown() == "|a 2");
  user.type(ctrl('r'));
  CHECK(user.shown() == "|a 1");
}

TEST_CASE("repl editor: Ctrl-C in a search is Ctrl-C") {
  Typist user({}, {"foo"});
  CHECK(user.type("abc" + ctrl('r') + "o" + ctrl('c')) == Outcome::interrupted);
  CHECK(user.text() == "abc");
}

TEST_CASE("repl editor: ten thousand entries are searched in a moment") {
  std::vector<std::string> entries;
  entries.reserve(10'000);
  for (int i = 0; i < 10'000; ++i) entries.push_back("local name_" + std::to_string(i) + " = " + std::string(80, 'x'));
  Typist user({}, entries);
  user.type(ctrl('r') + "name_17 ");
  CHECK(user.shown() == "local |name_17 = " + std::string(80, 'x'));
  user.type(ctrl('g') + "local name_17 ");
  CHECK(user.hint() == "= " + std::string(80, 'x'));
}
