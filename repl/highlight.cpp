#include "repl/highlight.hpp"

#include "repl/lexer.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace neap::internal::repl {

namespace {

using namespace std::literals;

constexpr std::array kTakingExpression = {".time"sv, ".bench"sv, ".bg"sv};
constexpr std::string_view kBrackets = "([{)]}";

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }

std::string_view first_word(std::string_view line) { return line.substr(0, line.find_first_of(" \t\n")); }

class Highlighter {
 public:
  Highlighter(std::string_view text, const KnownNames& known) : text_(text), known_(known) {}

  /// Of the text from `from` on.
  void run(std::size_t from, StyledSpans& spans) {
    const std::string_view rest = text_.substr(from);
    tokens_ = tokens_of(rest);
    for (std::size_t i = 0; i < tokens_.size(); ++i) {
      tokens_[i].begin += from;
      tokens_[i].end += from;
      const Style style = style_of(i);
      if (style != Style::plain) spans.push_back({tokens_[i].begin, tokens_[i].end, style});
    }
  }

  /// The bracket that belongs to the one at the cursor, or right before it.
  [[nodiscard]] std::optional<StyledSpan> partner(std::size_t cursor) const {
    for (std::size_t i = 0; i < tokens_.size(); ++i) {
      if (tokens_[i].begin == cursor && is_bracket(i)) return partner_of(i);
    }
    for (std::size_t i = 0; i < tokens_.size(); ++i) {
      if (tokens_[i].end == cursor && is_bracket(i)) return partner_of(i);
    }
    return std::nullopt;
  }

 private:
  [[nodiscard]] Style style_of(std::size_t index) {
    switch (tokens_[index].kind) {
      case Token::Kind::keyword: return Style::keyword;
      case Token::Kind::number: return Style::number;
      case Token::Kind::string: return Style::string;
      case Token::Kind::comment: return Style::comment;
      case Token::Kind::error: return Style::error;
      case Token::Kind::name: return is_known(index) ? Style::builtin : Style::plain;
      default: return Style::plain;
    }
  }

  /// Not a field or a method, of whatever name.
  [[nodiscard]] bool is_known(std::size_t index) {
    if (!known_) return false;
    const std::string_view before = index > 0 ? tokens_[index - 1].of(text_) : ""sv;
    if (before == "." || before == ":") return false;
    const std::string_view name = tokens_[index].of(text_);
    const auto [entry, added] = asked_.try_emplace(name, false);
    if (added) entry->second = known_(name);
    return entry->second;
  }

  [[nodiscard]] bool is_bracket(std::size_t index) const {
    const Token& token = tokens_[index];
    return token.kind == Token::Kind::sign && token.end == token.begin + 1 &&
           kBrackets.find(text_[token.begin]) != std::string_view::npos;
  }

  [[nodiscard]] std::optional<StyledSpan> partner_of(std::size_t index) const {
    const std::size_t kind = kBrackets.find(text_[tokens_[index].begin]);
    const bool opens = kind < 3;
    const char same = kBrackets[kind];
    const char other = kBrackets[(kind + 3) % 6];
    int depth = 0;
    for (std::size_t i = index; i < tokens_.size(); i = opens ? i + 1 : i - 1) {  // ends by wrapping below 0 too
      if (!is_bracket(i)) continue;
      const char c = text_[tokens_[i].begin];
      if (c == same)
        ++depth;
      else if (c == other)
        --depth;
      if (depth == 0) return StyledSpan{tokens_[i].begin, tokens_[i].end, Style::bracket};
    }
    return std::nullopt;
  }

  std::string_view text_;
  const KnownNames& known_;
  std::vector<Token> tokens_;
  std::unordered_map<std::string_view, bool> asked_;
};

std::size_t first_letter(std::string_view entry) { return std::min(entry.find_first_not_of(" \t\n"), entry.size()); }

/// "name?": what is to be known of a name.
bool is_question(std::string_view text) {
  while (!text.empty() && (text.back() == ' ' || text.back() == '\n')) text.remove_suffix(1);
  if (text.size() < 2 || text.back() != '?' || !is_letter(text[0])) return false;
  text.remove_suffix(1);
  return std::ranges::all_of(text,
                             [](char c) { return is_letter(c) || (c >= '0' && c <= '9') || c == '.' || c == ':'; });
}

/// Where Lua begins behind a command; the end of the entry when it does not take any.
std::size_t add_command(std::string_view entry, StyledSpans& spans) {
  const std::size_t begin = first_letter(entry);
  const std::string_view rest = entry.substr(begin);
  const std::string_view word = rest[0] == '.' ? first_word(rest) : rest.substr(0, rest.find('\n'));
  spans.push_back({begin, begin + word.size(), Style::command});
  return std::ranges::find(kTakingExpression, word) != kTakingExpression.end() ? begin + word.size() : entry.size();
}

}  // namespace

bool is_command(std::string_view entry) {
  const std::string_view rest = entry.substr(first_letter(entry));
  if (rest.starts_with('?') || is_question(rest)) return true;
  return rest.starts_with('.') && (rest.size() == 1 || is_letter(rest[1]));
}

StyledSpans highlight(std::string_view entry, std::size_t cursor, const KnownNames& known) {
  StyledSpans spans;
  if (entry.size() > kMostHighlighted) return spans;
  const std::size_t begin = is_command(entry) ? add_command(entry, spans) : 0;
  Highlighter highlighter(entry, known);
  highlighter.run(begin, spans);
  if (cursor == kNoCursor) return spans;
  const std::optional<StyledSpan> partner = highlighter.partner(cursor);
  return partner ? overlaid(spans, *partner) : spans;
}

StyledSpans overlaid(const StyledSpans& spans, const StyledSpan& over) {
  StyledSpans result;
  const auto add = [&](std::size_t begin, std::size_t end, Style style) {
    if (begin < end) result.push_back({begin, end, style});
  };
  for (const StyledSpan& span : spans) add(span.begin, std::min(span.end, over.begin), span.style);
  add(over.begin, over.end, over.style);
  for (const StyledSpan& span : spans) add(std::max(span.begin, over.end), span.end, span.style);
  return result;
}

}  // namespace neap::internal::repl
