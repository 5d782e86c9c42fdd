#include "repl/lexer.hpp"

#include <catch2/catch_test_macros.hpp>

#include <string>

namespace {

using neap::internal::repl::Token;
using neap::internal::repl::tokens_of;

/// Each token as its kind's letter and its text: "n:x s:=", an open one with a "!".
std::string shown(std::string_view text) {
  static constexpr std::string_view kLetters = "nkd\"c-e";
  std::string result;
  for (const Token& token : tokens_of(text)) {
    if (!result.empty()) result += ' ';
    result += kLetters[static_cast<std::size_t>(token.kind)];
    result.append(token.open ? "!" : ":").append(token.of(text));
  }
  return result;
}

}  // namespace

TEST_CASE("repl lexer: names, keywords, numbers and signs", "[repl]") {
  CHECK(shown("local x1 <const> = y_ // 2") == "k:local n:x1 -:< n:const -:> -:= n:y_ -:// d:2");
  CHECK(shown("1 .5 0x1p-3 1e+5 3. 0xA.8 1..2") == "d:1 d:.5 d:0x1p-3 d:1e+5 d:3. d:0xA.8 d:1..2");
  CHECK(shown("a..b ... a::l:: <<>>~=<=>===") == "n:a -:.. n:b -:... n:a -::: n:l -::: -:<< -:>> -:~= -:<= -:>= -:==");
  CHECK(shown("1x 3e 0xg") == "e:1x d:3e e:0xg");
  CHECK(shown("").empty());
}

TEST_CASE("repl lexer: strings and comments, also those that do not end", "[repl]") {
  CHECK(shown("'a\\'b' \"c\"") == "\":'a\\'b' \":\"c\"");
  CHECK(shown("[[a]b]] [==[c]=]]==]") == "\":[[a]b]] \":[==[c]=]]==]");
  CHECK(shown("-- to the end\nx --[[ over\nlines ]] y") == "c:-- to the end n:x c:--[[ over\nlines ]] n:y");
  CHECK(shown("x = 'abc") == "n:x -:= \"!'abc");
  CHECK(shown("[=[abc]]") == "\"![=[abc]]");
  CHECK(shown("--[[abc") == "c!--[[abc");
  CHECK(shown("'a\nb") == "e!'a n:b");
  CHECK(shown("'a\\\nb'") == "\":'a\\\nb'");
  CHECK(shown("'a\\z  \n b'") == "\":'a\\z  \n b'");
  CHECK(shown("'\\z") == "\"!'\\z");
  CHECK(shown("a[=x") == "n:a -:[ -:= n:x");
}

TEST_CASE("repl lexer: what is no token is an error, and the rest is read on", "[repl]") {
  CHECK(shown("x ? y") == "n:x e:? n:y");
  CHECK(shown("é = 1") == "e:é -:= d:1");
  CHECK(shown("a ! \xff b") == "n:a e:! e:\xff n:b");
}

TEST_CASE("repl lexer: the tokens of any text lie in it, in order", "[repl]") {
  std::uint32_t seed = 1;
  const std::string_view alphabet = "ab_09.'\"[]=-\\\n xXeEpPz(){}<>~/:;,#\xc3\xa9\x01";
  for (int round = 0; round < 20'000; ++round) {
    std::string text;
    for (std::uint32_t size = seed % 23; size-- != 0;) {
      seed = seed * 1'664'525U + 1'013'904'223U;
      text += alphabet[(seed >> 16) % alphabet.size()];
    }
    seed = seed * 1'664'525U + 1'013'904'223U;
    std::size_t end = 0;
    for (const Token& token : tokens_of(text)) {
      REQUIRE(token.begin >= end);
      REQUIRE(token.end > token.begin);
      REQUIRE(token.end <= text.size());
      end = token.end;
    }
  }
}
