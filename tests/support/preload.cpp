#include "tests/support/preload.hpp"

#include <catch2/catch_test_macros.hpp>

namespace neap::internal::tests {

ProcessResult run_preloaded(const std::string& source, const std::string& script) {
#if !defined(__linux__) || defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  SKIP("a library can be put before the others on Linux, and not under the sanitizers");
#endif
  const ScratchDirectory scratch;
  const std::string file = scratch.write("replaced.c", source);
  const std::string library = scratch.path() + "/replaced.so";
  if (run({"/bin/sh", "-c", "cc -shared -fPIC -o \"$0\" \"$1\" -ldl", library, file}).status != 0) {
    SKIP("needs a C compiler");
  }
  return run_neap({scratch.write("x.lua", script)}, {.env = {"LD_PRELOAD=" + library}, .limit = 20});
}

}  // namespace neap::internal::tests
