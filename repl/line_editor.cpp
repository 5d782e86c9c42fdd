// Which key does what, and the keys that are more than a change of the text. The changes themselves are in
// line_editor_changes.cpp, going through the history in line_editor_history.cpp, what is shown in line_editor_view.cpp.
#include "repl/line_editor.hpp"

#include "repl/indent.hpp"
#include "repl/motion.hpp"

#include <algorithm>
#include <utility>

namespace neap::repl {

using Kind = Key::Kind;
using Outcome = LineEditor::Outcome;

namespace {

// Text that comes at once in such an amount has not been typed: it is pasted where the terminal tells no pastes.
constexpr std::size_t kMostTypedAtOnce = 256;

enum Held : std::uint8_t { alone = 0, control = 1, alt = 2, shift = 4 };

}  // namespace

struct LineEditor::Binding {
  Kind kind;
  char32_t code;  // of `control`, and of `text` with Alt
  int held;       // with keys that have a name
  Command command;
};

const LineEditor::Binding LineEditor::kBindings[] = {
    {Kind::enter, 0, alone, &LineEditor::enter},
    {Kind::enter, 0, alt, &LineEditor::new_line},
    {Kind::tab, 0, alone, &LineEditor::tab},
    {Kind::tab, 0, shift, &LineEditor::shift_tab},
    {Kind::control, U'o', alone, &LineEditor::submit_and_next},

    {Kind::left, 0, alone, &LineEditor::left},
    {Kind::control, U'b', alone, &LineEditor::left},
    {Kind::right, 0, alone, &LineEditor::right},
    {Kind::control, U'f', alone, &LineEditor::right},
    {Kind::left, 0, control, &LineEditor::word_left},
    {Kind::left, 0, alt, &LineEditor::word_left},
    {Kind::text, U'b', alt, &LineEditor::word_left},
    {Kind::right, 0, control, &LineEditor::word_right},
    {Kind::right, 0, alt, &LineEditor::word_right},
    {Kind::text, U'f', alt, &LineEditor::word_right},
    {Kind::home, 0, alone, &LineEditor::home},
    {Kind::control, U'a', alone, &LineEditor::home},
    {Kind::end, 0, alone, &LineEditor::end},
    {Kind::control, U'e', alone, &LineEditor::end},
    {Kind::home, 0, control, &LineEditor::to_begin},
    {Kind::end, 0, control, &LineEditor::to_end},

    {Kind::up, 0, alone, &LineEditor::up},
    {Kind::control, U'p', alone, &LineEditor::up},
    {Kind::down, 0, alone, &LineEditor::down},
    {Kind::control, U'n', alone, &LineEditor::down},
    {Kind::page_up, 0, alone, &LineEditor::older},
    {Kind::up, 0, alt, &LineEditor::older},
    {Kind::up, 0, control, &LineEditor::older},
    {Kind::text, U'p', alt, &LineEditor::older},
    {Kind::page_down, 0, alone, &LineEditor::newer},
    {Kind::down, 0, alt, &LineEditor::newer},
    {Kind::down, 0, control, &LineEditor::newer},
    {Kind::text, U'n', alt, &LineEditor::newer},
    {Kind::text, U'<', alt, &LineEditor::oldest},
    {Kind::text, U'>', alt, &LineEditor::newest},
    {Kind::control, U'r', alone, &LineEditor::search_back},
    {Kind::control, U's', alone, &LineEditor::search_forward},

    {Kind::backspace, 0, alone, &LineEditor::backspace},
    {Kind::remove, 0, alone, &LineEditor::remove},
    {Kind::control, U'd', alone, &LineEditor::remove_or_end},
    {Kind::control, U'k', alone, &LineEditor::kill_line},
    {Kind::control, U'u', alone, &LineEditor::kill_line_back},
    {Kind::text, U'd', alt, &LineEditor::kill_word},
    {Kind::remove, 0, alt, &LineEditor::kill_word},
    {Kind::remove, 0, control, &LineEditor::kill_word},
    {Kind::backspace, 0, alt, &LineEditor::kill_word_back},
    {Kind::backspace, 0, control, &LineEditor::kill_word_back},
    {Kind::control, U'w', alone, &LineEditor::kill_blank_word_back},
    {Kind::text, U'\\', alt, &LineEditor::remove_blanks},
    {Kind::control, U'y', alone, &LineEditor::yank},
    {Kind::text, U'y', alt, &LineEditor::yank_older},
    {Kind::text, U'.', alt, &LineEditor::last_argument},
    {Kind::control, U't', alone, &LineEditor::transpose},
    {Kind::text, U't', alt, &LineEditor::transpose_words},
    {Kind::text, U'u', alt, &LineEditor::upper},
    {Kind::text, U'l', alt, &LineEditor::lower},
    {Kind::text, U'c', alt, &LineEditor::capital},
    {Kind::control, U'_', alone, &LineEditor::undo},
    {Kind::control, U'/', alone, &LineEditor::undo},
    {Kind::text, U'_', alt, &LineEditor::redo},
    {Kind::text, U'/', alt, &LineEditor::redo},
    {Kind::text, U'r', alt, &LineEditor::revert},
    {Kind::control, U'v', alone, &LineEditor::quote},
    {Kind::control, U'q', alone, &LineEditor::quote},

    {Kind::control, U'c', alone, &LineEditor::interrupt},
    {Kind::control, U'g', alone, &LineEditor::bell},
    {Kind::control, U'l', alone, &LineEditor::clear},
    {Kind::control, U'x', alone, &LineEditor::control_x},
    {Kind::control, U'z', alone, &LineEditor::suspend},
};

const LineEditor::Binding LineEditor::kControlX[] = {
    {Kind::control, U'e', alone, &LineEditor::edit},
    {Kind::control, U'u', alone, &LineEditor::undo},
    {Kind::backspace, 0, alone, &LineEditor::kill_line_back},
};

/// Null for a key that does nothing. Shift counts with Tab alone.
template <std::size_t size>
LineEditor::Command LineEditor::command_of(const Key& key, const Binding (&bindings)[size]) {
  char32_t code = key.code;
  if (key.kind == Kind::text) code = key.alt && key.text.size() == 1 ? static_cast<unsigned char>(key.text[0]) : 0;
  const bool shifted = key.shift && key.kind == Kind::tab;
  const int held = (key.control ? control : alone) | (key.alt ? alt : alone) | (shifted ? shift : alone);
  const auto* found = std::ranges::find_if(bindings, [&](const Binding& binding) {
    return binding.kind == key.kind && binding.code == code && binding.held == held;
  });
  return found == std::end(bindings) ? nullptr : found->command;
}

LineEditor::LineEditor(History& history, Hooks hooks) : history_(history), hooks_(std::move(hooks)) {}

void LineEditor::begin(StyledText prompt, StyledText continuation, std::string initial) {
  prompt_ = std::move(prompt);
  continuation_ = std::move(continuation);
  edited_.clear();
  at_ = kTyped;
  buffer_ = EditBuffer(std::move(initial));
  const std::optional<std::size_t> next = std::exchange(next_, std::nullopt);
  if (next && *next < history_.size() && buffer_.text().empty()) go_to_entry(*next);
  last_action_ = Action::other;
  quoting_ = control_x_ = escape_ = has_prefix_ = false;
  dedented_.reset();
  menu_.reset();
  search_.reset();
  shown_.reset();
}

void LineEditor::set_text(std::string_view text) {
  buffer_.begin_step();
  buffer_.replace(0, buffer_.text().size(), text);
  buffer_.begin_step();
  menu_.reset();
  search_.reset();
  shown_.reset();
  last_action_ = Action::other;
}

Outcome LineEditor::key(const Key& key) {
  if (key.kind == Kind::unknown) return Outcome::none;
  action_ = Action::other;
  const Outcome outcome = dispatch(key);
  last_action_ = action_;
  if (action_ != Action::vertical) has_prefix_ = false;
  if (action_ != Action::type) dedented_.reset();
  shown_.reset();
  return outcome;
}

Outcome LineEditor::dispatch(const Key& key) {
  if (std::exchange(quoting_, false)) return quoted(key);
  if (search_) {
    if (const auto outcome = search_key(key)) return *outcome;
  }
  if (menu_) {
    if (const auto outcome = menu_key(key)) return *outcome;
  }
  if (std::exchange(control_x_, false)) return after_control_x(key);
  if (std::exchange(escape_, false)) return after_escape(key);
  return plain_key(key);
}

Outcome LineEditor::plain_key(const Key& key) {
  if (key.kind == Kind::text && !key.alt) {
    type(key.text);
    return Outcome::changed;
  }
  buffer_.begin_step();
  if (key.kind == Kind::paste) return paste(key.text);
  if (key.kind == Kind::escape) {
    escape_ = true;
    return Outcome::none;
  }
  const Command command = command_of(key, kBindings);
  return command != nullptr ? (this->*command)() : Outcome::bell;
}

/// Readline's way to type Alt where a terminal has none. More than one character may have come behind Escape.
Outcome LineEditor::after_escape(const Key& key) {
  Key meant = key;
  if (key.kind != Kind::text) {
    meant.alt = key.kind != Kind::paste && key.kind != Kind::escape;
    return plain_key(meant);
  }
  const std::size_t first = cluster_end(key.text, 0);
  meant.text = key.text.substr(0, first);
  meant.alt = true;
  const Outcome outcome = plain_key(meant);
  if (first == key.text.size()) return outcome;
  meant.text = key.text.substr(first);
  meant.alt = false;
  return plain_key(meant);
}

Outcome LineEditor::after_control_x(const Key& key) {
  buffer_.begin_step();
  const Command command = command_of(key, kControlX);
  return command != nullptr ? (this->*command)() : Outcome::bell;
}

std::optional<char> LineEditor::character_meant(const Key& key) {
  switch (key.kind) {
    case Kind::control: return static_cast<char>(key.code & 0x1FU);
    case Kind::enter: return '\n';
    case Kind::tab: return '\t';
    case Kind::escape: return '\x1b';
    case Kind::backspace: return '\x7f';
    default: return std::nullopt;
  }
}

Outcome LineEditor::quoted(const Key& key) {
  buffer_.begin_step();
  if (key.kind == Kind::text || key.kind == Kind::paste) return paste(key.text);
  const std::optional<char> meant = character_meant(key);
  return meant ? paste({&*meant, 1}) : Outcome::bell;
}

// Typing ----------------------------------------------------------------------------------------------------------------

void LineEditor::type(std::string_view text) {
  if (text.size() > kMostTypedAtOnce) {
    buffer_.begin_step();
    paste(text);
    return;
  }
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t next = cluster_end(text, at);
    type_cluster(text.substr(at, next - at));
    at = next;
    last_action_ = action_ = Action::type;
  }
}

