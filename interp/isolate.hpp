// Interpreters for worker threads.
#pragma once

#include "interp/interpreter.hpp"
#include "stdlib/thread/isolate.hpp"

namespace neap::internal {

/// Makes interpreters with the options of another; their clocks are real ones.
class InterpreterFactory : public stdlib::thread::IsolateFactory {
 public:
  /// `permissions` are those of the interpreter whose workers they are; null without a sandbox.
  InterpreterFactory(InterpreterOptions options, std::shared_ptr<const Permissions> permissions);

  [[nodiscard]] std::unique_ptr<stdlib::thread::Isolate> make() const override;

 private:
  InterpreterOptions options_;
};

}  // namespace neap::internal
