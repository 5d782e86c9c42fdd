// A server whose request handlers are Lua, and whose slow work is C++'s: the handlers wait for a C++ function that
// answers from another thread, and for one that is a coroutine.
#include <neap/neap.hpp>

#include <cstdio>
#include <string>
#include <thread>
#include <vector>

namespace {

/// Something slow: here it only looks like that.
std::string look_up(const std::string& key) { return "value of " + key; }

neap::Async<std::string> greeting(std::string name) {
  co_await neap::sleep(0.01);
  co_return "hello, " + name;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "Usage: %s HANDLERS.lua\n", argv[0]);
    return 1;
  }
  std::vector<std::thread> threads;
  neap::Interpreter lua;
  lua.set_function("look_up", [&](neap::Completion<std::string> done, std::string key) {
    threads.emplace_back([done, key] { done.resolve(look_up(key)); });
  });
  lua.set_function("greeting", greeting);
  int status = 0;
  try {
    lua.run_file(argv[1]);
  } catch (const neap::Error& error) {
    std::fprintf(stderr, "%s: %s\n%s\n", error.class_name().c_str(), error.what(), error.traceback().c_str());
    status = 1;
  }
  for (std::thread& thread : threads) thread.join();
  return status;
}
