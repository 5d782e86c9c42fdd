// Which C++ types become which values of Lua's.
//
//   C++                                     Lua
//   bool                                    boolean
//   integers, but for character types       number, an integer in the range of the type; a float that is a whole number is read
//   float, double, long double              number
//   std::string, const char* (write only)   string, of any bytes
//   std::string_view                        string; read: a parameter of a function only, valid until that returns
//   std::nullptr_t, std::monostate          nil
//   std::optional<T>                        T or nil
//   std::variant<T...>                      the first T that fits exactly (an integer for 1, a float for 1.0), else the first
//                                           that can be read
//   std::vector<T>, std::array<T, n>        table, a list (an array must have all n items)
//   std::map, std::unordered_map            table
//   std::pair, std::tuple                   table, a list of so many items; as a function's result: several results
//   enumerations                            number of the underlying type, or a string: see EnumNames
//   structs                                 table with the fields named by neap::Fields
//   Value, Function, Table                  any value, function, table: by reference
//   functions (neap/function.hpp)           function
//   classes (neap/class.hpp)                userdata
//
// Tables are read without metamethods. Nothing is coerced: "1" is no number. A value of a wrong type throws
// ConversionError, whose message says where it was: "argument 2: field 'x': expected number, got string". Tables may be
// nested 200 deep.
//
// A type of one's own takes part by a specialisation of neap::Convert with these functions; `accepts`, without which a
// variant tries `read`, says whether the value looks like one at first sight, and must not throw:
//
//   template <> struct neap::Convert<Money> {
//     static void write(Writer& to, const Money& money);
//     static Money read(const Reader& from);
//     static std::string name();                  // for messages
//     static bool accepts(const Reader& from);    // optional
//   };
#pragma once

#include "neap/detail/object.hpp"
#include "neap/detail/reader.hpp"
#include "neap/detail/writer.hpp"
#include "neap/value.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <concepts>
#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

namespace neap {

/// What makes a struct, which must have a default constructor, a table with fields. A field whose type is a
/// std::optional may be missing in the table; fields that are not named here are ignored.
///
///   template <> struct neap::Fields<Point> {
///     static constexpr auto fields = std::tuple{neap::field("x", &Point::x), neap::field("y", &Point::y)};
///   };
///
/// `static constexpr const char* name = "Point";` is what messages call it instead of "table".
template <class T>
struct Fields;

template <class T, class Member>
struct Field {
  const char* name;
  Member T::*member;
};

/// A field for Fields. The name must be a literal.
template <class T, class Member>
constexpr Field<T, Member> field(const char* name, Member T::*member) {
  return {name, member};
}

/// What makes the values of an enumeration strings:
///
///   template <> struct neap::EnumNames<Color> {
///     static constexpr std::pair<Color, const char*> names[] = {{Color::red, "red"}, {Color::blue, "blue"}};
///   };
template <class T>
struct EnumNames;

namespace detail {

template <class T>
concept HasFields = requires {
  Fields<T>::fields;
};

template <class T>
concept HasNames = std::is_enum_v<T> && requires {
  EnumNames<T>::names;
};

template <class T>
concept Character = std::same_as<T, char> || std::same_as<T, wchar_t> || std::same_as<T, char8_t> ||
    std::same_as<T, char16_t> || std::same_as<T, char32_t>;

template <class T>
concept Integer = std::integral<T> && !std::same_as<T, bool> && !Character<T>;

/// Whether the value looks like a T; not `exactly`: or like a number of the other kind that may be one.
template <class T>
bool accepts(const Reader& from, bool exactly) {
  if constexpr (requires { Convert<T>::accepts(from, exactly); }) {
    return Convert<T>::accepts(from, exactly);
  } else if constexpr (requires { Convert<T>::accepts(from); }) {
    return Convert<T>::accepts(from);
  } else {
    return true;
  }
}

NEAP_API std::int64_t read_integer(const Reader& from, std::int64_t least, std::uint64_t most);
[[noreturn]] NEAP_API void throw_unknown_enum(std::int64_t value);
[[noreturn]] NEAP_API void throw_too_large(std::uint64_t value);

template <class... T>
std::string name_alternatives() {
  const std::string names[] = {Convert<T>::name()...};
  std::string all;
  for (std::size_t i = 0; i < sizeof...(T); ++i) {
    if (i != 0) all += i + 1 == sizeof...(T) ? " or " : ", ";
    all += names[i];
  }
  return all;
}

/// Reads one of several types. What looks exactly right is tried first, in order; then what may do. The error is that
/// of the only type that looked right, and otherwise says which types there are.
template <class... T>
class VariantReader {
 public:
  using Variant = std::variant<T...>;

