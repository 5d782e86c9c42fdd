// Text as a terminal shows it: extended grapheme clusters, and how many columns each takes.
//
// Clusters and widths are utf8proc's. What a terminal would not show as it is, is shown as something that can be seen:
// a control character as "^X" (two columns), a tab as four blanks, bytes that are no UTF-8 (a cluster each) and
// characters without a shape (zero width spaces, marks of direction) as one replacement character, a mark that follows
// no letter on a blank. Only a newline has no width.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace neap::internal::repl {

/// The end of the cluster that begins at `at`; text.size() at the end.
std::size_t cluster_end(std::string_view text, std::size_t at);
/// The beginning of the cluster that ends at `at`; 0 at the beginning.
std::size_t cluster_begin(std::string_view text, std::size_t at);
/// `at` itself when a cluster begins or ends there, else the end of the cluster it is in.
std::size_t cluster_boundary(std::string_view text, std::size_t at);
/// Columns of one cluster.
int cluster_width(std::string_view cluster);
/// Columns of a text without newlines.
int width_of(std::string_view text);
/// What is sent to the terminal for a cluster: itself, or what stands for it ("^A", "\uFFFD").
std::string shown(std::string_view cluster);
/// True when the cluster is part of a word: letters, digits, the underscore, and everything beyond ASCII but blanks.
bool is_word(std::string_view cluster);
/// True for white space, newlines included.
bool is_blank(std::string_view cluster);

/// How a word's letters are changed.
enum class Case : unsigned char { upper, lower, capital };
std::string with_case(std::string_view text, Case wanted);

/// The character as UTF-8; empty for what is none.
std::string utf8_of(char32_t character);

}  // namespace neap::internal::repl
