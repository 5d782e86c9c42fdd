// Entries of several lines: where Enter ends one, indentation, and moving from line to line.
#include "tests/repl/typing.hpp"

#include <catch2/catch_test_macros.hpp>

#include <algorithm>

using namespace neap::internal::repl;
using namespace neap::internal::tests;
using namespace neap::internal::tests::keys;
using namespace std::literals;
using Outcome = LineEditor::Outcome;

namespace {

/// Complete when as many blocks are closed as were opened.
bool is_complete(std::string_view entry) {
  int open = 0;
  const auto count = [&](std::string_view word) {
    int found = 0;
    for (std::size_t at = entry.find(word); at != std::string_view::npos; at = entry.find(word, at + 1)) ++found;
    return found;
  };
  for (const auto* word : {"do", "then", "function", "repeat", "{", "("}) open += count(word);
  for (const auto* word : {"end", "until", "}", ")"}) open -= count(word);
  return open <= 0;
}

Typist lua() {
  LineEditor::Hooks hooks;
  hooks.is_complete = is_complete;
  return Typist(std::move(hooks));
}

std::string typed(std::string_view bytes) {
  Typist user = lua();
  user.type(bytes);
  return user.shown();
}

}  // namespace

TEST_CASE("repl editor: Enter submits what is complete") {
  Typist user = lua();
  CHECK(user.type("x = 1\r") == Outcome::submitted);
  CHECK(user.text() == "x = 1");
  user.begin();
  CHECK(user.type("print(1)" + std::string(kLeft) + std::string(kLeft) + "\r") == Outcome::submitted);
  user.begin();
  CHECK(user.type("\n") == Outcome::submitted);  // Ctrl-J
}

TEST_CASE("repl editor: Enter goes on in another line while the entry is open, two blanks deeper") {
  Typist user = lua();
  CHECK(user.type("while x do\r") == Outcome::changed);
  CHECK(user.shown() == "while x do\n  |");
  user.type("if y then\r");
  CHECK(user.shown() == "while x do\n  if y then\n    |");
  user.type("f()\rend");
  CHECK(user.shown() == "while x do\n  if y then\n    f()\n  end|");
  user.type("\rend");
  CHECK(user.type("\r") == Outcome::submitted);
  CHECK(user.text() == "while x do\n  if y then\n    f()\n  end\nend");
}

TEST_CASE("repl editor: what closes a block stands as far in as what opened it") {
  CHECK(typed("if a then\rb()\relse") == "if a then\n  b()\nelse|");
  CHECK(typed("if a then\rb()\relseif c then\rd()\rend") == "if a then\n  b()\nelseif c then\n  d()\nend|");
  CHECK(typed("repeat\rx()\runtil") == "repeat\n  x()\nuntil|");
  CHECK(typed("x = {\r1,\r}") == "x = {\n  1,\n}|");
  CHECK(typed("f(function()\rg()\rend") == "f(function()\n  g()\nend|");
  CHECK(typed("f({\r1\r})") == "f({\n  1\n})|");
  CHECK(typed("f(\r1\r)") == "f(\n  1\n)|");
}

TEST_CASE("repl editor: a name that begins like the end of a block is none") {
  CHECK(typed("do\rendpoint") == "do\n  endpoint|");
  CHECK(typed("do\relsewhere = 1") == "do\n  elsewhere = 1|");
  CHECK(typed("do\rend = 1") == "do\nend = 1|");
  CHECK(typed("do\rx end") == "do\n  x end|");
  CHECK(typed("do\r--[[\r  end") == "do\n  --[[\n  end|");  // in a comment
}

TEST_CASE("repl editor: a name completed before text of its line is not dedented") {
  CHECK(typed("do\rx" + std::string(kLeft) + "end") == "do\n  end|x");
}

TEST_CASE("repl editor: undo takes back a dedented end as it was typed") {
  Typist user = lua();
  user.type("do\rend" + ctrl('_'));
  CHECK(user.shown() == "do\n  |");
}

TEST_CASE("repl editor: no indentation inside strings and comments") {
  CHECK(typed("do x = [[\r") == "do x = [[\n|");
  CHECK(typed("do --[[ x\r") == "do --[[ x\n|");
  CHECK(typed("do -- then\r") == "do -- then\n  |");
  CHECK(typed("x = {\"do\",\r") == "x = {\"do\",\n  |");
}

TEST_CASE("repl editor: a block indented otherwise goes on as it is") {
  Typist user = lua();
  user.type(pasted("do\n\tif x then"));
  user.type("\r");
  CHECK(user.shown() == "do\n\tif x then\n\t  |");
}

TEST_CASE("repl editor: Enter in the middle of several lines makes another one") {
  Typist user = lua();
  user.type(pasted("do\n  a()\nend") + std::string(kUp) + ctrl('e'));
  CHECK(user.type("\r") == Outcome::changed);
  CHECK(user.shown() == "do\n  a()\n  |\nend");
  user.type("b()" + std::string(kDown));
  CHECK(user.type("\r") == Outcome::submitted);
}

TEST_CASE("repl editor: the rest of a line that is divided is indented too") {
  Typist user = lua();
  user.type("do a() b()" + std::string(4, '\x02') + "\r");
  CHECK(user.shown() == "do a()\n  |b()");
  Typist other = lua();
  other.type("do end" + std::string(3, '\x02') + alt("\r"));
  CHECK(other.shown() == "do \n|end");
}

TEST_CASE("repl editor: a line left empty keeps no blanks") { CHECK(typed("do\r\r") == "do\n\n  |"); }

TEST_CASE("repl editor: Alt-Enter makes a new line wherever") {
  Typist user = lua();
  CHECK(user.type("x = 1" + alt("\r")) == Outcome::changed);
  CHECK(user.shown() == "x = 1\n|");
  CHECK(user.type("y = 2" + std::string(kUp)) == Outcome::changed);
  CHECK(user.shown() == "x = 1|\ny = 2");
}

TEST_CASE("repl editor: Tab indents in front of a line, Backspace and Shift-Tab take it back") {
  CHECK(typed("\t") == "  |");
  CHECK(typed("do\r\tx") == "do\n    x|");
  CHECK(typed("do\r\t\x7f") == "do\n  |");
  CHECK(typed("   \x7f") == "  |");
  CHECK(typed("do\r\tx" + std::string(kShiftTab)) == "do\n  x|");
  CHECK(typed("x" + std::string(kShiftTab)) == "x|");
}

TEST_CASE("repl editor: Up and Down keep their column, also through short and wide lines") {
  Typist user = lua();
  user.type(pasted("abcdef\nx\n日本語gh"));
  CHECK(user.shown() == "abcdef\nx\n日本語gh|");
  user.type(kLeft);
  user.type(kUp);
  CHECK(user.shown() == "abcdef\nx|\n日本語gh");
  user.type(kUp);
  CHECK(user.shown() == "abcdef|\nx\n日本語gh");
  user.type(kLeft);
  user.type(ctrl('n') + ctrl('n'));
  CHECK(user.shown() == "abcdef\nx\n日本|語gh");  // the middle of a wide one counts as before it
  user.type(ctrl('p') + ctrl('p'));
  CHECK(user.shown() == "abcde|f\nx\n日本語gh");
  CHECK(user.type(kUp) == Outcome::bell);
}
