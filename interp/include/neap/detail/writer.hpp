// Values on their way to Lua.
//
// A Writer holds them in a form of its own, without Lua: so it can be filled on any thread, moved to another one, and
// given to Lua later; and no error of Lua's ever jumps over a C++ frame that has something to destroy.
//
// Whoever adds a type to the conversions (neap::Convert) writes to one:
//
//   template <> struct neap::Convert<Money> {
//     static void write(Writer& to, const Money& money) { to.integer(money.cents); }
//     ...
//   };
#pragma once

#include "neap/error.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace neap {

class Value;

/// How a C++ type becomes a value of Lua's, and the other way round: see neap/convert.hpp.
template <class T>
struct Convert;

namespace detail {

class Host;
struct Anchor;
class Decoder;

/// A lua_State.
struct State;

/// Something of C++'s that Lua is to own: a function or an object.
class NEAP_API Payload {
 public:
  Payload() = default;
  virtual ~Payload();
  Payload(const Payload&) = delete;
  Payload& operator=(const Payload&) = delete;
};

class Callable;
class Object;

}  // namespace detail

/// Values on their way to Lua, in order. May be filled on any thread, by one at a time, and moved. Every function may
/// throw std::bad_alloc; what else they throw is said there.
class NEAP_API Writer {
 public:
  Writer() noexcept {}  // NOLINT(modernize-use-equals-default): leaves the room for items as it is
  Writer(Writer&& other) noexcept { take(other); }
  Writer& operator=(Writer&& other) noexcept;
  ~Writer() {
    if (items_ != room_) delete[] items_;
  }
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  void nil() { add(Tag::nil); }
  void boolean(bool value) { add(Tag::boolean).integer = value ? 1 : 0; }
  void integer(std::int64_t value) { add(Tag::integer).integer = value; }
  void number(double value) { add(Tag::number).number = value; }
  /// Copies the bytes, which may be any.
  void string(std::string_view bytes);
  /// A table with the next `count` values as its items 1 to `count`. Write exactly so many: anything else throws
  /// std::logic_error, or is an Error of Lua's, when the values are given to Lua.
  void list(std::size_t count);
  /// A table with the next `count` pairs: a key, its value, the next key, ... No key may be nil or NaN.
  void map(std::size_t count);
  /// Any value of the interpreter that the values are for; one of another interpreter throws std::invalid_argument when
  /// they are given to Lua.
  void value(const Value& value);
  /// A function, or an object of a class that the interpreter has been given.
  void callable(std::unique_ptr<detail::Callable> callable);
  void object(std::unique_ptr<detail::Object> object);

  /// A value of any type that has a conversion. Throws ConversionError for one that Lua cannot hold.
  template <class T>
  void write(T&& value) {
    Convert<std::decay_t<T>>::write(*this, std::forward<T>(value));
  }

  /// True when nothing has been written.
  [[nodiscard]] bool empty() const noexcept { return count_ == 0; }
  /// Forgets everything.
  void clear() noexcept;

 private:
  friend class detail::Decoder;

  enum class Tag : unsigned char { nil, boolean, integer, number, string, list, map, value, callable, object };
  struct Item {
    Tag tag;
    union {
      std::int64_t integer;
      double number;
      std::size_t size;
    };
  };
  /// What few values need.
  struct Extra {
    std::vector<std::shared_ptr<const detail::Anchor>> values;
    std::vector<std::unique_ptr<detail::Payload>> payloads;
  };
  static constexpr std::uint32_t kRoom = 8;

  Item& add(Tag tag) {
    if (count_ == capacity_) grow();
    Item& item = items_[count_++];
    item.tag = tag;
    return item;
  }
  Item& add_complex(Tag tag) {
    scalars_ = false;
    return add(tag);
  }
  void grow();
  void take(Writer& other) noexcept;
  Extra& extra();

  Item* items_ = room_;
  std::uint32_t count_ = 0;
  std::uint32_t capacity_ = kRoom;
  bool scalars_ = true;  // nothing but nil, booleans and numbers, which Lua takes without an error
  std::string bytes_;    // of all strings, one behind the other
  std::unique_ptr<Extra> extra_;
  Item room_[kRoom];
};

}  // namespace neap
