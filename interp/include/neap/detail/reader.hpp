// A value of Lua's, as C++ reads it.
//
// A Reader looks at a value on a stack of Lua's, and knows how the value was reached ("argument 2: field 'x'"), for
// messages. Nothing here raises an error of Lua's or calls a metamethod; what fails throws.
//
// Whoever adds a type to the conversions (neap::Convert) reads from one:
//
//   template <> struct neap::Convert<Money> {
//     static Money read(const Reader& from) { return Money{from.integer()}; }
//     static std::string name() { return "Money"; }
//     ...
//   };
#pragma once

#include "neap/detail/writer.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>

namespace neap {

/// The type of a value of Lua's; `integer` and `number` are the two kinds of numbers.
enum class Kind : unsigned char { nil, boolean, integer, number, string, table, function, userdata, thread };

/// What Lua calls it: "nil", "boolean", "number" (for both kinds of numbers), ...
NEAP_API const char* name_of(Kind kind) noexcept;

/// One value, for as long as the Reader exists. Thread: the interpreter's. A Reader that another one has made (`item`,
/// `field`) must end before that one, and before any that is made later does not: as local variables do.
class NEAP_API Reader {
 public:
  /// How a value was reached.
  enum class Place : unsigned char { alone, argument, result, item, field, key, entry };

  /// The value at a place of a stack, which somebody else pops. `number` is that of the argument or result.
  Reader(detail::State* L, int index, Place place, std::int64_t number) noexcept
      : L_(L),
        number_(number),
        index_(index),
        place_(place) {}
  /// A value that needs no stack, or is on none.
  explicit Reader(const Value& value) noexcept : value_(&value) {}
  ~Reader() {
    if (owned_) pop();
  }
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;

  [[nodiscard]] Kind kind() const noexcept;
  /// True for nil, and for an argument or result that is not there.
  [[nodiscard]] bool is_nil() const noexcept { return kind() == Kind::nil; }

  /// The value as what it must be. Throws ConversionError for any other. There is no coercion between strings and
  /// numbers, but a float that is a whole number is an integer, and an integer is a number.
  [[nodiscard]] bool boolean() const;
  [[nodiscard]] std::int64_t integer() const;
  [[nodiscard]] double number() const;
  /// The bytes live as long as Lua has the value: for an argument, until the function returns.
  [[nodiscard]] std::string_view string() const;

  /// A value of any type that has a conversion. Throws ConversionError.
  template <class T>
  [[nodiscard]] decltype(auto) read() const {
    return Convert<T>::read(*this);
  }

  // Tables, without metamethods. Throws ConversionError for any other value, and for one that is nested too deep.

  /// How many items there are (`#table`).
  [[nodiscard]] std::size_t size() const;
  /// The item, from 1 on; nil where there is none.
  [[nodiscard]] Reader item(std::int64_t index) const;
  /// The value of a string key, nil where there is none. Its address names the key, so it must be a literal, or as
  /// constant as one.
  [[nodiscard]] Reader field(const char* name) const;
  /// Calls `function(const Reader& key, const Reader& value)` for every entry, in no order.
  template <class Function>
  void each(Function&& function) const {
    for (Reader key = first_key(); key.next();) {
      const Reader value(key, Place::entry, 0, nullptr);
      function(std::as_const(key), value);
    }
  }

  /// Throws the ConversionError "expected X, got Y", with the way to the value before it.
  [[noreturn]] void fail(const std::string& expected) const;
  /// Throws a ConversionError that says this instead.
  [[noreturn]] void fail_with(const std::string& what) const;
  /// What messages call the value: its type, or the name of its class.
  [[nodiscard]] std::string type_name() const;

  // For the conversions of the library.

  [[nodiscard]] detail::State* state() const noexcept { return L_; }
  [[nodiscard]] int index() const noexcept { return index_; }
  /// The value, to be kept. Throws std::bad_alloc.
  [[nodiscard]] Value value() const;

 private:
  /// How deep tables may be nested in one another: one that contains itself ends there.
  static constexpr int kMostNested = 200;

  /// The value on the top of the stack, reached from the parent.
  Reader(const Reader& parent, Place place, std::int64_t number, const char* name) noexcept;
  void enter() const;
  [[nodiscard]] Reader first_key() const;
  bool next();
  void pop() noexcept;
  [[nodiscard]] std::string way() const;
  [[nodiscard]] std::string shown_key() const;

  detail::State* L_ = nullptr;
  const Reader* parent_ = nullptr;
  const Value* value_ = nullptr;
  const char* name_ = nullptr;
  std::int64_t number_ = 0;
  int index_ = 0;
  int depth_ = 0;
  Place place_ = Place::alone;
  bool owned_ = false;
};

namespace detail {

using neap::Reader;
using neap::Writer;

template <class R>
struct TakeResults;

/// What a call of Lua's has returned: values on its stack, until this object ends. Thread: the interpreter's. Two of
/// them must end in the opposite order of their beginning, as local variables do.
class NEAP_API Results {
 public:
  /// The `count` values above `base`, which are popped together with `below` values under them.
  Results(State* L, int base, int count, int below = 0) noexcept : L_(L), base_(base), count_(count), below_(below) {}
  Results(Results&& other) noexcept
      : L_(std::exchange(other.L_, nullptr)),
        base_(other.base_),
        count_(other.count_),
        below_(other.below_) {}
  Results& operator=(Results&&) = delete;
  ~Results() {
    if (L_ != nullptr) pop();
  }

  [[nodiscard]] int count() const noexcept { return count_; }
  void set_count(int count) noexcept { count_ = count; }
  /// From 1 on; one that is not there is nil.
  [[nodiscard]] Reader result(int number) const noexcept {
    return {L_, number <= count_ ? base_ + number : 0, Reader::Place::result, number};
  }
  /// The first one, which messages do not number.
  [[nodiscard]] Reader value() const noexcept { return {L_, base_ + 1, Reader::Place::alone, 0}; }
  /// void: nothing; a std::tuple: so many results; any other type: the first. Throws ConversionError.
  template <class R>
  [[nodiscard]] R take() const {
    if constexpr (!std::is_void_v<R>) return TakeResults<R>::take(*this);
  }

 private:
  void pop() noexcept;

  State* L_;
  int base_;
  int count_;
  int below_;
};

template <class R>
struct TakeResults {
  static R take(const Results& results) { return Convert<R>::read(results.result(1)); }
};

template <class... R>
struct TakeResults<std::tuple<R...>> {
  static std::tuple<R...> take(const Results& results) { return take(results, std::index_sequence_for<R...>()); }
  template <std::size_t... numbers>
  static std::tuple<R...> take(const Results& results, std::index_sequence<numbers...>) {
    return std::tuple<R...>{Convert<R>::read(results.result(static_cast<int>(numbers) + 1))...};
  }
};

/// Calls the function in protected mode, on the coroutine that runs now. Throws Error and what derives from it, Closed,
/// WrongThread, std::bad_alloc. What Lua waits for inside is a RuntimeError there.
NEAP_API Results call(Host& host, const Value& function, Writer& arguments);
NEAP_API Results call(const Value& function, Writer& arguments);

}  // namespace detail

}  // namespace neap
