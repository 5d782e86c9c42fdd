#include "interp/isolate.hpp"

#include "interp/report.hpp"

#include <utility>

namespace neap::internal {

namespace {

class InterpreterIsolate : public stdlib::thread::Isolate {
 public:
  explicit InterpreterIsolate(const InterpreterOptions& options) : interpreter_(options) {
    interpreter_.scheduler().set_default_handler(report_context);
  }

  lua_State* state() override { return interpreter_.state(); }
  Scheduler& scheduler() override { return interpreter_.scheduler(); }

 private:
  Interpreter interpreter_;
};

}  // namespace

InterpreterFactory::InterpreterFactory(InterpreterOptions options, std::shared_ptr<const Permissions> permissions)
    : options_(std::move(options)) {
  options_.virtual_clock = false;
  options_.uv_loop = nullptr;
  options_.permissions_above = std::move(permissions);
}

std::unique_ptr<stdlib::thread::Isolate> InterpreterFactory::make() const {
  return std::make_unique<InterpreterIsolate>(options_);
}

}  // namespace neap::internal
