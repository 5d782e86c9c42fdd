// Bytes of terminals become keys, whatever the pieces they come in.
#include "repl/keys.hpp"

#include <catch2/catch_test_macros.hpp>

#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <vector>

using namespace neap::internal::repl;
using namespace std::literals;
using Kind = Key::Kind;
using Keys = std::vector<Key>;

namespace {

Key named(Kind kind, std::string_view held = "", char32_t code = 0) {
  Key key;
  key.kind = kind;
  key.code = code;
  key.control = held.find('C') != std::string_view::npos;
  key.alt = held.find('A') != std::string_view::npos;
  key.shift = held.find('S') != std::string_view::npos;
  return key;
}

Key control(char32_t code, std::string_view held = "") { return named(Kind::control, held, code); }

Key text(std::string_view characters, std::string_view held = "") {
  Key key = named(Kind::text, held);
  key.text = characters;
  return key;
}

Key paste(std::string_view characters) {
  Key key = named(Kind::paste);
  key.text = characters;
  return key;
}

/// Text that comes in several keys is the same as in one.
Keys joined(const Keys& keys) {
  Keys result;
  for (const Key& key : keys) {
    const bool goes_on =
        key.kind == Kind::text && !key.alt && !result.empty() && result.back().kind == Kind::text && !result.back().alt;
    if (goes_on)
      result.back().text += key.text;
    else
      result.push_back(key);
  }
  return result;
}

Keys decoded(std::string_view bytes, std::size_t piece = std::string_view::npos) {
  KeyDecoder decoder;
  Keys keys;
  for (std::size_t at = 0; at < bytes.size(); at += std::min(piece, bytes.size() - at)) {
    decoder.feed(bytes.substr(at, piece), keys);
  }
  decoder.flush(keys);
  return joined(keys);
}

}  // namespace

TEST_CASE("repl keys: what terminals send") {
  struct Row {
    std::string bytes;
    Keys keys;
  };
  const std::vector<Row> rows = {
      {"abc", {text("abc")}},
      {"héé日🙂", {text("héé日🙂")}},
      {"\x01\x05\x1a", {control('a'), control('e'), control('z')}},
      {"\0"s, {control(' ')}},
      {"\x1c\x1d\x1e\x1f", {control('\\'), control(']'), control('^'), control('_')}},
      {"\r\n", {named(Kind::enter), named(Kind::enter)}},
      {"\t\x7f\b", {named(Kind::tab), named(Kind::backspace), named(Kind::backspace)}},
      {"\x1b[A\x1b[B\x1b[C\x1b[D", {named(Kind::up), named(Kind::down), named(Kind::right), named(Kind::left)}},
      {"\x1bOA\x1bOB\x1bOC\x1bOD", {named(Kind::up), named(Kind::down), named(Kind::right), named(Kind::left)}},
      {"\x1b[H\x1b[F\x1bOH\x1bOF", {named(Kind::home), named(Kind::end), named(Kind::home), named(Kind::end)}},
      {"\x1b[1~\x1b[4~\x1b[7~\x1b[8~", {named(Kind::home), named(Kind::end), named(Kind::home), named(Kind::end)}},
      {"\x1b[2~\x1b[3~\x1b[5~\x1b[6~",
       {named(Kind::insert), named(Kind::remove), named(Kind::page_up), named(Kind::page_down)}},
      {"\x1b[Z", {named(Kind::tab, "S")}},
      {"\x1b[1;5C", {named(Kind::right, "C")}},
      {"\x1b[1;3D", {named(Kind::left, "A")}},
      {"\x1b[1;2A", {named(Kind::up, "S")}},
      {"\x1b[1;8H", {named(Kind::home, "CAS")}},
      {"\x1b[3;5~", {named(Kind::remove, "C")}},
      {"\x1b[3;3~", {named(Kind::remove, "A")}},
      {"\x1bOP\x1b[[E\x1b[15~\x1b[24~",
       {named(Kind::function, "", 1), named(Kind::function, "", 5), named(Kind::function, "", 5),
        named(Kind::function, "", 12)}},
      {"\x1b[1;2P", {named(Kind::function, "S", 1)}},
      {"\x1b[3$\x1b[3^\x1b[7@", {named(Kind::remove, "S"), named(Kind::remove, "C"), named(Kind::home, "CS")}},
      {"\x1b[a\x1bOd", {named(Kind::up, "S"), named(Kind::left, "C")}},
      {"\x1b\x1b[A", {named(Kind::up, "A")}},
      {"\x1b\x1bOA", {named(Kind::up, "A")}},
      {"\x1bOM\x1bOp\x1bOk", {named(Kind::enter), text("0+")}},
      {"\x1b"
       "b",
       {text("b", "A")}},
      {"\x1b"
       "é",
       {text("é", "A")}},
      {"\x1b<\x1b>\x1b.", {text("<", "A"), text(">", "A"), text(".", "A")}},
      {"\x1b\x7f\x1b\r\x1b\x02", {named(Kind::backspace, "A"), named(Kind::enter, "A"), control('b', "A")}},
      {"\x1b", {named(Kind::escape)}},
      {"\x1b\x1b", {named(Kind::escape), named(Kind::escape)}},
      {"\x1b\x1b"
       "b",
       {named(Kind::escape), text("b", "A")}},
      {"\x1b[", {text("[", "A")}},
      {"\x1bO", {text("O", "A")}},
      {"\x1b[1;", {named(Kind::unknown)}},
      {"\xe6\x97", {text("\xe6\x97")}},  // incomplete at the end
      {"a\xff\x80"
       "b",
       {text("a\xff\x80"
             "b")}},
      {"\xe6"
       "a",
       {text("\xe6"
             "a")}},
  };
  for (const Row& row : rows) {
    INFO(row.bytes.substr(row.bytes.starts_with("\x1b") ? 1 : 0));
    CHECK(decoded(row.bytes) == row.keys);
  }
}

