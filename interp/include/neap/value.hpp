// Values of Lua's that C++ keeps.
#pragma once

#include "neap/detail/reader.hpp"
#include "neap/detail/writer.hpp"

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace neap {

class Function;
class Table;

/// Any value of Lua's. Nil, booleans and numbers are held inside; every other one is kept alive in its interpreter for
/// as long as a copy of the Value exists.
///
/// Threads: copying, moving and destroying is allowed on any thread, `kind` too; everything else is for the
/// interpreter's own thread, and throws WrongThread on another. A Value may outlive its interpreter: then everything
/// but copying, destroying and reading what is held inside throws Closed. Two threads must not use the same object at a
/// time.
class NEAP_API Value {
 public:
  /// Nil.
  Value() noexcept {}                // NOLINT(modernize-use-equals-default)
  Value(std::nullptr_t) noexcept {}  // NOLINT(google-explicit-constructor): a value is what it holds
  template <std::same_as<bool> T>
  // NOLINTNEXTLINE(google-explicit-constructor)
  Value(T value) noexcept : integer_(value ? 1 : 0),
                            kind_(Kind::boolean) {}
  /// Any integer that fits; throws ConversionError for a larger one.
  template <std::integral T>
  requires(!std::same_as<T, bool>) Value(T value) : kind_(Kind::integer) {  // NOLINT(google-explicit-constructor)
    if (!std::in_range<std::int64_t>(value)) too_large(static_cast<std::uint64_t>(value));
    integer_ = static_cast<std::int64_t>(value);
  }
  template <std::floating_point T>
  // NOLINTNEXTLINE(google-explicit-constructor)
  Value(T value) noexcept : number_(static_cast<double>(value)),
                            kind_(Kind::number) {}

  Value(const Value&) = default;
  Value& operator=(const Value&) = default;
  /// What was moved from is nil.
  Value(Value&& other) noexcept : anchor_(std::move(other.anchor_)) { take_inner(other); }
  Value& operator=(Value&& other) noexcept {
    if (this == &other) return *this;
    anchor_ = std::move(other.anchor_);
    take_inner(other);
    return *this;
  }
  ~Value() = default;

  [[nodiscard]] Kind kind() const noexcept { return kind_; }
  [[nodiscard]] bool is_nil() const noexcept { return kind_ == Kind::nil; }
  /// What messages call it: its type, or the name of its class ("Vec", "Task").
  [[nodiscard]] std::string type_name() const;

  /// The value as a C++ type: everything that neap/convert.hpp lists; for an object also T&, which lives as long as a
  /// Value has it and it is not closed. Throws ConversionError.
  template <class T>
  [[nodiscard]] T as() const {
    static_assert(!std::is_same_v<T, std::string_view> && !std::is_pointer_v<T>,
                  "nothing would keep it alive: ask for a std::string, or for a reference or a shared_ptr");
    return read<T>();
  }
  /// True when `as<T>()` would succeed.
  template <class T>
  [[nodiscard]] bool is() const;

  /// The same value: equal numbers, the same string, the same object; no `__eq`.
  friend NEAP_API bool operator==(const Value& left, const Value& right);

  /// What `tostring` makes of it, which may run Lua code (`__tostring`). Throws Error.
  [[nodiscard]] std::string to_string() const;

  // For the library.

  /// The interpreter of a value that is not held inside; else null.
  [[nodiscard]] detail::Host* host() const noexcept;
  Value(Kind kind, std::shared_ptr<const detail::Anchor> anchor) noexcept : anchor_(std::move(anchor)), kind_(kind) {}
  [[nodiscard]] const std::shared_ptr<const detail::Anchor>& anchor() const noexcept { return anchor_; }
  /// What is held inside.
  [[nodiscard]] std::int64_t inner_integer() const noexcept { return integer_; }
  [[nodiscard]] double inner_number() const noexcept { return number_; }

 protected:
  /// Throws ConversionError for a value of another kind.
  Value(Value other, Kind kind, const char* expected);

 private:
  void take_inner(Value& other) noexcept {
    if (other.kind_ == Kind::number) {
      number_ = other.number_;
    } else {
      integer_ = other.integer_;
    }
    kind_ = std::exchange(other.kind_, Kind::nil);
  }
  template <class T>
  T read() const {
    if (anchor_ == nullptr) return Convert<T>::read(Reader(*this));
    const detail::Results pushed = push();
    return Convert<T>::read(pushed.value());
  }
  [[nodiscard]] detail::Results push() const;
  [[noreturn]] static void too_large(std::uint64_t value);

  std::shared_ptr<const detail::Anchor> anchor_;
  union {
    std::int64_t integer_ = 0;  // NOLINT(readability-identifier-naming): private, though a union
    double number_;             // NOLINT(readability-identifier-naming)
  };
  Kind kind_ = Kind::nil;
};

/// A function of Lua's, or one of C++'s that Lua has. Threads and lifetime: see Value. One that was moved from is nil,
/// and using it throws ConversionError; so with a Table.
class NEAP_API Function : public Value {
 public:
  /// Throws ConversionError for a value that is no function.
  explicit Function(Value value) : Value(std::move(value), Kind::function, "function") {}

  /// Calls it, and returns when it has: it runs at once, on the coroutine that runs now, and may not wait; a wait
  /// inside is a RuntimeError there (spawn a task for what waits). R: void, a type, or a std::tuple for several
  /// results.
  ///
  /// Throws Error for an error of Lua's (Cancelled, LimitExceeded), ConversionError for a result of another type.
  template <class R = void, class... Arguments>
  R call(Arguments&&... arguments) const {  // NOLINT(modernize-use-nodiscard)
    static_assert(!std::is_reference_v<R> && !std::is_pointer_v<R> && !std::is_same_v<R, std::string_view>,
                  "nothing would keep it alive: ask for a Value, a std::string, or a shared_ptr");
    Writer writer;
    (writer.write(std::forward<Arguments>(arguments)), ...);
    return detail::call(*this, writer).template take<R>();
  }
  /// The same with the first result as a Value.
  template <class... Arguments>
  Value operator()(Arguments&&... arguments) const {
    return call<Value>(std::forward<Arguments>(arguments)...);
  }
};

/// A table, by reference: copies of a Table are the same table. Threads and lifetime: see Value.
class NEAP_API Table : public Value {
 public:
  /// Throws ConversionError for a value that is no table.
  explicit Table(Value value) : Value(std::move(value), Kind::table, "table") {}

  /// `table[key]`, with metamethods. Throws Error when one fails, ConversionError for a value of another type.
  template <class T = Value, class Key>
  [[nodiscard]] T get(Key&& key) const {
    Writer writer;
    writer.write(std::forward<Key>(key));
    static_assert(!std::is_reference_v<T> && !std::is_pointer_v<T> && !std::is_same_v<T, std::string_view>,
                  "nothing would keep it alive: ask for a Value, a std::string, or a shared_ptr");
    const detail::Results entry = index(writer);
    return Convert<T>::read(entry.value());
  }
  /// `table[key] = value`, with metamethods. Throws Error when one fails, or for a key that is nil or NaN.
  template <class Key, class T>
  void set(Key&& key, T&& value) const {
    Writer writer;
    writer.write(std::forward<Key>(key));
    writer.write(std::forward<T>(value));
    assign(writer);
  }
  /// `#table`, with metamethods. Throws Error.
  [[nodiscard]] std::size_t size() const;

  /// The entries, without metamethods, in no order: `for (const auto& [key, value] : table)`. Entries may be changed
  /// and erased meanwhile; when one is added, the next step may throw Error.
  class NEAP_API Iterator {
   public:
    using value_type = std::pair<Value, Value>;
    using difference_type = std::ptrdiff_t;
    Iterator() = default;
    explicit Iterator(const Table& table);
    const value_type& operator*() const { return entry_; }
    const value_type* operator->() const { return &entry_; }
    Iterator& operator++();
    void operator++(int) { ++*this; }
    friend bool operator==(const Iterator& iterator, std::default_sentinel_t) { return iterator.entry_.first.is_nil(); }

   private:
    std::shared_ptr<const detail::Anchor> table_;
    value_type entry_;
  };
  [[nodiscard]] Iterator begin() const { return Iterator(*this); }
  [[nodiscard]] std::default_sentinel_t end() const { return {}; }

 private:
  [[nodiscard]] detail::Results index(Writer& key) const;
  void assign(Writer& key_and_value) const;
};

template <class T>
bool Value::is() const {
  try {
    (void)read<T>();
    return true;
  } catch (const ConversionError&) {
    return false;
  }
}

}  // namespace neap