  explicit VariantReader(const Reader& from) : from_(from) {}

  Variant read() {
    if ((attempt<T>(true) || ...)) return std::move(*result_);
    if (looked_right_ == 0 && (attempt<T>(false) || ...)) return std::move(*result_);
    if (looked_right_ == 1) throw ConversionError(message_);
    from_.fail(name_alternatives<T...>());
  }

 private:
  template <class Type>
  bool attempt(bool exactly) {
    if (!accepts<Type>(from_, exactly)) return false;
    try {
      result_.emplace(std::in_place_type<Type>, Convert<Type>::read(from_));
      return true;
    } catch (const ConversionError& error) {
      ++looked_right_;
      message_ = error.what();
      return false;
    }
  }

  const Reader& from_;
  std::optional<Variant> result_;
  int looked_right_ = 0;
  std::string message_;
};

template <class Map>
struct ConvertMap {
  using Key = typename Map::key_type;
  using Mapped = typename Map::mapped_type;

  static void write(Writer& to, const Map& map) {
    to.map(map.size());
    for (const auto& [key, value] : map) {
      to.write(key);
      to.write(value);
    }
  }
  static Map read(const Reader& from) {
    Map map;
    from.each([&](const Reader& key, const Reader& value) {
      map.insert_or_assign(Convert<Key>::read(key), Convert<Mapped>::read(value));
    });
    return map;
  }
  static bool accepts(const Reader& from) { return from.kind() == Kind::table; }
  static std::string name() { return "table"; }
};

template <class Tuple>
struct ConvertTuple {
  static constexpr std::size_t kSize = std::tuple_size_v<Tuple>;

