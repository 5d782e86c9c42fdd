#include "interp/output.hpp"

#include "interp/report.hpp"
#include "runtime/loop/process_end.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>

namespace neap::internal {

namespace {

/// Runs from exit(), and so for os.exit as well, where nothing but _exit can change the status.
void check_output() {
  const bool failed_before = std::ferror(stdout) != 0;
  errno = 0;
  if (std::fflush(stdout) == 0 && !failed_before) return;
  report_output_error(errno);
  std::fflush(stderr);
  _exit(EXIT_FAILURE);
}

}  // namespace

void reserve_standard_streams() {
  for (int descriptor = 0; descriptor <= 2; ++descriptor) {
    if (fcntl(descriptor, F_GETFD) >= 0 || errno != EBADF) continue;
    // The lowest free descriptor is this one. The wrong direction: reading from 0 and writing to the others
    // must fail as it would if it were closed.
    if (open("/dev/null", descriptor == 0 ? O_WRONLY : O_RDONLY) < 0) return;
  }
}

void check_output_at_exit() { at_process_end(check_output); }

}  // namespace neap::internal
