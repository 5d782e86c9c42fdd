// A person at a LineEditor: what is typed goes through the KeyDecoder as a terminal's bytes would.
#pragma once

#include "repl/keys.hpp"
#include "repl/line_editor.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace neap::internal::tests {

/// Keys by the names that tests read better with.
namespace keys {
constexpr std::string_view kUp = "\x1b[A";
constexpr std::string_view kDown = "\x1b[B";
constexpr std::string_view kRight = "\x1b[C";
constexpr std::string_view kLeft = "\x1b[D";
constexpr std::string_view kHome = "\x1b[H";
constexpr std::string_view kEnd = "\x1b[F";
constexpr std::string_view kDelete = "\x1b[3~";
constexpr std::string_view kShiftTab = "\x1b[Z";
constexpr std::string_view kBackspace = "\x7f";
constexpr std::string_view kEscape = "\x1b";
constexpr std::string_view kTab = "\t";
constexpr std::string_view kEnter = "\r";
}  // namespace keys

inline std::string ctrl(char letter) { return {static_cast<char>(letter & 0x1f)}; }
inline std::string alt(std::string_view key) { return std::string("\x1b").append(key); }
inline std::string pasted(std::string_view text) { return std::string("\x1b[200~").append(text).append("\x1b[201~"); }

class Typist {
 public:
  using Outcome = repl::LineEditor::Outcome;

  explicit Typist(repl::LineEditor::Hooks hooks = {}, const std::vector<std::string>& history = {})
      : history_(std::make_unique<repl::History>()),
        editor_(std::make_unique<repl::LineEditor>(*history_, std::move(hooks))) {
    for (const std::string& entry : history) history_->add(entry);
    begin();
  }

  /// Each call ends with a pause, so that an Escape at its end is one. The outcome is that of the last key.
  Outcome type(std::string_view bytes) {
    std::vector<repl::Key> pressed;
    repl::KeyDecoder decoder;
    decoder.feed(bytes, pressed);
    decoder.flush(pressed);
    Outcome outcome = Outcome::none;
    for (const repl::Key& key : pressed) outcome = editor_->key(key);
    return outcome;
  }
  void begin(std::string initial = {}) { editor_->begin({"> ", {}}, {". ", {}}, std::move(initial)); }

  [[nodiscard]] const std::string& text() const { return editor_->text(); }
  /// The text with a bar at the cursor.
  [[nodiscard]] std::string shown() const {
    const repl::View seen = view();
    return std::string(seen.text).insert(seen.cursor, "|");
  }
  [[nodiscard]] std::string hint() const { return view().hint; }
  [[nodiscard]] repl::View view(int columns = 80, int rows = 24) const { return editor_->view(columns, rows); }
  /// The lines below the entry.
  [[nodiscard]] std::vector<std::string> below(int columns = 80, int rows = 24) const {
    std::vector<std::string> lines;
    for (const repl::StyledText& line : view(columns, rows).below) lines.push_back(line.text);
    return lines;
  }
  repl::LineEditor& editor() { return *editor_; }
  repl::History& history() { return *history_; }

 private:
  std::unique_ptr<repl::History> history_;
  std::unique_ptr<repl::LineEditor> editor_;
};

}  // namespace neap::internal::tests
