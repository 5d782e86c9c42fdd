#include "repl/lexer.hpp"

#include <algorithm>
#include <array>

namespace neap::internal::repl {

namespace {

using namespace std::literals;

constexpr std::array kKeywords = {"and"sv,   "break"sv, "do"sv,       "else"sv, "elseif"sv, "end"sv,
                                  "false"sv, "for"sv,   "function"sv, "goto"sv, "if"sv,     "in"sv,
                                  "local"sv, "nil"sv,   "not"sv,      "or"sv,   "repeat"sv, "return"sv,
                                  "then"sv,  "true"sv,  "until"sv,    "while"sv};

constexpr std::array kLongSigns = {"..."sv, "<<"sv, ">>"sv, "//"sv, "=="sv, "~="sv, "<="sv, ">="sv, "::"sv, ".."sv};

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_hex_digit(char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }
bool is_blank(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

class Lexer {
 public:
  explicit Lexer(std::string_view text) : text_(text) {}

  std::vector<Token> run() {
    while (at_ < text_.size()) {
      if (is_blank(text_[at_])) {
        ++at_;
      } else {
        next();
      }
    }
    return std::move(tokens_);
  }

 private:
  [[nodiscard]] char peek(std::size_t ahead = 0) const {
    return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
  }

  void add(Token::Kind kind, std::size_t end, bool open = false) {
    tokens_.push_back({kind, at_, end, open});
    at_ = end;
  }

  void next() {
    const char c = peek();
    if (is_letter(c)) return name();
    if (is_digit(c) || (c == '.' && is_digit(peek(1)))) return number();
    if (c == '"' || c == '\'') return quoted(c);
    if (c == '-' && peek(1) == '-') return comment();
    if (c == '[' && long_level(at_) >= 0) return long_bracket(Token::Kind::string, at_);
    sign();
  }

  void name() {
    std::size_t end = at_;
    while (end < text_.size() && (is_letter(text_[end]) || is_digit(text_[end]))) ++end;
    const std::string_view word = text_.substr(at_, end - at_);
    add(std::ranges::find(kKeywords, word) != kKeywords.end() ? Token::Kind::keyword : Token::Kind::name, end);
  }

  /// As Lua reads it: digits, letters, points, and a sign behind an exponent.
  void number() {
    const bool hex = peek() == '0' && (peek(1) == 'x' || peek(1) == 'X');
    std::size_t end = at_ + (hex ? 2 : 0);
    bool sound = true;
    while (end < text_.size()) {
      const char c = text_[end];
      const bool exponent = hex ? c == 'p' || c == 'P' : c == 'e' || c == 'E';
      if (exponent) {
        ++end;
        if (end < text_.size() && (text_[end] == '+' || text_[end] == '-')) ++end;
      } else if (c == '.' || is_letter(c) || is_digit(c)) {
        sound = sound && (c == '.' || is_digit(c) || (hex && is_hex_digit(c)));
        ++end;
      } else {
        break;
      }
    }
    add(sound ? Token::Kind::number : Token::Kind::error, end);
  }

  void quoted(char quote) {
    for (std::size_t i = at_ + 1; i < text_.size(); ++i) {
      if (text_[i] == '\\' && i + 1 < text_.size()) {
        if (text_[i + 1] == 'z')
          i = std::min(text_.find_first_not_of(" \t\n\v\f\r", i + 2), text_.size()) - 1;
        else
          ++i;
      } else if (text_[i] == quote) {
        return add(Token::Kind::string, i + 1);
      } else if (text_[i] == '\n') {
        return add(Token::Kind::error, i, true);  // such a string cannot go on in the next line
      }
    }
    add(Token::Kind::string, text_.size(), true);
  }

  void comment() {
    if (peek(2) == '[' && long_level(at_ + 2) >= 0) return long_bracket(Token::Kind::comment, at_ + 2);
    add(Token::Kind::comment, std::min(text_.find('\n', at_), text_.size()));
  }

  /// The number of "=" of the long bracket that begins there; -1 when none does.
  [[nodiscard]] int long_level(std::size_t at) const {
    int level = 0;
    for (std::size_t i = at + 1; i < text_.size(); ++i, ++level) {
      if (text_[i] == '[') return level;
      if (text_[i] != '=') return -1;
    }
    return -1;
  }

  void long_bracket(Token::Kind kind, std::size_t bracket) {
    const auto level = static_cast<std::size_t>(long_level(bracket));
    std::size_t end = text_.find(']', bracket + level + 2);
    for (; end != std::string_view::npos; end = text_.find(']', end + 1)) {
      std::size_t last = end + 1;
      while (last < text_.size() && text_[last] == '=') ++last;
      if (last - end - 1 == level && last < text_.size() && text_[last] == ']') return add(kind, last + 1);
    }
    add(kind, text_.size(), true);
  }

  void sign() {
    for (const std::string_view longer : kLongSigns) {
      if (text_.substr(at_).starts_with(longer)) return add(Token::Kind::sign, at_ + longer.size());
    }
    const bool known = "+-*/%^#&~|<>=(){}[];:,."sv.find(peek()) != std::string_view::npos;
    if (known) return add(Token::Kind::sign, at_ + 1);
    // A character beyond ASCII is one error and not several.
    std::size_t end = at_ + 1;
    while (end < text_.size() && (static_cast<unsigned char>(text_[end]) & 0xC0U) == 0x80U) ++end;
    add(Token::Kind::error, end);
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::vector<Token> tokens_;
};

}  // namespace

std::vector<Token> tokens_of(std::string_view text) { return Lexer(text).run(); }

}  // namespace neap::internal::repl
