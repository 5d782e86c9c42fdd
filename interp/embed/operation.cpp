#include "interp/embed/operation.hpp"

#include "interp/embed/call.hpp"
#include "interp/embed/host.hpp"
#include "neap/completion.hpp"
#include "runtime/lua/continuation.hpp"
#include "runtime/lua/error.hpp"
#include "runtime/lua/userdata.hpp"
#include "runtime/task/park.hpp"

#include <exception>
#include <new>
#include <utility>

namespace neap::detail {

namespace {

using internal::Scheduler;
using internal::Task;
using internal::UserdataType;
using internal::WaitKind;
using internal::WakeReason;

constexpr UserdataType kWaitType{"Operation"};

/// The task's side of the wait: a userdata on its stack.
class TaskWaiter final : public OperationWaiter {
 public:
  explicit TaskWaiter(OperationRef<Operation> operation) : operation_(std::move(operation)) {}
  ~TaskWaiter() override {
    stop();
    // Nobody will ask for what it gives. A coroutine of C++'s ends with the reference.
    if (!operation_->ended() && operation_->from_outside()) operation_->cancel();
  }

  [[nodiscard]] Operation& operation() const { return *operation_; }

  void wait(Scheduler& scheduler, Task& task) {
    scheduler_ = &scheduler;
    task_ = &task;
    operation_->waiter = this;
    if (operation_->from_outside()) scheduler.loop().hold();
  }
  void stop() {
    if (task_ == nullptr) return;
    task_ = nullptr;
    operation_->waiter = nullptr;
    if (operation_->from_outside()) scheduler_->loop().release();
  }

  void told() override {
    Task& task = *task_;
    stop();
    scheduler_->wake(task);
  }
  [[nodiscard]] bool at_once() const override { return true; }

 private:
  OperationRef<Operation> operation_;
  Scheduler* scheduler_ = nullptr;
  Task* task_ = nullptr;  // null while nobody waits
};

/// Pushes the results, or the error: how many results there are, or -1.
int push_outcome(lua_State* L, Operation& operation) noexcept {
  try {
    if (operation.error) std::rethrow_exception(operation.error);
    Writer results;
    operation.write(results);
    return push(L, results);
  } catch (...) {
    push_exception(L, "");
    return -1;
  }
}

int answer(lua_State* L, Operation& operation) {
  const int count = push_outcome(L, operation);
  if (count < 0) internal::raise_value(L);
  return count;
}

int collect_waiter(lua_State* L) {
  static_cast<TaskWaiter*>(lua_touserdata(L, 1))->~TaskWaiter();
  return 0;
}

void abandon(Scheduler&, Task& task) { static_cast<TaskWaiter*>(task.wait_object)->stop(); }

constexpr WaitKind kWait{abandon, "a C++ function"};

/// True when what the operation ended with is an error of its own, and not the cancellation.
bool failed_otherwise(const Operation& operation) noexcept {
  if (!operation.ended() || !operation.error) return false;
  try {
    std::rethrow_exception(operation.error);
  } catch (const Cancelled&) {
    return false;
  } catch (...) {
    return true;
  }
}

int operation_ended(lua_State* L, int, lua_KContext waiter) {
  Operation& operation = static_cast<TaskWaiter*>(lua_touserdata(L, static_cast<int>(waiter)))->operation();
  Task& task = *internal::scheduler_of(L).current();
  if (task.wake_reason != WakeReason::granted) {
    operation.cancel();
    if (failed_otherwise(operation)) task.wake_reason = WakeReason::granted;
  }
  internal::finish_wait(L);
  return answer(L, operation);
}

/// operation, a light userdata -> the TaskWaiter.
int new_waiter(lua_State* L) {
  push_waiter(L, static_cast<Operation*>(lua_touserdata(L, 1)));
  return 1;
}

int await_waiter(lua_State* L, int index) {
  auto& waiter = *static_cast<TaskWaiter*>(lua_touserdata(L, index));
  if (waiter.operation().ended()) return answer(L, waiter.operation());
  Task& task = internal::check_can_wait(L, kWait.name);
  waiter.wait(internal::scheduler_of(L), task);
  return internal::park(L, task, kWait, &waiter, internal::bound_continuation<operation_ended>, index);
}

}  // namespace

void push_waiter(lua_State* L, Operation* operation) {
  if (lua_rawgetp(L, LUA_REGISTRYINDEX, &kWaitType) == LUA_TNIL) {
    internal::new_type(L, kWaitType);
    lua_pushcfunction(L, collect_waiter);
    lua_setfield(L, -2, "__gc");
    lua_pop(L, 1);
  }
  void* block = lua_newuserdatauv(L, sizeof(TaskWaiter), 0);
  internal::set_type(L, kWaitType);
  operation->retain();
  new (block) TaskWaiter(OperationRef<Operation>(operation));
}

Operation::Operation(std::shared_ptr<Host> host) : host_(std::move(host)) {}

Operation::~Operation() = default;

void Operation::release() noexcept {
  if (references_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
}

void Operation::complete() noexcept {
  if (host_->on_own_thread() && (waiter == nullptr || waiter->at_once())) return tell();
  retain();
  OperationRef<Operation> self(this);
  try {
    host_->post([self] { self->tell(); });
  } catch (const std::bad_alloc&) {
    if (!host_->on_own_thread()) std::terminate();  // who waits could never be told
    tell();
  }
}

void Operation::tell() noexcept {
  ended_ = true;
  if (OperationWaiter* told = std::exchange(waiter, nullptr)) told->told();
}

std::shared_ptr<Host> share(Host& host) { return host.shared_from_this(); }

void PendingBase::on_cancel(std::function<void()> callback) {
  {
    const std::lock_guard lock(mutex_);
    if (!cancelled()) {
      on_cancel_ = std::move(callback);
      return;
    }
  }
  if (callback) callback();
}

void PendingBase::cancel() noexcept {
  if (!claim()) return;
  try {
    throw Cancelled();
  } catch (...) {
    error = std::current_exception();
  }
  std::function<void()> callback;
  {
    const std::lock_guard lock(mutex_);
    cancelled_.store(true, std::memory_order_release);
    callback = std::move(on_cancel_);
  }
  complete();
  if (!callback) return;
  try {
    callback();
  } catch (...) {
    host().report_exception("an error in what Completion::on_cancel was given");
  }
}

std::exception_ptr dropped_completion() {
  try {
    throw Error("RuntimeError", "the C++ function has dropped its Completion, without `resolve` or `reject`");
  } catch (...) {
    return std::current_exception();  // or that there is no memory for it
  }
}

void check_can_await(lua_State* L, const char* what) { internal::check_can_wait(L, what); }

int await_operation(lua_State* L, Operation* operation) {
  lua_pushcfunction(L, new_waiter);
  lua_pushlightuserdata(L, operation);
  const int status = lua_pcall(L, 1, 1, 0);
  operation->release();
  if (status != LUA_OK) return lua_error(L);
  return await_waiter(L, lua_gettop(L));
}

int begin_operation(lua_State* L, int index) {
  static_cast<TaskWaiter*>(lua_touserdata(L, index))->operation().begin();
  return await_waiter(L, index);
}

}  // namespace neap::detail
