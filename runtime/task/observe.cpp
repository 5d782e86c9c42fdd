// Steps that somebody looks at: in debug mode, under a schedule of a test's own, or with instruments.
#include "runtime/lua/bind.hpp"
#include "runtime/task/scheduler.hpp"

#include <algorithm>

namespace neap::internal {

namespace {

constexpr std::uint32_t kChoice = 64;  // of so many ready tasks at most one is chosen

const std::array<char, static_cast<std::size_t>(Event::count_)>
    kInstruments{};  // registry keys: by event, its function

const void* key_of(Event event) { return &kInstruments[static_cast<std::size_t>(event)]; }

}  // namespace

// The schedule.

void Scheduler::set_seed(std::uint64_t seed) {
  schedule_.seeded = true;
  schedule_.numbers = SeededNumbers(seed);
  schedule_.suspensions = 0;
  look_again();
}

void Scheduler::clear_seed() {
  schedule_.seeded = false;
  look_again();
}

void Scheduler::cancel_at(std::uint64_t number) {
  schedule_.cancel_at = number;
  schedule_.suspensions = 0;
  look_again();
}

/// Takes one of those that may be next out of the ready queue; null when that is empty.
Waiter* Scheduler::take_any_ready() {
  std::uint32_t count = 0;
  for (WaitLink* link = ready_.first(); link != nullptr && count < kChoice; link = ready_.after(*link)) {
    if (static_cast<Waiter*>(link)->waiter_kind == WaiterKind::scope) break;
    ++count;
  }
  if (count < 2) return ready_.pop_front();
  const auto following = [](const Waiter* waiter) { return static_cast<Waiter*>(waiter->next); };
  Waiter* chosen = ready_.front();
  for (std::uint32_t i = schedule_.numbers.below(count); i > 0; --i) chosen = following(chosen);
  if (chosen->waiter_kind == WaiterKind::handle) {  // the first callback, then
    for (chosen = ready_.front(); chosen->waiter_kind != WaiterKind::handle;) chosen = following(chosen);
  }
  chosen->unlink();
  return chosen;
}

void Scheduler::count_suspension(Task& task) {
  if (!schedule_.counts() || std::find(roots_.begin(), roots_.end(), &task) != roots_.end()) return;
  if (++schedule_.suspensions != schedule_.cancel_at) return;
  lua_pushfstring(main_, "injected at suspension %I", static_cast<lua_Integer>(schedule_.cancel_at));
  cancel(main_, task);
}

// Instruments.

void Scheduler::set_instrument(lua_State* L, Event event) {
  instruments_.want(event, !lua_isnil(L, -1));
  lua_rawsetp(L, LUA_REGISTRYINDEX, key_of(event));
  look_again();
}

void Scheduler::note(Event event, const Task& task) {
  if (!instruments_.wants(event)) return;
  push_task(main_, task);
  instruments_.notes.push_back({event, anchor(main_)});
}

/// Calls the instrument with the value on the top of the main thread's stack, and pops that.
void Scheduler::tell(Event event) {
  Task* const outer = current_;
  current_ = nullptr;  // an instrument cannot wait
  lua_rawgetp(main_, LUA_REGISTRYINDEX, key_of(event));
  lua_insert(main_, -2);
  if (lua_pcall(main_, 1, 0, 0) != LUA_OK) lua_pop(main_, 1);
  current_ = outer;
}

void Scheduler::tell_notes() {
  if (instruments_.notes.empty()) return;
  for (std::size_t told = 0; told < instruments_.notes.size();) {  // an instrument may add some
    const Instruments::Note note = instruments_.notes[told++];
    push_anchored(main_, note.anchor);
    release(main_, note.anchor);
    if (instruments_.wants(note.event)) {
      tell(note.event);
    } else {
      lua_pop(main_, 1);
    }
  }
  instruments_.notes.clear();
  look_again();
}

void Scheduler::tell_poll(Event event) {
  tell_notes();
  if (!instruments_.wants(event)) return;
  lua_createtable(main_, 0, 3);
  lua_pushinteger(main_, static_cast<lua_Integer>(ready_.size()));
  lua_setfield(main_, -2, "ready");
  lua_pushinteger(main_, static_cast<lua_Integer>(loop_.timers().size()));
  lua_setfield(main_, -2, "scheduled");
  lua_pushinteger(main_, static_cast<lua_Integer>(live_tasks_));
  lua_setfield(main_, -2, "tasks");
  tell(event);
}

void Scheduler::run_one_looked_at(Waiter& next) {
  if (limits_ != nullptr) {
    run_one_limited(next);
  } else {
    run_one(next);
  }
}

void Scheduler::run_one_observed() {
  tell_notes();
  Waiter* const taken = schedule_.seeded ? take_any_ready() : ready_.pop_front();
  if (taken == nullptr) return;
  Waiter& next = *taken;
  const bool told = next.waiter_kind != WaiterKind::scope;
  if (told && instruments_.any()) {
    if (next.waiter_kind == WaiterKind::task) {
      push_task(main_, static_cast<Task&>(next));
    } else {
      push_anchored(main_, static_cast<Handle&>(next).anchor);
    }
    if (instruments_.wants(Event::before_step)) {
      lua_pushvalue(main_, -1);
      tell(Event::before_step);
    }
  } else {
    lua_pushnil(main_);
  }
  const int subject = lua_gettop(main_);
  if (next.waiter_kind == WaiterKind::handle && static_cast<Handle&>(next).anchor == 0) {
    // The instrument has cancelled the callback.
  } else if (debug_) {
    run_one_timed(next);
  } else {
    run_one_looked_at(next);
  }
  if (instruments_.wants(Event::after_step) && !lua_isnil(main_, subject)) {
    lua_pushvalue(main_, subject);
    tell(Event::after_step);
  }
  lua_settop(main_, subject - 1);
  tell_notes();
}

}  // namespace neap::internal
