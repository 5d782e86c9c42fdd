// Modules made of C++, for `require`.
//
//   interpreter.add(neap::Module("game").value("version", 3).function("spawn", &spawn).add(neap::Class<Vec>("Vec")...));
//
//   local game = require "game"
#pragma once

#include "neap/class.hpp"
#include "neap/function.hpp"

#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace neap {

namespace detail {

/// What neap::Module collects: each name with one value, or a class.
struct ModuleParts {
  std::string name;
  std::vector<std::pair<std::string, std::variant<Writer, ClassParts>>> members;
};

/// Makes the module's table, and has `require` find it. Throws what add_class does, and Error.
NEAP_API Table add_module(Host& host, ModuleParts&& parts);

}  // namespace detail

/// Describes a module, member by member; then the interpreter takes it. Thread: any, one at a time; the functions throw
/// std::bad_alloc. A module that was there under the name is replaced.
class Module {
 public:
  explicit Module(std::string name) { parts_.name = std::move(name); }

  /// `module.name(...)`: see neap/function.hpp.
  template <class F>
  Module&& function(const std::string& name, F callable) && {
    Writer writer;
    writer.callable(detail::make_callable(parts_.name + "." + name, std::move(callable)));
    parts_.members.emplace_back(name, std::move(writer));
    return std::move(*this);
  }
  /// `module.name`. Throws ConversionError.
  template <class T>
  Module&& value(const std::string& name, T&& given) && {
    Writer writer;
    writer.write(std::forward<T>(given));
    parts_.members.emplace_back(name, std::move(writer));
    return std::move(*this);
  }
  /// `module.Name`. Bases before what derives from them.
  template <class T>
  Module&& add(Class<T>&& type) && {
    std::string name = type.name();
    parts_.members.emplace_back(std::move(name), std::move(type).take());
    return std::move(*this);
  }

  [[nodiscard]] const std::string& name() const noexcept { return parts_.name; }
  [[nodiscard]] detail::ModuleParts take() && { return std::move(parts_); }

 private:
  detail::ModuleParts parts_;
};

}  // namespace neap
