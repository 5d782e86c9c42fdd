// The colours of an entry.
#include "repl/highlight.hpp"

#include <catch2/catch_test_macros.hpp>

#include <string>
#include <string_view>
#include <vector>

using namespace neap::internal::repl;

namespace {

bool known(std::string_view name) { return name == "print" || name == "string"; }

/// "keyword:local" and so on, of the cursor at the bar when there is one.
std::vector<std::string> coloured(std::string text) {
  static const char* const kNames[] = {"plain",   "keyword", "string",  "number", "comment",
                                       "builtin", "error",   "bracket", "command"};
  const std::size_t bar = text.find('|');
  if (bar != std::string::npos) text.erase(bar, 1);
  std::vector<std::string> result;
  std::size_t last = 0;
  for (const StyledSpan& span : highlight(text, bar == std::string::npos ? kNoCursor : bar, known)) {
    REQUIRE(span.begin >= last);
    REQUIRE(span.end > span.begin);
    REQUIRE(span.end <= text.size());
    last = span.end;
    REQUIRE(static_cast<std::size_t>(span.style) < std::size(kNames));
    result.push_back(std::string(kNames[static_cast<std::size_t>(span.style)]) + ":" +
                     text.substr(span.begin, span.end - span.begin));
  }
  return result;
}

using Words = std::vector<std::string>;

}  // namespace

TEST_CASE("repl highlight: keywords, strings, numbers, comments and known names") {
  CHECK(coloured("local x = 0x10 -- hi") == Words{"keyword:local", "number:0x10", "comment:-- hi"});
  CHECK(coloured("print('a', x)") == Words{"builtin:print", "string:'a'"});
  CHECK(coloured("x.print = y:print() + string.print") == Words{"builtin:string"});
  CHECK(coloured("") == Words{});
}

TEST_CASE("repl highlight: strings and comments that go on have their colour to the end") {
  CHECK(coloured("x = [[a\nb") == Words{"string:[[a\nb"});
  CHECK(coloured("--[[a\nb") == Words{"comment:--[[a\nb"});
  CHECK(coloured("x = 'ab") == Words{"string:'ab"});
}

TEST_CASE("repl highlight: what no Lua program can hold is an error") {
  CHECK(coloured("x = 1ab") == Words{"error:1ab"});
  CHECK(coloured("x ä") == Words{"error:ä"});
  CHECK(coloured("x \xff") == Words{"error:\xff"});
}

TEST_CASE("repl highlight: the bracket that belongs to the one at the cursor, or before it") {
  CHECK(coloured("f|(g(x))") == Words{"bracket:)"});
  CHECK(coloured("f(g(x))|") == Words{"bracket:("});
  CHECK(coloured("f(g(x|))") == Words{"bracket:("});
  CHECK(coloured("|{[1] = 2}") == Words{"number:1", "number:2", "bracket:}"});
  CHECK(coloured("f(x|") == Words{});
  CHECK(coloured("|f((x)") == Words{});
  CHECK(coloured("')' |)") == Words{"string:')'"});
  CHECK(coloured("(')'|)") == Words{"bracket:(", "string:')'"});
}

TEST_CASE("repl highlight: commands") {
  CHECK(coloured(".help") == Words{"command:.help"});
  CHECK(coloured(".load end.lua") == Words{"command:.load"});
  CHECK(coloured(".time print(1)") == Words{"command:.time", "builtin:print", "number:1"});
  CHECK(coloured("?print") == Words{"command:?print"});
  CHECK(coloured(" ?string.rep") == Words{"command:?string.rep"});
  CHECK(coloured("string.rep? ") == Words{"command:string.rep? "});
  CHECK(coloured("x = 1?") == Words{"number:1", "error:?"});
  CHECK(coloured(" .bg f(1)") == Words{"command:.bg", "number:1"});
  CHECK(coloured(".") == Words{"command:."});
  CHECK(coloured(".5 + x") == Words{"number:.5"});
  CHECK(coloured("...") == Words{});
}

TEST_CASE("repl highlight: a known name is asked for once") {
  int asked = 0;
  const auto count = [&](std::string_view) { return ++asked > 0; };
  CHECK(highlight("a a a b", kNoCursor, count).size() == 4);
  CHECK(asked == 2);
  CHECK(highlight("a", kNoCursor, {}).empty());
}

TEST_CASE("repl highlight: an entry too large to be coloured with every key has no colours") {
  const std::string large(kMostHighlighted + 1, '1');
  CHECK(highlight(large, kNoCursor, known).empty());
}

TEST_CASE("repl highlight: a span laid over others divides them") {
  const StyledSpans spans = {{0, 4, Style::keyword}, {5, 9, Style::string}};
  CHECK(overlaid(spans, {2, 7, Style::match}) ==
        StyledSpans{{0, 2, Style::keyword}, {2, 7, Style::match}, {7, 9, Style::string}});
  CHECK(overlaid(spans, {6, 7, Style::match}) ==
        StyledSpans{{0, 4, Style::keyword}, {5, 6, Style::string}, {6, 7, Style::match}, {7, 9, Style::string}});
  CHECK(overlaid({}, {1, 2, Style::match}) == StyledSpans{{1, 2, Style::match}});
}
