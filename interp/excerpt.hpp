// The source line that an error message is about, with what the message names marked:
//
//      3 | local total = price * count
//        |               ^^^^^
//
// The text comes from the file that the message or the traceback names, or from what was remembered of a
// program that has no file.
#pragma once

#include <lua.hpp>

#include <string>
#include <string_view>

namespace neap::internal {

/// Keeps the text of a chunk without a file ("stdin", "(command line)").
void remember_source(std::string name, std::string text);
/// Keeps the path of the script: Lua cuts long paths in messages ("...long/path/x.lua").
void remember_script(std::string path);
/// From now on excerpts come from these alone, and not from any file that a chunk says to be of: a sandboxed script
/// names its chunks as it likes.
void show_known_sources_only();

/// What marks the excerpt's caret and margin; empty for no colour.
struct ExcerptStyle {
  std::string_view margin;
  std::string_view mark;
  std::string_view reset;
};

/// The excerpt for a message or, when that names no line, for the first line of the trace that has a source;
/// lines end in "\n". Empty when there is no source. `L` compiles parts of the chunk to find out which of
/// several equal tokens a syntax error is about; nothing is run.
std::string excerpt(lua_State* L, const std::string& message, const std::string& trace, const ExcerptStyle& style);

}  // namespace neap::internal
