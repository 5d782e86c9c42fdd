#include "stdlib/base/matcher.hpp"

#include "stdlib/base/bounded.hpp"

#include <cctype>
#include <cstring>

namespace neap::internal::stdlib {

namespace {

int code(const char* place) { return static_cast<unsigned char>(*place); }

/// A class such as %a, by its letter; an upper-case letter is the complement.
bool in_class(int c, int letter) {
  bool found = false;
  switch (std::tolower(letter)) {
    case 'a': found = std::isalpha(c) != 0; break;
    case 'c': found = std::iscntrl(c) != 0; break;
    case 'd': found = std::isdigit(c) != 0; break;
    case 'g': found = std::isgraph(c) != 0; break;
    case 'l': found = std::islower(c) != 0; break;
    case 'p': found = std::ispunct(c) != 0; break;
    case 's': found = std::isspace(c) != 0; break;
    case 'u': found = std::isupper(c) != 0; break;
    case 'w': found = std::isalnum(c) != 0; break;
    case 'x': found = std::isxdigit(c) != 0; break;
    default: return letter == c;  // an escaped character
  }
  return std::isupper(letter) != 0 ? !found : found;
}

/// The set from '[' at `p` to ']' at `last`.
bool in_set(int c, const char* p, const char* last) {
  ++p;
  const bool inside = *p != '^';
  if (!inside) ++p;
  while (p < last) {
    if (*p == '%') {
      if (in_class(c, code(p + 1))) return inside;
      p += 2;
    } else if (p + 2 < last && p[1] == '-') {
      if (code(p) <= c && c <= code(p + 2)) return inside;
      p += 3;
    } else {
      if (code(p) == c) return inside;
      ++p;
    }
  }
  return !inside;
}

}  // namespace

Matcher::Matcher(lua_State* L, const char* subject, std::size_t size, const char* pattern, std::size_t pattern_size)
    : L_(L),
      subject_(subject),
      end_(subject + size),
      pattern_(pattern),
      pattern_end_(pattern + pattern_size) {}

void Matcher::step() { look_at_limits(L_); }

const char* Matcher::match_at(const char* at) {
  level_ = 0;
  depth_ = 0;
  return match(at, pattern_);
}

const char* Matcher::match(const char* s, const char* p) {
  if (depth_++ == kDeepest) luaL_error(L_, "pattern too complex");
  const char* const result = match_here(s, p);
  --depth_;
  return result;
}

/// Goes along the pattern as far as there is nothing to choose.
const char* Matcher::match_here(const char* s, const char* p) {
  for (;;) {
    step();
    if (p == pattern_end_) return s;
    if (*p == '(') return p[1] == ')' ? open_capture(s, p + 2, kPosition) : open_capture(s, p + 1, kOpen);
    if (*p == ')') return close_capture(s, p + 1);
    if (*p == '$' && p + 1 == pattern_end_) return s == end_ ? s : nullptr;
    if (*p == '%' && p + 1 < pattern_end_) {
      if (p[1] == 'b') {
        s = match_balanced(s, p + 2);
        if (s == nullptr) return nullptr;
        p += 4;
        continue;
      }
      if (p[1] == 'f') {
        if (p[2] != '[') luaL_error(L_, "missing '[' after '%%f' in pattern");
        const char* const after = end_of_item(p + 2);
        if (!at_frontier(s, p + 2, after - 1)) return nullptr;
        p = after;
        continue;
      }
      if (std::isdigit(code(p + 1)) != 0) {
        s = match_again(s, p[1]);
        if (s == nullptr) return nullptr;
        p += 2;
        continue;
      }
    }
    const char* const next = end_of_item(p);
    const char how = next < pattern_end_ ? *next : '\0';
    if (how == '*') return match_more(s, p, next);
    if (how == '-') return match_fewer(s, p, next);
    const bool fit = fits(s, p, next);
    if (how == '+') return fit ? match_more(s + 1, p, next) : nullptr;
    if (how == '?') {
      if (fit) {
        if (const char* result = match(s + 1, next + 1)) return result;
      }
      p = next + 1;
      continue;
    }
    if (!fit) return nullptr;
    ++s;
    p = next;
  }
}

/// As many of the item as there are, then as few less as it takes.
const char* Matcher::match_more(const char* s, const char* p, const char* next) {
  std::ptrdiff_t count = 0;
  while (fits(s + count, p, next)) {
    step();
    ++count;
  }
  for (; count >= 0; --count) {
    if (const char* result = match(s + count, next + 1)) return result;
  }
  return nullptr;
}

const char* Matcher::match_fewer(const char* s, const char* p, const char* next) {
  for (;; ++s) {
    if (const char* result = match(s, next + 1)) return result;
    if (!fits(s, p, next)) return nullptr;
  }
}

const char* Matcher::open_capture(const char* s, const char* p, std::ptrdiff_t size) {
  if (level_ >= kMostCaptures) luaL_error(L_, "too many captures");
  captures_[static_cast<std::size_t>(level_)] = {s, size};
  ++level_;
  const char* const result = match(s, p);
  if (result == nullptr) --level_;
  return result;
}

int Matcher::capture_to_close() {
  for (int i = level_ - 1; i >= 0; --i) {
    if (captures_[static_cast<std::size_t>(i)].size == kOpen) return i;
  }
  return luaL_error(L_, "invalid pattern capture");
}

const char* Matcher::close_capture(const char* s, const char* p) {
  Capture& capture = captures_[static_cast<std::size_t>(capture_to_close())];
  capture.size = s - capture.begin;
  const char* const result = match(s, p);
  if (result == nullptr) capture.size = kOpen;
  return result;
}

const char* Matcher::match_balanced(const char* s, const char* p) {
  if (p >= pattern_end_ - 1) luaL_error(L_, "malformed pattern (missing arguments to '%%b')");
  if (s >= end_ || *s != *p) return nullptr;
  int open = 1;
  while (++s < end_) {
    step();
    if (*s == p[1]) {
      if (--open == 0) return s + 1;
    } else if (*s == *p) {
      ++open;
    }
  }
  return nullptr;
}

/// What a capture has matched, once more.
const char* Matcher::match_again(const char* s, char number) {
  const int index = number - '1';
  if (index < 0 || index >= level_ || captures_[static_cast<std::size_t>(index)].size == kOpen) {
    luaL_error(L_, "invalid capture index %%%d", index + 1);
  }
  const Capture& capture = captures_[static_cast<std::size_t>(index)];
  const auto size = static_cast<std::size_t>(capture.size);
  if (static_cast<std::size_t>(end_ - s) < size || std::memcmp(capture.begin, s, size) != 0) return nullptr;
  return s + size;
}

bool Matcher::at_frontier(const char* s, const char* set, const char* set_end) const {
  const int before = s == subject_ ? 0 : code(s - 1);
  const int here = s == end_ ? 0 : code(s);
  return !in_set(before, set, set_end) && in_set(here, set, set_end);
}

/// Behind the single-character item at `p`.
const char* Matcher::end_of_item(const char* p) {
  const char first = *p++;
  if (first == '%') {
    if (p == pattern_end_) luaL_error(L_, "malformed pattern (ends with '%%')");
    return p + 1;
  }
  if (first != '[') return p;
  if (p < pattern_end_ && *p == '^') ++p;
  do {  // a ']' at the beginning stands for itself
    if (p == pattern_end_) luaL_error(L_, "malformed pattern (missing ']')");
    if (*p++ == '%' && p < pattern_end_) ++p;
  } while (*p != ']');  // Lua's strings end in a zero
  return p + 1;
}

bool Matcher::fits(const char* s, const char* p, const char* next) const {
  if (s >= end_) return false;
  switch (*p) {
    case '.': return true;
    case '%': return in_class(code(s), code(p + 1));
    case '[': return in_set(code(s), p, next - 1);
    default: return *p == *s;
  }
}

void Matcher::push_capture(int number, const char* begin, const char* end) {
  if (number >= level_) {
    if (number != 0) luaL_error(L_, "invalid capture index %%%d", number + 1);
    lua_pushlstring(L_, begin, static_cast<std::size_t>(end - begin));
    return;
  }
  const Capture& capture = captures_[static_cast<std::size_t>(number)];
  if (capture.size == kOpen) luaL_error(L_, "unfinished capture");
  if (capture.size == kPosition) {
    lua_pushinteger(L_, capture.begin - subject_ + 1);
  } else {
    lua_pushlstring(L_, capture.begin, static_cast<std::size_t>(capture.size));
  }
}

int Matcher::push_captures(const char* begin, const char* end, bool whole) {
  const int count = level_ == 0 && whole ? 1 : level_;
  luaL_checkstack(L_, count, "too many captures");
  for (int i = 0; i < count; ++i) push_capture(i, begin, end);
  return count;
}

}  // namespace neap::internal::stdlib
