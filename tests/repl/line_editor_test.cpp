// What a person types, and what is there then: moving, changing, killing, undoing. The bar is the cursor.
#include "tests/repl/typing.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace neap::internal::repl;
using namespace neap::internal::tests;
using namespace neap::internal::tests::keys;
using namespace std::literals;
using Outcome = LineEditor::Outcome;

namespace {

/// What stands there when `before` has been typed, with the cursor at its bar, and then `bytes`.
std::string after(std::string_view before, std::string_view bytes) {
  Typist user;
  const std::size_t bar = before.find('|');
  user.type(pasted(std::string(before).erase(bar, 1)));
  std::size_t left = 0;
  for (std::size_t at = before.size() - 1; at > bar; ++left) at = cluster_begin(std::string(before).erase(bar, 1), at);
  for (; left > 0; --left) user.type(kLeft);
  REQUIRE(user.shown() == before);
  user.type(bytes);
  return user.shown();
}

}  // namespace

TEST_CASE("repl editor: what is typed stands before the cursor") {
  Typist user;
  CHECK(user.type("x = 1") == Outcome::changed);
  CHECK(user.shown() == "x = 1|");
  user.type(std::string(kLeft).append(kLeft).append("é日"));
  CHECK(user.shown() == "x =é日| 1");
}

TEST_CASE("repl editor: the cursor moves by what is one character to the eye") {
  CHECK(after("a👨‍👩‍👧|b", kLeft) == "a|👨‍👩‍👧b");
  CHECK(after("|👨‍👩‍👧b", ctrl('f')) == "👨‍👩‍👧|b");
  CHECK(after("e\u0301|", ctrl('b')) == "|e\u0301");
  CHECK(after("🇩🇪🇫🇷|", kLeft) == "🇩🇪|🇫🇷");
  CHECK(after("|a", kLeft) == "|a");
  CHECK(after("a|", kRight) == "a|");
  CHECK(after("a\n|b", kLeft) == "a|\nb");
}

TEST_CASE("repl editor: words are names and numbers, and everything beyond ASCII") {
  CHECK(after("foo.bar_1 + |", alt("b")) == "foo.|bar_1 + ");
  CHECK(after("foo.|bar", alt("b")) == "|foo.bar");
  CHECK(after("|foo.bar", alt("f")) == "foo|.bar");
  CHECK(after("foo|.bar", "\x1b[1;5C") == "foo.bar|");
  CHECK(after("foo.bar|", "\x1b[1;5D") == "foo.|bar");
  CHECK(after("größe = 日本|", alt("b")) == "größe = |日本");
  CHECK(after("a\nb|", "\x1b[1;3D\x1b[1;3D") == "|a\nb");
}

TEST_CASE("repl editor: Home and End are the line's, with Control the entry's") {
  CHECK(after("ab\ncd|\nef", ctrl('a')) == "ab\n|cd\nef");
  CHECK(after("ab\nc|d\nef", ctrl('e')) == "ab\ncd|\nef");
  CHECK(after("ab\nc|d\nef", kHome) == "ab\n|cd\nef");
  CHECK(after("ab\nc|d\nef", kEnd) == "ab\ncd|\nef");
  CHECK(after("ab\nc|d\nef", "\x1b[1;5H") == "|ab\ncd\nef");
  CHECK(after("ab\nc|d\nef", "\x1b[1;5F") == "ab\ncd\nef|");
}

TEST_CASE("repl editor: deleting takes whole clusters") {
  CHECK(after("ae\u0301|", kBackspace) == "a|");
  CHECK(after("a👍🏽|b", "\b") == "a|b");
  CHECK(after("a|👨‍👩‍👧b", kDelete) == "a|b");
  CHECK(after("a|b", ctrl('d')) == "a|");
  CHECK(after("a|\nb", kDelete) == "a|b");
  CHECK(after("a|", ctrl('d')) == "a|");
  CHECK(after("a  | b", alt("\\")) == "a|b");
}

TEST_CASE("repl editor: Ctrl-D on an empty entry is the end, and only there") {
  Typist user;
  CHECK(user.type(kDelete) == Outcome::bell);
  CHECK(user.type(ctrl('d')) == Outcome::end_of_input);
  user.type("a");
  CHECK(user.type(ctrl('d')) == Outcome::bell);
}

TEST_CASE("repl editor: a cursor is never left inside a cluster") {
  CHECK(after("🇩|x🇪", kDelete) == "🇩🇪|");        // two halves have become a flag
  CHECK(after("a|x\u0301b", alt("d")) == "a|");  // x with its accent is a letter of the word
  CHECK(after("|\u0301", "e") == "e\u0301|");    // typed in front of a mark, which now belongs to it
}

