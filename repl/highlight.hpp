// The colours of an entry while it is typed.
#pragma once

#include "repl/style.hpp"

#include <cstddef>
#include <functional>
#include <string_view>

namespace neap::internal::repl {

/// Names that the entry can use without declaring them: true for those to be shown as `builtin`.
using KnownNames = std::function<bool(std::string_view name)>;

constexpr std::size_t kNoCursor = static_cast<std::size_t>(-1);

/// With the bracket marked that belongs to the one at the cursor, or before it. Of a command the first word has a
/// colour; what follows is Lua where the command takes any.
/// An entry of more than kMostHighlighted bytes has no colours: they would have to be found anew with every key.
StyledSpans highlight(std::string_view entry, std::size_t cursor, const KnownNames& known);

constexpr std::size_t kMostHighlighted = 200'000;

/// True for ".help", "?name" and "name?", and not for ".5" or "...".
bool is_command(std::string_view entry);

/// Spans with another one laid over them.
StyledSpans overlaid(const StyledSpans& spans, const StyledSpan& over);

}  // namespace neap::internal::repl
