// What in a source line an error message of Lua names.
#pragma once

#include <lua.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace neap::internal {

/// A line of a chunk, and what was said about it.
struct SourcePlace {
  std::string text;      // the whole chunk
  std::size_t line = 0;  // from 1
  std::string rest;      // the message, without the position in front of it
};

/// Bytes of a line.
struct Span {
  std::size_t begin = 0;
  std::size_t size = 0;
};

/// Line number `number` of the text, without its end. Lines end as they do for Lua: "\n", "\r" or both.
std::string_view line_of(std::string_view text, std::size_t number);

/// Where the message's token ("near 'x'") or variable ("(local 'x')", "to 'insert'") stands in the line, in
/// order. None when the message names nothing or it is not there; several when nothing tells which it is.
std::vector<Span> find_marks(lua_State* L, const SourcePlace& place);

}  // namespace neap::internal
