// The sandbox of an interpreter, and what decides in it.
//
// Sandbox is what a host or the command line asks for: a value. Permissions is what a sandboxed interpreter has;
// without a sandbox it has none, and every gate is one test of a pointer (see gate.hpp).
//
// Owner: the interpreter, and jobs on pool threads as long as they run. Any thread may ask.
//
// Invariants
//  1. What is granted only ever becomes less: `narrow` keeps what was granted and is in its argument.
//  2. A worker's Permissions have those of the interpreter that started it above them. Something is allowed when all
//     of them allow it, so that what one loses its workers lose too, at once.
#pragma once

#include "stdlib/permissions/grants.hpp"

#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>

namespace neap::internal {

struct Sandbox {
  bool enabled = false;
  Grants grants;
  /// The directory of the script, where `require` looks; empty: there is none.
  std::string script_directory;
};

class Permissions : public std::enable_shared_from_this<Permissions> {
 public:
  Permissions(Sandbox sandbox, std::shared_ptr<const Permissions> above)
      : sandbox_(std::move(sandbox)),
        above_(std::move(above)),
        granted_(std::make_shared<const Grants>(sandbox_.grants)) {}

  /// True when the value is granted.
  [[nodiscard]] bool allows(Permission kind, std::string_view value) const;
  /// True when the whole kind is granted.
  [[nodiscard]] bool allows_all(Permission kind) const;
  /// True when anything of the kind is granted.
  [[nodiscard]] bool allows_some(Permission kind) const;

  /// From now on the address is known to be one of the host, which was allowed to be looked up.
  void learn(const std::string& address, const std::string& host) const;
  /// True when the numeric address, or a host that it is known to be of, is granted with the port.
  [[nodiscard]] bool allows_address(const std::string& address, int port) const;
  /// True when the host may be looked up: it is granted with some port.
  [[nodiscard]] bool allows_name(std::string_view host) const;

  void narrow(const Grants& wanted);
  /// What is allowed now, those above taken into account.
  [[nodiscard]] Grants effective() const;

  [[nodiscard]] const Sandbox& sandbox() const { return sandbox_; }

 private:
  [[nodiscard]] std::shared_ptr<const Grants> granted() const;

  const Sandbox sandbox_;
  const std::shared_ptr<const Permissions> above_;
  mutable std::mutex mutex_;
  std::shared_ptr<const Grants> granted_;
  mutable std::map<std::string, std::set<std::string>> hosts_;  // by numeric address
};

}  // namespace neap::internal
