// Objects of C++ classes that Lua has: how they are held, and how a parameter or a result becomes one.
//
// A class with no other conversion is an object: a userdata of the class that neap::Class has made in that interpreter.
// Who owns it is decided by what is given to Lua:
//
//   T                            Lua owns a copy (or what was moved), and destroys it when it is collected
//   std::unique_ptr<T>           Lua owns it; C++ may take it back (a parameter of that type), and then it is closed for Lua
//   std::shared_ptr<T>           shared
//   std::ref(object), T*, T&     the application owns it, and must keep it for as long as Lua can reach it
//   neap::Loan<T>                the application owns it; when the Loan ends, the object is closed for Lua
//
// Null pointers are nil. A function reads an object as T (a copy), T&, const T&, T*, const T* (nil is null),
// std::shared_ptr<T> (only what is shared) or std::unique_ptr<T> (only what is held so). An object of a derived class
// is one of its bases where neap::Class was told so.
//
// Thread: the interpreter's; but an object is made on any thread, as the Writer that holds it.
#pragma once

#include "neap/detail/call.hpp"
#include "neap/detail/reader.hpp"
#include "neap/detail/writer.hpp"
#include "neap/error.hpp"

#include <functional>
#include <memory>
#include <string>
#include <type_traits>
#include <typeinfo>
#include <utility>

namespace neap {

namespace detail {

/// A C++ class; its address tells it from others, and is the key of its metatable.
struct TypeTag {
  const std::type_info* type;
};

template <class T>
NEAP_API inline constexpr TypeTag kTypeTag{&typeid(T)};

/// What messages call the class: the name that neap::Class gave it last, or that of C++. Any thread.
NEAP_API std::string class_name(const TypeTag& tag);

/// An object as Lua holds it, whoever owns it.
class NEAP_API Object : public Payload {
 public:
  Object(const TypeTag& type, void* pointer) noexcept : type_(type), pointer_(pointer) {}

  [[nodiscard]] const TypeTag& type() const noexcept { return type_; }
  /// Null once it has been closed.
  [[nodiscard]] virtual void* pointer() const noexcept { return pointer_; }
  /// Null for an object that is not shared.
  [[nodiscard]] virtual std::shared_ptr<void> share() const noexcept { return nullptr; }
  /// True for an object that C++ may take back, by `release`.
  [[nodiscard]] virtual bool releasable() const noexcept { return false; }
  virtual void release() noexcept {}

  /// How many functions that use it are running.
  int pins = 0;

 private:
  const TypeTag& type_;
  void* const pointer_;
};

template <class T>
class ValueObject final : public Object {
 public:
  template <class... A>
  explicit ValueObject(A&&... arguments) : Object(kTypeTag<T>, &value_),
                                           value_(std::forward<A>(arguments)...) {}

 private:
  T value_;
};

template <class T>
class UniqueObject final : public Object {
 public:
  explicit UniqueObject(std::unique_ptr<T> value) : Object(kTypeTag<T>, value.get()), value_(std::move(value)) {}
  [[nodiscard]] void* pointer() const noexcept override { return value_.get(); }
  [[nodiscard]] bool releasable() const noexcept override { return true; }
  void release() noexcept override { (void)value_.release(); }

 private:
  std::unique_ptr<T> value_;
};

template <class T>
class SharedObject final : public Object {
 public:
  explicit SharedObject(std::shared_ptr<T> value) : Object(kTypeTag<T>, value.get()), value_(std::move(value)) {}
  [[nodiscard]] std::shared_ptr<void> share() const noexcept override { return value_; }

 private:
  std::shared_ptr<T> value_;
};

template <class T>
class LentObject final : public Object {
 public:
  explicit LentObject(std::shared_ptr<T*> loan) : Object(kTypeTag<T>, nullptr), loan_(std::move(loan)) {}
  [[nodiscard]] void* pointer() const noexcept override { return *loan_; }

