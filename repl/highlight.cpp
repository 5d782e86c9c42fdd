#include "repl/highlight.hpp"

#include "repl/lexer.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace neap::repl {

namespace {

using namespace std::literals;

constexpr std::array kTakingExpression = {".time"sv, ".bench"sv};
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

/// Where Lua begins behind a command; the end of the entry when it does not take any.
std::size_t add_command(std::string_view entry, StyledSpans& spans) {
  const std::string_view word = entry[0] == '?' ? entry.substr(0, entry.find('\n')) : first_word(entry);
  spans.push_back({0, word.size(), Style::command});
  return std::ranges::find(kTakingExpression, word) != kTakingExpression.end() ? word.size() : entry.size();
}

}  // namespace

bool is_command(std::string_view entry) {
  if (entry.starts_with('?')) return true;
  return entry.starts_with('.') && (entry.size() == 1 || is_letter(entry[1]));
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

}  // namespace neap::repl
