// Where output has left the cursor, and in which colours: what must be known to put something else on the screen
// between two pieces of it. Pure.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace neap::internal::repl {

class OutputState {
 public:
  /// What a terminal so wide has just been sent.
  void feed(std::string_view bytes, int columns);
  /// From 0 to the number of columns: with that many the last cell of the row is written, and the next character wraps.
  [[nodiscard]] int column() const { return column_; }
  /// The cursor is in column 0 now.
  void begin_line();
  /// The sequences that set the colours and attributes again; empty when there are none.
  [[nodiscard]] const std::string& look() const { return look_; }

 private:
  void feed_line(std::string_view line, int columns);
  void escape(std::string_view sequence);
  void set_look(std::string_view sequence);

  int column_ = 0;
  std::string look_;
  std::string last_;  // the last character, which the next bytes may continue with a combining one
};

/// How many bytes at the end are the beginning of a character or of an escape sequence that has not come whole.
std::size_t incomplete_tail(std::string_view bytes);

}  // namespace neap::internal::repl
