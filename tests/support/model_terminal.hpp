// As much of a terminal as the renderer uses: cells, the cursor, wrapping that is put off until the next character, and
// the sequences CUU, CUD, CHA, ED and EL. Anything else is a std::logic_error, and so a failed test.
#pragma once

#include <deque>
#include <string>
#include <string_view>
#include <vector>

namespace neap::internal::tests {

class ModelTerminal {
 public:
  ModelTerminal(int columns, int rows);

  void feed(std::string_view bytes);
  /// With `reflow` lines are wrapped again; otherwise rows are cut.
  void resize(int columns, int rows);
  void set_reflow(bool on) { reflow_ = on; }
  /// The rows down to the last with text or the cursor, "|" in front of the cell with the cursor.
  [[nodiscard]] std::string picture() const;
  /// What has scrolled away.
  [[nodiscard]] std::string history() const;
  /// Whether the row goes on in the next one.
  [[nodiscard]] bool wraps(int row) const { return grid_[static_cast<std::size_t>(row)].wraps; }

 private:
  struct Row {
    std::vector<std::string> cells;  // "" for the second half of a wide character
    bool wraps = false;
  };

  static std::string text_of(const Row& row, int cursor);
  Row& row() { return grid_[static_cast<std::size_t>(y_)]; }
  [[nodiscard]] Row blank() const { return {std::vector<std::string>(static_cast<std::size_t>(columns_), " ")}; }
  void line_feed();
  void put(std::string_view cluster);
  void sequence(int number, char final);
  void wrap_again(int columns);

  int columns_;
  int rows_;
  int x_ = 0;  // columns_: the wrapping is put off
  int y_ = 0;
  bool reflow_ = false;
  std::deque<Row> grid_;
  std::string history_;
};

}  // namespace neap::internal::tests
