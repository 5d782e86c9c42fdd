// The command line program.
#include "interp/help.hpp"
#include "interp/options.hpp"
#include "interp/output.hpp"
#include "interp/program.hpp"
#include "interp/report.hpp"
#include "interp/signals.hpp"

#include <unistd.h>

#include <cstdlib>
#include <exception>

namespace {

constexpr const char* kNoPrompt =
    "the interactive prompt is not in this version; run a script with 'neap script.lua', or standard input with "
    "'neap - < script.lua'";

bool wants_prompt(const neap::CommandLine& line, int argc) {
  return line.interactive || (line.reads_stdin(argc) && isatty(STDIN_FILENO) != 0);
}

int run(int argc, char** argv) {
  const neap::CommandLine line = neap::parse_command_line(argc, argv);
  if (!line.problem.empty()) {
    neap::report_message(line.problem.c_str());
    neap::print_usage(stderr);
    return EXIT_FAILURE;
  }
  if (line.help) {
    neap::print_help(stdout);
    return EXIT_SUCCESS;
  }
  if (line.only_version || line.show_version) neap::print_version(stdout);
  if (line.only_version) return EXIT_SUCCESS;
  if (wants_prompt(line, argc)) {
    neap::report_message(kNoPrompt);
    return EXIT_FAILURE;
  }
  return neap::run_program(line, argc, argv);
}

}  // namespace

int main(int argc, char** argv) {
  neap::reserve_standard_streams();
  neap::ignore_broken_pipes();
  neap::check_output_at_exit();
  try {
    return run(argc, argv);
  } catch (const std::exception& problem) {
    neap::report_message(problem.what());
    return EXIT_FAILURE;
  }
}
