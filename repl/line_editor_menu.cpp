// Completion: what Tab inserts, and the keys of the menu of candidates.
#include "repl/line_editor.hpp"

#include <utility>

namespace neap::internal::repl {

using Kind = Key::Kind;
using Outcome = LineEditor::Outcome;

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
    if (!selected && menu_->size() == 1) accept_candidate();
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

}  // namespace neap::internal::repl