void LineEditor::type_cluster(std::string_view cluster) {
  const std::string& text = buffer_.text();
  const std::size_t at = buffer_.cursor();
  const std::size_t before = cluster_begin(text, at);
  const bool begins_word =
      !is_blank(cluster) && (at == 0 || is_blank(std::string_view(text).substr(before, at - before)));
  if (last_action_ != Action::type || begins_word) buffer_.begin_step();
  if (last_action_ == Action::type) undo_dedent(cluster);
  buffer_.insert(cluster);
  dedent();
}

/// The word before the cursor that is the first in its line, or nothing.
static std::string_view only_word_before(std::string_view text, std::size_t cursor) {
  constexpr std::size_t kLongest = 8;
  std::size_t begin = cursor;
  while (begin > 0 && cursor - begin < kLongest && text[begin - 1] > ' ') --begin;
  std::size_t blanks = begin;
  while (blanks > 0 && (text[blanks - 1] == ' ' || text[blanks - 1] == '\t')) --blanks;
  const bool first = blanks == 0 || text[blanks - 1] == '\n';
  return first ? text.substr(begin, cursor - begin) : std::string_view();
}

/// A line that closes a block, and of which nothing else has been typed yet, stands as far in as the one that opened it.
void LineEditor::dedent() {
  const std::string_view text = buffer_.text();
  const std::size_t cursor = buffer_.cursor();
  const std::string_view word = only_word_before(text, cursor);
  if (!closes_block(word) || skip_blanks(text, cursor) < line_end(text, cursor)) return;
  const std::size_t line = line_begin(text, cursor);
  const std::string_view blanks = text.substr(line, cursor - word.size() - line);
  const std::optional<std::string> wanted = closing_indentation(text.substr(0, line));
  if (!wanted || wanted->size() >= blanks.size()) return;
  dedented_ = {line, std::string(blanks)};
  const std::size_t moved = cursor - (blanks.size() - wanted->size());
  buffer_.replace(line, line + blanks.size(), *wanted);
  buffer_.move_to(moved);
}

