// The renderer against a small model of a terminal: what it draws must be what the rows hold, whatever was there
// before.
#include "repl/screen.hpp"
#include "tests/support/model_terminal.hpp"

#include <catch2/catch_test_macros.hpp>

#include <random>
#include <string>

using namespace neap::internal::repl;
using neap::internal::tests::ModelTerminal;

namespace {

View view_of(std::string text, std::size_t cursor) {
  View view;
  view.prompt = {"> ", {}};
  view.continuation = {". ", {}};
  view.text = std::move(text);
  view.cursor = cursor;
  return view;
}

View view_of(const std::string& text) { return view_of(text, text.size()); }

/// Without blanks at the ends of lines and empty rows at the end, which nobody sees.
std::string trimmed(const std::string& text) {
  std::string result;
  for (const char c : text) {
    if (c == '\n') result.resize(result.find_last_not_of(' ') + 1);
    result += c;
  }
  result.resize(result.find_last_not_of('\n') + 1);
  return result;
}

struct Drawing {
  Drawing(int columns, int rows, Reflow reflow = Reflow::keeps_rows) : terminal(columns, rows), reflow_of(reflow) {
    screen.resize(columns, rows, reflow);
  }

  /// What the terminal shows, "|" in front of the cell with the cursor.
  std::string draw(const View& view) {
    terminal.feed(screen.draw(view));
    return terminal.picture();
  }

  void resize(int columns, int rows) {
    terminal.resize(columns, rows);
    screen.resize(columns, rows, reflow_of);
  }

  ModelTerminal terminal;
  Screen screen{true};
  Reflow reflow_of;
};

}  // namespace

TEST_CASE("repl screen: an entry with its prompts, and the cursor in it", "[repl]") {
  Drawing drawing(20, 10);
  CHECK(drawing.draw(view_of("")) == "> |\n");
  CHECK(drawing.draw(view_of("for")) == "> for|\n");
  CHECK(drawing.draw(view_of("for\nend", 2)) == "> fo|r\n. end\n");
  CHECK(drawing.draw(view_of("a\n\nb", 2)) == "> a\n. |\n. b\n");
}

TEST_CASE("repl screen: a long line goes on in the next row, and a full one has the cursor there", "[repl]") {
  Drawing drawing(6, 10);
  CHECK(drawing.draw(view_of("abcd")) == "> abcd\n|\n");
  CHECK(drawing.draw(view_of("abcde")) == "> abcd\ne|\n");
  CHECK(drawing.draw(view_of("abcd", 3)) == "> abc|d\n");
  CHECK(drawing.draw(view_of("abcd\ne", 6)) == "> abcd\n. e|\n");
}

TEST_CASE("repl screen: rows of one line are joined by the terminal's own wrapping", "[repl]") {
  Drawing drawing(6, 10);
  drawing.draw(view_of("abcdefghijkl"));
  CHECK(drawing.terminal.wraps(0));
  CHECK(drawing.terminal.wraps(1));
  CHECK_FALSE(drawing.terminal.wraps(2));
}

TEST_CASE("repl screen: a line that grows over the margin is joined with its new row", "[repl]") {
  Drawing drawing(6, 10);
  std::string text;
  for (const char c : std::string("abcdefg")) drawing.draw(view_of(text += c));
  CHECK(drawing.terminal.picture() == "> abcd\nefg|\n");
  CHECK(drawing.terminal.wraps(0));
}

TEST_CASE("repl screen: a wide character is not split at the margin", "[repl]") {
  Drawing drawing(6, 10);
  CHECK(drawing.draw(view_of("abc日")) == "> abc \n日|\n");
  CHECK(drawing.draw(view_of("ab日")) == "> ab日\n|\n");
  CHECK(drawing.draw(view_of("日本語", 3)) == "> 日|本\n語\n");
}

TEST_CASE("repl screen: combining characters take no cell of their own", "[repl]") {
  Drawing drawing(10, 4);
  CHECK(drawing.draw(view_of("e\u0301x")) == "> e\u0301x|\n");
}

TEST_CASE("repl screen: what follows a character that terminals disagree about is placed by its column", "[repl]") {
  Drawing drawing(10, 4);
  const std::string flag = "\U0001F1E9\U0001F1EA";
  CHECK(drawing.screen.draw(view_of(flag + "x")) == "\x1b[J> " + flag + "\x1b[5Gx\x1b[K");
  CHECK(drawing.screen.draw(view_of(flag + "xy")) == "y");
}