TEST_CASE("repl editor: what is killed can be yanked") {
  CHECK(after("local x| = 1", ctrl('k') + ctrl('a') + ctrl('y')) == " = 1|local x");
  CHECK(after("local x| = 1", ctrl('u') + ctrl('e') + ctrl('y')) == " = 1local x|");
  CHECK(after("f(a.b c|)", ctrl('w')) == "f(a.b |)");
  CHECK(after("f(a.b |)", ctrl('w')) == "|)");
  CHECK(after("f(a.b|)", alt(kBackspace)) == "f(a.|)");
  CHECK(after("f(|a.b)", alt("d")) == "f(|.b)");
  CHECK(after("|ab.c", "\x1b[3;5~") == "|.c");
  CHECK(after("ab.c|", "\x1b[127;5u") == "ab.|");
  CHECK(after("ab|", ctrl('x') + "\x7f") == "|");
}

TEST_CASE("repl editor: killing at the end of a line joins the next, at its beginning the one before") {
  CHECK(after("ab|\ncd", ctrl('k')) == "ab|cd");
  CHECK(after("ab\n|cd", ctrl('u')) == "ab|cd");
  CHECK(after("a|b\ncd", ctrl('k')) == "a|\ncd");
  CHECK(after("ab\nc|d", ctrl('u')) == "ab\n|d");
}

TEST_CASE("repl editor: kills in a row are one") {
  CHECK(after("a b c|", alt(kBackspace) + alt(kBackspace) + ctrl('y')) == "a b c|");
  CHECK(after("|a b c", alt("d") + alt("d") + ctrl('e') + ctrl('y')) == " ca b|");
  CHECK(after("a b| c", alt("d") + alt(kBackspace) + ctrl('y')) == "a b c|");
  CHECK(after("a b c|", alt(kBackspace) + ctrl('b') + alt(kBackspace) + ctrl('y')) == "a b| ");
}

TEST_CASE("repl editor: Alt-Y after a yank brings back what was killed before, round and round") {
  Typist user;
  user.type("one" + ctrl('u') + "two" + ctrl('u') + "three" + ctrl('u'));
  CHECK(user.type(alt("y")) == Outcome::bell);
  user.type("<>" + std::string(kLeft) + ctrl('y'));
  CHECK(user.shown() == "<three|>");
  user.type(alt("y"));
  CHECK(user.shown() == "<two|>");
  user.type(alt("y"));
  CHECK(user.shown() == "<one|>");
  user.type(alt("y"));
  CHECK(user.shown() == "<three|>");
  user.begin();
  user.type(ctrl('y'));
  CHECK(user.text() == "three");  // it outlives the entry
}

TEST_CASE("repl editor: the kill ring keeps sixty") {
  Typist user;
  for (int i = 0; i < 61; ++i) user.type("k" + std::to_string(i) + ctrl('u'));
  user.type(ctrl('y'));
  for (int i = 0; i < 59; ++i) user.type(alt("y"));
  CHECK(user.text() == "k1");
  user.type(alt("y"));
  CHECK(user.text() == "k60");
}

TEST_CASE("repl editor: characters and words change places") {
  CHECK(after("ab|", ctrl('t')) == "ba|");
  CHECK(after("a|bc", ctrl('t')) == "ba|c");
  CHECK(after("|ab", ctrl('t')) == "|ab");
  CHECK(after("a|", ctrl('t')) == "a|");
  CHECK(after("xe\u0301|", ctrl('t')) == "e\u0301x|");
  CHECK(after("foo| bar", alt("t")) == "bar foo|");
  CHECK(after("foo, bar|", alt("t")) == "bar, foo|");
  CHECK(after("foo ba|r", alt("t")) == "bar foo|");
  CHECK(after("foo|", alt("t")) == "foo|");
}

TEST_CASE("repl editor: the case of a word") {
  CHECK(after("|héllo World", alt("u")) == "HÉLLO| World");
  CHECK(after("|HELLO World", alt("l") + alt("l")) == "hello world|");
  CHECK(after("|élan VITAL", alt("c") + alt("c")) == "Élan Vital|");
  CHECK(after("a|", alt("u")) == "a|");
}

TEST_CASE("repl editor: undo takes back a word typed, redo gives it again") {
  Typist user;
  user.type("local x = 12");
  user.type(ctrl('_'));
  CHECK(user.shown() == "local x = |");
  user.type(ctrl('x') + ctrl('u'));
  CHECK(user.shown() == "local x |");
  user.type(alt("_"));
  CHECK(user.shown() == "local x = |");
  user.type(alt("/"));
  CHECK(user.shown() == "local x = 12|");
  CHECK(user.type(alt("_")) == Outcome::bell);
  user.type(ctrl('_') + "y");
  CHECK(user.type(alt("_")) == Outcome::bell);  // something else has been typed
  user.type(ctrl('_') + ctrl('_') + ctrl('_') + ctrl('_'));
  CHECK(user.text().empty());
  CHECK(user.type(ctrl('_')) == Outcome::bell);
}

