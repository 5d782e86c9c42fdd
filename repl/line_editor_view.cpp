// What is shown of the entry and below it.
#include "repl/highlight.hpp"
#include "repl/line_editor.hpp"

#include <algorithm>
#include <utility>

namespace neap::internal::repl {

namespace {

// A menu may have as many also when that is more than half of the screen.
constexpr int kLeastRows = 4;

StyledText faint(std::string text) {
  const std::size_t size = text.size();
  return {std::move(text), {{0, size, Style::faint}}};
}

View view_of(const StyledText& prompt, const StyledText& continuation, std::string_view text, std::size_t cursor) {
  View view;
  view.prompt = prompt;
  view.continuation = continuation;
  view.text = text;
  view.cursor = cursor;
  return view;
}

/// The first lines, with a mark when something is missing.
std::string cut(const std::string& text, int lines) {
  std::size_t end = text.find('\n');
  while (--lines > 0 && end != std::string::npos) end = text.find('\n', end + 1);
  return end == std::string::npos ? text : text.substr(0, end) + " …";
}

int rows_of(std::string_view line, int before, int columns) { return (width_of(line) + before) / columns + 1; }

}  // namespace

const LineEditor::Shown& LineEditor::shown() const {
  if (shown_) return *shown_;
  shown_.emplace();
  if (hooks_.highlight) shown_->spans = hooks_.highlight(text(), cursor());
  if (hooks_.describe) shown_->description = hooks_.describe(text(), cursor());
  shown_->hint = hint();
  return *shown_;
}

View LineEditor::view(int columns, int rows) const {
  View view = view_of(prompt_, continuation_, text(), cursor());
  if (search_) {
    show_search(view);
    return view;
  }
  if (menu_) {
    show_candidate(view);
    view.below = menu_->lines(columns, menu_rows(view, columns, rows));
    return view;
  }
  const Shown& also = shown();
  view.spans = also.spans;
  view.hint = cut(also.hint, std::max(rows / 2 - static_cast<int>(std::ranges::count(view.text, '\n')), 1));
  if (!also.description.text.empty()) view.below.push_back(also.description);
  return view;
}

View LineEditor::final_view() const {
  View view = view_of(prompt_, continuation_, text(), text().size());
  if (hooks_.highlight) view.spans = hooks_.highlight(view.text, kNoCursor);
  return view;
}

/// The entry found in place of the one that is edited, until the search is over.
void LineEditor::show_search(View& view) const {
  const HistorySearch& search = *search_;
  if (search.found()) {
    view.text = history_[search.entry()];
    view.cursor = cluster_boundary(view.text, search.match_begin());
  }
  if (hooks_.highlight) view.spans = hooks_.highlight(view.text, kNoCursor);
  if (search.found()) view.spans = overlaid(view.spans, {search.match_begin(), search.match_end(), Style::match});
  const std::string label =
      std::string(search.failing() ? "no more: " : "") + (search.backwards() ? "search back: " : "search forward: ");
  StyledText line = faint(label);
  line.text += search.query();
  if (search.failing()) line.spans.push_back({label.size(), line.text.size(), Style::error});
  view.below.push_back(std::move(line));
}

/// The selected candidate as if it were inserted.
void LineEditor::show_candidate(View& view) const {
  if (const Candidate* selected = menu_->selected()) {
    view.text.replace(menu_->from(), view.cursor - menu_->from(), selected->text);
    view.cursor = cluster_boundary(view.text, menu_->from() + selected->text.size());
  }
  if (hooks_.highlight) view.spans = hooks_.highlight(view.text, view.cursor);
}

/// Half of the screen, if the entry leaves as much.
int LineEditor::menu_rows(const View& view, int columns, int rows) const {
  int used = 0;
  std::string_view rest = view.text;
  for (int before = width_of(view.prompt.text);; before = width_of(view.continuation.text)) {
    const std::size_t end = rest.find('\n');
    used += rows_of(rest.substr(0, end), before, std::max(columns, 1));
    if (end == std::string_view::npos || used >= rows) break;
    rest.remove_prefix(end + 1);
  }
  return std::clamp(rows - used, 1, std::max(rows / 2, kLeastRows));
}

}  // namespace neap::internal::repl
