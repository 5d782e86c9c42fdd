// A plug-in that uses neap, for a host that does not: see host.c. Runs Lua code that gives a text.
#include <neap/neap.hpp>

#include <cstdio>
#include <exception>
#include <string>

extern "C" __attribute__((visibility("default"))) int plugin_run(const char* code) {
  try {
    neap::Interpreter lua;
    std::puts(lua.run_string<std::string>(code).c_str());
    return 0;
  } catch (const std::exception& error) {
    std::puts(error.what());
    return 1;
  }
}
