// What one call of a `read` method asks for, in Lua's formats, and where in the buffer the answers are.
//
// A plan runs on what the buffer holds and asks its source for more. When the source has nothing now, the plan is
// stuck, and runs from the start again later. It takes nothing out of the buffer; whoever hands the results to the
// script does.
#pragma once

#include "stdlib/io/bytes.hpp"

#include <cstdint>
#include <vector>

namespace neap::internal::stdlib::io {

/// What asking a source for more came to. `blocked`: it has nothing now, ask again later.
enum class More { got, end, failed, blocked };

/// A buffer, and where its bytes come from.
class ReadSource {
 public:
  /// `ahead`: what was read; the script has taken the bytes before `begin`.
  ReadSource(Bytes& buffer, std::size_t& first) : ahead(buffer), begin(first) {}
  virtual ~ReadSource() = default;
  ReadSource(const ReadSource&) = delete;
  ReadSource& operator=(const ReadSource&) = delete;

  Bytes& ahead;
  std::size_t& begin;

  /// Fetches bytes behind those in `ahead`, at least `wanted` of them if they come at once. Drops what the script
  /// has taken first.
  virtual More more(std::size_t wanted) = 0;
  /// Fetches everything up to the end: then, `end`. Drops what the script has taken first.
  virtual More rest() = 0;
};

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
  /// The longest line, in bytes without its end.
  std::size_t limit = SIZE_MAX;
  /// One for each item, up to the first that found nothing.
  std::vector<ReadResult> results;

  /// Finds the results. False when it is stuck: the source is blocked or failed, or a line is too long.
  bool run(ReadSource& source);
  /// A line is longer than the limit: there is no end of line within it.
  [[nodiscard]] bool overrun() const { return overrun_; }

  /// Where in the buffer the last result ended, once the plan has run.
  [[nodiscard]] std::size_t end() const { return at_; }

 private:
  bool step(const ReadItem& item);
  bool fetch(std::size_t wanted);
  void moved(std::size_t places);
  bool read_line(bool with_end);
  bool read_count(std::size_t count);
  bool read_rest();
  bool read_number();
  int peek();
  bool accept(const char* characters);
  int accept_digits(bool hexadecimal);
  void found(std::size_t from, std::size_t to) { results.push_back({true, false, from, to - from}); }

  ReadSource* source_ = nullptr;
  bool stuck_ = false;  // the plan cannot go on
  bool ended_ = false;  // the end was met: it is not asked for twice
  bool overrun_ = false;
  bool too_long_ = false;  // the number
  std::size_t at_ = 0;
  std::size_t number_from_ = 0;
};

}  // namespace neap::internal::stdlib::io