/// "end" has become "endpoint": the line stands where it stood.
void LineEditor::undo_dedent(std::string_view typed) {
  if (!dedented_ || !is_word(typed)) return;
  const std::string_view text = buffer_.text();
  const std::size_t cursor = buffer_.cursor();
  const std::string_view word = only_word_before(text, cursor);
  if (word.empty() || may_close_block(std::string(word).append(typed))) return;
  const std::size_t line = dedented_->line;
  const std::size_t blanks = cursor - word.size() - line;
  const std::string before = std::exchange(dedented_, std::nullopt)->blanks;
  buffer_.replace(line, line + blanks, before);
  buffer_.move_to(cursor + before.size() - blanks);
}

Outcome LineEditor::paste(std::string_view text) {
  buffer_.insert(text);
  buffer_.begin_step();
  return Outcome::changed;
}

bool LineEditor::is_complete() const { return !hooks_.is_complete || hooks_.is_complete(text()); }

Outcome LineEditor::enter() {
  const bool one_line = text().find('\n') == std::string::npos;
  const bool at_end = text().find_first_not_of(" \t\n", cursor()) == std::string::npos;
  return (one_line || at_end) && is_complete() ? submit() : new_line();
}

Outcome LineEditor::submit() { return Outcome::submitted; }

Outcome LineEditor::new_line() {
  const std::string_view text = buffer_.text();
  const std::string_view before = text.substr(0, cursor());
  std::string indent = indentation(before);
  std::size_t begin = cursor();
  std::size_t end = cursor();
  const std::size_t line = line_begin(text, begin);
  const bool inside_block = !indent.empty();
  if (inside_block) {  // and so in no string: blanks may come and go
    end = std::min(skip_blanks(text, end), line_end(text, end));
    if (begins_by_closing(text.substr(end, line_end(text, end) - end)))
      indent = closing_indentation(before).value_or("");
    if (skip_blanks(text, line) >= begin) begin = line;
  }
  buffer_.replace(begin, end, "\n" + indent);
  return Outcome::changed;
}

