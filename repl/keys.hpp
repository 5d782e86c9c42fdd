// The bytes a terminal sends, as keys. Pure: it reads no terminal and knows no clock.
//
//   "a" -> text "a"     ESC [ A -> up      ESC b -> Alt-b     0x01 -> Ctrl-a     ESC [200~ ... ESC [201~ -> paste
//
// It understands what xterm, the Linux console, tmux, screen, rxvt and the BSDs' consoles send: CSI and SS3 sequences
// with modifiers, "CSI u" and xterm's modifyOtherKeys, Escape as a prefix for Alt.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace neap::internal::repl {

struct Key {
  enum class Kind : std::uint8_t {
    text,     // `text`: one or more characters typed, without controls; with Alt exactly one. Bytes may be no UTF-8
    paste,    // `text`: everything between the brackets, line ends as "\n"
    control,  // `code`: the letter or sign, 'a' for Ctrl-A, '_' for Ctrl-_, ' ' for Ctrl-Space
    enter,    // Ctrl-J too
    tab,
    backspace,  // Ctrl-H too
    remove,     // the Delete key
    insert,
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
  bool control = false;  // of the keys with a name, as are the next two; alt of `text` and `control` too
  bool alt = false;
  bool shift = false;

  bool operator==(const Key&) const = default;
};

class KeyDecoder {
 public:
  /// Adds the keys that are complete; the rest is kept. Any bytes in any pieces: none is lost, and none can make it
  /// stick.
  void feed(std::string_view bytes, std::vector<Key>& keys);
  /// True while an escape sequence (or a lone Escape) or a character is incomplete, and no paste is: call `flush` when
  /// nothing has come for kEscapeDelay milliseconds.
  [[nodiscard]] bool pending() const;
  /// Nothing follows: what is kept is what was meant. A paste that has not ended, ends.
  void flush(std::vector<Key>& keys);

  static constexpr int kEscapeDelay = 30;

 private:
  void decode(std::vector<Key>& keys, bool last);
  /// The bytes of the paste from `from` on; npos when its end has not come.
  std::size_t paste(std::size_t from, std::vector<Key>& keys, bool last);

  std::string kept_;
  std::size_t searched_ = 0;  // of kept_, for the end of the paste
  bool pasting_ = false;
};

}  // namespace neap::internal::repl
