// The command line program.
#include "interp/help.hpp"
#include "interp/options.hpp"
#include "interp/output.hpp"
#include "interp/program.hpp"
#include "interp/report.hpp"
#include "interp/signals.hpp"
#include "repl/library.hpp"

#include <cstddef>
#include <cstdlib>
#include <exception>

namespace {

/// glibc gives what is free at the end of its heap back to the system from 128 KiB on, and the next cycle of garbage
/// faults every page of it in again: a third of the time of row echo16384 of tests/bench. Once a block that it had
/// mapped was freed, it keeps twice the size of that.
void keep_freed_memory() {
#ifdef __GLIBC__
  constexpr std::size_t kMapped = std::size_t{4} << 20;
  void* volatile block = std::malloc(kMapped);  // volatile: else the compiler leaves both calls out
  std::free(block);
#endif
}

int run(int argc, char** argv) {
  const neap::internal::CommandLine line = neap::internal::parse_command_line(argc, argv);
  if (!line.problem.empty()) {
    neap::internal::report_message(line.problem.c_str());
    neap::internal::print_usage(stderr);
    return EXIT_FAILURE;
  }
  if (line.help) {
    neap::internal::print_help(stdout);
    return EXIT_SUCCESS;
  }
  if (line.only_version || line.show_version) neap::internal::print_version(stdout);
  if (line.only_version) return EXIT_SUCCESS;
  return neap::internal::run_program(line, argc, argv);
}

}  // namespace

int main(int argc, char** argv) {
  keep_freed_memory();
  neap::internal::reserve_standard_streams();
  neap::internal::ignore_broken_pipes();
  neap::internal::prepare_to_die();
  neap::internal::check_output_at_exit();
  try {
    neap::internal::stdlib::add_library(neap::internal::repl::own_library());
    return run(argc, argv);
  } catch (const std::exception& problem) {
    neap::internal::report_message(problem.what());
    return EXIT_FAILURE;
  }
}
