#include "neap/isolate.hpp"

#include <exception>
#include <map>
#include <string>
#include <utility>

namespace neap {

namespace {

/// The value as an option of neap.isolate: "*" in a list is everything.
void set_permission(const Table& sandbox, const char* name, const std::vector<std::string>& values) {
  for (const std::string& value : values) {
    if (value == "*") return sandbox.set(name, true);
  }
  if (!values.empty()) sandbox.set(name, values);
}

void set_sandbox(Interpreter& interpreter, const Table& options, const Sandbox& sandbox) {
  if (!sandbox.enabled) return options.set("sandbox", false);
  const auto allowed = interpreter.call<Table>(interpreter.load_string("return {}"));
  set_permission(allowed, "read", sandbox.read);
  set_permission(allowed, "write", sandbox.write);
  set_permission(allowed, "net", sandbox.net);
  set_permission(allowed, "run", sandbox.run);
  set_permission(allowed, "env", sandbox.env);
  set_permission(allowed, "native", sandbox.native);
  allowed.set("thread", sandbox.thread);
  allowed.set("signal", sandbox.signal);
  options.set("sandbox", allowed);
  if (!sandbox.script_directory.empty()) options.set("directory", sandbox.script_directory);
}

void set_limits(const Table& options, const Limits& limits) {
  std::map<std::string, double> given;
  if (limits.memory != 0) given["memory"] = static_cast<double>(limits.memory);
  if (limits.step != 0) given["step"] = limits.step;
  if (limits.wall != 0) given["wall"] = limits.wall;
  if (limits.tasks != 0) given["tasks"] = static_cast<double>(limits.tasks);
  if (limits.handles != 0) given["handles"] = static_cast<double>(limits.handles);
  if (!given.empty()) options.set("limits", given);
}

Table start(Interpreter& interpreter, IsolateOptions given) {
  const auto options = interpreter.call<Table>(interpreter.load_string("return {}"));
  set_sandbox(interpreter, options, given.sandbox);
  set_limits(options, given.limits);
  options.set("confine", given.confine);
  options.set("arguments", given.arguments);
  options.set("grace", given.grace);
  options.set("max_message", given.max_message);
  options.set("debug", given.debug);
  if (!given.program.empty()) options.set("program", given.program);
  if (given.output) {
    const auto output = [function = std::move(given.output)](const std::string& stream, const std::string& text) {
      function(stream == "stdout" ? Stream::out : Stream::err, text);
    };
    options.set("output", detail::make_function(*interpreter.host(), "output", output));
  }
  return interpreter.run_string<Table>("return require('neap.isolate').start(...)", "=neap::Isolate", options);
}

}  // namespace

Isolate::Isolate(Interpreter& interpreter, IsolateOptions options)
    : interpreter_(interpreter),
      isolate_(start(interpreter, std::move(options))) {}

Isolate::~Isolate() {
  try {
    isolate_.get<Function>("kill").call<void>(isolate_);
  } catch (const std::exception&) {
    // The interpreter is gone, and the process with it; or there is no memory, or this is another thread: it ends with
    // the interpreter.
  }
}

void Isolate::close() { interpreter_.run_until(begin("close")); }

bool Isolate::running() const { return isolate_.get<Function>("running").call<bool>(isolate_); }

int Isolate::pid() const { return isolate_.get<int>("pid"); }

}  // namespace neap
