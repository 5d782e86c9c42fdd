#include "repl/indent.hpp"

#include "repl/lexer.hpp"
#include "repl/motion.hpp"

#include <algorithm>
#include <array>
#include <vector>

namespace neap::internal::repl {

namespace {

using namespace std::literals;

constexpr std::array kOpening = {"do"sv, "then"sv, "else"sv, "function"sv, "repeat"sv, "("sv, "{"sv, "["sv};
constexpr std::array kClosing = {"end"sv, "else"sv, "elseif"sv, "until"sv, ")"sv, "}"sv, "]"sv};

template <typename List>
bool among(const List& list, std::string_view word) {
  return std::ranges::find(list, word) != list.end();
}

std::string_view blanks_of_line(std::string_view text, std::size_t at) {
  const std::size_t begin = line_begin(text, at);
  return text.substr(begin, std::min(skip_blanks(text, begin), at) - begin);
}

/// Where the blocks begin that are open at the end of the text; nothing when that is inside a string or a comment.
std::optional<std::vector<std::size_t>> open_blocks(std::string_view text) {
  std::vector<std::size_t> blocks;
  for (const Token& token : tokens_of(text)) {
    if (token.open && token.end == text.size()) return std::nullopt;
    const std::string_view word = token.of(text);
    if (token.kind != Token::Kind::keyword && token.kind != Token::Kind::sign) continue;
    if (among(kClosing, word) && !blocks.empty()) blocks.pop_back();
    if (among(kOpening, word)) blocks.push_back(token.begin);
  }
  return blocks;
}

}  // namespace

std::string indentation(std::string_view before) {
  const auto blocks = open_blocks(before);
  if (!blocks || blocks->empty()) return {};
  return std::string(blanks_of_line(before, blocks->back())).append(kIndent);
}

std::optional<std::string> closing_indentation(std::string_view before) {
  const auto blocks = open_blocks(before);
  if (!blocks || blocks->empty()) return std::nullopt;
  return std::string(blanks_of_line(before, blocks->back()));
}

bool begins_by_closing(std::string_view line) {
  const std::vector<Token> tokens = tokens_of(line);
  if (tokens.empty()) return false;
  const bool counts = tokens[0].kind == Token::Kind::keyword || tokens[0].kind == Token::Kind::sign;
  return counts && closes_block(tokens[0].of(line));
}

bool closes_block(std::string_view word) { return among(kClosing, word); }

bool may_close_block(std::string_view beginning) {
  return std::ranges::any_of(kClosing, [&](std::string_view word) { return word.starts_with(beginning); });
}

}  // namespace neap::internal::repl
