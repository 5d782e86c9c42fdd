#include "tests/support/model_terminal.hpp"

#include "repl/text.hpp"

#include <algorithm>
#include <cstdlib>
#include <stdexcept>

namespace neap::internal::tests {

namespace {

void must(bool condition, const std::string& what) {
  if (!condition) throw std::logic_error("the model of a terminal: " + what);
}

}  // namespace

ModelTerminal::ModelTerminal(int columns, int rows) : columns_(columns), rows_(rows) {
  grid_.assign(static_cast<std::size_t>(rows), blank());
}

std::string ModelTerminal::text_of(const Row& row, int cursor) {
  std::string text;
  std::size_t kept = 0;
  for (std::size_t i = 0; i < row.cells.size(); ++i) {
    if (static_cast<int>(i) == cursor) kept = (text += '|').size();
    text += row.cells[i];
    if (row.cells[i] != " " || row.wraps) kept = text.size();
  }
  text.resize(std::max(kept, std::min(text.find_last_not_of(' ') + 1, text.size())));
  return text + "\n";
}

std::string ModelTerminal::picture() const {
  std::string text;
  std::size_t kept = 0;
  for (int y = 0; y < rows_; ++y) {
    const int cursor = y == y_ ? std::min(x_, columns_ - 1) : -1;
    text += text_of(grid_[static_cast<std::size_t>(y)], cursor);
    if (y <= y_ || text.substr(kept).find_first_not_of('\n') != std::string::npos) kept = text.size();
  }
  return text.substr(0, kept);
}

std::string ModelTerminal::history() const { return history_; }

void ModelTerminal::line_feed() {
  if (++y_ < rows_) return;
  --y_;
  history_ += text_of(grid_.front(), -1);
  grid_.pop_front();
  grid_.push_back(blank());
}

void ModelTerminal::put(std::string_view cluster) {
  const int width = repl::cluster_width(cluster);
  if (x_ + width > columns_) {
    must(x_ == columns_, "a wide character at the margin, about which terminals disagree");
    row().wraps = true;
    line_feed();
    x_ = 0;
  }
  row().cells[static_cast<std::size_t>(x_)] = cluster;
  if (width == 2) row().cells[static_cast<std::size_t>(x_) + 1] = "";
  if (x_ + width == columns_) row().wraps = false;
  x_ += width;
}

void ModelTerminal::sequence(int number, char final) {
  const int count = std::max(number, 1);
  const int x = std::min(x_, columns_ - 1);
  switch (final) {
    case 'A':
      y_ = std::max(y_ - count, 0);
      x_ = x;
      return;
    case 'B':
      y_ = std::min(y_ + count, rows_ - 1);
      x_ = x;
      return;
    case 'G': x_ = std::min(count, columns_) - 1; return;
    case 'm': return;
    case 'K':
    case 'J':
      must(number <= 0, "it erases to the right and below only");
      must(x_ < columns_, "erasing with the wrapping put off would erase the last cell");
      std::fill(row().cells.begin() + x, row().cells.end(), " ");
      row().wraps = false;
      if (final == 'J') std::fill(grid_.begin() + y_ + 1, grid_.end(), blank());
      return;
    default: must(false, std::string("it knows no sequence that ends in ") + final);
  }
}

void ModelTerminal::feed(std::string_view bytes) {
  for (std::size_t at = 0; at < bytes.size();) {
    const char c = bytes[at];
    if (c == '\r') {
      x_ = 0;
    } else if (c == '\n') {
      line_feed();
    } else if (c == '\x1b') {
      std::size_t end = at + 2;
      while (end < bytes.size() && (bytes[end] < 0x40 || bytes[end] == '[')) ++end;
      sequence(std::atoi(std::string(bytes.substr(at + 2, end - at - 2)).c_str()), bytes[end]);
      at = end;
    } else {
      const std::size_t end = repl::cluster_end(bytes, at);
      put(bytes.substr(at, end - at));
      at = end;
      continue;
    }
    ++at;
  }
}

void ModelTerminal::wrap_again(int columns) {
  std::deque<Row> lines;
  bool joined = false;
  std::size_t cursor_line = 0;
  int cursor_at = 0;
  for (int y = 0; y < rows_; ++y) {
    Row& old = grid_[static_cast<std::size_t>(y)];
    if (!joined) lines.emplace_back();
    if (y == y_) {
      cursor_line = lines.size() - 1;
      cursor_at = static_cast<int>(lines.back().cells.size()) + std::min(x_, columns_ - 1);
    }
    if (!old.wraps) {
      while (!old.cells.empty() && old.cells.back() == " ") old.cells.pop_back();
    }
    lines.back().cells.insert(lines.back().cells.end(), old.cells.begin(), old.cells.end());
    joined = old.wraps;
  }
  grid_.clear();
  columns_ = columns;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const auto& cells = lines[i].cells;
    std::size_t at = 0;
    if (i == cursor_line) {
      y_ = static_cast<int>(grid_.size()) + cursor_at / columns;
      x_ = cursor_at % columns;
    }
    do {
      Row fresh = blank();
      const std::size_t size = std::min(cells.size() - at, static_cast<std::size_t>(columns));
      std::copy_n(cells.begin() + static_cast<std::ptrdiff_t>(at), size, fresh.cells.begin());
      at += size;
      fresh.wraps = at < cells.size();
      grid_.push_back(fresh);
    } while (at < cells.size());
    if (i == cursor_line) {
      while (static_cast<int>(grid_.size()) <= y_) grid_.push_back(blank());
    }
  }
  while (static_cast<int>(grid_.size()) > rows_ && y_ + 1 < static_cast<int>(grid_.size())) grid_.pop_back();
}

void ModelTerminal::resize(int columns, int rows) {
  if (reflow_) {
    wrap_again(columns);
  } else {
    for (Row& old : grid_) {
      old.cells.resize(static_cast<std::size_t>(columns), " ");
      old.wraps = false;
    }
    x_ = std::min(x_, columns - 1);
  }
  columns_ = columns;
  rows_ = rows;
  while (static_cast<int>(grid_.size()) > rows) {
    history_ += text_of(grid_.front(), -1);
    grid_.pop_front();
    --y_;
  }
  while (static_cast<int>(grid_.size()) < rows) grid_.push_back(blank());
  y_ = std::clamp(y_, 0, rows - 1);
}

}  // namespace neap::internal::tests