 private:
  std::shared_ptr<T*> loan_;
};

/// An object found in Lua, as a T or a base of what it is.
struct FoundObject {
  Object* object = nullptr;
  void* pointer = nullptr;
};

/// The object of the class, or of one derived from it. Throws ConversionError for anything else, and for one that is
/// closed.
NEAP_API FoundObject find_object(const Reader& from, const TypeTag& type);
/// True when find_object finds one.
NEAP_API bool is_object(const Reader& from, const TypeTag& type) noexcept;
/// Delivers an object by reference; the first argument again when that is the same object.
NEAP_API void deliver_reference(Call& call, std::unique_ptr<Object> object);
/// The shared owner of what was found. Throws ConversionError when it is not shared.
NEAP_API std::shared_ptr<void> share_object(const Reader& from, const FoundObject& found);
/// Makes C++ the owner of what was found, which is closed for Lua. Throws ConversionError when it cannot be.
NEAP_API void release_object(const Reader& from, const FoundObject& found, const TypeTag& type);

/// An object while a function uses it: it cannot be closed meanwhile.
template <class T>
class Pinned {
 public:
  Pinned() noexcept = default;
  explicit Pinned(const FoundObject& found) noexcept : object_(found.object), pointer_(static_cast<T*>(found.pointer)) {
    ++object_->pins;
  }
  Pinned(Pinned&& other) noexcept : object_(std::exchange(other.object_, nullptr)), pointer_(other.pointer_) {}
  Pinned& operator=(Pinned&&) = delete;
  ~Pinned() {
    if (object_ != nullptr) --object_->pins;
  }

  [[nodiscard]] T* get() const noexcept { return pointer_; }

 private:
  Object* object_ = nullptr;
  T* pointer_ = nullptr;
};

}  // namespace detail

/// Any class that has no conversion of another kind.
template <class T>
struct Convert {
  static_assert(std::is_class_v<T>, "this type has no conversion to and from Lua: see neap/convert.hpp");
  static constexpr bool kIsObject = true;

  template <class Given>
  static void write(Writer& to, Given&& value) {
    to.object(std::make_unique<detail::ValueObject<T>>(std::forward<Given>(value)));
  }
  static T read(const Reader& from) {
    return *static_cast<const T*>(detail::find_object(from, detail::kTypeTag<T>).pointer);
  }
  static bool accepts(const Reader& from) { return detail::is_object(from, detail::kTypeTag<T>); }
  static std::string name() { return detail::class_name(detail::kTypeTag<T>); }
};

namespace detail {

template <class T>
concept IsObject = std::is_class_v<T> && requires {
  Convert<T>::kIsObject;
};

}  // namespace detail

/// Lends Lua an object that the application owns: objects made of the Loan are closed for Lua when it ends. Not to be
/// copied; it ends on the interpreter's thread, while nothing uses the object.
template <class T>
class Loan {
 public:
  explicit Loan(T& object) : loan_(std::make_shared<T*>(&object)) {}
  Loan(Loan&&) noexcept = default;
  Loan& operator=(Loan&& other) noexcept {
    if (this == &other) return *this;
    end();
    loan_ = std::move(other.loan_);
    return *this;
  }
  ~Loan() { end(); }

  /// What uses the object afterwards is a TypeError that says so.
  void end() noexcept {
    if (loan_ != nullptr) *loan_ = nullptr;
  }
  [[nodiscard]] const std::shared_ptr<T*>& inner() const noexcept { return loan_; }

 private:
  std::shared_ptr<T*> loan_;
};

template <class T>
struct Convert<Loan<T>> {
  static void write(Writer& to, const Loan<T>& loan) {
    if (loan.inner() == nullptr) throw InvalidState("a Loan that was moved from lends nothing");
    to.object(std::make_unique<detail::LentObject<T>>(loan.inner()));
  }
};

template <class T>
struct Convert<std::reference_wrapper<T>> {
  static void write(Writer& to, std::reference_wrapper<T> object) { Convert<T*>::write(to, &object.get()); }
};

template <class T>
requires std::is_class_v<T>
struct Convert<T*> {
  using Class = std::remove_const_t<T>;

