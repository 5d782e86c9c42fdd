// A sandboxed program in a process of its own: what starts it and watches over it. What holds it is in confinement.hpp.
#pragma once

#include <string>
#include <vector>

namespace neap::internal {

struct ChildOptions {
  /// The neap program.
  std::string program;
  /// Of its command line, without the program's name. `--sandbox=confined` among the options makes it confine itself.
  std::vector<std::string> arguments;
  /// "NAME=VALUE": all that it gets of an environment.
  std::vector<std::string> environment;
};

/// Runs the program in a session of its own with the standard streams of this process and no other descriptor, and
/// waits until it has ended; then everything that is left in its process group is killed. Signals that ask this process
/// to end, and Ctrl-Z, are handed on. Returns its exit status: 128 and the number of the signal that killed it. Throws
/// std::system_error when it cannot be started.
int run_in_child(const ChildOptions& options);

}  // namespace neap::internal
