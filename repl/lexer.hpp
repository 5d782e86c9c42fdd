// Lua's tokens, also of text that is no Lua yet: for colours, for finding out what is being completed, and for the
// locals that an entry declares. It never fails: what cannot be a token is one of kind `error`.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace neap::internal::repl {

struct Token {
  enum class Kind : std::uint8_t { name, keyword, number, string, comment, sign, error };

  Kind kind = Kind::error;
  std::size_t begin = 0;
  std::size_t end = 0;
  bool open = false;  // a string or comment that does not end in the text

  [[nodiscard]] std::string_view of(std::string_view text) const { return text.substr(begin, end - begin); }
  bool operator==(const Token&) const = default;
};

/// Comments included, blanks left out.
std::vector<Token> tokens_of(std::string_view text);

}  // namespace neap::internal::repl
