#include "neap/task.hpp"

#include "interp/embed/host.hpp"
#include "interp/embed/protect.hpp"
#include "interp/embed/task.hpp"
#include "neap/function.hpp"
#include "neap/lua.hpp"
#include "runtime/task/task.hpp"

#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace neap {

namespace detail {

namespace {

using internal::Future;

Host* host_of(const Task& task) { return task.value().host(); }

void check_stands(const Task& task, const char* what) {
  if (!task) throw InvalidState(std::string(what) + ": this handle stands for no task");
}

/// To share. Throws InvalidState, and std::invalid_argument when it is not the one given.
std::shared_ptr<Host> checked_host(const Task& task, const Host& expected) {
  check_stands(task, "waiting for a task");
  if (host_of(task) != &expected) throw std::invalid_argument("a task of another interpreter cannot be awaited");
  return share(*host_of(task));
}

/// The Future behind the handle, which keeps it. Throws InvalidState, Closed and WrongThread.
Future& future_of(const Task& task, const char* what) {
  check_stands(task, what);
  Host& host = *host_of(task);
  host.check(what);
  lua_State* L = host.running();
  push(L, task.value());
  Future* future = internal::to_future(L, -1);
  lua_pop(L, 1);
  return *future;
}

/// Ends when a task does, and keeps it.
class TaskOperation final : public Operation, public internal::FutureHook {
 public:
  TaskOperation(Task task, const Host& expected) : Operation(checked_host(task, expected)), task_(std::move(task)) {
    Future& future = future_of(task_, "waiting for a task");
    future.retrieved = true;  // who waits gets the error
    if (future.done()) {
      if (claim()) complete();
      return;
    }
    FutureHook::ended = [](internal::Scheduler&, FutureHook& hook) {
      auto& self = static_cast<TaskOperation&>(hook);
      if (self.claim()) self.complete();
    };
    future.waiters.push_back(*this);
  }
  ~TaskOperation() override {
    if (linked()) unlink();
  }

  void write(Writer&) override {}
  void cancel() noexcept override {
    if (claim()) task_.cancel();
  }

 private:
  Task task_;
};

}  // namespace

Results results_of(const Task& task) {
  Future& future = future_of(task, "result");
  if (!future.done()) throw InvalidState("result: the task is not done");
  lua_State* L = host_of(task)->running();
  const int base = lua_gettop(L);
  push(L, task.value());
  protect(*host_of(task), 1, LUA_MULTRET, [](lua_State* state) { return internal::push_result_or_raise(state, 1); });
  return {opaque(L), base, lua_gettop(L) - base};
}

OperationRef<Operation> watch(const Task& task, const Host& host) {
  return OperationRef<Operation>(new TaskOperation(task, host));
}

internal::Task* inner_task(const Task& task) {
  Future& future = future_of(task, "run_until");
  return future.kind == internal::FutureKind::task ? static_cast<internal::Task*>(&future) : nullptr;
}

}  // namespace detail

namespace {

/// Calls the method with the values on the top of the stack, the first of which is the object: leaves its first result.
lua_State* call_method(detail::Host& host, const char* name, int count) {
  return detail::protect(host, count, 1, [name, count](lua_State* L) {
    lua_getfield(L, 1, name);
    lua_insert(L, 1);
    lua_call(L, count, 1);
    return 1;
  });
}

}  // namespace

Task::Task(Value value) : value_(std::move(value)) {
  if (value_.host() == nullptr) throw ConversionError("expected a Task, got " + value_.type_name());
  detail::Host& host = *value_.host();
  host.check("Task");
  lua_State* L = host.running();
  push(L, value_);
  const bool fits = internal::to_future(L, -1) != nullptr;
  lua_pop(L, 1);
  if (!fits) throw ConversionError("expected a Task, got " + value_.type_name());
}

bool Task::done() const {
  if (value_.host() != nullptr && value_.host()->closed()) return true;
  return detail::future_of(*this, "done").done();
}

bool Task::cancelled() const {
  if (value_.host() != nullptr && value_.host()->closed()) return false;
  return detail::future_of(*this, "cancelled").state == internal::FutureState::cancelled;
}

bool Task::cancel(std::string_view message) const {
  if (done()) return false;
  detail::Host& host = *value_.host();
  lua_State* L = host.running();
  Writer arguments;
  arguments.value(value_);
  if (message.empty()) {
    arguments.nil();
  } else {
    arguments.string(message);
  }
  detail::push(L, arguments);
  call_method(host, "cancel", 2);
  const bool asked = lua_toboolean(L, -1) != 0;
  lua_pop(L, 1);
  return asked;
}

void Task::retrieve() const { detail::future_of(*this, "retrieve").retrieved = true; }

std::string Task::name() const {
  (void)detail::future_of(*this, "name");
  lua_State* L = value_.host()->running();
  push(L, value_);
  call_method(*value_.host(), "get_name", 1);
  std::string name = lua_tostring(L, -1);
  lua_pop(L, 1);
  return name;
}

void Task::set_name(std::string_view name) const {
  (void)detail::future_of(*this, "set_name");
  Writer arguments;
  arguments.value(value_);
  arguments.string(name);
  lua_State* L = value_.host()->running();
  detail::push(L, arguments);
  call_method(*value_.host(), "set_name", 2);
  lua_pop(L, 1);
}

void Task::on_done(std::function<void(const Task&)> callback) const {
  (void)detail::future_of(*this, "on_done");
  if (!callback) throw std::invalid_argument("on_done: the callback is empty");
  Writer arguments;
  arguments.value(value_);
  arguments.write([callback = std::move(callback)](Value task) { callback(Task(std::move(task))); });
  detail::push(value_.host()->running(), arguments);
  lua_pop(call_method(*value_.host(), "add_done_callback", 2), 1);
}

}  // namespace neap
