// Matches Lua's patterns, and can be stopped while it does.
//
// It finds what the functions of the stock library find, with the same messages for wrong patterns (tests/stdlib/base
// compares the two). At every step it looks at the interrupt, which may raise: a pattern like (.-)*b takes for ever on
// a short string.
#pragma once

#include <lua.hpp>

#include <array>
#include <cstddef>

namespace neap::internal::stdlib {

class Matcher {
 public:
  static constexpr int kMostCaptures = 32;

  Matcher(lua_State* L, const char* subject, std::size_t size, const char* pattern, std::size_t pattern_size);

  /// The end of the match that begins at `at`, or null.
  const char* match_at(const char* at);
  /// Pushes the captures of the last match, from `begin` to `end`: the whole of it when there is none and `whole`.
  /// Returns how many.
  int push_captures(const char* begin, const char* end, bool whole);
  /// Pushes one of them; the whole match for number 0 without captures.
  void push_capture(int number, const char* begin, const char* end);

  [[nodiscard]] const char* begin() const { return subject_; }
  [[nodiscard]] const char* end() const { return end_; }

 private:
  struct Capture {
    const char* begin;
    std::ptrdiff_t size;
  };
  static constexpr std::ptrdiff_t kOpen = -1;
  static constexpr std::ptrdiff_t kPosition = -2;
  static constexpr int kDeepest = 200;

  const char* match(const char* s, const char* p);
  const char* match_here(const char* s, const char* p);
  const char* match_more(const char* s, const char* p, const char* next);
  const char* match_fewer(const char* s, const char* p, const char* next);
  const char* open_capture(const char* s, const char* p, std::ptrdiff_t size);
  const char* close_capture(const char* s, const char* p);
  const char* match_balanced(const char* s, const char* p);
  const char* match_again(const char* s, char number);
  [[nodiscard]] bool at_frontier(const char* s, const char* set, const char* set_end) const;
  const char* end_of_item(const char* p);
  [[nodiscard]] bool fits(const char* s, const char* p, const char* next) const;
  int capture_to_close();
  void step();

  lua_State* L_;
  const char* subject_;
  const char* end_;
  const char* pattern_;
  const char* pattern_end_;
  int depth_ = 0;
  int level_ = 0;
  std::array<Capture, kMostCaptures> captures_{};
};

}  // namespace neap::internal::stdlib
