// How a piece of text looks on the screen; which colours that means is the renderer's business.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace neap::internal::repl {

enum class Style : std::uint8_t {
  plain,
  keyword,
  string,
  number,
  comment,
  builtin,  // a global of Lua's or neap's
  error,    // a token that no Lua program can hold
  bracket,  // the bracket that belongs to the one at the cursor
  command,  // ".help", "?name"
  prompt,
  faint,     // hints: what is shown and not typed
  selected,  // the candidate that Tab would insert
  match,     // what a search has found
};

/// Bytes [begin, end) of a text.
struct StyledSpan {
  std::size_t begin = 0;
  std::size_t end = 0;
  Style style = Style::plain;

  bool operator==(const StyledSpan&) const = default;
};

/// In order, without overlap; what none covers is plain.
using StyledSpans = std::vector<StyledSpan>;

}  // namespace neap::internal::repl
