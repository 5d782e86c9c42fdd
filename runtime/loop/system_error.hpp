// What errors of the system are called. libuv knows most of them; those it does not (EDQUOT, ESTALE, ...) have the C
// library's names, where that has any.
#pragma once

#include <stdexcept>
#include <string>

namespace neap::internal {

/// "ENOENT" for libuv's code, which is errno's value negated or a number of libuv's own. Never null, never freed.
const char* system_error_name(int code);
/// "no such file or directory"; valid until the thread's next call.
const char* system_error_text(int code);

/// The system refuses what a loop consists of.
class SystemFailure : public std::runtime_error {
 public:
  SystemFailure(const std::string& what, int code)
      : std::runtime_error(what + ": " + system_error_text(code)),
        code_(code) {}
  [[nodiscard]] int code() const { return code_; }

 private:
  int code_;
};

}  // namespace neap::internal
