#include "runtime/task/trail.hpp"

#include "runtime/lua/error.hpp"
#include "runtime/lua/traceback.hpp"
#include "runtime/task/scheduler.hpp"

namespace neap::internal {

namespace {

const char kTrail = 0;  // registry key: {value, trace}

/// A longer trace is not continued: an error that passes through a long chain of tasks would copy all of it at
/// each of them.
constexpr std::size_t kLongest = 16'000;

bool is_long(lua_State* L) { return lua_rawlen(L, -1) > kLongest; }

/// Says at the end of the trace on the top of the stack that it ends here, once it is too long to go on.
void end_long_trace(lua_State* L) {
  if (!is_long(L)) return;
  lua_pushliteral(L, "\n\t... (the tasks further out are left out)");
  lua_concat(L, 2);
}

/// Sets the trail to the value at `value` and the trace on the top of the stack, which is popped.
void set_trail(lua_State* L, int value) {
  value = lua_absindex(L, value);
  lua_createtable(L, 2, 0);
  lua_insert(L, -2);
  lua_rawseti(L, -2, 2);
  lua_pushvalue(L, value);
  lua_rawseti(L, -2, 1);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &kTrail);
}

/// Pushes the trail's trace when the trail is of the value at `index`; else nothing and false.
bool push_trace_of(lua_State* L, int index) {
  index = lua_absindex(L, index);
  if (lua_rawgetp(L, LUA_REGISTRYINDEX, &kTrail) == LUA_TTABLE) {
    lua_rawgeti(L, -1, 1);
    const bool same = lua_rawequal(L, -1, index) != 0;
    lua_pop(L, 1);
    if (same) {
      lua_rawgeti(L, -1, 2);
      lua_remove(L, -2);
      return true;
    }
  }
  lua_pop(L, 1);
  return false;
}

/// Pushes the trace that the error object at `index` got when it was raised, or false and nothing.
bool push_own_trace(lua_State* L, int index) {
  if (!is_error_object(L, index)) return false;
  index = lua_absindex(L, index);
  lua_pushliteral(L, "traceback");
  if (lua_rawget(L, index) == LUA_TSTRING) return true;
  lua_pop(L, 1);
  return false;
}

/// Pushes what stands behind "created at" in a trace: a line, or in debug mode the traceback of it.
void push_creation(lua_State* L, int index, const Task& task) {
  push_extra(L, index, "source_traceback");
  if (lua_isstring(L, -1) != 0 && lua_rawlen(L, -1) != 0) {
    luaL_gsub(L, lua_tostring(L, -1), "\t", "\t--   ");
    lua_pushfstring(L, ":\n%s", lua_tostring(L, -1));
    lua_replace(L, -3);
    lua_pop(L, 1);
    return;
  }
  lua_pop(L, 1);
  const std::string& place = scheduler_of(L).place(task);
  lua_pushfstring(L, " %s", place.empty() ? "?" : place.c_str());
}

}  // namespace

const char* trail_joint(std::string_view trace) {
  constexpr std::string_view kNote = "\t-- ";
  constexpr std::string_view kLineOfNote = "\t--   ";
  if (trace.empty()) return "";
  const std::string_view last = trace.substr(trace.rfind('\n') + 1);
  if (last.starts_with(kLineOfNote)) return "\n\t-- awaited by:\n";
  return last.starts_with(kNote) ? ", awaited by:\n" : "\n";
}

void leave_trail(lua_State* L, int task) {
  task = lua_absindex(L, task);
  const int error = lua_gettop(L);
  push_extra(L, task, "traceback");
  if (!lua_isstring(L, -1)) return lua_settop(L, error);
  auto* failed = to_task(L, task);
  if (is_long(L) || failed == nullptr) return set_trail(L, error);  // whoever gave a Future a trace has said all
  const char* before = trail_joint(lua_tostring(L, -1));
  push_task_name(L, task);
  push_creation(L, task, *failed);
  lua_pushfstring(L, "%s%s\t-- task '%s', created at%s", lua_tostring(L, -3), before, lua_tostring(L, -2),
                  lua_tostring(L, -1));
  end_long_trace(L);
  set_trail(L, error);
  lua_settop(L, error);
}

void drop_trail(lua_State* L) {
  lua_pushnil(L);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &kTrail);
}

void leave_coroutine_trail(lua_State* L) { set_trail(L, -2); }

void move_trail(lua_State* L, int index) {
  if (!push_trace_of(L, index)) return;
  set_trail(L, -2);
}

void push_caught_trail(lua_State* L, int index) {
  if (!push_trace_of(L, index)) lua_pushnil(L);
}

void push_trail(lua_State* L, int index, int level) {
  index = lua_absindex(L, index);
  const int top = lua_gettop(L);
  if (!push_trace_of(L, index)) {
    if (!push_own_trace(L, index)) push_traceback(L, level);
    return;
  }
  if (is_long(L)) return;
  const char* before = trail_joint(lua_tostring(L, -1));
  push_traceback(L, level);
  if (lua_rawlen(L, -1) == 0) return lua_settop(L, top + 1);
  lua_pushstring(L, before);
  lua_insert(L, -2);
  lua_concat(L, 3);
  end_long_trace(L);
}

int task_message_handler(lua_State* L) {
  lua_settop(L, 1);
  if (is_cancellation(L, 1)) return 1;
  Scheduler& scheduler = scheduler_of(L);
  attach_traceback(L, 1, 1);
  push_trail(L, 1, 1);
  if (Task* task = scheduler.current()) {
    push_task(L, *task);
    lua_insert(L, 2);
    set_extra(L, 2, "traceback");
  }
  drop_trail(L);
  lua_settop(L, 1);
  return 1;
}

int coroutine_message_handler(lua_State* L) {
  lua_settop(L, 1);
  if (is_cancellation(L, 1)) return 1;
  attach_traceback(L, 1, 1);
  push_trail(L, 1, 1);
  leave_coroutine_trail(L);
  lua_settop(L, 1);
  return 1;
}

}  // namespace neap::internal
