// How an interpreter is made.
#pragma once

#include "neap/export.hpp"

#include <cstddef>
#include <functional>
#include <optional>
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

/// What all code of an interpreter may use; 0 is no limit. Exceeding one ends every task with a LimitError, which no
/// script can catch or outlive; who runs or calls the code gets LimitExceeded, and may go on with the interpreter.
/// `async.limit` sets such limits for a part of a program. stdlib/async/README.md says what is promised, and what not.
struct Limits {
  /// Bytes that Lua holds.
  std::size_t memory = 0;
  /// Seconds of CPU time from one wait of a task to the next; in a call from C++, of the whole call.
  double step = 0;
  /// Seconds by the interpreter's clock.
  double wall = 0;
  /// Tasks that are not done.
  std::size_t tasks = 0;
  /// Files, sockets, processes that are open.
  std::size_t handles = 0;
};

/// What scripts may do. Everything is refused with a PermissionError that is not named here; a script may give more up
/// (`neap.permissions`), and gets nothing back. Its worker threads have no more. stdlib/permissions/README.md says what
/// values look like, what is promised, and what not; `"*"` in a list is everything of the kind.
struct Sandbox {
  /// False: scripts may do what the process may, whatever else is here.
  bool enabled = false;
  /// Paths, which hold for what is below them.
  std::vector<std::string> read;
  std::vector<std::string> write;
  /// HOST, HOST:PORT, :PORT.
  std::vector<std::string> net;
  /// Programs.
  std::vector<std::string> run;
  /// Environment variables; NAME* for all that begin so.
  std::vector<std::string> env;
  /// C modules by path, and bytecode: what no sandbox holds.
  std::vector<std::string> native;
  bool thread = false;
  bool signal = false;
  /// Where `require`, `dofile` and `loadfile` find Lua files; empty: nowhere.
  std::string script_directory;
};

struct Options {
  Limits limits;
  Sandbox sandbox;
  /// The modules that scripts may have, named as `require` takes them ("neap.fs", "lpeg", "game.*"); none: all. What
  /// the application adds by add_module they always have, and `async` with what needs no module of its own ("neap.net",
  /// "neap.process", "neap.signal", "neap.stream" and "neap.thread" are the rest of it). Lua's libraries `io`, `os`,
  /// `debug` and `package` are there when they are named.
  std::optional<std::vector<std::string>> modules;
  /// `arg[1]`, `arg[2]` and so on; `arg[0]` is the program's name.
  std::vector<std::string> arguments;
  std::string program_name;
  /// asyncio's debug mode: slow steps and what was never awaited are warned of.
  bool debug = false;
  /// Time stands still and jumps to the next deadline when everything waits: for tests.
  bool virtual_clock = false;
  /// LUA_PATH and the like are not read.
  bool ignore_environment = false;
  /// What scripts read from their standard input (`io.read`, `async.stdin`); none: that of the process.
  std::optional<std::string> input;
  /// Gets what scripts write to their standard streams; empty: it goes to those of the process. What it throws goes to
  /// on_error.
  std::function<void(Stream, std::string_view)> output;
  /// Gets errors that nobody can receive; empty: they are written to standard error. What it throws is written there.
  std::function<void(const ErrorReport&)> on_error;
  /// Seconds that tasks which are left have for their cleanup when the interpreter is destroyed; then they are dropped.
  double closing_grace = 0.25;
  /// The application's uv_loop_t to run on; null: a loop of its own. See neap/lua.hpp.
  void* uv_loop = nullptr;
};

}  // namespace neap
