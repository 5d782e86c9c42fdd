// Which key does what. What it does is in line_editor_typing.cpp, _changes.cpp, _history.cpp and _menu.cpp; what is
// shown is in line_editor_view.cpp.
#include "repl/line_editor.hpp"

#include <algorithm>
#include <utility>

namespace neap::internal::repl {

using Kind = Key::Kind;
using Outcome = LineEditor::Outcome;

namespace {

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
  const bool with_alt = key.alt && key.kind != Kind::control;  // Escape and then Ctrl-C is Ctrl-C
  const int held = (key.control ? control : alone) | (with_alt ? alt : alone) | (shifted ? shift : alone);
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
  prefix_.clear();
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

}  // namespace neap::internal::repl
