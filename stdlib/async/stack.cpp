// Where a task is: get_stack, print_stack and get_coro.
#include "runtime/lua/bind.hpp"
#include "runtime/lua/error.hpp"
#include "runtime/lua/traceback.hpp"
#include "runtime/lua/userdata.hpp"
#include "runtime/task/scheduler.hpp"
#include "stdlib/async/module.hpp"

#include <climits>
#include <cstdio>
#include <cstring>

namespace neap::internal::stdlib {

namespace {

/// Pushes the frames of `thread` on `L`.
void push_frames(lua_State* L, lua_State* thread) { push_traceback(L, thread, thread == L ? 1 : 0); }

/// The coroutine in which the task, started and not done, is: its own, or one that it resumed.
lua_State* innermost(lua_State* L, const Task& task) {
  if (task.task_state != TaskState::running) return task.parked_on;
  return scheduler_of(L).current() == &task ? L : task.thread;
}

/// Pushes the frames of the Task at index 1, as push_traceback does; of a failed one those of its error.
void push_stack(lua_State* L) {
  const Task& task = check_task(L, 1);
  if (task.done()) {
    push_extra(L, 1, "traceback");
  } else if (task.task_state != TaskState::created) {
    lua_State* inner = innermost(L, task);
    push_frames(L, inner);
    if (inner == task.thread) return;
    lua_pushliteral(L, "\n");
    push_frames(L, task.thread);
    lua_concat(L, 3);
    return;
  } else {
    lua_pushnil(L);
  }
  if (lua_isstring(L, -1) != 0) return;
  lua_pop(L, 1);
  lua_pushliteral(L, "");
}

/// task:get_stack(limit): a list of its frames, innermost first.
int task_get_stack(lua_State* L) {
  check_task(L, 1);
  if (!lua_isnoneornil(L, 2) && lua_isinteger(L, 2) == 0) {
    raise(L, ErrorKind::type, "argument 1 of get_stack must be an integer, got %s", type_name(L, 2));
  }
  const lua_Integer limit = lua_isnoneornil(L, 2) ? INT_MAX : lua_tointeger(L, 2);
  push_stack(L);
  const char* line = lua_tostring(L, -1);
  lua_newtable(L);
  for (lua_Integer count = 1; *line != '\0' && count <= limit; ++count) {
    line += std::strspn(line, "\t");
    const std::size_t length = std::strcspn(line, "\n");
    lua_pushlstring(L, line, length);
    lua_rawseti(L, -2, count);
    line += length;
    line += std::strspn(line, "\n");
  }
  return 1;
}

/// task:print_stack(): the same on stderr, with a heading.
int task_print_stack(lua_State* L) {
  push_stack(L);
  const char* frames = lua_tostring(L, -1);
  luaL_tolstring(L, 1, nullptr);
  const bool any = *frames != '\0';
  std::size_t size = 0;
  lua_pushfstring(L, "%s %s\n%s%s", any ? "Stack of" : "No stack of", lua_tostring(L, -1), frames, any ? "\n" : "");
  const char* text = lua_tolstring(L, -1, &size);
  scheduler_of(L).write_error({text, size});
  return 0;
}

/// task:get_coro(): the coroutine in which it runs; nil when it is done.
int task_get_coro(lua_State* L) {
  const Task& task = check_task(L, 1);
  if (task.thread == nullptr) {
    lua_pushnil(L);
    return 1;
  }
  lua_pushthread(task.thread);
  if (task.thread != L) lua_xmove(task.thread, L, 1);
  return 1;
}

}  // namespace

void add_stack_methods(lua_State* L) {
  static const luaL_Reg kMethods[] = {
      {"get_stack", bound<task_get_stack>},
      {"print_stack", bound<task_print_stack>},
      {"get_coro", bound<task_get_coro>},
  };
  set_functions(L, kMethods);
}

}  // namespace neap::internal::stdlib
