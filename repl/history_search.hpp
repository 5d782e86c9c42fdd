// Ctrl-R and Ctrl-S: looks for an entry that holds what is typed, while it is typed.
#pragma once

#include "repl/history.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace neap::internal::repl {

class HistorySearch {
 public:
  /// From the entry `at` on, which is history.size() for the one that is being typed.
  HistorySearch(const History& history, std::size_t at, bool backwards);

  void add(std::string_view text);
  /// On to another entry that holds it, in that direction.
  void again(bool backwards);
  /// Takes back the last of these; false when nothing is left.
  bool take_back();

  [[nodiscard]] const std::string& query() const { return steps_.back().query; }
  [[nodiscard]] bool backwards() const { return steps_.back().backwards; }
  [[nodiscard]] bool failing() const { return steps_.back().failing; }
  /// The entry found last, also when the search fails now; history.size() or the one of the beginning when none was.
  [[nodiscard]] std::size_t entry() const { return steps_.back().entry; }
  [[nodiscard]] bool found() const { return steps_.back().found; }
  /// What has been found in it, and where.
  [[nodiscard]] std::size_t match_begin() const { return steps_.back().begin; }
  [[nodiscard]] std::size_t match_end() const { return steps_.back().end; }

 private:
  struct Step {
    std::string query;
    std::size_t entry;
    std::size_t begin = 0;
    std::size_t end = 0;
    bool backwards;
    bool found = false;
    bool failing = false;
  };

  /// Looks for the step's query, also in the entry it is at or only in other ones.
  void look(Step& step, bool other) const;
  [[nodiscard]] std::size_t next(const Step& step, std::size_t from) const;

  const History& history_;
  std::vector<Step> steps_;
};

}  // namespace neap::internal::repl
