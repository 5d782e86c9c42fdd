#include "repl/keys.hpp"

#include "repl/text.hpp"

#include <algorithm>
#include <array>
#include <optional>

namespace neap::repl {

namespace {

using Kind = Key::Kind;
using Keys = std::vector<Key>;

constexpr char kEscape = '\x1b';
constexpr std::string_view kPasteBegin = "\x1b[200~";
constexpr std::string_view kPasteEnd = "\x1b[201~";
// Longer ones mean nothing; without a limit a broken terminal could make us wait for ever.
constexpr std::size_t kLongestSequence = 256;

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == '\x7f'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_continuation(char c) { return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U; }

Key named(Kind kind, char32_t code = 0) {
  Key key;
  key.kind = kind;
  key.code = code;
  return key;
}

Key text_key(std::string_view text, bool alt) {
  Key key = named(Kind::text);
  key.text = text;
  key.alt = alt;
  return key;
}

/// The key of a control character, Escape excepted.
Key control_key(char c) {
  switch (c) {
    case '\r':
    case '\n': return named(Kind::enter);
    case '\t': return named(Kind::tab);
    case '\b':
    case '\x7f': return named(Kind::backspace);
    case '\0': return named(Kind::control, U' ');
    default: return named(Kind::control, static_cast<char32_t>(c <= 26 ? c + 0x60 : c + 0x40));
  }
}

/// The size of the character at the beginning, 1 for a byte that begins none; 0 when more must come to tell.
std::size_t character_size(std::string_view bytes) {
  const auto lead = static_cast<unsigned char>(bytes[0]);
  std::size_t size = 1;
  if (lead >= 0xC2 && lead < 0xE0)
    size = 2;
  else if (lead >= 0xE0 && lead < 0xF0)
    size = 3;
  else if (lead >= 0xF0 && lead < 0xF5)
    size = 4;
  for (std::size_t i = 1; i < size; ++i) {
    if (i == bytes.size()) return 0;
    if (!is_continuation(bytes[i])) return 1;
  }
  return size;
}

/// What stands between "ESC [" and the last byte.
struct Parameters {
  static constexpr std::size_t kMost = 4;
  std::array<unsigned, kMost> values{};
  std::size_t count = 0;
  unsigned event = 1;  // of a key, as the Kitty keyboard protocol tells it: 3 when it is released

