// Round trips of every type, and the messages of what does not fit.
#include "neap/convert.hpp"

#include "tests/interp/embed/support.hpp"

#include <cmath>
#include <limits>

using embed_test::Inside;
using embed_test::message_of;

namespace {

struct Point {
  int x = 0;
  std::optional<double> y;
};

struct Line {
  std::vector<Point> points;
  std::map<std::string, int> tags;
};

enum class Color { red, green };
enum class Level : std::uint8_t { low = 1, high = 2 };

struct Tree {
  std::vector<Tree> children;
};

}  // namespace

template <>
struct neap::Fields<Point> {
  static constexpr const char* name = "Point";
  static constexpr auto fields = std::tuple{neap::field("x", &Point::x), neap::field("y", &Point::y)};
};
template <>
struct neap::Fields<Line> {
  static constexpr auto fields = std::tuple{neap::field("points", &Line::points), neap::field("tags", &Line::tags)};
};
template <>
struct neap::EnumNames<Color> {
  static constexpr std::pair<Color, const char*> names[] = {{Color::red, "red"}, {Color::green, "green"}};
};
template <>
struct neap::Convert<Tree> {
  static void write(Writer& to, const Tree& tree) { to.write(tree.children); }
  static Tree read(const Reader& from) { return {from.read<std::vector<Tree>>()}; }
  static std::string name() { return "tree"; }
};

namespace {

/// C++ to Lua and back.
template <class T>
T there_and_back(const T& value) {
  Inside inside;
  return inside.run<T>("return ...", value);
}

/// The message of what `code` returns being no T.
template <class T>
std::string refusal(const std::string& code) {
  Inside inside;
  return message_of<neap::ConversionError>([&] { (void)inside.run<T>("return " + code); });
}

template <class T>
T from_lua(const std::string& code) {
  Inside inside;
  return inside.run<T>("return " + code);
}

}  // namespace

TEST_CASE("convert: scalars come back as they went") {
  CHECK(there_and_back(true));
  CHECK(there_and_back(-5) == -5);
  CHECK(there_and_back(std::numeric_limits<std::int64_t>::min()) == std::numeric_limits<std::int64_t>::min());
  CHECK(there_and_back(std::numeric_limits<std::int64_t>::max()) == std::numeric_limits<std::int64_t>::max());
  CHECK(there_and_back(0.1) == 0.1);
  CHECK(there_and_back(0.5F) == 0.5F);
  CHECK(std::isnan(there_and_back(std::nan(""))));
  CHECK(there_and_back(std::numeric_limits<float>::infinity()) == std::numeric_limits<float>::infinity());
  CHECK(there_and_back(nullptr) == nullptr);
}

