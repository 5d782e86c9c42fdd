#include "runtime/task/open_handle.hpp"

#include "runtime/lua/bind.hpp"
#include "runtime/task/scheduler.hpp"

#include <algorithm>
#include <cstdio>
#include <utility>

namespace neap::internal {

namespace {

void push_entry(lua_State* L, const char* kind, const std::string& place) {
  lua_createtable(L, 0, 3);
  lua_pushstring(L, kind);
  lua_setfield(L, -2, "kind");
  if (!place.empty()) {
    push(L, place);
    lua_setfield(L, -2, "place");
  }
}

/// Copied to a buffer: no string of C++'s may be alive when Lua runs out of memory.
void push_description(lua_State* L, const OpenHandle& handle) {
  char text[512];
  std::size_t size = 0;
  {
    const std::string whole = handle.description();
    size = whole.copy(text, sizeof text);
  }
  lua_pushlstring(L, text, size);
}

/// Pushes what a timer is: "timer for the function at app.lua:3, due in 2.500 s".
void push_timer_description(lua_State* L, Scheduler& scheduler, const Handle& handle) {
  scheduler.push_anchored(L, handle.anchor);
  lua_getiuservalue(L, -1, 1);
  lua_Debug info{};
  if (lua_isfunction(L, -1)) {
    lua_getinfo(L, ">S", &info);
  } else {
    lua_pop(L, 1);
  }
  lua_pop(L, 1);
  char due[64];
  std::snprintf(due, sizeof due, "%.3f", Clock::seconds(handle.when - scheduler.loop().clock().now()));
  if (info.linedefined > 0) {
    lua_pushfstring(L, "timer for the function at %s:%d, due in %s s", info.short_src, info.linedefined, due);
  } else {
    lua_pushfstring(L, "timer for a C function, due in %s s", due);
  }
}

/// Adds the timers that are set now to the list on the top of the stack.
void add_timers(lua_State* L, Scheduler& scheduler) {
  TimerHeap& timers = scheduler.loop().timers();
  constexpr std::size_t kPointer = sizeof(void*);
  auto** sorted = static_cast<Handle**>(lua_newuserdatauv(L, timers.size() * kPointer, 0));
  Handle** end = sorted;
  for (std::size_t i = 0; i < timers.slots(); ++i) {
    TimerNode* const timer = timers.at(i);
    if (timer != nullptr && timer->timer_kind == TimerKind::handle) *end++ = static_cast<Handle*>(timer);
  }
  std::sort(sorted, end, [](const Handle* a, const Handle* b) { return a->when < b->when; });
  for (Handle** handle = sorted; handle != end; ++handle) {
    push_entry(L, "timer", scheduler.place((*handle)->origin));
    push_timer_description(L, scheduler, **handle);
    lua_setfield(L, -2, "description");
    lua_rawseti(L, -3, static_cast<lua_Integer>(lua_rawlen(L, -3)) + 1);
  }
  lua_pop(L, 1);
}

/// Protected: options -> the list.
int list_handles(lua_State* L) {
  Scheduler& scheduler = scheduler_of(L);
  const bool timers = lua_istable(L, 1) && (lua_getfield(L, 1, "timers"), lua_toboolean(L, -1) != 0);
  lua_newtable(L);
  for (const OpenHandle* handle = scheduler.next_open(nullptr); handle != nullptr;
       handle = scheduler.next_open(handle)) {
    push_entry(L, handle->kind(), scheduler.place(handle->place()));
    push_description(L, *handle);
    lua_setfield(L, -2, "description");
    lua_rawseti(L, -2, static_cast<lua_Integer>(lua_rawlen(L, -2)) + 1);
  }
  if (timers) add_timers(L, scheduler);
  return 1;
}

}  // namespace

void OpenHandle::opened(lua_State* L) {
  Scheduler& scheduler = scheduler_of(L);
  place_ = scheduler.intern_place(L, 1);
  // After a tail call, or as the function of a task, no line of the script is left.
  if (place_ == 0 && scheduler.current() != nullptr) place_ = scheduler.current()->origin;
  watched_ = scheduler.debug();
  scheduler.add_open(*this);
  if (LimitKeeper* limits = scheduler.limits()) limit_ = limits->handle_opened();
}

void OpenHandle::closed() {
  if (!is_open()) return;
  prev->next = next;
  next->prev = prev;
  prev = next = nullptr;
  if (limit_ != nullptr) limit_->keeper.handle_closed(std::exchange(limit_, nullptr));
}

void OpenHandle::collected(Scheduler& scheduler) {
  if (is_open() && watched_ && !scheduler.closed()) scheduler.warn_of_open(*this);
  closed();
}

OpenHandle* Scheduler::next_open(const OpenHandle* handle) {
  WaitLink* next = handle == nullptr ? open_.first() : open_.after(*handle);
  return static_cast<OpenHandle*>(next);
}

void Scheduler::warn_of_open(OpenHandle& handle) {
  handle.watched_ = false;
  const std::string& opened_at = place(handle.place_);
  warn("the %s opened at %s was never closed", handle.description().c_str(),
       opened_at.empty() ? "?" : opened_at.c_str());
}

void Scheduler::warn_of_open_handles() {
  for (OpenHandle* handle = next_open(nullptr); handle != nullptr; handle = next_open(handle)) {
    if (handle->watched_) warn_of_open(*handle);
  }
}

int open_handles(lua_State* L) {
  // The collector may close a handle while the list of them is walked.
  const bool collects = lua_gc(L, LUA_GCISRUNNING) != 0;
  lua_settop(L, 1);
  lua_pushcfunction(L, bound<list_handles>);
  lua_insert(L, 1);
  if (collects) lua_gc(L, LUA_GCSTOP);
  const int status = lua_pcall(L, 1, 1, 0);
  if (collects) lua_gc(L, LUA_GCRESTART);
  return status == LUA_OK ? 1 : lua_error(L);
}

}  // namespace neap::internal
