// Scheduler: asking tasks to end.
//
// A request goes on along awaits at once. A task that waits for several (gather, race, a group) is woken instead; it
// passes the request on to all of them, is their `owner`, and waits until they have ended, its own cleanup so to speak.
// It keeps the list of them as long: it is `ending`.
//
// Circles. Tasks can wait for each other, so that a request would come back to a task that passes it on, which would
// pass it on once more, for ever. The rule: where it would come to the owner, or to a task that is ending others and
// waits, by them, for the owner, it stops. A task that awaits that one is woken, with a CancelledError; an owner that
// has that one in its own list does not wait for it. Whoever is the last of a circle to pass the request on finds
// itself at the end of the others' waits: so no circle is left. Tasks outside circles are told what they always were.
//
// A group must wait for its children. It tells them always, and when it is asked once more those of them that wait for
// it. That ends too: a child is younger than the group, so in every circle there is a wait that is none of a group.
//
// A task that has begun to end others of its own accord (a race that was won) has not been asked itself. So a request
// that stops at it is delivered when that is done, unless it is what it has passed on itself.
//
// What it costs: a search is only needed where the request, or a newer one, has been before. `Task::wave` tells.
#include "runtime/lua/error.hpp"
#include "runtime/task/future.hpp"
#include "runtime/task/scheduler.hpp"

#include <algorithm>
#include <new>

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

void Scheduler::count_request(Task& task) {
  if (task.outside_requests() < kMostRequests) ++task.cancel_requests;
}

