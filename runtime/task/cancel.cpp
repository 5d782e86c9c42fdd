// Scheduler: asking tasks to end.
#include "runtime/lua/error.hpp"
#include "runtime/task/future.hpp"
#include "runtime/task/scheduler.hpp"

namespace neap::internal {

void Scheduler::interrupt_wait(Task& task, WakeReason reason) {
  task.wait->abandon(*this, task);
  task.wake_reason = reason;
  make_ready(task);
}

Future* Scheduler::forward_cancel(lua_State* L, Task& task) {
  lua_pushvalue(task.parked_on, 1);
  lua_xmove(task.parked_on, L, 1);
  return static_cast<Future*>(lua_touserdata(L, -1));
}

bool Scheduler::cancel(lua_State* L, Task& first, CancelSource source) {
  const int message = lua_gettop(L);
  if (first.done()) {
    lua_pop(L, 1);
    return false;
  }
  luaL_checkstack(L, LUA_MINSTACK, "cancel");
  const EssentialMemory essential(memory_);  // the marks must be taken off
  // A task that awaits another passes the request on, along the whole chain; `visited` finds a circle.
  Task* task = &first;
  for (;;) {
    if (source == kFromScope && task == &first) {
      ++task->cancel_requests;
      ++task->scope_requests;
    } else if (task->outside_requests() < kMostRequests) {
      ++task->cancel_requests;
    }
    task->visited = true;
    if (sweeping_) task->sweep = sweeps_;
    if (!lua_isnil(L, message)) {
      push_task(L, *task);
      lua_pushvalue(L, message);
      set_extra(L, -2, "cancel_message");
      lua_settop(L, message);
    }
    if (task->task_state != TaskState::parked) {
      if (task->task_state == TaskState::ready && task->interruptible) {
        task->wake_reason = WakeReason::cancelled;
      } else if (task->task_state != TaskState::ready || task->wake_reason != WakeReason::cancelled) {
        task->must_cancel |= task == &first ? source : kFromOutside;
      }
      break;
    }
    if (!task->wait->forwards_cancel) {
      interrupt_wait(*task, WakeReason::cancelled);
      break;
    }
    Future* target = forward_cancel(L, *task);
    if (target->kind == FutureKind::future) {
      lua_pushvalue(L, message);
      neap::internal::cancel_future(L, *this, -2);
      break;
    }
    lua_settop(L, message);
    auto* next = static_cast<Task*>(target);
    if (next->visited) {
      interrupt_wait(*task, WakeReason::cancelled);
      break;
    }
    if (sweeping_ && next->sweep == sweeps_) break;  // a request has gone on from there
    task = next;
  }
  // The same chain again, to take the marks off; what was woken meanwhile still names what it awaited.
  for (Task* marked = &first; marked != nullptr && marked->visited;) {
    marked->visited = false;
    const bool awaits = marked != task && marked->wait != nullptr && marked->wait->forwards_cancel;
    marked = awaits ? static_cast<Task*>(static_cast<Future*>(marked->wait_object)) : nullptr;
  }
  lua_settop(L, message - 1);
  return true;
}

void Scheduler::cancel_list(lua_State* L) {
  const EssentialMemory essential(memory_);
  const int list = lua_gettop(L);
  const auto count = static_cast<lua_Integer>(lua_rawlen(L, list));
  ++sweeps_;
  sweeping_ = true;
  for (lua_Integer i = 1; i <= count; ++i) {
    lua_rawgeti(L, list, i);
    Future* future = to_future(L, -1);
    lua_pushnil(L);
    if (future->kind == FutureKind::task) {
      if (auto& task = static_cast<Task&>(*future); task.sweep != sweeps_) cancel(L, task);
    } else if (!future->done()) {
      neap::internal::cancel_future(L, *this, -2);
    }
    lua_settop(L, list);
  }
  sweeping_ = false;
  lua_pop(L, 1);
}

void Scheduler::interrupt(lua_State* L, Task& task) {
  const EssentialMemory essential(memory_);
  push_task(L, task);
  lua_insert(L, -2);
  set_extra(L, -2, "injected");
  lua_pop(L, 1);
  interrupt_wait(task, WakeReason::injected);
}

}  // namespace neap::internal
