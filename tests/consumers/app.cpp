// What the consumer projects build and run: an interpreter, a C++ function that Lua calls, and an error that comes
// back.
#include <neap/neap.hpp>
#include <neap/prompt.hpp>

#include <cstdio>
#include <string>

namespace {

/// What went wrong, or nothing.
std::string try_lua() {
  neap::Interpreter lua;
  lua.set_function("host.greet", [](const std::string& name) { return "hello " + name; });
  const auto greeting = lua.run_string<std::string>("async.sleep(0) return host.greet('neap')");
  if (greeting != "hello neap") return "Lua gave " + greeting;
  if (lua.run_string<std::string>("return type(neap.repl.start)") != "function") return "there is no prompt";
  try {
    lua.run_string("error('no such luck', 0)");
  } catch (const neap::Error& error) {
    return error.what() == std::string("no such luck") ? "" : error.what();
  }
  return "the error did not arrive";
}

}  // namespace

int main() {
  neap::add_prompt();
  const std::string problem = try_lua();
  std::printf("%s %s%s\n", NEAP_VERSION, neap::version(), problem.c_str());
}
