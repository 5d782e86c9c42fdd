#include "repl/text.hpp"

#include <utf8proc.h>

#include <algorithm>
#include <array>

namespace neap::internal::repl {

namespace {

using namespace std::literals;

constexpr std::string_view kReplacement = "\uFFFD";
constexpr std::string_view kTab = "    ";
constexpr utf8proc_int32_t kEmojiPresentation = 0xFE0F;
constexpr utf8proc_int32_t kZeroWidthJoiner = 0x200D;

bool is_ascii(char c) { return static_cast<unsigned char>(c) < 0x80; }
bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == '\x7f'; }

struct Character {
  utf8proc_int32_t code = -1;  // -1: no UTF-8
  std::size_t size = 1;
};

Character character_at(std::string_view text, std::size_t at) {
  Character character;
  const auto size = utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(text.data() + at),
                                     static_cast<utf8proc_ssize_t>(text.size() - at), &character.code);
  if (size > 0)
    character.size = static_cast<std::size_t>(size);
  else
    character.code = -1;
  return character;
}

bool is_mark(utf8proc_int32_t code) {
  const auto category = utf8proc_category(code);
  return category >= UTF8PROC_CATEGORY_MN && category <= UTF8PROC_CATEGORY_ME;
}

/// The beginning of the character that the byte belongs to. One that is part of none is a character of its own.
std::size_t character_begin(std::string_view text, std::size_t at) {
  for (std::size_t back = 0; back < 4 && back <= at; ++back) {
    const Character character = character_at(text, at - back);
    if (character.code >= 0 && character.size > back) return at - back;
    if ((text[at - back] & '\xC0') != '\x80') break;
  }
  return at;
}

/// True when a cluster begins with the second, whatever stands before the first.
bool always_divided(std::string_view text, std::size_t first, std::size_t second) {
  const char before = text[first];
  if (is_ascii(before) && (is_control(before) || is_ascii(text[second]))) return true;
  const Character one = character_at(text, first);
  const Character other = character_at(text, second);
  if (one.code < 0 || other.code < 0) return true;
  const bool joins = one.code == kZeroWidthJoiner || is_mark(one.code);  // depends on what they belong to
  return !joins && utf8proc_grapheme_break(one.code, other.code);
}

/// The nearest place at or before the character at which a cluster begins for certain.
std::size_t safe_begin(std::string_view text, std::size_t at) {
  while (at > 0) {
    const std::size_t before = character_begin(text, at - 1);
    if (always_divided(text, before, at)) break;
    at = before;
  }
  return at;
}

enum class Shape : unsigned char { as_it_is, replaced, tab, caret, mark, newline };

Shape shape_of(std::string_view cluster) {
  const char c = cluster.empty() ? '\n' : cluster[0];
  if (c == '\n') return Shape::newline;
  if (c == '\t') return Shape::tab;
  if (is_ascii(c)) return is_control(c) ? Shape::caret : Shape::as_it_is;
  const utf8proc_int32_t code = character_at(cluster, 0).code;
  if (code < 0) return Shape::replaced;
  if (utf8proc_charwidth(code) > 0) return Shape::as_it_is;
  return is_mark(code) ? Shape::mark : Shape::replaced;
}

bool is_regional(utf8proc_int32_t code) { return code >= 0x1F1E6 && code <= 0x1F1FF; }

/// Its first character's width; two columns for a flag and for what a selector has made an emoji.
int width_as_it_is(std::string_view cluster) {
  const Character first = character_at(cluster, 0);
  const int width = utf8proc_charwidth(first.code);
  if (first.size == cluster.size() || width == 2) return width;
  const utf8proc_int32_t second = character_at(cluster, first.size).code;
  return second == kEmojiPresentation || (is_regional(first.code) && is_regional(second)) ? 2 : width;
}

}  // namespace

std::size_t cluster_end(std::string_view text, std::size_t at) {
  if (at >= text.size()) return text.size();
  if (is_ascii(text[at]) && (is_control(text[at]) || at + 1 == text.size() || is_ascii(text[at + 1]))) return at + 1;
  Character character = character_at(text, at);
  utf8proc_int32_t state = 0;
  for (at += character.size; at < text.size() && character.code >= 0; at += character.size) {
    const utf8proc_int32_t before = character.code;
    character = character_at(text, at);
    if (character.code < 0 || utf8proc_grapheme_break_stateful(before, character.code, &state)) break;
  }
  return at;
}

std::size_t cluster_begin(std::string_view text, std::size_t at) {
  at = std::min(at, text.size());
  if (at == 0) return 0;
  std::size_t begin = safe_begin(text, character_begin(text, at - 1));
  for (std::size_t end = cluster_end(text, begin); end < at; end = cluster_end(text, begin)) begin = end;
  return begin;
}

std::size_t cluster_boundary(std::string_view text, std::size_t at) {
  return at == 0 ? 0 : cluster_end(text, cluster_begin(text, at));
}

int cluster_width(std::string_view cluster) {
  switch (shape_of(cluster)) {
    case Shape::newline: return 0;
    case Shape::caret: return 2;
    case Shape::tab: return static_cast<int>(kTab.size());
    case Shape::as_it_is: return is_ascii(cluster[0]) && cluster.size() == 1 ? 1 : width_as_it_is(cluster);
    default: return 1;
  }
}

int width_of(std::string_view text) {
  int width = 0;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = cluster_end(text, at);
    width += cluster_width(text.substr(at, end - at));
    at = end;
  }
  return width;
}

std::string shown(std::string_view cluster) {
  switch (shape_of(cluster)) {
    case Shape::newline: return {};
    case Shape::caret: return {'^', static_cast<char>(cluster[0] ^ 0x40)};
    case Shape::tab: return std::string(kTab);
    case Shape::replaced: return std::string(kReplacement);
    case Shape::mark: return " "s.append(cluster);
    default: return std::string(cluster);
  }
}

bool is_blank(std::string_view cluster) {
  if (cluster.empty()) return false;
  const char c = cluster[0];
  if (is_ascii(c)) return c == ' ' || (c >= '\t' && c <= '\r');
  const Character first = character_at(cluster, 0);
  const auto category = first.code < 0 ? UTF8PROC_CATEGORY_CN : utf8proc_category(first.code);
  return category >= UTF8PROC_CATEGORY_ZS && category <= UTF8PROC_CATEGORY_ZP;
}

bool is_word(std::string_view cluster) {
  if (cluster.empty()) return false;
  const char c = cluster[0];
  if (!is_ascii(c)) return !is_blank(cluster);
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

std::string with_case(std::string_view text, Case wanted) {
  std::string result;
  bool in_word = false;
  for (std::size_t at = 0; at < text.size();) {
    const Character character = character_at(text, at);
    const std::string_view bytes = text.substr(at, character.size);
    at += character.size;
    if (character.code < 0) {
      result += bytes;
      continue;
    }
    const bool upper = wanted == Case::upper || (wanted == Case::capital && !in_word);
    in_word = is_word(bytes);
    result +=
        utf8_of(static_cast<char32_t>(upper ? utf8proc_toupper(character.code) : utf8proc_tolower(character.code)));
  }
  return result;
}

std::string utf8_of(char32_t character) {
  if (!utf8proc_codepoint_valid(static_cast<utf8proc_int32_t>(character))) return {};
  std::array<utf8proc_uint8_t, 4> bytes{};
  const auto size = utf8proc_encode_char(static_cast<utf8proc_int32_t>(character), bytes.data());
  return {bytes.begin(), bytes.begin() + size};
}

}  // namespace neap::internal::repl
