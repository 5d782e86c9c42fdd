#include "repl/look.hpp"

#include <cstddef>

namespace neap::internal::repl {

namespace {

struct Look {
  Style style;
  std::string_view coloured;
  std::string_view plain;  // under NO_COLOR, which says nothing against other attributes
};

constexpr Look kLooks[] = {
    {Style::plain, "", ""},
    {Style::keyword, "\x1b[35m", ""},
    {Style::string, "\x1b[32m", ""},
    {Style::number, "\x1b[36m", ""},
    {Style::comment, "\x1b[90m", ""},
    {Style::builtin, "\x1b[34m", ""},
    {Style::error, "\x1b[31m", ""},
    {Style::bracket, "\x1b[1;33m", "\x1b[1m"},
    {Style::command, "\x1b[1;34m", ""},
    {Style::prompt, "\x1b[1;32m", ""},
    {Style::faint, "\x1b[90m", "\x1b[2m"},
    {Style::selected, "\x1b[7m", "\x1b[7m"},
    {Style::match, "\x1b[4;33m", "\x1b[4m"},
};

}  // namespace

std::string_view sequence_of(Style style, bool coloured) {
  const Look& look = kLooks[static_cast<std::size_t>(style)];
  return coloured ? look.coloured : look.plain;
}

}  // namespace neap::internal::repl
