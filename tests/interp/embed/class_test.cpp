// Classes and objects: who owns them, what they can do, and what is refused.
#include "neap/class.hpp"

#include "neap/module.hpp"
#include "tests/interp/embed/support.hpp"

#include <cmath>

using embed_test::Inside;
using embed_test::message_of;

namespace {

int living = 0;  // Counted objects

struct Counted {
  Counted() { ++living; }
  Counted(const Counted& other) : value(other.value) { ++living; }
  Counted(Counted&& other) noexcept : value(other.value) { ++living; }
  Counted& operator=(const Counted&) = default;
  ~Counted() { --living; }
  int value = 7;
  void call_back(const neap::Function& function) { function(); }
  [[nodiscard]] int get() const { return value; }
};

struct Vec {
  Vec() = default;
  Vec(double a, double b) : x(a), y(b) {}
  double x = 0;
  double y = 0;
  [[nodiscard]] double length() const { return std::hypot(x, y); }
  Vec& scale(double factor) {
    x *= factor;
    y *= factor;
    return *this;
  }
};

neap::Class<Vec> vec() {
  return neap::Class<Vec>("Vec")
      .constructor<>()
      .constructor<double, double>()
      .method("length", &Vec::length)
      .method("scale", &Vec::scale)
      .property("x", &Vec::x)
      .property("y", &Vec::y)
      .property("norm", &Vec::length)
      .function("unit", [] { return Vec(1, 0); })
      .meta("__add", [](const Vec& a, const Vec& b) { return Vec(a.x + b.x, a.y + b.y); })
      .meta("__tostring", [](const Vec& v) { return "Vec(" + std::to_string(static_cast<int>(v.x)) + ")"; })
      .meta("__len", [](const Vec&) { return 2; })
      .meta("__call", [](Vec& v, double by) { return v.x * by; });
}

neap::Class<Counted> counted() {
  return neap::Class<Counted>("Counted")
      .constructor<>()
      .method("get", &Counted::get)
      .method("call_back", &Counted::call_back)
      .property("value", &Counted::value)
      .closable();
}

struct Shape {
  virtual ~Shape() = default;
  [[nodiscard]] virtual std::string kind() const { return "shape"; }
  int id = 1;
};
struct Named {
  std::string name = "none";
};
struct Square : Named, Shape {
  explicit Square(double s) : side(s) {}
  [[nodiscard]] std::string kind() const override { return "square"; }
  double side;
};

template <class T>
neap::Table add(Inside& inside, neap::Class<T>&& type) {
  neap::detail::Host& host = inside.host();
  const std::string name = type.name();
  const neap::Table table = neap::detail::add_class(host, std::move(type).take());
  inside.run("local name, class = ... _G[name] = class", name, table);
  return table;
}

/// An Inside with Vec, Counted, Shape, Named and Square.
struct WithClasses : Inside {
  WithClasses() {
    add(*this, vec());
    add(*this, counted());
    add(*this, neap::Class<Shape>("Shape").method("kind", &Shape::kind).property("id", &Shape::id));
    add(*this, neap::Class<Named>("Named").constructor<>().property("name", &Named::name));
    add(*this, neap::Class<Square>("Square").base<Shape>().base<Named>().constructor<double>().property("side",
                                                                                                        &Square::side));
  }
};

}  // namespace

