// An error as plain data: everything that a report shows, taken out of Lua before anything is written, so
// that no code of a script runs while C++ objects are being built.
#pragma once

#include <lua.hpp>

#include <string>
#include <vector>

namespace neap::internal {

struct ErrorTree {
  std::string message;
  std::string trace;               // frames, each on a line that begins with a tab; may be empty
  std::vector<ErrorTree> members;  // of an ExceptionGroup
  std::vector<ErrorTree> causes;   // none or one
  std::size_t left_out = 0;        // further members that are not here
  int output_error = 0;            // when all that is wrong is that stdout cannot be written: errno
};

/// Describes the value at `index`; `trace` (may be empty) is used in place of the error object's own.
/// Raises nothing. May throw std::bad_alloc.
ErrorTree describe_error(lua_State* L, int index, std::string trace);

}  // namespace neap::internal
