#include "runtime/task/scheduler.hpp"

#include "runtime/lua/bind.hpp"
#include "runtime/lua/error.hpp"
#include "runtime/lua/traceback.hpp"
#include "runtime/lua/userdata.hpp"
#include "runtime/task/context.hpp"
#include "runtime/task/gathering.hpp"
#include "runtime/task/prefetch.hpp"
#include "runtime/task/select.hpp"
#include "runtime/task/timeout_scope.hpp"
#include "runtime/task/trail.hpp"
#include "runtime/task/watch.hpp"

#include <algorithm>
#include <cassert>
#include <cstring>
#include <new>

namespace neap::internal {

Scheduler::Scheduler(lua_State* L, Loop& loop) : main_(L), memory_(allocator_of(L)), loop_(loop), running_(L) {
  thread_word(L) = reinterpret_cast<std::uintptr_t>(static_cast<StateData*>(this));
}

Scheduler::~Scheduler() = default;

// Anchors.

int Scheduler::anchor(lua_State* L) {
  if (free_anchors_.empty()) {
    return luaL_ref(L, LUA_REGISTRYINDEX);
  }
  const int reused = free_anchors_.back();
  free_anchors_.pop_back();
  lua_rawseti(L, LUA_REGISTRYINDEX, reused);
  return reused;
}

void Scheduler::release(lua_State* L, int anchor) {
  try {
    free_anchors_.push_back(anchor);
  } catch (const std::bad_alloc&) {
    return luaL_unref(L, LUA_REGISTRYINDEX, anchor);  // Lua's own list of them, which is slower
  }
  lua_pushboolean(L, 0);
  lua_rawseti(L, LUA_REGISTRYINDEX, anchor);
}

// Making and ending tasks.

/// Makes more slots, without a coroutine. Their places in the registry are the next free ones in a row: luaL_ref, which
/// looks for each, takes as long for one as this does for five. They are used in that order: the collector visits
/// coroutines in it, and takes half as long when they lie in memory as they were made.
void Scheduler::add_slots(lua_State* L) {
  constexpr std::size_t kTogether = 16;
  const std::size_t more = slots_.size() + kTogether;
  if (slots_.capacity() < more) {
    const std::size_t room = std::max(more, slots_.capacity() * 2);
    slots_.reserve(room);
    free_slots_.reserve(std::min(room, kPooled));
    bare_slots_.reserve(room);
  }
  auto anchor = static_cast<int>(lua_rawlen(L, LUA_REGISTRYINDEX));
  for (std::size_t i = 0; i < kTogether; ++i) {
    lua_pushboolean(L, 0);
    lua_rawseti(L, LUA_REGISTRYINDEX, ++anchor);
    slots_.push_back({nullptr, anchor});
    bare_slots_.push_back(static_cast<std::uint32_t>(slots_.size() - 1));
  }
  std::reverse(bare_slots_.end() - kTogether, bare_slots_.end());
}

/// Pushes an idle coroutine, or a new one, and takes a slot for its task. The slot is given back by
/// whoever raises before the task is in it.
lua_State* Scheduler::push_coroutine(lua_State* L, std::uint32_t* slot) {
  if (!free_slots_.empty()) {
    *slot = free_slots_.back();
    free_slots_.pop_back();
    lua_rawgeti(L, LUA_REGISTRYINDEX, slots_[*slot].anchor);
    return lua_tothread(L, -1);
  }
  if (bare_slots_.empty()) add_slots(L);
  lua_State* thread = lua_newthread(L);
  set_thread_flag(thread, kTaskBase, true);
  *slot = bare_slots_.back();
  bare_slots_.pop_back();
  return thread;
}

std::uint32_t Scheduler::intern_place(lua_State* L, int level) {
  lua_Debug frame;
  for (;; ++level) {
    if (lua_getstack(L, level, &frame) == 0) return 0;
    lua_getinfo(L, "Sl", &frame);
    if (is_last_place(frame, frame.currentline)) return last_place_.number;
    if (frame.currentline > 0 && std::strncmp(frame.source, kInternalChunk, std::strlen(kInternalChunk)) != 0) break;
  }
  return intern(frame, frame.currentline);
}

std::uint32_t Scheduler::intern_definition(lua_State* L, int function) {
  lua_Debug info;
  lua_pushvalue(L, function);
  lua_getinfo(L, ">S", &info);
  return *info.what == 'C' ? 0 : intern(info, std::max(info.linedefined, 1));
}

/// True when the chunk is the one that `place` names. The key of a place is the address of the source's name, which
/// another chunk may get once this one is collected: hence the comparison with the text.
static bool is_chunk_of(const std::string& place, std::size_t length, const lua_Debug& chunk) {
  return std::strncmp(place.c_str(), chunk.short_src, length) == 0 && chunk.short_src[length] == '\0';
}

inline bool Scheduler::is_last_place(const lua_Debug& chunk, int line) const {
  return last_place_.key == PlaceKey{chunk.source, line} &&
         is_chunk_of(places_[last_place_.number], last_place_.length, chunk);
}

std::uint32_t Scheduler::intern(const lua_Debug& chunk, int line) try {
  const auto [entry, added] = place_index_.try_emplace(PlaceKey{chunk.source, line}, 0);
  const bool known =
      !added && entry->second != 0 && is_chunk_of(places_[entry->second], places_[entry->second].rfind(':'), chunk);
  if (!known) {
    // Nothing here raises while the text is owned.
    places_.push_back(std::string(chunk.short_src) + ":" + std::to_string(line));
    entry->second = static_cast<std::uint32_t>(places_.size() - 1);
  }
  last_place_ = {entry->first, entry->second, std::strlen(chunk.short_src)};
  return entry->second;
} catch (const std::bad_alloc&) {
  return 0;  // it is for people alone
}

Task& Scheduler::create_task(lua_State* L, int argument_count, int level) {
  if (limits_ != nullptr) limits_->check_tasks(L);
  auto* task = new (lua_newuserdatauv(L, sizeof(Task), kFutureValues)) Task();
  set_type(L, kTaskType);
  lua_insert(L, -argument_count - 2);
  const std::uint32_t origin = intern_place(L, level);
  lua_State* thread = push_coroutine(L, &task->slot);
  if (lua_checkstack(thread, argument_count + LUA_MINSTACK) == 0) {
    bare_slots_.push_back(task->slot);
    luaL_error(L, "too many arguments for a task (%d)", argument_count);
  }
  const EssentialMemory essential(memory_);  // the slot is taken
  lua_setiuservalue(L, -argument_count - 3, kResult);
  task->thread = thread;
  task->id = next_id_++;
  task->origin = origin;
  lua_pushcfunction(thread, task_entry);
  lua_pushcfunction(thread, task_message_handler);
  lua_xmove(L, thread, argument_count + 1);
  if (has_context()) {
    push_context_values(L, *this);
    set_task_context(L, lua_gettop(L) - 1);
  }
  lua_pushvalue(L, -1);
  lua_rawseti(L, LUA_REGISTRYINDEX, slots_[task->slot].anchor);
  slots_[task->slot].task = task;
  ++live_tasks_;
  if (limits_ != nullptr) limits_->task_made(*task);
  queue(*task);
  if (observed_) {
    note(Event::task_created, *task);
    note(Event::task_scheduled, *task);
    if (debug_) keep_creation(L, level);
  }
  return *task;
}

int Scheduler::task_entry(lua_State* L) {
  const int status = lua_pcallk(L, lua_gettop(L) - 2, LUA_MULTRET, 1, 0, task_returned);
  return task_returned(L, status, 0);
}

int Scheduler::task_returned(lua_State* L, int status, lua_KContext) {
  Scheduler& scheduler = scheduler_of(L);
  scheduler.final_status_ = status == LUA_YIELD ? LUA_OK : status;
  if (scheduler.current_->owns) return scheduler.close_owned(L);
  return lua_gettop(L) - 1;
}

/// Inlined by force, like dispatch: a coroutine yields by a longjmp, after which the processor predicts every return up
/// to the loop of run_batch wrongly. So each function between that loop and lua_resume would cost a switch some 5 ns.
[[gnu::always_inline]] inline void Scheduler::step(lua_State* from, Task& task) {
  const EssentialMemory essential(memory_);
  if (task.task_state == TaskState::created && task.must_cancel != 0) {
    lua_settop(task.thread, 0);
    return finish(task, LUA_OK, 0);
  }
  Task* const outer_task = current_;
  lua_State* const outer_running = running_;
  const int outer_blocked = blocked_resumes;
  current_ = &task;
  running_ = task.thread;
  blocked_resumes = 0;
  satisfied_in_a_row = 0;
  const int outer_depth = await_depth;
  await_depth = 0;
  const int arguments = task.task_state == TaskState::created ? lua_gettop(task.thread) - 1 : 0;
  task.task_state = TaskState::running;
  task.interruptible = false;
  int count = 0;
  memory_.essential = false;
  const int status = lua_resume(task.thread, from, arguments, &count);
  memory_.essential = true;
  current_ = outer_task;
  running_ = outer_running;
  blocked_resumes = outer_blocked;
  await_depth = outer_depth;
  if (status == LUA_YIELD && parking) {
    parking = false;
    if (observed_) count_suspension(task);
    return;
  }
  if (status == LUA_OK) return finish(task, final_status_, count);
  if (status == LUA_YIELD) {
    // Some C function yielded past `coroutine.yield`: nobody would ever resume the task.
    lua_resetthread(task.thread);
    lua_settop(task.thread, 0);
    lua_pushliteral(task.thread, "attempt to yield from outside a coroutine");
  }
  finish(task, LUA_ERRRUN, 1);
}

void Scheduler::step_now(lua_State* L, Task& task) {
  task.unlink();
  const bool outer = eager;
  eager = true;
  if (limits_ != nullptr) {
    const LimitKeeper::Code around = limits_->running();
    limits_->switch_to({limits_->find(task.limit), &task});
    step(L, task);
    limits_->switch_to(around);
  } else {
    step(L, task);
  }
  eager = outer;
}

void Scheduler::finish(Task& task, int status, int count) {
  lua_State* thread = task.thread;
  // An empty stack has room for LUA_MINSTACK values.
  if (count > LUA_MINSTACK / 4) lua_checkstack(thread, LUA_MINSTACK);
  if (task.limit != 0) limits_->task_ends(task, &status, &count);
  task.task_state = TaskState::done;
  push_task(thread, task);
  if (count != 0) lua_insert(thread, -count - 1);
  const int index = lua_gettop(thread) - count;
  if (observed_) note(Event::task_done, task);
  if (status == LUA_OK && task.must_cancel != 0) {  // a request that the function never noticed
    lua_settop(thread, index);
    push_extra(thread, index, "cancel_message");
    cancel_future(thread, *this, index);
  } else if (status == LUA_OK) {
    finish_future(thread, *this, task, index, count);
  } else {
    fail_future(thread, *this, index);
  }
  recycle(task);
}

void Scheduler::recycle(Task& task) {
  lua_State* thread = task.thread;
  Slot& slot = slots_[task.slot];
  if (task.limit != 0) limits_->task_ended(task);
  task.thread = nullptr;
  slot.task = nullptr;
  --live_tasks_;
  lua_settop(thread, 0);
  if (lua_status(thread) == LUA_OK && free_slots_.size() < kPooled) {
    lua_pushthread(thread);
    free_slots_.push_back(task.slot);
  } else {
    lua_pushboolean(thread, 0);
    bare_slots_.push_back(task.slot);
  }
  lua_rawseti(thread, LUA_REGISTRYINDEX, slot.anchor);
}

std::int32_t Scheduler::add_gathering(Gathering& gathering) {
  auto place = std::find(gatherings_.begin() + 1, gatherings_.end(), nullptr);
  if (place == gatherings_.end()) place = gatherings_.insert(place, nullptr);
  *place = &gathering;
  return static_cast<std::int32_t>(place - gatherings_.begin());
}

void Scheduler::notify(lua_State* L, Future& future, int index, std::int32_t gathering) {
  const EssentialMemory essential(memory_);
  if (gathering != 0) gathered_future_done(*this, this->gathering(gathering), future);
  int callbacks = 0;
  lua_Integer next_callback = 1;
  while (Waiter* waiter = future.waiters.pop_front()) {
    switch (waiter->waiter_kind) {
      case WaiterKind::task: wake(static_cast<Task&>(*waiter)); break;
      case WaiterKind::watch_entry: watched_future_done(*this, *waiter); break;
      case WaiterKind::handle:
        if (callbacks == 0) {
          push_extra(L, index, "callbacks");
          callbacks = lua_gettop(L);
        }
        lua_rawgeti(L, callbacks, next_callback++);
        call_soon(L, *this, static_cast<Handle&>(*waiter));
        lua_pop(L, 1);
        break;
      case WaiterKind::hook: {
        auto& hook = static_cast<FutureHook&>(*waiter);
        hook.ended(*this, hook);
        break;
      }
      case WaiterKind::scope:
      case WaiterKind::select_case: break;  // never wait for a future
    }
  }
  if (callbacks != 0) {
    lua_settop(L, callbacks - 1);
    lua_pushnil(L);
    set_extra(L, index, "callbacks");
  }
}

// Waking.

void Scheduler::wake(Task& task) {
  assert(task.task_state == TaskState::parked);
  task.wake_reason = WakeReason::granted;
  make_ready(task);
}

// Running.

[[gnu::always_inline]] inline void Scheduler::dispatch(Waiter& next) {
  if (next.waiter_kind == WaiterKind::task) {
    step(main_, static_cast<Task&>(next));
  } else if (next.waiter_kind == WaiterKind::handle) {
    run_handle(main_, *this, static_cast<Handle&>(next));
  } else {
    expire_scope(main_, *this, static_cast<TimeoutScope&>(next));
  }
}

void Scheduler::run_one(Waiter& next) { dispatch(next); }

/// The same where limits are.
void Scheduler::run_one_limited(Waiter& next) {
  if (next.waiter_kind == WaiterKind::task) {
    auto& task = static_cast<Task&>(next);
    limits_->begin(limits_->find(task.limit), &task, task.thread);
  } else if (next.waiter_kind == WaiterKind::handle) {
    limits_->begin(limits_->find(static_cast<Handle&>(next).limit), nullptr, main_);
  } else {
    return run_one(next);
  }
  run_one(next);
  limits_->end();
}

LimitKeeper& Scheduler::need_limits() {
  if (limits_ == nullptr) limits_ = std::make_unique<LimitKeeper>(*this);
  return *limits_;
}

/// Asks for the memory of tasks that run soon: the Task of the fourth from here, the coroutine of the second. Where a
/// coroutine was made at once, the first values of its stack lie behind it.
[[gnu::always_inline]] static inline void prefetch_ready(const WaitList& ready) {
  constexpr std::ptrdiff_t kTaskBefore = 96;  // from the Waiter back to the userdata's head
  constexpr std::size_t kTaskSize = 192;
  constexpr std::size_t kCoroutineSize = 384;
  const WaitLink* const first = ready.first();
  if (first == nullptr) return;
  const WaitLink* const second = first->next;
  prefetch(second->next->next, -kTaskBefore, kTaskSize);
  if (ready.after(*first) == nullptr || static_cast<const Waiter*>(second)->waiter_kind != WaiterKind::task) return;
  prefetch(static_cast<const Task*>(static_cast<const Waiter*>(second))->thread, 0, kCoroutineSize);
}

void Scheduler::run_ready() {
  run_batch();
  if (limits_ != nullptr) limits_->end();  // of the step that has opened the first scope
}

void Scheduler::run_batch() {
  // On the virtual clock a turn ends by count alone: how fast the machine is must not decide when a timer fires.
  const Deadline stop = loop_.clock().is_virtual() ? kNever : static_cast<Deadline>(uv_hrtime()) + slice_;
  for (int steps = 1; !ready_.empty(); ++steps) {
    if (observed_) {
      run_one_observed();
    } else {
      Waiter& next = *ready_.pop_front();
      prefetch_ready(ready_);
      dispatch(next);
    }
    if (exit_requested_ || steps >= kBatch) return;
    if (steps % kStepsPerLook == 0 && static_cast<Deadline>(uv_hrtime()) > stop) return;
  }
}

void Scheduler::fire(TimerNode& timer) {
  switch (timer.timer_kind) {
    case TimerKind::task: wake(static_cast<Task&>(timer)); break;
    case TimerKind::select: expire_select(*this, timer); break;
    case TimerKind::handle: queue(static_cast<Handle&>(timer)); break;
    case TimerKind::alarm: {
      auto& alarm = static_cast<Alarm&>(timer);
      alarm.due(alarm);
      break;
    }
    case TimerKind::limit: limits_->timer_fired(static_cast<LimitGroup&>(timer)); break;
    case TimerKind::scope: {
      auto& scope = static_cast<TimeoutScope&>(timer);
      scope.task->scope_due = true;
      queue(scope);
      break;
    }
  }
}

/// True for a timer whose task waits within a timeout scope that has expired: it ends by that.
static bool ends_by_scope(const TimerNode& timer) {
  if (timer.timer_kind == TimerKind::task) return static_cast<const Task&>(timer).scope_due;
  return timer.timer_kind == TimerKind::select && selecting_task(timer).scope_due;
}

void Scheduler::fire_timers() {
  TimerHeap& timers = loop_.timers();
  if (timers.empty()) return;
  const Deadline now = loop_.clock().now();
  while (timers.next() <= now) {
    if (ends_by_scope(*timers.first())) return;
    fire(*timers.pop_due(now));
  }
}

void Scheduler::turn() {
  if (memory_.is_short()) memory_.restock();
  run_ready();
  const Task* awaited = last_ != nullptr ? last_ : !roots_.empty() ? roots_.back() : nullptr;
  if (exit_requested_ || (awaited != nullptr && awaited->done())) return;
  fire_timers();
  if (observed_) tell_poll(Event::before_poll);
  poll();
  if (observed_) tell_poll(Event::after_poll);
}

/// Lets the loop bring work, waiting for it when there is nothing else to do.
void Scheduler::poll() {
  if (!ready_.empty()) {
    loop_.poll();
    return;
  }
  if (loop_.timers().next() == kNever && !loop_.alive()) {
    loop_.poll();  // a signal, or a handle that is closing
    if (ready_.empty() && !loop_.alive()) raise_deadlock();
    return;
  }
  if (loop_.clock().is_virtual()) {
    loop_.poll();
    if (!ready_.empty()) return;
  }
  loop_.wait(shutdown_limit_);
  fire_timers();
}

void Scheduler::run_until(Task& root) {
  const Driving driving(*this);
  push_root(root);
  while (!root.done() && !exit_requested_) turn();
  pop_root(root);
}

void Scheduler::pop_root(Task& task) {
  const auto place = std::find(roots_.rbegin(), roots_.rend(), &task);
  if (place != roots_.rend()) roots_.erase(std::next(place).base());
}

void Scheduler::cancel_all_and_wait(Deadline limit) {
  const Driving driving(*this);
  const int list = lua_gettop(main_) + 1;
  const auto stopped = [&] {
    return exit_requested_ || deadlocks_in_shutdown_ >= kDeadlocksInShutdown ||
           (limit != kNever && static_cast<Deadline>(uv_hrtime()) >= limit);
  };
  shutdown_limit_ = limit;
  deadlocks_in_shutdown_ = 0;
  do {
    push_tasks(main_);
    lua_pushvalue(main_, list);
    cancel_list(main_);
    const auto count = static_cast<lua_Integer>(lua_rawlen(main_, list));
    for (lua_Integer i = 1; i <= count && !stopped(); ++i) {
      lua_rawgeti(main_, list, i);
      last_ = to_task(main_, -1);
      while (!last_->done() && !stopped()) turn();
      last_ = nullptr;
      lua_pop(main_, 1);
    }
    lua_settop(main_, list - 1);
    if (count == 0) break;
  } while (!stopped());
  shutdown_limit_ = kNever;
}

void Scheduler::finish_sending() {
  const Driving driving(*this);
  const auto began = static_cast<Deadline>(uv_hrtime());
  while (unsent > 0) {
    loop_.poll_all();
    const Deadline left = began + sending_grace - static_cast<Deadline>(uv_hrtime());
    if (unsent == 0 || exit_requested_ || left <= 0) return;
    loop_.wait_at_most(left);
  }
}

void Scheduler::interrupt_root() {
  if (roots_.empty()) return;
  interrupted_ = true;
  Task* root = roots_.back();
  lua_pushnil(main_);
  cancel(main_, *root);
}

void Scheduler::request_exit(int status) {
  exit_requested_ = true;
  exit_status_ = status;
}

bool Scheduler::is_suspendable(lua_CFunction function) const {
  return std::find(suspendable_.begin(), suspendable_.end(), function) != suspendable_.end();
}

void Scheduler::push_tasks(lua_State* L) {
  const std::size_t count = live_tasks_;
  constexpr std::size_t kPointer = sizeof(void*);
  auto** sorted = static_cast<Task**>(lua_newuserdatauv(L, count * kPointer, 0));
  Task** end = sorted;
  for (const Slot& slot : slots_) {
    if (slot.task != nullptr) *end++ = slot.task;
  }
  std::sort(sorted, end, [](const Task* a, const Task* b) { return a->id < b->id; });
  lua_createtable(L, static_cast<int>(count), 0);
  for (Task** task = sorted; task != end; ++task) {
    push_task(L, **task);
    lua_rawseti(L, -2, task - sorted + 1);
  }
  lua_remove(L, -2);
}

}  // namespace neap::internal
