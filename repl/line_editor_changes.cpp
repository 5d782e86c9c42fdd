// What keys move and change in the text.
#include "repl/indent.hpp"
#include "repl/lexer.hpp"
#include "repl/line_editor.hpp"
#include "repl/motion.hpp"

#include <algorithm>
#include <string>
#include <utility>

namespace neap::internal::repl {

using Outcome = LineEditor::Outcome;

// Movement
// --------------------------------------------------------------------------------------------------------------

Outcome LineEditor::move_to(std::size_t at) {
  if (at == cursor()) return Outcome::bell;
  buffer_.move_to(at);
  return Outcome::changed;
}

Outcome LineEditor::left() { return move_to(cluster_begin(text(), cursor())); }

Outcome LineEditor::right() {
  if (cursor() < text().size()) return move_to(cluster_end(text(), cursor()));
  const std::string rest = hint();
  if (rest.empty()) return Outcome::bell;
  return paste(rest);
}

Outcome LineEditor::word_left() { return move_to(word_begin(text(), cursor())); }

Outcome LineEditor::word_right() {
  if (cursor() < text().size()) return move_to(word_end(text(), cursor()));
  const std::string whole = text() + hint();
  const std::size_t end = word_end(whole, cursor());
  if (end == cursor()) return Outcome::bell;
  return paste(std::string_view(whole).substr(cursor(), end - cursor()));
}

Outcome LineEditor::home() {
  move_to(line_begin(text(), cursor()));
  return Outcome::changed;
}

Outcome LineEditor::end() {
  if (cursor() == text().size() && !hint().empty()) return right();
  move_to(line_end(text(), cursor()));
  return Outcome::changed;
}

Outcome LineEditor::to_begin() { return move_to(0); }
Outcome LineEditor::to_end() { return move_to(text().size()); }

// Deleting
// --------------------------------------------------------------------------------------------------------------

/// In front of a line, what Tab has inserted at once.
static std::size_t backspace_begin(std::string_view text, std::size_t cursor) {
  const std::size_t line = line_begin(text, cursor);
  const bool in_front = text.substr(line, cursor - line).find_first_not_of(' ') == std::string_view::npos;
  const bool indented = in_front && cursor > line && (cursor - line) % kIndent.size() == 0;
  return indented ? cursor - kIndent.size() : cluster_begin(text, cursor);
}

Outcome LineEditor::backspace() {
  if (cursor() == 0) return Outcome::bell;
  buffer_.erase(backspace_begin(text(), cursor()), cursor());
  return Outcome::changed;
}

Outcome LineEditor::remove() {
  if (cursor() == text().size()) return Outcome::bell;
  buffer_.erase(cursor(), cluster_end(text(), cursor()));
  return Outcome::changed;
}

Outcome LineEditor::remove_or_end() { return text().empty() ? Outcome::end_of_input : remove(); }

Outcome LineEditor::kill(std::size_t begin, std::size_t end, bool backwards) {
  if (begin == end) return Outcome::bell;
  const std::string killed = text().substr(begin, end - begin);
  buffer_.erase(begin, end);
  if (last_action_ == Action::kill)
    kills_.join(killed, backwards);
  else
    kills_.add(killed);
  action_ = Action::kill;
  return Outcome::changed;
}

/// At the end of a line its newline, as Emacs does; likewise Ctrl-U at the beginning of one.
Outcome LineEditor::kill_line() {
  const std::size_t end = line_end(text(), cursor());
  return kill(cursor(), end == cursor() ? cluster_end(text(), end) : end, false);
}

Outcome LineEditor::kill_line_back() {
  const std::size_t begin = line_begin(text(), cursor());
  return kill(begin == cursor() ? cluster_begin(text(), begin) : begin, cursor(), true);
}

Outcome LineEditor::kill_word() { return kill(cursor(), word_end(text(), cursor()), false); }
Outcome LineEditor::kill_word_back() { return kill(word_begin(text(), cursor()), cursor(), true); }
Outcome LineEditor::kill_blank_word_back() { return kill(blank_word_begin(text(), cursor()), cursor(), true); }

Outcome LineEditor::remove_blanks() {
  const std::size_t end = skip_blanks(text(), cursor());
  std::size_t begin = cursor();
  while (begin > 0 && (text()[begin - 1] == ' ' || text()[begin - 1] == '\t')) --begin;
  if (begin == end) return Outcome::bell;
  buffer_.erase(begin, end);
  return Outcome::changed;
}

// Yanking
// ---------------------------------------------------------------------------------------------------------------

Outcome LineEditor::yank() {
  if (kills_.empty()) return Outcome::bell;
  yanked_ = cursor();
  const std::string& text = kills_.newest();
  yanked_end_ = yanked_ + text.size();
  action_ = Action::yank;
  return paste(text);
}

Outcome LineEditor::yank_older() {
  if (last_action_ != Action::yank) return Outcome::bell;
  const std::string& text = kills_.older();
  buffer_.replace(yanked_, yanked_end_, text);
  yanked_end_ = yanked_ + text.size();
  action_ = Action::yank;
  return Outcome::changed;
}

/// The last name (with its path), number or string of an entry: what is most likely wanted again.
static std::string_view last_argument_of(std::string_view entry) {
  const std::vector<Token> tokens = tokens_of(entry);
  const auto counts = [](const Token& token) {
    return token.kind == Token::Kind::name || token.kind == Token::Kind::number || token.kind == Token::Kind::string;
  };
  const auto last = std::find_if(tokens.rbegin(), tokens.rend(), counts);
  if (last == tokens.rend()) return {};
  std::size_t begin = last->begin;
  const auto joins = [&](const Token& token) { return token.of(entry) == "." || token.of(entry) == ":"; };
  for (auto token = last; token->kind == Token::Kind::name && token + 1 < tokens.rend() && joins(*(token + 1));) {
    token += 2;
    if (token >= tokens.rend() || token->kind != Token::Kind::name) break;
    begin = token->begin;
  }
  return entry.substr(begin, last->end - begin);
}

Outcome LineEditor::last_argument() {
  const bool again = last_action_ == Action::last_argument;
  action_ = Action::last_argument;
  std::size_t entry = again ? argument_of_ : history_.size();
  std::string_view argument;
  while (argument.empty() && entry > 0) argument = last_argument_of(history_[--entry]);
  if (argument.empty()) return Outcome::bell;
  argument_of_ = entry;
  if (!again) yanked_ = yanked_end_ = cursor();
  buffer_.replace(yanked_, yanked_end_, argument);
  yanked_end_ = yanked_ + argument.size();
  return Outcome::changed;
}

// Changing
// --------------------------------------------------------------------------------------------------------------

Outcome LineEditor::transpose() {
  const std::string_view text = buffer_.text();
  const bool at_line_end = cursor() == line_end(text, cursor());
  const std::size_t middle = at_line_end ? cluster_begin(text, cursor()) : cursor();
  const std::size_t line = line_begin(text, cursor());
  if (middle <= line) return Outcome::bell;
  const std::size_t begin = cluster_begin(text, middle);
  const std::size_t end = cluster_end(text, middle);
  const std::string swapped = std::string(text.substr(middle, end - middle)).append(text.substr(begin, middle - begin));
  buffer_.replace(begin, end, swapped);
  return Outcome::changed;
}

/// The word at the cursor, or behind it, or the last one, changes places with the one before it.
Outcome LineEditor::transpose_words() {
  const std::string_view text = buffer_.text();
  const std::size_t second = word_begin(text, word_end(text, cursor()));
  const std::size_t second_end = word_end(text, second);
  const std::size_t first = word_begin(text, second);
  const std::size_t first_end = word_end(text, first);
  if (first == second || first_end > second) return Outcome::bell;
  const std::string swapped = std::string(text.substr(second, second_end - second))
                                  .append(text.substr(first_end, second - first_end))
                                  .append(text.substr(first, first_end - first));
  buffer_.replace(first, second_end, swapped);
  return Outcome::changed;
}

Outcome LineEditor::change_case(Case wanted) {
  const std::size_t end = word_end(text(), cursor());
  if (end == cursor()) return Outcome::bell;
  const std::string changed = with_case(std::string_view(text()).substr(cursor(), end - cursor()), wanted);
  buffer_.replace(cursor(), end, changed);
  return Outcome::changed;
}

Outcome LineEditor::upper() { return change_case(Case::upper); }
Outcome LineEditor::lower() { return change_case(Case::lower); }
Outcome LineEditor::capital() { return change_case(Case::capital); }

Outcome LineEditor::undo() { return buffer_.undo() ? Outcome::changed : Outcome::bell; }
Outcome LineEditor::redo() { return buffer_.redo() ? Outcome::changed : Outcome::bell; }

Outcome LineEditor::revert() {
  if (!buffer_.undo()) return Outcome::bell;
  while (buffer_.undo()) {}
  return Outcome::changed;
}

}  // namespace neap::internal::repl
