// C++ classes for Lua.
//
//   interpreter.add(neap::Class<Vec>("Vec")
//       .constructor<double, double>()
//       .method("length", &Vec::length)
//       .property("x", &Vec::x)
//       .meta("__add", [](const Vec& a, const Vec& b) { return a + b; }));
//
//   local v = Vec(3, 4)          -- or Vec.new(3, 4)
//   print(v:length(), v.x)
//
// What is given to Lua as an object, and who owns it, says neap/detail/object.hpp (T, unique_ptr, shared_ptr, T&,
// Loan). Everything that neap/function.hpp says of functions holds for methods and constructors too; a method counts
// its arguments without the object. A wrong object is a TypeError that names both classes, one that is closed a
// TypeError that says so. Scripts cannot reach the metatable: `getmetatable` gives the name.
//
// Two objects are equal (`==`) when they are the same C++ object, unless `__eq` says otherwise.
#pragma once

#include "neap/convert.hpp"
#include "neap/detail/object.hpp"
#include "neap/function.hpp"

#include <concepts>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace neap {

namespace detail {

/// A function with the name that it has in its class.
using NamedCallable = std::pair<std::string, std::unique_ptr<Callable>>;

/// What neap::Class collects.
struct ClassParts {
  struct Base {
    const TypeTag* type;
    void* (*upcast)(void*);
  };

  std::string name;
  const TypeTag* type = nullptr;
  std::vector<Base> bases;
  std::vector<std::unique_ptr<Callable>> constructors;
  std::vector<NamedCallable> methods;
  std::vector<NamedCallable> getters;
  std::vector<NamedCallable> setters;
  std::vector<NamedCallable> statics;
  std::vector<NamedCallable> metamethods;
  std::unique_ptr<Callable> fallback;
  bool closable = false;
};

/// Makes the class in the interpreter, and returns its table. Throws std::logic_error when it has been added to it
/// already, when a base has not, and for a metamethod that no class may have; Closed, WrongThread, std::bad_alloc.
NEAP_API Table add_class(Host& host, ClassParts parts);

template <class T, class F, class R, class Self, class... P>
auto as_method_of(F function, Signature<R, Self, P...>) {
  using Used = std::conditional_t<std::is_const_v<std::remove_reference_t<Self>>, const T, T>;
  return [function](Used& self, P... arguments) -> R { return (self.*function)(std::forward<P>(arguments)...); };
}

/// A callable that is called with the object as its first parameter: a function of a T& or const T& as it is, and a
/// member function of T or of a base of T as a function of T's.
template <class T, class F>
auto as_method(F function) {
  if constexpr (std::is_member_function_pointer_v<F>) {
    return as_method_of<T>(function, SignatureType<F>());
  } else {
    return function;
  }
}

}  // namespace detail

/// Describes a class, part by part; then the interpreter takes it. Thread: any, one at a time. The functions throw
/// std::bad_alloc.
template <class T>
class Class {
  static_assert(detail::IsObject<T>, "the type has a conversion to another kind of value");

 public:
  /// The name is that in messages, and of the global or the field of a Module that the class becomes.
  explicit Class(std::string name) {
    parts_.name = std::move(name);
    parts_.type = &detail::kTypeTag<T>;
  }

  /// The object may be used where a B is asked for, and has B's methods, properties and metamethods, as far as it has
  /// none of that name itself. B's Class must have been added before.
  template <class B>
  Class&& base() && {
    static_assert(std::is_base_of_v<B, T> && !std::is_same_v<B, T>);
    parts_.bases.push_back(
        {&detail::kTypeTag<B>, [](void* object) -> void* { return static_cast<B*>(static_cast<T*>(object)); }});
    return std::move(*this);
  }

  /// `Name(...)` and `Name.new(...)`. Of several constructors the first one whose parameters fit is called.
  template <class... A>
  Class&& constructor() && {
    return std::move(*this).constructor([](A... arguments) {
      if constexpr (std::is_move_constructible_v<T>) {
        return T(std::forward<A>(arguments)...);
      } else {
        return std::make_unique<T>(std::forward<A>(arguments)...);
      }
    });
  }
  /// A function that makes one: returns a T, std::unique_ptr<T> or std::shared_ptr<T>.
  template <class F>
  Class&& constructor(F callable) && {
    parts_.constructors.push_back(detail::make_callable(parts_.name, std::move(callable)));
    return std::move(*this);
  }

  /// `object:name(...)`: a member function of T or of its base, or a function with a T& or const T& as its first
  /// parameter. A function that returns the object itself by reference (`return *this`) returns the same object in Lua.
  template <class F>
  Class&& method(const std::string& name, F callable) && {
    parts_.methods.emplace_back(name, member(":" + name, detail::as_method<T>(std::move(callable))));
    return std::move(*this);
  }

  /// `object.name`, to read and to write: a data member of T or of its base.
  template <class M, class Owner>
  requires(!std::is_function_v<M>) Class && property(const std::string& name, M Owner::*data) && {
    auto read = [data](T& self) -> M { return self.*data; };
    if constexpr (std::is_const_v<M>) {
      return std::move(*this).property(name, std::move(read));
    } else {
      return std::move(*this).property(name, std::move(read),
                                       [data](T& self, M value) { self.*data = std::move(value); });
    }
  }
  /// The same by functions: `read` returns the value; without `write` it is read-only.
  template <class Read>
  Class&& property(const std::string& name, Read read) && {
    parts_.getters.emplace_back(name, member("." + name, detail::as_method<T>(std::move(read))));
    return std::move(*this);
  }
  template <class Read, class Write>
  Class&& property(const std::string& name, Read read, Write write) && {
    parts_.setters.emplace_back(name, member("." + name, detail::as_method<T>(std::move(write))));
    return std::move(*this).property(name, std::move(read));
  }

  /// `Name.name(...)`.
  template <class F>
  Class&& function(const std::string& name, F callable) && {
    parts_.statics.emplace_back(name, detail::make_callable(parts_.name + "." + name, std::move(callable)));
    return std::move(*this);
  }

  /// A metamethod: an operator ("__add", "__eq", "__lt", ...), "__len", "__call", "__tostring", "__concat", "__close",
  /// "__pairs". The arguments are Lua's: for an operator both operands, of which either may be the object.
  template <class F>
  Class&& meta(const std::string& name, F callable) && {
    parts_.metamethods.emplace_back(
        name, detail::make_callable(parts_.name + "." + name, detail::as_method<T>(std::move(callable))));
    return std::move(*this);
  }

  /// Answers `object[key]` for a key that is no method and no property: a function of (T&, key).
  template <class F>
  Class&& fallback(F callable) && {
    parts_.fallback = member("[...]", detail::as_method<T>(std::move(callable)));
    return std::move(*this);
  }

  /// Gives it `object:close()` and `local object <close>`, which end Lua's ownership at once: what Lua alone owns is
  /// destroyed. May be called more than once; whatever uses the object afterwards is a TypeError.
  Class&& closable() && {
    parts_.closable = true;
    return std::move(*this);
  }

  [[nodiscard]] const std::string& name() const noexcept { return parts_.name; }
  [[nodiscard]] detail::ClassParts take() && { return std::move(parts_); }

 private:
  template <class F>
  std::unique_ptr<detail::Callable> member(const std::string& name, F callable) {
    return detail::make_callable(parts_.name + name, std::move(callable), true);
  }

  detail::ClassParts parts_;
};

}  // namespace neap
