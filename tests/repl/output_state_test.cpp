// Where output leaves the cursor, and what is not whole yet.
#include "repl/output_state.hpp"

#include <catch2/catch_test_macros.hpp>

#include <string>

using neap::internal::repl::incomplete_tail;
using neap::internal::repl::OutputState;

namespace {

int column_after(std::string_view bytes, int columns = 10) {
  OutputState state;
  state.feed(bytes, columns);
  return state.column();
}

}  // namespace

TEST_CASE("repl output: the column behind text, wide characters and line ends", "[repl]") {
  CHECK(column_after("") == 0);
  CHECK(column_after("abc") == 3);
  CHECK(column_after("abc\nd") == 1);
  CHECK(column_after("abc\n") == 0);
  CHECK(column_after("日本") == 4);
  CHECK(column_after("e\u0301") == 1);
  CHECK(column_after("abc\rd") == 1);
  CHECK(column_after("ab\b") == 1);
  CHECK(column_after("a\tb") == 9);
  CHECK(column_after("\x1b[31mred\x1b[0m") == 3);
  CHECK(column_after("\x1b]0;title\aab") == 2);
  CHECK(column_after("abc\x1b[8G") == 7);
}

TEST_CASE("repl output: a full row is told from the row behind it", "[repl]") {
  CHECK(column_after("0123456789") == 10);
  CHECK(column_after("0123456789a") == 1);
  CHECK(column_after("012345678日") == 2);
}

TEST_CASE("repl output: a combining character in the next piece takes no column", "[repl]") {
  OutputState state;
  state.feed("ae", 10);
  state.feed("\u0301", 10);
  CHECK(state.column() == 2);
}

TEST_CASE("repl output: colours that are on are known, wherever they were switched on", "[repl]") {
  OutputState state;
  state.feed("\x1b[1mbold\n\x1b[31mred", 80);
  CHECK(state.look() == "\x1b[1m\x1b[31m");
  state.feed("\x1b[0;4m", 80);
  CHECK(state.look() == "\x1b[0;4m");
  state.feed("\x1b[mplain\n", 80);
  CHECK(state.look().empty());
}

TEST_CASE("repl output: characters and sequences that have not come whole are found", "[repl]") {
  CHECK(incomplete_tail("abc") == 0);
  CHECK(incomplete_tail("ab\xE6\x97") == 2);
  CHECK(incomplete_tail("ab日") == 0);
  CHECK(incomplete_tail("\xF0") == 1);
  CHECK(incomplete_tail("\x80\x80\x80\x80") == 0);
  CHECK(incomplete_tail("ab\x1b") == 1);
  CHECK(incomplete_tail("ab\x1b[3") == 3);
  CHECK(incomplete_tail("ab\x1b[31m") == 0);
  CHECK(incomplete_tail("ab\x1b]0;title") == 9);
  CHECK(incomplete_tail("ab\x1b]0;title\x1b\\") == 0);
  CHECK(incomplete_tail("\x1b]" + std::string(5000, 'x')) == 0);
}
