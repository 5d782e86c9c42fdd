#include "repl/screen.hpp"

#include "repl/look.hpp"

#include <algorithm>
#include <utility>

namespace neap::internal::repl {

namespace {

constexpr std::string_view kReset = "\x1b[0m";
constexpr std::string_view kEraseBelow = "\x1b[J";
constexpr std::string_view kEraseRight = "\x1b[K";

constexpr int kFewestColumns = 4;  // a tab's width

void control(std::string& out, int number, char final) {
  out.append("\x1b[").append(std::to_string(number)).push_back(final);
}

/// A character made of several, such as a family or a flag: a terminal that does not know it shows the parts side by
/// side. What follows is placed by its column, over what was too much.
bool is_uncertain(const Cell& cell) {
  const auto lead = static_cast<unsigned char>(cell.text[0]);
  const std::size_t first = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC0 ? 2 : 1;
  return cell.width == 2 && lead >= 0x80 && cell.text.size() > first;
}

/// The end of the cells in which the row differs from another one.
std::size_t differing_end(const Row& row, const Row& old, std::size_t first) {
  std::size_t last = row.cells.size();
  if (row.width != old.width || row.wraps != old.wraps) return last;
  for (std::size_t other = old.cells.size(); last > first && other > first; --last, --other) {
    if (row.cells[last - 1] != old.cells[other - 1]) break;
  }
  return last;
}

}  // namespace

// Laying out.

Screen::Frame Screen::lay_out(const View& view, bool with_cursor) {
  Typesetter out(columns_);
  Frame frame;
  bool placed = !with_cursor;
  const auto place_cursor = [&](std::size_t at, int width) {
    if (placed || at < view.cursor) return;
    frame.cursor = out.place(width);
    placed = true;
  };
  out.put_all(view.prompt);
  out.put_lines(view.text, view.spans, view.continuation, place_cursor);
  const StyledSpans faint{{0, view.hint.size(), Style::faint}};
  out.put_lines(view.hint, faint, view.continuation, [&](std::size_t, int width) { place_cursor(view.cursor, width); });
  place_cursor(view.cursor, 1);
  const std::size_t entry_rows = out.size();
  for (const StyledText& line : view.below) {
    out.new_row();
    out.put_cut(line);
  }
  frame.rows = out.take();
  return window(std::move(frame), entry_rows);
}

/// Leaves out what is too much for the screen: of the lines below the last ones, of the entry those away from the
/// cursor.
Screen::Frame Screen::window(Frame frame, std::size_t entry_rows) {
  const auto entry = static_cast<int>(entry_rows);
  const int most = std::max(rows_ - above_, 1);
  const int below = static_cast<int>(frame.rows.size()) - entry;
  if (entry + below <= most) {
    top_ = 0;
    return frame;
  }
  const int entry_shown = std::min(entry, std::max(most - below, (most + 1) / 2));
  const int below_shown = std::min(below, most - entry_shown);
  top_ = std::clamp(top_, std::max(frame.cursor.row - entry_shown + 1, 0), frame.cursor.row);
  top_ = std::min(top_, entry - entry_shown);
  auto& rows = frame.rows;
  rows.resize(entry_rows + static_cast<std::size_t>(below_shown));
  rows.erase(rows.begin() + top_ + entry_shown, rows.begin() + entry);
  rows.erase(rows.begin(), rows.begin() + top_);
  rows[static_cast<std::size_t>(entry_shown) - 1].wraps = false;
  frame.cursor.row -= top_;
  return frame;
}

std::string Screen::sketch(const View& view) {
  const Frame frame = lay_out(view, true);
  std::string text;
  for (std::size_t i = 0; i < frame.rows.size(); ++i) {
    int column = 0;
    const bool here = static_cast<int>(i) == frame.cursor.row;
    for (const Cell& cell : frame.rows[i].cells) {
      if (here && column == frame.cursor.column) text += '|';
      text += cell.text;
      column += cell.width;
    }
    if (here && frame.cursor.column >= column) text += '|';
    text += '\n';
  }
  return text;
}

// The terminal's state.

void Screen::resize(int columns, int rows, Reflow reflow) {
  columns = std::max(columns, kFewestColumns);
  rows = std::max(rows, 1);
  if (columns == columns_ && rows == rows_) return;
  columns_ = columns;
  rows_ = rows;
  reflow_ = reflow;
  resized_ = !shown_.empty();
}

void Screen::forget() {
  shown_.clear();
  at_ = {};
  resized_ = false;
  drawn_columns_ = columns_;
}

/// How many rows the cursor is below the block's first, now that the terminal has another width.
int Screen::rows_above_cursor() const {
  if (reflow_ == Reflow::keeps_rows || drawn_columns_ == columns_) return at_.row;
  int above = 0;
  int line = 0;  // columns of the line that goes on over several rows
  for (int row = 0; row < at_.row; ++row) {
    const Row& drawn = shown_[static_cast<std::size_t>(row)];
    line += drawn.width;
    if (drawn.wraps) continue;
    above += std::max((line + columns_ - 1) / columns_, 1);
    line = 0;
  }
  return above + (line + std::min(at_.column, drawn_columns_ - 1)) / columns_;
}

/// Takes off the screen what was drawn for another size.
void Screen::forget_size(std::string& out) {
  if (!resized_) return;
  out += '\r';
  if (const int above = rows_above_cursor(); above > 0) control(out, above, 'A');
  out += kEraseBelow;
  forget();
}

void Screen::set_style(std::string& out, Style style) {
  if (style == style_) return;
  if (!sequence_of(style_, coloured_).empty()) out += kReset;
  out += sequence_of(style, coloured_);
  style_ = style;
}

void Screen::move(std::string& out, Place to) {
  const int last = std::max(static_cast<int>(shown_.size()) - 1, 0);
  if (to.row < at_.row) {
    control(out, at_.row - to.row, 'A');
  } else if (const int down = std::min(to.row, last) - at_.row; down > 0) {
    control(out, down, 'B');
  }
  at_.row = std::min(to.row, std::max(at_.row, last));
  for (; at_.row < to.row; ++at_.row) {
    out += "\r\n";
    at_.column = 0;
  }
  if (at_.column == to.column) return;
  if (to.column == 0) {
    out += '\r';
  } else {
    control(out, to.column + 1, 'G');
  }
  at_.column = to.column;
}

// Drawing.

void Screen::write_cells(std::string& out, const Row& row, std::size_t first, std::size_t last) {
  for (std::size_t i = first; i < last; ++i) {
    set_style(out, row.cells[i].style);
    out += row.cells[i].text;
    at_.column += row.cells[i].width;
    if (is_uncertain(row.cells[i]) && at_.column < columns_) control(out, at_.column + 1, 'G');
  }
}

/// Writes the cells of a row in which it differs from what is shown.
void Screen::write_row(std::string& out, const Frame& frame, int number) {
  static const Row kNone;
  const auto index = static_cast<std::size_t>(number);
  const Row& row = frame.rows[index];
  const Row& old = index < shown_.size() ? shown_[index] : kNone;
  const bool continues = number > 0 && at_.row == number - 1 && at_.column == columns_ && shown_[index - 1].wraps;
  std::size_t first = 0;
  std::size_t last = row.cells.size();
  Place place{number, 0};
  if (continues) {  // the terminal wraps by itself when something is written
    at_ = place;
  } else {
    while (first < row.cells.size() && first < old.cells.size() && row.cells[first] == old.cells[first]) {
      place.column += row.cells[first++].width;
    }
    if (row.wraps != old.wraps && first == row.cells.size() && row.width == columns_) {
      place.column -= row.cells[--first].width;
    }
    if (first == row.cells.size() && row.width >= old.width && index < shown_.size()) return;
    last = differing_end(row, old, first);
    move(out, place);
  }
  const auto begin = row.cells.begin();
  const bool uncertain =
      std::any_of(begin + static_cast<std::ptrdiff_t>(first), begin + static_cast<std::ptrdiff_t>(last), is_uncertain);
  if (uncertain) last = row.cells.size();
  write_cells(out, row, first, last);
  if (continues && row.cells.empty()) {
    set_style(out, Style::plain);
    out += " \r";
  }
  if (row.width < std::max(old.width, continues ? 1 : 0) || (uncertain && row.width < columns_)) {
    set_style(out, Style::plain);
    out += kEraseRight;
  }
}

void Screen::update(std::string& out, Frame frame) {
  const std::size_t before = shown_.size();
  if (before == 0) out += kEraseBelow;
  const auto count = static_cast<int>(frame.rows.size());
  for (int row = 0; row < count; ++row) {
    write_row(out, frame, row);
    const auto index = static_cast<std::size_t>(row);
    if (index >= shown_.size()) shown_.resize(index + 1);
    shown_[index] = std::move(frame.rows[index]);
  }
  set_style(out, Style::plain);
  if (before > frame.rows.size()) {
    move(out, {count, 0});
    out += kEraseBelow;
  }
  shown_.resize(frame.rows.size());
}

std::string Screen::draw(const View& view) {
  std::string out;
  forget_size(out);
  Frame frame = lay_out(view, true);
  const Place cursor = frame.cursor;
  drawn_columns_ = columns_;
  update(out, std::move(frame));
  move(out, cursor);
  return out;
}

std::string Screen::finish(const View& view) {
  std::string out;
  forget_size(out);
  const int rows = std::exchange(rows_, 1 << 30);
  Frame frame = lay_out(view, false);
  rows_ = rows;
  const auto last = static_cast<int>(frame.rows.size()) - 1;
  if (last + 1 + above_ > rows) out += erase();  // what was left out scrolls by
  update(out, std::move(frame));
  move(out, {last, 0});
  out += "\r\n";
  forget();
  return out;
}

std::string Screen::erase() {
  std::string out;
  forget_size(out);
  if (shown_.empty()) return out;
  move(out, {0, 0});
  out += kEraseBelow;
  forget();
  return out;
}

}  // namespace neap::internal::repl
