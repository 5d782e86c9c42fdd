// Lack of memory: every scenario of tests/reliability/memory, with a part of the blocks that could fail. All of them:
// ./dev memory.
#include "tests/support/process.hpp"

#include <catch2/catch_test_macros.hpp>

using neap::internal::tests::run;
using neap::internal::tests::run_neap;

TEST_CASE("reliability/memory: each scenario survives the lack of any block, and leaves nothing behind") {
  const auto result = run({NEAP_BINARY_DIR "/neap_memory"}, {.limit = 300});
  INFO(result.err);
  INFO(result.out);
  CHECK(result.status == 0);
}

TEST_CASE("reliability/memory: a program that is out of memory is told so, and ends in order") {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  SKIP("the sanitizers need more addresses than that");
#endif
  const auto result = run({"/bin/sh", "-c", "ulimit -v 200000; exec \"$0\" -e \"$1\"", NEAP_BINARY,
                           "local all <close> = setmetatable({}, { __close = function() print('closed') end }) "
                           "while true do all[#all + 1] = ('x'):rep(1000) .. #all end"});
  CHECK(result.status == 1);
  CHECK(result.out == "closed\n");
  CHECK(result.err.find("not enough memory") != std::string::npos);
}
