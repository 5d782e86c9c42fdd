#include "repl/typesetter.hpp"

#include "repl/text.hpp"

namespace neap::internal::repl {

namespace {

/// Walks along the spans of a text.
class Styles {
 public:
  explicit Styles(const StyledSpans& spans) : spans_(spans) {}

  Style at(std::size_t byte) {
    while (next_ < spans_.size() && spans_[next_].end <= byte) ++next_;
    return next_ < spans_.size() && spans_[next_].begin <= byte ? spans_[next_].style : Style::plain;
  }

 private:
  const StyledSpans& spans_;
  std::size_t next_ = 0;
};

}  // namespace

/// The row is full: what follows begins the next one. A blank stands where a wide character has no room.
void Typesetter::wrap() {
  Row& full = rows_.back();
  for (; full.width < columns_; ++full.width) full.cells.push_back({" ", 1, Style::plain});
  full.wraps = true;
  rows_.emplace_back();
}

void Typesetter::put(std::string_view cluster, Style style) {
  Cell cell{shown(cluster), static_cast<std::uint8_t>(cluster_width(cluster)), style};
  if (cell.width > columns_) cell = {" ", 1, style};
  if (rows_.back().width + cell.width > columns_) wrap();
  rows_.back().width += cell.width;
  rows_.back().cells.push_back(std::move(cell));
}

void Typesetter::put_all(const StyledText& text) {
  Styles styles(text.spans);
  for (std::size_t at = 0; at < text.text.size();) {
    const std::size_t end = cluster_end(text.text, at);
    put(std::string_view(text.text).substr(at, end - at), styles.at(at));
    at = end;
  }
}

void Typesetter::put_cut(const StyledText& text) {
  Styles styles(text.spans);
  for (std::size_t at = 0; at < text.text.size();) {
    const std::size_t end = cluster_end(text.text, at);
    const std::string_view cluster = std::string_view(text.text).substr(at, end - at);
    if (rows_.back().width + cluster_width(cluster) > columns_) return;
    put(cluster, styles.at(at));
    at = end;
  }
}

void Typesetter::put_lines(std::string_view text, const StyledSpans& spans, const StyledText& continuation,
                           const Before& before) {
  Styles styles(spans);
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = cluster_end(text, at);
    const std::string_view cluster = text.substr(at, end - at);
    const bool line_ends = cluster == "\n";
    before(at, line_ends ? 1 : cluster_width(cluster));
    if (line_ends) {
      new_row();
      put_all(continuation);
    } else {
      put(cluster, styles.at(at));
    }
    at = end;
  }
}

Place Typesetter::place(int width) {
  if (rows_.back().width + width > columns_) wrap();
  return {static_cast<int>(rows_.size()) - 1, rows_.back().width};
}

}  // namespace neap::internal::repl