TEST_CASE("class: constructors, methods, properties, static functions and metamethods") {
  WithClasses inside;
  inside.run(R"lua(
    local v = Vec(3, 4)
    assert(v:length() == 5 and v.norm == 5 and v.x == 3)
    v.x = 0
    assert(v:length() == 4 and Vec.new().x == 0 and Vec.unit().x == 1)
    assert((v + Vec(1, 1)).y == 5 and #v == 2 and v(2) == 0 and tostring(Vec(9, 0)) == "Vec(9)")
    assert(Vec.length(v) == 4)
    assert(v.nothing == nil)
  )lua");
}

TEST_CASE("class: a method that returns its object by reference returns the same object") {
  WithClasses inside;
  inside.run("local v = Vec(1, 0) assert(rawequal(v:scale(2), v) and v:scale(2):scale(3).x == 12)");
}

TEST_CASE("class: the metatable is out of reach") {
  WithClasses inside;
  inside.run("assert(getmetatable(Vec()) == 'Vec' and not pcall(setmetatable, Vec(), {}))");
}

TEST_CASE("class: a wrong object is a TypeError that names both classes") {
  WithClasses inside;
  const auto error_of = [&](const char* code) {
    return inside.run<std::string>(std::string("local ok, e = pcall(function() ") + code +
                                   " end) assert(not ok and async.is(e, async.TypeError)) return e.message");
  };
  CHECK(error_of("Vec.length(Counted())") == "Vec:length: self: expected Vec, got Counted");
  CHECK(error_of("Vec.length()") == "Vec:length: self: expected Vec, got no value");
  CHECK(error_of("Vec.length(io.stdout)") == "Vec:length: self: expected Vec, got FILE*");
  CHECK(error_of("Vec():scale('x')") == "Vec:scale: argument 1: expected number, got string");
  CHECK(error_of("return Vec() + 1") == "Vec.__add: argument 2: expected Vec, got number 1");
  CHECK(error_of("Vec().x = true") == "Vec.x: argument 1: expected number, got boolean");
  CHECK(error_of("Vec().z = 1") == "a Vec has no property 'z'");
  CHECK(error_of("Vec().norm = 1") == "the property 'norm' of a Vec can only be read");
  CHECK(error_of("Vec().length = 1") == "'length' of a Vec is a method, and cannot be set");
  CHECK(error_of("Vec('a')") == "Vec: none of the 2 ways to call it takes (string)");
  CHECK(error_of("Square('a')") == "Square: argument 1: expected number, got string");
}

TEST_CASE("class: derived objects are objects of their bases") {
  WithClasses inside;
  const auto kind = inside.function("kind", [](const Shape& shape) { return shape.kind(); });
  const auto rename = inside.function("rename", [](Named& named, std::string name) { named.name = std::move(name); });
  inside.run(R"lua(
    local kind, rename = ...
    local s = Square(2)
    assert(s:kind() == "square" and kind(s) == "square" and s.id == 1 and s.side == 2)
    rename(s, "sq")
    assert(s.name == "sq")
    local ok, e = pcall(kind, Named())
    assert(not ok and e.message == "kind: argument 1: expected Shape, got Named", e.message)
  )lua",
             kind, rename);
  CHECK_THROWS_AS(
      [] {
        Inside other;
        neap::detail::add_class(other.host(), neap::Class<Square>("Square").base<Shape>().take());
      }(),
      std::logic_error);
}

TEST_CASE("class: Lua owns what it is given by value, and destroys it when it is collected") {
  const int before = living;
  {
    WithClasses inside;
    inside.run("local c = ... assert(c:get() == 7)", Counted());
    inside.collect();
    CHECK(living == before);
    inside.run("kept = ...", Counted());
    CHECK(living == before + 1);
  }
  CHECK(living == before);
}

TEST_CASE("class: shared objects live as long as either side has them") {
  const int before = living;
  auto shared = std::make_shared<Counted>();
  {
    WithClasses inside;
    inside.run("kept = ... kept.value = 9", shared);
    CHECK(shared->value == 9);
    CHECK(shared.use_count() == 2);
    CHECK(inside.run<std::shared_ptr<Counted>>("return kept") == shared);
    CHECK(inside.run<bool>("return kept == ...", shared));
    CHECK(message_of([&] { (void)inside.run<std::shared_ptr<Counted>>("return Counted()"); }) ==
          "result 1: expected a shared Counted, got one that is not shared with C++");
    CHECK(inside.run<std::shared_ptr<Counted>>("return nil") == nullptr);
  }
  CHECK(shared.use_count() == 1);
  shared.reset();
  CHECK(living == before);
}

TEST_CASE("class: a unique object can be taken back, and is closed for Lua then") {
  WithClasses inside;
  inside.run("kept = ...", std::make_unique<Counted>());
  auto back = inside.run<std::unique_ptr<Counted>>("return kept");
  CHECK(back->value == 7);
  CHECK(message_of([&] { inside.run("return kept:get()"); }) == "Counted:get: self: the Counted is closed");
  CHECK(message_of([&] { (void)inside.run<std::unique_ptr<Counted>>("return Counted()"); }) ==
        "result 1: expected a Counted that Lua may give away, got a Counted that is owned otherwise");
}

TEST_CASE("class: the application's objects are used in place; a Loan ends") {
  WithClasses inside;
  Vec vec(1, 2);
  inside.run("(...).x = 5", std::ref(vec));
  CHECK(vec.x == 5);
  inside.run("(...).x = 6", &vec);
  CHECK(vec.x == 6);
  {
    const neap::Loan<Vec> loan(vec);
    inside.run("lent = ... lent.x = 7", loan);
    CHECK(vec.x == 7);
  }
  CHECK(message_of([&] { inside.run("return lent.x"); }) == "Vec.x: self: the Vec is closed");
}

