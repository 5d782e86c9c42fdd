// Round trips of every type, and the messages of what does not fit.
#include "neap/convert.hpp"

#include "tests/interp/embed/support.hpp"

#include <limits>

using embed_test::Inside;
using embed_test::message_of;

namespace {

/// C++ to Lua and back.
template <class T>
T there_and_back(const T& value) {
  Inside inside;
  return inside.run<T>("return ...", value);
}

}  // namespace

TEST_CASE("convert: scalars come back as they went") {
  CHECK(there_and_back(true));
  CHECK(there_and_back(-5) == -5);
  CHECK(there_and_back(std::numeric_limits<std::int64_t>::min()) == std::numeric_limits<std::int64_t>::min());
  CHECK(there_and_back(0.1) == 0.1);
  CHECK(there_and_back(std::string("a\0b\xff", 4)) == std::string("a\0b\xff", 4));
}

TEST_CASE("convert: a list comes back as it went") {
  CHECK(there_and_back(std::vector<int>{3, 1, 2}) == std::vector<int>{3, 1, 2});
}

TEST_CASE("convert: C++ functions get arguments and give results") {
  Inside inside;
  const auto add = inside.function("add", [](int a, int b) { return a + b; });
  CHECK(inside.run<int>("return (...)(2, 3)", add) == 5);
  CHECK(message_of([&] { inside.run("(...)(1, 'x')", add); }) == "add: argument 2: expected integer, got string");
}
