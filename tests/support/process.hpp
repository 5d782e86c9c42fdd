// Runs a program as a child process, as a shell would, and gives back everything it did.
#pragma once

#include <string>
#include <vector>

namespace neap::internal::tests {

/// A signal that is sent once the child's output (both streams together) holds `after`: never by timing.
struct SignalPlan {
  int number = 0;
  std::string after{};
  /// Sent again and again until the child ends: two signals sent at once may arrive as one.
  bool repeated = false;
};

struct ProcessOptions {
  std::string input{};             // standard input, which is closed behind it
  std::vector<std::string> env{};  // "NAME=value" sets, "NAME" alone unsets
  std::string cwd{};
  std::vector<SignalPlan> signals{};  // sent in this order
  std::string stdout_path{};          // a file or device in place of the captured pipe
  bool close_stdout = false;          // the child starts with descriptor 1 closed
  int drop_stdout_after = -1;         // the pipe's reader goes away after so many bytes
  bool stdin_is_terminal = false;
  bool stderr_is_terminal = false;
  double limit = 30;  // seconds; then the child is killed, which fails every test of its status
};

struct ProcessResult {
  int status = 0;  // of exit, or minus the signal that ended it
  std::string out;
  std::string err;
  bool timed_out = false;
};

ProcessResult run(const std::vector<std::string>& argv, const ProcessOptions& options = {});

/// Runs the neap that was built with the tests. Its environment has none of the variables that Lua and neap
/// heed, but those in the options.
ProcessResult run_neap(const std::vector<std::string>& arguments, const ProcessOptions& options = {});

/// A directory of its own for one test, removed behind it.
class ScratchDirectory {
 public:
  ScratchDirectory();
  ~ScratchDirectory();
  ScratchDirectory(const ScratchDirectory&) = delete;
  ScratchDirectory& operator=(const ScratchDirectory&) = delete;

  [[nodiscard]] const std::string& path() const { return path_; }
  /// Writes a file in it and returns its path.
  std::string write(const std::string& name, const std::string& text) const;

 private:
  std::string path_;
};

}  // namespace neap::internal::tests