  static void write(Writer& to, T* object) {
    static_assert(!std::is_const_v<T>, "Lua knows no const: give it a copy, or an object that it may change");
    object != nullptr ? to.object(std::make_unique<detail::Object>(detail::kTypeTag<T>, object)) : to.nil();
  }
  static T* read(const Reader& from) {
    if (from.is_nil()) return nullptr;
    return static_cast<T*>(detail::find_object(from, detail::kTypeTag<Class>).pointer);
  }
  static bool accepts(const Reader& from) { return from.is_nil() || detail::is_object(from, detail::kTypeTag<Class>); }
  static std::string name() { return detail::class_name(detail::kTypeTag<Class>) + " or nil"; }
};

/// For Value::as.
template <class T>
requires std::is_class_v<T>
struct Convert<T&> {
  static T& read(const Reader& from) {
    return *static_cast<T*>(detail::find_object(from, detail::kTypeTag<std::remove_const_t<T>>).pointer);
  }
};

template <class T>
struct Convert<std::shared_ptr<T>> {
  static void write(Writer& to, std::shared_ptr<T> object) {
    static_assert(!std::is_const_v<T>, "Lua knows no const: give it a copy, or an object that it may change");
    object != nullptr ? to.object(std::make_unique<detail::SharedObject<T>>(std::move(object))) : to.nil();
  }
  static std::shared_ptr<T> read(const Reader& from) {
    if (from.is_nil()) return nullptr;
    const detail::FoundObject found = detail::find_object(from, detail::kTypeTag<std::remove_const_t<T>>);
    return {detail::share_object(from, found), static_cast<T*>(found.pointer)};
  }
  static bool accepts(const Reader& from) { return Convert<T*>::accepts(from); }
  static std::string name() { return Convert<T*>::name(); }
};

template <class T>
struct Convert<std::unique_ptr<T>> {
  static void write(Writer& to, std::unique_ptr<T> object) {
    object != nullptr ? to.object(std::make_unique<detail::UniqueObject<T>>(std::move(object))) : to.nil();
  }
  static std::unique_ptr<T> read(const Reader& from) {
    if (from.is_nil()) return nullptr;
    const detail::FoundObject found = detail::find_object(from, detail::kTypeTag<T>);
    detail::release_object(from, found, detail::kTypeTag<T>);
    return std::unique_ptr<T>(static_cast<T*>(found.pointer));
  }
  static bool accepts(const Reader& from) { return Convert<T*>::accepts(from); }
  static std::string name() { return Convert<T*>::name(); }
};

namespace detail {

/// T&, const T& and T of an object: it is used in place, and a T is copied from there.
template <class P>
requires IsObject<std::remove_cvref_t<P>>
struct Parameter<P> {
  using T = std::remove_cvref_t<P>;
  static_assert(!std::is_rvalue_reference_v<P>,
                "an object of Lua's cannot be moved from: take it by value or by reference");
  static constexpr bool from_lua = true;  // NOLINT(readability-identifier-naming)
  static Pinned<T> read(Call& call, int index) { return Pinned<T>(find_object(call.argument(index), kTypeTag<T>)); }
};

template <class T>
requires IsObject<std::remove_const_t<T>>
struct Parameter<T*> {
  using Class = std::remove_const_t<T>;
  static constexpr bool from_lua = true;  // NOLINT(readability-identifier-naming)
  static Pinned<Class> read(Call& call, int index) {
    const Reader from = call.argument(index);
    return from.is_nil() ? Pinned<Class>() : Pinned<Class>(find_object(from, kTypeTag<Class>));
  }
};

/// A parameter of the type P from what Parameter<P>::read gave.
template <class P, class Stored>
decltype(auto) pass(Stored& stored) {
  return std::forward<P>(stored);
}
template <class P, class T>
decltype(auto) pass(Pinned<T>& pinned) {
  if constexpr (std::is_pointer_v<P>) {
    return static_cast<P>(pinned.get());
  } else {
    return static_cast<const std::remove_reference_t<P>&>(*pinned.get());
  }
}
template <class P, class T>
requires std::is_lvalue_reference_v<P> P pass(Pinned<T>& pinned) { return *pinned.get(); }

}  // namespace detail

}  // namespace neap
