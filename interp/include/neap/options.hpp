// How an interpreter is made.
#pragma once

#include "neap/export.hpp"

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace neap {

class Error;

/// The standard streams that a script writes to.
enum class Stream { out = 1, err = 2 };

/// An error that nobody can receive: of a task that nobody awaited, of a callback.
struct ErrorReport {
  /// What happened: "Task exception was never retrieved".
  std::string message;
  /// Null when there was no error object.
  const Error* error = nullptr;
  /// The whole as neap's own report would show it, in several lines.
  std::string text;
};

struct Options {
  /// What Lua holds, in bytes; 0 for no limit.
  std::size_t memory_limit = 0;
  /// `arg[1]`, `arg[2]` and so on; `arg[0]` is the program's name.
  std::vector<std::string> arguments;
  std::string program_name;
  /// asyncio's debug mode: slow steps and what was never awaited are warned of.
  bool debug = false;
  /// Time stands still and jumps to the next deadline when everything waits: for tests.
  bool virtual_clock = false;
  /// LUA_PATH and the like are not read.
  bool ignore_environment = false;
  /// Gets what scripts write to their standard streams; empty: it goes to those of the process.
  std::function<void(Stream, std::string_view)> output;
  /// Gets errors that nobody can receive; empty: they are written to standard error. It must not throw.
  std::function<void(const ErrorReport&)> on_error;
  /// The application's uv_loop_t to run on; null: a loop of its own. See neap/lua.hpp.
  void* uv_loop = nullptr;
};

}  // namespace neap
