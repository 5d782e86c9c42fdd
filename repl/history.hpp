// The entries of earlier, oldest first, and the file they are kept in.
//
// Several prompts may share the file: each adds its own entries at the end, under a lock (flock), one record each, and
// nobody rewrites what another has added but under the same lock, when it has grown to twice what is kept: what is kept
// is written to a file beside it that takes its place, so that a crash loses nothing. An entry of several lines is one
// record: "\n" is written as "\\n" and "\\" as "\\\\". Equal entries in a row are kept once.
// A file that cannot be read or written is a `problem` to be told once; the entries of this prompt are there all the
// same.
//
// What other prompts add while this one runs, this one does not show: Up gives back what was typed here.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace neap::internal::repl {

class History {
 public:
  static constexpr std::size_t kKept = 10'000;
  /// Of a larger file only the end is read: bytes.
  static constexpr std::size_t kLargest = std::size_t{16} << 20;

  /// No file.
  History() = default;
  /// Reads the file, making its folders (mode 0700) and itself (0600) when the first entry is added.
  explicit History(std::string path);

  /// Adds an entry, here and to the file, without blanks and newlines at its end. Not: an empty one, one that begins
  /// with a blank, one equal to the last.
  void add(std::string_view entry);
  [[nodiscard]] std::size_t size() const { return entries_.size(); }
  [[nodiscard]] const std::string& operator[](std::size_t index) const { return entries_[index]; }
  /// The last entry before `before` that begins with `prefix` (and is not it); size() when there is none.
  [[nodiscard]] std::size_t find_prefix(std::string_view prefix, std::size_t before) const;
  /// The last entry before `before` that holds `part`; size() when there is none.
  [[nodiscard]] std::size_t find_part(std::string_view part, std::size_t before) const;
  /// The first entry behind `after` that begins with `prefix` (and is not it); size() when there is none.
  [[nodiscard]] std::size_t find_prefix_after(std::string_view prefix, std::size_t after) const;
  /// The first entry behind `after` that holds `part`; size() when there is none.
  [[nodiscard]] std::size_t find_part_after(std::string_view part, std::size_t after) const;
  [[nodiscard]] const std::string& path() const { return path_; }
  /// What went wrong with the file, for people; empty when nothing did.
  [[nodiscard]] const std::string& problem() const { return problem_; }

  /// Where the file is by the environment: NEAP_HISTORY (empty or "/dev/null": none), else neap/history under
  /// XDG_STATE_HOME or ~/.local/state; empty for none.
  static std::string default_path();

 private:
  void append(std::string_view entry);

  std::vector<std::string> entries_;
  std::size_t records_ = 0;  // in the file, as far as we know
  std::string path_;
  std::string problem_;
};

}  // namespace neap::internal::repl
