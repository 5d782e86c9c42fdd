// Two interpreters, and scripts in the first that send values to the second and back.
//
// Globals of the scripts: copy(...) gives what has gone there and come back; run(f, ...) calls f there and gives what
// pcall gives; refused(...) is the message with which values are refused; size(...) the bytes that a parcel of them
// takes.
#pragma once

#include "interp/interpreter.hpp"
#include "stdlib/thread/parcel.hpp"

#include <string>

namespace neap::internal::tests {

class TwoStates {
 public:
  TwoStates();

  /// Runs the script in the first state. Returns its error, or "".
  std::string run(const std::string& script);

  [[nodiscard]] Interpreter& here() { return here_; }
  [[nodiscard]] Interpreter& there() { return there_; }

 private:
  Interpreter here_;
  Interpreter there_;
};

/// Pushes a parcel that Lua owns.
stdlib::thread::Parcel& push_parcel(lua_State* L);

}  // namespace neap::internal::tests
