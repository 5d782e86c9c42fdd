#include "neap/remote.hpp"

#include "interp/embed/host.hpp"
#include "neap/interpreter.hpp"

#include <utility>

namespace neap {

namespace detail {

std::exception_ptr closed_before_result() {
  return std::make_exception_ptr(Closed("the interpreter was destroyed before there was a result"));
}

namespace {

/// Somebody outside may bring work until the pointer is gone.
std::shared_ptr<const void> hold(const std::shared_ptr<Host>& host) {
  if (!host->hold()) return nullptr;
  const auto release = [host](const void*) {
    try {
      host->post([host = host.get()] { host->inside().loop().release(); });
    } catch (const std::bad_alloc&) {
      if (host->on_own_thread() && !host->closed()) host->inside().loop().release();
    }
  };
  return {host.get(), release};
}

}  // namespace

RemoteCall::RemoteCall(std::shared_ptr<Host> host, std::string function)
    : host_(std::move(host)),
      function_(std::move(function)) {}

RemoteCall::~RemoteCall() = default;

void RemoteCall::start() {
  if (host_ == nullptr) return;
  host_->post([self = shared_from_this()] { self->run(*self->host_->interpreter); });
}

void RemoteCall::stop() {
  host_->post([self = shared_from_this()] {
    self->stopped_ = true;
    if (self->task_) self->task_.cancel();
  });
}

void RemoteCall::run(Interpreter& interpreter) {
  try {
    if (stopped_) throw Cancelled();
    task_ = interpreter.spawn_packed(interpreter.find(function_), arguments);
    task_.on_done([self = shared_from_this()](const Task& task) {
      self->ended(&task, nullptr);
      self->task_ = Task();
    });
  } catch (...) {
    ended(nullptr, std::current_exception());
  }
}

}  // namespace detail

Remote::Remote(std::shared_ptr<detail::Host> host) : host_(std::move(host)), hold_(detail::hold(host_)) {}

void Remote::stop() const {
  post([](Interpreter& interpreter) { interpreter.stop(); });
}

bool Remote::closed() const { return host_ == nullptr || host_->closed(); }

bool Remote::post(std::function<void(Interpreter&)> work) const {
  if (host_ == nullptr) return false;
  return host_->post([host = host_.get(), work = std::move(work)] {
    try {
      work(*host->interpreter);
    } catch (...) {
      host->report_exception("an error in work that another thread has posted");
    }
  });
}

}  // namespace neap
