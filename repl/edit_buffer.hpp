// The text that is edited, its cursor, and how to undo what has been done to it.
//
// Invariants
//  1. The cursor stands between grapheme clusters.
//  2. Every change goes through `replace`: undoing all steps gives back the text of the beginning.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace neap::internal::repl {

class EditBuffer {
 public:
  EditBuffer() = default;
  /// The cursor is at the end.
  explicit EditBuffer(std::string text) : text_(std::move(text)), cursor_(text_.size()) {}

  [[nodiscard]] const std::string& text() const { return text_; }
  [[nodiscard]] std::size_t cursor() const { return cursor_; }
  /// To the next place between clusters when it is in the middle of one, or behind the end.
  void move_to(std::size_t at);

  /// Puts `with` in place of the bytes [begin, end); the cursor goes behind it. Part of the present step.
  void replace(std::size_t begin, std::size_t end, std::string_view with);
  void insert(std::string_view text) { replace(cursor_, cursor_, text); }
  void erase(std::size_t begin, std::size_t end) { replace(begin, end, {}); }

  /// What follows belongs to another step of undo than what has been done.
  void begin_step() { step_open_ = false; }
  /// False when nothing is left to be undone, or done again.
  bool undo();
  bool redo();
  [[nodiscard]] bool changed() const { return !done_.empty(); }

 private:
  struct Change {
    std::size_t at;
    std::string removed;
    std::string inserted;
    std::size_t cursor_before;
    std::size_t cursor_after;
  };
  using Step = std::vector<Change>;

  std::string text_;
  std::size_t cursor_ = 0;
  std::vector<Step> done_;
  std::vector<Step> undone_;
  bool step_open_ = false;
};

}  // namespace neap::internal::repl
