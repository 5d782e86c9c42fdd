// A Lua interpreter with tasks, inside a C++ application.
//
//   neap::Interpreter lua;
//   lua.set_function("log", [](std::string text) { std::clog << text << '\n'; });
//   lua.run_file("app.lua");
#pragma once

#include "neap/async.hpp"
#include "neap/class.hpp"
#include "neap/export.hpp"
#include "neap/function.hpp"
#include "neap/module.hpp"
#include "neap/options.hpp"
#include "neap/remote.hpp"
#include "neap/task.hpp"
#include "neap/value.hpp"

#include <concepts>
#include <cstddef>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace neap {

namespace detail {

/// A Function, or the name of one.
template <class F>
concept NamesFunction = std::derived_from<F, Function> || std::convertible_to<const F&, std::string>;

}  // namespace detail

/// A Lua state, a loop and a scheduler, with neap's library in it.
///
/// It belongs to the thread that made it: all calls come from there, and Lua runs there. Other threads use `remote`.
/// There may be any number of interpreters in a process and on a thread; they share nothing. An interpreter installs no
/// signal handlers and changes nothing of the process.
///
/// Code runs in two ways. `call` calls a Lua function here and now, which must not wait. Tasks wait: `spawn` makes one,
/// and it runs while the loop does: in `run`, `run_until`, `run_string` and `run_file`, in `step`, or with the
/// application's uv_loop_t. None of these may be called from code that one of them runs: a C++ function that Lua has
/// called uses `call` and `spawn`.
class NEAP_API Interpreter {
 public:
  /// Throws std::runtime_error when the state or the loop cannot be made, std::invalid_argument for a Sandbox's values.
  explicit Interpreter(Options options = {});
  /// In any state: cancels the tasks that are left and runs their cleanup, for Options::closing_grace at most; closes
  /// what they have open; ends worker threads. Not from code that the interpreter runs: that ends the process, with a
  /// message. Another thread may destroy it once its own is done with it.
  ~Interpreter();
  Interpreter(const Interpreter&) = delete;
  Interpreter& operator=(const Interpreter&) = delete;

  // Loading. A chunk is a Function; nothing runs yet. Source text only, no bytecode. Errors: Error (a syntax error),
  // OSError.

  /// `name` stands in messages: "=config" as config, "@app.lua" as a file's.
  [[nodiscard]] Function load_string(std::string_view code, const std::string& name = "=(string)");
  [[nodiscard]] Function load_file(const std::string& path);

  // Running to the end: a task is made, and the loop runs until it is done. Other tasks run meanwhile, and stay when it
  // is done. Gives what the chunk returns as an R (void, one type, a std::tuple). Throws its Error; DeadlockError when
  // it waits for something that can never happen.

  template <class R = void, class... A>
  R run_string(std::string_view code, const std::string& name = "=(string)", const A&... arguments) {
    return run_until<R>(spawn(load_string(code, name), arguments...));
  }
  template <class R = void, class... A>
  R run_file(const std::string& path, const A&... arguments) {
    return run_until<R>(spawn(load_file(path), arguments...));
  }
  template <class R = void>
  R run_until(const Task& task) {
    drive(task);
    return task.result<R>();
  }
  /// Runs a coroutine of C++'s to its end.
  template <class T>
  T run_until(Async<T> coroutine) {
    detail::OperationRef<detail::InnerOperation<T>> operation(
        new detail::InnerOperation<T>(host_, std::move(coroutine)));
    const Task task = adopt(operation.share(), "Async");
    drive(task);
    task.retrieve();
    if (operation->error) std::rethrow_exception(operation->error);
    task.result<void>();
    return operation->take();
  }
  /// Runs until no task is left.
  void run();
  /// Runs until `stop` is called, also while there is no task: for an interpreter that serves other threads.
  void run_forever();
  /// Ends run_forever, at once or when it is called next; from code that the interpreter runs. Other threads:
  /// Remote::stop.
  void stop();
  /// Cancels all tasks and runs until they have ended; the interpreter goes on.
  void cancel_tasks();

  // Calling and making tasks.

