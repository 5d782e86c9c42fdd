// The terminal's modes, its size, and the keys it has.
//
//   cooked ──raw──> raw ──cooked──> cooked          the modes found at the start come back at the end, whatever it is:
//                                                   `restore`, the end of the process, a signal that ends it
//
// In both Ctrl-C stays a signal (ISIG), so that it reaches a program that does not come back to its loop, and a signal
// throws nothing away (NOFLSH). There is one Terminal at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace neap::internal::repl {

struct Size {
  int columns = 80;
  int rows = 24;
};

class Terminal {
 public:
  /// True when standard input and output are terminals, and TERM says that they can be drawn on.
  static bool is_usable();
  /// True when descriptors 1 and 2 are the same terminal.
  static bool errors_are_shown();

  static constexpr int kInput = 0;
  static constexpr int kOutput = 1;

  /// Reads the modes. 0, or the errno of what failed.
  int open();
  void raw();
  void cooked();
  /// The raw modes once more: others may have changed them.
  void raw_again();
  /// The modes found at the start.
  void restore();
  [[nodiscard]] static Size size();
  /// How many bytes have come and were not read. Safe in a signal handler.
  [[nodiscard]] static std::size_t waiting();
  /// Reads what has come, at most so much; false when the terminal is gone.
  static bool read(std::string& bytes, std::size_t most);

 private:
  bool raw_ = false;
};

/// What `restore` does and clears what is drawn below the cursor. Safe in a signal handler and when there is no
/// Terminal.
void restore_terminal();

}  // namespace neap::internal::repl
