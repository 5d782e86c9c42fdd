// Up, down and the search: other entries take the place of the one that is edited.
#include "repl/line_editor.hpp"
#include "repl/motion.hpp"

#include <utility>

namespace neap::internal::repl {

using Kind = Key::Kind;
using Outcome = LineEditor::Outcome;

Outcome LineEditor::up() { return vertical(true); }
Outcome LineEditor::down() { return vertical(false); }

/// To the line above or below, else to an older or newer entry.
Outcome LineEditor::vertical(bool up) {
  const std::size_t begin = line_begin(text(), cursor());
  const std::size_t end = line_end(text(), cursor());
  const bool has_line = up ? begin > 0 : end < text().size();
  if (!has_line) return up ? older() : newer();
  if (last_action_ != Action::vertical) goal_ = column_of(text(), cursor());
  action_ = Action::vertical;
  buffer_.move_to(at_column(text(), up ? begin - 1 : end + 1, goal_));
  return Outcome::changed;
}

Outcome LineEditor::older() { return older_or_newer(true) ? Outcome::changed : Outcome::bell; }
Outcome LineEditor::newer() { return older_or_newer(false) ? Outcome::changed : Outcome::bell; }

bool LineEditor::older_or_newer(bool back) {
  action_ = Action::vertical;
  // What was found and not changed has not been typed: the next one need not begin with it.
  const bool as_found = at_ != kTyped && !buffer_.changed();
  if (!has_prefix_ && !as_found) prefix_ = text().substr(0, cursor());
  has_prefix_ = true;
  std::size_t entry = at_ == kTyped ? history_.size() : at_;
  do {
    entry = back ? history_.find_prefix(prefix_, entry) : history_.find_prefix_after(prefix_, entry);
  } while (entry < history_.size() && history_[entry] == text());
  if (entry < history_.size())
    go_to_entry(entry);
  else if (!back && at_ != kTyped)
    go_to_entry(kTyped);
  else
    return false;
  goal_ = column_of(text(), cursor());
  return true;
}

Outcome LineEditor::oldest() {
  if (history_.size() == 0 || at_ == 0) return Outcome::bell;
  prefix_.clear();
  go_to_entry(0);
  return Outcome::changed;
}

Outcome LineEditor::newest() {
  if (at_ == kTyped) return Outcome::bell;
  go_to_entry(kTyped);
  return Outcome::changed;
}

/// What has been done to the present one is kept until an entry is submitted.
void LineEditor::go_to_entry(std::size_t index) {
  if (at_ == index) return;
  if (at_ == kTyped || buffer_.changed()) edited_[at_] = std::move(buffer_);
  at_ = index;
  auto kept = edited_.extract(index);
  if (!kept.empty())
    buffer_ = std::move(kept.mapped());
  else
    buffer_ = EditBuffer(index < history_.size() ? history_[index] : std::string());
}

Outcome LineEditor::submit_and_next() {
  if (at_ != kTyped && at_ + 1 < history_.size()) next_ = at_ + 1;
  return submit();
}

std::string LineEditor::hint() const {
  const bool wanted = cursor() == text().size() && (at_ == kTyped || buffer_.changed()) && !search_ && !menu_;
  if (!wanted || text().find_first_not_of(" \t\n") == std::string::npos) return {};
  const std::size_t entry = history_.find_prefix(text(), history_.size());
  return entry < history_.size() ? history_[entry].substr(text().size()) : std::string();
}

// Search
// ----------------------------------------------------------------------------------------------------------------

Outcome LineEditor::search_back() { return begin_search(true); }
Outcome LineEditor::search_forward() { return begin_search(false); }

Outcome LineEditor::begin_search(bool backwards) {
  search_.emplace(history_, at_ == kTyped ? history_.size() : at_, backwards);
  return Outcome::changed;
}

/// Nothing when the key is not the search's: it is over then, and what it has found is the entry.
std::optional<Outcome> LineEditor::search_key(const Key& key) {
  const char32_t code = key.kind == Kind::control && !key.alt ? key.code : U'\0';
  const auto shown = [&] { return search_->failing() ? Outcome::bell : Outcome::changed; };
  if (code == U'r' || code == U's') {
    if (search_->query().empty())
      search_->add(last_search_);
    else
      search_->again(code == U'r');
    return shown();
  }
  if ((key.kind == Kind::text && !key.alt) || key.kind == Kind::paste) {
    search_->add(std::string_view(key.text).substr(0, key.text.find('\n')));
    return shown();
  }
  if (key.kind == Kind::backspace && !key.alt && !key.control) {
    return search_->take_back() ? Outcome::changed : Outcome::bell;
  }
  if (code == U'g') {
    search_.reset();
    return Outcome::changed;
  }
  if (code == U'l') return Outcome::cleared;
  if (code != U'c') accept_search();
  search_.reset();
  if (key.kind == Kind::escape) return Outcome::changed;
  if (key.kind == Kind::enter && !key.alt) buffer_.move_to(text().size());
  return std::nullopt;
}

void LineEditor::accept_search() {
  if (!search_->query().empty()) last_search_ = search_->query();
  if (!search_->found()) return;
  prefix_.clear();
  go_to_entry(search_->entry());
  buffer_.move_to(search_->match_begin());
}

}  // namespace neap::internal::repl
