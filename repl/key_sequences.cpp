#include "repl/key_sequences.hpp"

#include "repl/text.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <string>

namespace neap::internal::repl {

namespace {

using Kind = Key::Kind;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

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
    key = key_of_control(static_cast<char>(code));
    modify(key, modifiers);
  } else if (code == 0x1B) {
    key = named(Kind::escape);
  } else if (code < 0x20 || (code >= 0xE000 && code < 0xF900)) {  // Kitty's numbers for keys such as Caps Lock
    return named(Kind::unknown);
  } else if (held.control && code < 0x7F) {
    const auto low = static_cast<char>(code >= U'A' && code <= U'Z' ? code + 0x20 : code);
    key = low == 'i' || low == 'm' || low == 'j' || low == 'h' ? key_of_control(static_cast<char>(low - 0x60))
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

Key key_of_ss3_letter(char final) {
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

}  // namespace

Key key_of_control(char c) {
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

Key key_of_csi(std::string_view between, char final) {
  const std::optional<Parameters> parameters = parameters_of(between);
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

Key key_of_ss3(std::string_view between, char final) {
  Key key = key_of_ss3_letter(final);
  const std::optional<Parameters> parameters = parameters_of(between);
  if (key.kind == Kind::unknown || !parameters) return named(Kind::unknown);
  if (parameters->count > 0 && key.kind != Kind::text) modify(key, parameters->values[parameters->count - 1]);
  return key;
}

}  // namespace neap::internal::repl
