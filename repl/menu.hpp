// The candidates of a completion in columns, and which of them is selected: none at first.
#pragma once

#include "repl/completion.hpp"
#include "repl/view.hpp"

#include <cstddef>
#include <string>
#include <vector>

namespace neap::internal::repl {

class Menu {
 public:
  enum class Move : unsigned char { next, previous, up, down, left, right };

  explicit Menu(Completion completion) : completion_(std::move(completion)) {}

  [[nodiscard]] std::size_t size() const { return completion_.candidates.size(); }
  [[nodiscard]] std::size_t from() const { return completion_.from; }
  /// Null while none is selected.
  [[nodiscard]] const Candidate* selected() const;
  void move(Move move);
  /// The lines of the menu, `rows` at most (but one at least), and the selected one's detail.
  [[nodiscard]] std::vector<StyledText> lines(int columns, int rows) const;

 private:
  struct Layout;

  [[nodiscard]] Layout layout(int columns) const;
  [[nodiscard]] StyledText row_of(const Layout& layout, std::size_t row) const;

  static constexpr std::size_t kNone = static_cast<std::size_t>(-1);

  Completion completion_;
  std::size_t selected_ = kNone;
  mutable std::size_t rows_ = 1;  // of the whole menu, as it was shown: what up, down, left and right go by
};

/// What all candidates begin with.
std::string common_prefix(const std::vector<Candidate>& candidates);

}  // namespace neap::internal::repl