TEST_CASE("convert: strings of any bytes come back as they went") {
  for (const std::string& text :
       {std::string(), std::string("a\0b", 3), std::string("\xff\xfe\x80"), std::string(100'000, 'x')}) {
    CHECK(there_and_back(text) == text);
  }
  CHECK(from_lua<std::size_t>("#('x'):rep(10)") == 10);
}

TEST_CASE("convert: integers are checked against their range") {
  CHECK(from_lua<int>("3.0") == 3);
  CHECK(from_lua<std::int8_t>("-128") == -128);
  CHECK(from_lua<std::uint64_t>("math.maxinteger") == std::uint64_t{0x7fffffffffffffff});
  CHECK(refusal<std::int8_t>("300") == "result 1: expected integer from -128 to 127, got number 300");
  CHECK(refusal<std::uint8_t>("-1") == "result 1: expected integer from 0 to 255, got number -1");
  CHECK(refusal<std::uint64_t>("-1") == "result 1: expected integer from 0 to 18446744073709551615, got number -1");
  CHECK(refusal<int>("3.5") == "result 1: expected integer, got number 3.5");
  CHECK(refusal<int>("0/0").substr(0, 37) == "result 1: expected integer, got numbe");
  CHECK(refusal<std::int64_t>("2^63") == "result 1: expected integer, got number 9.2233720368548e+18");
  CHECK(refusal<int>("1/0") == "result 1: expected integer, got number inf");
  CHECK(refusal<int>("'1'") == "result 1: expected integer, got string");
  CHECK(refusal<float>("1e300") == "result 1: expected number that a float can hold, got number 1e+300");
  CHECK(message_of([] { there_and_back(std::numeric_limits<std::uint64_t>::max()); }) ==
        "the integer 18446744073709551615 is too large for Lua, whose largest is 9223372036854775807");
}

TEST_CASE("convert: nothing is coerced, and messages name both types") {
  CHECK(refusal<bool>("1") == "result 1: expected boolean, got number 1");
  CHECK(refusal<bool>("nil") == "result 1: expected boolean, got nil");
  CHECK(refusal<double>("'1'") == "result 1: expected number, got string");
  CHECK(refusal<std::string>("1") == "result 1: expected string, got number 1");
  CHECK(refusal<std::string>("print") == "result 1: expected string, got function");
  CHECK(refusal<std::vector<int>>("io.stdout") == "result 1: expected table, got FILE*");
  CHECK(refusal<neap::Function>("{}") == "result 1: expected function, got table");
  CHECK(refusal<neap::Table>("coroutine.create(print)") == "result 1: expected table, got thread");
  CHECK(refusal<std::nullptr_t>("1") == "result 1: expected nil, got number 1");
}

TEST_CASE("convert: containers come back as they went") {
  CHECK(there_and_back(std::vector<int>{3, 1, 2}) == std::vector<int>{3, 1, 2});
  CHECK(there_and_back(std::vector<bool>{true, false}) == std::vector<bool>{true, false});
  CHECK(there_and_back(std::vector<std::string>{}).empty());
  CHECK(there_and_back(std::array<int, 3>{1, 2, 3}) == std::array<int, 3>{1, 2, 3});
  CHECK(there_and_back(std::map<std::string, int>{{"a", 1}, {"b", 2}}).at("b") == 2);
  CHECK(there_and_back(std::unordered_map<int, std::string>{{-7, "x"}}).at(-7) == "x");
  CHECK(there_and_back(std::pair(1, std::string("x"))) == std::pair(1, std::string("x")));
  CHECK(there_and_back(std::vector<std::vector<int>>{{1}, {}, {2, 3}})[2][1] == 3);
  const std::vector<std::optional<int>> holes{1, std::nullopt, 3};
  CHECK(there_and_back(holes) == holes);
}

TEST_CASE("convert: a tuple is several results, and a list inside something else") {
  CHECK(there_and_back(std::vector{std::tuple(1, 2.5)})[0] == std::tuple(1, 2.5));
}

TEST_CASE("convert: messages say the way to the value") {
  CHECK(refusal<std::vector<int>>("{1, 'x'}") == "result 1: item 2: expected integer, got string");
  CHECK(refusal<std::array<int, 3>>("{1, 2}") == "result 1: item 3: expected integer, got nil");
  CHECK(refusal<std::map<std::string, int>>("{a = true}") == "result 1: entry 'a': expected integer, got boolean");
  CHECK(refusal<std::map<std::string, int>>("{[5] = 1}") == "result 1: key 5: expected string, got number 5");
  CHECK(refusal<Line>("{points = {{x = 1}, {x = 'z'}}, tags = {}}") ==
        "result 1: field 'points': item 2: field 'x': expected integer, got string");
  CHECK(refusal<Line>("{points = {7}, tags = {}}") == "result 1: field 'points': item 1: expected Point, got number 7");
  CHECK(refusal<Line>("{points = {}}") == "result 1: field 'tags': expected table, got nil");
  CHECK(refusal<std::vector<std::map<int, Point>>>("{{[4] = {x = {}}}}") ==
        "result 1: item 1: entry 4: field 'x': expected integer, got table");
}

TEST_CASE("convert: structs go by their fields; a missing optional is none") {
  const auto point = from_lua<Point>("{x = 3, extra = 1}");
  CHECK(point.x == 3);
  CHECK_FALSE(point.y);
  Inside inside;
  CHECK(inside.run<double>("local l = ... return l.points[1].y + l.tags.a", Line{{{1, 2.5}}, {{"a", 1}}}) == 3.5);
}

TEST_CASE("convert: enumerations are numbers, or names") {
  CHECK(there_and_back(Level::high) == Level::high);
  CHECK(refusal<Level>("300") == "result 1: expected integer from 0 to 255, got number 300");
  CHECK(there_and_back(Color::green) == Color::green);
  CHECK(from_lua<Color>("'red'") == Color::red);
  CHECK(refusal<Color>("'blue'") == "result 1: expected one of 'red', 'green', got string");
  CHECK(message_of([] { there_and_back(static_cast<Color>(9)); }) == "the value 9 of an enumeration has no name");
}

TEST_CASE("convert: an optional is a value or nil") {
  CHECK(there_and_back(std::optional<int>(3)) == 3);
  CHECK(there_and_back(std::optional<int>()) == std::nullopt);
  CHECK(refusal<std::optional<int>>("'x'") == "result 1: expected integer, got string");
}

TEST_CASE("convert: a variant is the first type that fits, exactly if one does") {
  using Any = std::variant<std::monostate, std::int64_t, double, std::string, std::vector<int>>;
  CHECK(std::get<std::int64_t>(from_lua<Any>("3")) == 3);
  CHECK(std::get<double>(from_lua<Any>("3.0")) == 3.0);
  CHECK(std::get<std::string>(from_lua<Any>("'3'")) == "3");
  CHECK(std::get<std::vector<int>>(from_lua<Any>("{3}")).size() == 1);
  CHECK(from_lua<Any>("nil").index() == 0);
  CHECK(std::get<0>(from_lua<std::variant<double, std::string>>("3")) == 3.0);
  CHECK(there_and_back(Any(std::string("x"))) == Any(std::string("x")));
  CHECK(refusal<Any>("true") == "result 1: expected nil, integer, number, string or table, got boolean");
  CHECK(refusal<Any>("{'x'}") == "result 1: item 1: expected integer, got string");
  CHECK(std::get<1>(from_lua<std::variant<std::vector<int>, std::vector<std::string>>>("{'x'}"))[0] == "x");
}

TEST_CASE("convert: a variant of parameters is an overload") {
  Inside inside;
  const auto f = inside.function("f", [](std::variant<int, std::string, neap::Function> v) { return v.index(); });
  inside.run("local f = ... assert(f(1) == 0 and f('x') == 1 and f(print) == 2)", f);
  CHECK(message_of([&] { inside.run("(...)({})", f); }) ==
        "f: argument 1: expected integer, string or function, got table");
}

TEST_CASE("convert: a table that contains itself is an error and no crash") {
  Inside inside;
  CHECK(message_of([&] { (void)inside.run<Tree>("local t = {} t[1] = t return t"); }) ==
        "tables are nested more than 200 deep; does one contain itself?");
  CHECK(inside.run<Tree>("local t = {} for _ = 1, 199 do t = {t} end return t").children.size() == 1);
}

TEST_CASE("convert: what is nested too deep in C++ is an error as well") {
  Tree tree;
  for (int i = 0; i < 300; ++i) tree = Tree{{tree}};
  Inside inside;
  CHECK(message_of([&] { inside.run("", tree); }).find("nested more than 200 deep") != std::string::npos);
}

TEST_CASE("convert: tables may be large") {
  Inside inside;
  const auto list = inside.run<std::vector<int>>("local t = {} for i = 1, 300000 do t[i] = i end return t");
  CHECK(list.size() == 300'000);
  CHECK(list.back() == 300'000);
  CHECK(inside.run<int>("return #(...)", list) == 300'000);
}

TEST_CASE("convert: a table that lies about its length is read as it is") {
  CHECK(from_lua<std::vector<int>>("setmetatable({1}, {__len = function() return 1e9 end})").size() == 1);
}

TEST_CASE("convert: a conversion that writes too few values is an error") {
  Inside inside;
  neap::Writer writer;
  writer.list(3);
  writer.integer(1);
  CHECK(message_of([&] { neap::detail::to_value(inside.host(), writer); }) ==
        "a conversion wrote fewer values than it said");
}

TEST_CASE("convert: a string_view is a parameter, valid for the call") {
  Inside inside;
  const auto f = inside.function("f", [](std::string_view a, std::string_view b) { return a.size() + b.size(); });
  CHECK(inside.run<int>("return (...)('ab', 'c\\0d')", f) == 5);
}

TEST_CASE("convert: a Writer moves with what it holds, also to another thread") {
  Inside inside;
  neap::Writer writer;
  for (int i = 0; i < 20; ++i) writer.write("text " + std::to_string(i));
  writer.write([] { return 7; });
  neap::Writer moved = std::move(writer);
  CHECK(writer.empty());  // NOLINT(bugprone-use-after-move)
  writer = std::move(moved);
  const int count = neap::detail::push(inside.state(), writer);
  CHECK(count == 21);
  CHECK(std::string(lua_tostring(inside.state(), 20)) == "text 19");
  lua_settop(inside.state(), 0);
}

TEST_CASE("convert: the memory limit ends a conversion like any other code") {
  neap::internal::InterpreterOptions options;
  options.limits.memory = std::size_t{16} << 20;
  Inside inside(options);
  const std::vector<std::string> large(20, std::string(2 << 20, 'x'));
  CHECK(message_of([&] { inside.run("local l = ... while true do l[#l + 1] = {} end", large); }).find("memory") !=
        std::string::npos);
}

TEST_CASE("convert: a string larger than all the memory that there may be is an error") {
  neap::internal::InterpreterOptions options;
  options.limits.memory = std::size_t{16} << 20;
  Inside inside(options);
  CHECK_THROWS(inside.run("", std::string(64 << 20, 'x')));
  CHECK(inside.run<int>("return 1") == 1);
}
