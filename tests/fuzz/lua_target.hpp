// Targets whose work is done by a Lua file beside this one: a function of the input, which returns nothing, or what
// neap did wrong. It runs as the main task of an interpreter with the virtual clock, which is kept from one input to
// the next.
#pragma once

#include "interp/interpreter.hpp"

#include <lua.hpp>

#include <string_view>

namespace neap::internal::fuzz {

class LuaTarget {
 public:
  /// `file`: "loader.lua". `prepare` gets the state before the file runs, and may set globals.
  explicit LuaTarget(const char* file, void (*prepare)(lua_State* L) = nullptr);

  /// Calls the function; throws Failure when it returns or raises something, or leaves a task or a timer behind.
  void run(std::string_view input);
  [[nodiscard]] lua_State* state() { return interpreter_.state(); }

 private:
  Interpreter interpreter_;
  int function_ = 0;  // anchor in the registry
};

/// In libFuzzer's build: the lines of Lua that run in the state, and in coroutines made from now on, count as coverage.
void count_lines(lua_State* L);

}  // namespace neap::internal::fuzz
