// Starting a program.
//
// By posix_spawn and not by uv_spawn: that forks, which takes milliseconds in a process of a gigabyte. The child has
// the three standard descriptors and no others, an empty signal mask and the default action for every signal that neap
// handles.
#pragma once

#include <sys/types.h>

#include <array>

namespace neap::internal::stdlib::process {

struct Launch {
  const char* program = nullptr;
  char* const* arguments = nullptr;    // ends with null
  char* const* environment = nullptr;  // ends with null; null is that of this process
  const char* directory = nullptr;     // null is that of this process
  bool own_group = false;              // a process group of its own
  bool own_session = false;
  std::array<int, 3> descriptors{0, 1, 2};  // of this process, to be the child's 0, 1 and 2
};

/// What went wrong: errno and the name of the call; no error when `error` is 0.
struct LaunchProblem {
  int error = 0;
  const char* syscall = "";
};

/// Starts the program. `*pid` is its process.
LaunchProblem launch(const Launch& what, pid_t* pid);

}  // namespace neap::internal::stdlib::process