TEST_CASE("repl keys: modified characters of CSI u and modifyOtherKeys are the keys they modify") {
  CHECK(decoded("\x1b[97;5u") == Keys{control('a')});
  CHECK(decoded("\x1b[27;5;97~") == Keys{control('a')});
  CHECK(decoded("\x1b[65;6u") == Keys{control('a')});
  CHECK(decoded("\x1b[97;7u") == Keys{control('a', "A")});
  CHECK(decoded("\x1b[98;3u") == Keys{text("b", "A")});
  CHECK(decoded("\x1b[97;2u") == Keys{text("A")});
  CHECK(decoded("\x1b[228u") == Keys{text("ä")});
  CHECK(decoded("\x1b[47;5u") == Keys{control('/')});
  CHECK(decoded("\x1b[32;5u") == Keys{control(' ')});
  CHECK(decoded("\x1b[13;3u") == Keys{named(Kind::enter, "A")});
  CHECK(decoded("\x1b[13;2u") == Keys{named(Kind::enter, "S")});
  CHECK(decoded("\x1b[9;2u") == Keys{named(Kind::tab, "S")});
  CHECK(decoded("\x1b[127;5u") == Keys{named(Kind::backspace, "C")});
  CHECK(decoded("\x1b[27u") == Keys{named(Kind::escape)});
  CHECK(decoded("\x1b[105;5u\x1b[109;5u\x1b[91;5u") ==
        Keys{named(Kind::tab), named(Kind::enter), named(Kind::escape)});  // Ctrl-I, Ctrl-M, Ctrl-[
  CHECK(decoded("\x1b[97:65;5:1u") == Keys{control('a')});
  CHECK(decoded("\x1b[97;5:3u") == Keys{named(Kind::unknown)});  // released
  CHECK(decoded("\x1b[57358u") == Keys{named(Kind::unknown)});   // Caps Lock
  CHECK(decoded("\x1b[55296u") == Keys{named(Kind::unknown)});   // a surrogate
  CHECK(decoded("\x1b[99999999999999999999u") == Keys{named(Kind::unknown)});
}

TEST_CASE("repl keys: sequences that mean nothing are dropped whole") {
  for (const auto* bytes : {"\x1b[?2026;2$y", "\x1b[I", "\x1b[>0;1;2c", "\x1b[99~", "\x1b[~", "\x1bOZ"}) {
    INFO(bytes + 1);
    const Keys keys = decoded(bytes + "x"s);
    REQUIRE(keys.size() >= 2);
    CHECK(keys.front() == Key{});
  }
  CHECK(decoded("\x1b[?2026;2$yx") == Keys{Key{}, text("x")});
  CHECK(decoded("\x1b[1;\x03"
                "x") == Keys{Key{}, control('c'), text("x")});  // a key in the middle is not swallowed
  CHECK(decoded("\x1b[1;\x1b[A") == Keys{Key{}, named(Kind::up)});
}

TEST_CASE("repl keys: late answers of the terminal to another program are dropped") {
  CHECK(decoded("\x1b]11;rgb:1e1e/1e1e/1e1e\x07x") == Keys{Key{}, text("x")});
  CHECK(decoded("\x1b]11;rgb:1e1e/1e1e/1e1e\x1b\\x") == Keys{Key{}, text("x")});
  CHECK(decoded("\x1bP>|xterm(390)\x1b\\x") == Keys{Key{}, text("x")});
  CHECK(decoded("\x1bPa") == Keys{text("P", "A"), text("a")});
  CHECK(decoded("\x1b]") == Keys{text("]", "A")});
  CHECK(decoded("\x1b]1\x03") == Keys{Key{}, control('c')});
  CHECK(decoded("\x1b]1\x1b[A") == Keys{Key{}, named(Kind::up)});
}

