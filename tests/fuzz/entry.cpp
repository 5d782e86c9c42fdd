// libFuzzer's way in. The target is chosen when it is compiled: NEAP_FUZZ_TARGET.
#include "repl/library.hpp"
#include "stdlib/registry.hpp"
#include "tests/fuzz/target.hpp"

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string_view>

namespace {

const neap::internal::fuzz::Target& chosen() {
  for (const neap::internal::fuzz::Target& target : neap::internal::fuzz::targets()) {
    if (target.name == std::string_view(NEAP_FUZZ_TARGET)) return target;
  }
  std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerInitialize(int* argc, char*** argv);
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

extern "C" int LLVMFuzzerInitialize(int* /*argc*/, char*** /*argv*/) {
  std::signal(SIGPIPE, SIG_IGN);
  neap::internal::stdlib::add_library(neap::internal::repl::own_library());
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const neap::internal::fuzz::Target& target = chosen();
  try {
    target.run({reinterpret_cast<const char*>(data), size});
  } catch (const std::exception& failure) {
    std::fprintf(stderr, "%s: %s\n", target.name, failure.what());
    std::abort();
  }
  return 0;
}