Outcome LineEditor::shift_tab() {
  const std::size_t begin = line_begin(text(), cursor());
  const std::size_t blanks = std::min(skip_blanks(text(), begin) - begin, kIndent.size());
  if (blanks == 0) return Outcome::bell;
  const std::size_t at = std::max(begin + blanks, cursor()) - blanks;
  buffer_.erase(begin, begin + blanks);
  return move_to(at);
}

Outcome LineEditor::tab() {
  const std::size_t begin = line_begin(text(), cursor());
  if (skip_blanks(text(), begin) < cursor()) return complete();
  buffer_.insert(kIndent);
  return Outcome::changed;
}

// Completion ------------------------------------------------------------------------------------------------------------

Completion LineEditor::candidates() const {
  Completion completion;
  if (hooks_.complete) completion = hooks_.complete(text(), cursor());
  if (completion.from > cursor()) completion.candidates.clear();
  return completion;
}

Outcome LineEditor::complete() {
  Completion completion = candidates();
  if (completion.candidates.empty()) return Outcome::bell;
  const std::size_t from = completion.from;
  const std::string typed = text().substr(from, cursor() - from);
  if (completion.candidates.size() == 1) {
    if (completion.candidates[0].text == typed) return Outcome::bell;
    buffer_.replace(from, cursor(), completion.candidates[0].text);
    return Outcome::changed;
  }
  const std::string prefix = common_prefix(completion.candidates);
  if (prefix.size() > typed.size() && prefix.starts_with(typed)) buffer_.replace(from, cursor(), prefix);
  menu_.emplace(std::move(completion));
  return Outcome::changed;
}

