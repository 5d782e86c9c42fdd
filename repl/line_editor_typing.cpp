// What is typed and pasted, Enter, and how far lines stand in.
#include "repl/indent.hpp"
#include "repl/line_editor.hpp"
#include "repl/motion.hpp"

#include <algorithm>
#include <utility>

namespace neap::internal::repl {

using Outcome = LineEditor::Outcome;

namespace {

// Text that comes at once in such an amount has not been typed: it is pasted where the terminal tells no pastes.
constexpr std::size_t kMostTypedAtOnce = 256;

}  // namespace

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

/// A line that closes a block, and of which nothing else has been typed yet, stands as far in as the one that opened
/// it.
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

}  // namespace neap::internal::repl
