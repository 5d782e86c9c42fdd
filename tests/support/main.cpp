// The test program: Catch2's command line, the Lua tests registered beside the C++ ones, and a last line
// that says how many passed and failed.
#include "repl/library.hpp"
#include "tests/support/lua_tests.hpp"

#include <catch2/catch_session.hpp>
#include <catch2/catch_test_case_info.hpp>
#include <catch2/reporters/catch_reporter_event_listener.hpp>
#include <catch2/reporters/catch_reporter_registrars.hpp>

#include <csignal>
#include <cstdio>

namespace {

Catch::Counts test_cases;

class Totals : public Catch::EventListenerBase {
 public:
  using EventListenerBase::EventListenerBase;
  void testRunEnded(const Catch::TestRunStats& stats) override { test_cases = stats.totals.testCases; }
};
CATCH_REGISTER_LISTENER(Totals)

}  // namespace

int main(int argc, char** argv) {
  neap::internal::stdlib::add_library(neap::internal::repl::own_library());
  std::signal(SIGPIPE, SIG_IGN);
  neap::internal::tests::register_lua_tests(NEAP_SOURCE_DIR "/tests");
  const int status = Catch::Session().run(argc, argv);
  std::printf("%d passed, %d failed\n", static_cast<int>(test_cases.passed + test_cases.failedButOk),
              static_cast<int>(test_cases.failed));
  return status;
}
