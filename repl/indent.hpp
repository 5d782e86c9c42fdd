// How far a line stands in from the left: two blanks deeper than the line that opened the block it is in.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace neap::internal::repl {

constexpr std::string_view kIndent = "  ";

/// The blanks that a new line begins with, whose text would stand behind `before`. None inside a string or a comment.
std::string indentation(std::string_view before);
/// The same for a line that begins by closing a block: those of the line that opened it. Nothing when no block is open.
std::optional<std::string> closing_indentation(std::string_view before);

/// True for a line whose text, behind its blanks, begins by closing a block: "end", "else", "}" and so on.
bool begins_by_closing(std::string_view line);
/// True for a word, or a sign, that closes a block.
bool closes_block(std::string_view word);
/// True for what more letters could make such a word.
bool may_close_block(std::string_view beginning);

}  // namespace neap::internal::repl
