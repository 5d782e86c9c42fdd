#include "repl/motion.hpp"

#include "repl/text.hpp"

#include <algorithm>

namespace neap::internal::repl {

namespace {

using Test = bool (*)(std::string_view cluster);

bool is_no_word(std::string_view cluster) { return !is_word(cluster); }
bool is_no_blank(std::string_view cluster) { return !is_blank(cluster); }

std::size_t forward_over(std::string_view text, std::size_t at, Test test) {
  while (at < text.size()) {
    const std::size_t end = cluster_end(text, at);
    if (!test(text.substr(at, end - at))) break;
    at = end;
  }
  return at;
}

std::size_t back_over(std::string_view text, std::size_t at, Test test) {
  while (at > 0) {
    const std::size_t begin = cluster_begin(text, at);
    if (!test(text.substr(begin, at - begin))) break;
    at = begin;
  }
  return at;
}

}  // namespace

std::size_t line_begin(std::string_view text, std::size_t at) {
  const std::size_t newline = at == 0 ? std::string_view::npos : text.rfind('\n', at - 1);
  return newline == std::string_view::npos ? 0 : newline + 1;
}

std::size_t line_end(std::string_view text, std::size_t at) { return std::min(text.find('\n', at), text.size()); }

std::size_t skip_blanks(std::string_view text, std::size_t at) {
  return std::min(text.find_first_not_of(" \t", at), text.size());
}

std::size_t word_end(std::string_view text, std::size_t at) {
  return forward_over(text, forward_over(text, at, is_no_word), is_word);
}

std::size_t word_begin(std::string_view text, std::size_t at) {
  return back_over(text, back_over(text, at, is_no_word), is_word);
}

std::size_t blank_word_begin(std::string_view text, std::size_t at) {
  return back_over(text, back_over(text, at, is_blank), is_no_blank);
}

int column_of(std::string_view text, std::size_t at) {
  const std::size_t begin = line_begin(text, at);
  return width_of(text.substr(begin, at - begin));
}

std::size_t at_column(std::string_view text, std::size_t at, int column) {
  const std::size_t end = line_end(text, at);
  std::size_t place = line_begin(text, at);
  while (place < end) {
    const std::size_t next = cluster_end(text, place);
    column -= cluster_width(text.substr(place, next - place));
    if (column < 0) break;
    place = next;
  }
  return place;
}

}  // namespace neap::internal::repl
