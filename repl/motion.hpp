// Places in a text, for movements and for what is deleted up to them. All are byte offsets between clusters.
#pragma once

#include <cstddef>
#include <string_view>

namespace neap::internal::repl {

std::size_t line_begin(std::string_view text, std::size_t at);
std::size_t line_end(std::string_view text, std::size_t at);
/// The first place at or behind `at` that is no blank of its line.
std::size_t skip_blanks(std::string_view text, std::size_t at);

/// The end of the word at `at`, or of the next one.
std::size_t word_end(std::string_view text, std::size_t at);
/// The beginning of the word before `at`.
std::size_t word_begin(std::string_view text, std::size_t at);
/// The same for words that only blanks divide.
std::size_t blank_word_begin(std::string_view text, std::size_t at);

/// Columns between the beginning of the line and `at`.
int column_of(std::string_view text, std::size_t at);
/// The place in the line that holds `at` that is nearest to the column, and not beyond it.
std::size_t at_column(std::string_view text, std::size_t at, int column);

}  // namespace neap::internal::repl
