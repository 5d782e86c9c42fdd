// A C++ function that Lua calls, seen from inside: the arguments, the results, and the two points where types join in.
#pragma once

#include "neap/detail/reader.hpp"
#include "neap/detail/writer.hpp"

#include <string>
#include <tuple>
#include <type_traits>
#include <utility>

namespace neap::detail {

/// What a function has begun and will answer later: see interp/embed/operation.hpp.
class Operation;

/// One call. Thread: the interpreter's. It ends when the C++ function has returned.
class NEAP_API Call {
 public:
  /// `self`: 1 for a method, whose first argument is the object, else 0.
  Call(State* L, int argument_count, int self = 0) noexcept : L_(L), argument_count_(argument_count), self_(self) {}
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;

  [[nodiscard]] State* state() const noexcept { return L_; }
  [[nodiscard]] Host& host() const noexcept;
  [[nodiscard]] int argument_count() const noexcept { return argument_count_; }
  /// From 1 on; one that was not given is nil.
  [[nodiscard]] Reader argument(int number) const noexcept {
    return {L_, number <= argument_count_ ? number : 0, Reader::Place::argument, number - self_};
  }
  /// What the function returns.
  [[nodiscard]] Writer& results() noexcept { return results_; }

  /// Set by a function that answers later: the last thing that the call does is to wait for it.
  Operation* operation = nullptr;

 private:
  State* const L_;
  const int argument_count_;
  const int self_;
  Writer results_;
};

/// How a parameter of the declared type P is made from the call. The primary template reads the next argument of Lua's;
/// a specialisation with `from_lua = false` takes none, and its `index` means nothing. One with `waits = true`, of this
/// or of Result, sets `Call::operation`.
template <class P>
struct Parameter {
  static constexpr bool from_lua = true;  // NOLINT(readability-identifier-naming)
  static decltype(auto) read(Call& call, int index) {
    return Convert<std::remove_cvref_t<P>>::read(call.argument(index));
  }
};

/// How a result of the type R is given to Lua. The primary template writes it to the results of the call.
template <class R>
struct Result {
  static void deliver(Call& call, R&& result) { call.results().write(std::forward<R>(result)); }
};

/// Several results.
template <class... R>
struct Result<std::tuple<R...>> {
  static void deliver(Call& call, std::tuple<R...>&& results) {
    std::apply([&](auto&&... result) { (call.results().write(std::forward<decltype(result)>(result)), ...); },
               std::move(results));
  }
};

template <class Trait>
constexpr bool waits() {  // NOLINT(readability-identifier-naming)
  if constexpr (requires { Trait::waits; }) return Trait::waits;
  return false;
}

/// A C++ function that Lua owns, whatever its type.
class NEAP_API Callable : public Payload {
 public:
  explicit Callable(std::string name, bool method = false) : name_(std::move(name)), method_(method) {}
  /// Reads the arguments, runs the function, and delivers its result. May throw anything.
  virtual void invoke(Call& call) = 0;
  /// True for a function that answers later: it is begun only where its caller can wait.
  [[nodiscard]] virtual bool waits() const noexcept { return false; }
  /// What messages call it; empty for a function without a name.
  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  /// True when the first argument is the object, which messages call "self".
  [[nodiscard]] bool is_method() const noexcept { return method_; }
  /// True when the number of arguments and their types look right, so that `invoke` is worth a try.
  [[nodiscard]] virtual bool accepts(Call& /*call*/, bool /*exactly*/) const { return true; }

 private:
  const std::string name_;
  const bool method_;
};

}  // namespace neap::detail