  /// Calls a Lua function, given as a Function or by name ("game.on_frame": a global, or fields of one), and gives what
  /// it returns as an R. It must not wait: that is a RuntimeError. Throws std::invalid_argument for a function of
  /// another interpreter, and so do `spawn`, `set` and `run_until` for what is another one's.
  template <class R = void, detail::NamesFunction F, class... A>
  R call(const F& function, const A&... arguments) {
    return find(function).template call<R>(arguments...);
  }
  /// A task that calls the function; it begins in the next turn of the loop.
  template <detail::NamesFunction F, class... A>
  Task spawn(const F& function, const A&... arguments) {
    Writer packed;
    (packed.write(arguments), ...);
    return spawn_packed(find(function), packed);
  }
  /// A task that is a coroutine of C++'s; it begins in the next turn of the loop. Its result, for `Task::result`, is
  /// converted to Lua and back.
  template <class T>
  Task spawn(Async<T> coroutine, const std::string& name = "Async") {
    return adopt(new detail::AsyncOperation<T>(host_, std::move(coroutine)), name);
  }

  // Globals.

  /// Sets a global, or the field of a table that is one ("game.level"); tables on the way are made. `value`: anything
  /// that converts; a C++ function becomes a Lua function of that name.
  template <class T>
  void set(const std::string& name, const T& value) {
    Writer packed;
    packed.write(value);
    set_packed(name, packed);
  }
  template <class F>
  void set_function(const std::string& name, F function) {
    set(name, detail::make_function(*host_, name, std::move(function)));
  }
  /// Gives a global as a T: nil where there is none.
  template <class T = Value>
  [[nodiscard]] T get(const std::string& name) {
    return get_value(name).template as<T>();
  }

  /// `require "NAME"` gives the module. Throws Error, std::invalid_argument for a class that it has already.
  Table add_module(Module&& module) { return detail::add_module(*host_, std::move(module).take()); }
  /// Makes the class known, and gives the table with its constructor and static functions, which is also set as a
  /// global of the class's name.
  template <class T>
  Table add_class(Class<T>&& type) {
    const std::string name = type.name();
    Table table = detail::add_class(*host_, std::move(type).take());
    set(name, table);
    return table;
  }

  // The loop, step by step: for a game's frames, or any other event loop (Qt, asio, epoll).

  /// Runs what is ready and takes what the loop brings, without waiting, for about `budget` seconds at most; one turn
  /// at least. True when there is more that could run at once.
  bool step(double budget = 0);
  /// Seconds until something is to be done: 0 now, infinity when only the descriptor can tell.
  [[nodiscard]] double next_timeout();
  /// A descriptor that is readable when the loop has something; -1 where the system has none.
  [[nodiscard]] int backend_fd() const;

  /// For other threads. Any thread may call this while the interpreter exists.
  [[nodiscard]] Remote remote() const { return Remote(host_); }

  /// Tasks that are not done.
  [[nodiscard]] std::size_t task_count() const;
  /// Bytes that Lua holds.
  [[nodiscard]] std::size_t memory_in_use() const;

  [[nodiscard]] const std::shared_ptr<detail::Host>& host() const noexcept { return host_; }

 private:
  Function find(const Function& function);
  Function find(const std::string& name);
  Task spawn_packed(const Function& function, Writer& arguments);
  void set_packed(const std::string& name, Writer& value);
  Value get_value(const std::string& name);
  void drive(const Task& task);
  void check_exit() const;
  friend class detail::RemoteCall;
  /// A task that ends with the operation, whose reference it takes over.
  Task adopt(detail::Operation* operation, const std::string& name);

  std::function<void(const ErrorReport&)> on_error_;
  std::optional<Completion<>> stop_;  // what run_forever waits for
  bool stop_requested_ = false;
  std::shared_ptr<detail::Host> host_;
};

namespace detail {

NEAP_API Interpreter& interpreter_of(Host& host);

/// A C++ function may have the interpreter that calls it as a parameter, which takes no argument of Lua's.
template <>
struct Parameter<Interpreter&> {
  static constexpr bool from_lua = false;  // NOLINT(readability-identifier-naming)

  static Interpreter& read(Call& call, int) { return interpreter_of(call.host()); }
};

}  // namespace detail

}  // namespace neap
