// What Tab can insert, as the prompt's Lua side finds it (complete.lua).
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace neap::internal::repl {

struct Candidate {
  std::string text;    // replaces the bytes [Completion::from, cursor)
  std::string label;   // what the menu shows; empty: the text
  std::string detail;  // a signature or a kind, shown faint
};

struct Completion {
  std::size_t from = 0;
  std::vector<Candidate> candidates;
};

}  // namespace neap::internal::repl
