// Test files in a directory of their own, run by the real `neap test`.
#pragma once

#include "tests/support/process.hpp"

#include <catch2/catch_test_macros.hpp>

#include <memory>
#include <string>
#include <vector>

namespace neap::internal::tests {

/// At the head of a test of the watchdog, whose signal must stop code that never waits.
inline void needs_watchdog() {
#ifdef __SANITIZE_THREAD__
  SKIP("the sanitizer holds a signal back until the program makes a system call");
#endif
}

class Suite {
 public:
  Suite() = default;
  /// With the text as a_test.lua, behind the usual locals.
  explicit Suite(const std::string& text) { add("a_test.lua", text); }

  /// The locals are on the file's first line, so that the text begins on line 2.
  void add(const std::string& name, const std::string& text) const {
    scratch_->write(name,
                    "local t = require 'neap.test' local test, describe, expect, fs = t.test, t.describe, t.expect, "
                    "require 'neap.fs'\n" +
                        text);
  }
  void add_raw(const std::string& name, const std::string& text) const { scratch_->write(name, text); }

  /// neap test ARGUMENTS in the directory.
  [[nodiscard]] ProcessResult run(std::vector<std::string> arguments = {}, const ProcessOptions& options = {}) const {
    arguments.insert(arguments.begin(), "test");
    return neap(arguments, options);
  }
  /// neap ARGUMENTS in the directory.
  [[nodiscard]] ProcessResult neap(const std::vector<std::string>& arguments, ProcessOptions options = {}) const {
    options.cwd = scratch_->path();
    return run_neap(arguments, options);
  }
  [[nodiscard]] const std::string& path() const { return scratch_->path(); }

 private:
  std::unique_ptr<ScratchDirectory> scratch_ = std::make_unique<ScratchDirectory>();
};

inline bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

/// The last line, without the seconds: "2 passed, 1 failed".
inline std::string summary(const ProcessResult& result) {
  const std::size_t end = result.out.rfind(" in ");
  const std::size_t begin = result.out.rfind('\n', end);
  return end == std::string::npos ? std::string() : result.out.substr(begin + 1, end - begin - 1);
}

}  // namespace neap::internal::tests