TEST_CASE("class: an object can be closed by the script, and not while it is in use") {
  WithClasses inside;
  const int before = living;
  inside.run(R"lua(
    local c = Counted()
    do local scoped <close> = c end
    c:close()
    local ok, e = pcall(c.get, c)
    assert(not ok and e.message == "Counted:get: self: the Counted is closed")
    local d = Counted()
    local ok2, e2 = pcall(d.call_back, d, function() d:close() end)
    assert(not ok2 and e2.message == "a Counted cannot be closed while one of its functions runs", e2.message)
    assert(d:get() == 7)
    d:close()
  )lua");
  CHECK(living == before);
}

TEST_CASE("class: an object of a class that was not added is a TypeError that names it") {
  Inside inside;
  struct Unknown {};
  CHECK(message_of([&] { inside.run("", Unknown()); }).find("Unknown has not been added to this interpreter") !=
        std::string::npos);
}

TEST_CASE("class: a fallback answers for keys that are nothing else, and is not asked for others") {
  Inside inside;
  add(inside,
      neap::Class<Vec>("Vec")
          .constructor<double, double>()
          .method("length", &Vec::length)
          .property("x", &Vec::x)
          .fallback([](Vec& v, const std::string& key) { return key + std::to_string(static_cast<int>(v.y)); }));
  inside.run("local v = Vec(3, 4) assert(v.foo == 'foo4' and v.x == 3 and v:length() == 5)");
}

TEST_CASE("class: it is added to an interpreter once") {
  WithClasses inside;
  CHECK_THROWS_AS(neap::detail::add_class(inside.host(), vec().take()), std::logic_error);
}

TEST_CASE("class: a metamethod that would break ownership is refused") {
  Inside inside;
  CHECK_THROWS_AS(neap::detail::add_class(inside.host(), neap::Class<Vec>("Vec").meta("__gc", [](Vec&) {}).take()),
                  std::logic_error);
}

TEST_CASE("class: optional objects and pointers may be nil") {
  WithClasses inside;
  const auto f = inside.function("f", [](const Vec* v) { return v != nullptr ? v->x : -1; });
  const auto g = inside.function("g", [](std::optional<Vec> v) { return v ? v->x : -1; });
  inside.run("local f, g = ... assert(f(Vec(2, 0)) == 2 and f() == -1 and g(Vec(2, 0)) == 2 and g(nil) == -1)", f, g);
  CHECK(inside.run<bool>("return (...) == nil", static_cast<Vec*>(nullptr)));
}

TEST_CASE("class: a Value gives the object by reference") {
  WithClasses inside;
  const auto value = inside.run<neap::Value>("v = Vec(1, 2) return v");
  value.as<Vec&>().x = 9;
  CHECK(inside.run<int>("return v.x // 1 | 0") == 9);
  CHECK(message_of([&] { (void)value.as<Counted&>(); }) == "expected Counted, got Vec");
  CHECK(value.type_name() == "Vec");
}

TEST_CASE("class: lists of objects go both ways") {
  WithClasses inside;
  const auto all = inside.run<std::vector<Vec>>("local l = ... l[#l + 1] = Vec(8, 8) return l",
                                                std::vector<Vec>{Vec(1, 1), Vec(2, 2)});
  REQUIRE(all.size() == 3);
  CHECK(all[2].x == 8);
}

TEST_CASE("class: finalizers that run while the state is closed meet closed objects, and nothing crashes") {
  WithClasses inside;
  inside.run(R"lua(
    local f = ...
    local late
    guard = setmetatable({}, {__gc = function() pcall(function() return late:get() end) pcall(f) end})
    late = Counted()
  )lua",
             inside.function("f", [] { return 1; }));
}

TEST_CASE("class: finalizers that make objects while the state is closed get an error, and nothing leaks") {
  const int before = living;
  bool ran = false;
  {
    Inside inside;
    inside.run(R"lua(
      local note = ...
      guard = setmetatable({}, {__gc = function()
        local ok, e = pcall(function() return Counted():get() end)
        note(not ok and e.message == "the interpreter is being closed, and takes no more from C++" or e)
      end})
    )lua",
               [&](const neap::Value& as_it_should) { ran = as_it_should == neap::Value(true); });
    add(inside, counted());
  }
  CHECK(living == before);
}

TEST_CASE("module: functions, values and classes under one name") {
  Inside inside;
  neap::detail::add_module(inside.host(), neap::Module("game")
                                              .value("version", 3)
                                              .value("list", std::vector<int>{1, 2})
                                              .function("twice", [](int x) { return 2 * x; })
                                              .add(vec())
                                              .take());
  inside.run(R"lua(
    local game = require "game"
    assert(game.version == 3 and game.list[2] == 2 and game.twice(4) == 8 and game.Vec(3, 4):length() == 5)
    local ok, e = pcall(game.twice, "x")
    assert(e.message == "game.twice: argument 1: expected integer, got string", e.message)
  )lua");
}
