#include "repl/history.hpp"

#include "repl/history_file.hpp"
#include "repl/text.hpp"

#include <algorithm>
#include <cstdlib>
#include <utility>

namespace neap::internal::repl {

History::History(std::string path) : path_(std::move(path)) {
  if (path_.empty()) return;
  HistoryRecords records = read_history(path_, kKept, kLargest);
  entries_ = std::move(records.entries);
  problem_ = std::move(records.problem);
  records_ = records.records;
}

void History::add(std::string_view entry) {
  entry = entry.substr(0, entry.find_last_not_of(" \t\n") + 1);
  if (entry.empty() || is_blank(entry.substr(0, 1)) || (!entries_.empty() && entries_.back() == entry)) return;
  entries_.emplace_back(entry);
  if (!path_.empty()) append(entry);
}

void History::append(std::string_view entry) {
  const bool too_many = ++records_ >= 2 * kKept;
  std::string problem = append_history(path_, entry, too_many ? kKept : 0, kLargest);
  if (too_many) records_ = kKept;
  if (!problem.empty()) problem_ = std::move(problem);
}

std::size_t History::find_prefix(std::string_view prefix, std::size_t before) const {
  for (std::size_t i = std::min(before, size()); i-- > 0;) {
    if (entries_[i].size() > prefix.size() && entries_[i].starts_with(prefix)) return i;
  }
  return size();
}

std::size_t History::find_prefix_after(std::string_view prefix, std::size_t after) const {
  for (std::size_t i = after + 1; i < size(); ++i) {
    if (entries_[i].size() > prefix.size() && entries_[i].starts_with(prefix)) return i;
  }
  return size();
}

std::size_t History::find_part(std::string_view part, std::size_t before) const {
  for (std::size_t i = std::min(before, size()); i-- > 0;) {
    if (entries_[i].find(part) != std::string::npos) return i;
  }
  return size();
}

std::size_t History::find_part_after(std::string_view part, std::size_t after) const {
  for (std::size_t i = after + 1; i < size(); ++i) {
    if (entries_[i].find(part) != std::string::npos) return i;
  }
  return size();
}

std::string History::default_path() {
  if (const char* named = std::getenv("NEAP_HISTORY")) return named == std::string_view("/dev/null") ? "" : named;
  const char* state = std::getenv("XDG_STATE_HOME");
  if (state != nullptr && state[0] == '/') return std::string(state) + "/neap/history";
  const char* home = std::getenv("HOME");
  return home != nullptr && home[0] == '/' ? std::string(home) + "/.local/state/neap/history" : "";
}

}  // namespace neap::internal::repl
