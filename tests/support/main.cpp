// The test program: Catch2's command line, the Lua tests registered beside the C++ ones, and a last line
// that says how many passed and failed; it goes to the file NEAP_TESTS_COUNT instead if that is set.
#include "repl/library.hpp"
#include "tests/support/lua_tests.hpp"

#include <catch2/catch_session.hpp>
#include <catch2/catch_test_case_info.hpp>
#include <catch2/reporters/catch_reporter_event_listener.hpp>
#include <catch2/reporters/catch_reporter_registrars.hpp>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string>

namespace {

Catch::Counts test_cases;

class Totals : public Catch::EventListenerBase {
 public:
  using EventListenerBase::EventListenerBase;
  void testRunEnded(const Catch::TestRunStats& stats) override { test_cases = stats.totals.testCases; }
};
CATCH_REGISTER_LISTENER(Totals)

/// Takes the variable out of the environment, which tests hand on to the programs they start.
std::string taken_from_environment(const char* name) {
  const char* value = std::getenv(name);
  std::string taken = value == nullptr ? "" : value;
  unsetenv(name);
  return taken;
}

void print_count(const std::string& file) {
  std::FILE* out = file.empty() ? stdout : std::fopen(file.c_str(), "w");
  if (out == nullptr) return;
  std::fprintf(out, "%d passed, %d failed\n", static_cast<int>(test_cases.passed + test_cases.failedButOk),
               static_cast<int>(test_cases.failed));
  if (out != stdout) std::fclose(out);
}

}  // namespace

int main(int argc, char** argv) {
  const std::string count_file = taken_from_environment("NEAP_TESTS_COUNT");
  neap::internal::stdlib::add_library(neap::internal::repl::own_library());
  std::signal(SIGPIPE, SIG_IGN);
  neap::internal::tests::register_lua_tests(NEAP_SOURCE_DIR "/tests");
  const int status = Catch::Session().run(argc, argv);
  print_count(count_file);
  return status;
}