void LineEditor::accept_candidate() {
  const Candidate* const selected = menu_->selected();
  buffer_.begin_step();
  if (selected != nullptr) buffer_.replace(menu_->from(), cursor(), selected->text);
  buffer_.begin_step();
  menu_.reset();
}

/// What has been typed since leaves fewer candidates, or others.
void LineEditor::update_menu() {
  const std::size_t from = menu_->from();
  menu_.reset();
  Completion completion = candidates();
  if (completion.from != from || completion.candidates.empty()) return;
  const std::string_view typed = std::string_view(text()).substr(from, cursor() - from);
  if (completion.candidates.size() == 1 && completion.candidates[0].text == typed) return;
  menu_.emplace(std::move(completion));
}

static std::optional<Menu::Move> move_of(const Key& key, bool selected) {
  if (key.control || key.alt) return std::nullopt;
  switch (key.kind) {
    case Kind::tab: return key.shift ? Menu::Move::previous : Menu::Move::next;
    case Kind::down: return Menu::Move::down;
    case Kind::control:
      if (key.code == U'n') return Menu::Move::down;
      return key.code == U'p' && selected ? std::optional(Menu::Move::up) : std::nullopt;
    default: break;
  }
  if (!selected) return std::nullopt;
  if (key.kind == Kind::up) return Menu::Move::up;
  if (key.kind == Kind::left) return Menu::Move::left;
  return key.kind == Kind::right ? std::optional(Menu::Move::right) : std::nullopt;
}

/// Nothing when the key is not the menu's: it is closed then, and what was selected has been inserted.
std::optional<Outcome> LineEditor::menu_key(const Key& key) {
  const bool selected = menu_->selected() != nullptr;
  if (const auto move = move_of(key, selected)) {
    menu_->move(*move);
    return Outcome::changed;
  }
  const bool leaves = key.kind == Kind::escape || (key.kind == Kind::control && key.code == U'g');
  if (leaves || (selected && key.kind == Kind::backspace)) {
    menu_.reset();
    return Outcome::changed;
  }
  if (selected && key.kind == Kind::enter && !key.alt) {
    accept_candidate();
    return Outcome::changed;
  }
  const bool filters = !selected && !key.alt && (key.kind == Kind::text || key.kind == Kind::backspace);
  if (filters) {
    const Outcome outcome = plain_key(key);
    update_menu();
    return outcome;
  }
  if (key.kind == Kind::control && key.code == U'c')
    menu_.reset();
  else
    accept_candidate();
  return std::nullopt;
}

// Others ----------------------------------------------------------------------------------------------------------------

Outcome LineEditor::interrupt() {
  if (!text().empty()) kills_.add(text());
  return Outcome::interrupted;
}

Outcome LineEditor::suspend() { return Outcome::suspended; }
Outcome LineEditor::clear() { return Outcome::cleared; }
Outcome LineEditor::edit() { return Outcome::edit; }
Outcome LineEditor::bell() { return Outcome::bell; }

Outcome LineEditor::quote() {
  quoting_ = true;
  return Outcome::none;
}

Outcome LineEditor::control_x() {
  control_x_ = true;
  return Outcome::none;
}

}  // namespace neap::repl
