#include "repl/menu.hpp"

#include "repl/text.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

namespace neap::internal::repl {

namespace {

constexpr int kGap = 2;
constexpr std::string_view kCut = "…";

const std::string& label_of(const Candidate& candidate) {
  return candidate.label.empty() ? candidate.text : candidate.label;
}

std::string one_line(std::string_view text) { return std::string(text.substr(0, text.find('\n'))); }

/// Cut to the width, with a mark when something is missing.
std::string fitted(std::string text, int columns) {
  if (width_of(text) <= columns) return text;
  int width = 1;
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t end = cluster_end(text, at);
    width += cluster_width(std::string_view(text).substr(at, end - at));
    if (width > columns) break;
    at = end;
  }
  return text.substr(0, at).append(kCut);
}

StyledText faint(std::string text) {
  const std::size_t size = text.size();
  return {std::move(text), {{0, size, Style::faint}}};
}

}  // namespace

struct Menu::Layout {
  std::vector<std::string> labels;
  std::vector<int> widths;  // of the columns
  std::size_t rows = 1;
};

const Candidate* Menu::selected() const { return selected_ < size() ? &completion_.candidates[selected_] : nullptr; }

/// As few rows as the width allows.
Menu::Layout Menu::layout(int columns) const {
  Layout layout;
  std::vector<int> widths;
  for (const Candidate& candidate : completion_.candidates) {
    layout.labels.push_back(fitted(one_line(label_of(candidate)), std::max(columns - 1, 1)));
    widths.push_back(width_of(layout.labels.back()));
  }
  // With fewer rows not even the candidates alone would fit.
  const int all = std::accumulate(widths.begin(), widths.end(), kGap * static_cast<int>(size()));
  layout.rows = static_cast<std::size_t>(std::max(all / (columns + kGap), 1));
  for (; layout.rows <= size(); ++layout.rows) {
    layout.widths.clear();
    int total = -kGap;
    for (std::size_t i = 0; i < size() && total < columns; i += layout.rows) {
      const auto end = std::min(i + layout.rows, size());
      layout.widths.push_back(*std::max_element(widths.begin() + static_cast<std::ptrdiff_t>(i),
                                                widths.begin() + static_cast<std::ptrdiff_t>(end)));
      total += layout.widths.back() + kGap;
    }
    if (total < columns) break;
  }
  layout.rows = std::min(layout.rows, std::max<std::size_t>(size(), 1));
  return layout;
}

StyledText Menu::row_of(const Layout& layout, std::size_t row) const {
  StyledText line;
  for (std::size_t i = row, column = 0; i < size(); i += layout.rows, ++column) {
    const std::size_t begin = line.text.size();
    line.text += layout.labels[i];
    const int missing = layout.widths[column] - width_of(layout.labels[i]);
    line.text.append(static_cast<std::size_t>(missing), ' ');
    if (i == selected_) line.spans.push_back({begin, line.text.size(), Style::selected});
    if (i + layout.rows < size()) line.text.append(kGap, ' ');
  }
  return line;
}

std::vector<StyledText> Menu::lines(int columns, int rows) const {
  std::vector<StyledText> lines;
  const Layout all = layout(columns);
  rows_ = all.rows;
  const Candidate* const shown = selected();
  const bool detail = shown != nullptr && !shown->detail.empty();
  auto room = static_cast<std::size_t>(std::max(rows - (detail ? 1 : 0), 1));
  const bool cut = all.rows > room;
  if (cut && room > 1) --room;
  const std::size_t at = shown != nullptr ? selected_ % all.rows : 0;
  const std::size_t first = cut && at >= room ? at - room + 1 : 0;
  const std::size_t last = std::min(first + room, all.rows);
  for (std::size_t row = first; row < last; ++row) lines.push_back(row_of(all, row));
  if (cut && rows > 1) {
    std::size_t seen = 0;
    for (std::size_t i = 0; i < size(); ++i) seen += i % all.rows >= first && i % all.rows < last ? 1U : 0U;
    lines.push_back(faint("… and " + std::to_string(size() - seen) + " more"));
  }
  if (detail && rows > 1) lines.push_back(faint(fitted(one_line(shown->detail), columns)));
  return lines;
}

void Menu::move(Move move) {
  if (selected_ >= size()) {
    selected_ = move == Move::previous || move == Move::up || move == Move::left ? size() - 1 : 0;
    return;
  }
  const std::size_t row = selected_ % rows_;
  const std::size_t before = selected_ - row;  // the first of its column
  const std::size_t last = std::min(before + rows_, size()) - 1;
  switch (move) {
    case Move::next: selected_ = (selected_ + 1) % size(); break;
    case Move::previous: selected_ = (selected_ + size() - 1) % size(); break;
    case Move::down: selected_ = selected_ == last ? before : selected_ + 1; break;
    case Move::up: selected_ = row == 0 ? last : selected_ - 1; break;
    case Move::right: selected_ = selected_ + rows_ < size() ? selected_ + rows_ : row; break;
    case Move::left: {
      std::size_t end = row + (size() - 1 - row) / rows_ * rows_;
      selected_ = selected_ >= rows_ ? selected_ - rows_ : end;
      break;
    }
  }
}

std::string common_prefix(const std::vector<Candidate>& candidates) {
  if (candidates.empty()) return {};
  std::string_view prefix = candidates[0].text;
  for (const Candidate& candidate : candidates) {
    const auto differs = std::ranges::mismatch(prefix, candidate.text);
    prefix = prefix.substr(0, static_cast<std::size_t>(differs.in1 - prefix.begin()));
  }
  // Not into the middle of a character.
  const std::string& whole = candidates[0].text;
  while (!prefix.empty() && prefix.size() < whole.size() && (whole[prefix.size()] & '\xC0') == '\x80')
    prefix.remove_suffix(1);
  return std::string(prefix);
}

}  // namespace neap::internal::repl
