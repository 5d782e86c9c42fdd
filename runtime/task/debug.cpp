// Debug mode: warnings of steps that keep the loop from everything else, and where tasks were created.
#include "runtime/lua/traceback.hpp"
#include "runtime/task/scheduler.hpp"

#include <cstdarg>
#include <cstdio>
#include <cstring>

namespace neap::internal {

namespace {

/// Index of a task's function on the stack of its coroutine, before its first step.
constexpr int kFunction = 3;

/// Replaces the function on the top of the stack by the line where it is defined, or by nil: it is C's, the library's,
/// or an object that can be called.
void push_definition(lua_State* L) {
  if (!lua_isfunction(L, -1)) {
    lua_pop(L, 1);
    return lua_pushnil(L);
  }
  lua_Debug info;
  lua_getinfo(L, ">S", &info);
  const bool internal = std::strncmp(info.source, kInternalChunk, std::strlen(kInternalChunk)) == 0;
  if (*info.what == 'C' || internal) return lua_pushnil(L);
  lua_pushfstring(L, "%s:%d", info.short_src, info.linedefined == 0 ? 1 : info.linedefined);
}

/// Pushes who takes the step that is about to begin, and from where: "task 'a'", ", from app.lua:3"; nil for the first
/// step of a function of C's. It is known before the step only: a task may end in it.
void push_task_step(lua_State* L, const Task& task) {
  const bool first = task.task_state == TaskState::created;
  push_task(L, task);
  push_task_name(L, lua_gettop(L));
  lua_pushfstring(L, "task '%s'", lua_tostring(L, -1));
  lua_replace(L, -3);
  lua_pop(L, 1);
  if (first) {
    lua_pushvalue(task.thread, kFunction);
    lua_xmove(task.thread, L, 1);
    push_definition(L);
  } else {
    push_stop(L, task);
  }
  if (lua_isnil(L, -1)) return;
  lua_pushfstring(L, ", from %s%s", first ? "the beginning of the function at " : "", lua_tostring(L, -1));
  lua_replace(L, -2);
}

/// The same of a callback: "the callback at app.lua:3", ", set at app.lua:9".
void push_callback_step(lua_State* L, Scheduler& scheduler, const Handle& handle) {
  scheduler.push_anchored(L, handle.anchor);
  lua_getiuservalue(L, -1, 1);
  push_definition(L);
  if (lua_isnil(L, -1)) {
    lua_pushliteral(L, "a callback");
  } else {
    lua_pushfstring(L, "the callback at %s", lua_tostring(L, -1));
  }
  lua_replace(L, -3);
  lua_pop(L, 1);
  const std::string& place = scheduler.place(handle.origin);
  lua_pushfstring(L, place.empty() ? "" : ", set at %s", place.c_str());
}

/// Pushes where the step of the task has ended: the line where it waits now.
void push_end_of_step(lua_State* L, const Task& task) {
  const bool suspended = task.task_state == TaskState::parked || task.task_state == TaskState::ready;
  if (!suspended) {
    lua_pushliteral(L, " to its end");
    return;
  }
  push_stop(L, task);
  lua_pushfstring(L, " to %s", lua_isstring(L, -1) != 0 ? lua_tostring(L, -1) : "?");
  lua_replace(L, -2);
}

}  // namespace

void Scheduler::warn(const char* format, ...) {
  constexpr const char* kTitle = "neap: warning: ";
  va_list arguments;
  va_start(arguments, format);
  char* text = nullptr;
  const int size = ::vasprintf(&text, format, arguments);
  va_end(arguments);
  if (size < 0) return;
  try {
    write_error(std::string(kTitle).append(text, static_cast<std::size_t>(size)).append("\n"));
  } catch (const std::bad_alloc&) {
    write_error(kTitle);
  }
  std::free(text);
}

void Scheduler::write_error(std::string_view text) {
  if (output) return output(2, text);
  std::fflush(stdout);
  std::fwrite(text.data(), 1, text.size(), stderr);
}

void Scheduler::run_one_timed(Waiter& next) {
  if (next.waiter_kind == WaiterKind::scope) return run_one(next);
  const bool is_task = next.waiter_kind == WaiterKind::task;
  const int top = lua_gettop(main_);
  lua_checkstack(main_, LUA_MINSTACK);
  if (is_task) {
    push_task(main_, static_cast<Task&>(next));  // it is looked at behind the step, in which it may end
    push_task_step(main_, static_cast<Task&>(next));
  } else {
    push_callback_step(main_, *this, static_cast<Handle&>(next));
  }
  const int who = lua_gettop(main_) - 1;
  const Deadline start = static_cast<Deadline>(uv_hrtime());
  run_one_looked_at(next);
  const double took = Clock::seconds(static_cast<Deadline>(uv_hrtime()) - start);
  if (took >= slow_callback_duration) {
    if (is_task) {
      const std::string& made = place(static_cast<Task&>(next));
      if (lua_isnil(main_, -1)) {
        lua_pop(main_, 1);
        lua_pushfstring(main_, ", from its beginning (created at %s)", made.empty() ? "?" : made.c_str());
      }
      push_end_of_step(main_, static_cast<Task&>(next));
    } else {
      lua_pushliteral(main_, "");
    }
    warn("%s ran for %.3f seconds without waiting%s%s", lua_tostring(main_, who), took, lua_tostring(main_, who + 1),
         lua_tostring(main_, who + 2));
  }
  lua_settop(main_, top);
}

void Scheduler::keep_creation(lua_State* L, int level) {
  luaL_checkstack(L, LUA_MINSTACK, "no room to note where a task was created");
  push_traceback(L, level);
  set_extra(L, -2, "source_traceback");
}

}  // namespace neap::internal
