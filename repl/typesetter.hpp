// Lays text out in the rows of a terminal: clusters in cells, long lines over several rows. Pure.
#pragma once

#include "repl/view.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace neap::internal::repl {

/// What stands for one cluster.
struct Cell {
  std::string text;
  std::uint8_t width = 1;
  Style style = Style::plain;

  bool operator==(const Cell&) const = default;
};

struct Row {
  std::vector<Cell> cells;
  int width = 0;
  bool wraps = false;  // it is full, and what follows belongs to the same line
};

struct Place {
  int row = 0;
  int column = 0;
};

class Typesetter {
 public:
  explicit Typesetter(int columns) : columns_(columns) { rows_.emplace_back(); }

  void put_all(const StyledText& text);
  /// As much of it as the row takes.
  void put_cut(const StyledText& text);
  /// Text of several lines; each but the first begins with `continuation`. Before each cluster, `before` is told where
  /// it is in the text, and how many columns it takes; a line end would take one.
  using Before = std::function<void(std::size_t at, int width)>;
  void put_lines(std::string_view text, const StyledSpans& spans, const StyledText& continuation, const Before& before);
  void new_row() { rows_.emplace_back(); }
  /// Where a cluster of so many columns would stand.
  Place place(int width);

  [[nodiscard]] std::size_t size() const { return rows_.size(); }
  std::vector<Row> take() { return std::move(rows_); }

 private:
  void put(std::string_view cluster, Style style);
  void wrap();

  int columns_;
  std::vector<Row> rows_;
};

}  // namespace neap::internal::repl
