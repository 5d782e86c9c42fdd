// The file of the history: records that end in newlines, read, added and made fewer under a lock.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace neap::internal::repl {

struct HistoryRecords {
  std::vector<std::string> entries;  // oldest first
  std::size_t records = 0;           // how many there are in the file
  std::string problem;               // what went wrong, for people; empty when nothing did
};

/// Its last `kept` entries; of a file larger than `largest` bytes those of its end. A file that is not there has none.
HistoryRecords read_history(const std::string& path, std::size_t kept, std::size_t largest);
/// Adds an entry at the end, making what folders are missing. With `kept` > 0 only that many entries stay.
/// Answers what went wrong; empty when nothing did.
std::string append_history(const std::string& path, std::string_view entry, std::size_t kept, std::size_t largest);

}  // namespace neap::internal::repl
