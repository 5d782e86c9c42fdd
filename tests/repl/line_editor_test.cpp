// What a person types, and what is there then.
#include "tests/repl/typing.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace neap::repl;
using namespace neap::tests;
using namespace neap::tests::keys;
using namespace std::literals;
using Outcome = LineEditor::Outcome;

TEST_CASE("repl editor: what is typed stands before the cursor") {
  Typist user;
  CHECK(user.type("x = 1") == Outcome::changed);
  CHECK(user.shown() == "x = 1|");
  user.type(std::string(kLeft).append(kLeft).append("é日"));
  CHECK(user.shown() == "x =é日| 1");
}
