// Lua code in a process of its own, for code that is really hostile.
//
//   neap::Isolate plugin(lua, {.limits = {.memory = 64'000'000, .step = 0.1}});
//   plugin.set_function("lookup", [](std::string word) { return word.size(); });
//   plugin.run_file("plugin.lua");
//   int score = plugin.call<int>("score", "some words");
#pragma once

#include "neap/export.hpp"
#include "neap/interpreter.hpp"

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace neap {

struct IsolateOptions {
  /// What the code may do; by default nothing. With `enabled = false` there is no sandbox, only a process of its own.
  Sandbox sandbox = [] {
    Sandbox nothing;
    nothing.enabled = true;
    return nothing;
  }();
  /// What the kernel holds as well: Landlock, a filter of system calls, no privileges. False for systems that have not
  /// all of it.
  bool confine = true;
  /// Of all its code together; the process ends when one is exceeded.
  Limits limits;
  /// `arg[1]`, `arg[2]` and so on.
  std::vector<std::string> arguments;
  /// Gets what it prints; empty: it goes to the standard streams of this process.
  std::function<void(Stream, std::string_view)> output;
  /// The neap program; empty: one beside the library, where an installation has it, or in PATH.
  std::string program;
  /// Seconds for the cleanup of a call that is given up, and of the whole when it is closed; then the process is
  /// killed.
  double grace = 1;
  /// Bytes of the arguments, or the results, of a call.
  std::size_t max_message = std::size_t{64} << 20U;
  /// asyncio's debug mode in the process.
  bool debug = false;
};

/// A process with a Lua interpreter in it, of an Interpreter whose loop carries its messages. `neap.isolate`
/// (stdlib/isolate/README.md) says what it is, what crosses between the processes, and what is promised. In short:
/// plain data is copied; functions that C++ sets can be called from there, and what they are called with is not to be
/// trusted; nothing that comes from there is.
///
/// Thread: the interpreter's, of which it is one of the users. When it outlives it, what it is
/// asked for throws Closed. What says that it runs the loop may not be called from
/// code that the interpreter runs; `spawn` may. Every call throws the Error with which it ended there, of the class and
/// with the message that it had; when the process ends, LimitExceeded or an Error of class RuntimeError that says how
/// it ended.
class NEAP_API Isolate {
 public:
  /// Starts the process and runs the loop until it is there. Throws Error (OSError, RuntimeError) when it cannot be
  /// started, and for options that make no sense.
  explicit Isolate(Interpreter& interpreter, IsolateOptions options = {});
  /// Kills the process, without running its cleanup; see `close`.
  ~Isolate();
  Isolate(const Isolate&) = delete;
  Isolate& operator=(const Isolate&) = delete;

  // These run the loop until they are answered.

  template <class R = void, class... A>
  R run_string(std::string_view code, const std::string& name = "=(isolate)", const A&... arguments) {
    return interpreter_.run_until<R>(begin("run", code, name, arguments...));
  }
  /// The file is read by this process.
  template <class R = void, class... A>
  R run_file(const std::string& path, const A&... arguments) {
    return interpreter_.run_until<R>(begin("run_file", path, arguments...));
  }
  /// Calls a function there by its name, which may wait.
  template <class R = void, class... A>
  R call(const std::string& name, const A&... arguments) {
    return interpreter_.run_until<R>(spawn(name, arguments...));
  }
  template <class T>
  void set(const std::string& name, const T& value) {
    interpreter_.run_until(begin("set", name, value));
  }
  /// Sets a function there that calls this one here, in a task of the interpreter: it may be one that answers later.
  template <class F>
  void set_function(const std::string& name, F function) {
    set(name, detail::make_function(*isolate_.host(), name, std::move(function)));
  }
  template <class T = Value>
  [[nodiscard]] T get(const std::string& name) {
    return interpreter_.run_until<T>(begin("get", name));
  }
  /// Has it end in order, with the cleanup of its tasks, within the grace.
  void close();

  /// The call as a task here, for `on_done`, `co_await` or `run_until`. Cancelling it cancels the call there.
  template <class... A>
  Task spawn(const std::string& name, const A&... arguments) {
    return begin("call", name, arguments...);
  }

  /// False once it is closed or has ended.
  [[nodiscard]] bool running() const;
  /// Of the process.
  [[nodiscard]] int pid() const;
  /// The object of `neap.isolate`, for Lua functions.
  [[nodiscard]] const Table& value() const noexcept { return isolate_; }

 private:
  template <class... A>
  Task begin(const char* method, const A&... arguments) {
    return interpreter_.spawn(isolate_.get<Function>(method), isolate_, arguments...);
  }

  Interpreter& interpreter_;
  Table isolate_;
};

}  // namespace neap