TEST_CASE("repl screen: controls and bytes that are no text are shown by what stands for them", "[repl]") {
  Drawing drawing(20, 4);
  CHECK(drawing.draw(view_of("\x01\tx\xFFy")) == "> ^A    x\uFFFDy|\n");
}

TEST_CASE("repl screen: a hint stands behind the text, and the cursor before it", "[repl]") {
  Drawing drawing(20, 5);
  View view = view_of("pri");
  view.hint = "nt(1)\nmore";
  CHECK(drawing.draw(view) == "> pri|nt(1)\n. more\n");
  view.hint.clear();
  CHECK(drawing.draw(view) == "> pri|\n");
}

TEST_CASE("repl screen: lines below are cut to the width, and go away", "[repl]") {
  Drawing drawing(8, 6);
  View view = view_of("x");
  view.below = {{"candidate-1", {}}, {"日本語日本語", {}}};
  CHECK(drawing.draw(view) == "> x|\ncandidat\n日本語日\n");
  CHECK(drawing.draw(view_of("x")) == "> x|\n");
}

TEST_CASE("repl screen: a key at the end of a line costs a few bytes", "[repl]") {
  Drawing drawing(80, 6);
  drawing.draw(view_of("local x = 1"));
  CHECK(drawing.screen.draw(view_of("local x = 12")) == "2");
  CHECK(drawing.screen.draw(view_of("local x = 12")).empty());
  CHECK(drawing.screen.draw(view_of("local x = 12", 0)) == "\x1b[3G");
}

TEST_CASE(
    "repl screen: styles are switched on and off again, and not at all without colours but where they mean something",
    "[repl]") {
  View view = view_of("if x");
  view.spans = {{0, 2, Style::keyword}};
  Screen coloured(true);
  CHECK(coloured.draw(view) == "\x1b[J> \x1b[35mif\x1b[0m x");
  Screen plain(false);
  CHECK(plain.draw(view) == "\x1b[J> if x");
  view.spans = {{0, 2, Style::selected}};
  CHECK(plain.draw(view) == "\x1b[3G\x1b[7mif\x1b[0m\x1b[7G");
}

TEST_CASE("repl screen: of an entry taller than the screen the part around the cursor is shown", "[repl]") {
  Drawing drawing(10, 3);
  const std::string text = "1\n2\n3\n4\n5\n6";
  CHECK(drawing.draw(view_of(text)) == ". 4\n. 5\n. 6|\n");
  CHECK(drawing.draw(view_of(text, 0)) == "> |1\n. 2\n. 3\n");
  CHECK(drawing.draw(view_of(text, 6)) == ". 2\n. 3\n. |4\n");
  CHECK(drawing.draw(view_of(text, 2)) == ". |2\n. 3\n. 4\n");
}

TEST_CASE("repl screen: lines below never hide the entry", "[repl]") {
  Drawing drawing(10, 4);
  View view = view_of("1\n2\n3");
  for (int i = 0; i < 9; ++i) view.below.push_back({"line", {}});
  CHECK(drawing.draw(view) == ". 2\n. 3|\nline\nline\n");
}

TEST_CASE("repl screen: a row above is kept on the screen when it must be", "[repl]") {
  Drawing drawing(10, 3);
  drawing.terminal.feed("above\r\n");
  drawing.screen.keep_above(1);
  CHECK(drawing.draw(view_of("1\n2\n3")) == "above\n. 2\n. 3|\n");
}

TEST_CASE("repl screen: a finished entry stays whole, in the rows above", "[repl]") {
  Drawing drawing(10, 3);
  const std::string text = "1\n2\n3\n4\n5";
  drawing.draw(view_of(text, 0));
  drawing.terminal.feed(drawing.screen.finish(view_of(text)));
  CHECK(drawing.terminal.history() == "> 1\n. 2\n. 3\n");
  CHECK(drawing.terminal.picture() == ". 4\n. 5\n|\n");
}

TEST_CASE("repl screen: a finished entry that fills its row leaves no empty one", "[repl]") {
  Drawing drawing(6, 5);
  CHECK(drawing.draw(view_of("abcd")) == "> abcd\n|\n");
  drawing.terminal.feed(drawing.screen.finish(view_of("abcd")));
  CHECK(drawing.terminal.picture() == "> abcd\n|\n");
  CHECK_FALSE(drawing.terminal.wraps(0));
}

