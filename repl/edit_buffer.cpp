#include "repl/edit_buffer.hpp"

#include "repl/text.hpp"

#include <algorithm>
#include <utility>

namespace neap::internal::repl {

void EditBuffer::move_to(std::size_t at) { cursor_ = cluster_boundary(text_, std::min(at, text_.size())); }

void EditBuffer::replace(std::size_t begin, std::size_t end, std::string_view with) {
  if (begin == end && with.empty()) return;
  if (!step_open_) done_.emplace_back();
  step_open_ = true;
  undone_.clear();
  Step& step = done_.back();
  const std::size_t before = cursor_;
  // Typing: one change for a word, and not one for each of its letters.
  const bool goes_on = begin == end && !step.empty() && step.back().cursor_after == begin && cursor_ == begin &&
                       step.back().at + step.back().inserted.size() == begin;
  if (goes_on) {
    step.back().inserted += with;
    text_.insert(begin, with);
  } else {
    step.push_back({begin, text_.substr(begin, end - begin), std::string(with), before, 0});
    text_.replace(begin, end - begin, with);
  }
  move_to(begin + with.size());
  step.back().cursor_after = cursor_;
}

bool EditBuffer::undo() {
  step_open_ = false;
  if (done_.empty()) return false;
  const Step& step = done_.back();
  for (std::size_t i = step.size(); i-- > 0;) {
    text_.replace(step[i].at, step[i].inserted.size(), step[i].removed);
    cursor_ = step[i].cursor_before;
  }
  undone_.push_back(std::move(done_.back()));
  done_.pop_back();
  return true;
}

bool EditBuffer::redo() {
  step_open_ = false;
  if (undone_.empty()) return false;
  for (const Change& change : undone_.back()) {
    text_.replace(change.at, change.removed.size(), change.inserted);
    cursor_ = change.cursor_after;
  }
  done_.push_back(std::move(undone_.back()));
  undone_.pop_back();
  return true;
}

}  // namespace neap::internal::repl
