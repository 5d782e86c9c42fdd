// What one call of File:read asks for, and where in the file's buffer the answers are.
//
// A plan runs on the loop's thread with what the buffer holds, and when that is not enough, from the start
// again on a pool thread, where it fetches more. It takes nothing out of the buffer; whoever hands the
// results to the script does.
#pragma once

#include "stdlib/fs/buffered_file.hpp"

#include <vector>

namespace neap::stdlib::fs {

enum class Format { line, line_with_end, rest, number, count };

struct ReadItem {
  Format format = Format::line;
  std::size_t count = 0;  // of bytes, for Format::count
};

/// A piece of the buffer, or nothing (nil).
struct ReadResult {
  bool found = false;
  bool number = false;  // the text is to be converted
  std::size_t from = 0;
  std::size_t size = 0;
};

class ReadPlan {
 public:
  std::vector<ReadItem> items;
  /// One for each item, up to the first that found nothing.
  std::vector<ReadResult> results;

  /// Finds the results in what the buffer holds. False when that is not enough.
  bool run_buffered(BufferedFile& file);
  /// Finds them, reading what is missing.
  Failure run_reading(BufferedFile& file, const Job& job);

  /// Where in the buffer the last result ended, once the plan has run.
  [[nodiscard]] std::size_t end() const { return at_; }

 private:
  bool run(BufferedFile& file);
  bool step(const ReadItem& item);
  bool fetch(std::size_t wanted);
  bool read_line(bool with_end);
  bool read_count(std::size_t count);
  bool read_rest();
  bool read_number();
  int peek();
  bool accept(const char* characters);
  int accept_digits(bool hexadecimal);
  void found(std::size_t from, std::size_t to) { results.push_back({true, false, from, to - from}); }

  BufferedFile* file_ = nullptr;
  const Job* job_ = nullptr;  // null while only the buffer may be used
  Failure failure_;
  bool stuck_ = false;     // the plan cannot go on: the buffer is not enough, or reading failed
  bool ended_ = false;     // the end of the file was met: it is not asked for twice
  bool too_long_ = false;  // the number
  std::size_t at_ = 0;
  std::size_t number_from_ = 0;
};

}  // namespace neap::stdlib::fs
