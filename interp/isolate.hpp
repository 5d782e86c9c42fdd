// Interpreters for worker threads.
#pragma once

#include "interp/interpreter.hpp"
#include "stdlib/thread/isolate.hpp"

namespace neap::internal {

/// Makes interpreters with the options of another; their clocks are real ones.
class InterpreterFactory : public stdlib::thread::IsolateFactory {
 public:
  explicit InterpreterFactory(InterpreterOptions options);

  [[nodiscard]] std::unique_ptr<stdlib::thread::Isolate> make() const override;

 private:
  InterpreterOptions options_;
};

}  // namespace neap::internal