bool Scheduler::cancel(lua_State* L, Task& first, CancelSource source) {
  const int message = lua_gettop(L);
  if (first.done()) {
    lua_pop(L, 1);
    return false;
  }
  luaL_checkstack(L, LUA_MINSTACK, "cancel");
  const EssentialMemory essential(memory_);  // the marks must be taken off
  if (!sweeping_) wave_ = ++waves_;
  // A task that awaits another passes the request on, along the whole chain; `visited` finds a circle of awaits alone.
  Task* task = &first;
  for (;;) {
    if (source == kFromScope && task == &first) {
      ++task->cancel_requests;
      ++task->scope_requests;
    } else {
      count_request(*task);
    }
    task->visited = true;
    task->wave = std::max(task->wave, wave_);
    task->unasked = false;
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
    if (sweeping_ && next->sweep == sweeps_ && !next->visited) break;  // a request has gone on from there
    if (next->visited || closes_circle(L, *next)) {
      interrupt_wait(*task, WakeReason::cancelled);
      break;
    }
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

/// True when the request must not go on to `next`: that would wait for the owner, which is to wait for it.
bool Scheduler::closes_circle(lua_State* L, Task& next) {
  if (owner_ == nullptr) return false;
  if (&next == owner_) return true;
  if (!next.ending || next.wave < wave_) return false;
  if (waits_for(L, next, *owner_)) {
    if (next.unasked && next.wave != wave_) {  // it has to end itself, behind what it does now
      count_request(next);
      next.must_cancel |= kFromOutside;
      next.unasked = false;
    }
    return true;
  }
  wave_ = ++waves_;  // no circle: behind it nobody need search
  return false;
}

/// True when one of the tasks that `from` cannot end before is `whom`; also when there is no memory to find that out:
/// then the request stops here, rather than going round.
bool Scheduler::waits_for(lua_State* L, Task& from, const Task& whom) {
  const int top = lua_gettop(L);
  bool found = false;
  try {
    found = search_waits(L, from, whom);
  } catch (const std::bad_alloc&) {
    found = true;
    lua_settop(L, top);
  }
  for (Task* task : reached_) task->reached = false;
  reached_.clear();
  return found;
}

/// The search itself, which leaves its marks, and the list of those who have them. Throws std::bad_alloc.
bool Scheduler::search_waits(lua_State* L, Task& from, const Task& whom) {
  const int top = lua_gettop(L);
  bool found = false;
  const auto reach = [&](Future* future) {
    if (future == nullptr || future->kind != FutureKind::task || future->done()) return;
    auto* task = static_cast<Task*>(future);
    found |= task == &whom;
    if (task->reached) return;
    reached_.push_back(task);
    task->reached = true;
  };
  reach(&from);
  for (std::size_t i = 0; i < reached_.size() && !found; ++i) {
    const Task& task = *reached_[i];
    if (task.task_state == TaskState::parked && task.wait->forwards_cancel) {
      reach(static_cast<Future*>(task.wait_object));
    }
    if (!task.ending) continue;
    push_task(L, task);
    push_extra(L, -1, "ending");
    for (lua_pushnil(L); lua_next(L, top + 2) != 0; lua_settop(L, top + 3)) {
      const auto count = static_cast<lua_Integer>(lua_rawlen(L, top + 3));
      for (lua_Integer k = 1; k <= count && !found; ++k) {
        lua_rawgeti(L, top + 3, k);
        reach(to_future(L, -1));
        lua_pop(L, 1);
      }
    }
    lua_settop(L, top);
  }
  return found;
}

/// Cancels what is in the list on the top of the stack; what it leaves in it is in order.
void Scheduler::cancel_each(lua_State* L, Task* owner, Circles circles) {
  const EssentialMemory essential(memory_);
  luaL_checkstack(L, LUA_MINSTACK, "cancel");
  const int list = lua_gettop(L);
  const auto count = static_cast<lua_Integer>(lua_rawlen(L, list));
  lua_Integer kept = 0;
  ++sweeps_;
  sweeping_ = true;
  owner_ = owner;
  for (lua_Integer i = 1; i <= count; ++i) {
    lua_rawgeti(L, list, i);
    Future* future = to_future(L, -1);
    bool left = false;
    wave_ = owner != nullptr ? owner->wave : ++waves_;
    lua_pushnil(L);
    if (future->kind != FutureKind::task) {
      if (!future->done()) neap::internal::cancel_future(L, *this, -2);
    } else if (auto& task = static_cast<Task&>(*future); task.sweep != sweeps_) {
      left = circles == Circles::left && !task.done() && closes_circle(L, task);
      const bool told = circles == Circles::told_alone ? waits_for(L, task, *owner) : !left;
      if (told) cancel(L, task);
    }
    lua_settop(L, list + 1);
    if (!left && ++kept < i) lua_rawseti(L, list, kept);
    lua_settop(L, list);
  }
  for (lua_Integer i = count; i > kept; --i) {
    lua_pushnil(L);
    lua_rawseti(L, list, i);
  }
  owner_ = nullptr;
  sweeping_ = false;
}

void Scheduler::cancel_list(lua_State* L) {
  cancel_each(L, nullptr, Circles::told);
  lua_pop(L, 1);
}

void Scheduler::cancel_list(lua_State* L, Task& owner, Circles circles, bool asked) {
  const EssentialMemory essential(memory_);
  const int list = lua_gettop(L);
  push_task(L, owner);
  push_extra(L, -1, "ending");
  if (!owner.ending) {
    lua_pop(L, 1);
    lua_createtable(L, 0, 1);
    lua_pushvalue(L, -1);
    set_extra(L, list + 1, "ending");
    owner.ending = true;
  }
  lua_pushvalue(L, list);
  lua_pushboolean(L, 1);
  lua_rawset(L, -3);
  lua_settop(L, list);
  if (!asked) {
    owner.wave = ++waves_;
    owner.unasked = true;
  }
  cancel_each(L, &owner, circles);
  lua_pop(L, 1);
}

void Scheduler::ended(lua_State* L, Task& owner) {
  const int list = lua_gettop(L);
  if (owner.ending && !owner.done()) {
    push_task(L, owner);
    push_extra(L, -1, "ending");
    lua_pushvalue(L, list);
    lua_pushnil(L);
    lua_rawset(L, -3);
    lua_pushnil(L);
    owner.ending = lua_next(L, -2) != 0;
  }
  lua_settop(L, list - 1);
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
