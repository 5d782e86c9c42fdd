// What the styles look like: of the sixteen colours that every terminal has, because its owner has chosen those.
#pragma once

#include "repl/style.hpp"

#include <string_view>

namespace neap::internal::repl {

/// The escape sequence that begins the style; empty for what looks like plain text.
std::string_view sequence_of(Style style, bool coloured);

}  // namespace neap::internal::repl
