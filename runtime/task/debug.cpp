// Debug mode: warnings of steps that keep the loop from everything else.
#include "runtime/task/scheduler.hpp"

#include <cstdarg>
#include <cstdio>

namespace neap {

namespace {

/// Pushes where the task stopped: the line where it waits, or nil when it has ended.
void push_end_of_step(lua_State* L, const Task& task) {
  if (task.task_state != TaskState::parked && task.task_state != TaskState::ready) return lua_pushnil(L);
  push_stop(L, task);
}

}  // namespace

void Scheduler::warn(const char* format, ...) {
  std::fflush(stdout);
  std::fputs("neap: warning: ", stderr);
  va_list arguments;
  va_start(arguments, format);
  std::vfprintf(stderr, format, arguments);
  va_end(arguments);
  std::fputc('\n', stderr);
}

void Scheduler::run_one_timed(Waiter& next) {
  const bool is_task = next.waiter_kind == WaiterKind::task;
  // The name is taken before: a task that ends in this step can be collected in it.
  std::string name = "a callback";
  if (is_task) {
    push_task(main_, static_cast<Task&>(next));
    push_task_name(main_, lua_gettop(main_));
    name = std::string("task '") + lua_tostring(main_, -1) + "'";
    lua_pop(main_, 1);
  } else {
    lua_pushnil(main_);
  }
  const Deadline start = static_cast<Deadline>(uv_hrtime());
  run_one(next);
  const double took = Clock::seconds(static_cast<Deadline>(uv_hrtime()) - start);
  if (took >= slow_callback_duration) {
    if (is_task) {
      push_end_of_step(main_, static_cast<Task&>(next));
    } else {
      lua_pushnil(main_);
    }
    const char* stop = lua_tostring(main_, -1);
    warn("%s ran for %.3f seconds without waiting%s%s", name.c_str(), took, stop != nullptr ? ", until " : "",
         stop != nullptr ? stop : "");
    lua_pop(main_, 1);
  }
  lua_pop(main_, 1);
}

}  // namespace neap
