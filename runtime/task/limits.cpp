#include "runtime/task/limits.hpp"

#include "runtime/lua/allocator.hpp"
#include "runtime/lua/error.hpp"
#include "runtime/task/scheduler.hpp"

#include <uv.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <utility>

namespace neap::internal {

namespace {

constexpr std::array<const char*, static_cast<std::size_t>(LimitKind::count_)> kNames{"memory", "step", "wall", "tasks",
                                                                                      "handles"};

const char* name_of(LimitKind kind) { return kNames[static_cast<std::size_t>(kind)]; }

Deadline real_now() { return static_cast<Deadline>(uv_hrtime()); }

Deadline nanoseconds(double seconds) { return static_cast<Deadline>(std::min(seconds, 1e9) * kNanosecondsPerSecond); }

/// "67108864 bytes of memory are in use, the limit is 64 MiB"
void describe(char* text, std::size_t size, LimitKind kind, double limit, double used) {
  switch (kind) {
    case LimitKind::memory:
      std::snprintf(text, size, "%.1f MiB of memory in use, and the limit is %.1f MiB", used / 1048576,
                    limit / 1048576);
      break;
    case LimitKind::step:
      std::snprintf(text, size, "computed for %.3f seconds without waiting, and the limit of a step is %g seconds",
                    used, limit);
      break;
    case LimitKind::wall: std::snprintf(text, size, "still running after its limit of %g seconds", limit); break;
    case LimitKind::tasks: std::snprintf(text, size, "one task more than the limit of %.0f tasks", limit); break;
    default: std::snprintf(text, size, "one open handle more than the limit of %.0f handles", limit); break;
  }
}

void push_number(lua_State* L, LimitKind kind, double value) {
  if (kind == LimitKind::step || kind == LimitKind::wall) {
    lua_pushnumber(L, value);
  } else {
    lua_pushinteger(L, static_cast<lua_Integer>(value));
  }
}

}  // namespace

double Limits::of(LimitKind kind) const {
  switch (kind) {
    case LimitKind::memory: return static_cast<double>(memory);
    case LimitKind::step: return step;
    case LimitKind::wall: return wall;
    case LimitKind::tasks: return static_cast<double>(tasks);
    default: return static_cast<double>(handles);
  }
}

LimitKeeper::LimitKeeper(Scheduler& scheduler)
    : scheduler_(scheduler),
      allocator_(allocator_of(scheduler.main_thread())),
      watch_(scheduler.interrupt()) {
  scheduler.interrupt().set_action(
      InterruptReason::limit, [](lua_State* L, void* self) { static_cast<LimitKeeper*>(self)->check(L); }, this);
}

LimitKeeper::~LimitKeeper() {
  allocator_.set_limit(0, nullptr, nullptr);
  allocator_.set_largest(0);
}

// Groups.

void LimitKeeper::set_root(const Limits& limits) {
  current_ = nullptr;
  root_ = &open(limits);
  root_->opener = nullptr;
  arm();
}

LimitGroup& LimitKeeper::open(const Limits& limits) {
  settle();
  auto owned = std::make_unique<LimitGroup>(*this, current_, limits);
  LimitGroup& group = *owned;
  group.id = next_id_++;
  group.opener = task_;
  group.memory_base = allocator_.in_use();
  groups_.emplace(group.id, std::move(owned));
  if (current_ != nullptr) ++current_->inner;
  Loop& loop = scheduler_.loop();
  if (limits.wall > 0) {
    group.wall_end = loop.clock().after(limits.wall);
    if (group.wall_end != kNever) loop.timers().arm(group, group.wall_end);
  }
  if (limits.step > 0) group.step_end = LimitWatch::cpu_now() + nanoseconds(limits.step);
  current_ = &group;
  if (task_ != nullptr) {
    task_->limit = group.id;
    task_->limit_told = false;
  }
  scheduler_.look_again();
  arm();
  return group;
}

LimitGroup* LimitKeeper::find(std::uint32_t id) {
  if (id == 0) return nullptr;
  const auto found = groups_.find(id);
  return found == groups_.end() ? nullptr : found->second.get();
}

bool LimitKeeper::leave(lua_State* L, std::uint32_t id) {
  LimitGroup* group = find(id);
  if (group == nullptr || group->left) return false;
  settle();
  Task* const opener = group->opener;
  const bool stopped = group->state != LimitGroup::State::open;
  LimitGroup* const around = group->parent;
  if (stopped) {
    group->reported = true;
    push_error(L, group);
  }
  if (opener != nullptr && group->holds(find(opener->limit))) {
    // Scopes inside it that were never left, in a coroutine that nobody resumed, end with it.
    for (LimitGroup* inner = find(opener->limit); inner != around;) {
      LimitGroup* const next = inner->parent;
      inner->left = true;
      inner->opener = nullptr;
      opener->limit = around != nullptr ? around->id : 0;
      if (current_ == inner) current_ = around;
      release(inner);
      inner = next;
    }
    opener->limit_told = false;
    opener->must_cancel &= static_cast<std::uint8_t>(~kFromLimit);
  } else {
    group->left = true;
    group->opener = nullptr;
    release(group);
  }
  arm();
  if (stopped && !scheduler_.stopping) return true;
  if (stopped) lua_pop(L, 1);
  return false;
}

/// Forgets the group when nothing of it is left, and those around it.
void LimitKeeper::release(LimitGroup* group) {
  const auto is_over = [this](const LimitGroup& each) {
    return each.left && each.tasks == 0 && each.handles == 0 && each.inner == 0 && !each.holds(current_);
  };
  while (group != nullptr && group != root_ && is_over(*group)) {
    LimitGroup* const parent = group->parent;
    scheduler_.loop().timers().disarm(*group);
    if (group->error != 0) scheduler_.release(scheduler_.main_thread(), group->error);
    groups_.erase(group->id);
    if (parent != nullptr) --parent->inner;
    group = parent;
  }
  // A root without tasks begins anew: whoever owns the interpreter runs the next program.
  if (group != nullptr && group == root_ && group->tasks == 0 && !runs_ && group->state != LimitGroup::State::open) {
    scheduler_.loop().timers().disarm(*group);
    group->state = LimitGroup::State::open;
    if (group->error != 0) scheduler_.release(scheduler_.main_thread(), group->error);
    group->error = 0;
  }
  scheduler_.look_again();
}

std::size_t LimitKeeper::memory_of(const LimitGroup& group) {
  settle();
  return &group == root_ ? allocator_.in_use() : group.memory;
}

template <typename Function>
void LimitKeeper::each_task(const LimitGroup& group, Function function) {
  for (const Scheduler::Slot& slot : scheduler_.slots_) {
    if (slot.task != nullptr && slot.task->limit != 0 && group.holds(find(slot.task->limit))) function(*slot.task);
  }
}

// Who runs.

void LimitKeeper::begin(LimitGroup* group, Task* task, lua_State* L) {
  set_current(group);
  task_ = task;
  told_ = false;
  runs_ = true;
  begin_step(current_, nullptr);
  arm();
  if (scheduler_.stopping) scheduler_.interrupt().request_here(InterruptReason::limit, L);
}

/// For the groups inside `outermost`.
void LimitKeeper::begin_step(LimitGroup* group, const LimitGroup* outermost) {
  Deadline now = 0;
  for (; group != outermost; group = group->parent) {
    if (group->limits.step <= 0) continue;
    if (now == 0) now = LimitWatch::cpu_now();
    group->step_end = now + nanoseconds(group->limits.step);
  }
}

LimitKeeper::Code LimitKeeper::enter(LimitGroup& group) {
  const Code before = running();
  LimitGroup* shared = &group;
  while (shared != nullptr && !(runs_ && shared->holds(current_))) shared = shared->parent;
  begin_step(&group, shared);
  told_ = false;
  switch_to({&group, nullptr, true});
  return before;
}

void LimitKeeper::begin_closing() {
  if (root_ == nullptr) {
    Limits limits;
    limits.step = kClosing;
    set_root(limits);
  }
  begin(root_, nullptr, scheduler_.main_thread());
}

void LimitKeeper::end() {
  set_current(root_);
  task_ = nullptr;
  runs_ = false;
  release(root_);
  arm();
}

void LimitKeeper::switch_to(Code code) {
  set_current(code.group);
  task_ = code.task;
  runs_ = code.runs;
  arm();
}

void LimitKeeper::set_current(LimitGroup* group) {
  settle();
  LimitGroup* const before = std::exchange(current_, group != nullptr ? group : root_);
  if (before != current_) release(before);
}

/// What was allocated since then is the current group's.
void LimitKeeper::settle() {
  const std::size_t now = allocator_.in_use();
  for (LimitGroup* group = current_; group != nullptr; group = group->parent) {
    if (now >= memory_before_) {
      group->memory += now - memory_before_;
    } else {
      group->memory -= std::min(group->memory, memory_before_ - now);
    }
  }
  memory_before_ = now;
}

/// Sets the allocator's threshold and the watch's deadlines for the code that runs.
void LimitKeeper::arm() {
  std::size_t threshold = 0;
  std::size_t largest = 0;
  Deadline cpu = kNever;
  Deadline real = kNever;
  bool stopping = false;
  const bool virtual_time = scheduler_.loop().clock().is_virtual();
  for (const LimitGroup* group = current_; group != nullptr; group = group->parent) {
    const std::size_t bytes = group->limits.memory;
    if (bytes != 0) largest = largest == 0 ? bytes : std::min(largest, bytes);
    if (group->state == LimitGroup::State::open) {
      if (bytes != 0) {
        const std::size_t left = bytes - std::min(bytes, group->memory);
        const std::size_t at = group == root_ ? bytes : allocator_.in_use() + left;
        threshold = threshold == 0 ? at : std::min(threshold, at);
      }
      cpu = std::min(cpu, group->step_end);
      if (!virtual_time) real = std::min(real, group->wall_end);
    } else {
      stopping = true;
      real = std::min(real, group->grace_end);
    }
  }
  allocator_.set_limit(
      threshold,
      [](void* self) { static_cast<LimitKeeper*>(self)->scheduler_.interrupt().request(InterruptReason::limit); },
      this);
  allocator_.set_largest(largest);
  scheduler_.stopping = stopping;
  watch_.set(runs_ ? cpu : kNever, runs_ ? real : kNever);
}

LimitedCall::LimitedCall(Scheduler& scheduler) : limits_(scheduler.limits()) {
  if (limits_ != nullptr && limits_->running().runs) limits_ = nullptr;
  if (limits_ != nullptr) limits_->begin(limits_->root(), nullptr, scheduler.main_thread());
}

LimitedCall::~LimitedCall() {
  if (limits_ != nullptr) limits_->end();
}

// Counts.

void LimitKeeper::check_tasks(lua_State* L) {
  if (scheduler_.stopping) raise_error(L);
  for (LimitGroup* group = current_; group != nullptr; group = group->parent) {
    if (group->limits.tasks == 0 || group->tasks < group->limits.tasks) continue;
    exceed(*group, LimitKind::tasks, static_cast<double>(group->tasks) + 1);
    raise_error(L);
  }
}

void LimitKeeper::task_made(Task& task) {
  task.limit = current_id();
  for (LimitGroup* group = current_; group != nullptr; group = group->parent) ++group->tasks;
}

void LimitKeeper::task_ended(Task& task) {
  settle();
  LimitGroup* group = find(task.limit);
  task.limit = 0;
  while (group != nullptr && group->opener == &task) {
    LimitGroup* const parent = group->parent;
    group->left = true;
    group->opener = nullptr;
    if (current_ == group) current_ = parent;
    release(group);
    group = parent;
  }
  for (LimitGroup* each = group; each != nullptr; each = each->parent) --each->tasks;
  release(group);
}

LimitGroup* LimitKeeper::handle_opened() {
  LimitGroup* exceeded = nullptr;
  for (LimitGroup* group = current_; group != nullptr; group = group->parent) {
    ++group->handles;
    const bool over = group->limits.handles != 0 && group->handles > group->limits.handles;
    if (over && group->state == LimitGroup::State::open) exceeded = group;
  }
  if (exceeded != nullptr) exceed(*exceeded, LimitKind::handles, static_cast<double>(exceeded->handles));
  return current_;
}

void LimitKeeper::handle_closed(LimitGroup* group) {
  for (LimitGroup* each = group; each != nullptr; each = each->parent) --each->handles;
  release(group);
}

// Stopping.

LimitGroup* LimitKeeper::stopper_of(LimitGroup* group) const {
  LimitGroup* stopper = nullptr;
  for (; group != nullptr; group = group->parent) {
    if (group->state == LimitGroup::State::open) continue;
    if (stopper == nullptr || group->state == LimitGroup::State::dead || stopper->state != LimitGroup::State::dead) {
      stopper = group;
    }
  }
  return stopper;
}

bool LimitKeeper::stopped(std::uint32_t group) {
  LimitGroup* const found = find(group);
  return found == nullptr || stopper_of(found) != nullptr;
}

void LimitKeeper::check(lua_State* L) {
  if (current_ == nullptr) return;
  if (!runs_) return check_outside(L);
  if (allocator_.over_limit()) check_memory(L);
  check_times();
  const LimitGroup* stopper = stopper_of(current_);
  if (stopper == nullptr) return;
  bool& told = task_ != nullptr ? task_->limit_told : told_;
  if (stopper->state == LimitGroup::State::dead) scheduler_.interrupt().request_here(InterruptReason::limit, L);
  if (told && stopper->state != LimitGroup::State::dead) return;
  told = true;
  raise_error(L);
}

/// A call of the application's that is in no task: it has the memory limit alone, whose error it may catch.
void LimitKeeper::check_outside(lua_State* L) {
  if (!allocator_.over_limit()) return;
  lua_gc(L, LUA_GCCOLLECT);
  arm();
  const std::size_t used = allocator_.in_use();
  if (root_ == nullptr || root_->limits.memory == 0 || used <= root_->limits.memory) return;
  push_new_error(L, *root_, LimitKind::memory, static_cast<double>(used));
  lua_error(L);
}

void LimitKeeper::check_memory(lua_State* L) {
  lua_gc(L, LUA_GCCOLLECT);
  settle();
  for (LimitGroup* group = current_; group != nullptr; group = group->parent) {
    const std::size_t in_use = allocator_.in_use();
    if (group != root_) {
      // Garbage of the group that was collected in the steps of others.
      group->memory = std::min(group->memory, in_use - std::min(in_use, group->memory_base));
    }
    const std::size_t used = group == root_ ? in_use : group->memory;
    const bool over = group->limits.memory != 0 && used > group->limits.memory;
    if (over) exceed(*group, LimitKind::memory, static_cast<double>(used));
  }
  arm();
}

void LimitKeeper::check_times() {
  Deadline cpu = 0;
  const Deadline now = real_now();
  for (LimitGroup* group = current_; group != nullptr; group = group->parent) {
    if (group->state != LimitGroup::State::open) {
      if (now >= group->grace_end) kill(*group);
      continue;
    }
    if (group->step_end != kNever) {
      if (cpu == 0) cpu = LimitWatch::cpu_now();
      const Deadline over = cpu - group->step_end;
      if (over >= 0) exceed(*group, LimitKind::step, group->limits.step + Clock::seconds(over));
    }
    const Clock& clock = scheduler_.loop().clock();
    if (!clock.is_virtual() && group->wall_end <= now) exceed(*group, LimitKind::wall, group->limits.wall);
  }
}

void LimitKeeper::exceed(LimitGroup& group, LimitKind kind, double used) {
  if (group.state != LimitGroup::State::open) return;
  group.state = LimitGroup::State::exceeded;
  group.exceeded_kind = kind;
  group.exceeded_by = used;
  root_was_exceeded_ = root_was_exceeded_ || &group == root_;
  group.grace_end = real_now() + nanoseconds(kGrace);
  Loop& loop = scheduler_.loop();
  loop.timers().disarm(group);
  loop.timers().arm(group, loop.clock().after(kGrace));
  stop_waits(group);
  release(&group);
  arm();
  if (scheduler_.stopping) scheduler_.interrupt().request_here(InterruptReason::limit, scheduler_.running());
}

void LimitKeeper::kill(LimitGroup& group) {
  if (group.state != LimitGroup::State::exceeded) return;
  group.state = LimitGroup::State::dead;
  group.grace_end = kNever;
  scheduler_.loop().timers().disarm(group);
  each_task(group, [](Task& task) { task.must_cancel |= kFromLimit; });
  stop_waits(group);
  arm();
}

/// The tasks of the group end their waits. (What runs, or is ready, learns of it before its next instruction.)
void LimitKeeper::stop_waits(LimitGroup& group) {
  ++group.inner;  // it stays, whatever ends here
  each_task(group, [this](Task& task) {
    task.limit_told = false;
    if (task.task_state == TaskState::parked) {
      scheduler_.interrupt_wait(task, WakeReason::limited);
    } else if (task.task_state == TaskState::created) {  // it never begins
      task.unlink();
      lua_settop(task.thread, 0);
      scheduler_.finish(task, LUA_OK, 0);
    }
  });
  --group.inner;
}

void LimitKeeper::timer_fired(LimitGroup& group) {
  if (group.state == LimitGroup::State::open) {
    exceed(group, LimitKind::wall, group.limits.wall);
  } else {
    kill(group);
  }
}

// The error.

void LimitKeeper::push_error(lua_State* L, LimitGroup* group) {
  LimitGroup* stopper = stopper_of(group);
  if (stopper == nullptr) return lua_pushnil(L);
  if (stopper->error != 0) return scheduler_.push_anchored(L, stopper->error);
  push_new_error(L, *stopper, stopper->exceeded_kind, stopper->exceeded_by);
  lua_pushvalue(L, -1);
  stopper->error = scheduler_.anchor(L);
}

void LimitKeeper::push_new_error(lua_State* L, const LimitGroup& group, LimitKind kind, double used) {
  const double limit = group.limits.of(kind);
  char text[160];
  describe(text, sizeof text, kind, limit, used);
  if (&group == root_) {
    lua_pushfstring(L, "%s (set for the whole program: --limit-%s)", text, name_of(kind));
  } else {
    lua_pushfstring(L, "%s (set by async.limit{%s=})", text, name_of(kind));
  }
  wrap_message(L, ErrorKind::limit);
  lua_pushstring(L, name_of(kind));
  lua_setfield(L, -2, "limit");
  push_number(L, kind, limit);
  lua_setfield(L, -2, "value");
  push_number(L, kind, used);
  lua_setfield(L, -2, "used");
  attach_traceback(L, -1, 0);
}

void LimitKeeper::raise_error(lua_State* L) {
  if (task_ != nullptr) task_->limit_told = true;
  push_error(L, current_);
  lua_error(L);
  __builtin_unreachable();
}

void LimitKeeper::task_ends(Task& task, int* status, int* count) {
  LimitGroup* stopper = stopper_of(find(task.limit));
  if (stopper == nullptr) return;
  lua_State* thread = task.thread;
  lua_pop(thread, *count);
  push_error(thread, find(task.limit));
  *count = 1;
  *status = LUA_ERRRUN;
  task.retrieved = is_known(stopper);
}

/// Whoever opened the scope gets the error, or the main task; else it is reported once.
bool LimitKeeper::is_known(LimitGroup* stopper) {
  if (stopper == root_ ? !scheduler_.roots_.empty() : !stopper->left) return true;
  return std::exchange(stopper->reported, true);
}

}  // namespace neap::internal
