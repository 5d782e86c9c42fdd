#include <neap/prompt.hpp>

#include "repl/library.hpp"

namespace neap {

void add_prompt() noexcept { internal::stdlib::add_library(internal::repl::own_library()); }

}  // namespace neap
