// The edit model: what each key does to the entry. Pure: it knows no terminal, no loop and no Lua; what it needs of
// them it asks for by the result of `key`, or through its Hooks.
//
// Keys are Emacs's, as readline binds them; the whole list is in repl/README.md.
//
// At any time one of these takes a key first: a key to be inserted as it is (Ctrl-V), the search in the history, the
// menu of candidates, a key behind Ctrl-X; then come the keys of the table in line_editor.cpp. Search and menu let pass
// what is not for them, having done with it.
#pragma once

#include "repl/completion.hpp"
#include "repl/edit_buffer.hpp"
#include "repl/history.hpp"
#include "repl/history_search.hpp"
#include "repl/keys.hpp"
#include "repl/kill_ring.hpp"
#include "repl/menu.hpp"
#include "repl/text.hpp"
#include "repl/view.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace neap::internal::repl {

class LineEditor {
 public:
  /// Each may be empty.
  struct Hooks {
    /// True when Enter ends the entry; false when it begins another line.
    std::function<bool(std::string_view entry)> is_complete;
    std::function<Completion(std::string_view entry, std::size_t cursor)> complete;
    /// Colours of the entry (see highlight.hpp). The cursor is kNoCursor when the entry is done.
    std::function<StyledSpans(std::string_view entry, std::size_t cursor)> highlight;
    /// A line to be shown below the entry, such as the signature of the call the cursor is in; may be empty.
    std::function<StyledText(std::string_view entry, std::size_t cursor)> describe;
  };

  enum class Outcome : std::uint8_t {
    none,          // nothing changed on the screen
    changed,       // to be drawn again
    submitted,     // the entry is `text()`
    end_of_input,  // Ctrl-D on an empty entry
    interrupted,   // Ctrl-C; `text()` is what was typed, and Ctrl-Y gives it back in the next entry
    suspended,     // Ctrl-Z: neap itself is to be stopped
    cleared,       // Ctrl-L: the screen is to be cleared, and drawn
    edit,          // Ctrl-X Ctrl-E: the entry is to be edited in $EDITOR; give it back with `set_text`
    bell,          // it cannot be done; what is shown may have changed nevertheless
  };

  LineEditor(History& history, Hooks hooks);

  /// Begins a new entry.
  void begin(StyledText prompt, StyledText continuation, std::string initial = {});
  /// After submitted, end_of_input and interrupted no key may follow before `begin`.
  Outcome key(const Key& key);
  [[nodiscard]] const std::string& text() const { return buffer_.text(); }
  [[nodiscard]] std::size_t cursor() const { return buffer_.cursor(); }
  void set_text(std::string_view text);
  /// `columns` and `rows` of the terminal bound the menu.
  [[nodiscard]] View view(int columns, int rows) const;
  /// The same when the entry is done: without hint, menu and cursor at the end.
  [[nodiscard]] View final_view() const;

 private:
  using Command = Outcome (LineEditor::*)();
  struct Binding;

  /// What the last key did, as far as the next one wants to know.
  enum class Action : std::uint8_t { other, type, kill, yank, vertical, last_argument };

  static const Binding kBindings[];
  static const Binding kControlX[];
  template <std::size_t size>
  static Command command_of(const Key& key, const Binding (&bindings)[size]);
  static std::optional<char> character_meant(const Key& key);

  Outcome dispatch(const Key& key);
  Outcome plain_key(const Key& key);
  std::optional<Outcome> menu_key(const Key& key);
  std::optional<Outcome> search_key(const Key& key);
  Outcome after_control_x(const Key& key);
  Outcome quoted(const Key& key);
  Outcome after_escape(const Key& key);

  // Typing
  void type(std::string_view text);
  void type_cluster(std::string_view cluster);
  void dedent();
  void undo_dedent(std::string_view typed);
  Outcome paste(std::string_view text);
  Outcome enter();
  Outcome new_line();
  Outcome tab();
  Outcome shift_tab();
  Outcome submit();

  // Movement
  Outcome move_to(std::size_t at);
  Outcome left();
  Outcome right();
  Outcome word_left();
  Outcome word_right();
  Outcome home();
  Outcome end();
  Outcome up();
  Outcome down();
  Outcome to_begin();
  Outcome to_end();

  // Changes
  Outcome backspace();
  Outcome remove();
  Outcome remove_or_end();
  Outcome kill(std::size_t begin, std::size_t end, bool backwards);
  Outcome kill_line();
  Outcome kill_line_back();
  Outcome kill_word();
  Outcome kill_word_back();
  Outcome kill_blank_word_back();
  Outcome remove_blanks();
  Outcome yank();
  Outcome yank_older();
  Outcome last_argument();
  Outcome transpose();
  Outcome transpose_words();
  Outcome change_case(Case wanted);
  Outcome upper();
  Outcome lower();
  Outcome capital();
  Outcome undo();
  Outcome redo();
  Outcome revert();

  // History
  Outcome older();
  Outcome newer();
  Outcome oldest();
  Outcome newest();
  Outcome vertical(bool up);
  Outcome search_back();
  Outcome search_forward();
  Outcome submit_and_next();
  Outcome begin_search(bool backwards);
  bool older_or_newer(bool back);
  void go_to_entry(std::size_t index);
  void accept_search();
  /// What the newest entry that begins with the text has behind it.
  [[nodiscard]] std::string hint() const;

  // Completion
  Outcome complete();
  [[nodiscard]] Completion candidates() const;
  void accept_candidate();
  void update_menu();

  Outcome interrupt();
  Outcome suspend();
  Outcome clear();
  Outcome edit();
  Outcome quote();
  Outcome control_x();
  Outcome bell();

  [[nodiscard]] bool is_complete() const;
  [[nodiscard]] int menu_rows(const View& view, int columns, int rows) const;
  void show_search(View& view) const;
  void show_candidate(View& view) const;

  static constexpr std::size_t kTyped = static_cast<std::size_t>(-1);

  History& history_;
  Hooks hooks_;
  StyledText prompt_;
  StyledText continuation_;

  EditBuffer buffer_;
  std::size_t at_ = kTyped;  // the entry of the history that buffer_ edits, or kTyped for a new one
  std::map<std::size_t, EditBuffer>
      edited_;                       // entries left after a change, and the new one; dropped when one is submitted
  std::optional<std::size_t> next_;  // the entry that is to follow, after Ctrl-O

  Action action_ = Action::other;
  Action last_action_ = Action::other;
  bool quoting_ = false;     // after Ctrl-V
  bool control_x_ = false;   // after Ctrl-X
  bool escape_ = false;      // after Escape: the next key is meant with Alt
  int goal_ = 0;             // the column that up and down keep to
  std::string prefix_;       // what entries of the history must begin with, while going through them
  bool has_prefix_ = false;  // since the last movement that was not through the history
  std::size_t yanked_ = 0;   // where what was yanked last begins and ends
  std::size_t yanked_end_ = 0;
  std::size_t argument_of_ = 0;  // the entry whose last argument was inserted
  struct Dedented {
    std::size_t line;
    std::string blanks;
  };
  std::optional<Dedented> dedented_;  // the line that has been dedented because of what is being typed

  KillRing kills_;
  std::optional<Menu> menu_;
  std::optional<HistorySearch> search_;
  std::string last_search_;

  // What has been found out for the view since the last key: it may be drawn many times.
  struct Shown {
    StyledSpans spans;
    StyledText description;
    std::string hint;
  };
  const Shown& shown() const;
  mutable std::optional<Shown> shown_;
};

}  // namespace neap::internal::repl