  [[nodiscard]] unsigned first() const { return count > 0 && values[0] != 0 ? values[0] : 1; }
};

/// Numbers between semicolons; of the parts between colons the first counts. Nothing for what is no list of numbers.
std::optional<Parameters> parameters_of(std::string_view text) {
  Parameters parameters;
  std::size_t part = 0;
  unsigned number = 0;
  const auto keep = [&] {
    if (part == 0 && parameters.count < Parameters::kMost) parameters.values[parameters.count++] = number;
    if (part == 1 && parameters.count == 2) parameters.event = number;
    number = 0;
  };
  for (const char c : text) {
    if (is_digit(c)) {
      number = std::min(number * 10 + static_cast<unsigned>(c - '0'), 0x200000U);
    } else if (c == ';' || c == ':') {
      keep();
      part = c == ':' ? part + 1 : 0;
    } else {
      return std::nullopt;
    }
  }
  if (!text.empty()) keep();
  return parameters;
}

/// Modifiers as xterm numbers them: 1 and a sum of 1 Shift, 2 Alt, 4 Control, 32 Meta.
void modify(Key& key, unsigned modifiers) {
  const unsigned bits = modifiers > 0 ? modifiers - 1 : 0;
  key.shift = key.shift || (bits & 1U) != 0;
  key.alt = key.alt || (bits & (2U | 32U)) != 0;
  key.control = key.control || (bits & 4U) != 0;
}

/// A key told by its character (CSI u, modifyOtherKeys), as the decoder gives it when it comes as a byte.
Key key_of_character(char32_t code, unsigned modifiers) {
  Key held;
  modify(held, modifiers);
  Key key;
  if (code == U'\r' || code == U'\t' || code == 0x7F || code == U'\b') {
    key = control_key(static_cast<char>(code));
    modify(key, modifiers);
  } else if (code == 0x1B) {
    key = named(Kind::escape);
  } else if (code < 0x20 || (code >= 0xE000 && code < 0xF900)) {  // Kitty's numbers for keys such as Caps Lock
    return named(Kind::unknown);
  } else if (held.control && code < 0x7F) {
    const auto low = static_cast<char>(code >= U'A' && code <= U'Z' ? code + 0x20 : code);
    key = low == 'i' || low == 'm' || low == 'j' || low == 'h' ? control_key(static_cast<char>(low - 0x60))
          : low == '['                                         ? named(Kind::escape)
                                                               : named(Kind::control, static_cast<char32_t>(low));
    key.alt = held.alt;
  } else {
    if (held.shift && code >= U'a' && code <= U'z') code -= 0x20;
    key = text_key(utf8_of(code), held.alt);
    if (key.text.empty()) return named(Kind::unknown);
  }
  return key;
}

Key key_of_letter(char final) {
  switch (final) {
    case 'A': return named(Kind::up);
    case 'B': return named(Kind::down);
    case 'C': return named(Kind::right);
    case 'D': return named(Kind::left);
    case 'H': return named(Kind::home);
    case 'F': return named(Kind::end);
    case 'P':
    case 'Q':
    case 'R':
    case 'S': return named(Kind::function, static_cast<char32_t>(final - 'P' + 1));
    default: return named(Kind::unknown);
  }
}

Key key_of_number(unsigned number) {
  switch (number) {
    case 1:
    case 7: return named(Kind::home);
    case 2: return named(Kind::insert);
    case 3: return named(Kind::remove);
    case 4:
    case 8: return named(Kind::end);
    case 5: return named(Kind::page_up);
    case 6: return named(Kind::page_down);
    default: break;
  }
  if (number >= 11 && number <= 15) return named(Kind::function, number - 10);
  if (number >= 17 && number <= 21) return named(Kind::function, number - 11);
  if (number >= 23 && number <= 26) return named(Kind::function, number - 12);
  if (number >= 28 && number <= 29) return named(Kind::function, number - 13);
  if (number >= 31 && number <= 34) return named(Kind::function, number - 14);
  return named(Kind::unknown);
}

Key key_of_csi(std::string_view inside, char final) {
  const std::optional<Parameters> parameters = parameters_of(inside);
  if (!parameters || parameters->event == 3) return named(Kind::unknown);
  const unsigned modifiers = parameters->count > 1 ? parameters->values[1] : 1;
  if (final == 'u') return parameters->count == 0 ? Key{} : key_of_character(parameters->values[0], modifiers);
  if (final == '~' && parameters->first() == 27 && parameters->count == 3) {
    return key_of_character(parameters->values[2], modifiers);
  }
  if (final == 'Z') {
    Key key = named(Kind::tab);
    key.shift = true;
    return key;
  }
  Key key;
  if (final == '~' || final == '^' || final == '@' || final == '$') {
    key = parameters->count == 0 ? Key{} : key_of_number(parameters->first());
    key.control = final == '^' || final == '@';
    key.shift = final == '$' || final == '@';
  } else if (final >= 'a' && final <= 'd') {  // rxvt
    key = key_of_letter(static_cast<char>(final - 0x20));
    key.shift = true;
  } else {
    key = key_of_letter(final);
  }
  if (key.kind == Kind::unknown) return named(Kind::unknown);
  modify(key, modifiers);
  return key;
}

Key key_of_ss3(char final) {
  if (final == 'M') return named(Kind::enter);
  if (final == 'I') return named(Kind::tab);
  if (final == 'X') return text_key("=", false);
  if (final >= 'j' && final <= 'y') return text_key(std::string(1, static_cast<char>(final - 'j' + '*')), false);
  if (final >= 'a' && final <= 'd') {  // rxvt
    Key key = key_of_letter(static_cast<char>(final - 0x20));
    key.control = true;
    return key;
  }
  return key_of_letter(final);
}

/// Takes keys from the beginning of some bytes. Each function answers how many bytes it has taken: 0 when more must come
/// to tell, which happens only before the last ones have. What it takes depends on those bytes alone and on none behind
/// them, so that the pieces in which they come change nothing.
class Taker {
 public:
  Taker(Keys& keys, bool last) : keys_(keys), first_(keys.size()), last_(last) {}

