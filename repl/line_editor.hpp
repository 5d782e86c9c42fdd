// The edit model: what each key does to the entry. Pure: it knows no terminal, no loop and no Lua; what it needs of
// them it asks for by the result of `key`, or through its Hooks.
//
// Keys are Emacs's, as readline binds them; the whole list is in repl/README.md.
#pragma once

#include "repl/history.hpp"
#include "repl/keys.hpp"
#include "repl/view.hpp"

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace neap::repl {

/// What Tab can insert at the cursor.
struct Candidate {
  std::string text;    // replaces the bytes [Completion::from, cursor)
  std::string label;   // what the menu shows; empty: the text
  std::string detail;  // a signature or a kind, shown faint
};

struct Completion {
  std::size_t from = 0;
  std::vector<Candidate> candidates;
};

class LineEditor {
 public:
  struct Hooks {
    /// True when Enter ends the entry; false when it begins another line.
    std::function<bool(std::string_view entry)> is_complete;
    std::function<Completion(std::string_view entry, std::size_t cursor)> complete;
    /// Colours of the entry (see highlight.hpp).
    std::function<StyledSpans(std::string_view entry, std::size_t cursor)> highlight;
    /// A line to be shown below the entry, such as the signature of the call the cursor is in; may be empty.
    std::function<StyledText(std::string_view entry, std::size_t cursor)> describe;
  };

  enum class Outcome {
    none,          // nothing changed on the screen
    changed,       // to be drawn again
    submitted,     // the entry is `text()`
    end_of_input,  // Ctrl-D on an empty entry
    interrupted,   // Ctrl-C; the entry has been put away
    suspended,     // Ctrl-Z: neap itself is to be stopped
    cleared,       // Ctrl-L: the screen is to be cleared, and drawn
    edit,          // Ctrl-X Ctrl-E: the entry is to be edited in $EDITOR; give it back with `set_text`
    bell,          // it cannot be done
  };

  LineEditor(History& history, Hooks hooks);

  /// Begins a new entry.
  void begin(StyledText prompt, StyledText continuation, std::string initial = {});
  Outcome key(const Key& key);
  [[nodiscard]] const std::string& text() const;
  void set_text(std::string text);
  /// `columns` and `rows` of the terminal bound the menu.
  [[nodiscard]] View view(int columns, int rows) const;
  /// The same when the entry is done: without hint, menu and cursor at the end.
  [[nodiscard]] View final_view() const;
};

}  // namespace neap::repl
