// What the terminal shows of an entry that is being typed, and the bytes that change it. Pure: it writes nothing
// itself.
//
// The entry, its hint and the lines below make a block of rows, which begins in column 0. A row that is full goes on in
// the next one by the terminal's own wrapping, so that what is copied from the screen has no line ends that were not
// typed. A wide character is never split: a blank stands at the margin instead.
//
// Invariants
//  1. `shown_` is what the rows of the block hold now, and `at_` is where the cursor stands, counted from the block's
//     first row. Column `columns_` means: the last cell was written and the terminal has not wrapped yet.
//  2. After `forget` and `erase` the block is not on the screen; the cursor stands where its first row will be.
//  3. No more rows are drawn than the terminal has: of a taller entry those around the cursor.
//  4. After a change of the size nothing is believed but where the block's first row is; the next drawing clears it.
#pragma once

#include "repl/typesetter.hpp"
#include "repl/view.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace neap::internal::repl {

/// What a terminal does with long lines when its width changes.
enum class Reflow : std::uint8_t { keeps_rows, wraps_again };

class Screen {
 public:
  explicit Screen(bool coloured) : coloured_(coloured) {}

  void resize(int columns, int rows, Reflow reflow);
  [[nodiscard]] int columns() const { return columns_; }
  [[nodiscard]] int rows() const { return rows_; }

  /// So many rows above the block must stay on the screen.
  void keep_above(int rows) { above_ = rows; }
  /// The bytes that make the block look like the view.
  std::string draw(const View& view);
  /// The same for what stays for good: all rows of it, with the cursor at the beginning of the row behind.
  std::string finish(const View& view);
  /// The bytes that take the block off the screen.
  std::string erase();
  /// The block is not on the screen any more, whatever has happened to it.
  void forget();

  /// The view's text as this terminal shows it, for tests: rows, with "|" in front of the cell with the cursor.
  [[nodiscard]] std::string sketch(const View& view);

  struct Frame {
    std::vector<Row> rows;
    Place cursor;
  };

 private:
  [[nodiscard]] Frame lay_out(const View& view, bool with_cursor);
  [[nodiscard]] Frame window(Frame frame, std::size_t entry_rows);
  void forget_size(std::string& out);
  [[nodiscard]] int rows_above_cursor() const;
  void move(std::string& out, Place to);
  void write_row(std::string& out, const Frame& frame, int number);
  void write_cells(std::string& out, const Row& row, std::size_t first, std::size_t last);
  void set_style(std::string& out, Style style);
  void update(std::string& out, Frame frame);

  int columns_ = 80;
  int rows_ = 24;
  int above_ = 0;
  bool coloured_;
  bool resized_ = false;
  int drawn_columns_ = 80;  // the width for which `shown_` was drawn
  Reflow reflow_ = Reflow::keeps_rows;
  Style style_ = Style::plain;  // of what would be written now
  std::vector<Row> shown_;
  Place at_;
  int top_ = 0;  // the first row of a tall entry that is shown
};

}  // namespace neap::internal::repl
