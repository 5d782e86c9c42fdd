// What the screen shows of an entry that is being typed: made by the LineEditor, drawn by the Screen.
#pragma once

#include "repl/style.hpp"

#include <cstddef>
#include <string>
#include <vector>

namespace neap::internal::repl {

struct StyledText {
  std::string text;  // without newlines
  StyledSpans spans;
};

struct View {
  StyledText prompt;        // before the first line
  StyledText continuation;  // before each further one
  std::string text;         // the entry; lines end in "\n"
  StyledSpans spans;
  std::size_t cursor = 0;  // a byte of `text`
  std::string hint;  // faint, behind the end of the text: what the right arrow would insert; may have several lines
  std::vector<StyledText> below;  // lines under the entry: candidates, a signature, a message; cut to the width
};

}  // namespace neap::internal::repl
