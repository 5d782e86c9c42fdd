// Text as a terminal shows it: extended grapheme clusters, and how many columns each takes.
//
// Clusters and widths are utf8proc's. Bytes that are no UTF-8 are clusters of one byte, shown as one replacement
// character; a control character is a cluster of its own, shown as "^X" (two columns); a newline has no width.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace neap::repl {

/// The end of the cluster that begins at `at`; text.size() at the end.
std::size_t cluster_end(std::string_view text, std::size_t at);
/// The beginning of the cluster that ends at `at`; 0 at the beginning.
std::size_t cluster_begin(std::string_view text, std::size_t at);
/// Columns of one cluster.
int cluster_width(std::string_view cluster);
/// Columns of a text without newlines.
int width_of(std::string_view text);
/// What is sent to the terminal for a cluster: itself, or what stands for it ("^A", "\uFFFD").
std::string shown(std::string_view cluster);
/// True when the cluster is part of a word: letters, digits, the underscore, and everything beyond ASCII but blanks.
bool is_word(std::string_view cluster);

}  // namespace neap::repl
