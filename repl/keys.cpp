#include "repl/keys.hpp"

#include "repl/key_sequences.hpp"

#include <algorithm>
#include <utility>

namespace neap::internal::repl {

namespace {

using Kind = Key::Kind;
using Keys = std::vector<Key>;

constexpr char kEscape = '\x1b';
constexpr std::string_view kPasteBegin = "\x1b[200~";
constexpr std::string_view kPasteEnd = "\x1b[201~";
// Longer ones mean nothing; without a limit a broken terminal could make us wait for ever.
constexpr std::size_t kLongestSequence = 256;
constexpr std::size_t kLongestReport = 4096;

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == '\x7f'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_continuation(char c) { return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U; }

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

/// Takes keys from the beginning of some bytes. Each function answers how many bytes it has taken: 0 when more must
/// come to tell, which happens only before the last ones have. What it takes depends on those bytes alone and on none
/// behind them, so that the pieces in which they come change nothing.
class Taker {
 public:
  Taker(Keys& keys, bool last) : keys_(keys), first_(keys.size()), last_(last) {}

  std::size_t take(std::string_view bytes) {
    if (bytes[0] == kEscape) return escape(bytes);
    if (is_control(bytes[0])) return add(key_of_control(bytes[0]), 1);
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
    if (bytes[1] == ']' || bytes[1] == 'P') return report(bytes);
    if (is_control(bytes[1])) {
      Key key = key_of_control(bytes[1]);
      key.alt = true;
      return add(std::move(key), 2);
    }
    std::size_t size = character_size(bytes.substr(1));
    if (size == 0 && last_) size = 1;
    return size == 0 ? 0 : add(text_key(bytes.substr(1, size), true), 1 + size);
  }

  /// "ESC ] 11 ; rgb:... BEL" and the like: what a program before us has asked the terminal for, and not waited for.
  /// Dropped.
  std::size_t report(std::string_view bytes) {
    if (bytes.size() == 2) return unfinished(bytes);
    const bool begins = is_digit(bytes[2]) || bytes[2] == '>' || bytes[2] == '!';
    if (!begins) return add(text_key(bytes.substr(1, 1), true), 2);
    std::size_t at = 2;
    while (at < bytes.size() && at < kLongestReport && !is_control(bytes[at])) ++at;
    if (at == kLongestReport) return add(named(Kind::unknown), at);
    if (at == bytes.size()) return unfinished(bytes);
    if (bytes[at] == '\a') return add(named(Kind::unknown), at + 1);
    if (bytes[at] != kEscape) return add(named(Kind::unknown), at);
    if (at + 1 == bytes.size()) return unfinished(bytes);
    return add(named(Kind::unknown), bytes[at + 1] == '\\' ? at + 2 : at);
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
    Key key = key_of_ss3(bytes.substr(2, at - 2), bytes[at]);
    key.alt = key.alt || (alt && key.kind != Kind::unknown);
    return add(std::move(key), at + 1);
  }

  /// Alt with the second byte, or the beginning of a sequence whose end will not come.
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

}  // namespace neap::internal::repl