TEST_CASE("repl screen: erasing leaves the cursor where the block began", "[repl]") {
  Drawing drawing(10, 6);
  drawing.terminal.feed("before\r\n");
  drawing.draw(view_of("1\n2\n3", 2));
  drawing.terminal.feed(drawing.screen.erase());
  CHECK(drawing.terminal.picture() == "before\n|\n");
  CHECK(drawing.draw(view_of("x")) == "before\n> x|\n");
}

TEST_CASE("repl screen: a block at the bottom of the screen scrolls what is above", "[repl]") {
  Drawing drawing(10, 3);
  drawing.terminal.feed("a\r\nb\r\n");
  CHECK(drawing.draw(view_of("1")) == "a\nb\n> 1|\n");
  CHECK(drawing.draw(view_of("1\n2")) == "b\n> 1\n. 2|\n");
  CHECK(drawing.draw(view_of("1")) == "b\n> 1|\n");
}

TEST_CASE("repl screen: a narrower or wider terminal that keeps its rows shows the entry laid out anew", "[repl]") {
  Drawing drawing(12, 8);
  drawing.terminal.feed("above\r\n");
  drawing.draw(view_of("abcdefghijklmnop"));
  drawing.resize(8, 8);
  CHECK(drawing.draw(view_of("abcdefghijklmnop")) == "above\n> abcdef\nghijklmn\nop|\n");
  drawing.resize(30, 8);
  CHECK(drawing.draw(view_of("abcdefghijklmnop")) == "above\n> abcdefghijklmnop|\n");
}

TEST_CASE("repl screen: a narrower or wider terminal that wraps again shows the entry laid out anew", "[repl]") {
  Drawing drawing(12, 12, Reflow::wraps_again);
  drawing.terminal.set_reflow(true);
  drawing.terminal.feed("above\r\n");
  const View view = view_of("abcdefghijklmnop\nabcdefghijk");
  drawing.draw(view);
  drawing.resize(8, 12);
  CHECK(drawing.draw(view) == "above\n> abcdef\nghijklmn\nop\n. abcdef\nghijk|\n");
  drawing.resize(30, 12);
  CHECK(drawing.draw(view) == "above\n> abcdefghijklmnop\n. abcdefghijk|\n");
  drawing.resize(5, 12);
  CHECK(drawing.draw(view) == "above\n> abc\ndefgh\nijklm\nnop\n. abc\ndefgh\nijk|\n");
}

TEST_CASE("repl screen: whatever is drawn after whatever, the terminal shows what a fresh one would", "[repl]") {
  std::mt19937 random(20);  // NOLINT(bugprone-random-generator-seed): the same in every run
  const std::string pieces[] = {"a", "b", " ", "\n", "日", "é", "e\u0301", "x = 1", "\t"};
  const auto below = [&](unsigned limit) { return static_cast<std::size_t>(random() % limit); };
  for (int round = 0; round < 60; ++round) {
    const int columns = 4 + static_cast<int>(below(12));
    const int rows = 2 + static_cast<int>(below(8));
    Drawing drawing(columns, rows);
    std::string text;
    for (int step = 0; step < 60; ++step) {
      if (below(4) == 0) text.clear();
      for (std::size_t i = below(6); i > 0; --i) text += pieces[below(std::size(pieces))];
      std::size_t cursor = below(static_cast<unsigned>(text.size()) + 1);
      while (cursor < text.size() && (static_cast<unsigned char>(text[cursor]) & 0xC0U) == 0x80U) ++cursor;
      if (text.compare(cursor, 2, "\u0301") == 0) cursor = text.size();
      View view = view_of(text, cursor);
      if (below(3) == 0) view.hint = "hint";
      if (below(3) == 0) view.below.assign(below(4), {"below", {{1, 3, Style::selected}}});
      view.spans = {{0, text.size() / 2, Style::keyword}};
      const std::string shown = drawing.draw(view);
      INFO("columns " << columns << " rows " << rows << " step " << step << " text " << text << " cursor " << cursor);
      CHECK(trimmed(shown) == trimmed(drawing.screen.sketch(view)));
    }
  }
}
