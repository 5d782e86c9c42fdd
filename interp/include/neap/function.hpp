// C++ functions for Lua: any callable becomes a function of Lua's.
//
// Lambdas, pointers to functions and to member functions (whose first argument is the object), std::function and other
// objects with one operator(), also those that can only be moved. They run on the interpreter's thread, inside the Lua
// code that calls them, and live until Lua collects the function, or the interpreter ends: what they capture by
// reference must live as long. One that may be called again while it runs (Lua may do so from inside a call) must be
// able to bear that.
//
// Parameters are made from the arguments (neap/convert.hpp): a missing argument is nil, one too many is ignored. What
// is returned is the result; a std::tuple is several, void is none.
//
// An empty function (a null pointer, an empty std::function) is std::invalid_argument where it is given a name; as a
// value without one an empty std::function is nil.
//
// An exception becomes an error of Lua's: neap::Error is one of its class (and the very same error when it came out of
// Lua), ConversionError a TypeError, std::invalid_argument, std::out_of_range and std::domain_error a ValueError,
// std::system_error an OSError with a code, std::bad_alloc "not enough memory", every other one a RuntimeError.
#pragma once

#include "neap/convert.hpp"
#include "neap/detail/call.hpp"
#include "neap/detail/object.hpp"
#include "neap/value.hpp"

#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>

namespace neap {

namespace detail {

/// A result type and the types of the parameters.
template <class R, class... P>
struct Signature {};

/// The signature of what can be called in one way; of a pointer to a member, with the object as the first parameter.
template <class F>
struct SignatureOf;

// NOLINTBEGIN(bugprone-macro-parentheses): qualifiers are no expression
#define NEAP_SIGNATURE(qualifiers)                         \
  template <class T, class R, class... P>                  \
  struct SignatureOf<R (T::*)(P...) qualifiers> {          \
    using Type = Signature<R, qualifiers T&, P...>;        \
    using WithoutObject = Signature<R, P...>;              \
  };                                                       \
  template <class T, class R, class... P>                  \
  struct SignatureOf<R (T::*)(P...) qualifiers noexcept> { \
    using Type = Signature<R, qualifiers T&, P...>;        \
    using WithoutObject = Signature<R, P...>;              \
  };
NEAP_SIGNATURE()
NEAP_SIGNATURE(const)
#undef NEAP_SIGNATURE
// NOLINTEND(bugprone-macro-parentheses)

template <class R, class... P>
struct SignatureOf<R (*)(P...)> {
  using Type = Signature<R, P...>;
};
template <class R, class... P>
struct SignatureOf<R (*)(P...) noexcept> {
  using Type = Signature<R, P...>;
};

template <class F>
concept HasCallOperator = std::is_class_v<F> && requires {
  &F::operator();
};

template <HasCallOperator F>
struct SignatureOf<F> {
  using Type = typename SignatureOf<decltype(&F::operator())>::WithoutObject;
};

template <class F>
using SignatureType = typename SignatureOf<std::decay_t<F>>::Type;

/// The number of the argument of Lua's that the parameter at `position` is made from.
template <class... P>
constexpr int argument_number(std::size_t position) {
  const bool from_lua[] = {Parameter<P>::from_lua..., false};
  int number = 1;
  for (std::size_t i = 0; i < position; ++i) number += from_lua[i] ? 1 : 0;
  return number;
}

/// Gives Lua what a function returned as an R: a reference to an object as one, any other reference as a copy.
template <class R>
void deliver(Call& call, R&& result) {
  using T = std::remove_cvref_t<R>;
  if constexpr (IsObject<T> && std::is_lvalue_reference_v<R> && !std::is_const_v<std::remove_reference_t<R>>) {
    deliver_reference(call, std::make_unique<Object>(kTypeTag<T>, &result));
  } else if constexpr (std::is_lvalue_reference_v<R> || std::is_const_v<std::remove_reference_t<R>>) {
    Result<T>::deliver(call, T(result));
  } else {
    Result<T>::deliver(call, std::forward<R>(result));
  }
}

/// True when the arguments of the call look like these parameters.
template <class R, class... P>
bool accepts_call(Call& call, [[maybe_unused]] bool exactly, Signature<R, P...>) {
  int number = 0;
  [[maybe_unused]] const auto fits = [&]<class Q>(std::type_identity<Q>) {
    if constexpr (!Parameter<Q>::from_lua) {
      return true;
    } else if constexpr (requires(const Reader& from) { Convert<std::remove_cvref_t<Q>>::read(from); }) {
      return detail::accepts<std::remove_cvref_t<Q>>(call.argument(++number), exactly);
    } else {
      ++number;
      return true;
    }
  };
  return (fits(std::type_identity<P>()) && ...) && call.argument_count() <= number;
}

/// Calls `function` with parameters of the types P, made from the call, and delivers what it returns.
template <class R, class... P, class F, std::size_t... positions>
void invoke_with(Call& call, F& function, std::index_sequence<positions...>) {
  // Braces: the arguments are read from left to right.
  std::tuple<decltype(Parameter<P>::read(call, 0))...> parameters{
      Parameter<P>::read(call, argument_number<P...>(positions))...};
  if constexpr (std::is_void_v<R>) {
    std::invoke(function, pass<P>(std::get<positions>(parameters))...);
  } else {
    deliver<R>(call, std::invoke(function, pass<P>(std::get<positions>(parameters))...));
  }
}

template <class F, class R, class... P>
void invoke_as(Call& call, F& function, Signature<R, P...>) {
  invoke_with<R, P...>(call, function, std::index_sequence_for<P...>());
}

template <class R, class... P>
constexpr bool signature_waits(Signature<R, P...>) {
  if constexpr (!std::is_void_v<R>) {
    if (waits<Result<std::remove_cvref_t<R>>>()) return true;
  }
  return (waits<Parameter<P>>() || ...);
}

template <class F>
class FunctionCallable final : public Callable {
 public:
  FunctionCallable(std::string name, F function, bool method)
      : Callable(std::move(name), method),
        function_(std::move(function)) {}
  void invoke(Call& call) override { invoke_as(call, function_, SignatureType<F>()); }
  [[nodiscard]] bool waits() const noexcept override { return signature_waits(SignatureType<F>()); }
  [[nodiscard]] bool accepts(Call& call, bool exactly) const override {
    return accepts_call(call, exactly, SignatureType<F>());
  }

