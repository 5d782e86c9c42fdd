// What the sequences mean that terminals send for keys: CSI, "ESC [ parameters letter", and SS3, "ESC O letter".
#pragma once

#include "repl/keys.hpp"

#include <string_view>

namespace neap::internal::repl {

inline Key named(Key::Kind kind, char32_t code = 0) {
  Key key;
  key.kind = kind;
  key.code = code;
  return key;
}

inline Key text_key(std::string_view text, bool alt) {
  Key key = named(Key::Kind::text);
  key.text = text;
  key.alt = alt;
  return key;
}

/// The key of a control character, Escape excepted.
Key key_of_control(char c);
/// `between`: what stands between "ESC [" or "ESC O" and the last byte.
Key key_of_csi(std::string_view between, char final);
Key key_of_ss3(std::string_view between, char final);

}  // namespace neap::internal::repl