  std::size_t take(std::string_view bytes) {
    if (bytes[0] == kEscape) return escape(bytes);
    if (is_control(bytes[0])) return add(control_key(bytes[0]), 1);
    return text(bytes);
  }

 private:
  std::size_t add(Key key, std::size_t taken) {
    keys_.push_back(std::move(key));
    return taken;
  }

  std::size_t text(std::string_view bytes) {
    std::size_t end = 0;
    while (end < bytes.size() && !is_control(bytes[end])) {
      std::size_t size = character_size(bytes.substr(end));
      if (size == 0 && last_) size = 1;
      if (size == 0) break;
      end += size;
    }
    if (end == 0) return 0;
    const bool goes_on = keys_.size() > first_ && keys_.back().kind == Kind::text && !keys_.back().alt;
    if (!goes_on) return add(text_key(bytes.substr(0, end), false), end);
    keys_.back().text += bytes.substr(0, end);
    return end;
  }

  std::size_t escape(std::string_view bytes) {
    if (bytes.size() == 1) return last_ ? add(named(Kind::escape), 1) : 0;
    if (bytes[1] == '[') return csi(bytes, false);
    if (bytes[1] == 'O') return ss3(bytes, false);
    if (bytes[1] == kEscape) return two_escapes(bytes);
    if (is_control(bytes[1])) {
      Key key = control_key(bytes[1]);
      key.alt = true;
      return add(std::move(key), 2);
    }
    std::size_t size = character_size(bytes.substr(1));
    if (size == 0 && last_) size = 1;
    return size == 0 ? 0 : add(text_key(bytes.substr(1, size), true), 1 + size);
  }

  /// Alt with a key that is itself a sequence, as rxvt sends it; or Escape, and then another key.
  std::size_t two_escapes(std::string_view bytes) {
    if (bytes.size() == 2) return last_ ? add(named(Kind::escape), 1) : 0;
    const bool sequence = (bytes[2] == '[' || bytes[2] == 'O') && !bytes.substr(1).starts_with(kPasteBegin);
    if (!sequence) return add(named(Kind::escape), 1);
    const std::size_t taken = bytes[2] == '[' ? csi(bytes.substr(1), true) : ss3(bytes.substr(1), true);
    return taken == 0 ? 0 : taken + 1;
  }

  std::size_t csi(std::string_view bytes, bool alt) {
    std::size_t at = 2;
    if (bytes.size() > at && bytes[at] == '[') return linux_function(bytes);
    while (at < bytes.size() && at < kLongestSequence && bytes[at] >= 0x20 && bytes[at] < 0x40 &&
           !is_shifted(bytes.substr(2, at - 2), bytes[at])) {
      ++at;
    }
    if (at == bytes.size() && at < kLongestSequence) return unfinished(bytes);
    const bool ends = bytes[at] >= 0x20 && bytes[at] < 0x7F && at < kLongestSequence;
    if (!ends) return add(named(Kind::unknown), at);
    Key key = key_of_csi(bytes.substr(2, at - 2), bytes[at]);
    key.alt = key.alt || (alt && key.kind != Kind::unknown);
    return add(std::move(key), at + 1);
  }

