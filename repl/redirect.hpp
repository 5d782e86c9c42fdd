// Puts streams of our own in the place of C's stdout and stderr, which hand what is written to an StandardStreams: what
// Lua prints, error reports, and what C modules printf.
//
// stdout is line buffered, as C's own is on a terminal; stderr is not buffered.
#pragma once

#include "runtime/task/standard_streams.hpp"

#include <lua.hpp>

#include <cstdio>

namespace neap::internal::repl {

class Redirect {
 public:
  Redirect() = default;
  ~Redirect() { end(); }
  Redirect(const Redirect&) = delete;
  Redirect& operator=(const Redirect&) = delete;

  /// Whether the system lets C's streams be replaced.
  static bool is_possible();
  /// False when it has failed. `with_stderr`: it is the same terminal.
  bool begin(StandardStreams& sink, bool with_stderr);
  /// What is in the buffers is handed on.
  void flush();
  void end();

  /// Lets a file of Lua's (a luaL_Stream of C's stdout or stderr, at `index`) be ours, or what it was again.
  void take_file(lua_State* L, int index) const;
  void give_file_back(lua_State* L, int index) const;

 private:
  struct Pair {
    std::FILE* original = nullptr;
    std::FILE* ours = nullptr;
  };
  Pair out_;
  Pair err_;
};

}  // namespace neap::internal::repl
