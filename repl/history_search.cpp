#include "repl/history_search.hpp"

#include <utility>

namespace neap::internal::repl {

HistorySearch::HistorySearch(const History& history, std::size_t at, bool backwards) : history_(history) {
  steps_.push_back({.query = {}, .entry = at, .backwards = backwards});
}

void HistorySearch::add(std::string_view text) {
  Step step = steps_.back();
  step.query += text;
  look(step, false);
  steps_.push_back(std::move(step));
}

void HistorySearch::again(bool backwards) {
  Step step = steps_.back();
  const bool turned = step.backwards != backwards;
  step.backwards = backwards;
  if (!step.query.empty()) look(step, true);
  if (turned || !step.query.empty()) steps_.push_back(std::move(step));
}

bool HistorySearch::take_back() {
  if (steps_.size() == 1) return false;
  steps_.pop_back();
  return true;
}

std::size_t HistorySearch::next(const Step& step, std::size_t from) const {
  return step.backwards ? history_.find_part(step.query, from) : history_.find_part_after(step.query, from);
}

void HistorySearch::look(Step& step, bool other) const {
  // Both searches leave out the entry they begin at: to look into it too they begin one before.
  std::size_t at = step.entry;
  if (!other) at = step.backwards ? at + 1 : at - 1;
  std::size_t entry = next(step, at);
  const auto shown = [&](std::size_t i) {
    return step.found && i < history_.size() && history_[i] == history_[step.entry];
  };
  while (other && shown(entry)) entry = next(step, entry);
  step.failing = entry >= history_.size();
  if (step.failing) return;
  step.found = true;
  step.entry = entry;
  step.begin = step.backwards ? history_[entry].rfind(step.query) : history_[entry].find(step.query);
  step.end = step.begin + step.query.size();
}

}  // namespace neap::internal::repl