  /// rxvt's "ESC [ 3 $" for Shift-Delete: to all others a dollar is not the last.
  static bool is_shifted(std::string_view before, char c) {
    return c == '$' && !before.empty() && std::ranges::all_of(before, is_digit);
  }

  std::size_t linux_function(std::string_view bytes) {
    if (bytes.size() == 3 && !last_) return 0;
    if (bytes.size() == 3 || bytes[3] < 'A' || bytes[3] > 'E') return add(named(Kind::unknown), 3);
    return add(named(Kind::function, static_cast<char32_t>(bytes[3] - 'A' + 1)), 4);
  }

  std::size_t ss3(std::string_view bytes, bool alt) {
    std::size_t at = 2;
    while (at < bytes.size() && at < 10 && (is_digit(bytes[at]) || bytes[at] == ';')) ++at;
    if (at == bytes.size() && at < 10) return unfinished(bytes);
    const bool ends = at < bytes.size() && bytes[at] >= 0x40 && bytes[at] < 0x7F;
    if (!ends) return add(at == 2 ? text_key("O", true) : named(Kind::unknown), at);
    Key key = key_of_ss3(bytes[at]);
    const std::optional<Parameters> parameters = parameters_of(bytes.substr(2, at - 2));
    if (parameters->count > 0 && key.kind != Kind::text) modify(key, parameters->values[parameters->count - 1]);
    key.alt = key.alt || alt;
    if (key.kind == Kind::unknown) key = Key{};
    return add(std::move(key), at + 1);
  }

  /// Alt with a bracket or an O, or the beginning of a sequence whose end will not come.
  std::size_t unfinished(std::string_view bytes) {
    if (!last_) return 0;
    if (bytes.size() == 2) return add(text_key(bytes.substr(1, 1), true), 2);
    return add(named(Kind::unknown), bytes.size());
  }

  Keys& keys_;
  std::size_t first_;  // of keys_, that this call has added
  bool last_;
};

std::string with_plain_line_ends(std::string_view text) {
  std::string result;
  result.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\r') {
      result += text[i];
    } else if (i + 1 == text.size() || text[i + 1] != '\n') {
      result += '\n';
    }
  }
  return result;
}

}  // namespace

void KeyDecoder::feed(std::string_view bytes, Keys& keys) {
  kept_ += bytes;
  decode(keys, false);
}

bool KeyDecoder::pending() const { return !kept_.empty() && !pasting_; }

void KeyDecoder::flush(Keys& keys) { decode(keys, true); }

void KeyDecoder::decode(Keys& keys, bool last) {
  Taker taker(keys, last);
  std::size_t at = 0;
  while (pasting_ || at < kept_.size()) {
    if (pasting_) {
      const std::size_t end = paste(at, keys, last);
      if (end == std::string::npos) break;
      at = end;
    } else if (kept_.compare(at, kPasteBegin.size(), kPasteBegin) == 0) {
      pasting_ = true;
      at += kPasteBegin.size();
      searched_ = at;
    } else {
      const std::size_t taken = taker.take(std::string_view(kept_).substr(at));
      if (taken == 0) break;
      at += taken;
    }
  }
  kept_.erase(0, at);
  searched_ -= std::min(searched_, at);
}

std::size_t KeyDecoder::paste(std::size_t from, Keys& keys, bool last) {
  std::size_t end = kept_.find(kPasteEnd, std::max(from, searched_));
  if (end == std::string::npos && !last) {
    searched_ = std::max(from, kept_.size() - std::min(kept_.size(), kPasteEnd.size() - 1));
    return std::string::npos;
  }
  end = std::min(end, kept_.size());
  Key key = named(Kind::paste);
  key.text = with_plain_line_ends(std::string_view(kept_).substr(from, end - from));
  keys.push_back(std::move(key));
  pasting_ = false;
  return std::min(end + kPasteEnd.size(), kept_.size());
}

}  // namespace neap::repl
