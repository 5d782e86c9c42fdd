#include "neap/interpreter.hpp"

#include "interp/embed/host.hpp"
#include "interp/embed/operation.hpp"
#include "interp/embed/protect.hpp"
#include "interp/embed/task.hpp"
#include "interp/loader.hpp"
#include "interp/report.hpp"
#include "neap/lua.hpp"
#include "runtime/lua/chunk.hpp"
#include "runtime/lua/error.hpp"
#include "runtime/task/drive.hpp"

#include <cstdio>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string_view>
#include <utility>

namespace neap {

namespace {

using detail::Host;
using detail::protect;

void grant(internal::Grants& grants, internal::Permission kind, const std::vector<std::string>& values) {
  for (const std::string& value : values) {
    if (value == "*") {
      grants.of(kind).all = true;
      continue;
    }
    const std::string problem = internal::add_grant(grants, kind, value);
    if (!problem.empty()) {
      throw std::invalid_argument(std::string("Sandbox::") + internal::permission_name(kind) + ": " + problem);
    }
  }
}

internal::Sandbox inner_sandbox(const Sandbox& sandbox) {
  using internal::Permission;
  internal::Sandbox inner;
  inner.enabled = sandbox.enabled;
  if (!sandbox.enabled) return inner;
  grant(inner.grants, Permission::read, sandbox.read);
  grant(inner.grants, Permission::write, sandbox.write);
  grant(inner.grants, Permission::net, sandbox.net);
  grant(inner.grants, Permission::run, sandbox.run);
  grant(inner.grants, Permission::env, sandbox.env);
  grant(inner.grants, Permission::native, sandbox.native);
  inner.grants.of(Permission::thread).all = sandbox.thread;
  inner.grants.of(Permission::signal).all = sandbox.signal;
  inner.script_directory = sandbox.script_directory;
  if (!sandbox.script_directory.empty()) grant(inner.grants, Permission::code, {sandbox.script_directory});
  return inner;
}

internal::InterpreterOptions inner_options(const Options& options) {
  internal::InterpreterOptions inner;
  inner.limits = {options.limits.memory, options.limits.step, options.limits.wall, options.limits.tasks,
                  options.limits.handles};
  inner.sandbox = inner_sandbox(options.sandbox);
  inner.closing_grace = options.closing_grace;
  inner.modules = options.modules;
  inner.input = options.input;
  inner.debug = options.debug;
  inner.virtual_clock = options.virtual_clock;
  inner.ignore_environment = options.ignore_environment;
  inner.uv_loop = static_cast<uv_loop_t*>(options.uv_loop);
  return inner;
}

/// What Options::output throws must not leave it: Lua's own frames are between it and who could catch it.
std::function<void(int, std::string_view)> guarded_output(std::function<void(Stream, std::string_view)> output,
                                                          std::shared_ptr<std::weak_ptr<Host>> host) {
  return [output = std::move(output), host = std::move(host)](int stream, std::string_view text) {
    constexpr const char* kWhat = "an error in Options::output";
    try {
      output(static_cast<Stream>(stream), text);
    } catch (...) {
      const std::shared_ptr<Host> alive = host->lock();
      if (alive != nullptr && alive->on_own_thread()) return alive->report_exception(kWhat);
      std::fprintf(stderr, "neap: %s\n", kWhat);
    }
  };
}

std::shared_ptr<Host> make_host(const Options& options) {
  internal::InterpreterOptions inner = inner_options(options);
  const auto self = std::make_shared<std::weak_ptr<Host>>();
  if (options.output) inner.output = guarded_output(options.output, self);
  auto host = std::make_shared<Host>(inner);
  *self = host;
  return host;
}

/// Pushes what the name without its last part stands for: the globals, or the table of that name. `make`: tables that
/// are not there are made. Returns the last part. Raises.
std::string_view push_owner(lua_State* L, std::string_view name, bool make) {
  lua_pushglobaltable(L);
  std::string_view rest = name;
  for (std::size_t dot = rest.find('.'); dot != std::string_view::npos; dot = rest.find('.')) {
    internal::push(L, rest.substr(0, dot));
    lua_pushvalue(L, -1);
    const int type = lua_gettable(L, -3);
    if (type == LUA_TNIL && make) {
      lua_pop(L, 1);
      lua_newtable(L);
      lua_pushvalue(L, -2);
      lua_pushvalue(L, -2);
      lua_settable(L, -5);
    }
    lua_remove(L, -2);
    lua_remove(L, -2);
    rest.remove_prefix(dot + 1);
    if (type == LUA_TNIL && !make) return {};
  }
  return rest;
}

/// Pushes what the name stands for; nil when there is nothing.
void push_named(lua_State* L, std::string_view name) {
  const std::string_view last = push_owner(L, name, false);
  if (lua_isnil(L, -1)) return;
  internal::push(L, last);
  lua_gettable(L, -2);
  lua_remove(L, -2);
}

int set_arguments(lua_State* L, const Options& options) {
  lua_createtable(L, static_cast<int>(options.arguments.size()), 1);
  internal::push(L, options.program_name);
  lua_rawseti(L, -2, 0);
  lua_Integer index = 0;
  for (const std::string& argument : options.arguments) {
    internal::push(L, argument);
    lua_rawseti(L, -2, ++index);
  }
  lua_setglobal(L, "arg");
  return 0;
}

std::string string_field(lua_State* L, int index, const char* name) {
  lua_pushstring(L, name);
  std::string text;
  if (lua_rawget(L, index) == LUA_TSTRING) text = lua_tostring(L, -1);
  lua_pop(L, 1);
  return text;
}

/// The scheduler's handler of errors that nobody can receive: `self` is the function of Options::on_error.
void hand_over(void* self, lua_State* L, int context) {
  const auto& on_error = *static_cast<const std::function<void(const ErrorReport&)>*>(self);
  const auto tell = [&on_error](const ErrorReport& report) noexcept {
    try {
      on_error(report);
    } catch (...) {
      std::fprintf(stderr, "neap: Options::on_error has thrown; it was called for: %s\n", report.text.c_str());
    }
  };
  ErrorReport report;
  report.message = string_field(L, context, "message");
  report.text = internal::format_context(L, context);
  lua_pushliteral(L, "exception");
  try {
    if (lua_rawget(L, context) != LUA_TNIL) detail::throw_error(Host::of(L), L, -1);
    tell(report);
  } catch (const Error& error) {
    report.error = &error;
    tell(report);
  }
  lua_pop(L, 1);
}

/// The function of a task that is a C++ coroutine. Upvalue: who waits for it.
int run_operation(lua_State* L) {
  lua_settop(L, 0);
  lua_pushvalue(L, lua_upvalueindex(1));
  return detail::begin_operation(L, 1);
}

}  // namespace

Interpreter::Interpreter(Options options) : on_error_(std::move(options.on_error)), host_(make_host(options)) {
  host_->interpreter = this;
  if (on_error_) {
    host_->scheduler().set_default_handler(hand_over, &on_error_);
  } else {
    host_->scheduler().set_default_handler(internal::report_context);
  }
  protect(*host_, 0, 0, [&options](lua_State* L) { return set_arguments(L, options); });
}

Interpreter::~Interpreter() { host_->close(); }

// Loading.

Function Interpreter::load_string(std::string_view code, const std::string& name) {
  host_->check("load_string");
  lua_State* L = protect(*host_, 0, 1, [&](lua_State* state) {
    if (internal::load_chunk(state, code.data(), code.size(), name.c_str(), "t") != LUA_OK) lua_error(state);
    return 1;
  });
  return Function(detail::pop_value(L));
}

Function Interpreter::load_file(const std::string& path) {
  host_->check("load_file");
  lua_State* L = protect(*host_, 0, 1, [&](lua_State* state) {
    internal::load_program(state, path.c_str());
    return 1;
  });
  return Function(detail::pop_value(L));
}

// Globals and functions.

Function Interpreter::find(const Function& function) {
  if (function.is_nil()) Reader(function).fail("function");  // moved from
  if (function.host() != host_.get()) throw std::invalid_argument("a function of another interpreter cannot be called");
  return function;
}

Function Interpreter::find(const std::string& name) {
  Value value = get_value(name);
  if (value.is_nil()) throw Error("TypeError", "there is no function '" + name + "'");
  return Function(std::move(value));
}

Value Interpreter::get_value(const std::string& name) {
  host_->check("get");
  lua_State* L = protect(*host_, 0, 1, [&](lua_State* state) {
    push_named(state, name);
    return 1;
  });
  return detail::pop_value(L);
}

void Interpreter::set_packed(const std::string& name, Writer& value) {
  host_->check("set");
  const int count = detail::push(host_->running(), value);
  protect(*host_, count, 0, [&](lua_State* L) {
    internal::push(L, push_owner(L, name, true));
    lua_pushvalue(L, 1);
    lua_settable(L, -3);
    return 0;
  });
}

// Tasks.

Task Interpreter::spawn_packed(const Function& function, Writer& arguments) {
  host_->check("spawn");
  lua_State* L = host_->running();
  push(L, function);
  const int count = detail::push(L, arguments);
  protect(*host_, count + 1, 1, [count](lua_State* state) {
    internal::scheduler_of(state).create_task(state, count);
    return 1;
  });
  return Task(detail::pop_value(L));
}

Task Interpreter::adopt(detail::Operation* operation, const std::string& name) {
  const detail::OperationRef<detail::Operation> own(operation);
  host_->check("spawn");
  lua_State* L = protect(*host_, 0, 1, [&](lua_State* state) {
    detail::push_waiter(state, &*own);
    lua_pushcclosure(state, run_operation, 1);
    internal::scheduler_of(state).create_task(state, 0);
    internal::push(state, name);
    internal::set_extra(state, -2, "name");
    return 1;
  });
  return Task(detail::pop_value(L));
}

void Interpreter::drive(const Task& task) {
  host_->check("run_until");
  if (task && task.value().host() != host_.get()) {
    throw std::invalid_argument("run_until: a task of another interpreter cannot be run");
  }
  internal::Task* inner = detail::inner_task(task);
  if (inner == nullptr) throw InvalidState("run_until: a Future is not run; spawn a task that awaits it");
  host_->inside().run_until(*inner);
  check_exit();
}

void Interpreter::check_exit() const {
  const internal::Scheduler& scheduler = host_->scheduler();
  if (scheduler.exit_requested()) throw Exit(scheduler.exit_status());
}

void Interpreter::run() {
  host_->check("run");
  host_->inside().run();
  check_exit();
}

void Interpreter::run_forever() {
  host_->check("run_forever");
  internal::check_can_drive(host_->scheduler());
  detail::OperationRef<detail::Pending<void>> stopped(new detail::Pending<void>(host_));
  stop_.emplace(stopped);
  const Task task = adopt(stopped.share(), "run_forever");
  if (std::exchange(stop_requested_, false)) stop_->resolve();
  try {
    drive(task);
  } catch (...) {
    stop_->resolve();
    task.retrieve();
    stop_.reset();
    throw;
  }
  stop_.reset();
  task.result<void>();
}

void Interpreter::stop() {
  host_->check("stop");
  if (!stop_ || !stop_->resolve()) stop_requested_ = true;
}

void Interpreter::cancel_tasks() {
  host_->check("cancel_tasks");
  host_->scheduler().cancel_all_and_wait();
}

// The loop.

bool Interpreter::step(double budget) {
  host_->check("step");
  const bool more = host_->inside().step(budget);
  check_exit();
  return more;
}

double Interpreter::next_timeout() {
  host_->check("next_timeout");
  return host_->inside().next_timeout();
}

int Interpreter::backend_fd() const {
  host_->check("backend_fd");
  return host_->inside().backend_fd();
}

std::size_t Interpreter::task_count() const {
  host_->check("task_count");
  return host_->scheduler().task_count();
}

std::size_t Interpreter::memory_in_use() const {
  host_->check("memory_in_use");
  return host_->inside().allocator().in_use();
}

namespace detail {

Interpreter& interpreter_of(Host& host) { return *host.interpreter; }

}  // namespace detail

// neap/lua.hpp

void push(lua_State* L, const Value& value) {
  Writer packed;
  packed.value(value);
  detail::push(L, packed);
}

Value to_value(lua_State* L, int index) {
  lua_pushvalue(L, index);
  return detail::pop_value(L);
}

lua_State* lua_state(Interpreter& interpreter) {
  interpreter.host()->check("lua_state");
  return interpreter.host()->inside().state();
}

lua_State* running_state(Interpreter& interpreter) {
  interpreter.host()->check("running_state");
  return interpreter.host()->running();
}

uv_loop_t* uv_loop(Interpreter& interpreter) {
  interpreter.host()->check("uv_loop");
  return interpreter.host()->inside().loop().uv();
}

}  // namespace neap