TEST_CASE("repl keys: a paste is one key, whatever is in it") {
  CHECK(decoded("a\x1b[200~x\r\ny\rz\n\t\x01\x1b[A\x1b[201~b") ==
        Keys{text("a"), paste("x\ny\nz\n\t\x01\x1b[A"), text("b")});
  CHECK(decoded("\x1b[200~\x1b[201~") == Keys{paste("")});
  CHECK(decoded("\x1b[201~x") == Keys{Key{}, text("x")});
  CHECK(decoded("\x1b[200~abc") == Keys{paste("abc")});  // its end never came
  CHECK(decoded("\x1b\x1b[200~abc\x1b[201~") == Keys{named(Kind::escape), paste("abc")});
}

TEST_CASE("repl keys: only time tells Escape from the beginning of a sequence") {
  KeyDecoder decoder;
  Keys keys;
  decoder.feed("\x1b", keys);
  CHECK(keys.empty());
  CHECK(decoder.pending());
  decoder.flush(keys);
  CHECK(keys == Keys{named(Kind::escape)});
  CHECK_FALSE(decoder.pending());
  decoder.feed("[A", keys);
  CHECK(keys.back() == text("[A"));
}

TEST_CASE("repl keys: half a character waits for its other half") {
  KeyDecoder decoder;
  Keys keys;
  decoder.feed("a\xe6\x97", keys);
  CHECK(keys == Keys{text("a")});
  CHECK(decoder.pending());
  decoder.feed("\xa5", keys);
  CHECK(keys.back() == text("日"));
  CHECK_FALSE(decoder.pending());
}

TEST_CASE("repl keys: a paste under way is not pending, and may take its time") {
  KeyDecoder decoder;
  Keys keys;
  decoder.feed("\x1b[200~abc\x1b[20", keys);
  CHECK_FALSE(decoder.pending());
  CHECK(keys.empty());
  decoder.feed("1~", keys);
  CHECK(keys == Keys{paste("abc")});
}

TEST_CASE("repl keys: a sequence without end is given up, and what follows is read") {
  KeyDecoder decoder;
  Keys keys;
  decoder.feed("\x1b[" + std::string(10'000, '1'), keys);
  REQUIRE_FALSE(keys.empty());
  CHECK(keys.front() == Key{});
  decoder.feed("\x03", keys);
  CHECK(keys.back() == control('c'));
}

TEST_CASE("repl keys: ten megabytes pasted in small pieces are no trouble") {
  KeyDecoder decoder;
  Keys keys;
  decoder.feed("\x1b[200~", keys);
  const std::string piece(4096, 'x');
  for (int i = 0; i < 2'500; ++i) decoder.feed(piece, keys);
  decoder.feed("\x1b[201~", keys);
  REQUIRE(keys.size() == 1);
  CHECK(keys[0].text.size() == std::size_t{4096} * 2'500);
}

TEST_CASE("repl keys: any bytes give the same keys in any pieces, and never stick") {
  constexpr std::string_view kLikely =
      "\x1b\x1b\x1b[[OO;:200~201~0123456789~$^@uAPMZdabc\r\t\x7f\x01\xe6\x97\xa5\xf0\x9f\x99\x82\xff\xc3";
  std::minstd_rand random(4711);
  const auto below = [&](std::size_t limit) { return static_cast<std::size_t>(random()) % limit; };
  for (int round = 0; round < 20'000; ++round) {
    std::string bytes;
    for (std::size_t left = 1 + below(40); left > 0; --left) {
      const std::size_t what = below(20);
      if (what == 0)
        bytes += "\x1b[200~";
      else if (what == 1)
        bytes += "\x1b[201~";
      else if (what == 2)
        bytes += static_cast<char>(below(256));
      else
        bytes += kLikely[below(kLikely.size())];
    }
    const Keys whole = decoded(bytes);
    REQUIRE(decoded(bytes, 1) == whole);
    REQUIRE(decoded(bytes, 1 + below(9)) == whole);
    KeyDecoder decoder;
    Keys keys;
    decoder.feed(bytes, keys);
    decoder.flush(keys);
    REQUIRE_FALSE(decoder.pending());
    keys.clear();
    decoder.feed("\x03", keys);
    REQUIRE(keys == Keys{control('c')});
  }
}
