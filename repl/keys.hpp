// The bytes a terminal sends, as keys. Pure: it reads no terminal and knows no clock.
//
//   "a" -> text "a"     ESC [ A -> up      ESC b -> Alt-b     0x01 -> Ctrl-a     ESC [200~ ... ESC [201~ -> paste
//
// It understands what xterm, the Linux console, tmux, screen, rxvt and the BSDs' consoles send (CSI and SS3 sequences with modifiers, "CSI u").
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace neap::repl {

struct Key {
  enum class Kind : std::uint8_t {
    text,   // `text`: one or more characters typed, without controls; with Alt exactly one, lower case ones as they are
    paste,  // `text`: everything between the brackets, line ends as "\n"
    control,  // `code`: the letter or sign, 'a' for Ctrl-A, '_' for Ctrl-_, ' ' for Ctrl-Space
    enter,
    tab,
    backspace,
    remove,
    insert,  // `remove` is the Delete key
    home,
    end,
    left,
    right,
    up,
    down,
    page_up,
    page_down,
    escape,    // the key itself, as told by time: see KeyDecoder::flush
    function,  // `code`: 1 for F1
    unknown,   // a sequence that means nothing to us; it is complete, and dropped
  };

  Kind kind = Kind::unknown;
  std::string text;
  char32_t code = 0;
  bool control = false;  // of the keys with a name
  bool alt = false;
  bool shift = false;

  bool operator==(const Key&) const = default;
};

class KeyDecoder {
 public:
  /// Adds the keys that are complete; the rest is kept. Any bytes in any pieces: none is lost, and none can make it stick.
  void feed(std::string_view bytes, std::vector<Key>& keys);
  /// True while an escape sequence (or a lone Escape) or a character is incomplete, and no paste is: call `flush` when
  /// nothing has come for kEscapeDelay.
  [[nodiscard]] bool pending() const;
  /// Nothing follows: what is kept is what was meant.
  void flush(std::vector<Key>& keys);

  static constexpr int kEscapeDelay = 30;  // milliseconds

 private:
  std::string kept_;
  bool pasting_ = false;
};

}  // namespace neap::repl
