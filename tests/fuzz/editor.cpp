// Any bytes at the prompt's line editor, in any pieces: the keys do not depend on the pieces, the cursor stands between
// two characters of the text, and a terminal shows what the editor says.
//
// Input: a byte for the columns, one for the rows, and what is typed. 0xFD, which no terminal sends, is followed by an
// event: see `event`.
#include "repl/highlight.hpp"
#include "repl/keys.hpp"
#include "repl/line_editor.hpp"
#include "repl/screen.hpp"
#include "repl/text.hpp"
#include "tests/fuzz/target.hpp"
#include "tests/support/model_terminal.hpp"

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace neap::internal::fuzz {

namespace {

using repl::Key;
using Outcome = repl::LineEditor::Outcome;

constexpr char kEvent = '\xFD';
constexpr std::size_t kLongestEntry = 4000;

repl::LineEditor::Hooks hooks() {
  repl::LineEditor::Hooks hooks;
  hooks.is_complete = [](std::string_view entry) { return entry.find("do") == std::string_view::npos; };
  hooks.complete = [](std::string_view entry, std::size_t cursor) {
    repl::Completion completion;
    completion.from = cursor == 0 ? 0 : repl::cluster_begin(entry, cursor);
    for (const char* word : {"a", "abc", "ab\u65e5", "e\u0301", "ende", "endo"}) {
      if (std::string_view(word).starts_with(entry.substr(completion.from, cursor - completion.from))) {
        completion.candidates.push_back({word, "", "detail"});
      }
    }
    return completion;
  };
  hooks.highlight = [](std::string_view entry, std::size_t cursor) { return repl::highlight(entry, cursor, {}); };
  hooks.describe = [](std::string_view entry, std::size_t cursor) {
    const bool called = cursor > 0 && cursor <= entry.size() && entry[cursor - 1] == '(';
    return called ? repl::StyledText{"f(a, b)", {}} : repl::StyledText{};
  };
  return hooks;
}

/// Text that comes in several keys is one.
void join(std::vector<Key>& keys, const std::vector<Key>& more) {
  for (const Key& key : more) {
    const auto plain = [](const Key& it) { return it.kind == Key::Kind::text && !it.alt && !it.control; };
    if (!keys.empty() && plain(keys.back()) && plain(key)) {
      keys.back().text += key.text;
    } else {
      keys.push_back(key);
    }
  }
}

/// Without blanks, line ends and cursor: what is left must be the same however it is laid out.
std::string inked(std::string_view text) {
  std::string result;
  for (const char c : text) {
    if (c != ' ' && c != '\n' && c != '|') result += c;
  }
  return result;
}

std::string trimmed(const std::string& text) {
  std::string result;
  for (const char c : text) {
    if (c == '\n') result.resize(result.find_last_not_of(' ') + 1);
    result += c;
  }
  result.resize(result.find_last_not_of('\n') + 1);
  return result;
}

class Session {
 public:
  Session(int columns, int rows) : columns_(columns), rows_(rows), editor_(history_, hooks()) {
    for (const char* entry : {"do\n  x()\nend", "print(1)", "local x = 1", "\u65e5\u672c = 2", "end"}) {
      history_.add(entry);
    }
    begin();
    new_terminal();
  }

  void feed(std::string_view piece) {
    std::vector<Key> keys;
    decoder_.feed(piece, keys);
    typed_ += piece;
    press(keys);
  }

  void flush() {
    std::vector<Key> keys;
    decoder_.flush(keys);
    press(keys);
    require(!decoder_.pending(), "the decoder keeps bytes when nothing follows");
    check_pieces();
  }

  /// What the terminal shows is what the editor says.
  void draw() {
    const repl::View view = editor_.view(columns_, rows_);
    check(view);
    terminal_->feed(screen_->draw(view));
    require(screen_->draw(view).empty(), "what is shown already is drawn again");
    const std::string sketch = trimmed(screen_->sketch(view));
    const std::string picture = trimmed(terminal_->picture());
    require(picture.ends_with(sketch), "the terminal does not show the view");
    if (fresh_) require(picture == sketch, "the terminal shows more than the view");
    const auto shown_rows = std::count(sketch.begin(), sketch.end(), '\n') + 1;
    if (view.below.empty() && shown_rows < rows_) check_ink(view, sketch);
  }

  void resize(int columns, int rows) {
    columns_ = columns;
    rows_ = rows;
    new_terminal();
  }

  void resize_shown(int columns, int rows) {
    columns_ = columns;
    rows_ = rows;
    terminal_->resize(columns, rows);
    screen_->resize(columns, rows, repl::Reflow::keeps_rows);
    fresh_ = false;
  }

  /// A program writes above the entry.
  void print(std::string_view line) {
    terminal_->feed(screen_->erase());
    terminal_->feed(line);
    terminal_->feed("\r\n");
    fresh_ = false;
    draw();
  }

 private:
  void begin() { editor_.begin({"> ", {}}, {". ", {}}); }

  void new_terminal() {
    terminal_ = std::make_unique<tests::ModelTerminal>(columns_, rows_);
    screen_ = std::make_unique<repl::Screen>(true);
    screen_->resize(columns_, rows_, repl::Reflow::keeps_rows);
    fresh_ = true;
  }

  void press(const std::vector<Key>& keys) {
    join(keys_, keys);
    for (const Key& key : keys) {
      const Outcome outcome = editor_.key(key);
      require(editor_.cursor() <= editor_.text().size(), "the cursor is behind the text");
      require(repl::cluster_boundary(editor_.text(), editor_.cursor()) == editor_.cursor(),
              "the cursor is within a character");
      const bool over = outcome == Outcome::submitted || outcome == Outcome::interrupted ||
                        outcome == Outcome::end_of_input || editor_.text().size() > kLongestEntry;
      if (outcome == Outcome::submitted) history_.add(editor_.text());
      if (outcome == Outcome::edit) editor_.set_text(editor_.text());
      if (over) end_entry();
    }
  }

  void end_entry() {
    const repl::View view = editor_.final_view();
    require(view.text == editor_.text() && view.hint.empty(), "the final view is not the entry");
    terminal_->feed(screen_->finish(view));
    fresh_ = false;
    begin();
  }

  /// All that was typed since the last pause gives the same keys at once.
  void check_pieces() {
    std::vector<Key> keys;
    std::vector<Key> whole;
    repl::KeyDecoder decoder;
    decoder.feed(typed_, keys);
    decoder.flush(keys);
    join(whole, keys);
    require(whole == keys_, "the keys depend on the pieces in which their bytes come");
    typed_.clear();
    keys_.clear();
  }

  static void check(const repl::View& view) {
    require(view.cursor <= view.text.size(), "the view's cursor is behind its text");
    require(repl::cluster_boundary(view.text, view.cursor) == view.cursor, "the view's cursor is within a character");
    require(view.hint.empty() || view.cursor == view.text.size(), "a hint, and the cursor is not at the end");
    std::size_t last = 0;
    for (const repl::StyledSpan& span : view.spans) {
      require(span.begin >= last && span.end > span.begin && span.end <= view.text.size(), "colours out of order");
      last = span.end;
    }
    for (const repl::StyledText& line : view.below) {
      require(line.text.find('\n') == std::string::npos, "a line below the entry is two");
    }
  }

  static void check_ink(const repl::View& view, const std::string& sketch) {
    std::string expected = view.prompt.text;
    for (const std::string& part : {view.text, view.hint}) {
      for (std::size_t at = 0; at < part.size();) {
        const std::size_t end = repl::cluster_end(part, at);
        const std::string_view cluster = std::string_view(part).substr(at, end - at);
        expected += cluster == "\n" ? view.continuation.text : repl::shown(cluster);
        at = end;
      }
    }
    require(inked(expected) == inked(sketch), "the rows do not hold the text");
  }

  int columns_;
  int rows_;
  repl::History history_;
  repl::LineEditor editor_;
  repl::KeyDecoder decoder_;
  std::string typed_;  // since the last pause
  std::vector<Key> keys_;
  std::unique_ptr<tests::ModelTerminal> terminal_;
  std::unique_ptr<repl::Screen> screen_;
  bool fresh_ = true;  // nothing but the entry was ever on the terminal
};

int columns_of(Choices& choices) { return 4 + choices.below(100); }
int rows_of(Choices& choices) { return 2 + choices.below(30); }

/// What happens besides typing.
void event(Session& session, Choices& choices) {
  switch (choices.below(6)) {
    case 0: session.flush(); break;
    case 1: session.draw(); break;
    case 2: {
      const int columns = columns_of(choices);
      session.resize(columns, rows_of(choices));
      break;
    }
    case 3: {
      const int columns = columns_of(choices);
      session.resize_shown(columns, rows_of(choices));
      break;
    }
    case 4: session.print("printed"); break;
    default: {  // a large paste
      const std::string unit(choices.bytes(3));
      std::string text;
      for (int i = 16 * choices.below(16); i > 0; --i) text += unit;
      session.feed("\x1b[200~" + text + "\x1b[201~");
    }
  }
}

}  // namespace

void fuzz_editor(std::string_view input) {
  Choices choices(input);
  const int columns = columns_of(choices);
  Session session(columns, rows_of(choices));
  std::string_view rest = choices.rest().substr(0, 3000);
  while (!rest.empty()) {
    const std::size_t size = std::min(rest.find(kEvent), rest.size());
    session.feed(rest.substr(0, size));
    rest.remove_prefix(size);
    if (rest.empty()) break;
    Choices more(rest.substr(1));
    event(session, more);
    rest = more.rest();
  }
  session.flush();
  session.draw();
}

}  // namespace neap::internal::fuzz