 private:
  F function_;
};

/// True for a null pointer, and for a std::function that is empty.
template <class F>
bool is_empty(const F& function) {
  if constexpr (std::is_pointer_v<F> || std::is_member_pointer_v<F> || requires(const F& f) { f.target_type(); }) {
    return function == nullptr;
  } else {
    return false;
  }
}

NEAP_API std::string empty_function_message(const std::string& name);

/// Throws std::invalid_argument for an empty function.
template <class F>
std::unique_ptr<Callable> make_callable(std::string name, F&& function, bool method = false) {
  if (is_empty<std::decay_t<F>>(function)) throw std::invalid_argument(empty_function_message(name));
  return std::make_unique<FunctionCallable<std::decay_t<F>>>(std::move(name), std::forward<F>(function), method);
}

NEAP_API Function make_function(Host& host, std::unique_ptr<Callable> callable);

/// Makes a function of Lua's; `name` is what messages call it. Throws std::bad_alloc, Closed, WrongThread, and
/// std::invalid_argument for an empty function.
template <class F>
Function make_function(Host& host, std::string name, F&& function) {
  return make_function(host, make_callable(std::move(name), std::forward<F>(function)));
}

template <class F>
concept PlainFunction = std::is_function_v<std::remove_pointer_t<F>> && std::is_pointer_v<F>;

}  // namespace detail

/// Any callable, on its way to Lua.
template <class F>
requires detail::PlainFunction<F> ||(detail::HasCallOperator<F> && !detail::HasFields<F>)struct Convert<F> {
  template <class Given>
  static void write(Writer& to, Given&& function) {
    to.callable(detail::make_callable("", std::forward<Given>(function)));
  }
};

/// Both ways. What is read calls the function of Lua's, as neap::Function does; an empty one is nil.
template <class R, class... P>
struct Convert<std::function<R(P...)>> {
  static void write(Writer& to, std::function<R(P...)> function) {
    function ? to.callable(detail::make_callable("", std::move(function))) : to.nil();
  }
  static std::function<R(P...)> read(const Reader& from) {
    return [function = Convert<Function>::read(from)](P... arguments) -> R {
      return function.call<R>(std::forward<P>(arguments)...);
    };
  }
  static bool accepts(const Reader& from) { return from.kind() == Kind::function; }
  static std::string name() { return "function"; }
};

}  // namespace neap