TEST_CASE("repl editor: undo puts the cursor where it was") {
  Typist user;
  user.type("abc def" + ctrl('a') + ctrl('k') + ctrl('_'));
  CHECK(user.shown() == "|abc def");
  user.type(ctrl('e') + ctrl('w') + ctrl('_'));
  CHECK(user.shown() == "abc def|");
}

TEST_CASE("repl editor: typing at another place is another step") {
  Typist user;
  user.type("ab" + std::string(kLeft) + "x" + std::string(kRight) + "y" + ctrl('_'));
  CHECK(user.text() == "axb");
  user.type(ctrl('_'));
  CHECK(user.text() == "ab");
}

TEST_CASE("repl editor: Alt-R takes everything back") {
  Typist user;
  user.begin("x = 1");
  user.type(" + 2" + ctrl('a') + alt("d") + alt("r"));
  CHECK(user.text() == "x = 1");
}

TEST_CASE("repl editor: a paste is inserted as it is, is one step, and never submits") {
  Typist user;
  user.type("a ");
  CHECK(user.type(pasted("if x then\r\n\tend\r\n\x01")) == Outcome::changed);
  CHECK(user.text() == "a if x then\n\tend\n\x01");
  user.type(ctrl('_'));
  CHECK(user.shown() == "a |");
}

TEST_CASE("repl editor: Ctrl-V inserts the next key as it is") {
  Typist user;
  user.type(ctrl('v') + "\t" + ctrl('q') + "\x01" + ctrl('v') + "\r" + ctrl('v') + "x" + ctrl('v') + "\x1b");
  CHECK(user.text() == "\t\x01\nx\x1b");
  CHECK(user.type(ctrl('v') + std::string(kUp)) == Outcome::bell);
}

TEST_CASE("repl editor: Escape and then a key is Alt with it") {
  Typist user;
  user.type("foo bar");
  CHECK(user.type(kEscape) == Outcome::none);
  user.type("b");
  CHECK(user.shown() == "foo |bar");
  user.type(kEscape);
  user.type("dx");
  CHECK(user.shown() == "foo x|");
  user.type(kEscape);
  user.type(kBackspace);
  CHECK(user.shown() == "foo |");
}

TEST_CASE("repl editor: Ctrl-C is Ctrl-C also behind Escape") {
  Typist user;
  user.type("ab");
  user.type(kEscape);
  CHECK(user.type(ctrl('c')) == Outcome::interrupted);
  CHECK(user.type(alt(ctrl('c'))) == Outcome::interrupted);
}

TEST_CASE("repl editor: keys that are for others are told, and change nothing") {
  Typist user;
  user.type("ab" + std::string(kLeft));
  CHECK(user.type(ctrl('l')) == Outcome::cleared);
  CHECK(user.type(ctrl('z')) == Outcome::suspended);
  CHECK(user.type(ctrl('x') + ctrl('e')) == Outcome::edit);
  CHECK(user.type(ctrl('g')) == Outcome::bell);
  CHECK(user.type(alt("z")) == Outcome::bell);
  CHECK(user.type("\x1b[99~") == Outcome::none);
  CHECK(user.shown() == "a|b");
  CHECK(user.type(ctrl('c')) == Outcome::interrupted);
  CHECK(user.text() == "ab");
  user.begin();
  CHECK(user.text().empty());
  user.type(ctrl('y'));
  CHECK(user.text() == "ab");  // what was put away is not lost
}

TEST_CASE("repl editor: what the user's own editor gives back is one step") {
  Typist user;
  user.type("a b");
  user.editor().set_text("x\ny");
  CHECK(user.shown() == "x\ny|");
  user.type(ctrl('_'));
  CHECK(user.shown() == "a b|");
}

TEST_CASE("repl editor: Alt-. inserts the last argument of entries before") {
  Typist user({}, {"g('a b', 12)", "()", "print(foo.bar:baz)"});
  user.type("x = " + alt("."));
  CHECK(user.shown() == "x = foo.bar:baz|");
  user.type(alt("."));
  CHECK(user.shown() == "x = 12|");
  CHECK(user.type(alt(".")) == Outcome::bell);
  CHECK(user.shown() == "x = 12|");
}

TEST_CASE("repl editor: the view when an entry is done has no hint and no menu") {
  Typist user({}, {"print(1)"});
  user.type("pri" + std::string(kLeft));
  const View view = user.editor().final_view();
  CHECK(view.text == "pri");
  CHECK(view.cursor == 3);
  CHECK(view.hint.empty());
  CHECK(view.below.empty());
  CHECK(view.prompt.text == "> ");
  CHECK(view.continuation.text == ". ");
}