  static void write(Writer& to, const Tuple& tuple) {
    to.list(kSize);
    std::apply([&](const auto&... item) { (to.write(item), ...); }, tuple);
  }
  static Tuple read(const Reader& from) { return read(from, std::make_index_sequence<kSize>()); }
  template <std::size_t... numbers>
  static Tuple read(const Reader& from, std::index_sequence<numbers...>) {
    return Tuple{
        Convert<std::tuple_element_t<numbers, Tuple>>::read(from.item(static_cast<std::int64_t>(numbers) + 1))...};
  }
  static bool accepts(const Reader& from) { return from.kind() == Kind::table; }
  static std::string name() { return "table"; }
};

}  // namespace detail

template <>
struct Convert<bool> {
  static void write(Writer& to, bool value) { to.boolean(value); }
  static bool read(const Reader& from) { return from.boolean(); }
  static bool accepts(const Reader& from) { return from.kind() == Kind::boolean; }
  static std::string name() { return "boolean"; }
};

template <detail::Integer T>
struct Convert<T> {
  static void write(Writer& to, T value) {
    if (!std::in_range<std::int64_t>(value)) detail::throw_too_large(static_cast<std::uint64_t>(value));
    to.integer(static_cast<std::int64_t>(value));
  }
  static T read(const Reader& from) {
    if constexpr (std::same_as<T, std::int64_t>) {
      return from.integer();
    } else {
      return static_cast<T>(detail::read_integer(from, static_cast<std::int64_t>(std::numeric_limits<T>::min()),
                                                 static_cast<std::uint64_t>(std::numeric_limits<T>::max())));
    }
  }
  static bool accepts(const Reader& from, bool exactly) {
    return from.kind() == Kind::integer || (!exactly && from.kind() == Kind::number);
  }
  static std::string name() { return "integer"; }
};

template <std::floating_point T>
struct Convert<T> {
  static void write(Writer& to, T value) { to.number(static_cast<double>(value)); }
  static T read(const Reader& from) {
    const double value = from.number();
    if constexpr (std::same_as<T, float>) {
      if (std::isfinite(value) && std::abs(value) > static_cast<double>(std::numeric_limits<float>::max())) {
        from.fail("number that a float can hold");
      }
    }
    return static_cast<T>(value);
  }
  static bool accepts(const Reader& from, bool exactly) {
    return from.kind() == Kind::number || (!exactly && from.kind() == Kind::integer);
  }
  static std::string name() { return "number"; }
};

template <>
struct Convert<std::string> {
  static void write(Writer& to, const std::string& value) { to.string(value); }
  static std::string read(const Reader& from) { return std::string(from.string()); }
  static bool accepts(const Reader& from) { return from.kind() == Kind::string; }
  static std::string name() { return "string"; }
};

template <>
struct Convert<std::string_view> {
  static void write(Writer& to, std::string_view value) { to.string(value); }
  static std::string_view read(const Reader& from) { return from.string(); }
  static bool accepts(const Reader& from) { return from.kind() == Kind::string; }
  static std::string name() { return "string"; }
};

/// A null pointer is nil. Read as std::string_view is; a string with a zero byte is none.
template <>
struct Convert<const char*> {
  static void write(Writer& to, const char* value) { value != nullptr ? to.string(value) : to.nil(); }
  static const char* read(const Reader& from) {
    const std::string_view bytes = from.string();
    if (bytes.find('\0') != std::string_view::npos) from.fail_with("expected a string without zero bytes");
    return bytes.data();
  }
  static bool accepts(const Reader& from) { return from.kind() == Kind::string; }
  static std::string name() { return "string"; }
};
template <>
struct Convert<char*> : Convert<const char*> {};

template <>
struct Convert<std::nullptr_t> {
  static void write(Writer& to, std::nullptr_t) { to.nil(); }
  static std::nullptr_t read(const Reader& from) {
    if (!from.is_nil()) from.fail("nil");
    return nullptr;
  }
  static bool accepts(const Reader& from) { return from.is_nil(); }
  static std::string name() { return "nil"; }
};

template <>
struct Convert<std::monostate> {
  static void write(Writer& to, std::monostate) { to.nil(); }
  static std::monostate read(const Reader& from) {
    Convert<std::nullptr_t>::read(from);
    return {};
  }
  static bool accepts(const Reader& from) { return from.is_nil(); }
  static std::string name() { return "nil"; }
};

template <class T>
struct Convert<std::optional<T>> {
  template <class Optional>
  static void write(Writer& to, Optional&& value) {
    value ? to.write(*std::forward<Optional>(value)) : to.nil();
  }
  static std::optional<T> read(const Reader& from) {
    if (from.is_nil()) return std::nullopt;
    return Convert<T>::read(from);
  }
  static bool accepts(const Reader& from, bool exactly) { return from.is_nil() || detail::accepts<T>(from, exactly); }
  static std::string name() { return Convert<T>::name() + " or nil"; }
};

template <class... T>
struct Convert<std::variant<T...>> {
  template <class Variant>
  static void write(Writer& to, Variant&& value) {
    std::visit([&](auto&& held) { to.write(std::forward<decltype(held)>(held)); }, std::forward<Variant>(value));
  }
  static std::variant<T...> read(const Reader& from) { return detail::VariantReader<T...>(from).read(); }
  static bool accepts(const Reader& from, bool exactly) { return (detail::accepts<T>(from, exactly) || ...); }
  static std::string name() { return detail::name_alternatives<T...>(); }
};

template <class T, class Allocator>
struct Convert<std::vector<T, Allocator>> {
  template <class Vector>
  static void write(Writer& to, Vector&& list) {
    to.list(list.size());
    for (auto&& item : list) {
      if constexpr (std::is_lvalue_reference_v<Vector>) {
        to.write(static_cast<const T&>(item));
      } else {
        to.write(static_cast<T>(std::move(item)));
      }
    }
  }
  static std::vector<T, Allocator> read(const Reader& from) {
    constexpr std::size_t kMostAtOnce = 65'536;
    const std::size_t size = from.size();
    std::vector<T, Allocator> list;
    list.reserve(std::min(size, kMostAtOnce));
    for (std::size_t i = 1; i <= size; ++i) {
      list.push_back(Convert<T>::read(from.item(static_cast<std::int64_t>(i))));
    }
    return list;
  }
  static bool accepts(const Reader& from) { return from.kind() == Kind::table; }
  static std::string name() { return "table"; }
};

template <class T, std::size_t count>
struct Convert<std::array<T, count>> : detail::ConvertTuple<std::array<T, count>> {};
template <class First, class Second>
struct Convert<std::pair<First, Second>> : detail::ConvertTuple<std::pair<First, Second>> {};
template <class... T>
struct Convert<std::tuple<T...>> : detail::ConvertTuple<std::tuple<T...>> {};

template <class... T>
struct Convert<std::map<T...>> : detail::ConvertMap<std::map<T...>> {};
template <class... T>
struct Convert<std::unordered_map<T...>> : detail::ConvertMap<std::unordered_map<T...>> {};

template <class T>
requires(std::is_enum_v<T> && !detail::HasNames<T>) struct Convert<T> {
  using Number = std::underlying_type_t<T>;

  static void write(Writer& to, T value) { to.write(static_cast<Number>(value)); }
  static T read(const Reader& from) { return static_cast<T>(Convert<Number>::read(from)); }
  static bool accepts(const Reader& from) { return from.kind() == Kind::integer; }
  static std::string name() { return "integer"; }
};

template <class T>
requires detail::HasNames<T>
struct Convert<T> {
  static void write(Writer& to, T value) {
    for (const auto& [known, text] : EnumNames<T>::names) {
      if (known == value) return to.string(text);
    }
    detail::throw_unknown_enum(static_cast<std::int64_t>(value));
  }
  static T read(const Reader& from) {
    if (from.kind() == Kind::string) {
      for (const auto& [known, text] : EnumNames<T>::names) {
        if (from.string() == text) return known;
      }
    }
    from.fail(name());
  }
  static bool accepts(const Reader& from) { return from.kind() == Kind::string; }
  static std::string name() {
    std::string all = "one of";
    const char* separator = " ";
    for (const auto& entry : EnumNames<T>::names) {
      all.append(separator).append("'").append(entry.second).append("'");
      separator = ", ";
    }
    return all;
  }
};

template <detail::HasFields T>
struct Convert<T> {
  static void write(Writer& to, const T& value) {
    std::apply(
        [&](const auto&... field) {
          to.map(sizeof...(field));
          ((to.string(field.name), to.write(value.*field.member)), ...);
        },
        Fields<T>::fields);
  }
  static T read(const Reader& from) {
    if (from.kind() != Kind::table) from.fail(name());
    T value{};
    std::apply([&](const auto&... field) { (read_field(from, field, value), ...); }, Fields<T>::fields);
    return value;
  }
  static bool accepts(const Reader& from) { return from.kind() == Kind::table; }
  static std::string name() {
    if constexpr (requires { Fields<T>::name; }) {
      return Fields<T>::name;
    } else {
      return "table";
    }
  }

 private:
  template <class Owner, class Member>
  static void read_field(const Reader& from, const Field<Owner, Member>& field, T& value) {
    value.*field.member = Convert<Member>::read(from.field(field.name));
  }
};

template <>
struct Convert<Value> {
  static void write(Writer& to, const Value& value) { to.value(value); }
  static Value read(const Reader& from) { return from.value(); }
  static bool accepts(const Reader&) { return true; }
  static std::string name() { return "any value"; }
};

template <>
struct Convert<Function> {
  static void write(Writer& to, const Function& value) { to.value(value); }
  static Function read(const Reader& from) {
    if (from.kind() != Kind::function) from.fail(name());
    return Function(from.value());
  }
  static bool accepts(const Reader& from) { return from.kind() == Kind::function; }
  static std::string name() { return "function"; }
};

template <>
struct Convert<Table> {
  static void write(Writer& to, const Table& value) { to.value(value); }
  static Table read(const Reader& from) {
    if (from.kind() != Kind::table) from.fail(name());
    return Table(from.value());
  }
  static bool accepts(const Reader& from) { return from.kind() == Kind::table; }
  static std::string name() { return "table"; }
};

}  // namespace neap
